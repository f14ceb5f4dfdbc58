/* Feeds: RSS 2.0, RSS 1.0 (RDF), Atom. Comments on our own blog, our own posts, and what others publish
 * about us. What stands in a feed and what it means: rss_entry.h; windows and walks: rss_state.h. */
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "rss_state.h"

#define MOST_SOURCE_BYTES 1000 /* its name is part of a key */

static const struct connector_option options[] = {
	{ "server",
	  "The site's address; sources may then be paths on it, and `token` is sent nowhere else.",
	  false },
	{ "token", "USER:PASSWORD, where a site asks for them (HTTP Basic).", false },
	{ "authors",
	  "Names (or addresses) under which we write, separated by commas: their comments are "
	  "ours. "
	  "A feed proves nobody's name: use ones that the site gives to nobody else.",
	  false },
	{ NULL, NULL, false },
};

/* ---- sources ---- */

static bool source_parse(struct arena *a, struct text server, struct text name,
			 struct rss_source *ret, struct err *err)
{
	struct text role, at;
	struct url u;

	if (!text_cut(name, ':', &role, &at) ||
	    !(text_eq(role, TEXT("own")) || text_eq(role, TEXT("comments")) ||
	      text_eq(role, TEXT("feed")))) {
		return err_set(
			err, ERR_CONFIG,
			"rss has the sources own:ADDRESS (our posts), comments:ADDRESS (comments "
			"on them) and feed:ADDRESS (what others publish about us)");
	}
	ret->role = text_eq(role, TEXT("own"))        ? RSS_OWN
		    : text_eq(role, TEXT("comments")) ? RSS_COMMENTS
						      : RSS_FEED;
	at = text_trim(at);
	if (text_starts(at, TEXT("/")) && !text_starts(at, TEXT("//")) && server.len > 0) {
		at = text_printf(a, "%.*s%.*s", TEXT_ARG(server), TEXT_ARG(at));
	}
	if (!url_parse(at, &u) || at.len > LIMIT_URL_BYTES ||
	    (text_eq(u.scheme, TEXT("http")) && !url_is_loopback(at))) {
		return err_set(err, ERR_CONFIG,
			       "behind '%.*s:' comes the feed's https address, or, with `server`, "
			       "a path on "
			       "it (/comments/feed/)",
			       TEXT_ARG(role));
	}
	ret->url = text_slice(at, 0, text_find(at, TEXT("#"), 0));
	ret->host = text_lower_ascii(a, u.host);
	return true;
}

static bool check_source(struct text name, struct err *err)
{
	struct arena *a;
	struct rss_source from;
	bool is_good;

	if (name.len > MOST_SOURCE_BYTES) {
		return err_set(err, ERR_CONFIG, "an address has at most %d bytes",
			       MOST_SOURCE_BYTES);
	}
	a = arena_create((size_t)8 * LIMIT_URL_BYTES);
	/* Whether there is a server is known only where the whole account is. */
	is_good = source_parse(a, TEXT("https://server.invalid"), name, &from, err);
	arena_destroy(&a);
	return is_good;
}

/* A thread's source is the comment feed of the post that it stands below; none where we know of none. */
static bool thread_source(const struct connector_ctx *ctx, const struct question *q,
			  struct rss_source *ret)
{
	struct url u;

	*ret = (struct rss_source){ .role = RSS_COMMENTS };
	ret->url = rss_facts_find(ctx->arena, ctx->facts,
				  q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE);
	if (ret->url.len == 0 || !url_parse(ret->url, &u)) {
		ret->url = TEXT_NONE;
		return false;
	}
	ret->host = text_lower_ascii(ctx->arena, u.host);
	return true;
}

/* ---- asking ---- */

static void ask_url(const struct connector_ctx *ctx, struct text url, struct request *ret)
{
	*ret = (struct request){ .method = HTTP_GET, .url = url };
	request_add_header(ret, TEXT("Accept"),
			   TEXT("application/atom+xml, application/rss+xml, application/rdf+xml, "
				"application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"));
	if (ctx->token.len > 0 && url_same_origin(url, ctx->server)) {
		request_add_header(ret, TEXT("Authorization"), page_basic(ctx->arena, ctx->token));
	}
}

/* A walk that would leave the feed's own server begins again. */
static void state_load(const struct connector_ctx *ctx, const struct question *q,
		       const struct rss_source *from, struct rss_state *ret)
{
	rss_state_load(ctx->arena, q->state, ret);
	if (ret->next.len > 0 && !url_same_origin(ret->next, from->url)) {
		ret->next = TEXT_NONE;
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct rss_source from = { 0 };
	struct rss_state s;

	if (!source_parse(ctx->arena, ctx->server, q->source, &from, err)) {
		return false;
	}
	state_load(ctx, q, &from, &s);
	if (s.next.len > 0) {
		ask_url(ctx, s.next, ret);
		return true;
	}
	ask_url(ctx, from.url, ret);
	if (q->op == OP_SWEEP) {
		return true; /* without conditions: some servers forget to change their ETag */
	}
	if (s.etag.len > 0) {
		request_add_header(ret, TEXT("If-None-Match"), s.etag);
	}
	if (s.modified.len > 0) {
		request_add_header(ret, TEXT("If-Modified-Since"), s.modified);
	}
	return true;
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	struct rss_source from;

	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD:
		if (thread_source(ctx, q, &from)) {
			ask_url(ctx, from.url, ret);
		}
		return true;
	case OP_IDENTIFY: return true; /* a feed knows nobody: who we are stands in `authors` */
	case OP_RECHECK:
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "rss does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

/* The statuses that mean something else where an address is a page and not an interface. */
static bool check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		  struct err *err)
{
	struct url u;

	switch (r->status) {
	case 401:
	case 403:
		if (r->status == 403 && page_is_html(r)) {
			break;
		}
		return err_set(err, ERR_AUTH, "the site refuses the feed (%d): %s", r->status,
			       ctx->token.len > 0 ? "is `token` right (USER:PASSWORD)?"
						  : "it may want a `token` (USER:PASSWORD)");
	case 404: return err_set(err, ERR_GONE, "no feed there (404): is its address right?");
	case 410:
		return err_set(err, ERR_GONE,
			       "the feed is gone for good (410): take it out of `listen`");
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		if (url_parse(
			    rss_link(ctx->arena, ctx->server, response_header(r, TEXT("Location"))),
			    &u)) {
			return err_set(
				err, ERR_RETRY,
				"the feed has moved to %.*s://%.*s%s%.*s%.*s: if that is right, "
				"write it into `listen`",
				TEXT_ARG(u.scheme), TEXT_ARG(u.host), u.port.len > 0 ? ":" : "",
				TEXT_ARG(u.port), TEXT_ARG(text_clip(u.path, 100)));
		}
		break;
	default: break;
	}
	return page_check(ctx, r, &ret->rate, err);
}

static bool digest_poll(const struct connector_ctx *ctx, const struct question *q,
			const struct rss_source *from, const struct response *r,
			struct outcome *ret, struct err *err)
{
	struct rss_page page;
	struct rss_state s;
	bool is_first, is_hole;

	state_load(ctx, q, from, &s);
	is_first = s.next.len == 0;
	if (r->status == 304 && is_first) {
		ret->state = q->state;
		return true;
	}
	if ((r->status == 404 || r->status == 410) && !is_first) {
		/* A page of older entries that is no more: the walk ends where it stands. */
		page = (struct rss_page){ 0 };
	} else if (!check(ctx, r, ret, err) || !rss_page_read(ctx, from, r, ret, &page, err)) {
		return false;
	}
	ret->has_hole = is_first && r->is_cut && s.known.n == 0;
	ret->is_more = rss_state_step(&s, q->since, &page, ret, &is_hole);
	ret->has_hole = ret->has_hole || is_hole;
	if (is_first) {
		s.etag = text_clean(ctx->arena, response_header(r, TEXT("ETag")), NULL);
		s.modified =
			text_clean(ctx->arena, response_header(r, TEXT("Last-Modified")), NULL);
	}
	ret->state = rss_state_save(ctx->arena, &s);
	ret->facts = rss_facts_learn(ctx->arena, ctx->facts, &page);
	return true;
}

static bool digest_once(const struct connector_ctx *ctx, const struct rss_source *from,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct rss_page page;

	return check(ctx, r, ret, err) && rss_page_read(ctx, from, r, ret, &page, err);
}

/* The place behind the last `mark`, or 0. */
static size_t behind_last(struct text t, struct text mark)
{
	size_t at, end = 0;

	while (at = text_find(t, mark, end), at != SIZE_MAX) {
		end = at + mark.len;
	}
	return end;
}

/* A feed cannot be asked for in parts. Of one that is larger than we read, the entries that came whole
 * are: the newest, as feeds go. The rest is a hole, unless it is known. */
static struct response whole_part(struct arena *a, const struct response *r)
{
	static const struct {
		struct text entry_end, root_begin, root_end;
	} forms[] = {
		{ { "</item>", 7 }, { "<rss", 4 }, { "</channel></rss>", 16 } },
		{ { "</item>", 7 }, { "<rdf:RDF", 8 }, { "</rdf:RDF>", 10 } },
		{ { "</entry>", 8 }, { "<feed", 5 }, { "</feed>", 7 } },
	};
	struct response part = *r;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t end = behind_last(r->body, forms[i].entry_end);

		if (end > 0 && text_find(r->body, forms[i].root_begin, 0) != SIZE_MAX) {
			struct text tail = forms[i].root_end;
			char *at = arena_alloc(a, end + tail.len);

			memcpy(at, r->body.at, end);
			memcpy(at + end, tail.at, tail.len);
			part.body = (struct text){ at, end + tail.len };
			break;
		}
	}
	return part;
}

/* A recording may come without its source. */
static struct rss_source source_of(const struct connector_ctx *ctx, const struct question *q)
{
	struct rss_source from = { .role = RSS_FEED,
				   .url = TEXT("https://recorded.example/feed"),
				   .host = TEXT("recorded.example") };

	(void)source_parse(ctx->arena, ctx->server, q->source, &from, NULL);
	return from;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	struct rss_source from;
	struct response part;

	*ret = (struct outcome){ 0 };
	if (r->is_cut) {
		part = whole_part(ctx->arena, r);
		r = &part;
	}
	switch (q->op) {
	case OP_POLL: from = source_of(ctx, q); return digest_poll(ctx, q, &from, r, ret, err);
	case OP_SWEEP: from = source_of(ctx, q); return digest_once(ctx, &from, r, ret, err);
	case OP_THREAD:
		if (!thread_source(ctx, q, &from) || r->status == 404 || r->status == 410) {
			return true; /* no comments are shown there: nothing is said about what is gone */
		}
		return digest_once(ctx, &from, r, ret, err);
	case OP_IDENTIFY: return true;
	case OP_RECHECK:
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "rss does not do '%s'", op_name(q->op));
}

const struct connector connector_rss = {
	.name = "rss",
	.about = "RSS and Atom feeds: comments on our blog, our own posts, what others publish about us",
	.needs = "the address of the feed",
	.sources = "comments:ADDRESS, comments on our blog (WordPress: /comments/feed/), to us; "
		   "own:ADDRESS, our own posts (/feed/), which also shows where the comments of each "
		   "are; feed:ADDRESS, what others publish or a search finds, about us. ADDRESS may be "
		   "a path on `server`",
	.always = NULL,
	.options = options,
	.can = {
		.hears = "comment reply post",
		.reply = false,
		.edits = true,
		.deletions = false,
		.direct = false,
		.search = true,
		.is_time_authors = false,
		.history = "what the feed shows: its newest entries, and older pages where it has them",
		.idempotency = NULL,
		.max_length = 0,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 0,
		.budget_requests = 300,
		.budget_window_s = 300,
		.anonymous_search = false,
		.needs_session = false,
		.is_open = true,
		.edits_words = "yes, while in the feed",
		.deletions_words = "only where Atom says so",
		.why_no_reply = "A feed takes nothing: answer on the site itself; the answer is seen here "
				"once the feed shows it under a name of `authors`.",
		.rhythm = "15m",
	},
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
