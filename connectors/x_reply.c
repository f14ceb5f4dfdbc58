#include "x_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "x_post.h"
#include "x_session.h"

#define LOOK_PAGES          10
#define LOOK_BEFORE_S       300 /* X's clock may be behind ours */
#define REQUEST_BYTES       ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define TOKEN_BYTES         1024
#define OWN_PRICE           5000 /* of what a look reads */
#define DIRECT_PRICE        10000
#define DIRECT_POST_PRICE   15000
#define LINK_POST_PRICE     200000
#define SUMMONED_POST_PRICE 10000

/* ---- what is posted ---- */

static bool is_direct(const struct posting *p)
{
	return p->visibility == MESSAGE_PRIVATE || text_starts(p->parent_id, X_DIRECT);
}

void x_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
	       int64_t *ret_most)
{
	(void)ctx;
	if (is_direct(p)) {
		*ret_length = 0;
		for (size_t i = 0; i < p->text.len; i++) {
			*ret_length += ((unsigned char)p->text.at[i] & 0xc0) != 0x80;
		}
		*ret_most = X_DIRECT_MOST;
		return;
	}
	*ret_length = posting_weight(p->text); /* the names that X adds do not count */
	*ret_most = X_POST_MOST;
}

static bool has_link(struct text t)
{
	struct posting_part part;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		if (part.kind == POSTING_LINK) {
			return true;
		}
	}
	return posting_has_bare_host(t);
}

/* X's sheet has a price for a post with a link and one for an answer to who summoned us, and does not say which holds for both: the dearer. */
int64_t x_post_price(const struct connector_ctx *ctx, const struct posting *p)
{
	(void)ctx;
	return is_direct(p)        ? DIRECT_POST_PRICE
	       : has_link(p->text) ? LINK_POST_PRICE
				   : SUMMONED_POST_PRICE;
}

/* "12-77", or a group's number. */
static bool is_conversation(struct text id)
{
	struct text one, two;

	return text_cut(id, '-', &one, &two) ? x_is_number(one) && x_is_number(two)
					     : x_is_number(id);
}

/* "$ACME": X takes one in a post. */
static int cashtags(struct text t)
{
	int n = 0;

	for (size_t i = 0; i + 1 < t.len; i++) {
		char c = (char)(t.at[i + 1] | 0x20);

		n += t.at[i] == '$' && c >= 'a' && c <= 'z' &&
		     (i == 0 || (unsigned char)t.at[i - 1] <= ' ');
	}
	return n;
}

/* The version that the customer reads now: an answer to an older one hangs there. */
static struct text parent_of(const struct posting *p)
{
	return x_is_number(p->parent_revision) ? p->parent_revision : p->parent_id;
}

static bool ask_direct(const struct connector_ctx *ctx, const struct posting *p, struct strbuf *b,
		       struct strbuf *url, struct err *err)
{
	if (!is_conversation(p->thread_id)) {
		return err_set(
			err, ERR_DATA,
			"nobody knows any more which conversation this is: answer in X's own "
			"app");
	}
	x_url_start(ctx, url, "/2/dm_conversations/");
	strbuf_add_url(url, p->thread_id);
	strbuf_add_str(url, "/messages");
	strbuf_add_str(b, "{\"text\":");
	strbuf_add_json(b, p->text);
	strbuf_add_byte(b, '}');
	return true;
}

static bool ask_post(const struct connector_ctx *ctx, const struct posting *p, struct strbuf *b,
		     struct strbuf *url, struct err *err)
{
	if (!x_is_number(p->parent_id)) {
		return err_set(err, ERR_DATA, "there is no post to answer");
	}
	if (cashtags(p->text) > 1) {
		return err_set(err, ERR_DATA,
			       "X takes one name of a share ($ACME) in a post: leave the others "
			       "out");
	}
	x_url_start(ctx, url, "/2/tweets");
	strbuf_printf(b, "{\"reply\":{\"in_reply_to_tweet_id\":\"%.*s\"},\"text\":",
		      TEXT_ARG(parent_of(p)));
	strbuf_add_json(b, p->text);
	strbuf_add_byte(b, '}');
	return true;
}

bool x_reply_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		 struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct strbuf url;

	if (p == NULL || p->text.len == 0 || p->key.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post");
	}
	if (is_direct(p) ? !ask_direct(ctx, p, &b, &url, err) : !ask_post(ctx, p, &b, &url, err)) {
		return false;
	}
	if (b.is_full) {
		strbuf_done(&url);
		return err_set(err, ERR_DATA, "the reply is longer than X takes");
	}
	if (!x_url_finish(ctx, &url, HTTP_POST, p->key, ret, err)) {
		return false;
	}
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

/* ---- what X says to it ---- */

/* A text without the names that X puts before an answer and without links: what stays the same on its way. */
static struct text bare_of(struct arena *a, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };
	struct posting_part part;
	size_t from = 0;
	bool is_front = true;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		struct text before = text_slice(t, from, part.from - from);

		is_front = is_front && text_trim(before).len == 0 && part.kind == POSTING_NAME;
		strbuf_add(&b, before);
		if (!is_front && part.kind == POSTING_NAME) {
			strbuf_add(&b, text_slice(t, part.from, part.len));
		}
		from = at;
	}
	strbuf_add(&b, text_slice(t, from, SIZE_MAX));
	return text_dup(a, text_trim(strbuf_text(&b)));
}

/* The same text? Names in front are X's, and links are written anew; where nothing else is left, all counts. */
static bool is_same(struct arena *a, struct text sent, struct text found)
{
	struct text ours = bare_of(a, sent);

	return posting_is_same(sent, found) ||
	       (ours.len > 0 && posting_is_same(ours, bare_of(a, found)));
}

static bool sent_read(const struct connector_ctx *ctx, const struct posting *p, struct text page,
		      struct outcome *ret)
{
	bool is_there = false;
	struct jx_doc *doc = NULL;
	struct text id, text;
	struct jx v, data;

	if (!jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		return false;
	}
	data = jx_get(v, "data");
	if (is_direct(p)) {
		id = jx_text_or(ctx->arena, data, "dm_event_id", TEXT_NONE);
		text = jx_text_or(ctx->arena, data, "dm_conversation_id", TEXT_NONE);
		is_there = x_is_number(id) && text_eq(text, p->thread_id);
		ret->sent_id =
			text_printf(ctx->arena, "%.*s%.*s", TEXT_ARG(X_DIRECT), TEXT_ARG(id));
	} else {
		id = jx_text_or(ctx->arena, data, "id", TEXT_NONE);
		text = jx_text_or(ctx->arena, data, "text", TEXT_NONE);
		is_there = x_is_number(id) && is_same(ctx->arena, p->text, text);
		ret->sent_id = id;
		ret->sent_permalink =
			text_printf(ctx->arena, "https://x.com/i/status/%.*s", TEXT_ARG(id));
	}
	jx_release(&doc);
	if (!is_there) {
		ret->sent_id = ret->sent_permalink = TEXT_NONE;
	}
	return is_there;
}

static bool is_about_a_copy(struct text words)
{
	for (size_t i = 0; i < words.len; i++) {
		if (text_starts_nocase(text_slice(words, i, SIZE_MAX), TEXT("duplicate"))) {
			return true;
		}
	}
	return false;
}

/* A 403 that is about this one reply: the author did not summon us, or restricts who may answer. */
static bool refused(const struct connector_ctx *ctx, const struct response *r, struct err *err)
{
	struct text words = x_refusal(ctx->arena, r);
	char line[161];
	size_t n = 0;

	if (is_about_a_copy(words)) {
		return err_set(err, ERR_UNSURE,
			       "X speaks of a duplicate (403): a copy may be there");
	}
	words = text_clip(text_clean(ctx->arena, words, NULL), sizeof(line) - 1);
	for (; n < words.len; n++) {
		line[n] = (unsigned char)words.at[n] < ' ' ? ' ' : words.at[n];
	}
	return err_set(err, ERR_DATA, "X refuses this reply (403): %.*s", (int)n, line);
}

bool x_reply_digest(const struct connector_ctx *ctx, const struct question *q,
		    const struct response *r, struct outcome *ret, struct err *err)
{
	static const struct posting nobodys = { 0 };
	const struct posting *p = q->posting != NULL ? q->posting : &nobodys;
	struct text page;

	/* The session, the plan or the bill: nothing was done. */
	if (x_is_broke(r) || x_is_forbidden(r) || (r->status == 401 && !page_is_html(r))) {
		return x_check(ctx, r, ret, err);
	}
	if (r->status == 403 && !page_is_html(r)) {
		ret->rate = x_rate(r);
		return refused(ctx, r, err);
	}
	if (!posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false, x_refusal(ctx->arena, r),
			   err)) {
		return false;
	}
	if (!page_scan(r, &page, NULL) || !sent_read(ctx, p, page, ret)) {
		return err_set(err, ERR_UNSURE,
			       "X answers %d without the post: it may have been posted", r->status);
	}
	return true;
}

/* ---- did it arrive? ---- */

static struct wall look_since(const struct posting *p)
{
	return wall_is_set(p->begun_at) ? wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S))
					: (struct wall){ 0 };
}

bool x_lookup_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		  struct err *err)
{
	const struct posting *p = q->posting;
	char when[WALL_TEXT_BYTES];
	struct text token;
	struct strbuf b;

	if (p == NULL || ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "X has not said yet who we are");
	}
	(void)posting_look_load(q->state, LOOK_PAGES, &token);
	x_url_start(ctx, &b, is_direct(p) ? "/2/dm_conversations/" : "/2/users/");
	strbuf_add_url(&b, is_direct(p) ? p->thread_id : ctx->own_id);
	strbuf_add_str(&b, is_direct(p) ? "/dm_events" : "/tweets");
	x_url_add(&b, "max_results", TEXT("100"));
	if (is_direct(p)) {
		x_url_add(&b, "event_types", TEXT("MessageCreate"));
		x_url_add(&b, "dm_event.fields", text_of(x_words_of(ctx)->dm_fields));
		x_url_add(&b, "expansions", TEXT("participant_ids,sender_id"));
	} else {
		x_url_add_fields(ctx, &b);
		if (wall_is_set(look_since(p))) {
			(void)wall_format(look_since(p), when);
			x_url_add(&b, "start_time", text_printf(ctx->arena, "%.19sZ", when));
		}
	}
	if (token.len > 0) {
		x_url_add(&b, "pagination_token", token);
	}
	return x_url_finish(ctx, &b, HTTP_GET, TEXT_NONE, ret, err);
}

static bool is_it(const struct connector_ctx *ctx, const struct posting *p, const struct message *m)
{
	bool is_there = is_direct(p) ? text_eq(m->thread_id, p->thread_id)
				     : text_eq(m->parent_id, p->parent_id) ||
					       text_eq(m->parent_id, parent_of(p));

	return is_there && m->direction == MESSAGE_OUTBOUND && m->kind != MESSAGE_OTHER &&
	       !(wall_is_set(m->posted_at) && wall_before(m->posted_at, look_since(p))) &&
	       is_same(ctx->arena, p->text, m->body);
}

/* Each is charged, also what is not ours. */
static void count_read(struct arena *a, const struct outcome *o, struct outcome *ret)
{
	ret->read_ids = arena_alloc(a, (o->n_messages + o->n_bad + 1) * sizeof(*ret->read_ids));
	for (size_t i = 0; i < o->n_messages; i++) {
		ret->read_ids[ret->n_read_ids++] = o->messages[i].external_id;
	}
	for (size_t i = 0; i < o->n_bad; i++) {
		ret->read_ids[ret->n_read_ids++] = o->bad[i].external_id;
	}
}

static void find(const struct connector_ctx *ctx, const struct posting *p, const struct outcome *o,
		 struct outcome *ret)
{
	struct wall latest = { 0 };

	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];

		if (is_it(ctx, p, m) &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
}

/* The same words in a list of ours, but nobody can tell by whom, or below what. */
static bool has_doubtful(const struct connector_ctx *ctx, const struct posting *p,
			 const struct outcome *o)
{
	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];
		struct text place = is_direct(p) ? m->thread_id : m->parent_id;
		bool is_place = text_eq(place, is_direct(p) ? p->thread_id : p->parent_id) ||
				(!is_direct(p) && text_eq(place, parent_of(p)));

		if ((m->direction == MESSAGE_INBOUND ? is_place : place.len == 0) &&
		    !(wall_is_set(m->posted_at) && wall_before(m->posted_at, look_since(p))) &&
		    is_same(ctx->arena, p->text, m->body)) {
			return true;
		}
	}
	return false;
}

bool x_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
		     const struct response *r, struct outcome *ret, struct err *err)
{
	const struct x_reading how = { .keeps_stale = true };
	const struct posting *p = q->posting;
	struct outcome o = { 0 };
	struct x_page page;
	struct text body, token;
	int64_t n;

	if (p == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	n = posting_look_load(q->state, LOOK_PAGES, &token);
	ret->read_price = is_direct(p) ? DIRECT_PRICE : OWN_PRICE;
	if (!x_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !x_page_read(ctx, &how, body, &o, &page, err)) {
		return false;
	}
	count_read(ctx->arena, &o, ret);
	find(ctx, p, &o, ret);
	if (ret->sent_id.len > 0) {
		return true;
	}
	if (o.n_bad > 0 || has_doubtful(ctx, p, &o)) {
		return err_set(err, ERR_DATA,
			       "one of our own posts cannot be read: it may be this reply");
	}
	ret->is_more = page.next.len > 0 && !text_eq(page.next, token) &&
		       !(wall_is_set(page.oldest) && wall_before(page.oldest, look_since(p)));
	if (ret->is_more && (n + 1 >= LOOK_PAGES || page.next.len > TOKEN_BYTES)) {
		return posting_look_ends(err);
	}
	ret->state = ret->is_more ? posting_look_save(ctx->arena, n + 1, page.next) : TEXT_NONE;
	return true;
}
