/* Who is told what and when: channels, policies, health. */
#include <stdio.h>

#include "answerd/url.h"
#include "daemon/conf/conf_check.h"

static const char *const events[] = { "message", "wait", "reply", "conversation", NULL };

static void get_words(struct conf_reader *r, const struct conf_place *p, const char *name,
		      const char *const *words, const char *what, struct text **ret, size_t *ret_n)
{
	conf_get_texts(r, p, name, ret, ret_n);
	for (size_t i = 0; i < *ret_n; i++) {
		conf_check_word(r, conf_where(p, name), (*ret)[i], words, what);
	}
}

/* ---- channels ---- */

static bool may_have(enum channel_type type, const char *name)
{
	static const char *const of_webhooks =
		" type group_interval quiet timezone insecure_loopback allow_private url secret "
		"other_secret port events ";
	static const char *const of_mail =
		" type group_interval quiet timezone insecure_loopback allow_private server user "
		"password from to ";
	const char *all = type == CHANNEL_WEBHOOK ? of_webhooks
			  : type == CHANNEL_SMTP  ? of_mail
						  : " type group_interval quiet timezone ";
	char word[40];

	(void)snprintf(word, sizeof(word), " %s ", name);
	return strstr(all, word) != NULL;
}

static bool get_type(struct conf_reader *r, const struct conf_place *p, enum channel_type *ret)
{
	static const char *const types[] = { "journal", "webhook", "smtp", NULL };
	struct text type = conf_get_text(r, p, "type");

	for (int i = 0; types[i] != NULL; i++) {
		if (text_eq(type, text_of(types[i]))) {
			*ret = (enum channel_type)i;
			return true;
		}
	}
	if (!text_is_empty(type)) {
		conf_check_word(r, conf_where(p, "type"), type, types, "a type of channel");
	}
	return false;
}

static void check_port(struct conf_reader *r, const struct conf_place *p,
		       const struct conf_channel *ch, struct text port)
{
	char listed[8];

	(void)snprintf(listed, sizeof(listed), "%d", ch->port);
	if (!text_is_empty(port) && !text_eq(port, TEXT("443")) && !text_eq(port, TEXT("8443")) &&
	    !text_eq(port, text_of(listed))) {
		conf_fault(r, conf_where(p, "url"),
			   "%.*s.url names port %.*s: if it is meant, add port = %.*s",
			   TEXT_ARG(p->path), TEXT_ARG(port), TEXT_ARG(port));
	}
}

static void get_url(struct conf_reader *r, const struct conf_place *p, struct conf_channel *ch)
{
	struct text url = conf_get_text(r, p, "url");

	if (text_starts(url, TEXT("credential:")) || text_starts(url, TEXT("file:"))) {
		ch->url_reference = conf_check_reference(r, conf_where(p, "url"), url);
	} else if (!text_is_empty(url)) {
		struct url u;

		ch->url = url;
		if (!url_parse(url, &u)) {
			conf_fault(r, conf_where(p, "url"),
				   "%.*s.url is no address: write it as in "
				   "\"https://hooks.example/x\"",
				   TEXT_ARG(p->path));
		} else if (text_eq(u.scheme, TEXT("http")) &&
			   !(url_is_loopback(url) && ch->insecure_loopback)) {
			conf_fault(r, conf_where(p, "url"),
				   "%.*s.url is not protected: write https://", TEXT_ARG(p->path));
		} else if (text_eq(u.scheme, TEXT("https")) && !ch->insecure_loopback) {
			check_port(r, p, ch, u.port);
		}
	} else if (!conf_is_given(p, "url")) {
		conf_fault(r, p->group, "%.*s.url is missing: write where the webhook is",
			   TEXT_ARG(p->path));
	}
}

static void get_mail(struct conf_reader *r, const struct conf_place *p, struct conf_channel *ch)
{
	ch->server = conf_get_text(r, p, "server");
	ch->user = conf_get_text(r, p, "user");
	ch->from = conf_get_text(r, p, "from");
	ch->password_reference =
		conf_check_reference(r, conf_where(p, "password"), conf_get_text(r, p, "password"));
	conf_get_texts(r, p, "to", &ch->to, &ch->n_to);
	if (!text_is_empty(ch->server)) {
		conf_check_mail_server(r, conf_where(p, "server"), ch->server);
	} else if (!conf_is_given(p, "server")) {
		conf_fault(r, p->group, "%.*s.server is missing: write who takes the mail",
			   TEXT_ARG(p->path));
	}
	if (!text_is_empty(ch->from)) {
		conf_check_mail_address(r, conf_where(p, "from"), ch->from);
	}
	if (ch->n_to == 0) {
		conf_fault(r, conf_where(p, "to"), "%.*s.to is missing: write who gets the mail",
			   TEXT_ARG(p->path));
	}
	for (size_t i = 0; i < ch->n_to; i++) {
		conf_check_mail_address(r, conf_where(p, "to"), ch->to[i]);
	}
}

static void get_quiet(struct conf_reader *r, const struct conf_place *p, struct conf_channel *ch)
{
	ch->timezone = conf_get_text(r, p, "timezone");
	conf_check_zone(r, conf_where(p, "timezone"), ch->timezone);
	conf_get_texts(r, p, "quiet", &ch->quiet, &ch->n_quiet);
	for (size_t i = 0; i < ch->n_quiet; i++) {
		conf_check_hours(r, conf_where(p, "quiet"), ch->quiet[i]);
	}
}

static void get_channel(struct conf_reader *r, const struct conf_place *p, struct conf_channel *ch)
{
	ch->name = conf_name_of(r, p, "a channel");
	if (p->group == NULL) {
		return;
	}
	conf_refuse_unknown(r, p, NULL);
	if (!get_type(r, p, &ch->type)) {
		return;
	}
	for (size_t i = 0; i < n_conf_options; i++) {
		const struct conf_option *o = &conf_options[i];

		if (o->section == IN_CHANNEL && conf_is_given(p, o->name) &&
		    !may_have(ch->type, o->name)) {
			conf_fault(r, conf_where(p, o->name),
				   "%.*s.%s is not for a channel of this type: remove it",
				   TEXT_ARG(p->path), o->name);
		}
	}
	ch->group_interval = conf_get_dur(r, p, "group_interval");
	get_quiet(r, p, ch);
	if (ch->type == CHANNEL_JOURNAL) {
		return;
	}
	ch->insecure_loopback = conf_get_bool(r, p, "insecure_loopback");
	ch->allow_private = conf_get_bool(r, p, "allow_private");
	if (ch->type == CHANNEL_WEBHOOK) {
		ch->port = conf_get_number(r, p, "port");
		get_url(r, p, ch);
		get_words(r, p, "events", events, "a family of events", &ch->events, &ch->n_events);
		ch->other_secret_reference = conf_check_reference(
			r, conf_where(p, "other_secret"), conf_get_text(r, p, "other_secret"));
		ch->secret_reference = conf_check_reference(r, conf_where(p, "secret"),
							    conf_get_text(r, p, "secret"));
	} else {
		get_mail(r, p, ch);
	}
}

void conf_get_channels(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	c->n_channels = (size_t)conf_count(r, top, "channels");
	c->channels = ARENA_ARRAY(r->arena, struct conf_channel, c->n_channels);
	for (size_t i = 0; i < c->n_channels; i++) {
		struct conf_place in = conf_get_nth(r, top, "channels", (int)i, IN_CHANNEL);

		get_channel(r, &in, &c->channels[i]);
	}
}

static void check_channel(struct conf_reader *r, const struct conf *c, const config_setting_t *at,
			  struct text name)
{
	for (size_t i = 0; i < c->n_channels; i++) {
		if (text_eq(c->channels[i].name, name)) {
			if (c->channels[i].n_events > 0) {
				conf_fault(r, at,
					   "channel '%.*s' is told events, no alerts: name another "
					   "one",
					   TEXT_ARG(text_clip(name, 60)));
			}
			return;
		}
	}
	if (!text_is_empty(name)) {
		conf_fault(r, at, "there is no channel '%.*s': add it to channels",
			   TEXT_ARG(text_clip(name, 60)));
	}
}

static void get_channel_names(struct conf_reader *r, const struct conf *c,
			      const struct conf_place *p, const char *name, struct text **ret,
			      size_t *ret_n)
{
	conf_get_texts(r, p, name, ret, ret_n);
	for (size_t i = 0; i < *ret_n; i++) {
		check_channel(r, c, conf_where(p, name), (*ret)[i]);
	}
}

/* ---- policies ---- */

static const char *const kinds[] = { "mention", "comment", "reply", "direct",
				     "review",  "post",    "other", NULL };
static const char *const natures[] = {
	"question", "complaint", "praise", "thanks", "neutral", NULL
};
static const char *const audiences[] = { "to_us", "about_us", NULL };
static const char *const clocks[] = { "office", "calendar", NULL };

static void check_promise(struct conf_reader *r, const struct conf_place *p,
			  const struct conf_policy *y)
{
	if (y->warn.us > 0 && y->first.us > 0 && !dur_more(y->first, y->warn)) {
		conf_fault(r, conf_where(p, "warn"),
			   "%.*s.warn must come before first: make it shorter", TEXT_ARG(p->path));
	}
	if (y->warn.us > 0 && y->next.us > 0 && !dur_more(y->next, y->warn)) {
		conf_fault(r, conf_where(p, "warn"),
			   "%.*s.warn must come before next: make it shorter", TEXT_ARG(p->path));
	}
	if (y->stop.us > 0 && dur_more(y->next, y->stop)) {
		conf_fault(r, conf_where(p, "stop"),
			   "%.*s.stop must not come before next: make it longer",
			   TEXT_ARG(p->path));
	}
	if (y->warn.us == 0 && y->first.us == 0 && y->next.us == 0 && y->stop.us == 0) {
		conf_warning(
			r, p->group,
			"%.*s promises nothing: whoever it is for waits without any date; give it "
			"first and stop",
			TEXT_ARG(p->path));
	}
	if (y->stop.us > 0 && dur_more(y->first, y->stop)) {
		conf_fault(r, conf_where(p, "stop"),
			   "%.*s.stop must not come before first: make it longer",
			   TEXT_ARG(p->path));
	}
}

static void get_policy(struct conf_reader *r, const struct conf *c, const struct conf_place *p,
		       struct conf_policy *y)
{
	struct text clock;

	conf_refuse_unknown(r, p, NULL);
	y->name = conf_get_text(r, p, "name");
	if (!text_is_empty(y->name)) {
		conf_check_name(r, conf_where(p, "name"), y->name, "a policy");
	}
	get_words(r, p, "kinds", kinds, "a kind of message", &y->kinds, &y->n_kinds);
	get_words(r, p, "natures", natures, "a nature", &y->natures, &y->n_natures);
	y->audience = conf_get_text(r, p, "audience");
	if (!text_is_empty(y->audience)) {
		conf_check_word(r, conf_where(p, "audience"), y->audience, audiences,
				"an audience");
	}
	conf_get_texts(r, p, "brands", &y->brands, &y->n_brands);
	for (size_t i = 0; i < y->n_brands; i++) {
		bool is_there = false;

		for (size_t k = 0; k < c->n_brands; k++) {
			is_there = is_there || text_eq(c->brands[k].name, y->brands[i]);
		}
		if (!is_there) {
			conf_fault(r, conf_where(p, "brands"),
				   "there is no brand '%.*s': write one of brands",
				   TEXT_ARG(text_clip(y->brands[i], 60)));
		}
	}
	y->warn = conf_get_dur(r, p, "warn");
	y->first = conf_get_dur(r, p, "first");
	y->next = conf_get_dur(r, p, "next");
	y->stop = conf_get_dur(r, p, "stop");
	check_promise(r, p, y);
	clock = conf_get_text(r, p, "clock");
	conf_check_word(r, conf_where(p, "clock"), clock, clocks, "a clock");
	y->is_calendar = text_eq(clock, TEXT("calendar"));
	get_channel_names(r, c, p, "notify", &y->notify, &y->n_notify);
	get_channel_names(r, c, p, "escalate", &y->escalate, &y->n_escalate);
}

void conf_get_policies(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	c->n_policies = (size_t)conf_count(r, top, "policies");
	c->policies = ARENA_ARRAY(r->arena, struct conf_policy, c->n_policies);
	for (size_t i = 0; i < c->n_policies; i++) {
		struct conf_place in = conf_get_nth(r, top, "policies", (int)i, IN_POLICY);

		if (in.group == NULL) {
			continue;
		}
		get_policy(r, c, &in, &c->policies[i]);
		for (size_t k = 0; k < i; k++) {
			if (!text_is_empty(c->policies[i].name) &&
			    text_eq(c->policies[i].name, c->policies[k].name)) {
				conf_fault(r, conf_where(&in, "name"),
					   "there are two policies '%.*s': rename one of them",
					   TEXT_ARG(c->policies[i].name));
			}
		}
	}
}

/* ---- health ---- */

void conf_get_health(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	struct conf_place p = conf_get_group(r, top, "health", IN_HEALTH);
	struct conf_place beat = { .section = IN_HEARTBEAT };

	get_channel_names(r, c, &p, "notify", &c->health_notify, &c->n_health_notify);
	get_channel_names(r, c, &p, "escalate", &c->health_escalate, &c->n_health_escalate);
	if (c->n_health_escalate == 0) {
		c->health_escalate = c->health_notify;
		c->n_health_escalate = c->n_health_notify;
	}
	c->health_repeat = conf_get_dur(r, &p, "repeat");
	c->silent_after = conf_get_dur(r, &p, "silent_after");
	if (conf_is_given(&p, "heartbeat")) {
		beat = conf_get_group(r, &p, "heartbeat", IN_HEARTBEAT);
	}
	if (beat.group != NULL) {
		c->heartbeat_channel = conf_get_text(r, &beat, "channel");
		check_channel(r, c, conf_where(&beat, "channel"), c->heartbeat_channel);
		c->heartbeat_every = conf_get_dur(r, &beat, "every");
	} else {
		conf_warning(r, p.group,
			     "there is no heartbeat: nobody notices when this machine is dead; add "
			     "health.heartbeat");
	}
	if (c->n_health_notify == 0) {
		conf_warning(
			r, p.group,
			"health.notify names nobody: when listening fails, only the desk says it");
	}
}
