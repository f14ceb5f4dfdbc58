#include "telegram_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "telegram_message.h"

#define REQUEST_BYTES ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define WAIT_MOST_S   3600

/* ---- every method ---- */

/* "123456:AA…": nothing in it changes an address. */
static bool is_token(struct text t)
{
	struct text number, rest;

	if (!text_cut(t, ':', &number, &rest) || number.len == 0 || rest.len == 0) {
		return false;
	}
	for (size_t i = 0; i < number.len; i++) {
		if (number.at[i] < '0' || number.at[i] > '9') {
			return false;
		}
	}
	for (size_t i = 0; i < rest.len; i++) {
		char c = rest.at[i];
		bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
			return false;
		}
	}
	return true;
}

bool telegram_url(const struct connector_ctx *ctx, const char *method, struct text parameters,
		  struct request *ret, struct err *err)
{
	if (!is_token(ctx->token)) {
		return err_set(err, ERR_AUTH,
			       "`token` is no bot's token: @BotFather gives one like "
			       "123456:AA-letters");
	}
	*ret = (struct request){
		.method = HTTP_GET,
		.url = text_printf(ctx->arena, "%.*s/bot%.*s/%s%s%.*s", TEXT_ARG(ctx->server),
				   TEXT_ARG(ctx->token), method, parameters.len > 0 ? "?" : "",
				   TEXT_ARG(parameters)),
	};
	return ret->url.len <= LIMIT_URL_BYTES ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

void telegram_answer_read(struct arena *a, const struct response *r, struct telegram_answer *ret)
{
	struct text page, inner, parameters;
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct telegram_answer){ 0 };
	if (r->is_cut || page_is_html(r) || !jx_scan(r->body, &page, NULL) ||
	    !jx_member(page, TEXT("ok"), &inner)) {
		return;
	}
	ret->is_telegrams = true;
	ret->is_ok = jx_slice_kind(inner) == 't';
	if (!jx_member(page, TEXT("result"), &ret->result)) {
		ret->result = TEXT_NONE;
	}
	if (jx_member(page, TEXT("description"), &inner)) {
		(void)jx_slice_text(a, inner, &ret->words); /* no text: no words */
	}
	if (jx_member(page, TEXT("parameters"), &parameters) &&
	    jx_parse(a, parameters, &v, &doc, NULL)) {
		ret->retry_after = jx_i64_or(v, "retry_after", 0);
		jx_release(&doc);
	}
}

struct wall telegram_not_before(const struct connector_ctx *ctx, const struct telegram_answer *said)
{
	int64_t s = said->retry_after < WAIT_MOST_S ? said->retry_after : WAIT_MOST_S;

	return wall_add(ctx->now, DUR_S(s));
}

/* ---- what is posted ---- */

/* What the parent stands in: the topic of a forum, or of a channel's direct messages. 0: none, or not
 * known any more. */
struct topics {
	int64_t forum, direct;
};

static struct topics topics_of(struct arena *a, const struct posting *p)
{
	static const char *const names[] = { "message", "edited_message" };
	struct topics topics = { 0 };
	struct jx_doc *doc = NULL;
	struct jx v;

	if (p->parent_raw.len == 0 || !jx_parse(a, p->parent_raw, &v, &doc, NULL)) {
		return topics;
	}
	for (size_t i = 0; i < 2; i++) {
		struct jx m = jx_get(v, names[i]);

		if (jx_bool_or(m, "is_topic_message", false)) {
			topics.forum = jx_i64_or(m, "message_thread_id", 0);
		}
		if (jx_is_object(m)) {
			topics.direct =
				jx_i64_or(jx_get(m, "direct_messages_topic"), "topic_id", 0);
		}
	}
	jx_release(&doc);
	return topics;
}

bool telegram_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct telegram_place at;
	struct topics topics;

	if (p == NULL || p->text.len == 0 || !telegram_place_parse(p->parent_id, &at)) {
		return err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
	}
	topics = topics_of(ctx->arena, p);
	if (at.chat < 0 && p->visibility == MESSAGE_PRIVATE && topics.direct == 0) {
		return err_set(err, ERR_DATA,
			       "nobody knows any more whose exchange with the channel this is: "
			       "answer in Telegram's own app");
	}
	strbuf_add_byte(&b, '{');
	if (at.business.len > 0) {
		strbuf_add_str(&b, "\"business_connection_id\":");
		strbuf_add_json(&b, at.business);
		strbuf_add_byte(&b, ',');
	}
	strbuf_printf(&b, "\"chat_id\":%lld,", (long long)at.chat);
	if (topics.direct != 0) {
		strbuf_printf(&b, "\"direct_messages_topic_id\":%lld,", (long long)topics.direct);
	} else if (topics.forum > 0) {
		strbuf_printf(&b, "\"message_thread_id\":%lld,", (long long)topics.forum);
	}
	strbuf_add_str(&b, "\"text\":");
	strbuf_add_json(&b, p->text);
	/* In a private chat it is clear who is answered also where their message is gone. */
	strbuf_printf(&b,
		      ",\"reply_parameters\":{\"message_id\":%lld,"
		      "\"allow_sending_without_reply\":%s}}",
		      (long long)at.message, p->visibility == MESSAGE_PRIVATE ? "true" : "false");
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than Telegram takes");
	}
	if (!telegram_url(ctx, "sendMessage", TEXT_NONE, ret, err)) {
		return false;
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

/* ---- what Telegram says to it ---- */

/* The message in the answer, if it stands where we sent it. */
static bool sent_read(const struct connector_ctx *ctx, const struct posting *p, struct text slice,
		      struct outcome *ret)
{
	struct telegram_place to, is;
	struct message m;

	if (slice.len == 0 || !telegram_message_read(ctx, slice, &m) ||
	    !telegram_place_parse(m.external_id, &is) ||
	    !telegram_place_parse(p != NULL ? p->parent_id : TEXT_NONE, &to) ||
	    is.chat != to.chat || !text_eq(is.business, to.business)) {
		return false;
	}
	ret->sent_id = m.external_id;
	ret->sent_permalink = m.permalink;
	return true;
}

bool telegram_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct telegram_answer said;
	struct response as = *r;

	telegram_answer_read(ctx->arena, r, &said);
	if (said.is_telegrams && !said.is_ok) {
		switch (r->status) {
		case 401:
		case 404:
			return err_set(err, ERR_AUTH,
				       "Telegram refuses the token (%d): it was revoked; make a "
				       "new one with @BotFather",
				       r->status);
		case 403:
			as.status = 400;
			break; /* blocked, left, may not write there: this chat only */
		case 429:
			if (said.retry_after > 0) {
				return err_limited(err, telegram_not_before(ctx, &said),
						   "Telegram takes no more messages for now (429)");
			}
			break;
		default: break;
		}
	}
	if (!said.is_telegrams && r->status >= 400 && r->status < 500 && r->body.len > 0 &&
	    !page_is_html(r)) {
		return err_set(err, ERR_UNSURE,
			       "something in Telegram's place answers %d: it may have been posted",
			       r->status);
	}
	if (!posting_check(ctx, &as, &ret->rate, /* is_429_unsent= */ false, said.words, err)) {
		return false;
	}
	if (!said.is_ok || !sent_read(ctx, q->posting, said.result, ret)) {
		return err_set(err, ERR_UNSURE,
			       "Telegram answers %d without the message: it may have been posted",
			       r->status);
	}
	return true;
}
