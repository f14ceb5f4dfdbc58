/* HTTP requests over libcurl: what callers see, and how answers reach them. See http.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"

#define MAX_DELIVERY_MS 25 /* of callbacks in one turn; then others have theirs */

/* The response and where it came from. */
struct answer {
	struct response response;
	struct http_transfer *transfer;
};

/* ---- from bytes to a response ---- */

static bool next_line(struct text *rest, struct text *line)
{
	if (rest->len == 0) {
		return false;
	}
	(void)text_cut(*rest, '\n', line, rest);
	return true;
}

/* Only the last block counts: before it there may be those of 1xx answers. */
static struct text last_block(struct text headers)
{
	struct text rest = headers, line = TEXT_NONE, block = headers;
	const char *begin;

	while (begin = rest.at, next_line(&rest, &line)) {
		if (text_starts(line, TEXT("HTTP/"))) {
			block = (struct text){ begin, (size_t)(headers.at + headers.len - begin) };
		}
	}
	return block;
}

static void read_headers(struct arena *a, struct text all, struct response *r)
{
	struct text rest = last_block(all), line = TEXT_NONE, name, value;
	size_t n = 0;

	r->headers = ARENA_ARRAY(a, struct header, LIMIT_HEADERS);
	while (next_line(&rest, &line) && n < LIMIT_HEADERS) {
		if (!text_cut(line, ':', &name, &value) || text_is_empty(name) ||
		    text_starts(line, TEXT("HTTP/"))) {
			continue;
		}
		r->headers[n].name = text_clean(a, text_dup(a, name), NULL);
		r->headers[n].value = text_clean(a, text_dup(a, text_trim(value)), NULL);
		n++;
	}
	r->n_headers = n;
}

static struct answer *make_answer(struct http_transfer *t)
{
	struct answer *a;

	t->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	a = ARENA_NEW(t->arena, struct answer);
	a->transfer = t;
	a->response.status = t->status;
	a->response.is_cut = t->broke == BROKE_BODY;
	a->response.received_at = t->received_at;
	a->response.body = text_dup(t->arena, (struct text){ t->bytes, t->n_bytes });
	read_headers(t->arena, strbuf_text(&t->headers), &a->response);
	return a;
}

struct arena *http_take_arena(const struct response *r)
{
	const struct answer *a = (const void *)r;
	struct http_transfer *t = a->transfer;
	struct arena *arena = t->arena;

	assert(t->magic == TRANSFER_MAGIC && arena != NULL);
	t->arena = NULL;
	return arena;
}

/* ---- the end of a transfer ---- */

static void drop_body(struct http_transfer *t)
{
	t->http->body_bytes -= t->room_bytes;
	free(t->bytes);
	t->bytes = NULL;
	t->n_bytes = t->room_bytes = 0;
}

static void bury(void *what)
{
	struct http_transfer *t = what;

	t->magic = 0;
	free(t);
}

/* It is in no list any more; its memory stays until no callback is on the stack. */
static void retire(struct http_transfer *t)
{
	http_talk_stop(t);
	http_undress(t, /* is_reusable= */ false);
	drop_body(t);
	strbuf_done(&t->headers);
	secret_done(&t->url);
	secret_done(&t->body);
	for (size_t i = 0; i < t->n_lines; i++) {
		secret_done(&t->lines[i]);
	}
	arena_destroy(&t->arena);
	t->http->n_transfers--;
	loop_bury(t->http->loop, t, bury);
}

static void tell(struct http_transfer *t)
{
	t->is_answered = true;
	if (t->err.kind != ERR_NONE) {
		t->done(NULL, &t->err, t->owner);
	} else {
		struct answer *a = make_answer(t);

		drop_body(t);
		t->done(&a->response, NULL, t->owner);
	}
	retire(t);
}

static int64_t cpu_free_ms(void)
{
	struct timespec now = { 0 };

	/* Not a time of the house: only how long this turn's callbacks have taken. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void http_deliver(struct http *h)
{
	int64_t begun = cpu_free_ms();
	struct list *at;

	while (!h->is_dead && (at = list_take_first(&h->finished)) != NULL) {
		tell(container_of(at, struct http_transfer, in));
		if (!h->is_dead && !list_is_empty(&h->finished) &&
		    cpu_free_ms() - begun > MAX_DELIVERY_MS) {
			loop_arm(h->loop, &h->deliver, DUR_US(0));
			return;
		}
	}
}

static void on_deliver(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct http *h = container_of(w, struct http, deliver);

	(void)ev;
	(void)revents;
	assert(h->magic == HTTP_MAGIC);
	http_deliver(h);
}

/* ---- what callers see ---- */

struct http *http_create(struct loop *l)
{
	struct http *h = xcalloc(1, sizeof(*h));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		not_reached("libcurl does not start");
	}
	h->magic = HTTP_MAGIC;
	h->loop = l;
	list_init(&h->sockets);
	list_init(&h->running);
	list_init(&h->finished);
	ev_init(&h->deliver, on_deliver);
	http_multi_create(h);
	return h;
}

static void bury_http(void *what)
{
	struct http *h = what;

	h->magic = 0;
	free(h);
	curl_global_cleanup();
}

void http_destroy(struct http **h)
{
	struct http *gone = *h;
	struct list *at;

	if (gone == NULL) {
		return;
	}
	assert(gone->magic == HTTP_MAGIC && !gone->is_dead);
	*h = NULL;
	gone->is_dead = true;
	loop_disarm(gone->loop, &gone->deliver);
	while ((at = list_take_first(&gone->running)) != NULL) {
		struct http_transfer *t = container_of(at, struct http_transfer, in);

		http_talk_halt(t);
		(void)curl_multi_remove_handle(gone->multi, t->easy);
		retire(t);
	}
	while ((at = list_take_first(&gone->finished)) != NULL) {
		retire(container_of(at, struct http_transfer, in));
	}
	http_multi_destroy(gone);
	while (gone->n_idle > 0) {
		curl_easy_cleanup(gone->idle[--gone->n_idle]);
	}
	loop_bury(gone->loop, gone, bury_http);
}

static int count_origin(const struct list *all, const char *origin)
{
	int n = 0;

	list_each(at, all)
	{
		n += strcasecmp(container_of(at, struct http_transfer, in)->origin, origin) == 0;
	}
	return n;
}

bool http_is_full(const struct http *h)
{
	return h->n_transfers >= HTTP_MAX_TRANSFERS ||
	       h->body_bytes + LIMIT_BODY_BYTES > HTTP_BODY_BUDGET;
}

static bool has_room(const struct http *h, const char *origin, const struct http_terms *t)
{
	int most = t->max_per_host > 0 ? t->max_per_host : HTTP_PER_HOST;

	return !http_is_full(h) &&
	       count_origin(&h->running, origin) + count_origin(&h->finished, origin) < most;
}

bool http_has_room(const struct http *h, struct text url, const struct http_terms *t)
{
	struct url u;
	char origin[300];

	assert(h->magic == HTTP_MAGIC);
	if (http_talk_is(url)) {
		return !http_talk_origin(url, origin, sizeof(origin)) || has_room(h, origin, t);
	}
	if (!url_parse(url, &u)) {
		return true; /* http_start() will say what is wrong with it */
	}
	http_origin(&u, origin, sizeof(origin));
	return has_room(h, origin, t);
}

/* Out of curl's hands before it was in them: the caller is told from the loop. */
static void refuse(struct http_transfer *t)
{
	list_add_last(&t->http->finished, &t->in);
	loop_arm(t->http->loop, &t->http->deliver, DUR_US(0));
}

struct http_transfer *http_transfer_create(struct http *h, const struct http_terms *terms,
					   http_done *done, void *owner)
{
	struct http_transfer *t = xcalloc(1, sizeof(*t));

	assert(h->magic == HTTP_MAGIC && !h->is_dead);
	t->magic = TRANSFER_MAGIC;
	t->http = h;
	t->done = done;
	t->owner = owner;
	t->terms = *terms;
	list_init(&t->in);
	return t;
}

struct http_transfer *http_begin(struct http_transfer *t, bool is_dressed)
{
	struct http *h = t->http;

	/* Asked before it counts itself. */
	bool has_place = is_dressed && has_room(h, t->origin, &t->terms);

	h->n_transfers++;
	if (!is_dressed) {
		refuse(t);
		return t;
	}
	if (!has_place) {
		(void)err_set(&t->err, ERR_RETRY, "%s: too many requests at once", t->host);
		refuse(t);
		return t;
	}
	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
		(void)err_set(&t->err, ERR_RETRY, "%s: the transfer could not start", t->host);
		http_undress(t, /* is_reusable= */ false);
		refuse(t);
		return t;
	}
	list_add_last(&h->running, &t->in);
	return t;
}

struct http_transfer *http_start(struct http *h, const struct request *r,
				 const struct http_terms *terms, http_done *done, void *owner)
{
	struct http_transfer *t = http_transfer_create(h, terms, done, owner);

	return http_begin(t, http_talk_is(r->url) ? http_talk_dress(t, r, &t->err)
						  : http_dress(t, r, &t->err));
}

void http_cancel(struct http_transfer **t)
{
	struct http_transfer *gone = *t;

	if (gone == NULL) {
		return;
	}
	*t = NULL;
	assert(gone->magic == TRANSFER_MAGIC);
	if (gone->is_answered) {
		return; /* from inside its own callback */
	}
	http_talk_halt(gone);
	if (gone->easy != NULL) {
		(void)curl_multi_remove_handle(gone->http->multi, gone->easy);
	}
	list_remove(&gone->in);
	retire(gone);
}

int http_active(const struct http *h)
{
	return h->n_transfers;
}
