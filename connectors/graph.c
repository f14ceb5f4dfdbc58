#include "graph.h"

#include "answerd/limits.h"
#include "answerd/mac.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/url.h"

#define NODE_MOST    64
#define CURSOR_MOST  1024
#define TOKEN_BYTES  8192
#define FORM_BYTES   ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define EASE_S       60 /* how long a percentage counts when Graph does not say */
#define PARK_S       300
#define PARK_MOST_S  3600
#define MINUTES_MOST 10080
#define PERCENT_MOST 100

/* ---- credentials ---- */

void graph_keys_read(const struct connector_ctx *ctx, struct graph_keys *ret)
{
	struct text rest, given = text_trim(ctx->token);
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct graph_keys){ .given = given };
	if (text_cut(given, ':', &ret->app_id, &rest)) {
		(void)text_cut(rest, ':', &ret->app_secret, &ret->given); /* none: connect has it */
	} else {
		ret->app_id = TEXT_NONE;
	}
	ret->token = ret->given;
	if (ctx->session.len > 0 && jx_parse(ctx->arena, ctx->session, &v, &doc, NULL)) {
		struct text token = jx_text_or(ctx->arena, v, "token", TEXT_NONE);

		ret->token = token.len > 0 ? token : ret->token;
		ret->user = jx_text_or(ctx->arena, v, "user", TEXT_NONE);
		ret->until = page_us_or_none(v, "until");
		jx_release(&doc);
	}
}

struct text graph_session(struct arena *a, struct text token, struct text user, struct wall until)
{
	struct strbuf b;
	struct text made;

	strbuf_init(&b, 3 * TOKEN_BYTES);
	strbuf_add_str(&b, "{\"token\":");
	strbuf_add_json(&b, token);
	strbuf_add_str(&b, ",\"user\":");
	strbuf_add_json(&b, user);
	strbuf_printf(&b, ",\"until\":%lld}", (long long)until.us);
	made = text_dup(a, strbuf_text(&b));
	secret_wipe(b.at, b.len);
	strbuf_done(&b);
	return made;
}

/* ---- addresses ---- */

bool graph_is_plain(struct text t, size_t most)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!is_letter && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("_-=.:%", c) == NULL)) {
			return false;
		}
	}
	return t.len > 0 && t.len <= most;
}

bool graph_is_node(struct text id)
{
	size_t n_marks = 0;

	for (size_t i = 0; i < id.len; i++) {
		if (id.at[i] == '_' && i > 0 && i + 1 < id.len) {
			n_marks++;
		} else if (id.at[i] < '0' || id.at[i] > '9') {
			return false;
		}
	}
	return id.len > 0 && id.len <= NODE_MOST && n_marks <= 1 && !text_eq(id, TEXT("0"));
}

void graph_url_start(const struct connector_ctx *ctx, const struct graph *g, struct strbuf *b,
		     const char *path)
{
	struct text version = connector_option(ctx, "version");

	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : text_of(g->host));
	strbuf_add_byte(b, '/');
	strbuf_add(b, version.len > 0 ? version : text_of(g->version));
	strbuf_add_str(b, path);
}

void graph_url_add(struct strbuf *b, const char *name, struct text value)
{
	bool has_query = text_find(strbuf_text(b), TEXT("?"), 0) != SIZE_MAX;

	strbuf_add_byte(b, has_query ? '&' : '?');
	strbuf_add_str(b, name);
	strbuf_add_byte(b, '=');
	strbuf_add_url(b, value);
}

static void keys_add(const struct connector_ctx *ctx, struct strbuf *b, bool is_form)
{
	char proof[MAC_SHA256_HEX_BYTES];
	struct graph_keys keys;

	graph_keys_read(ctx, &keys);
	if (is_form) {
		strbuf_add_str(b, b->len > 0 ? "&access_token=" : "access_token=");
		strbuf_add_url(b, keys.token);
	} else {
		graph_url_add(b, "access_token", keys.token);
	}
	if (keys.app_secret.len > 0) {
		mac_sha256_hex(keys.app_secret, keys.token, proof);
		strbuf_add_str(b, "&appsecret_proof=");
		strbuf_add_str(b, proof);
	}
}

static bool is_letting_in(const struct connector_ctx *ctx, struct err *err)
{
	struct graph_keys keys;

	graph_keys_read(ctx, &keys);
	return keys.token.len > 0 ||
	       err_set(err, ERR_AUTH, "there is no access token yet: run answerd connect");
}

bool graph_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		      struct err *err)
{
	bool is_full;

	keys_add(ctx, b, /* is_form= */ false);
	is_full = b->is_full;
	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(b)) };
	if (b->at != NULL) {
		secret_wipe(b->at, b->len);
	}
	strbuf_done(b);
	if (is_full) {
		return err_set(err, ERR_DATA, "the address would be longer than %d bytes",
			       LIMIT_URL_BYTES);
	}
	return is_letting_in(ctx, err);
}

bool graph_post_finish(const struct connector_ctx *ctx, struct strbuf *b, struct strbuf *form,
		       struct request *ret, struct err *err)
{
	bool is_full;

	keys_add(ctx, form, /* is_form= */ true);
	is_full = b->is_full || form->is_full;
	*ret = (struct request){
		.method = HTTP_POST,
		.url = text_dup(ctx->arena, strbuf_text(b)),
		.body = text_dup(ctx->arena, strbuf_text(form)),
		.content_type = TEXT("application/x-www-form-urlencoded"),
		.once = true,
	};
	secret_wipe(form->at, form->len);
	strbuf_done(b);
	strbuf_done(form);
	if (is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than Meta takes");
	}
	return is_letting_in(ctx, err);
}

/* ---- limits ---- */

/* The largest number that stands behind this name anywhere in the header; -1: none. */
static int64_t usage_most(struct text header, const char *name)
{
	int64_t most = -1, n;

	for (size_t at = 0; (at = text_find(header, text_of(name), at)) != SIZE_MAX;) {
		size_t end;

		at += strlen(name);
		while (at < header.len && strchr("\": ", header.at[at]) != NULL) {
			at++;
		}
		end = at;
		while (end < header.len && header.at[end] >= '0' && header.at[end] <= '9') {
			end++;
		}
		if (num_parse_range(text_slice(header, at, end - at), 0, INT64_MAX, &n)) {
			most = n > most ? n : most;
		}
	}
	return most;
}

static void usage_read(const struct response *r, int64_t *ret_percent, int64_t *ret_minutes)
{
	static const char *const headers[] = { "X-Business-Use-Case-Usage", "X-App-Usage",
					       "X-Page-Usage" };
	static const char *const parts[] = { "\"call_count\"", "\"total_cputime\"",
					     "\"total_time\"" };

	*ret_percent = -1;
	*ret_minutes = 0;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct text header = response_header(r, text_of(headers[i]));
		int64_t minutes = usage_most(header, "\"estimated_time_to_regain_access\"");

		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
			int64_t n = usage_most(header, parts[k]);

			*ret_percent = n > *ret_percent ? n : *ret_percent;
		}
		*ret_minutes = minutes > *ret_minutes ? minutes : *ret_minutes;
	}
	*ret_minutes = *ret_minutes > MINUTES_MOST ? MINUTES_MOST : *ret_minutes;
}

struct rate graph_rate(const struct connector_ctx *ctx, const struct response *r)
{
	struct rate rate = { 0 };
	int64_t percent, minutes;

	usage_read(r, &percent, &minutes);
	if (percent >= 0) {
		rate.is_known = true;
		rate.limit = PERCENT_MOST;
		rate.remaining = minutes > 0 || percent > PERCENT_MOST ? 0 : PERCENT_MOST - percent;
		rate.reset_at =
			wall_add(ctx->now, DUR_S(minutes > 0 ? minutes * 60 : (int64_t)EASE_S));
	}
	return rate;
}

static struct wall park_until(const struct connector_ctx *ctx, const struct response *r)
{
	struct wall most = wall_add(ctx->now, DUR_S(PARK_MOST_S)), until;
	int64_t percent, minutes;
	struct rate none = { 0 };

	usage_read(r, &percent, &minutes);
	if (minutes <= 0) {
		none.reset_at = wall_add(ctx->now, DUR_S(PARK_S));
		return page_not_before(ctx, r, &none);
	}
	until = wall_add(ctx->now, DUR_S(minutes * 60));
	return wall_before(most, until) ? most : until;
}

/* ---- what an answer says ---- */

static enum graph_fault fault_of(int64_t code, int64_t subcode, bool is_transient,
				 struct text words)
{
	if (code == 190 || code == 102) {
		return GRAPH_TOKEN;
	}
	if (code == 4 || code == 17 || code == 32 || code == 341 || code == 613 ||
	    (code >= 80000 && code <= 80099)) {
		return GRAPH_LIMIT;
	}
	if (text_find(words, TEXT("reduce the amount of data"), 0) != SIZE_MAX) {
		return GRAPH_LESS;
	}
	if (is_transient || code == 1 || code == 2) {
		return GRAPH_LATER;
	}
	if ((code == 100 && subcode == 33) || code == 803) {
		return GRAPH_GONE;
	}
	if (code == 3 || code == 10 || (code >= 200 && code <= 299)) {
		return GRAPH_RIGHT;
	}
	return code == 368 ? GRAPH_BLOCKED : code == 100 ? GRAPH_FIELD : GRAPH_REFUSED;
}

void graph_said_read(struct arena *a, const struct response *r, struct graph_said *ret)
{
	bool is_good = r->status >= 200 && r->status < 300;
	struct text page, error, plain;
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct graph_said){ .fault = is_good ? GRAPH_FINE : GRAPH_FOREIGN };
	if (r->is_cut || !jx_scan(r->body, &page, NULL) || jx_slice_kind(page) != '{' ||
	    !jx_member(page, TEXT("error"), &error) || jx_slice_kind(error) != '{' ||
	    !jx_parse(a, error, &v, &doc, NULL)) {
		return;
	}
	ret->code = jx_i64_or(v, "code", 0);
	ret->subcode = jx_i64_or(v, "error_subcode", 0);
	plain = jx_text_or(a, v, "message", TEXT_NONE);
	ret->words = jx_text_or(a, v, "error_user_msg", plain);
	if (ret->code > 0) {
		ret->fault = fault_of(ret->code, ret->subcode, jx_bool_or(v, "is_transient", false),
				      plain);
	} else if (is_good) {
		ret->fault = GRAPH_LATER;
	}
	jx_release(&doc);
}

static const char *token_trouble(int64_t subcode)
{
	switch (subcode) {
	case 458: return "the app was removed from the person's account";
	case 459:
	case 464: return "the person who let us in must log in to Meta and confirm who they are";
	case 460: return "the password of the person who let us in was changed";
	case 463: return "it has expired";
	case 467: return "it was taken back";
	case 492: return "the person who let us in has no role on the page any more";
	default: return "it has ended or was taken back";
	}
}

static bool token_refused(const struct connector_ctx *ctx, const struct graph *g,
			  const struct graph_said *said, struct outcome *ret, struct err *err)
{
	struct graph_keys keys;

	graph_keys_read(ctx, &keys);
	ret->needs_refresh = keys.app_id.len > 0;
	return err_set(err, ERR_AUTH,
		       "%s refuses the token (%lld/%lld): %s; let the application in again",
		       g->name, (long long)said->code, (long long)said->subcode,
		       token_trouble(said->subcode));
}

bool graph_check(const struct connector_ctx *ctx, const struct graph *g, const struct response *r,
		 struct graph_said *said, struct outcome *ret, struct err *err)
{
	struct graph_said own = { 0 };

	said = said != NULL ? said : &own;
	graph_said_read(ctx->arena, r, said);
	ret->rate = graph_rate(ctx, r);
	switch (said->fault) {
	case GRAPH_FINE:
	case GRAPH_FOREIGN: return page_check(ctx, r, &ret->rate, err);
	case GRAPH_TOKEN: return token_refused(ctx, g, said, ret, err);
	case GRAPH_LIMIT:
		return err_limited(err, park_until(ctx, r),
				   "%s says we have used what it allows (%lld): nothing is asked "
				   "until it has grown again",
				   g->name, (long long)said->code);
	case GRAPH_RIGHT:
		return err_set(err, ERR_AUTH, "%s says a permission is missing (%lld)", g->name,
			       (long long)said->code);
	case GRAPH_GONE:
		return err_set(err, ERR_GONE, "%s does not have it, or not for us (%lld/%lld)",
			       g->name, (long long)said->code, (long long)said->subcode);
	case GRAPH_BLOCKED:
		return err_set(err, ERR_AUTH,
			       "%s has blocked the account for now (368): a person must look at it "
			       "there",
			       g->name);
	case GRAPH_FIELD:
	case GRAPH_REFUSED:
		return err_set(err, ERR_DATA, "%s does not take the question (%lld/%lld)", g->name,
			       (long long)said->code, (long long)said->subcode);
	case GRAPH_LESS:
	case GRAPH_LATER: break;
	}
	return err_set(err, ERR_RETRY, "%s has trouble of its own (%lld)", g->name,
		       (long long)said->code);
}

bool graph_check_reply(const struct connector_ctx *ctx, const struct graph *g,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct response as = *r;
	struct graph_said said;

	graph_said_read(ctx->arena, r, &said);
	ret->rate = graph_rate(ctx, r);
	switch (said.fault) {
	case GRAPH_FINE: break;
	case GRAPH_TOKEN: return token_refused(ctx, g, &said, ret, err);
	case GRAPH_LIMIT: /* it refuses the call before it looks at it */
		return err_limited(err, park_until(ctx, r), "%s takes no more for now (%lld)",
				   g->name, (long long)said.code);
	case GRAPH_RIGHT:
	case GRAPH_GONE:
	case GRAPH_BLOCKED:
	case GRAPH_FIELD:
	case GRAPH_REFUSED: as.status = 400; break;
	case GRAPH_LESS:
	case GRAPH_LATER: as.status = 503; break;
	case GRAPH_FOREIGN:
		if (r->status >= 400 && r->status < 500) {
			return err_set(err, ERR_UNSURE,
				       "something in %s's place answers %d: it may have been "
				       "posted",
				       g->name, r->status);
		}
		break;
	}
	if (said.code == 506) { /* "duplicate status message" */
		return err_set(err, ERR_UNSURE,
			       "%s says that it has this text already (506): a copy may be there",
			       g->name);
	}
	return posting_check(ctx, &as, &ret->rate, /* is_429_unsent= */ false, said.words, err);
}

bool graph_who_digest(const struct connector_ctx *ctx, const struct graph *g,
		      const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_keys keys;
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	if (!graph_check(ctx, g, r, NULL, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	graph_keys_read(ctx, &keys);
	ret->own_id = jx_text_or(ctx->arena, v, "user_id", TEXT_NONE);
	if (ret->own_id.len == 0) {
		ret->own_id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
	}
	ret->own_handle =
		text_clip(jx_text_or(ctx->arena, v, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name = text_clip(jx_text_or(ctx->arena, v, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->token_until = keys.until;
	jx_release(&doc);
	return (graph_is_node(ret->own_id) && ret->own_handle.len > 0) ||
	       err_set(err, ERR_DATA, "%s does not say who we are: no id, or no name", g->name);
}

/* ---- lists ---- */

static struct text parameter_of(struct arena *a, struct text next, const char *name)
{
	struct text value;

	if (!url_query_get(a, next, text_of(name), &value) || value.len == 0 ||
	    value.len > CURSOR_MOST) {
		return TEXT_NONE;
	}
	return value;
}

static void parameter_add(struct strbuf *b, const char *name, struct text value)
{
	if (value.len > 0) {
		strbuf_add_str(b, b->len > 0 ? "&" : "");
		strbuf_add_str(b, name);
		strbuf_add_byte(b, '=');
		strbuf_add_url(b, value);
	}
}

/* The server's address of the next page is never followed: its cursor is taken out of it. */
static struct text next_of(struct arena *a, struct text next, struct text cursor)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 4 * CURSOR_MOST };
	struct text after = parameter_of(a, next, "after");

	after = after.len > 0 ? after : cursor;
	if (after.len > 0) {
		parameter_add(&b, "after", after);
	} else {
		parameter_add(&b, "until", parameter_of(a, next, "until"));
		parameter_add(&b, "__paging_token", parameter_of(a, next, "__paging_token"));
		parameter_add(&b, "offset", parameter_of(a, next, "offset"));
	}
	return b.is_full || b.len > CURSOR_MOST ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

bool graph_page_read(struct arena *a, struct text object, struct graph_page *ret, struct err *err)
{
	struct text data, paging, cursors, inner, next = TEXT_NONE;

	*ret = (struct graph_page){ 0 };
	if (jx_slice_kind(object) != '{' || !jx_member(object, TEXT("data"), &data) ||
	    jx_slice_kind(data) != '[') {
		return err_set(err, ERR_DATA, "the answer is no list: it has no 'data'");
	}
	if (!jx_elements(a, data, &ret->slices, &ret->n, err)) {
		return false;
	}
	if (!jx_member(object, TEXT("paging"), &paging) || jx_slice_kind(paging) != '{') {
		return true;
	}
	if (jx_member(paging, TEXT("cursors"), &cursors) && jx_slice_kind(cursors) == '{' &&
	    jx_member(cursors, TEXT("after"), &inner) && jx_slice_text(a, inner, &ret->cursor) &&
	    ret->cursor.len > CURSOR_MOST) {
		ret->cursor = TEXT_NONE;
	}
	if (jx_member(paging, TEXT("next"), &inner) && jx_slice_text(a, inner, &next) &&
	    next.len > 0) {
		ret->next = next_of(a, next, ret->cursor);
	}
	return true;
}

void graph_url_page(struct strbuf *b, int limit, struct text next)
{
	bool has_query = text_find(strbuf_text(b), TEXT("?"), 0) != SIZE_MAX;

	strbuf_printf(b, "%climit=%d", has_query ? '&' : '?', limit);
	if (next.len > 0) {
		strbuf_add_byte(b, '&');
		strbuf_add(b, next);
	}
}
