/* What the database knows of channels: names, types and habits, never an address or a secret. */
#include "daemon/alert/inside.h"

static const char *type_name(enum channel_type t)
{
	switch (t) {
	case CHANNEL_JOURNAL: return "journal";
	case CHANNEL_WEBHOOK: return "webhook";
	case CHANNEL_SMTP: return "smtp";
	}
	return "";
}

static void add_texts(struct strbuf *out, const char *name, const struct text *t, size_t n)
{
	strbuf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(out, i > 0 ? "," : "");
		strbuf_add_json(out, t[i]);
	}
	strbuf_add_str(out, "]");
}

void declare_write(const struct conf *conf, struct strbuf *out)
{
	strbuf_add_str(out, "{\"channels\":[");
	for (size_t i = 0; i < conf->n_channels; i++) {
		const struct conf_channel *ch = &conf->channels[i];

		strbuf_add_str(out, i > 0 ? ",{\"name\":" : "{\"name\":");
		strbuf_add_json(out, ch->name);
		strbuf_printf(out, ",\"type\":\"%s\",\"group_us\":%lld,\"timezone\":",
			      type_name(ch->type), (long long)ch->group_interval.us);
		strbuf_add_json(out, ch->timezone);
		strbuf_add_byte(out, ',');
		add_texts(out, "events", ch->events, ch->n_events);
		strbuf_add_byte(out, ',');
		add_texts(out, "quiet", ch->quiet, ch->n_quiet);
		strbuf_add_byte(out, '}');
	}
	strbuf_add_str(out, "],\"health\":{");
	add_texts(out, "notify", conf->health_notify, conf->n_health_notify);
	strbuf_add_byte(out, ',');
	add_texts(out, "escalate", conf->health_escalate, conf->n_health_escalate);
	strbuf_printf(out, ",\"repeat_us\":%lld", (long long)conf->health_repeat.us);
	if (!text_is_empty(conf->heartbeat_channel)) {
		strbuf_add_str(out, ",\"heartbeat\":");
		strbuf_add_json(out, conf->heartbeat_channel);
		strbuf_printf(out, ",\"heartbeat_us\":%lld", (long long)conf->heartbeat_every.us);
	}
	strbuf_add_str(out, "}}");
}

const struct conf_channel *channel_named(const struct conf *conf, struct text name)
{
	for (size_t i = 0; i < conf->n_channels; i++) {
		if (text_eq(conf->channels[i].name, name)) {
			return &conf->channels[i];
		}
	}
	return NULL;
}
