/* A reply on its way into the outbox: one statement says where it goes, the connector's own rule measures the words as the platform will,
 * and a second one queues them, judged again under the account's lock. What is too long is refused before anything is queued. */
#include "answerd/limits.h"
#include "daemon/desk/inside.h"
#include "daemon/desk/split.h"
#include "store_sql.h"

/* Columns of desk_reply_ask.sql. */
enum {
	COL_DONE,
	COL_IS_PARTS,
	COL_IS_DRAFT,
	COL_BODY,
	COL_PLATFORM,
	COL_SERVER,
	COL_FACTS,
	COL_OWN_ID,
	COL_OWN_HANDLE,
	COL_PARENT,
	COL_PARENT_REVISION,
	COL_ROOT,
	COL_ROOT_REVISION,
	COL_THREAD,
	COL_AUTHOR,
	COL_AUTHOR_HANDLE,
	COL_KIND,
	COL_VISIBILITY,
	COL_WARNING,
	COL_LANGUAGE,
	COL_SIGNATURE
};

bool reply_is_served(const struct desk_route *r)
{
	return r->sql == SQL_DESK_REPLY || r->sql == SQL_DESK_REPLY_SEND;
}

static void done_queued(const struct db_result *r, void *owner)
{
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
	} else {
		desk_work_answer(w, db_text(r, 0, 0));
	}
}

static void queue_words(struct work *w, const struct text *words, const int64_t *costs, size_t n)
{
	struct db_params *p = db_params_create();

	if (!desk_work_params(w, p)) {
		db_params_destroy(&p);
		return;
	}
	db_add_text_array(p, words, n);
	db_add_i64_array(p, costs, n);
	if (!db_send(desk_work_line(w), w->route->name, w->route->sql, &p, done_queued, w)) {
		db_params_destroy(&p);
		desk_work_refuse(w, 503, TEXT("Too many requests at once. Try it again."));
	}
}

static struct split split_of(const struct db_result *r, const struct connector *c,
			     struct arena *scratch)
{
	return (struct split){
		.connector = c,
		.ctx = { .arena = scratch,
			 .server = db_text(r, 0, COL_SERVER),
			 .facts = db_text(r, 0, COL_FACTS),
			 .own_id = db_text(r, 0, COL_OWN_ID),
			 .own_handle = db_text(r, 0, COL_OWN_HANDLE),
			 .description = c->description },
		.posting = { .key = TEXT("2222222222222"),
			     .parent_id = db_text(r, 0, COL_PARENT),
			     .parent_revision = db_text(r, 0, COL_PARENT_REVISION),
			     .root_id = db_text(r, 0, COL_ROOT),
			     .root_revision = db_text(r, 0, COL_ROOT_REVISION),
			     .thread_id = db_text(r, 0, COL_THREAD),
			     .author_id = db_text(r, 0, COL_AUTHOR),
			     .author_handle = db_text(r, 0, COL_AUTHOR_HANDLE),
			     .parent_kind = message_kind_of(db_text(r, 0, COL_KIND)),
			     .visibility = message_visibility_of(db_text(r, 0, COL_VISIBILITY)),
			     .warning = db_text(r, 0, COL_WARNING),
			     .language = db_text(r, 0, COL_LANGUAGE) },
		.signature = db_text(r, 0, COL_SIGNATURE),
		.is_parts = db_bool(r, 0, COL_IS_PARTS),
	};
}

/* A platform of ours, or what the configuration describes under that name. */
static const struct connector *connector_of(const struct conf *conf, struct text platform,
					    struct text server)
{
	const struct connector *c = connector_find(platform);

	for (size_t i = 0; c == NULL && i < conf->n_brands; i++) {
		for (size_t k = 0; c == NULL && k < conf->brands[i].n_accounts; k++) {
			const struct conf_account *a = &conf->brands[i].accounts[k];

			if (text_eq(text_of(a->connector->name), platform) &&
			    text_eq(a->server, server)) {
				c = a->connector;
			}
		}
	}
	return c;
}

static void done_ask(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	int64_t costs[SPLIT_MOST] = { 0 };
	struct text words[SPLIT_MOST], body;
	const struct connector *c;
	struct arena *scratch;
	struct split s;
	struct err err = { 0 };
	size_t n = 1;
	bool is_fit = true;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (!db_is_null(r, 0, COL_DONE)) {
		desk_work_answer(w, db_text(r, 0, COL_DONE));
		return;
	}
	c = connector_of(desk_work_conf(w), db_text(r, 0, COL_PLATFORM), db_text(r, 0, COL_SERVER));
	body = text_dup(httpd_arena(w->r), text_trim(db_text(r, 0, COL_BODY)));
	words[0] = body;
	/* A draft is kept as it is; where nothing can be posted the second statement says why. */
	if (c != NULL && !db_bool(r, 0, COL_IS_DRAFT) && !text_is_empty(body)) {
		scratch = arena_create(LIMIT_PAGE_ARENA_BYTES);
		s = split_of(r, c, scratch);
		is_fit = split_words(httpd_arena(w->r), &s, body, words, &n, &err);
		for (size_t i = 0; is_fit && i < n; i++) {
			costs[i] = split_price(&s, words[i]);
		}
		arena_destroy(&scratch);
	}
	if (!is_fit) {
		desk_work_refuse(w, 422, text_dup(httpd_arena(w->r), text_of(err.text)));
		return;
	}
	queue_words(w, words, costs, n);
}

void reply_serve(struct work *w)
{
	bool is_new = w->route->sql == SQL_DESK_REPLY;
	struct db_params *p = db_params_create();

	if (!desk_work_params(w, p)) {
		db_params_destroy(&p);
		return;
	}
	if (!db_send(desk_work_line(w), is_new ? "desk_reply_ask" : "desk_reply_send_ask",
		     is_new ? SQL_DESK_REPLY_ASK : SQL_DESK_REPLY_SEND_ASK, &p, done_ask, w)) {
		db_params_destroy(&p);
		desk_work_refuse(w, 503, TEXT("Too many requests at once. Try it again."));
	}
}
