#include "youtube_thread.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "google.h"
#include "youtube_comment.h"
#include "youtube_reply.h"

#define VIDEOS_MOST 300 /* whose titles are known */

/* The state of a THREAD: empty (the thread itself), "r VIDEO TOKEN" (its replies), "v VIDEO" (its
 * video). */
struct climb {
	char step; /* 't', 'r', 'v'; 0: nothing is to be asked */
	struct text thread, video, token;
};

static void climb_load(const struct question *q, struct climb *ret)
{
	struct text subject = q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE, step, rest;

	*ret = (struct climb){ 0 };
	if (text_starts(subject, YOUTUBE_VIDEO)) {
		ret->video = text_slice(subject, YOUTUBE_VIDEO.len, SIZE_MAX);
		ret->step = youtube_is_id(ret->video) ? 'v' : 0;
		return;
	}
	if (!youtube_id_cut(subject, &ret->thread)) {
		return;
	}
	ret->step = 't';
	if (text_cut(q->state, ' ', &step, &rest)) {
		(void)text_cut(rest, ' ', &ret->video, &ret->token);
		if (text_eq(step, TEXT("r")) &&
		    (youtube_is_id(ret->video) || ret->video.len == 0)) {
			ret->step = 'r';
		} else if (text_eq(step, TEXT("v")) && youtube_is_id(ret->video)) {
			ret->step = 'v';
		}
	}
}

bool youtube_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct strbuf b;
	struct climb c;

	climb_load(q, &c);
	switch (c.step) {
	case 't':
		youtube_url_start(ctx, &b, "commentThreads?part=snippet,replies" YOUTUBE_PLAIN);
		youtube_url_add(&b, "id", c.thread);
		break;
	case 'r':
		youtube_url_start(ctx, &b, "comments?part=snippet" YOUTUBE_PLAIN);
		youtube_url_add(&b, "parentId", c.thread);
		strbuf_printf(&b, "&maxResults=%d", page_size(q, YOUTUBE_PAGE_MOST));
		if (c.token.len > 0) {
			youtube_url_add(&b, "pageToken", c.token);
		}
		break;
	case 'v':
		youtube_url_start(ctx, &b, "videos?part=snippet");
		youtube_url_add(&b, "id", c.video);
		break;
	default: return true;
	}
	return google_url_finish(ctx, &b, ret, err);
}

/* Videos that we have as messages: {"videos": ["id", …]}, the newest last. */
static bool video_is_known(const struct connector_ctx *ctx, struct text id)
{
	return text_find(ctx->facts, text_printf(ctx->arena, "\"%.*s\"", TEXT_ARG(id)), 0) !=
	       SIZE_MAX;
}

static void video_learn(const struct connector_ctx *ctx, struct text id, struct outcome *ret)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_FACTS_BYTES };
	struct jx_doc *doc = NULL;
	struct jx list = { 0 }, v;
	struct text one;

	if (ctx->facts.len > 0 && jx_parse(ctx->arena, ctx->facts, &v, &doc, NULL)) {
		list = jx_get(v, "videos");
	}
	strbuf_add_str(&b, "{\"videos\":[");
	for (size_t i = 0; i < jx_len(list); i++) {
		if (i + VIDEOS_MOST > jx_len(list) &&
		    jx_as_text(ctx->arena, jx_at(list, i), &one) && youtube_is_id(one) &&
		    !text_eq(one, id)) {
			strbuf_printf(&b, "\"%.*s\",", TEXT_ARG(one));
		}
	}
	strbuf_printf(&b, "\"%.*s\"]}", TEXT_ARG(id));
	jx_release(&doc);
	ret->facts = b.is_full ? TEXT_NONE : text_dup(ctx->arena, strbuf_text(&b));
}

/* A top-level comment that is read by its id does not say whether it is held back; what we had of
 * it is better. */
static void known_drop(const struct question *q, struct outcome *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		if (!text_eq(o->messages[i].external_id, q->subjects[0])) {
			o->messages[kept++] = o->messages[i];
		}
	}
	o->n_messages = kept;
}

bool youtube_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct youtube_page page = { 0 };
	struct text body;
	struct climb c;

	climb_load(q, &c);
	if (c.step == 0 || (youtube_is_out_of_reach(r) && c.step != 'r')) {
		return true;
	}
	if (!youtube_is_out_of_reach(r) &&
	    (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	     !youtube_page_read(ctx, body, ret, &page, err))) {
		return false;
	}
	if (c.step == 'v') {
		video_learn(ctx, c.video, ret); /* also one that is private: it is asked for once */
		return true;
	}
	if (c.step == 't') {
		c.video = page.video;
		known_drop(q, ret);
	}
	if ((c.step == 't' && page.n_more > 0) ||
	    (c.step == 'r' && page.next.len > 0 &&
	     !google_is_circle(page.next, c.token, TEXT_NONE))) {
		ret->state = text_printf(ctx->arena, "r %.*s %.*s", TEXT_ARG(c.video),
					 TEXT_ARG(page.next));
	} else if (c.video.len > 0 && !video_is_known(ctx, c.video)) {
		ret->state = text_printf(ctx->arena, "v %.*s", TEXT_ARG(c.video));
	}
	ret->is_more = ret->state.len > 0;
	return true;
}
