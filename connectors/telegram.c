/* Telegram, by a bot. It is shown news only, once: getUpdates with an offset makes Telegram forget
 * everything below it. So the offset is part of the walk's state, which is committed with the page
 * before it: what was not committed is never acknowledged. Ids and elements: telegram_message.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "telegram_message.h"
#include "telegram_reply.h"

#define PAGE_MOST 100
#define HOUR_US   INT64_C(3600000000)
/* After a week without news Telegram may begin with any number again, also a smaller one; then nothing is
 * left to acknowledge, so we ask without an offset from the sixth day on. */
#define QUIET_HOURS 144
#define KEEPS_HOURS 24

static const char *const always[] = { "updates", NULL };

static const struct connector_option options[] = {
	{ "staff",
	  "People (numbers or names) and anonymous groups (numbers), separated by commas, who "
	  "answer for "
	  "us in groups: what they write is ours.",
	  false },
	{ "keeps",
	  "Hours that the server keeps what nobody fetched (24); after a longer silence a gap is "
	  "told. 0: "
	  "for ever.",
	  false },
	{ NULL, NULL, false },
};

/* What we ask to be shown, as a JSON array. Telegram remembers the list, so it is always stated. */
static const char allowed[] =
	"[\"message\",\"edited_message\",\"channel_post\",\"edited_channel_post\","
	"\"business_connection\",\"business_message\",\"edited_business_message\","
	"\"deleted_business_messages\",\"my_chat_member\"]";

static bool check_source(struct text name, struct err *err)
{
	return text_eq(name, TEXT("updates")) || err_set(err, ERR_CONFIG,
							 "telegram has one source, updates, which "
							 "is always read: leave `listen` out");
}

/* ---- the walk ---- */

struct walk {
	int64_t offset; /* what is below was committed; 0: nothing yet */
	int64_t heard;  /* hour of the last answer */
	int64_t news;   /* hour of the last update */
};

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct walk){ 0 };
	if (state.len > 0 && jx_parse(a, state, &v, &doc, NULL)) {
		ret->offset = jx_i64_or(v, "offset", 0);
		ret->heard = jx_i64_or(v, "heard", 0);
		ret->news = jx_i64_or(v, "news", 0);
		jx_release(&doc);
	}
	if (ret->offset < 0) { /* would forget what we never saw */
		ret->offset = 0;
	}
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	return text_printf(a, "{\"offset\":%lld,\"heard\":%lld,\"news\":%lld}",
			   (long long)w->offset, (long long)w->heard, (long long)w->news);
}

static int64_t hour_of(struct wall t)
{
	return t.us / HOUR_US;
}

/* The offset to ask with; 0: none. */
static int64_t offset_now(const struct connector_ctx *ctx, const struct walk *w)
{
	return hour_of(ctx->now) - w->news < QUIET_HOURS ? w->offset : 0;
}

static bool is_gap(const struct connector_ctx *ctx, const struct walk *w)
{
	struct text keeps = connector_option(ctx, "keeps");
	int64_t hours = KEEPS_HOURS;

	if (keeps.len > 0 && !num_parse_range(keeps, 0, 100000, &hours)) {
		hours = KEEPS_HOURS;
	}
	return hours > 0 && w->heard > 0 && hour_of(ctx->now) - w->heard > hours;
}

/* ---- asking ---- */

static bool ask_updates(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };
	struct walk w;
	int64_t offset;

	walk_load(ctx->arena, q->state, &w);
	offset = offset_now(ctx, &w);
	if (offset > 0) {
		strbuf_printf(&b, "offset=%lld&", (long long)offset);
	}
	strbuf_printf(&b, "limit=%d&timeout=0&allowed_updates=", page_size(q, PAGE_MOST));
	strbuf_add_url(&b, TEXT(allowed));
	return telegram_url(ctx, "getUpdates", strbuf_text(&b), ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY:
		return telegram_url(ctx, q->state.len > 0 ? "getWebhookInfo" : "getMe", TEXT_NONE,
				    ret, err);
	case OP_POLL: return ask_updates(ctx, q, ret, err);
	case OP_REPLY: return telegram_reply_ask(ctx, q, ret, err);
	case OP_SWEEP:
	case OP_THREAD:
	case OP_RECHECK: return true; /* a bot is shown nothing twice */
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "telegram does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

/* What Telegram refuses, with what a person can do about it. */
static bool check(const struct connector_ctx *ctx, const struct response *r,
		  const struct telegram_answer *said, const struct rate *rate, struct err *err)
{
	bool is_its_word = said->is_telegrams && !said->is_ok;

	if (is_its_word && (r->status == 401 || r->status == 403 || r->status == 404)) {
		return err_set(err, ERR_AUTH,
			       "Telegram refuses the token (%d): it was revoked or is wrong; "
			       "@BotFather gives a new one",
			       r->status);
	}
	if (r->status == 409 && text_find(said->words, TEXT("webhook"), 0) != SIZE_MAX) {
		return err_set(err, ERR_AUTH,
			       "a webhook takes this bot's messages (409): remove it with "
			       "deleteWebhook, or make a bot of its own for answerd");
	}
	if (r->status == 409) {
		return err_set(
			err, ERR_RETRY,
			"another program fetches this bot's messages too (409), and what it "
			"fetches we never see: stop it, or revoke the token with @BotFather");
	}
	if (r->status == 429 && said->retry_after > 0) {
		return err_limited(err, telegram_not_before(ctx, said),
				   "Telegram says we ask too often (429)");
	}
	if (!page_check(ctx, r, rate, err)) {
		return false;
	}
	return !is_its_word || err_set(err, ERR_DATA, "Telegram answers %d, but not ok", r->status);
}

static bool identity_find(struct arena *a, struct text result, const char *id_name,
			  struct outcome *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;
	int64_t id;

	if (result.len == 0 || !jx_parse(a, result, &v, &doc, NULL)) {
		return false;
	}
	id = jx_i64_or(v, id_name, 0);
	ret->own_id = id > 0 ? text_printf(a, "%lld", (long long)id) : TEXT_NONE;
	ret->own_handle = text_clip(jx_text_or(a, v, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name = text_clip(jx_text_or(a, v, "first_name", TEXT_NONE), LIMIT_NAME_BYTES);
	jx_release(&doc);
	return ret->own_id.len > 0;
}

static struct text identity_save(struct arena *a, const struct outcome *o)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"id\":%.*s,\"username\":", TEXT_ARG(o->own_id));
	strbuf_add_json(&b, o->own_handle);
	strbuf_add_str(&b, ",\"first_name\":");
	strbuf_add_json(&b, o->own_name);
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* First who we are, then whether a webhook takes what is ours. */
static bool digest_identify(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct telegram_answer said;
	struct text url;

	telegram_answer_read(ctx->arena, r, &said);
	if (!check(ctx, r, &said, &ret->rate, err)) {
		return false;
	}
	if (q->state.len == 0) {
		if (!identity_find(ctx->arena, said.result, "id", ret)) {
			return err_set(err, ERR_DATA,
				       "the server does not say who we are: is `server` right?");
		}
		ret->state = identity_save(ctx->arena, ret);
		ret->is_more = true;
		return true;
	}
	if (jx_member(said.result, TEXT("url"), &url) && jx_slice_kind(url) == '"' && url.len > 2) {
		return err_set(err, ERR_AUTH,
			       "a webhook takes this bot's messages: remove it with "
			       "deleteWebhook, or make a bot of its own for answerd");
	}
	return identity_find(ctx->arena, q->state, "id", ret) ||
	       err_set(err, ERR_RETRY, "the server has not said yet who we are");
}

/* An update too large to be read: told by its number, and the walk goes on behind it. */
static bool is_blind(const struct question *q, const struct response *r)
{
	return r->is_cut && q->page_limit == 1 && r->status >= 200 && r->status < 300 &&
	       text_find(r->body, TEXT("\"update_id\""), 0) != SIZE_MAX;
}

/* The updates of a page as slices. A recording may be one alone; what else answers in Telegram's place is no update, and nothing is
 * stepped over because of it. */
static bool page_cut(const struct connector_ctx *ctx, const struct response *r,
		     const struct telegram_answer *said, struct text **ret, size_t *ret_n,
		     struct err *err)
{
	struct text page, number;

	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (said->is_ok && jx_slice_kind(said->result) == '[') {
		return jx_elements(ctx->arena, said->result, ret, ret_n, err);
	}
	if (said->is_telegrams || !jx_member(page, TEXT("update_id"), &number)) {
		return err_set(err, ERR_DATA, "the answer is no list of updates");
	}
	*ret = ARENA_ARRAY(ctx->arena, struct text, 1);
	(*ret)[0] = page;
	*ret_n = 1;
	return true;
}

static bool digest_updates(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct telegram_answer said;
	struct text *slices = NULL;
	int64_t latest = -1, asked, hour = hour_of(ctx->now);
	struct walk w;
	size_t n = 0;

	telegram_answer_read(ctx->arena, r, &said);
	if (!check(ctx, r, &said, &ret->rate, err)) {
		return false;
	}
	if (is_blind(q, r)) {
		telegram_blind_add(ctx, r->body, ret, &latest);
	} else if (!page_cut(ctx, r, &said, &slices, &n, err)) {
		return false;
	}
	walk_load(ctx->arena, q->state, &w);
	asked = offset_now(ctx, &w);
	for (size_t i = 0; i < n; i++) {
		int64_t id;

		telegram_update_add(ctx, slices[i], ret, &id);
		latest = id > latest ? id : latest;
	}
	ret->has_hole = is_gap(ctx, &w);
	if (ret->n_bad > 0 && latest < 0 && asked > 0) {
		latest =
			asked; /* none of them has a number that can be read: step over the first */
	}
	if (latest >= 0) {
		w.offset = latest + 1;
		w.news = hour;
	}
	w.heard = hour;
	/* A server that gives the same for ever does not move on. */
	ret->is_more = latest >= 0 && w.offset > asked;
	ret->state = walk_save(ctx->arena, &w);
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, q, r, ret, err);
	case OP_POLL: return digest_updates(ctx, q, r, ret, err);
	case OP_REPLY: return telegram_reply_digest(ctx, q, r, ret, err);
	case OP_SWEEP:
	case OP_THREAD:
	case OP_RECHECK: return true;
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "telegram does not do '%s'", op_name(q->op));
}

const struct connector connector_telegram = {
	.name = "telegram",
	.about = "Telegram by a bot: private chats, groups, comments and direct messages of a channel, "
		 "chats of a business account",
	.needs = "a bot's token from @BotFather, and server = \"https://api.telegram.org\"; in groups, "
		 "privacy mode off to hear everything; for a channel's direct messages, the bot as an "
		 "administrator who may manage them; for a business account, the bot connected to it",
	.sources = "updates, always read; nothing else can be listed",
	.always = always,
	.options = options,
	.can = {
		.hears = "mention reply direct comment post",
		.reply = true,
		.edits = true,
		.deletions = false,
		.direct = true,
		.search = false,
		.is_time_authors = false,
		.history = "none: only what is said while the bot is there, kept for a day until it is "
			   "fetched",
		.answers = "mention reply direct comment post",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 0,
		.lookup = false,
		.max_length = TELEGRAM_TEXT_MOST,
		.length_unit = LENGTH_UTF16,
		.recheck_batch = 0,
		.page_most = PAGE_MOST,
		.budget_requests = 600,
		.budget_window_s = 300,
		.are_ids_global = true,
		.deletions_words = "only in business chats",
		.rhythm = "10s",
	},
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
