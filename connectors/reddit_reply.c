#include "reddit_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "reddit_session.h"
#include "reddit_thing.h"

#define LOOK_PAGES    12
#define DEEP_PAGES    9
#define LOOK_BEFORE_S 300 /* Reddit's clock may be behind ours */
#define BREAK_S       600 /* where it does not say how long */
#define REQUEST_BYTES ((size_t)16 * LIMIT_MESSAGE_BYTES)

/* ---- what is posted ---- */

static void markdown_add(struct strbuf *b, struct text t, bool *is_line_start)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool is_mark = c != '\0' && strchr("\\`*_[]<&~^|", c) != NULL;

		if (is_mark || (*is_line_start && c != '\0' && strchr("#>=+-", c) != NULL)) {
			strbuf_add_byte(b, '\\');
		}
		if (c == '\n') {
			strbuf_add_str(b, "  "); /* else lines are joined */
		}
		strbuf_add_byte(b, c);
		*is_line_start = c == '\n' || (*is_line_start && c == ' ');
	}
}

/* Plain text as Reddit's Markdown; links stay as they are. */
static struct text markdown_of(struct arena *a, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	struct posting_part part;
	bool is_line_start = true;
	size_t from = 0;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		markdown_add(&b, text_slice(t, from, part.from - from), &is_line_start);
		strbuf_add(&b, text_slice(t, part.from, part.len));
		is_line_start = false;
		from = at;
	}
	markdown_add(&b, text_slice(t, from, SIZE_MAX), &is_line_start);
	return text_dup(a, strbuf_text(&b));
}

void reddit_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		    int64_t *ret_most)
{
	struct text t = markdown_of(ctx->arena, p->text);

	*ret_length = posting_characters(t);
	*ret_most = REDDIT_TEXT_MOST;
}

static bool is_direct(const struct posting *p)
{
	return reddit_is_name(p->parent_id, '4');
}

bool reddit_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 3 * REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct strbuf url;

	if (p == NULL || p->text.len == 0 || p->key.len == 0 || !reddit_is_name(p->parent_id, 0)) {
		return err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
	}
	if (is_direct(p) != (p->visibility == MESSAGE_PRIVATE)) {
		return err_set(err, ERR_DATA,
			       "an answer to a private message would be public: answer on Reddit");
	}
	reddit_url_start(ctx, &url, "/api/comment");
	if (!reddit_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	strbuf_printf(&b, "api_type=json&thing_id=%.*s&text=", TEXT_ARG(p->parent_id));
	strbuf_add_url(&b, markdown_of(ctx->arena, p->text));
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than Reddit takes");
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/x-www-form-urlencoded");
	return true;
}

/* ---- what Reddit says to it ---- */

/* {"json": {"errors": [["RATELIMIT", "Take a break for 3 minutes", "ratelimit"]]}}: the first one. */
static bool errors_of(struct arena *a, struct text page, struct text *ret_name,
		      struct text *ret_words)
{
	struct text json, list, *slices, *parts;
	size_t n = 0, n_parts = 0;

	*ret_name = *ret_words = TEXT_NONE;
	if (jx_slice_kind(page) != '{' || !jx_member(page, TEXT("json"), &json) ||
	    jx_slice_kind(json) != '{' || !jx_member(json, TEXT("errors"), &list) ||
	    jx_slice_kind(list) != '[' || !jx_elements(a, list, &slices, &n, NULL) || n == 0) {
		return false;
	}
	if (jx_slice_kind(slices[0]) == '[' && jx_elements(a, slices[0], &parts, &n_parts, NULL)) {
		if (n_parts > 0 && !jx_slice_text(a, parts[0], ret_name)) {
			*ret_name = TEXT_NONE;
		}
		if (n_parts > 1 && !jx_slice_text(a, parts[1], ret_words)) {
			*ret_words = TEXT_NONE;
		}
	}
	return true;
}

/* "Take a break for 3 minutes before trying again." */
static int64_t break_of(struct text words)
{
	for (size_t i = 0; i < words.len; i++) {
		struct text rest = text_slice(words, i, SIZE_MAX), number, unit;
		int64_t n;

		if (rest.at[0] >= '0' && rest.at[0] <= '9' && text_cut(rest, ' ', &number, &unit) &&
		    num_parse_range(number, 1, 100000, &n)) {
			return text_starts_nocase(unit, TEXT("minute")) ? n * 60
			       : text_starts_nocase(unit, TEXT("hour")) ? n * 3600
									: n;
		}
	}
	return BREAK_S;
}

static bool refused(const struct connector_ctx *ctx, struct text name, struct text words,
		    struct err *err)
{
	char line[161];
	size_t n = 0;

	if (text_eq(name, TEXT("RATELIMIT"))) {
		return err_limited(err, wall_add(ctx->now, DUR_S(break_of(words))),
				   "Reddit wants a pause before the next comment");
	}
	if (text_find(text_lower_ascii(ctx->arena, words), TEXT("already"), 0) != SIZE_MAX) {
		return err_set(err, ERR_UNSURE, "Reddit speaks of a copy: it may be there");
	}
	words = text_clip(text_clean(ctx->arena, words.len > 0 ? words : name, NULL),
			  sizeof(line) - 1);
	for (; n < words.len; n++) {
		line[n] = (unsigned char)words.at[n] < ' ' ? ' ' : words.at[n];
	}
	return err_set(err, ERR_DATA, "Reddit refuses the reply: %.*s", (int)n, line);
}

static struct text words_of(struct arena *a, const struct response *r)
{
	struct text page, inner, words;

	if (r->status >= 300 && jx_scan(r->body, &page, NULL) && jx_slice_kind(page) == '{' &&
	    jx_member(page, TEXT("message"), &inner) && jx_slice_text(a, inner, &words)) {
		return words;
	}
	return TEXT_NONE;
}

static bool sent_read(const struct connector_ctx *ctx, const struct posting *p, struct text page,
		      struct outcome *ret)
{
	struct reddit_page list;
	struct outcome o = { 0 };
	const struct message *m;

	if (!reddit_page_read(ctx, /* is_watch= */ false, page, &o, &list, NULL) ||
	    o.n_messages != 1) {
		return false;
	}
	m = &o.messages[0];
	if (m->direction != MESSAGE_OUTBOUND ||
	    (p != NULL && !is_direct(p) && !text_eq(m->parent_id, p->parent_id))) {
		return false;
	}
	ret->sent_id = m->external_id;
	ret->sent_permalink = m->permalink;
	return true;
}

bool reddit_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, name, words;

	if (r->status == 401 && !page_is_html(r)) {
		return reddit_check(ctx, r, ret, err);
	}
	ret->rate = reddit_rate(r);
	if (r->status == 403 &&
	    !page_is_html(r)) { /* banned there, locked, private: not the account */
		return refused(ctx, TEXT("forbidden (403)"), words_of(ctx->arena, r), err);
	}
	if (!posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false, words_of(ctx->arena, r),
			   err)) {
		return false;
	}
	if (!page_scan(r, &page, NULL)) {
		return err_set(err, ERR_UNSURE,
			       "Reddit answers %d without the comment: it may have been posted",
			       r->status);
	}
	if (errors_of(ctx->arena, page, &name, &words)) {
		return refused(ctx, name, words, err);
	}
	return sent_read(ctx, q->posting, page, ret) ||
	       err_set(err, ERR_UNSURE,
		       "Reddit answers %d without the comment: it may have been posted", r->status);
}

/* ---- did it arrive? ---- */

static int64_t look_load(struct text state, struct text *ret_after)
{
	int64_t n = posting_look_load(state, LOOK_PAGES, ret_after);

	if (!reddit_is_name(*ret_after, 0)) {
		*ret_after = TEXT_NONE;
		return 0;
	}
	return n;
}

bool reddit_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct text after;
	struct strbuf b;

	if (q->posting == NULL || ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "Reddit has not said yet who we are");
	}
	(void)look_load(q->state, &after);
	if (is_direct(q->posting)) {
		reddit_url_start(ctx, &b, "/message/sent?limit=100");
	} else {
		reddit_url_start(ctx, &b, "/user/");
		strbuf_add_url(&b, ctx->own_id);
		strbuf_add_str(&b, "/comments?sort=new&limit=100");
	}
	if (after.len > 0) {
		strbuf_printf(&b, "&after=%.*s", TEXT_ARG(after));
	}
	return reddit_url_finish(ctx, &b, ret, err);
}

static struct wall look_since(const struct posting *p)
{
	return wall_is_set(p->begun_at) ? wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S))
					: (struct wall){ 0 };
}

/* Is it there, for certain, perhaps, or not? */
enum likeness { NOT_IT, PERHAPS_IT, IT };

static enum likeness is_it(const struct connector_ctx *ctx, const struct posting *p,
			   const struct message *m)
{
	bool is_same = posting_is_same(p->text, m->body) ||
		       posting_is_same(markdown_of(ctx->arena, p->text), m->body);
	bool is_place =
		is_direct(p) ? m->kind == MESSAGE_DIRECT && text_eq_nocase(m->peer_id, p->author_id)
			     : text_eq(m->parent_id, p->parent_id);

	if (!is_same || (wall_is_set(m->posted_at) && wall_before(m->posted_at, look_since(p)))) {
		return NOT_IT;
	}
	if (is_place && m->direction == MESSAGE_OUTBOUND) {
		return IT;
	}
	return is_place || (!is_direct(p) && m->parent_id.len == 0) ? PERHAPS_IT : NOT_IT;
}

bool reddit_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	struct reddit_page page;
	struct outcome o = { 0 };
	struct text body, after;
	bool is_doubtful = false, is_past;
	struct wall oldest = { 0 };
	int64_t n;

	if (p == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	n = look_load(q->state, &after);
	if (!reddit_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !reddit_page_read(ctx, /* is_watch= */ false, body, &o, &page, err)) {
		return false;
	}
	for (size_t i = 0; i < o.n_messages && ret->sent_id.len == 0; i++) { /* newest first */
		enum likeness is = is_it(ctx, p, &o.messages[i]);

		is_doubtful = is_doubtful || is == PERHAPS_IT;
		if (is == IT) {
			ret->sent_id = o.messages[i].external_id;
			ret->sent_permalink = o.messages[i].permalink;
		}
	}
	if (ret->sent_id.len > 0) {
		return true;
	}
	if (o.n_bad > 0 || is_doubtful) {
		return err_set(err, ERR_DATA,
			       "one of our own comments cannot be read: it may be this reply");
	}
	oldest = page.n > 0 ? page.items[page.n - 1].at : oldest;
	is_past = wall_is_set(oldest) && wall_before(oldest, look_since(p));
	ret->is_more = page.after.len > 0 && !text_eq(page.after, after) && !is_past;
	/* Its lists end after a thousand, whatever there is behind them. */
	if (ret->is_more ? n + 1 >= LOOK_PAGES : !is_past && n >= DEEP_PAGES) {
		return posting_look_ends(err);
	}
	ret->state = ret->is_more ? posting_look_save(ctx->arena, n + 1, page.after) : TEXT_NONE;
	return true;
}
