/* Posting, and whether it arrived. */
#include "answerd/limits.h"
#include "answerd/posting.h"
#include "declarative_page.h"

#define LOOK_BEFORE_S 300 /* the server's clock may be behind ours */

static struct decl_scope scope_of(const struct decl *d, const struct connector_ctx *ctx,
				  const struct question *q)
{
	return (struct decl_scope){
		.ctx = ctx,
		.q = q,
		.number = -1,
		.offset = -1,
		.text = q->posting != NULL ? decl_write(ctx->arena, q->posting->text, d->write)
					   : TEXT_NONE,
	};
}

void decl_measure(const struct decl *d, const struct connector_ctx *ctx, const struct posting *p,
		  int64_t *ret_length, int64_t *ret_most)
{
	struct text t = decl_write(ctx->arena, p->text, d->write);

	switch (d->length_unit) {
	case LENGTH_GRAPHEMES: *ret_length = (int64_t)posting_graphemes(t); break;
	case LENGTH_BYTES: *ret_length = (int64_t)t.len; break;
	case LENGTH_UTF16:
		*ret_length = posting_characters(t);
		for (size_t i = 0; i < t.len; i++) {
			*ret_length += (unsigned char)t.at[i] >= 0xf0;
		}
		break;
	case LENGTH_CHARACTERS:
	case LENGTH_WEIGHTED: *ret_length = posting_characters(t); break;
	}
	*ret_most = d->max_length;
}

bool decl_reply_ask(const struct decl *d, const struct connector_ctx *ctx, const struct question *q,
		    struct request *ret, struct err *err)
{
	struct decl_scope s = scope_of(d, ctx, q);
	const struct decl_call *call;
	int64_t nth;

	if (q->posting == NULL || q->posting->text.len == 0 || q->posting->parent_id.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
	}
	call = decl_step(&s, &d->reply, 0, &nth);
	if (call == NULL) {
		return err_set(err, ERR_DATA,
			       "this network's description has no way to answer such a message: "
			       "answer in its own app");
	}
	if (!decl_request(d, &s, call, ret, err)) {
		return false;
	}
	if (d->key_header.len > 0 && page_is_id(q->posting->key)) {
		request_add_header(ret, d->key_header, q->posting->key);
	}
	ret->once = true;
	return true;
}

/* Ours, and below what it answers (or in the same exchange)? */
static bool is_below(const struct posting *p, const struct message *m)
{
	if (m->parent_id.len > 0 || m->thread_id.len == 0) {
		return text_eq(m->parent_id, p->parent_id);
	}
	return text_eq(m->thread_id, p->thread_id);
}

static bool refuse(const struct connector_ctx *ctx, const struct response *r, enum err_kind kind,
		   struct text words, const struct decl *d, struct outcome *ret, struct err *err)
{
	switch (kind) {
	case ERR_AUTH:
		return err_set(err, ERR_AUTH, "the platform does not let us post (%d): %.*s",
			       r->status, TEXT_ARG(words));
	case ERR_GONE:
	case ERR_DATA:
		return err_set(err, ERR_DATA, "the platform refuses the reply (%d): %.*s",
			       r->status, TEXT_ARG(words));
	case ERR_LIMITED:
		if (d->is_429_unsent) {
			return err_limited(err, page_not_before(ctx, r, &ret->rate),
					   "the platform takes no more posts for now (%d)",
					   r->status);
		}
		break;
	case ERR_NONE:
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_CONFIG: break;
	}
	return err_set(err, ERR_UNSURE, "the platform answers %d: it may have been posted",
		       r->status);
}

bool decl_reply_digest(const struct decl *d, const struct connector_ctx *ctx,
		       const struct question *q, const struct response *r, struct outcome *ret,
		       struct err *err)
{
	struct decl_scope s = scope_of(d, ctx, q);
	struct outcome o = { 0 };
	struct decl_items items;
	const struct decl_call *call;
	struct text page, words;
	enum err_kind kind = decl_verdict(d, &s, r, &words);
	int64_t nth;

	ret->rate = page_rate(r, &d->rate);
	/* A duplicate is evidence of a copy, whatever a table says. */
	if (kind != ERR_NONE &&
	    text_find(text_lower_ascii(ctx->arena, words), TEXT("duplicate"), 0) == SIZE_MAX) {
		return refuse(ctx, r, kind, words, d, ret, err);
	}
	if (!posting_check(ctx, r, &ret->rate, d->is_429_unsent, words, err)) {
		return false;
	}
	call = q->posting != NULL ? decl_step(&s, &d->reply, 0, &nth) : NULL;
	if (call != NULL && page_scan(r, &page, NULL) &&
	    decl_read_page(&s, call, page, &o, &items, NULL) && o.n_messages == 1 &&
	    page_is_ours(ctx, o.messages[0].author_id) && is_below(q->posting, &o.messages[0])) {
		ret->sent_id = o.messages[0].external_id;
		ret->sent_permalink = o.messages[0].permalink;
		return true;
	}
	return err_set(err, ERR_UNSURE,
		       "the platform answers %d without the reply: it may have been posted",
		       r->status);
}

static bool is_same(const struct connector_ctx *ctx, const struct posting *p,
		    const struct message *m)
{
	return page_is_ours(ctx, m->author_id) && is_below(p, m) &&
	       !(wall_is_set(m->posted_at) && wall_is_set(p->begun_at) &&
		 wall_before(m->posted_at, wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S)))) &&
	       posting_is_same(p->text, m->body);
}

bool decl_lookup_judge(const struct connector_ctx *ctx, const struct posting *p,
		       const struct outcome *seen, struct outcome *ret, struct err *err)
{
	struct wall latest = { 0 };

	for (size_t i = 0; i < seen->n_messages; i++) {
		const struct message *m = &seen->messages[i];

		if (is_same(ctx, p, m) &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
	return ret->sent_id.len > 0 || seen->n_bad == 0 ||
	       err_set(err, ERR_DATA,
		       "an element of this page cannot be read: it may be this reply");
}
