#include "rss_entry.h"

#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "rss_date.h"
#include "rss_fields.h"

#define SCRATCH_BYTES   (48u * 1024 * 1024) /* tree and mended text of one element */
#define LEAD_BYTES      40                  /* "In reply to " in any tongue */
#define COMMENT_MARK    TEXT("#comment-")
#define AUTHOR_ID_BYTES 200

/* The feed round the entries. */
struct feed_head {
	struct text title, author, language;
};

/* One entry on its way to a message; its texts live in `scratch`. */
struct reading {
	const struct connector_ctx *ctx;
	const struct rss_source *from;
	const struct feed_head *head;
	struct arena *scratch;
	const struct xml *x;
	struct text raw;
	struct rss_fields f;
	struct text answers;   /* the id of what it stands below */
	struct text lead_name; /* whom it answers, by WordPress's first line */
};

/* ---- text ---- */

struct text rss_link(struct arena *a, struct text base, struct text link)
{
	struct url u;
	size_t path;

	link = text_trim(link);
	if (url_parse(link, &u)) {
		return text_dup(a, link);
	}
	if (!text_starts(link, TEXT("/")) || !url_parse(base, &u)) {
		return TEXT_NONE;
	}
	path = text_find(base, TEXT("/"), u.scheme.len + 3);
	base = text_slice(base, 0, text_starts(link, TEXT("//")) ? u.scheme.len + 1 : path);
	link = text_printf(a, "%.*s%.*s", TEXT_ARG(base), TEXT_ARG(link));
	return url_parse(link, &u) ? link : TEXT_NONE;
}

bool rss_is_ours(const struct connector_ctx *ctx, struct text name)
{
	struct text rest = connector_option(ctx, "authors"), one;

	while (rest.len > 0 && name.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		if (text_eq_nocase(text_trim(one), name)) {
			return true;
		}
	}
	return false;
}

/* ---- ids ---- */

/* Unique by itself; a bare "12" is unique in its feed only. */
static bool is_absolute(struct text id)
{
	return text_find(id, TEXT("://"), 0) != SIZE_MAX || text_starts(id, TEXT("tag:")) ||
	       text_starts(id, TEXT("urn:"));
}

static struct text hash_id(struct arena *a, struct text t)
{
	return text_printf(a, "hash:%016llx%016llx",
			   (unsigned long long)text_hash(TEXT_HASH_SEED, t),
			   (unsigned long long)text_hash(~TEXT_HASH_SEED, t));
}

static struct text id_make(struct arena *a, const struct rss_source *from, struct text id)
{
	id = text_trim(id);
	if (id.len == 0) {
		return TEXT_NONE;
	}
	if (!page_is_id(id) || id.len > LIMIT_ID_BYTES - 300) {
		id = hash_id(a, id);
	}
	if (from->role != RSS_FEED && is_absolute(id)) {
		return text_dup(a, id);
	}
	return text_printf(a, "%.*s%s%.*s", TEXT_ARG(from->host),
			   from->role == RSS_FEED       ? ":"
			   : from->role == RSS_COMMENTS ? "/comment:"
							: "/post:",
			   TEXT_ARG(id));
}

static bool is_nobody(struct text name)
{
	static const char *const names[] = { "anonymous", "anonym", "anonyme", "an\xc3\xb3nimo",
					     "anonimo",   "guest",  "gast",    "unknown" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_eq_nocase(name, text_of(names[i]))) {
			return true;
		}
	}
	return name.len == 0;
}

static void author_set(struct reading *r, struct message *m)
{
	struct arena *a = r->ctx->arena;
	struct strbuf b;
	struct url u;

	if (url_parse(r->f.uri, &u) && page_is_id(r->f.uri)) {
		m->author_id = text_dup(a, r->f.uri);
	} else if (is_nobody(r->f.author)) {
		/* Two who give no name are not one customer. */
		m->author_id = text_printf(a, "entry:%.*s", TEXT_ARG(hash_id(a, m->external_id)));
	} else {
		strbuf_init(&b, LIMIT_ID_BYTES);
		strbuf_add(&b, r->from->host);
		strbuf_add_byte(&b, '/');
		strbuf_add_url(&b, text_clip(text_lower_ascii(a, r->f.author), AUTHOR_ID_BYTES));
		m->author_id = text_dup(a, strbuf_text(&b));
		strbuf_done(&b);
	}
	m->author_name = text_dup(a, text_clip(r->f.author, LIMIT_NAME_BYTES));
	m->author_handle = m->author_name;
}

/* ---- comments ---- */

/* WordPress says in the words alone whom a comment answers: "<p>In reply to <a href="…#comment-12">Ann
 * </a>.</p>" in the site's language. Taken only in exactly that form, so that nobody's own link at the
 * beginning of a comment makes it an answer to somebody else. */
static void lead_read(struct reading *r)
{
	struct text t = r->f.body, href, name, rest;
	size_t from, mark, open, close, end;

	t = text_starts(t, TEXT("<p>")) ? text_slice(t, 3, SIZE_MAX) : t;
	from = text_find(t, TEXT("<a "), 0);
	if (from == SIZE_MAX || from > LEAD_BYTES ||
	    text_find(text_slice(t, 0, from), TEXT("<"), 0) != SIZE_MAX) {
		return;
	}
	open = text_find(t, TEXT(">"), from);
	close = text_find(t, TEXT("</a>"), from);
	if (open == SIZE_MAX || close == SIZE_MAX || close < open) {
		return;
	}
	href = text_slice(t, from, open - from);
	name = text_slice(t, open + 1, close - open - 1);
	rest = text_slice(t, close + 4, SIZE_MAX);
	mark = text_find(href, COMMENT_MARK, 0);
	rest = text_starts(rest, TEXT(".")) ? text_slice(rest, 1, SIZE_MAX) : TEXT_NONE;
	if (mark == SIZE_MAX ||
	    !(text_starts(rest, TEXT("</p>")) || text_starts(rest, TEXT("\n")) ||
	      text_starts(rest, TEXT("<br")))) {
		return;
	}
	mark += COMMENT_MARK.len;
	for (end = mark; end < href.len && href.at[end] >= '0' && href.at[end] <= '9'; end++) {
	}
	from = text_find(r->f.id, COMMENT_MARK, 0);
	if (end == mark || from == SIZE_MAX) {
		return;
	}
	r->answers = text_printf(r->scratch, "%.*s%.*s%.*s", (int)from, r->f.id.at,
				 TEXT_ARG(COMMENT_MARK), (int)(end - mark), href.at + mark);
	r->lead_name = html_to_text(r->scratch, name);
	r->f.body = text_starts(rest, TEXT("</p>")) ? text_slice(rest, 4, SIZE_MAX) : rest;
}

/* What it stands below: another comment, or our post. */
static void answers_read(struct reading *r)
{
	struct text ref = xml_attribute_of(xml_child(r->x, "thr:in-reply-to"), "ref");
	size_t mark;

	lead_read(r);
	r->answers = ref.len > 0 ? ref : r->answers;
	mark = text_find(r->f.id, COMMENT_MARK, 0);
	if (r->answers.len == 0 && mark != SIZE_MAX) {
		r->answers = text_slice(r->f.id, 0, mark);
	}
}

/* "Comment on Bread by Ann", "By: Ann", "Re: Bread", the first words: made by the blog, in its language,
 * and different from feed to feed. */
static bool is_made_up(const struct reading *r, struct text body)
{
	struct text t = r->f.title;

	if (text_ends(t, TEXT("...")) || text_ends(t, TEXT("\xe2\x80\xa6"))) {
		t.len -= 3;
	}
	return text_starts_nocase(t, TEXT("Re:")) || text_starts(body, text_trim(t)) ||
	       (r->f.author.len > 0 && text_find(t, r->f.author, 0) != SIZE_MAX);
}

static void comment_set(struct reading *r, struct message *m)
{
	struct arena *a = r->ctx->arena;
	bool is_reply = text_find(r->answers, COMMENT_MARK, 0) != SIZE_MAX;

	m->parent_id = id_make(a, r->from, r->answers);
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE;
	}
	m->kind = is_reply ? MESSAGE_REPLY : MESSAGE_COMMENT;
	/* A reply to a comment of ours is to us by its parent; here only where the parent is never seen. */
	m->is_named =
		m->direction == MESSAGE_INBOUND && (!is_reply || rss_is_ours(r->ctx, r->lead_name));
	if (m->warning.len > 0 && m->body.len > 0 && is_made_up(r, m->body)) {
		m->warning = TEXT_NONE;
	}
}

/* ---- entries ---- */

static uint64_t content_hash(const struct reading *r)
{
	uint64_t h = text_hash(TEXT_HASH_SEED, r->f.title);

	h = text_hash(h, TEXT("\x1f"));
	h = text_hash(text_hash(h, r->f.date), TEXT("\x1f"));
	h = text_hash(text_hash(h, r->f.author), TEXT("\x1f"));
	return text_hash(h, r->f.body);
}

static void times_set(const struct reading *r, struct message *m)
{
	struct wall updated = rss_date_parse(r->scratch, r->f.updated, r->ctx->now);

	m->posted_at = rss_date_parse(r->scratch, r->f.date, r->ctx->now);
	if (!wall_is_set(m->posted_at)) {
		m->posted_at = updated;
	} else if (wall_before(m->posted_at, updated)) {
		m->edited_at = updated;
	}
}

static bool entry_set(struct reading *r, struct message *m, struct err *err)
{
	const struct connector_ctx *ctx = r->ctx;
	struct arena *a = ctx->arena;
	struct text key = r->f.id.len > 0 ? r->f.id : r->f.link;

	if (key.len == 0 && r->f.title.len == 0 && r->f.body.len == 0) {
		return err_set(err, ERR_DATA, "it says nothing: no id, no link, no title, no text");
	}
	m->external_id = id_make(a, r->from,
				 key.len > 0 ? key
					     : text_printf(r->scratch, "hash:%016llx",
							   (unsigned long long)content_hash(r)));
	if (r->from->role == RSS_COMMENTS) {
		answers_read(r);
	}
	m->raw = r->raw;
	m->body = text_clip(html_to_text(a, r->f.body), LIMIT_MESSAGE_BYTES);
	m->warning = text_dup(a, text_clip(r->f.title, LIMIT_NAME_BYTES));
	if (m->body.len == 0) {
		m->body = m->warning;
		m->warning = TEXT_NONE;
	}
	m->language = text_dup(a, text_clip(r->head->language, 64));
	m->permalink = rss_link(a, r->from->url, r->f.link);
	m->visibility = MESSAGE_PUBLIC;
	times_set(r, m);
	author_set(r, m);
	m->direction = r->from->role == RSS_OWN || rss_is_ours(ctx, r->f.author) ||
				       rss_is_ours(ctx, r->f.uri) || rss_is_ours(ctx, r->f.mail)
			       ? MESSAGE_OUTBOUND
			       : MESSAGE_INBOUND;
	m->kind = MESSAGE_POST;
	if (r->from->role == RSS_COMMENTS) {
		comment_set(r, m);
	}
	m->is_about = r->from->role == RSS_FEED && m->direction == MESSAGE_INBOUND;
	return true;
}

/* One of our posts says where its comments are; only addresses of the feed's own origin are believed. */
static void post_add(const struct reading *r, const struct message *m, struct rss_page *page)
{
	const struct xml *x = xml_child(r->x, "wfw:commentRss");
	struct arena *a = r->ctx->arena;
	struct text at;

	x = x != NULL ? x : xml_child(r->x, "wfw:commentRSS");
	at = x != NULL ? xml_text(r->scratch, x)
		       : xml_attribute_of(rss_atom_link(r->x, "replies"), "href");
	at = rss_link(a, r->from->url, at);
	if (r->from->role == RSS_OWN && at.len > 0 && url_same_origin(at, r->from->url)) {
		page->posts[page->n_posts++] = (struct rss_post){ m->external_id, at };
	}
}

static void slice_add(struct reading *r, const struct xml_page *xml, bool is_atom,
		      struct outcome *out, struct rss_page *page)
{
	struct message m = { 0 };
	struct err err = { 0 };
	struct xml *root;
	bool is_read = xml_parse(r->scratch, xml, r->raw, rss_spaces, &root, &err);

	if (is_read) {
		r->x = xml_element(root);
		if (is_atom) {
			rss_fields_atom(r->scratch, r->x, r->head->author, &r->f);
		} else {
			rss_fields_rss(r->scratch, r->x, &r->f);
		}
		if (is_nobody(r->f.author) && r->from->role != RSS_COMMENTS) {
			r->f.author = r->head->author.len > 0 ? r->head->author : r->head->title;
		}
		is_read = entry_set(r, &m, &err);
	}
	if (!is_read) {
		outcome_add_bad(r->ctx->arena, out, r->raw, TEXT_NONE, err.text);
		return;
	}
	*outcome_add_message(r->ctx->arena, out) = m;
	page->times[page->n] = m.posted_at;
	page->prints[page->n++] =
		(struct rss_print){ .id = text_hash(TEXT_HASH_SEED, m.external_id),
				    .content = content_hash(r) };
	post_add(r, &m, page);
}

/* ---- pages ---- */

static void head_read(const struct connector_ctx *ctx, const struct rss_source *from,
		      const struct xml_page *xml, struct text rest, struct arena *scratch,
		      struct outcome *out, struct feed_head *head, struct rss_page *page)
{
	struct arena *a = ctx->arena;
	const struct xml *x;
	struct xml *root;
	struct text next;

	/* What stands round the entries may be broken; they are not. */
	if (!xml_parse(scratch, xml, rest, rss_spaces, &root, NULL)) {
		return;
	}
	x = xml_child(root, "channel") != NULL ? xml_child(root, "channel") : root;
	head->title = html_to_text(
		a, rss_first_of(scratch, x, (const char *const[]){ "title", "atom:title", NULL }));
	head->title = text_clip(head->title, LIMIT_NAME_BYTES);
	head->author = text_dup(a, rss_words(scratch, rss_child(x, "atom:author"), "atom:name"));
	head->language = xml_attribute_of(root, "xml:lang");
	if (head->language.len == 0) {
		head->language = rss_first_of(
			scratch, x, (const char *const[]){ "language", "dc:language", NULL });
	}
	head->language = text_dup(a, head->language);
	next = rss_link(a, from->url, xml_attribute_of(rss_atom_link(x, "next"), "href"));
	if (next.len > 0 && url_same_origin(next, from->url)) {
		page->next = next;
	}
	for (x = xml_child(x, "at:deleted-entry"); x != NULL; x = xml_again(x)) {
		struct text id = id_make(a, from, xml_attribute_of(x, "ref"));

		if (id.len > 0) {
			outcome_add_gone(a, out, id);
		}
	}
}

static bool feed_open(const struct connector_ctx *ctx, const struct response *r, bool *ret_is_atom,
		      struct xml_page *ret, struct err *err)
{
	if (text_trim(r->body).len == 0) {
		return err_set(err, ERR_DATA,
			       "status %d with an empty body where a feed was expected", r->status);
	}
	if (!xml_open(ctx->arena, r->body, response_header(r, TEXT("Content-Type")), ret, err)) {
		return page_is_html(r) && text_find(text_lower_ascii(ctx->arena,
								     text_slice(r->body, 0, 1024)),
						    TEXT("<html"), 0) != SIZE_MAX
			       ? err_set(err, ERR_DATA, "a web page where a feed was expected")
			       : false;
	}
	*ret_is_atom = text_eq_nocase(ret->root, TEXT("feed"));
	if (*ret_is_atom || text_eq_nocase(ret->root, TEXT("rss")) ||
	    text_eq_nocase(ret->root, TEXT("RDF"))) {
		return true;
	}
	return text_eq_nocase(ret->root, TEXT("html"))
		       ? err_set(err, ERR_DATA,
				 "a web page where a feed was expected: its source names the feed "
				 "in "
				 "<link rel=\"alternate\">")
		       : err_set(err, ERR_DATA,
				 "the page is XML, but no feed: its first element is '%.*s'",
				 TEXT_ARG(text_clip(ret->root, 40)));
}

bool rss_page_read(const struct connector_ctx *ctx, const struct rss_source *from,
		   const struct response *r, struct outcome *out, struct rss_page *ret,
		   struct err *err)
{
	struct arena *scratch;
	struct xml_page xml;
	struct feed_head head = { 0 };
	struct text *slices, rest;
	bool is_atom = false;
	size_t n;

	if (!feed_open(ctx, r, &is_atom, &xml, err) ||
	    !xml_cut(ctx->arena, &xml, is_atom ? "entry" : "item", &slices, &n, &rest, err)) {
		return false;
	}
	*ret = (struct rss_page){
		.prints = ARENA_ARRAY(ctx->arena, struct rss_print, n),
		.times = ARENA_ARRAY(ctx->arena, struct wall, n),
		.posts = ARENA_ARRAY(ctx->arena, struct rss_post, n),
	};
	scratch = arena_create(SCRATCH_BYTES);
	head_read(ctx, from, &xml, rest, scratch, out, &head, ret);
	for (size_t i = 0; i < n; i++) {
		struct reading one = { .ctx = ctx,
				       .from = from,
				       .head = &head,
				       .scratch = scratch,
				       .raw = slices[i] };

		arena_reset(scratch);
		slice_add(&one, &xml, is_atom, out, ret);
	}
	arena_destroy(&scratch);
	return true;
}
