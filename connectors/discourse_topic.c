#include "discourse_topic.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "discourse_post.h"

#define A_CHUNK       20
#define STREAM_MOST   400
#define LOOK_BEFORE_S 300 /* the forum's clock may be behind ours */
#define REQUEST_BYTES ((size_t)16 * LIMIT_MESSAGE_BYTES)

/* ---- reading a topic ---- */

/* Whose topic: a thread's subject, or what a reply answers. */
static bool place_of(const struct question *q, struct discourse_place *ret, struct err *err)
{
	struct text id = q->posting != NULL  ? q->posting->parent_id
			 : q->n_subjects > 0 ? q->subjects[0]
					     : TEXT_NONE;

	return discourse_place_parse(id, ret) ||
	       err_set(err, ERR_DATA, "this id names no post of a topic");
}

/* The state: ids that are still to be read. */
static size_t rest_load(struct arena *a, struct text state, int64_t **ret)
{
	struct text value, *slices;
	size_t n, n_good = 0;

	*ret = NULL;
	if (state.len == 0 || !jx_scan(state, &value, NULL) ||
	    !jx_elements(a, value, &slices, &n, NULL)) {
		return 0;
	}
	*ret = ARENA_ARRAY(a, int64_t, n);
	for (size_t i = 0; i < n; i++) {
		n_good += num_parse_range(slices[i], 1, INT64_MAX, &(*ret)[n_good]);
	}
	return n_good;
}

static struct text rest_save(struct arena *a, const int64_t *ids, size_t n)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	if (n == 0) {
		return TEXT_NONE;
	}
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(&b, "%c%lld", i == 0 ? '[' : ',', (long long)ids[i]);
	}
	strbuf_add_byte(&b, ']');
	return text_dup(a, strbuf_text(&b));
}

static size_t chunk_of(const struct question *q, size_t n)
{
	size_t most = (size_t)page_size(q, A_CHUNK);

	return n < most ? n : most;
}

bool discourse_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err)
{
	struct discourse_place p;
	struct strbuf b;
	int64_t *ids;
	size_t n;

	if (!place_of(q, &p, err)) {
		return false;
	}
	discourse_url_start(ctx, &b, "/t/");
	strbuf_printf(&b, "%lld", (long long)p.topic);
	n = rest_load(ctx->arena, q->state, &ids);
	if (n == 0) {
		strbuf_add_str(&b, ".json?include_raw=true");
	} else {
		strbuf_add_str(&b, "/posts.json?include_raw=true");
		for (size_t i = 0; i < chunk_of(q, n); i++) {
			strbuf_printf(&b, "&post_ids[]=%lld", (long long)ids[i]);
		}
	}
	return discourse_url_finish(ctx, &b, ret, err);
}

/* The ids of the stream that this answer did not bring, the newest of them. False: some cannot be read. */
static bool stream_rest(struct arena *a, struct text stream_of, const struct discourse_item *items,
			size_t n_items, int64_t **ret, size_t *ret_n)
{
	struct text list, *slices;
	bool is_whole = true;
	size_t n, from;
	int64_t id;

	*ret = NULL;
	*ret_n = 0;
	if (!jx_member(stream_of, TEXT("stream"), &list) ||
	    !jx_elements(a, list, &slices, &n, NULL)) {
		return false;
	}
	from = n > STREAM_MOST ? n - STREAM_MOST : 0;
	*ret = ARENA_ARRAY(a, int64_t, n);
	for (size_t i = from; i < n; i++) {
		bool is_here = !num_parse_range(slices[i], 1, INT64_MAX, &id);

		is_whole = is_whole && !is_here;
		for (size_t k = 0; k < n_items && !is_here; k++) {
			is_here = items[k].id == id;
		}
		if (!is_here) {
			(*ret)[(*ret_n)++] = id;
		}
	}
	return is_whole;
}

/* Reads a topic, or a part of one; gives what is left of it. */
static bool topic_read(const struct connector_ctx *ctx, const struct question *q,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct discourse_list list = { 0 };
	struct discourse_item *items;
	struct text page, inner, stream, posts, *slices;
	struct discourse_place p = { 0 };
	int64_t *ids;
	size_t n, n_left, n_asked;

	if (!page_scan(r, &page, err)) {
		return false;
	}
	(void)place_of(q, &p, NULL); /* a recording may come without */
	list.is_private = p.is_private;
	if (jx_slice_kind(page) != '{' || !jx_member(page, TEXT("post_stream"), &stream) ||
	    !jx_member(stream, TEXT("posts"), &posts) ||
	    !jx_elements(ctx->arena, posts, &slices, &n, NULL)) {
		return err_set(err, ERR_DATA, "the answer is no topic");
	}
	if (jx_member(page, TEXT("title"), &inner)) {
		(void)jx_slice_text(ctx->arena, inner, &list.title); /* none: no title */
	}
	items = ARENA_ARRAY(ctx->arena, struct discourse_item, n);
	for (size_t i = 0; i < n; i++) {
		discourse_post_add(ctx, &list, slices[i], ret, &items[i]);
	}
	n_left = rest_load(ctx->arena, q->state, &ids);
	if (n_left > 0) {
		n_asked = chunk_of(q, n_left);
		ids += n_asked;
		n_left -= n_asked;
	} else if (!stream_rest(ctx->arena, stream, items, n, &ids, &n_left) &&
		   q->posting != NULL) {
		return err_set(err, ERR_DATA,
			       "the topic does not say which posts it has: the reply may be there");
	}
	ret->state = rest_save(ctx->arena, ids, n_left);
	ret->is_more = n_left > 0;
	return true;
}

bool discourse_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err)
{
	if (r->status == 404 || r->status == 410) {
		if (q->state.len == 0 && q->n_subjects > 0) {
			outcome_add_gone(ctx->arena, ret, q->subjects[0]);
		}
		return true;
	}
	if (r->status == 403 && !page_is_html(r)) {
		return true; /* not for our eyes any more; whether the key is good, the sources say */
	}
	return discourse_check(ctx, r, err) && topic_read(ctx, q, r, ret, err);
}

/* ---- one post again ---- */

bool discourse_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			   struct request *ret, struct err *err)
{
	struct discourse_place p;
	struct strbuf b;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.number == 1) { /* only the topic knows its title */
		discourse_url_start(ctx, &b, "/t/");
		strbuf_printf(&b, "%lld.json", (long long)p.topic);
	} else {
		discourse_url_start(ctx, &b, "/posts/by_number/");
		strbuf_printf(&b, "%lld/%lld.json", (long long)p.topic, (long long)p.number);
	}
	return discourse_url_finish(ctx, &b, ret, err);
}

bool discourse_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			      const struct response *r, struct outcome *ret, struct err *err)
{
	struct discourse_list list = { 0 };
	struct discourse_place p = { 0 };
	struct discourse_item item;
	struct text page;

	(void)place_of(q, &p, NULL); /* a recording may come without */
	if (r->status == 404 || r->status == 410 || r->status == 403 || p.number == 1) {
		if (!discourse_thread_digest(ctx, q, r, ret, err)) {
			return false;
		}
		ret->state = TEXT_NONE;
		ret->is_more = false;
		return true;
	}
	if (!discourse_check(ctx, r, err) || !page_scan(r, &page, err)) {
		return false;
	}
	list.is_private = p.is_private;
	discourse_post_add(ctx, &list, page, ret, &item);
	return true;
}

/* ---- posting ---- */

static void markdown_add(struct strbuf *b, struct text t, bool *is_line_start)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool is_mark = strchr("\\`*_[]<&|~", c) != NULL && c != '\0';

		if (is_mark || (*is_line_start && (c == '#' || c == '>' || c == '='))) {
			strbuf_add_byte(b, '\\');
		}
		strbuf_add_byte(b, c);
		*is_line_start = c == '\n' || (*is_line_start && c == ' ');
	}
}

/* Plain text as Markdown; links and names stay as they are. */
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

void discourse_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most)
{
	*ret_length = posting_characters(markdown_of(ctx->arena, p->text));
	*ret_most = DISCOURSE_TEXT_MOST;
}

bool discourse_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	struct discourse_place p;
	struct strbuf url;

	if (q->posting == NULL || q->posting->text.len == 0 || !place_of(q, &p, NULL)) {
		return err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
	}
	strbuf_printf(&b, "{\"topic_id\":%lld,", (long long)p.topic);
	if (p.number > 1) {
		strbuf_printf(&b, "\"reply_to_post_number\":%lld,", (long long)p.number);
	}
	strbuf_add_str(&b, "\"raw\":");
	strbuf_add_json(&b, markdown_of(ctx->arena, q->posting->text));
	strbuf_add_byte(&b, '}');
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than any forum takes");
	}
	discourse_url_start(ctx, &url, "/posts.json");
	if (!discourse_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

/* The post in the answer, if it stands in the topic that we sent it to and is ours. */
static bool sent_read(const struct connector_ctx *ctx, const struct question *q, struct text page,
		      struct outcome *ret)
{
	struct discourse_list list = { 0 };
	struct discourse_place to, is;
	struct discourse_item item;
	struct outcome o = { 0 };

	if (!place_of(q, &to, NULL)) {
		return false;
	}
	list.is_private = to.is_private;
	discourse_post_add(ctx, &list, page, &o, &item);
	if (o.n_messages != 1 || !page_is_ours(ctx, o.messages[0].author_id) ||
	    !discourse_place_parse(o.messages[0].external_id, &is) || is.topic != to.topic) {
		return false;
	}
	ret->sent_id = o.messages[0].external_id;
	ret->sent_permalink = o.messages[0].permalink;
	return true;
}

static bool is_held(struct arena *a, struct text page)
{
	struct text inner, action;

	return jx_member(page, TEXT("action"), &inner) && jx_slice_text(a, inner, &action) &&
	       text_eq(action, TEXT("enqueued"));
}

bool discourse_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct discourse_refusal why;
	struct response as = *r;
	struct text page;

	discourse_refusal_read(ctx->arena, r, &why);
	if (r->status == 429 && text_eq(why.type, TEXT("rate_limit"))) {
		struct wall until = why.wait_s > 0 ? wall_add(ctx->now, DUR_S(why.wait_s))
						   : page_not_before(ctx, r, &ret->rate);

		return err_limited(err, until, "the forum takes no more posts for now (429)");
	}
	if (r->status == 422 && text_find(why.words, TEXT("similar"), 0) != SIZE_MAX) {
		return err_set(err, ERR_UNSURE,
			       "the forum says that we posted something like it lately (422): a "
			       "copy may be there");
	}
	if (r->status == 422 && why.words.len == 0) {
		return err_set(
			err, ERR_UNSURE,
			"something in the forum's place refuses (422): it may have been posted");
	}
	if (r->status == 403 && why.words.len > 0) {
		as.status = 422; /* a closed topic says the same as a revoked key */
	}
	if (!posting_check(ctx, &as, &ret->rate, /* is_429_unsent= */ false, why.words, err)) {
		return false;
	}
	if (page_scan(r, &page, NULL) && jx_slice_kind(page) == '{') {
		if (is_held(ctx->arena, page)) {
			return err_set(err, ERR_DATA,
				       "the forum holds the reply until a moderator approves it: "
				       "do not send it again, it is seen here when it is shown");
		}
		if (sent_read(ctx, q, page, ret)) {
			return true;
		}
	}
	return err_set(err, ERR_UNSURE,
		       "the forum answers %d without the post: it may have been posted", r->status);
}

/* ---- did it arrive? ---- */

enum likeness { OTHER_POST, SAME_POST, SAME_WORDS_ELSEWHERE };

/* Is it what we posted? The same words of ours that do not say what they answer may be it. */
static enum likeness likeness_of(const struct connector_ctx *ctx, const struct posting *p,
				 const struct message *m)
{
	bool is_ours =
		page_is_ours(ctx, m->author_id) ||
		(ctx->own_handle.len > 0 && text_eq_nocase(m->author_handle, ctx->own_handle));
	struct text inner, raw = TEXT_NONE;
	int64_t above;

	if (!is_ours || (wall_is_set(m->posted_at) && wall_is_set(p->begun_at) &&
			 wall_before(m->posted_at, wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S))))) {
		return OTHER_POST;
	}
	if (jx_member(m->raw, TEXT("raw"), &inner)) {
		(void)jx_slice_text(ctx->arena, inner, &raw); /* none: the words must do */
	}
	if (!posting_is_same(markdown_of(ctx->arena, p->text), raw) &&
	    !posting_is_same(p->text, m->body)) {
		return OTHER_POST;
	}
	if (text_eq(m->parent_id, p->parent_id)) {
		return SAME_POST;
	}
	return jx_member(m->raw, TEXT("reply_to_post_number"), &inner) &&
			       num_parse_range(inner, 1, INT64_MAX, &above)
		       ? OTHER_POST
		       : SAME_WORDS_ELSEWHERE;
}

bool discourse_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err)
{
	struct outcome o = { 0 };
	struct wall latest = { 0 };
	size_t n_doubtful = 0;

	if (q->posting == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (r->status == 404 || r->status == 410) {
		return true; /* the topic is gone, and what we posted with it */
	}
	if (!discourse_check(ctx, r, err) || !topic_read(ctx, q, r, &o, err)) {
		return false;
	}
	if (o.n_bad > 0) {
		return err_set(err, ERR_DATA,
			       "a post of this topic cannot be read: it may be this reply");
	}
	for (size_t i = 0; i < o.n_messages; i++) {
		const struct message *m = &o.messages[i];
		enum likeness like = likeness_of(ctx, q->posting, m);

		n_doubtful += like == SAME_WORDS_ELSEWHERE;
		if (like == SAME_POST &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
	if (ret->sent_id.len == 0 && n_doubtful > 0) {
		return err_set(
			err, ERR_DATA,
			"a post of ours with these words does not say what it answers: it may "
			"be this reply");
	}
	if (ret->sent_id.len == 0) {
		ret->is_more = o.is_more;
		ret->state = o.state;
	}
	return true;
}
