#include "mail_letter.h"

#include "answerd/limits.h"
#include "answerd/mime.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "mail_words.h"
#include "rss_date.h"

#define OURS_MARK    ".answerd@"
#define SUBJECT_MOST 500

/* ---- ids ---- */

struct text mail_id(struct text raw)
{
	struct text t = text_trim(raw);
	size_t n = 0;

	if (text_starts(t, TEXT("<")) && text_ends(t, TEXT(">"))) {
		t = text_slice(t, 1, t.len - 2);
	}
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c >= 0x7f || c == '<' || c == '>' || c == '"' || c == '\\') {
			return TEXT_NONE;
		}
		n += c == '@';
	}
	/* Something before an '@', as all programs write it: our own prefixes have none. */
	return n == 1 && t.at[0] != '@' && t.len <= 250 && page_is_id(t) ? t : TEXT_NONE;
}

bool mail_id_next(struct text raw, size_t *at, struct text *ret)
{
	while (*at < raw.len) {
		size_t open = text_find(raw, TEXT("<"), *at), end;

		if (open == SIZE_MAX) {
			return false;
		}
		end = text_find(raw, TEXT(">"), open);
		if (end == SIZE_MAX) {
			return false;
		}
		*at = end + 1;
		*ret = mail_id(text_slice(raw, open, end + 1 - open));
		if (ret->len > 0) {
			return true;
		}
	}
	return false;
}

struct text mail_own_address(const struct connector_ctx *ctx)
{
	struct text address, name, raw = connector_option(ctx, "address");
	size_t at = 0;

	return mime_address_next(ctx->arena, raw, &at, &address, &name) ? address : TEXT_NONE;
}

/* Is the address in a list of them, separated by commas? "@shop.example" is a whole domain. */
static bool is_listed(const struct connector_ctx *ctx, const char *option, struct text address)
{
	struct text one, rest = connector_option(ctx, option);

	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		one = text_lower_ascii(ctx->arena, text_trim(one));
		if (text_eq(one, address) ||
		    (text_starts(one, TEXT("@")) && text_ends(address, one))) {
			return address.len > 0;
		}
	}
	return false;
}

bool mail_is_own(const struct connector_ctx *ctx, struct text address)
{
	return address.len > 0 &&
	       (text_eq(address, mail_own_address(ctx)) || is_listed(ctx, "aliases", address));
}

static struct text domain_of(const struct connector_ctx *ctx)
{
	struct text name, domain;

	return text_cut(mail_own_address(ctx), '@', &name, &domain) ? domain : TEXT("localhost");
}

struct text mail_id_of_ours(const struct connector_ctx *ctx, struct text key)
{
	return text_printf(ctx->arena, "%.*s" OURS_MARK "%.*s", TEXT_ARG(key),
			   TEXT_ARG(domain_of(ctx)));
}

/* Does it look like one that only we give out? */
static bool is_of_ours(const struct connector_ctx *ctx, struct text id)
{
	size_t at = text_find(id, TEXT(OURS_MARK), 0);

	return at != SIZE_MAX && wall_is_set(posting_key_time(text_slice(id, 0, at))) &&
	       text_eq(id, mail_id_of_ours(ctx, text_slice(id, 0, at)));
}

static struct text hash_id(struct arena *a, const struct mime *mime)
{
	uint64_t one = text_hash(text_hash(TEXT_HASH_SEED, mime->head), mime->text);
	uint64_t two =
		text_hash(text_hash(one ^ UINT64_C(0x9e3779b97f4a7c15), mime->text), mime->head);

	return text_printf(a, "hash:%016llx%016llx", (unsigned long long)one,
			   (unsigned long long)two);
}

static void ids_read(const struct connector_ctx *ctx, bool is_ours, const struct mime *mime,
		     struct message *m)
{
	struct arena *a = ctx->arena;
	struct text answers = mime_header_raw(a, mime->head, "In-Reply-To");
	struct text all = mime_header_raw(a, mime->head, "References"), one;
	size_t at = 0;

	m->external_id = mail_id(mime_header_raw(a, mime->head, "Message-ID"));
	if (m->external_id.len == 0 || (!is_ours && is_of_ours(ctx, m->external_id))) {
		m->external_id = hash_id(a, mime);
	}
	if (!mail_id_next(answers, &at, &m->parent_id)) {
		for (at = 0; mail_id_next(all, &at, &one);) {
			m->parent_id = one;
		}
	}
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE;
	}
}

/* ---- machines ---- */

static bool is_said(struct arena *a, struct text head, const char *name)
{
	return mime_header_raw(a, head, name).len > 0;
}

static bool word_is(struct arena *a, struct text head, const char *name, struct text word)
{
	struct text value = mime_header_raw(a, head, name);

	return text_starts_nocase(value, word) &&
	       (value.len == word.len || strchr(" ;,\t", value.at[word.len]) != NULL);
}

static bool is_null_path(struct arena *a, struct text head)
{
	return text_eq(mime_header_raw(a, head, "Return-Path"), TEXT("<>"));
}

static bool is_daemon(struct text address)
{
	return text_starts(address, TEXT("mailer-daemon@")) ||
	       text_starts(address, TEXT("postmaster@"));
}

/* Is one of our addresses among its receivers? Support addresses are often lists of their own. */
static bool is_to_us(const struct connector_ctx *ctx, struct text head)
{
	static const char *const names[] = { "To", "Cc" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct text address, name, raw = mime_header_raw(ctx->arena, head, names[i]);

		for (size_t at = 0; mime_address_next(ctx->arena, raw, &at, &address, &name);) {
			if (mail_is_own(ctx, address)) {
				return true;
			}
		}
	}
	return false;
}

/* Is the list that brought it an address of ours ("help@shop.example" as a group)? */
static bool is_our_list(const struct connector_ctx *ctx, struct text head)
{
	struct text post = mime_header_raw(ctx->arena, head, "List-Post"), address, rest, id;
	size_t at = text_find(post, TEXT("mailto:"), 0);
	size_t open = 0;

	if (at != SIZE_MAX) {
		address = text_slice(post, at + strlen("mailto:"), SIZE_MAX);
		(void)text_cut(address, '>', &address, &rest);
		(void)text_cut(address, '?', &address, &rest);
		if (mail_is_own(ctx, text_lower_ascii(ctx->arena, address))) {
			return true;
		}
	}
	id = mime_header_raw(ctx->arena, head, "List-Id");
	open = text_find(id, TEXT("<"), 0);
	if (open == SIZE_MAX || !text_cut(text_slice(id, open + 1, SIZE_MAX), '>', &id, &rest)) {
		return false;
	}
	id = text_lower_ascii(ctx->arena, id);
	for (at = 0; at < id.len; at++) { /* "help.shop.example": one of its dots was an '@' */
		if (id.at[at] == '.' &&
		    mail_is_own(ctx, text_printf(ctx->arena, "%.*s@%.*s", (int)at, id.at,
						 TEXT_ARG(text_slice(id, at + 1, SIZE_MAX))))) {
			return true;
		}
	}
	return false;
}

/* By its headers alone, never by its words: a person who is taken for a machine is never answered. */
static bool is_by_machine(const struct connector_ctx *ctx, const struct mime *mime,
			  struct text author)
{
	struct arena *a = ctx->arena;
	struct text head = mime->head;
	bool is_list = is_said(a, head, "List-Id") || is_said(a, head, "List-Post") ||
		       is_said(a, head, "List-Unsubscribe") ||
		       word_is(a, head, "Precedence", TEXT("list"));

	if (text_eq(mime->type, TEXT("multipart/report")) || is_null_path(a, head) ||
	    is_daemon(author)) {
		return true;
	}
	if (is_said(a, head, "Auto-Submitted") && !word_is(a, head, "Auto-Submitted", TEXT("no"))) {
		return true;
	}
	if (is_said(a, head, "X-Autoreply") || is_said(a, head, "X-Autorespond") ||
	    is_said(a, head, "X-Failed-Recipients") ||
	    word_is(a, head, "Precedence", TEXT("bulk")) ||
	    word_is(a, head, "Precedence", TEXT("junk")) ||
	    word_is(a, head, "Precedence", TEXT("auto_reply"))) {
		return true;
	}
	if (is_our_list(ctx, head)) {
		return false;
	}
	/* One click ends it: what is sent to thousands says so, and no person's program does. */
	return is_said(a, head, "List-Unsubscribe-Post") || (is_list && !is_to_us(ctx, head));
}

/* ---- who ---- */

static bool first_address(struct arena *a, struct text head, const char *header,
			  struct text *ret_address, struct text *ret_name)
{
	struct text raw = mime_header_raw(a, head, header);
	size_t at = 0;

	*ret_address = *ret_name = TEXT_NONE;
	return mime_address_next(a, raw, &at, ret_address, ret_name) && ret_address->len > 0;
}

static void author_set(struct arena *a, struct message *m, struct text address, struct text name)
{
	m->author_id = m->author_handle = address.len > 0 ? address : TEXT("unknown@invalid");
	m->author_name = name.len > 0 ? text_clean(a, name, NULL) : TEXT_NONE;
}

/* Whom a mail of ours goes to: everybody there is answered by it. */
static void receivers_read(const struct connector_ctx *ctx, struct text head, struct message *m)
{
	static const char *const headers[] = { "To", "Cc", "Bcc" };
	struct text address, name;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct text raw = mime_header_raw(ctx->arena, head, headers[i]);

		for (size_t at = 0; mime_address_next(ctx->arena, raw, &at, &address, &name);) {
			bool is_known = address.len == 0 || mail_is_own(ctx, address);

			for (size_t k = 0; k < m->n_names && !is_known; k++) {
				is_known = text_eq(m->names[k], address);
			}
			if (!is_known && m->n_names < LIMIT_NAMES) {
				m->names[m->n_names++] = address;
			}
		}
	}
}

/* Handed on to somebody else: it stands below the customer's mail and answers nobody. */
static bool is_forwarded(struct arena *a, struct text head)
{
	static const char *const starts[] = { "fwd:", "fw:", "wg:",  "tr:",
					      "i:",   "rv:", "enc:", "doorst:" };
	struct text subject = mime_header(a, head, "Subject");

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (text_starts_nocase(subject, text_of(starts[i]))) {
			return true;
		}
	}
	return is_said(a, head, "X-Forwarded-Message-Id");
}

static void read_ours(const struct connector_ctx *ctx, const struct mime *mime, struct message *m)
{
	struct text address, name, own = ctx->own_id.len > 0 ? ctx->own_id : mail_own_address(ctx);

	(void)first_address(ctx->arena, mime->head, "From", &address, &name);
	author_set(ctx->arena, m, own, name);
	m->direction = MESSAGE_OUTBOUND;
	m->is_automatic = is_said(ctx->arena, mime->head, "Auto-Submitted") &&
			  !word_is(ctx->arena, mime->head, "Auto-Submitted", TEXT("no"));
	if (is_forwarded(ctx->arena, mime->head)) {
		m->parent_id = TEXT_NONE;
	}
	receivers_read(ctx, mime->head, m);
}

static void read_theirs(const struct connector_ctx *ctx, const struct mime *mime, struct message *m)
{
	struct arena *a = ctx->arena;
	struct text address, name, answer_to, answer_name;
	bool is_there = first_address(a, mime->head, "From", &address, &name);
	bool is_form = is_there && is_listed(ctx, "forms", address) &&
		       first_address(a, mime->head, "Reply-To", &answer_to, &answer_name) &&
		       !mail_is_own(ctx, answer_to);

	m->direction = MESSAGE_INBOUND;
	if (is_form) {
		author_set(a, m, answer_to, answer_name.len > 0 ? answer_name : name);
		m->is_named = true;
		return;
	}
	author_set(a, m, address, name);
	if (is_there && mail_is_own(ctx, address)) {
		m->external_id = text_printf(a, "self:%.*s", TEXT_ARG(m->external_id));
		m->kind = MESSAGE_OTHER;
		return;
	}
	m->is_automatic = is_by_machine(ctx, mime, address);
	m->kind = m->is_automatic ? MESSAGE_OTHER : MESSAGE_DIRECT;
	m->is_named = !m->is_automatic;
}

/* ---- what ---- */

/* What the server that we trust found out about the sender; only its own lines count. */
static bool is_unproven(const struct connector_ctx *ctx, struct text head)
{
	struct text server = connector_option(ctx, "authserv"), value, id, rest;
	size_t at = 0;

	while (server.len > 0 &&
	       mime_header_next(ctx->arena, head, "Authentication-Results", &at, &value)) {
		(void)text_cut(value, ';', &id, &rest);
		if (!text_eq_nocase(text_trim(id), server)) {
			continue;
		}
		return text_find(text_lower_ascii(ctx->arena, rest), TEXT("dmarc=fail"), 0) !=
		       SIZE_MAX;
	}
	return false;
}

static void words_read(const struct connector_ctx *ctx, const struct mime *mime,
		       const struct mail_item *item, struct message *m)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_MESSAGE_BYTES + 16384 };
	struct mail_words w =
		mail_words_part(ctx->arena, text_clip(mime->text, LIMIT_MESSAGE_BYTES));

	strbuf_add(&b, text_clip(w.whole, LIMIT_MESSAGE_BYTES - 8192));
	for (size_t i = 0; i < mime->n_attachments && i < MIME_ATTACHMENTS; i++) {
		strbuf_printf(&b, "%s[attached, not kept: %.*s]", b.len > 0 ? "\n" : "",
			      TEXT_ARG(mime->attachments[i]));
	}
	if (mime->n_attachments > MIME_ATTACHMENTS) {
		strbuf_printf(&b, "\n[and %zu more]", mime->n_attachments - MIME_ATTACHMENTS);
	}
	if (item->size > (int64_t)item->bytes.len || mime->is_partial ||
	    mime->text.len > LIMIT_MESSAGE_BYTES - 8192) {
		strbuf_printf(&b,
			      "%s[this mail of %lld bytes was not read to its end: see it in the "
			      "mailbox]",
			      b.len > 0 ? "\n" : "", (long long)item->size);
	}
	m->body = text_dup(ctx->arena, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
	m->words = text_clip(w.own, LIMIT_MESSAGE_BYTES);
}

void mail_letter_read(const struct connector_ctx *ctx, bool is_ours, const struct mail_item *item,
		      struct message *ret)
{
	struct arena *a = ctx->arena;
	struct text subject;
	struct mime mime;

	mime_parse(a, item->bytes, &mime);
	*ret = (struct message){
		.kind = MESSAGE_DIRECT,
		.visibility = MESSAGE_PRIVATE,
		.raw = text_clip(mime.head, LIMIT_RAW_BYTES),
		.revision = TEXT("1")
	}; /* mails do not change: the first of an id stands */
	ids_read(ctx, is_ours, &mime, ret);
	if (is_ours) {
		read_ours(ctx, &mime, ret);
	} else {
		read_theirs(ctx, &mime, ret);
	}
	subject = text_clip(mime_header(a, mime.head, "Subject"), SUBJECT_MOST);
	ret->warning = !is_ours && is_unproven(ctx, mime.head)
			       ? text_printf(a, MAIL_UNPROVEN "%.*s", TEXT_ARG(subject))
			       : subject;
	words_read(ctx, &mime, item, ret);
	ret->posted_at = item->received;
	if (!wall_is_set(ret->posted_at)) {
		ret->posted_at = rss_date_parse(a, mime_header(a, mime.head, "Date"), ctx->now);
	}
}
