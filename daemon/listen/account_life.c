/* An account comes, takes what the configuration says of it, and goes. */
#include <assert.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/url.h"
#include "daemon/listen/inside.h"

#define ACCOUNT_MAGIC UINT32_C(0x61636374)

void set_string(char **at, struct text value)
{
	char *old = *at;

	*at = NULL;
	if (value.at != NULL && value.len > 0) {
		*at = xcalloc(1, value.len + 1);
		memcpy(*at, value.at, value.len);
	}
	free(old); /* not before: a connector may give the state back that it was asked with */
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct account *a = container_of(w, struct account, timer);

	(void)loop;
	(void)revents;
	assert(a->magic == ACCOUNT_MAGIC);
	if (a->phase == PHASE_ASKING && a->job.is_unasked) {
		ask_answer_unasked(a);
		return;
	}
	if (a->phase == PHASE_AWAY && a->is_unkept) {
		session_keep(a);
		return;
	}
	account_step(a);
}

size_t account_sources(const struct conf_account *c, struct text *ret)
{
	const char *const *always = c->connector->always;
	size_t n = 0;

	for (size_t i = 0; always != NULL && always[i] != NULL; i++) {
		if (secret_is_set(&c->token)) {
			ret[n++] = text_of(always[i]);
		}
	}
	for (size_t i = 0; i < c->n_listen; i++) {
		bool is_double = false;

		for (size_t k = 0; k < n; k++) {
			is_double = is_double || text_eq(ret[k], c->listen[i].name);
		}
		if (!is_double) {
			ret[n++] = c->listen[i].name;
		}
	}
	return n;
}

static size_t sources_most(const struct conf_account *c)
{
	const char *const *always = c->connector->always;
	size_t n = c->n_listen;

	for (size_t i = 0; always != NULL && always[i] != NULL; i++) {
		n++;
	}
	return n > 0 ? n : 1;
}

/* Whose ids these are: a platform's own where they hold everywhere, else the server's. */
void account_realm(const struct conf_account *c, struct strbuf *out)
{
	strbuf_add_str(out, c->connector->name);
	if (!c->connector->can.are_ids_global) {
		strbuf_add_byte(out, ' ');
		strbuf_add(out, c->server);
	}
}

static void set_terms(struct account *a)
{
	struct text limit = { (const char *)&a->conf->max_per_host, sizeof(a->conf->max_per_host) };
	struct arena *arena = arena_create((size_t)2 * LIMIT_URL_BYTES);
	struct url url;
	int64_t port;

	a->terms = (struct http_terms){ .allow_loopback = a->conf->insecure_loopback,
					.max_per_host = a->conf->max_per_host,
					.keep_cut = true };
	if (url_parse(a->conf->server, &url)) {
		a->host = text_hash(text_hash(TEXT_HASH_SEED, limit), url.scheme);
		a->host = text_hash(a->host, text_lower_ascii(arena, url.host));
		a->host = text_hash(text_hash(a->host, TEXT(":")), url.port);
		if (num_parse_range(url.port, 1, 65535, &port)) {
			a->terms.allow_port = (int)port;
		}
	}
	arena_destroy(&arena);
}

static void forget_feeds(struct feed *feeds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		set_string(&feeds[i].state, TEXT_NONE);
		set_string(&feeds[i].sweep_state, TEXT_NONE);
		free(feeds[i].remembered);
	}
	free(feeds);
}

/* The new list; what was known under the same name moves into it. */
static bool make_feeds(struct account *a)
{
	struct feed *old = a->feeds;
	size_t n_old = a->n_feeds;
	struct text *names = xcalloc(sources_most(a->conf), sizeof(*names));
	bool is_any_new = false;

	a->n_feeds = account_sources(a->conf, names);
	a->feeds = xcalloc(a->n_feeds > 0 ? a->n_feeds : 1, sizeof(*a->feeds));
	for (size_t i = 0; i < a->n_feeds; i++) {
		size_t k = 0;

		while (k < n_old && !text_eq(old[k].name, names[i])) {
			k++;
		}
		if (k < n_old) {
			a->feeds[i] = old[k];
			old[k] = (struct feed){ 0 };
		} else {
			is_any_new = true;
		}
		a->feeds[i].name = names[i];
	}
	forget_feeds(old, n_old);
	free(names);
	return is_any_new;
}

bool account_configure(struct account *a, const struct reload *to)
{
	struct conf *old = a->snapshot;
	bool is_any_new;
	struct strbuf realm;

	a->snapshot = conf_hold(to->snapshot);
	a->conf = to->conf;
	a->brand = to->brand;
	a->job = (struct job){ 0 };
	set_terms(a);
	is_any_new = make_feeds(a);
	strbuf_init(&realm, LIMIT_URL_BYTES);
	account_realm(a->conf, &realm);
	set_string(&a->realm, strbuf_text(&realm));
	strbuf_done(&realm);
	conf_destroy(&old); /* names of the old feeds were its own */
	return is_any_new;
}

struct account *account_create(struct listen *l, struct conf *snapshot, const struct conf_brand *b,
			       const struct conf_account *c)
{
	struct account *a = xcalloc(1, sizeof(*a));

	a->magic = ACCOUNT_MAGIC;
	a->listen = l;
	list_init(&a->link);
	budget_init(&a->budget);
	ev_init(&a->timer, on_timer);
	(void)account_configure(
		a, &(struct reload){ .snapshot = snapshot, .conf = c, .brand = b }); /* all are */
	return a;
}

void account_destroy(struct account **at)
{
	struct account *a = *at;

	if (a == NULL) {
		return;
	}
	*at = NULL;
	assert(a->magic == ACCOUNT_MAGIC);
	http_cancel(&a->transfer);
	list_remove(&a->link);
	loop_disarm(a->listen->o.loop, &a->timer);
	background_forget_threads(a);
	background_forget_rechecks(a);
	refill_forget(a);
	reading_forget(a);
	forget_feeds(a->feeds, a->n_feeds);
	set_string(&a->realm, TEXT_NONE);
	set_string(&a->own_id, TEXT_NONE);
	set_string(&a->own_handle, TEXT_NONE);
	set_string(&a->facts, TEXT_NONE);
	set_string(&a->identify_state, TEXT_NONE);
	set_string(&a->recheck_before_id, TEXT_NONE);
	session_forget(a);
	conf_destroy(&a->next.snapshot);
	conf_destroy(&a->snapshot);
	a->magic = 0;
	free(a);
}

bool account_send(struct account *a, struct db *d, const char *name, const char *sql,
		  struct db_params **p, db_done *done)
{
	a->n_calls++;
	if (!db_send(d, name, sql, p, done, a)) {
		a->n_calls--;
		return false;
	}
	return true;
}
