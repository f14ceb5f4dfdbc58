#include "discourse_post.h"

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/url.h"

#define PRIVATE   TEXT("pm:")
#define WAIT_MOST 3600

enum post_type { POST_REGULAR = 1, POST_BY_MODERATOR, POST_SMALL_ACTION, POST_WHISPER };

/* ---- ids ---- */

bool discourse_place_parse(struct text external_id, struct discourse_place *ret)
{
	struct discourse_place p = { .is_private = text_starts(external_id, PRIVATE) };
	struct text topic, number;

	if (p.is_private) {
		external_id = text_slice(external_id, 3, SIZE_MAX);
	}
	if (!text_cut(external_id, '/', &topic, &number) ||
	    !num_parse_range(topic, 1, INT64_MAX, &p.topic) ||
	    !num_parse_range(number, 1, INT64_MAX, &p.number)) {
		return false;
	}
	*ret = p;
	return true;
}

struct text discourse_place_id(struct arena *a, const struct discourse_place *p)
{
	return text_printf(a, "%s%lld/%lld", p->is_private ? "pm:" : "", (long long)p->topic,
			   (long long)p->number);
}

/* ---- addresses and refusals ---- */

void discourse_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server);
	strbuf_add_str(b, path);
}

bool discourse_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			  struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(b)) };
	strbuf_done(b);
	request_add_header(ret, TEXT("Accept"), TEXT("application/json"));
	if (text_eq(connector_option(ctx, "key"), TEXT("user"))) {
		request_add_header(ret, TEXT("User-Api-Key"), ctx->token);
	} else if (ctx->token.len > 0) {
		request_add_header(ret, TEXT("Api-Key"), ctx->token);
		request_add_header(ret, TEXT("Api-Username"), connector_option(ctx, "username"));
	}
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

void discourse_refusal_read(struct arena *a, const struct response *r,
			    struct discourse_refusal *ret)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	*ret = (struct discourse_refusal){ 0 };
	if (r->is_cut || !jx_scan(r->body, &page, NULL) || !jx_parse(a, page, &v, &doc, NULL)) {
		return;
	}
	(void)jx_as_text(a, jx_at(jx_get(v, "errors"), 0), &ret->words); /* none: no words */
	ret->type = jx_text_or(a, v, "error_type", TEXT_NONE);
	ret->wait_s = jx_i64_or(jx_get(v, "extras"), "wait_seconds", 0);
	ret->wait_s = ret->wait_s < 0 ? 0 : ret->wait_s > WAIT_MOST ? WAIT_MOST : ret->wait_s;
	jx_release(&doc);
}

bool discourse_check(const struct connector_ctx *ctx, const struct response *r, struct err *err)
{
	struct rate none = { 0 };
	struct discourse_refusal why;

	if (r->status >= 200 && r->status < 300) {
		return true;
	}
	discourse_refusal_read(ctx->arena, r, &why);
	if (r->status == 429 && why.wait_s > 0) {
		return err_limited(err, wall_add(ctx->now, DUR_S(why.wait_s)),
				   "the forum says we ask too often (429)");
	}
	if (r->status == 403 && !page_is_html(r)) {
		return err_set(err, ERR_AUTH,
			       "the forum refuses the key (403): it was revoked, is not one of "
			       "`username`, or lacks a right");
	}
	return page_check(ctx, r, &none, err);
}

/* ---- who ---- */

/* The option `staff`: who answers for us beside our own user. "all": whom the forum calls staff. */
static bool is_staff(const struct connector_ctx *ctx, struct jx post, struct text name)
{
	struct text rest = connector_option(ctx, "staff"), one;

	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		one = text_trim(one);
		if ((one.len > 0 && text_eq_nocase(one, name)) ||
		    (text_eq(one, TEXT("all")) && jx_bool_or(post, "staff", false))) {
			return true;
		}
	}
	return false;
}

static bool author_read(const struct connector_ctx *ctx, struct jx post, struct message *m,
			struct err *err)
{
	struct text name = jx_text_or(ctx->arena, post, "username", TEXT_NONE);
	int64_t id = jx_i64_or(post, "user_id", 0);

	if (id != 0) {
		m->author_id = text_printf(ctx->arena, "%lld", (long long)id);
	} else if (page_is_id(name) && name.len <= LIMIT_NAME_BYTES) {
		m->author_id = text_printf(ctx->arena, "name:%.*s", TEXT_ARG(name));
	} else {
		return err_set(err, ERR_DATA, "nobody is named as its author");
	}
	m->author_handle = text_clip(name, LIMIT_NAME_BYTES);
	m->author_name = text_clip(text_trim(jx_text_or(ctx->arena, post, "name", TEXT_NONE)),
				   LIMIT_NAME_BYTES);
	/* Numbers below zero are the forum's own programs: system, discobot. */
	m->is_automatic = id < 0;
	m->direction = id < 0 || page_is_ours(ctx, m->author_id) || is_staff(ctx, post, name)
			       ? MESSAGE_OUTBOUND
			       : MESSAGE_INBOUND;
	return true;
}

/* Does the HTML name us, or quote us? Code is no place for either, so the raw text cannot tell. */
static bool is_naming_us(const struct connector_ctx *ctx, struct text cooked)
{
	struct text name = text_lower_ascii(ctx->arena, ctx->own_handle);
	struct text html = text_lower_ascii(ctx->arena, cooked), link, quote;

	if (name.len == 0) {
		return false;
	}
	link = text_printf(ctx->arena, "/u/%.*s\"", TEXT_ARG(name));
	quote = text_printf(ctx->arena, "data-username=\"%.*s\"", TEXT_ARG(name));
	for (size_t at = 0; (at = text_find(html, TEXT("class=\"mention\""), at)) != SIZE_MAX;
	     at++) {
		struct text tag = text_slice(html, at, 512), inner, rest;

		(void)text_cut(tag, '>', &inner, &rest);
		if (text_find(inner, link, 0) != SIZE_MAX) {
			return true;
		}
	}
	return text_find(html, quote, 0) != SIZE_MAX;
}

/* The option `topics`: whose first post is a question to us. */
static bool is_topic_ours(const struct connector_ctx *ctx, struct jx post)
{
	struct text rest = connector_option(ctx, "topics"), one;
	struct text category =
		text_printf(ctx->arena, "%lld", (long long)jx_i64_or(post, "category_id", 0));

	if (rest.len == 0) {
		return true;
	}
	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		one = text_trim(one);
		if (text_eq(one, TEXT("all")) || text_eq(one, category)) {
			return true;
		}
	}
	return false;
}

/* ---- posts ---- */

static void kind_read(const struct connector_ctx *ctx, struct jx post, struct text cooked,
		      const struct discourse_place *p, struct message *m)
{
	int64_t above = jx_i64_or(post, "reply_to_post_number", 0);
	struct text to =
		jx_text_or(ctx->arena, jx_get(post, "reply_to_user"), "username", TEXT_NONE);
	struct discourse_place parent = *p;
	bool is_named = is_naming_us(ctx, cooked);

	if (p->number > 1) {
		parent.number = above > 0 && above < p->number ? above : 1;
		m->parent_id = discourse_place_id(ctx->arena, &parent);
		is_named = is_named ||
			   (ctx->own_handle.len > 0 && text_eq_nocase(to, ctx->own_handle));
	}
	if (p->is_private) {
		m->kind = MESSAGE_DIRECT;
		is_named = true;
	} else if (p->number > 1) {
		m->kind = above > 1 ? MESSAGE_REPLY : MESSAGE_COMMENT;
	} else {
		m->kind = is_named && m->direction == MESSAGE_INBOUND ? MESSAGE_MENTION
								      : MESSAGE_POST;
		is_named = is_named || is_topic_ours(ctx, post);
	}
	m->is_named = is_named && m->direction == MESSAGE_INBOUND;
}

static bool post_read(const struct connector_ctx *ctx, const struct discourse_list *list,
		      struct jx post, struct message *m, struct err *err)
{
	struct arena *a = ctx->arena;
	struct text cooked = jx_text_or(a, post, "cooked", TEXT_NONE), title;
	int64_t type = jx_i64_or(post, "post_type", POST_REGULAR);
	struct discourse_place p = { .is_private = list->is_private,
				     .topic = jx_i64_or(post, "topic_id", 0),
				     .number = jx_i64_or(post, "post_number", 0) };
	struct jx above = jx_get(post, "reply_to_post_number");
	struct url u;

	if (!jx_is_object(post)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (p.topic <= 0 || p.number <= 0) {
		return err_set(err, ERR_DATA, "it does not say where it stands");
	}
	m->external_id = discourse_place_id(a, &p);
	if (!jx_is_null(above) && jx_i64_or(post, "reply_to_post_number", 0) <= 0) {
		return err_set(err, ERR_DATA, "it does not say what it answers");
	}
	if (!author_read(ctx, post, m, err)) {
		return false;
	}
	m->posted_at = page_wall_or_none(a, post, "created_at");
	if (jx_i64_or(post, "version", 1) > 1) {
		m->edited_at = page_wall_or_none(a, post, "updated_at");
	}
	m->visibility = p.is_private ? MESSAGE_PRIVATE : MESSAGE_PUBLIC;
	if (p.is_private) {
		m->thread_id = text_printf(a, "pm:%lld", (long long)p.topic);
	}
	m->body = cooked.len > 0 ? html_to_text(a, cooked)
				 : text_trim(jx_text_or(a, post, "raw", TEXT_NONE));
	m->body = text_clip(m->body, LIMIT_MESSAGE_BYTES);
	if (p.number == 1) {
		title = jx_text_or(a, post, "topic_title", list->title);
		m->warning = text_clip(text_trim(title), LIMIT_NAME_BYTES);
	}
	m->permalink = text_printf(a, "%.*s/t/%lld/%lld", TEXT_ARG(ctx->server), (long long)p.topic,
				   (long long)p.number);
	if (!url_parse(m->permalink, &u)) {
		m->permalink = TEXT_NONE;
	}
	kind_read(ctx, post, cooked, &p, m);
	if (type != POST_REGULAR && type != POST_BY_MODERATOR) {
		m->kind =
			MESSAGE_OTHER; /* closed, moved; or whispered among staff, which answers nobody */
		m->is_named = false;
	}
	return true;
}

/* Also of a post that does not parse. */
static void item_read(struct arena *a, struct text slice, struct discourse_item *ret)
{
	struct text inner, when;
	int64_t id = 0;

	*ret = (struct discourse_item){ 0 };
	if (jx_slice_kind(slice) != '{') {
		return;
	}
	if (jx_member(slice, TEXT("id"), &inner) && num_parse_range(inner, 1, INT64_MAX, &id)) {
		ret->id = id;
	}
	if (jx_member(slice, TEXT("created_at"), &inner) && jx_slice_text(a, inner, &when)) {
		(void)wall_parse(when, &ret->at); /* unreadable: not known */
	}
}

void discourse_post_add(const struct connector_ctx *ctx, const struct discourse_list *list,
			struct text slice, struct outcome *out, struct discourse_item *ret)
{
	struct message m = { .raw = slice };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	item_read(ctx->arena, slice, ret);
	if (!jx_parse(ctx->arena, slice, &v, &doc, &err) || !post_read(ctx, list, v, &m, &err)) {
		outcome_add_bad(ctx->arena, out, slice, m.external_id, err.text);
	} else if (jx_is_text(jx_get(v, "deleted_at")) || jx_bool_or(v, "user_deleted", false)) {
		outcome_add_gone(ctx->arena, out, m.external_id);
	} else {
		*outcome_add_message(ctx->arena, out) = m;
	}
	jx_release(&doc);
}
