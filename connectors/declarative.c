/* A network that is described in a file (DECLARATIVE.md), and how such a description is lived by. What it says:
 * declarative_shape.h; its language: declarative_value.h; pages and walks: declarative_page.h. */
#include "answerd/limits.h"
#include "answerd/posting.h"
#include "declarative_page.h"

#define THREAD_MOST_PAGES 20
#define LOOK_MOST_PAGES   10

static const struct connector_option options[] = {
	{ "description",
	  "Path of the file that describes the network (connectors/DECLARATIVE.md is the guide).",
	  true },
	{ NULL, NULL, false },
};

/* Read already with the configuration, or now. */
static const struct decl *decl_of(const struct connector_ctx *ctx, struct err *err)
{
	struct text bytes = connector_option(ctx, "description");
	const struct decl *d = ctx->description;
	struct connector unused = { 0 };

	if (d != NULL) {
		return d;
	}
	if (bytes.len == 0) {
		(void)err_set(err, ERR_CONFIG, "it is not described: set `description`");
		return NULL;
	}
	return declarative_read(ctx->arena, bytes, &unused, &d, err) ? d : NULL;
}

static const struct decl_source *source_find(const struct decl *d, struct text name,
					     struct text *ret_rest)
{
	*ret_rest = TEXT_NONE;
	for (size_t i = 0; i < d->n_sources; i++) {
		const struct decl_source *s = &d->sources[i];

		if (s->is_prefix ? text_starts(name, s->name) && name.len > s->name.len
				 : text_eq(name, s->name)) {
			*ret_rest = text_slice(name, s->name.len, SIZE_MAX);
			return s;
		}
	}
	return NULL;
}

static struct decl_scope scope_of(const struct connector_ctx *ctx, const struct question *q)
{
	return (struct decl_scope){ .ctx = ctx, .q = q, .number = -1, .offset = -1 };
}

static const struct decl_steps *steps_of(const struct decl *d, enum op op)
{
	return op == OP_THREAD ? &d->thread : op == OP_RECHECK ? &d->recheck : &d->lookup;
}

/* ---- asking ---- */

static bool ask_source(const struct decl *d, const struct connector_ctx *ctx,
		       const struct question *q, struct request *ret, struct err *err)
{
	struct decl_scope s = scope_of(ctx, q);
	const struct decl_source *source = source_find(d, q->source, &s.source);
	struct decl_walk w;

	if (source == NULL) {
		return err_set(err, ERR_CONFIG, "the description has no source '%.*s'",
			       TEXT_ARG(text_clip(q->source, 60)));
	}
	decl_walk_load(ctx->arena, q->state, &w);
	decl_page_scope(&s, &source->call.paging, &w, q);
	return decl_request(d, &s, &source->call, ret, err);
}

static bool ask_steps(const struct decl *d, const struct connector_ctx *ctx,
		      const struct question *q, struct request *ret, struct err *err)
{
	struct decl_scope s = scope_of(ctx, q);
	const struct decl_call *call;
	struct decl_walk w;
	int64_t nth;

	*ret = (struct request){ .method = HTTP_GET };
	decl_walk_load(ctx->arena, q->state, &w);
	call = decl_step(&s, steps_of(d, q->op), w.step, &nth);
	if (call == NULL) {
		return true; /* nobody is asked */
	}
	decl_page_scope(&s, &call->paging, &w, q);
	return decl_request(d, &s, call, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	const struct decl *d = decl_of(ctx, err);
	struct decl_scope s = scope_of(ctx, q);

	if (d == NULL) {
		return false;
	}
	switch (q->op) {
	case OP_IDENTIFY:
		*ret = (struct request){ .method = HTTP_GET };
		return d->own_id.n_tries == 0 || decl_request(d, &s, &d->identify, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(d, ctx, q, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return ask_steps(d, ctx, q, ret, err);
	case OP_LOOKUP:
		return d->lookup.n > 0 ? ask_steps(d, ctx, q, ret, err)
				       : err_set(err, ERR_CONFIG,
						 "the description has no way to look for a reply");
	case OP_REPLY: return decl_reply_ask(d, ctx, q, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "a described network does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_identify(const struct decl *d, const struct connector_ctx *ctx,
			    const struct question *q, const struct response *r, struct outcome *ret,
			    struct err *err)
{
	struct decl_scope s = scope_of(ctx, q);

	if (d->own_id.n_tries == 0) {
		return true; /* it knows nobody */
	}
	if (!decl_check(d, &s, r, ret, err) || !page_scan(r, &s.slice, err)) {
		return false;
	}
	ret->own_id = decl_value_of(&s, &d->own_id);
	ret->own_handle = text_clip(decl_value_of(&s, &d->own_handle), LIMIT_NAME_BYTES);
	ret->own_name = text_clip(decl_value_of(&s, &d->own_name), LIMIT_NAME_BYTES);
	if (jx_slice_kind(s.slice) != '{') {
		return err_set(err, ERR_DATA, "the answer does not look like one of this network");
	}
	if (!page_is_id(ret->own_id)) {
		ret->own_id = ret->own_handle = ret->own_name = TEXT_NONE;
		return err_set(err, ERR_AUTH,
			       "the server does not say who we are: does it know the token?");
	}
	return true;
}

static void step_walk(const struct decl_call *call, const struct decl_scope *s,
		      const struct question *q, const struct response *r, struct text page,
		      const struct decl_items *items, struct decl_walk *w, struct outcome *ret)
{
	struct decl_portion p = {
		.paging = &call->paging,
		.items = items,
		.op = q->op,
		.since = q->since,
		.asked = s->size,
		.cursor = page.len > 0 ? decl_next_cursor(s, &call->paging, r, page) : TEXT_NONE,
		.is_blind = r->is_cut,
	};

	ret->is_more = decl_walk_step(s->ctx->arena, w, &p, &ret->has_hole);
}

static bool digest_source(const struct decl *d, const struct connector_ctx *ctx,
			  const struct question *q, const struct response *r, struct outcome *ret,
			  struct err *err)
{
	struct decl_scope s = scope_of(ctx, q);
	const struct decl_source *source = source_find(d, q->source, &s.source);
	struct decl_items items = { 0 };
	struct text page = TEXT_NONE;
	struct decl_walk w;

	if (source == NULL) {
		return err_set(err, ERR_CONFIG, "the description has no source '%.*s'",
			       TEXT_ARG(text_clip(q->source, 60)));
	}
	if (!decl_check(d, &s, r, ret, err)) {
		return false;
	}
	decl_walk_load(ctx->arena, q->state, &w);
	decl_page_scope(&s, &source->call.paging, &w, q);
	if (r->is_cut && s.size == 1 &&
	    (source->call.paging.by == BY_NUMBER || source->call.paging.by == BY_OFFSET)) {
		outcome_add_bad(ctx->arena, ret, r->body, TEXT_NONE,
				"an element over 2 MiB, which is not read: see it on the site");
	} else if (!page_scan(r, &page, err) ||
		   !decl_read_page(&s, &source->call, page, ret, &items, err)) {
		return false;
	}
	step_walk(&source->call, &s, q, r, page, &items, &w, ret);
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = decl_walk_save(ctx->arena, &w);
	}
	return true;
}

/* The next step that is for this question, or the end. */
static void step_on(const struct decl *d, const struct decl_scope *s, struct decl_walk *w,
		    int64_t nth, struct outcome *ret)
{
	int64_t next = 0;

	ret->is_more = s->q->op != OP_RECHECK &&
		       decl_step(s, steps_of(d, s->q->op), nth + 1, &next) != NULL;
	*w = (struct decl_walk){ .step = next };
}

static bool is_gone(const struct decl *d, const struct decl_scope *s, const struct response *r)
{
	struct text words;
	enum err_kind kind = decl_verdict(d, s, r, &words);

	return kind == ERR_GONE ||
	       (d->n_errors == 0 && (r->status == 404 || r->status == 410) && !page_is_html(r));
}

/* THREAD, RECHECK and LOOKUP: one page of one step. */
static bool digest_steps(const struct decl *d, const struct connector_ctx *ctx,
			 const struct question *q, const struct response *r, struct outcome *seen,
			 struct outcome *ret, struct err *err)
{
	struct decl_scope s = scope_of(ctx, q);
	int64_t most = q->op == OP_LOOKUP ? LOOK_MOST_PAGES : THREAD_MOST_PAGES, nth = 0;
	struct decl_items items = { 0 };
	const struct decl_call *call;
	struct decl_walk w;
	struct text page;
	bool is_cut = false;

	decl_walk_load(ctx->arena, q->state, &w);
	call = decl_step(&s, steps_of(d, q->op), w.step, &nth);
	if (call == NULL) {
		return true;
	}
	w.step = nth;
	if (is_gone(d, &s, r)) {
		if (q->op != OP_LOOKUP && call->is_one && q->n_subjects > 0) {
			/* What was asked about, or what it stands below, which took it along. */
			outcome_add_gone(ctx->arena, ret, q->subjects[0]);
		} else {
			step_on(d, &s, &w, nth, ret);
		}
	} else if (!decl_check(d, &s, r, ret, err) || !page_scan(r, &page, err)) {
		return false;
	} else {
		decl_page_scope(&s, &call->paging, &w, q);
		if (!decl_read_page(&s, call, page, seen, &items, err)) {
			return false;
		}
		if (call->is_one || call->paging.key.n_tries == 0) {
			step_on(d, &s, &w, nth, ret);
		} else {
			step_walk(call, &s, q, r, page, &items, &w, ret);
			is_cut = ret->is_more && w.pages >= most;
			if (!ret->is_more || is_cut) {
				step_on(d, &s, &w, nth, ret);
			} else {
				w.step = nth;
			}
		}
	}
	ret->has_hole = is_cut && q->op == OP_LOOKUP; /* only between us and digest_lookup */
	ret->state = ret->is_more ? decl_walk_save(ctx->arena, &w) : TEXT_NONE;
	return true;
}

static bool digest_lookup(const struct decl *d, const struct connector_ctx *ctx,
			  const struct question *q, const struct response *r, struct outcome *ret,
			  struct err *err)
{
	struct outcome seen = { 0 };

	if (q->posting == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (!digest_steps(d, ctx, q, r, &seen, ret, err) ||
	    !decl_lookup_judge(ctx, q->posting, &seen, ret, err)) {
		return false;
	}
	if (ret->sent_id.len > 0) {
		ret->is_more = false;
		ret->state = TEXT_NONE;
	} else if (ret->has_hole) {
		return posting_look_ends(err);
	}
	ret->has_hole = false;
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	const struct decl *d = decl_of(ctx, err);

	*ret = (struct outcome){ 0 };
	if (d == NULL) {
		return false;
	}
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(d, ctx, q, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(d, ctx, q, r, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return digest_steps(d, ctx, q, r, ret, ret, err);
	case OP_LOOKUP: return digest_lookup(d, ctx, q, r, ret, err);
	case OP_REPLY: return decl_reply_digest(d, ctx, q, r, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "a described network does not do '%s'", op_name(q->op));
}

/* ---- the connector ---- */

static void measure(const struct connector_ctx *ctx, const struct posting *posting,
		    int64_t *ret_length, int64_t *ret_most)
{
	const struct decl *d = decl_of(ctx, NULL);

	*ret_length = *ret_most = 0;
	if (d != NULL) {
		decl_measure(d, ctx, posting, ret_length, ret_most);
	}
}

static bool check_source(struct text name, struct err *err)
{
	return err_set(
		err, ERR_CONFIG,
		"the description says which sources there are, and '%.*s' is none of them: add "
		"it there",
		TEXT_ARG(text_clip(name, 60)));
}

static bool describe(struct arena *a, struct text description, struct connector *ret,
		     struct err *err)
{
	const struct decl *d = NULL;

	if (!declarative_read(a, description, ret, &d, err)) {
		return false;
	}
	ret->description = d;
	return true;
}

const struct connector connector_declarative = {
	.name = "declarative",
	.about = "Any forum with a JSON interface: what a description of yours says",
	.needs = "a file that describes the network (a page of guide: connectors/DECLARATIVE.md), and what "
		 "the network itself wants, mostly a token",
	.sources = "what the description calls so",
	.always = NULL,
	.options = options,
	.can = {
		.hears = "mention comment reply direct review post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = false,
		.history = "what the network keeps",
		.answers = "mention comment reply direct review post",
		.limits = "what the description says",
		.lookup = true,
		.max_length = 10000,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 1,
		.budget_requests = 60,
		.budget_window_s = 60,
	},
	.measure = measure,
	.describe = describe,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
