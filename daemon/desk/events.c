/* Server-sent events: see events.h. */
#include "daemon/desk/events.h"

#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "store_sql.h"

#define COLLECT     DUR_MS(200)
#define JUDGE       DUR_S(30)
#define RING        2048
#define IDS         100 /* of one event; more are "all" */
#define ACCOUNTS    16
#define NAME_BYTES  128
#define EACH        32 /* streams of one person, over TCP */
#define EVENT_BYTES 8192

/* A page that listens. */
struct ear {
	struct list in;
	struct events *events;
	struct httpd_stream *stream;
	int64_t id, actor;
	/* Of the session's key or the token that let it in; else empty. */
	char hash[KEY_HASH_BYTES];
};

struct past {
	int64_t id;
	char *text; /* as it is sent */
};

/* Ids of one kind that were heard of and not yet told; too many are all of them. */
struct hints {
	int64_t ids[IDS];
	size_t n;
	bool is_all;
};

struct events {
	struct events_options o;
	struct db *db;
	struct list ears;
	size_t n_ears;
	int64_t last_ear;
	ev_timer collect, judge;
	struct past ring[RING];
	size_t n_past, first;
	int64_t last_id, known_from; /* what came after known_from is in the ring */
	struct hints conversations, replies;
	char accounts[ACCOUNTS][NAME_BYTES];
	size_t n_accounts;
	bool has_alert, has_sources, was_up;
	bool is_judging, is_stale; /* stale: rights changed while a judgement was on its way */
};

/* ---- telling ---- */

static void ring_add(struct events *e, int64_t id, struct text t)
{
	struct past *p = &e->ring[(e->first + e->n_past) % RING];

	if (e->n_past == RING) {
		e->first = (e->first + 1) % RING;
		e->known_from = p->id;
		free(p->text);
	} else {
		e->n_past++;
	}
	p->id = id;
	p->text = xcalloc(t.len + 1, 1);
	memcpy(p->text, t.at, t.len);
}

static int64_t id_next(struct events *e)
{
	int64_t now = loop_wall(e->o.loop).us;

	e->last_id = now > e->last_id ? now : e->last_id + 1;
	return e->last_id;
}

void events_tell(struct events *e, const char *type, struct text json, bool is_kept)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, EVENT_BYTES);
	if (is_kept) {
		strbuf_printf(&out, "id: %lld\n", (long long)id_next(e));
	}
	strbuf_printf(&out, "event: %s\ndata: %.*s\n\n", type, TEXT_ARG(json));
	if (is_kept) {
		ring_add(e, e->last_id, strbuf_text(&out));
	}
	list_each(at, &e->ears)
	{
		struct ear *ear = container_of(at, struct ear, in);

		(void)httpd_stream_write(ear->stream, strbuf_text(&out));
	}
}

static void hints_print(struct strbuf *out, const char *name, const struct hints *h)
{
	strbuf_printf(out, "\"%s\": [", name);
	for (size_t i = 0; i < h->n && !h->is_all; i++) {
		strbuf_printf(out, "%s\"%lld\"", i > 0 ? ", " : "", (long long)h->ids[i]);
	}
	strbuf_add_byte(out, ']');
}

static void tell_conversations(struct events *e)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (e->conversations.n == 0 && !e->conversations.is_all && e->n_accounts == 0) {
		return;
	}
	strbuf_init(&out, EVENT_BYTES);
	strbuf_add_byte(&out, '{');
	hints_print(&out, "conversations", &e->conversations);
	strbuf_add_str(&out, ", \"accounts\": [");
	for (size_t i = 0; i < e->n_accounts && !e->conversations.is_all; i++) {
		strbuf_add_str(&out, i > 0 ? ", " : "");
		strbuf_add_json(&out, text_of(e->accounts[i]));
	}
	strbuf_printf(&out, "], \"all\": %s}", e->conversations.is_all ? "true" : "false");
	events_tell(e, "queue", strbuf_text(&out), /* is_kept= */ true);
	events_tell(e, "conversation", strbuf_text(&out), /* is_kept= */ true);
	e->conversations.n = e->n_accounts = 0;
	e->conversations.is_all = false;
}

static void tell_replies(struct events *e)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (e->replies.n == 0 && !e->replies.is_all) {
		return;
	}
	strbuf_init(&out, EVENT_BYTES);
	strbuf_add_byte(&out, '{');
	hints_print(&out, "replies", &e->replies);
	strbuf_printf(&out, ", \"all\": %s}", e->replies.is_all ? "true" : "false");
	events_tell(e, "reply", strbuf_text(&out), /* is_kept= */ true);
	e->replies.n = 0;
	e->replies.is_all = false;
}

static void on_collected(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct events *e = container_of(w, struct events, collect);

	(void)loop;
	(void)revents;
	tell_conversations(e);
	tell_replies(e);
	if (e->has_alert) {
		events_tell(e, "alert", TEXT("{}"), /* is_kept= */ true);
	}
	if (e->has_sources) {
		events_tell(e, "sources", TEXT("{}"), /* is_kept= */ true);
	}
	e->has_alert = e->has_sources = false;
}

/* ---- hearing ---- */

static void hints_add(struct hints *h, struct text number)
{
	int64_t id;

	if (!num_parse_range(number, 1, INT64_MAX, &id)) {
		h->is_all = true;
		return;
	}
	for (size_t i = 0; i < h->n; i++) {
		if (h->ids[i] == id) {
			return;
		}
	}
	if (h->n == IDS) {
		h->is_all = true;
	} else {
		h->ids[h->n++] = id;
	}
}

static void account_add(struct events *e, struct text name)
{
	for (size_t i = 0; i < e->n_accounts; i++) {
		if (text_eq(text_of(e->accounts[i]), name)) {
			return;
		}
	}
	if (e->n_accounts == ACCOUNTS || text_is_empty(name) || name.len >= NAME_BYTES) {
		e->conversations.is_all = true;
		return;
	}
	memcpy(e->accounts[e->n_accounts], name.at, name.len);
	e->accounts[e->n_accounts++][name.len] = '\0';
}

static void judge_all(struct events *e);

static void word_take(struct events *e, struct text word)
{
	struct text kind, of;
	int64_t flow;

	if (!text_cut(word, ':', &kind, &of)) {
		of = TEXT_NONE;
	}
	if (text_eq(kind, TEXT("conversation"))) {
		hints_add(&e->conversations, of);
	} else if (text_eq(kind, TEXT("account"))) {
		account_add(e, of);
	} else if (text_eq(kind, TEXT("reply"))) {
		hints_add(&e->replies, of);
	} else if (text_eq(kind, TEXT("alert")) || text_eq(kind, TEXT("silence"))) {
		e->has_alert = true;
	} else if (text_eq(kind, TEXT("sources"))) {
		e->has_sources = true;
	} else if (text_eq(kind, TEXT("staff"))) {
		judge_all(e);
	} else if (text_eq(kind, TEXT("oidc"))) {
		if (num_parse_range(of, 1, INT64_MAX, &flow)) {
			e->o.on_oidc(flow, e->o.oidc_owner);
		}
	} else if (text_eq(kind, TEXT("queue")) || text_eq(kind, TEXT("brand")) ||
		   text_eq(kind, TEXT("house"))) {
		e->conversations.is_all = true;
	}
}

static void on_notify(struct db *db, struct text payload, void *owner)
{
	struct events *e = owner;
	struct text word;
	bool is_more = true;

	(void)db;
	while (is_more) {
		is_more = text_cut(payload, ' ', &word, &payload);
		if (!text_is_empty(word)) {
			word_take(e, word);
		}
	}
	if (!ev_is_active(&e->collect)) {
		loop_arm(e->o.loop, &e->collect, COLLECT);
	}
}

/* What was notified while we did not listen is lost. */
static void on_up(struct db *db, void *owner)
{
	struct events *e = owner;

	(void)db;
	if (e->was_up) {
		events_tell(e, "reload", TEXT("{}"), /* is_kept= */ true);
	}
	e->was_up = true;
}

/* ---- who may ---- */

static void done_judge(const struct db_result *r, void *owner)
{
	struct events *e = owner;

	e->is_judging = false;
	for (int i = 0; r->is_ok && i < r->n_rows; i++) { /* not ok: asked again */
		list_each(at, &e->ears)
		{
			struct ear *ear = container_of(at, struct ear, in);

			if (db_i64(r, i, 0) == ear->id) {
				httpd_stream_end(ear->stream);
				break;
			}
		}
	}
	if (e->is_stale) {
		e->is_stale = false;
		judge_all(e);
	}
}

/* All in one statement: it names who may not any more. */
static void judge_all(struct events *e)
{
	struct db_params *p;
	int64_t *ids, *actors;
	struct text *hashes;
	size_t n = 0;

	if (e->is_judging || e->n_ears == 0) {
		e->is_stale = e->is_judging;
		return;
	}
	ids = xcalloc(e->n_ears, sizeof(*ids));
	actors = xcalloc(e->n_ears, sizeof(*actors));
	hashes = xcalloc(e->n_ears, sizeof(*hashes));
	list_each(at, &e->ears)
	{
		const struct ear *ear = container_of(at, struct ear, in);

		ids[n] = ear->id;
		actors[n] = ear->actor;
		hashes[n++] = text_of(ear->hash);
	}
	p = db_params_create();
	db_add_i64_array(p, ids, n);
	db_add_i64_array(p, actors, n);
	db_add_text_array(p, hashes, n);
	free(ids);
	free(actors);
	free(hashes);
	e->is_judging =
		db_send(e->o.reader, "desk_events_judge", SQL_DESK_EVENTS_JUDGE, &p, done_judge, e);
	if (!e->is_judging) {
		db_params_destroy(&p);
	}
}

static void on_judge(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct events *e = container_of(w, struct events, judge);

	(void)loop;
	(void)revents;
	judge_all(e);
	if (e->n_ears > 0) {
		loop_arm(e->o.loop, &e->judge, JUDGE);
	}
}

/* ---- one who listens ---- */

static void on_gone(void *owner)
{
	struct ear *ear = owner;

	ear->events->n_ears--;
	list_remove(&ear->in);
	free(ear);
}

/* What was missed since the last one that the page has seen; of another life of the desk nothing is known. */
static void ear_catch_up(struct ear *ear, struct text last)
{
	const struct events *e = ear->events;
	char text[80];
	int64_t id;

	if (!num_parse_range(last, e->known_from, e->last_id, &id)) {
		(void)snprintf(text, sizeof(text), "id: %lld\nevent: reload\ndata: {}\n\n",
			       (long long)e->last_id);
		(void)httpd_stream_write(ear->stream, text_of(text));
		return;
	}
	for (size_t i = 0; i < e->n_past; i++) {
		const struct past *p = &e->ring[(e->first + i) % RING];

		if (p->id > id) {
			(void)httpd_stream_write(ear->stream, text_of(p->text));
		}
	}
}

static void ear_greet(struct ear *ear, struct text last)
{
	const struct events *e = ear->events;
	char now[WALL_TEXT_BYTES], text[160];

	(void)wall_format(loop_wall(e->o.loop), now);
	/* Its id comes last: cut off in between, the page comes again for all of it. */
	(void)snprintf(text, sizeof(text), "retry: 1000\nevent: hello\ndata: {\"now\": \"%s\"}\n\n",
		       now);
	(void)httpd_stream_write(ear->stream, text_of(text));
	if (!text_is_empty(last)) {
		ear_catch_up(ear, last);
	}
	(void)snprintf(text, sizeof(text), "id: %lld\nevent: ping\ndata: {}\n\n",
		       (long long)e->last_id);
	(void)httpd_stream_write(ear->stream, text_of(text));
}

static size_t streams_of(const struct events *e, int64_t actor)
{
	size_t n = 0;

	list_each(at, &e->ears)
	{
		n += container_of(at, struct ear, in)->actor == actor;
	}
	return n;
}

/* A header when the browser comes back by itself, a parameter when the page does. */
static bool last_of(const struct work *w, struct text *ret, struct err *err)
{
	struct desk_asked q = { .arena = httpd_arena(w->r),
				.route = w->route,
				.query = httpd_query(w->r) };

	if (!desk_query_is_known(&q, err) || !desk_query_text(&q, "last", ret, err)) {
		return false;
	}
	if (text_is_empty(*ret)) {
		*ret = text_dup(q.arena, httpd_header(w->r, "Last-Event-ID"));
	}
	return true;
}

void events_serve(struct work *w)
{
	struct events *e = desk_work_events(w);
	struct ear *ear;
	struct err err = { 0 };
	struct text last;

	if (!last_of(w, &last, &err)) {
		desk_work_refuse(w, 400, text_of(err.text));
		return;
	}
	if (!httpd_is_local(w->r) && streams_of(e, w->actor) >= EACH) {
		desk_work_refuse(w, 503, TEXT("You have too many pages open at once."));
		return;
	}
	ear = xcalloc(1, sizeof(*ear));
	ear->events = e;
	ear->actor = w->actor;
	ear->id = ++e->last_ear;
	(void)snprintf(ear->hash, sizeof(ear->hash), "%s", w->caller.hash);
	list_init(&ear->in);
	ear->stream = httpd_stream_begin(
		w->r, &(struct httpd_stream_options){ .content_type = "text/event-stream",
						      .beat = TEXT(":\nevent: ping\ndata: {}\n\n"),
						      .on_gone = on_gone,
						      .owner = ear });
	desk_work_gone(w);
	if (ear->stream == NULL) {
		free(ear);
		return;
	}
	list_add_last(&e->ears, &ear->in);
	if (e->n_ears++ == 0) {
		loop_arm(e->o.loop, &e->judge, JUDGE);
	}
	ear_greet(ear, last);
}

/* ---- life ---- */

struct events *events_create(const struct events_options *o)
{
	static const struct db_events db_events = { .on_up = on_up, .on_notify = on_notify };
	struct events *e = xcalloc(1, sizeof(*e));

	e->o = *o;
	list_init(&e->ears);
	ev_init(&e->collect, on_collected);
	ev_init(&e->judge, on_judge);
	e->known_from = id_next(e);
	e->db = db_create(o->loop,
			  &(struct db_options){ .conninfo = o->conninfo,
						.role = o->role,
						.purpose = "answerd desk ear",
						.channel = "answerd_event" },
			  &db_events, e);
	return e;
}

void events_start(struct events *e)
{
	db_start(e->db);
}

void events_destroy(struct events **at)
{
	struct events *e = *at;

	if (e == NULL) {
		return;
	}
	*at = NULL;
	loop_disarm(e->o.loop, &e->collect);
	loop_disarm(e->o.loop, &e->judge);
	db_destroy(&e->db);
	list_each(ear, &e->ears)
	{
		free(container_of(ear, struct ear, in));
	}
	for (size_t i = 0; i < e->n_past; i++) {
		free(e->ring[(e->first + i) % RING].text);
	}
	free(e);
}
