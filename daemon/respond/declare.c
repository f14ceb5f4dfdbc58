/* What brands want of replies and what accounts can do with them, as the database knows it. */
#include "daemon/respond/inside.h"

bool declare_can_post(const struct conf_account *c)
{
	return c->connector->can.reply && secret_is_set(&c->token);
}

/* In words for whoever wanted to answer. */
static const char *why_unable(const struct conf_account *c)
{
	if (!c->connector->can.reply) {
		return c->connector->can.why_no_reply;
	}
	return "This account has no token here, so nothing can be posted from it; answer in the "
	       "platform's own app, answerd will see it.";
}

/* Does the platform take a reply only where the customer names us, and nothing lifts that? */
static bool is_named_only(const struct conf_account *c)
{
	const struct connector_can *can = &c->connector->can;

	for (size_t i = 0; i < c->n_options && can->named_only_lifted_by != NULL; i++) {
		if (strcmp(c->options[i].name, can->named_only_lifted_by) == 0 &&
		    text_eq(c->options[i].value, TEXT("yes"))) {
			return false;
		}
	}
	return can->named_only != NULL;
}

/* For how long a direct message can be answered; 0: as all others. */
static int64_t direct_window_s(const struct conf_account *c)
{
	const struct connector_can *can = &c->connector->can;

	for (size_t i = 0; i < c->n_options && can->agent_window_s > 0; i++) {
		if (strcmp(c->options[i].name, "human_agent") == 0 &&
		    text_eq(c->options[i].value, TEXT("yes"))) {
			return can->agent_window_s;
		}
	}
	return can->direct_window_s;
}

static void add_account(struct strbuf *out, const struct conf_account *c)
{
	const struct connector_can *can = &c->connector->can;
	struct text kinds = text_of(can->answers), kind;
	bool is_first = true;

	strbuf_add_str(out, "{\"name\":");
	strbuf_add_json(out, c->name);
	strbuf_printf(out, ",\"is_able\":%s,\"answers\":[", declare_can_post(c) ? "true" : "false");
	while (!text_is_empty(kinds)) {
		(void)text_cut(kinds, ' ', &kind, &kinds);
		if (!text_is_empty(kind)) {
			strbuf_add_str(out, is_first ? "" : ",");
			strbuf_add_json(out, kind);
			is_first = false;
		}
	}
	strbuf_add_str(out, "],\"named_only\":");
	if (is_named_only(c)) {
		strbuf_add_json(out, text_of(can->named_only));
	} else {
		strbuf_add_str(out, "null");
	}
	strbuf_printf(out,
		      ",\"window_s\":%lld,\"direct_window_s\":%lld,\"key_valid_s\":%lld,\"direct_"
		      "key_valid_s\":%lld,\"has_"
		      "lookup\":%s,\"settle_us\":%lld,"
		      "\"every_us\":%lld",
		      (long long)can->reply_window_s, (long long)direct_window_s(c),
		      (long long)can->key_valid_s, (long long)can->direct_key_valid_s,
		      can->lookup ? "true" : "false", (long long)c->settle.us,
		      (long long)c->every.us);
	if (!declare_can_post(c) && why_unable(c) != NULL) {
		strbuf_add_str(out, ",\"why_unable\":");
		strbuf_add_json(out, text_of(why_unable(c)));
	}
	strbuf_add_byte(out, '}');
}

void respond_declaration(const struct conf *conf, struct strbuf *out)
{
	strbuf_add_str(out, "{\"brands\":[");
	for (size_t i = 0; i < conf->n_brands; i++) {
		const struct conf_brand *b = &conf->brands[i];

		strbuf_add_str(out, i > 0 ? ",{\"name\":" : "{\"name\":");
		strbuf_add_json(out, b->name);
		strbuf_printf(out,
			      ",\"sign\":%s,\"approval\":%s,\"repeat_limit\":%d,\"accounts\":[",
			      b->sign ? "true" : "false", b->approval ? "true" : "false",
			      b->repeat_limit);
		for (size_t k = 0; k < b->n_accounts; k++) {
			strbuf_add_str(out, k > 0 ? "," : "");
			add_account(out, &b->accounts[k]);
		}
		strbuf_add_str(out, "]}");
	}
	strbuf_add_str(out, "]}");
}
