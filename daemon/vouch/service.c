/* One sign-in service: what it says of itself and which keys it signs with. Asked at the start, every hour, when a key is not known, and when
 * somebody presses the button of one that is away. What it said last stays in force while it cannot be asked. */
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/vouch/inside.h"
#include "store_sql.h"

#define EVERY       DUR_S(3600)
#define AGAIN_LEAST INT64_C(2000000)
#define AGAIN_MOST  INT64_C(300000000)
#define LOOK_LEAST  DUR_S(2)
#define KEYS_LEAST  DUR_S(5)
#define TIMEOUT     DUR_S(8)
#define ARENA_BYTES (8u * 1024 * 1024)
#define CONFIG_PATH "/.well-known/openid-configuration"

static void service_ask(struct service *s);

struct http_terms service_terms(const struct service *s)
{
	return (struct http_terms){ .allow_loopback = s->conf->insecure_loopback,
				    .allow_private = s->conf->allow_private,
				    .allow_port = s->conf->port,
				    .max_per_host = 16, /* a whole office comes in the morning */
				    .timeout = TIMEOUT,
				    .max_body_bytes = VOUCH_BODY_BYTES };
}

/* ---- what is known of it, for the desk ---- */

void service_tell(struct service *s)
{
	struct db_params *p;

	if (s->is_retired || s->state == SERVICE_ASKING || s->vouch->db == NULL) {
		return;
	}
	p = db_params_create();
	db_add_text(p, s->conf->name);
	db_add_text(p, s->conf->issuer);
	if (s->state == SERVICE_USABLE) {
		db_add_text(p, s->said.authorize);
		db_add_null(p);
	} else {
		db_add_null(p);
		db_add_text(p, text_of(s->why));
	}
	if (!db_send(s->vouch->db, "vouch_provider", SQL_VOUCH_PROVIDER, &p, NULL, NULL)) {
		db_params_destroy(&p); /* told when somebody looks */
	}
}

/* ---- its ends ---- */

/* 2 s, 4 s, … 5 min. */
static struct dur again_in(const struct service *s)
{
	int64_t us = AGAIN_LEAST;

	for (int i = 1; i < s->n_failures && us < AGAIN_MOST; i++) {
		us *= 2;
	}
	return DUR_US(us < AGAIN_MOST ? us : AGAIN_MOST);
}

static void is_away(struct service *s, const char *what, const char *why)
{
	s->n_failures++;
	(void)snprintf(s->why, sizeof(s->why), "%s: %.200s", what, why);
	for (size_t n = strlen(s->why); n > 0 && !text_is_clean(text_of(s->why)); n--) {
		s->why[n - 1] = '\0'; /* cut inside of a letter */
	}
	log_warn("oidc_away", "service", s->conf->name.at, "why", s->why, NULL);
	if (s->arena == NULL) {
		s->state = SERVICE_AWAY; /* else what it said last is good enough */
	}
	arena_destroy(&s->asked_arena);
	loop_arm(s->vouch->loop, &s->again, again_in(s));
	service_tell(s);
	visits_go_on(s);
}

static void is_usable(struct service *s)
{
	bool is_news = s->state != SERVICE_USABLE || s->n_failures > 0;

	s->n_failures = 0;
	s->why[0] = '\0';
	s->state = SERVICE_USABLE;
	if (s->asked_arena != NULL) {
		arena_destroy(&s->arena);
		s->arena = s->asked_arena;
		s->said = s->asked;
		s->asked_arena = NULL;
		loop_arm(s->vouch->loop, &s->again, EVERY);
	}
	if (is_news) {
		log_info("oidc_usable", "service", s->conf->name.at, NULL);
	}
	service_tell(s);
	visits_go_on(s);
}

/* ---- asking ---- */

static void get(struct service *s, struct text url, http_done *done)
{
	struct http_terms terms = service_terms(s);
	struct request r = { .method = HTTP_GET, .url = url };

	request_add_header(&r, TEXT("Accept"), TEXT("application/json"));
	s->transfer = http_start(s->vouch->http, &r, &terms, done, s);
}

static bool is_answer(const struct response *r, const struct err *err, char *why, size_t room)
{
	if (err != NULL) {
		(void)snprintf(why, room, "%s", err->text);
	} else if (r->status != 200) {
		(void)snprintf(why, room, "it answered with status %d", r->status);
	} else {
		return true;
	}
	return false;
}

static void done_keys(const struct response *r, const struct err *err, void *owner)
{
	struct service *s = owner;
	char why[256];

	s->transfer = NULL;
	s->keys_at = loop_mono(s->vouch->loop);
	if (!is_answer(r, err, why, sizeof(why))) {
		is_away(s, "its keys", why);
		return;
	}
	arena_destroy(&s->keys_arena);
	s->keys_arena = arena_create(VOUCH_BODY_BYTES + 4096);
	s->keys = text_dup(s->keys_arena, r->body);
	is_usable(s);
}

static void done_discovery(const struct response *r, const struct err *err, void *owner)
{
	struct service *s = owner;
	struct err wrong = { 0 };
	char why[256];

	s->transfer = NULL;
	if (!is_answer(r, err, why, sizeof(why))) {
		is_away(s, "what it says of itself (" CONFIG_PATH ")", why);
		return;
	}
	s->asked_arena = arena_create(ARENA_BYTES);
	if (!judge_discovery(s->asked_arena, r->body, s->conf->issuer, s->conf->insecure_loopback,
			     &s->asked, &wrong)) {
		is_away(s, "what it says of itself", wrong.text);
		return;
	}
	get(s, s->asked.keys, done_keys);
}

static void service_ask(struct service *s)
{
	struct arena *a;
	struct text issuer = s->conf->issuer;

	if (s->transfer != NULL || s->is_retired) {
		return;
	}
	loop_disarm(s->vouch->loop, &s->again);
	s->asked_at = loop_mono(s->vouch->loop);
	if (text_ends(issuer, TEXT("/"))) {
		issuer.len--;
	}
	a = arena_create(64u * 1024);
	get(s, text_printf(a, "%.*s" CONFIG_PATH, TEXT_ARG(issuer)), done_discovery);
	arena_destroy(&a); /* the request was copied */
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct service *s = container_of(w, struct service, again);

	(void)loop;
	(void)revents;
	if (s->transfer != NULL) { /* its keys are under way; the rest is asked behind them */
		loop_arm(s->vouch->loop, &s->again, LOOK_LEAST);
	} else {
		service_ask(s);
	}
}

void service_look(struct service *s)
{
	if (s->state == SERVICE_USABLE) {
		service_tell(s); /* its row was lost, or is an older one's */
	} else if (dur_more(mono_since(s->asked_at, loop_mono(s->vouch->loop)), LOOK_LEAST)) {
		service_ask(s);
	}
}

bool service_ask_keys(struct service *s)
{
	if (s->transfer != NULL) {
		return true; /* they come anyway */
	}
	if (s->is_retired || s->arena == NULL ||
	    !dur_more(mono_since(s->keys_at, loop_mono(s->vouch->loop)), KEYS_LEAST)) {
		return false;
	}
	get(s, s->said.keys, done_keys);
	return true;
}

/* ---- life ---- */

struct service *service_create(struct vouch *v, const struct conf_oidc *conf)
{
	struct service *s = xcalloc(1, sizeof(*s));

	s->vouch = v;
	s->held = conf_hold(v->conf);
	s->conf = conf;
	ev_init(&s->again, on_again);
	list_init(&s->in);
	list_add_last(&v->services, &s->in);
	return s;
}

void service_start(struct service *s)
{
	service_ask(s);
}

static void bury(void *what)
{
	free(what);
}

void service_destroy(struct service *s)
{
	loop_disarm(s->vouch->loop, &s->again);
	http_cancel(&s->transfer);
	arena_destroy(&s->arena);
	arena_destroy(&s->asked_arena);
	arena_destroy(&s->keys_arena);
	conf_destroy(&s->held);
	list_remove(&s->in);
	loop_bury(s->vouch->loop, s, bury);
}
