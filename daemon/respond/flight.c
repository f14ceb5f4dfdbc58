/* One reply on its way, or one look for it: from a row of the claim to a request, and its answer to outcome.c. */
#include <assert.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/url.h"
#include "daemon/base/seal.h"
#include "daemon/respond/inside.h"

#define FLIGHT_MAGIC UINT32_C(0x666c6768)
#define ARENA_BYTES  (4u * 1024 * 1024)

/* Columns of respond_claim.sql. */
enum {
	COL_WHAT,
	COL_ATTEMPT,
	COL_REPLY,
	COL_BRAND,
	COL_ACCOUNT,
	COL_BRAND_ID,
	COL_ACCOUNT_ID,
	COL_KEY,
	COL_WORDS,
	COL_BEGUN,
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
	COL_OWN_ID,
	COL_OWN_HANDLE,
	COL_FACTS,
	COL_SEALED,
	COL_WAIT,
	COL_PARENT_RAW
};

/* ---- from the row ---- */

static const struct conf_account *find_account(const struct conf *c, struct text brand,
					       struct text name)
{
	for (size_t i = 0; i < c->n_brands; i++) {
		const struct conf_brand *b = &c->brands[i];

		for (size_t k = 0; text_eq(b->name, brand) && k < b->n_accounts; k++) {
			if (text_eq(b->accounts[k].name, name)) {
				return &b->accounts[k];
			}
		}
	}
	return NULL;
}

static struct text take(struct flight *f, const struct db_result *r, int row, int col)
{
	return text_dup(f->arena, db_text(r, row, col));
}

static void read_posting(struct flight *f, const struct db_result *r, int row)
{
	f->posting = (struct posting){
		.key = take(f, r, row, COL_KEY),
		.text = take(f, r, row, COL_WORDS),
		.begun_at = { db_i64(r, row, COL_BEGUN) },
		.parent_id = take(f, r, row, COL_PARENT),
		.parent_revision = take(f, r, row, COL_PARENT_REVISION),
		.root_id = take(f, r, row, COL_ROOT),
		.root_revision = take(f, r, row, COL_ROOT_REVISION),
		.parent_raw = take(f, r, row, COL_PARENT_RAW),
		.thread_id = take(f, r, row, COL_THREAD),
		.author_id = take(f, r, row, COL_AUTHOR),
		.author_handle = take(f, r, row, COL_AUTHOR_HANDLE),
		.parent_kind = message_kind_of(db_text(r, row, COL_KIND)),
		.visibility = message_visibility_of(db_text(r, row, COL_VISIBILITY)),
		.warning = take(f, r, row, COL_WARNING),
		.language = take(f, r, row, COL_LANGUAGE),
	};
	f->own_id = take(f, r, row, COL_OWN_ID);
	f->own_handle = take(f, r, row, COL_OWN_HANDLE);
	f->facts = take(f, r, row, COL_FACTS);
}

static void set_terms(struct flight *f)
{
	struct url url;
	int64_t port;

	f->terms = (struct http_terms){ .allow_loopback = f->conf->insecure_loopback,
					.max_per_host = f->conf->max_per_host,
					.timeout = f->op == OP_REPLY ? POST_TIMEOUT : DUR_US(0) };
	if (url_parse(f->conf->server, &url) && num_parse_range(url.port, 1, 65535, &port)) {
		f->terms.allow_port = (int)port;
	}
}

struct connector_ctx flight_ctx(const struct flight *f, struct arena *arena)
{
	return (struct connector_ctx){
		.arena = arena,
		.now = loop_wall(f->respond->o.loop),
		.server = f->conf->server,
		.token = secret_reveal(&f->conf->token),
		.session = secret_reveal(&f->session),
		.facts = f->facts,
		.own_id = f->own_id,
		.own_handle = f->own_handle,
		.options = f->conf->options,
		.n_options = f->conf->n_options,
		.description = f->conf->connector->description,
	};
}

struct question flight_question(const struct flight *f)
{
	return (struct question){ .op = f->op,
				  .posting = &f->posting,
				  .state = f->state,
				  .since = wall_add(f->posting.begun_at, DUR_S(-300)) };
}

/* ---- asking ---- */

static void on_answer(const struct response *r, const struct err *err, void *owner)
{
	struct flight *f = owner;

	assert(f->magic == FLIGHT_MAGIC);
	f->transfer = NULL;
	if (r == NULL) {
		outcome_of_failure(f, err, /* is_unasked= */ false);
	} else {
		outcome_of_answer(f, r);
	}
}

/* Whoever takes over after the lease believes that nothing of ours is under way then. */
static bool lease_outlives(const struct flight *f)
{
	struct mono now = loop_mono_now(f->respond->o.loop);
	bool is_post = f->op == OP_REPLY;
	struct mono ends = mono_add(f->claimed_at, is_post ? LEASE : LOOK_LIMIT);

	return mono_before(mono_add(now, is_post ? dur_add(POST_TIMEOUT, LEASE_SPARE) : DUR_US(0)),
			   ends);
}

/* It is of the account's budget; listening yields to it. */
static void count_asked(const struct flight *f)
{
	const struct respond *r = f->respond;
	int64_t n = f->op == OP_REPLY ? f->conf->connector->can.reply_requests : 1;

	if (r->asked != NULL) {
		r->asked(r->count_owner, f->brand, f->conf->name, f->brand_id, f->account_id,
			 n > 0 ? n : 1);
	}
}

static void ask(struct flight *f, struct arena *arena)
{
	struct connector_ctx ctx = flight_ctx(f, arena);
	struct question q = flight_question(f);
	struct request request = { 0 };
	struct err err = { 0 };

	if (f->conf->connector->can.needs_session && !secret_is_set(&f->session)) {
		(void)err_set(&err, ERR_RETRY, "there is no session with the platform yet");
		outcome_of_failure(f, &err, /* is_unasked= */ true);
		return;
	}
	if (!f->conf->connector->ask(&ctx, &q, &request, &err)) {
		outcome_of_failure(f, &err, /* is_unasked= */ true);
		return;
	}
	if (text_is_empty(request.url)) {
		struct response nothing = { .status = 204, .received_at = ctx.now };

		outcome_of_answer(f, &nothing);
		return;
	}
	request.once = request.once || f->op == OP_REPLY;
	if (!lease_outlives(f)) {
		(void)err_set(&err, ERR_RETRY, "its lease was nearly over; nothing was sent");
		outcome_of_failure(f, &err, /* is_unasked= */ true);
		return;
	}
	count_asked(f);
	f->transfer = http_start(f->respond->http, &request, &f->terms, on_answer, f);
}

void flight_go(struct flight *f)
{
	struct arena *arena;

	f->is_waiting = !http_has_room(f->respond->http, f->conf->server, &f->terms);
	if (f->is_waiting) {
		return; /* the end of another flight looks again */
	}
	arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	ask(f, arena);
	arena_destroy(&arena);
}

/* Nothing is posted for a word of a newer schema. */
static enum op what_of(struct text word)
{
	return text_eq(word, TEXT("post"))   ? OP_REPLY
	       : text_eq(word, TEXT("file")) ? OP_FILE
					     : OP_LOOKUP;
}

void flight_start(struct respond *r, const struct db_result *of, int row)
{
	struct flight *f = xcalloc(1, sizeof(*f));
	struct err err = { 0 };

	f->magic = FLIGHT_MAGIC;
	f->respond = r;
	f->arena = arena_create(ARENA_BYTES);
	f->snapshot = conf_hold(r->snapshot);
	f->conf = find_account(f->snapshot, db_text(of, row, COL_BRAND),
			       db_text(of, row, COL_ACCOUNT));
	f->brand = text_dup(f->arena, db_text(of, row, COL_BRAND));
	f->op = what_of(db_text(of, row, COL_WHAT));
	f->attempt_id = db_i64(of, row, COL_ATTEMPT);
	f->reply_id = db_i64(of, row, COL_REPLY);
	f->brand_id = db_i64(of, row, COL_BRAND_ID);
	f->account_id = db_i64(of, row, COL_ACCOUNT_ID);
	f->claimed_at = r->claimed_at;
	list_init(&f->link);
	list_add_last(&r->flights, &f->link);
	r->n_flights++;
	if (f->attempt_id > r->last_attempt) {
		r->last_attempt = f->attempt_id;
	}
	read_posting(f, of, row);
	if (f->conf == NULL || r->is_stopping) {
		(void)err_set(&err, ERR_RETRY, "this worker does not post for it any more");
		outcome_of_failure(f, &err, /* is_unasked= */ true);
		return;
	}
	(void)seal_open(secret_reveal(&f->conf->token),
			seal_place_of_session(f->arena, f->account_id, f->brand_id),
			db_text(of, row, COL_SEALED), &f->session);
	set_terms(f);
	flight_go(f);
}

void flight_cancel(struct flight *f)
{
	http_cancel(&f->transfer);
}

static void bury(void *what)
{
	struct flight *f = what;

	f->magic = 0;
	secret_done(&f->session);
	arena_destroy(&f->arena);
	free(f);
}

void flight_destroy(struct flight *f)
{
	struct respond *r = f->respond;

	http_cancel(&f->transfer);
	list_remove(&f->link);
	r->n_flights--;
	conf_destroy(&f->snapshot);
	loop_bury(r->o.loop, f, bury);
}
