#include "x_session.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/sign.h"
#include "oauth.h"

#define SERVER        TEXT("https://api.x.com")
#define CONSENT       TEXT("https://x.com/i/oauth2/authorize")
#define SCOPES        "tweet.read users.read tweet.write dm.read dm.write offline.access"
#define SIGNED_BYTES  16384
#define BROKE_S       (6 * 3600) /* a bill is paid by people, not by asking again */
#define EPOCH_MS      INT64_C(1288834974657)
#define ID_LEAST      INT64_C(1000000000000000)
#define PARAMETERS    32
#define MOST_PROBLEMS 4096

const struct connector_right x_rights[] = {
	{ "tweet.read", "to hear who mentions you and who answers you" },
	{ "users.read", "to know who says it" },
	{ "tweet.write", "to answer" },
	{ "dm.read", "to hear direct messages" },
	{ "dm.write", "to answer direct messages" },
	{ "offline.access", "to stay let in for longer than two hours" },
	{ NULL, NULL },
};

/* ---- facts ---- */

void x_facts_load(const struct connector_ctx *ctx, struct x_facts *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct x_facts){ 0 };
	if (ctx->facts.len > 0 && jx_parse(ctx->arena, ctx->facts, &v, &doc, NULL)) {
		ret->is_new = text_eq(jx_text_or(ctx->arena, v, "words", TEXT_NONE), TEXT("post"));
		ret->is_tried = jx_bool_or(v, "tried", false);
		ret->has_no_directs =
			text_eq(jx_text_or(ctx->arena, v, "directs", TEXT_NONE), TEXT("no"));
		jx_release(&doc);
	}
}

struct text x_facts_save(struct arena *a, const struct x_facts *f)
{
	return text_printf(a, "{\"directs\":\"%s\",\"tried\":%s,\"words\":\"%s\"}",
			   f->has_no_directs ? "no" : "yes", f->is_tried ? "true" : "false",
			   f->is_new ? "post" : "tweet");
}

/* Both sets of names ask for the same. Those of 2.167 give author and references by expansion only. */
static const struct x_words words[] = {
	{ "tweet.fields",
	  "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet,"
	  "referenced_tweets,reply_settings",
	  "author_id,referenced_tweets.id",
	  "created_at,dm_conversation_id,event_type,id,participant_ids,sender_id,text" },
	{ "post.fields", "conversation_id,created_at,entities,lang,note_post,reply_settings",
	  "author_id,referenced_posts", "created_at,dm_conversation_id,event_type,id,text" },
};

const struct x_words *x_words_of(const struct connector_ctx *ctx)
{
	struct x_facts f;

	x_facts_load(ctx, &f);
	return &words[f.is_new];
}

bool x_words_turn(const struct connector_ctx *ctx, bool is_again, struct outcome *ret)
{
	struct x_facts f;

	x_facts_load(ctx, &f);
	if (f.is_tried && !is_again) {
		return false;
	}
	f.is_new = !f.is_new;
	f.is_tried = true;
	ret->facts = x_facts_save(ctx->arena, &f);
	return true;
}

bool x_is_wrong_word(const struct connector_ctx *ctx, const struct response *r)
{
	const struct x_words *w = x_words_of(ctx);

	return r->status == 400 && (text_find(r->body, text_of(w->field_name), 0) != SIZE_MAX ||
				    text_find(r->body, TEXT("expansions"), 0) != SIZE_MAX ||
				    text_find(r->body, TEXT("dm_event.fields"), 0) != SIZE_MAX);
}

/* ---- ids ---- */

bool x_is_number(struct text id)
{
	int64_t n;

	return id.len <= 19 && id.len > 0 && id.at[0] >= '1' && id.at[0] <= '9' &&
	       num_parse_i64(id, &n);
}

struct wall x_id_time(struct text id)
{
	int64_t n = 0;

	if (!x_is_number(id) || !num_parse_i64(id, &n) || n < ID_LEAST) {
		return (struct wall){ 0 };
	}
	return (struct wall){ ((n >> 22) + EPOCH_MS) * 1000 };
}

/* ---- the credential: OAuth 1.0a has four parts ---- */

struct keys {
	struct text consumer, consumer_secret, token, token_secret;
};

static bool keys_load(const struct connector_ctx *ctx, struct keys *ret)
{
	struct text rest = text_trim(ctx->token), none;

	return text_cut(rest, ':', &ret->consumer, &rest) &&
	       text_cut(rest, ':', &ret->consumer_secret, &rest) &&
	       text_cut(rest, ':', &ret->token, &ret->token_secret) && ret->consumer.len > 0 &&
	       ret->consumer_secret.len > 0 && ret->token.len > 0 && ret->token_secret.len > 0 &&
	       !text_cut(ret->token_secret, ':', &none, &none);
}

static struct oauth_app app_of(const struct connector_ctx *ctx)
{
	struct text at = connector_option(ctx, "oauth");
	struct text server = ctx->server.len > 0 ? ctx->server : SERVER;

	if (at.len == 0) {
		at = text_printf(ctx->arena, "%.*s/2/oauth2/token", TEXT_ARG(server));
	}
	return (struct oauth_app){
		.name = "X", .at = at, .is_basic = true, .is_public = true, .is_ready = true
	};
}

bool x_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct keys k;

	if (keys_load(ctx, &k)) {
		*ret = (struct request){ .method = HTTP_GET }; /* these keys have no end */
		return true;
	}
	return oauth_refresh_ask(ctx, &app, ret, err);
}

bool x_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
		      struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct keys k;

	if (keys_load(ctx, &k)) {
		ret->session = TEXT("{\"access\":\"signed\"}");
		return true;
	}
	return oauth_token_digest(ctx, &app, r, ret, err);
}

bool x_authorize(const struct connector_ctx *ctx, const struct granting *g,
		 struct text *ret_address, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct text at = connector_option(ctx, "consent");
	struct oauth_consent c = { .at = at.len > 0 ? at : CONSENT,
				   .scopes = SCOPES,
				   .redirect = g->redirect,
				   .state = g->state,
				   .challenge = g->challenge };

	return oauth_consent_url(ctx, &app, &c, ret_address, err);
}

bool x_connect_ask(const struct connector_ctx *ctx, const struct granting *g, struct request *ret,
		   struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct oauth_code code;

	if (g == NULL || g->code.len == 0) {
		return err_set(err, ERR_AUTH, "there is no code from X's page");
	}
	code = (struct oauth_code){ .code = g->code,
				    .redirect = g->redirect,
				    .verifier = g->verifier };
	return oauth_code_ask(ctx, &app, &code, ret, err);
}

/* Rights without which something is not heard or cannot be answered. */
static struct text missing_of(const struct connector_ctx *ctx, struct text session)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 512 };
	struct connector_ctx with = *ctx;
	struct oauth_session s;

	with.session = session;
	if (session.len == 0 || !oauth_session_load(&with, &s)) {
		return TEXT_NONE;
	}
	for (const struct connector_right *r = x_rights; r->scope != NULL; r++) {
		if (!oauth_has_scope(&s, r->scope)) {
			strbuf_printf(&b, "%s%s, %s", b.len > 0 ? "; " : "", r->scope, r->why);
		}
	}
	return b.len > 0 ? text_dup(ctx->arena, strbuf_text(&b)) : TEXT_NONE;
}

struct text x_missing(const struct connector_ctx *ctx)
{
	return missing_of(ctx, ctx->session);
}

bool x_connect_digest(const struct connector_ctx *ctx, const struct response *r,
		      struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	if (!oauth_token_digest(ctx, &app, r, ret, err)) {
		return false;
	}
	ret->missing = missing_of(ctx, ret->session);
	return true;
}

/* ---- addresses ---- */

void x_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	strbuf_add_str(b, path);
}

void x_url_add(struct strbuf *b, const char *name, struct text value)
{
	bool has_query = text_find(strbuf_text(b), TEXT("?"), 0) != SIZE_MAX;

	strbuf_printf(b, "%c%s=", has_query ? '&' : '?', name);
	strbuf_add_url(b, value);
}

/* One parameter with names joined by commas: X ignores what is repeated or listed otherwise. */
void x_url_add_fields(const struct connector_ctx *ctx, struct strbuf *b)
{
	const struct x_words *w = x_words_of(ctx);

	x_url_add(b, w->field_name, text_of(w->fields));
	x_url_add(b, "expansions", text_of(w->expansions));
	x_url_add(b, "user.fields", TEXT("name,username"));
}

static void pieces_sort(struct text *pieces, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k > 0 && text_compare(pieces[k], pieces[k - 1]) < 0; k--) {
			struct text other = pieces[k];

			pieces[k] = pieces[k - 1];
			pieces[k - 1] = other;
		}
	}
}

static struct text encoded(struct arena *a, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = SIGNED_BYTES };

	strbuf_add_url(&b, t);
	return text_dup(a, strbuf_text(&b));
}

/* The parts that are signed beside the query, in their names' order. */
static size_t oauth_parts(const struct connector_ctx *ctx, const struct keys *k, struct text url,
			  struct text salt, struct text *ret)
{
	struct arena *a = ctx->arena;
	uint64_t one = text_hash(text_hash(TEXT_HASH_SEED, url), salt);
	uint64_t two = text_hash(one ^ (uint64_t)ctx->now.us, k->token);

	ret[0] = text_printf(a, "oauth_consumer_key=%.*s", TEXT_ARG(encoded(a, k->consumer)));
	ret[1] = text_printf(a, "oauth_nonce=%016llx%016llx", (unsigned long long)one,
			     (unsigned long long)two);
	ret[2] = TEXT("oauth_signature_method=HMAC-SHA1");
	ret[3] = text_printf(a, "oauth_timestamp=%lld", (long long)(ctx->now.us / 1000000));
	ret[4] = text_printf(a, "oauth_token=%.*s", TEXT_ARG(encoded(a, k->token)));
	ret[5] = TEXT("oauth_version=1.0");
	return 6;
}

/* RFC 5849, 3.4: the method, the address without its query, and all parameters; a body of JSON is not signed. */
static struct text signature(const struct connector_ctx *ctx, const struct keys *k,
			     enum http_method method, struct text url, const struct text *parts,
			     size_t n_parts)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = SIGNED_BYTES };
	scoped(strbuf_done) struct strbuf all = { .max_bytes = SIGNED_BYTES };
	struct text pieces[PARAMETERS], base, rest;
	size_t n = 0;

	for (; n < n_parts; n++) {
		pieces[n] = parts[n];
	}
	(void)text_cut(url, '?', &base, &rest);
	while (rest.len > 0 && n < PARAMETERS) {
		(void)text_cut(rest, '&', &pieces[n++], &rest);
	}
	pieces_sort(pieces, n);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&all, i > 0 ? "&" : "");
		strbuf_add(&all, pieces[i]);
	}
	strbuf_add_str(&b, method == HTTP_GET ? "GET&" : "POST&");
	strbuf_add_url(&b, base);
	strbuf_add_byte(&b, '&');
	strbuf_add_url(&b, strbuf_text(&all));
	return sign_hmac_sha1(ctx->arena,
			      text_printf(ctx->arena, "%.*s&%.*s",
					  TEXT_ARG(encoded(ctx->arena, k->consumer_secret)),
					  TEXT_ARG(encoded(ctx->arena, k->token_secret))),
			      strbuf_text(&b));
}

static struct text signed_header(const struct connector_ctx *ctx, const struct keys *k,
				 enum http_method method, struct text url, struct text salt)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = SIGNED_BYTES };
	struct text parts[6], name, value;
	size_t n = oauth_parts(ctx, k, url, salt, parts);

	strbuf_add_str(&b, "OAuth ");
	for (size_t i = 0; i < n; i++) {
		(void)text_cut(parts[i], '=', &name, &value);
		strbuf_printf(&b, "%.*s=\"%.*s\", ", TEXT_ARG(name), TEXT_ARG(value));
	}
	strbuf_add_str(&b, "oauth_signature=\"");
	strbuf_add_url(&b, signature(ctx, k, method, url, parts, n));
	strbuf_add_byte(&b, '"');
	return text_dup(ctx->arena, strbuf_text(&b));
}

bool x_url_finish(const struct connector_ctx *ctx, struct strbuf *b, enum http_method method,
		  struct text salt, struct request *ret, struct err *err)
{
	bool is_full = b->is_full;
	struct keys k;

	*ret = (struct request){ .method = method, .url = text_dup(ctx->arena, strbuf_text(b)) };
	strbuf_done(b);
	if (is_full) {
		return err_set(err, ERR_DATA, "the address would be longer than %d bytes",
			       LIMIT_URL_BYTES);
	}
	if (keys_load(ctx, &k)) {
		request_add_header(ret, TEXT("Authorization"),
				   signed_header(ctx, &k, method, ret->url, salt));
	} else {
		ret->bearer = oauth_bearer(ctx);
	}
	return true;
}

/* ---- refusals ---- */

struct rate x_rate(const struct response *r)
{
	const struct page_rate_names names = { TEXT("x-rate-limit-limit"),
					       TEXT("x-rate-limit-remaining"),
					       TEXT("x-rate-limit-reset") };

	return page_rate(r, &names);
}

static struct text member_text(struct arena *a, struct text object, const char *name)
{
	struct text inner, value;

	if (jx_member(object, text_of(name), &inner) && jx_slice_kind(inner) == '"' &&
	    jx_slice_text(a, inner, &value)) {
		return value;
	}
	return TEXT_NONE;
}

bool x_problem_is(struct arena *a, struct text problem, const char *end)
{
	return jx_slice_kind(problem) == '{' &&
	       text_ends(member_text(a, problem, "type"), text_of(end));
}

/* The problem itself, or the first of its list; where it is neither, what was scanned. */
static bool problem_of(struct arena *a, const struct response *r, struct text *ret)
{
	struct text list, *slices;
	size_t n;

	if (!jx_scan(r->body, ret, NULL) || jx_slice_kind(*ret) != '{') {
		return false;
	}
	if (member_text(a, *ret, "detail").len == 0 && jx_member(*ret, TEXT("errors"), &list) &&
	    jx_elements(a, list, &slices, &n, NULL) && n > 0 && n < MOST_PROBLEMS &&
	    jx_slice_kind(slices[0]) == '{') {
		*ret = slices[0];
	}
	return true;
}

struct text x_refusal(struct arena *a, const struct response *r)
{
	static const char *const names[] = { "detail", "message", "title", "error" };
	struct text problem, said = TEXT_NONE;

	if (r->status < 300 || !problem_of(a, r, &problem)) {
		return TEXT_NONE;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && said.len == 0; i++) {
		said = member_text(a, problem, names[i]);
	}
	return said;
}

bool x_is_broke(const struct response *r)
{
	return r->status == 402 || ((r->status == 429 || r->status == 403) &&
				    (text_find(r->body, TEXT("/usage-capped"), 0) != SIZE_MAX ||
				     text_find(r->body, TEXT("/problems/credits"), 0) != SIZE_MAX));
}

/* Why nobody but a person can help; NULL: it is not of that kind. */
static const char *forbidden(const struct response *r)
{
	if (r->status != 403 || page_is_html(r)) {
		return NULL;
	}
	if (text_find(r->body, TEXT("/unsupported-authentication"), 0) != SIZE_MAX) {
		return "X wants another kind of token here (403): a user's, made with `answerd "
		       "connect` or with the four keys of OAuth 1.0a";
	}
	if (text_find(r->body, TEXT("client-not-enrolled"), 0) != SIZE_MAX ||
	    text_find(r->body, TEXT("\"code\":453"), 0) != SIZE_MAX) {
		return "the app is in no project or plan of X that may do this (403): look at X's "
		       "developer console";
	}
	return NULL;
}

bool x_is_forbidden(const struct response *r)
{
	return forbidden(r) != NULL;
}

bool x_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
	     struct err *err)
{
	struct keys k;

	ret->rate = x_rate(r);
	if (x_is_broke(r)) {
		ret->rate = (struct rate){ 0 };
		(void)err_set(err, ERR_AUTH,
			      "X gives nothing more until it is paid (%d): the month's cap or the "
			      "credits are used up; look at the billing page of X's developer "
			      "console",
			      r->status);
		if (err != NULL) {
			err->not_before = wall_add(ctx->now, DUR_S(BROKE_S));
		}
		return false;
	}
	if (r->status == 401 && !keys_load(ctx, &k) &&
	    text_find(ctx->token, TEXT(":"), 0) != SIZE_MAX) {
		ret->needs_refresh = true;
		return err_set(err, ERR_AUTH, "the session has ended (401)");
	}
	if (x_is_forbidden(r)) {
		return err_set(err, ERR_AUTH, "%s", forbidden(r));
	}
	return page_check(ctx, r, &ret->rate, err);
}
