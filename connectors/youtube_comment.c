#include "youtube_comment.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "google.h"

#define ID_BYTES 64

/* What the thread says of its comments. */
struct thread {
	struct text video, post;
};

struct reading {
	const struct connector_ctx *ctx;
	struct outcome *out;
	struct youtube_page *page;
};

bool youtube_is_id(struct text id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_')) {
			return false;
		}
	}
	return id.len > 0 && id.len <= ID_BYTES;
}

bool youtube_id_cut(struct text id, struct text *ret_thread)
{
	struct text thread, reply;
	bool is_reply = text_cut(id, '.', &thread, &reply);

	if (!youtube_is_id(thread) || (is_reply && !youtube_is_id(reply))) {
		return false;
	}
	*ret_thread = thread;
	return true;
}

bool youtube_is_reply_id(struct text id)
{
	struct text thread;

	return youtube_id_cut(id, &thread) && thread.len < id.len;
}

bool youtube_is_out_of_reach(const struct response *r)
{
	return google_is_missing(r) ||
	       (r->status == 403 && google_says(r, TEXT("commentsDisabled")));
}

/* ---- fields ---- */

static struct text id_read(struct arena *a, struct jx v, const char *name)
{
	struct text id = jx_text_or(a, v, name, TEXT_NONE);

	return youtube_is_id(id) ? id : TEXT_NONE;
}

/* "@ann" is a handle; older names are not, then the address of the channel may have it. */
static struct text handle_read(struct arena *a, struct jx v, struct text name)
{
	struct text at = jx_text_or(a, v, "authorChannelUrl", TEXT_NONE);
	size_t from = text_find(at, TEXT("/@"), 0);

	if (text_starts(name, TEXT("@"))) {
		return text_slice(name, 1, SIZE_MAX);
	}
	return from != SIZE_MAX ? text_slice(at, from + 2, SIZE_MAX) : name;
}

static void author_read(const struct connector_ctx *ctx, struct jx v, struct message *m)
{
	struct arena *a = ctx->arena;
	struct text name = text_trim(jx_text_or(a, v, "authorDisplayName", TEXT_NONE));

	m->author_name = text_clip(name, LIMIT_NAME_BYTES);
	m->author_handle = text_clip(handle_read(a, v, name), LIMIT_NAME_BYTES);
	m->author_id = id_read(a, jx_get(v, "authorChannelId"), "value");
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (m->author_id.len == 0) {
		m->author_id = text_printf(a, "anonymous:%.*s", TEXT_ARG(m->author_name));
	}
}

static void times_read(struct arena *a, struct jx v, struct message *m)
{
	struct wall updated = page_wall_or_none(a, v, "updatedAt");

	m->posted_at = page_wall_or_none(a, v, "publishedAt");
	if (wall_is_set(m->posted_at) && wall_before(m->posted_at, updated)) {
		m->edited_at = updated;
	}
}

/* Released, a comment keeps its times, so the state is a part of its revision. */
void youtube_hold(struct arena *a, struct message *m, struct text why)
{
	m->warning = why;
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(text_hash(TEXT_HASH_SEED, m->warning), m->body));
}

static void status_read(struct arena *a, struct jx v, struct message *m)
{
	struct text status = jx_text_or(a, v, "moderationStatus", TEXT_NONE);

	youtube_hold(a, m,
		     text_eq(status, TEXT("heldForReview")) ? TEXT("awaiting moderation")
		     : text_eq(status, TEXT("likelySpam"))
			     ? TEXT("held back: YouTube takes it for spam")
			     : TEXT_NONE);
}

/* Ours, or nobody says whose. */
static bool is_on_ours(const struct connector_ctx *ctx, struct jx v)
{
	struct text channel = id_read(ctx->arena, v, "channelId");

	return channel.len == 0 || ctx->own_id.len == 0 || page_is_ours(ctx, channel);
}

static void place_read(const struct connector_ctx *ctx, struct jx v, const struct thread *t,
		       struct text thread, struct message *m)
{
	struct arena *a = ctx->arena;
	struct text video = id_read(a, v, "videoId");

	video = video.len > 0 ? video : t->video;
	if (video.len > 0) {
		m->permalink = text_printf(a, "https://www.youtube.com/watch?v=%.*s&lc=%.*s",
					   TEXT_ARG(video), TEXT_ARG(m->external_id));
	}
	if (thread.len < m->external_id.len) {
		m->kind = MESSAGE_REPLY;
		m->parent_id = thread;
	} else {
		m->kind = MESSAGE_COMMENT;
		/* Nothing says what a community post is about, so it is nobody's parent. */
		m->parent_id =
			video.len > 0 ? text_printf(a, "video:%.*s", TEXT_ARG(video)) : TEXT_NONE;
	}
	m->is_named = m->direction == MESSAGE_INBOUND &&
		      ((m->kind == MESSAGE_COMMENT && is_on_ours(ctx, v)) ||
		       (ctx->own_handle.len > 0 && posting_names(m->body, ctx->own_handle)));
}

/* ---- elements ---- */

static bool comment_read(const struct connector_ctx *ctx, struct jx element, const struct thread *t,
			 struct message *m, struct err *err)
{
	struct arena *a = ctx->arena;
	struct jx v = jx_get(element, "snippet");
	struct text original, thread;

	m->external_id = jx_text_or(a, element, "id", TEXT_NONE);
	if (!youtube_id_cut(m->external_id, &thread)) {
		m->external_id = TEXT_NONE;
		return err_set(err, ERR_DATA, "it has no id of a comment");
	}
	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it has no snippet");
	}
	author_read(ctx, v, m);
	times_read(a, v, m);
	/* As it was written, where we may see that; else as it is shown, which we ask for without markup. */
	original = jx_text_or(a, v, "textOriginal", TEXT_NONE);
	m->body =
		text_clip(original.len > 0 ? original : jx_text_or(a, v, "textDisplay", TEXT_NONE),
			  LIMIT_MESSAGE_BYTES);
	status_read(a, v, m);
	place_read(ctx, v, t, thread, m);
	return true;
}

static bool video_read(const struct connector_ctx *ctx, struct jx element, struct message *m,
		       struct err *err)
{
	struct arena *a = ctx->arena;
	struct text id = id_read(a, element, "id");
	struct jx v = jx_get(element, "snippet");

	if (id.len == 0 || !jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it has no id, or no snippet");
	}
	m->external_id = text_printf(a, "video:%.*s", TEXT_ARG(id));
	m->kind = MESSAGE_POST;
	m->author_id = id_read(a, v, "channelId");
	m->author_name = text_clip(jx_text_or(a, v, "channelTitle", TEXT_NONE), LIMIT_NAME_BYTES);
	m->author_handle = m->author_name;
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (m->author_id.len == 0) {
		return err_set(err, ERR_DATA, "it is nobody's");
	}
	m->posted_at = page_wall_or_none(a, v, "publishedAt");
	m->warning = text_clip(text_trim(jx_text_or(a, v, "title", TEXT_NONE)), LIMIT_NAME_BYTES);
	m->body = text_clip(text_trim(jx_text_or(a, v, "description", TEXT_NONE)),
			    LIMIT_MESSAGE_BYTES);
	if (m->body.len == 0) {
		m->body = m->warning;
		m->warning = TEXT_NONE;
	}
	m->language = posting_language(jx_text_or(a, v, "defaultLanguage", TEXT_NONE));
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(text_hash(TEXT_HASH_SEED, m->warning), m->body));
	m->permalink = text_printf(a, "https://www.youtube.com/watch?v=%.*s", TEXT_ARG(id));
	return true;
}

static bool is_rejected(struct arena *a, struct jx element)
{
	return text_eq(jx_text_or(a, jx_get(element, "snippet"), "moderationStatus", TEXT_NONE),
		       TEXT("rejected"));
}

static struct text slice_id(struct arena *a, struct text object, const char *name)
{
	struct text inner, id;

	return jx_member(object, text_of(name), &inner) && jx_slice_text(a, inner, &id) &&
			       youtube_is_id(id)
		       ? id
		       : TEXT_NONE;
}

/* Of an element that cannot be read: its id, where that can. */
static struct text lost_id(struct arena *a, struct text slice)
{
	struct text inner, id, thread;

	return jx_slice_kind(slice) == '{' && jx_member(slice, TEXT("id"), &inner) &&
			       jx_slice_text(a, inner, &id) && youtube_id_cut(id, &thread)
		       ? id
		       : TEXT_NONE;
}

/* A comment or a video, by what it calls itself. */
static void element_add(struct reading *r, struct text slice, const struct thread *t, bool is_top)
{
	struct message m = { .raw = slice };
	struct arena *a = r->ctx->arena;
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	bool is_read;
	struct text kind;
	struct jx v;

	is_read = jx_parse(a, slice, &v, &doc, &err);
	kind = is_read ? jx_text_or(a, v, "kind", TEXT_NONE) : TEXT_NONE;
	if (is_read && !jx_is_object(v)) {
		is_read = err_set(&err, ERR_DATA, "it is no object");
	} else if (is_read && text_eq(kind, TEXT("youtube#video"))) {
		is_read = video_read(r->ctx, v, &m, &err);
	} else if (is_read && kind.len > 0 && !text_eq(kind, TEXT("youtube#comment"))) {
		is_read = err_set(&err, ERR_DATA, "it is neither a comment nor a video");
	} else if (is_read) {
		is_read = comment_read(r->ctx, v, t, &m, &err);
	}
	if (!is_read) {
		outcome_add_bad(a, r->out, slice, lost_id(a, slice), err.text);
	} else if (is_rejected(a, v)) {
		outcome_add_gone(a, r->out, m.external_id);
	} else {
		*outcome_add_message(a, r->out) = m;
	}
	if (is_top && wall_is_set(m.posted_at)) {
		struct youtube_page *p = r->page;

		p->latest = wall_before(p->latest, m.posted_at) ? m.posted_at : p->latest;
		p->oldest = !wall_is_set(p->oldest) || wall_before(m.posted_at, p->oldest)
				    ? m.posted_at
				    : p->oldest;
	}
	jx_release(&doc);
}

/* How many replies the page shows of this thread, each as a message. */
static size_t replies_add(struct reading *r, struct text slice, const struct thread *t)
{
	struct text replies, list, *slices;
	size_t n = 0;

	if (!jx_member(slice, TEXT("replies"), &replies) || jx_slice_kind(replies) != '{' ||
	    !jx_member(replies, TEXT("comments"), &list) ||
	    !jx_elements(r->ctx->arena, list, &slices, &n, NULL)) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		element_add(r, slices[i], t, /* is_top= */ false);
	}
	return n;
}

static void thread_add(struct reading *r, struct text slice, struct text snippet, struct text top)
{
	struct arena *a = r->ctx->arena;
	struct youtube_page *p = r->page;
	struct text number, id = slice_id(a, top, "id");
	struct thread t = { .video = slice_id(a, snippet, "videoId") };
	int64_t total = 0;
	size_t shown;

	element_add(r, top, &t, /* is_top= */ true);
	shown = replies_add(r, slice, &t);
	p->video = t.video;
	if (jx_member(snippet, TEXT("totalReplyCount"), &number) &&
	    num_parse_range(number, 0, INT32_MAX, &total) && id.len > 0 && total > (int64_t)shown &&
	    p->n_more < p->n) {
		p->more[p->n_more++] = (struct youtube_count){ id, total };
	}
}

/* A thread is cut open first: a comment in it that cannot be read costs only itself. */
static void slice_add(struct reading *r, struct text slice)
{
	struct thread none = { 0 };
	struct text snippet, top;

	if (jx_slice_kind(slice) == '{' && jx_member(slice, TEXT("snippet"), &snippet) &&
	    jx_slice_kind(snippet) == '{' && jx_member(snippet, TEXT("topLevelComment"), &top)) {
		thread_add(r, slice, snippet, top);
	} else {
		element_add(r, slice, &none, /* is_top= */ false);
	}
}

bool youtube_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct youtube_page *ret, struct err *err)
{
	struct reading r = { .ctx = ctx, .out = out, .page = ret };
	struct text *slices = &page, list, inner;

	*ret = (struct youtube_page){ .n = 1 };
	if (jx_slice_kind(page) != '{') {
		return err_set(err, ERR_DATA, "the answer is no list of comments");
	}
	ret->next = google_page_token(ctx->arena, page);
	if (jx_member(page, TEXT("items"), &list)) {
		if (!jx_elements(ctx->arena, list, &slices, &ret->n, err)) {
			return false;
		}
	} else if (jx_member(page, TEXT("snippet"), &inner)) {
		ret->n = 1; /* one alone */
	} else if (jx_member(page, TEXT("pageInfo"), &inner)) {
		ret->n = 0; /* an empty list may have no items */
	} else {
		return err_set(err, ERR_DATA, "the answer is no list of comments");
	}
	ret->more = ARENA_ARRAY(ctx->arena, struct youtube_count, ret->n);
	for (size_t i = 0; i < ret->n; i++) {
		slice_add(&r, slices[i]);
	}
	return true;
}
