#include "mail_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/mime.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "mail_letter.h"
#include "mail_login.h"

#define MAIL_BYTES      ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define REFERENCES_MOST 20
#define WORD_BYTES      39 /* of text in one encoded word, so that it has at most 75 characters */
#define STATE_ABSENT    "absent" /* of filing: it was looked for */
#define LINE_MOST       74       /* of quoted-printable, before its '=' */

/* ---- where, as whom ---- */

static struct text user_of(const struct connector_ctx *ctx, const char *option)
{
	struct text user = connector_option(ctx, option);

	user = user.len > 0 ? user : connector_option(ctx, "user");
	return user.len > 0 ? user : mail_own_address(ctx);
}

bool mail_box_request(const struct connector_ctx *ctx, struct text commands, struct request *ret,
		      struct err *err)
{
	if (mail_own_address(ctx).len == 0) {
		return err_set(
			err, ERR_CONFIG,
			"`address` is no mail address: write it as in \"help@shop.example\"");
	}
	*ret = (struct request){ .url = ctx->server,
				 .user = user_of(ctx, "user"),
				 .body = commands };
	mail_login_add(ctx, ret);
	return true;
}

struct text mail_sent_folder(const struct connector_ctx *ctx)
{
	struct text folder = connector_option(ctx, "sent");
	struct jx_doc *doc = NULL;
	struct jx v;

	if (folder.len == 0 && ctx->facts.len > 0 &&
	    jx_parse(ctx->arena, ctx->facts, &v, &doc, NULL)) {
		folder = jx_text_or(ctx->arena, v, "sent", TEXT_NONE);
		jx_release(&doc);
	}
	return text_eq(folder, TEXT("none")) ? TEXT_NONE : folder;
}

/* ---- what is sent ---- */

/* RFC 5322, from a time that never changes. */
static struct text date_of(struct arena *a, struct wall at)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char iso[WALL_TEXT_BYTES];
	int64_t month = 1;

	(void)wall_format(at, iso);
	(void)num_parse_range((struct text){ iso + 5, 2 }, 1, 12, &month); /* we wrote it */
	return text_printf(a, "%.2s %s %.4s %.8s +0000", iso + 8, months[month - 1], iso, iso + 11);
}

static bool is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c < ' ' || c >= 0x7f) {
			return false;
		}
	}
	return text_find(t, TEXT("=?"), 0) == SIZE_MAX;
}

/* A text in a header: as it is, or as encoded words (RFC 2047); whatever ends a line is a blank. */
static void text_add(struct arena *a, struct strbuf *b, struct text t)
{
	char *flat = arena_alloc(a, t.len + 1);

	for (size_t i = 0; i < t.len; i++) {
		flat[i] = (unsigned char)t.at[i] < ' ' || t.at[i] == 0x7f ? ' ' : t.at[i];
	}
	t = text_trim((struct text){ flat, t.len });
	if (is_plain(t) && t.len <= 60) {
		strbuf_add(b, t);
		return;
	}
	for (bool is_first = true; t.len > 0; is_first = false) {
		struct text part = text_clip(t, WORD_BYTES), b64;

		part = part.len > 0 ? part : text_slice(t, 0, WORD_BYTES);
		(void)text_cut(page_basic(a, part), ' ', &b64, &b64);
		strbuf_printf(b, "%s=?utf-8?B?%.*s?=", is_first ? "" : "\r\n ", TEXT_ARG(b64));
		t = text_slice(t, part.len, SIZE_MAX);
	}
}

/* "Re: " and the subject of the mail that is answered, whichever language's "Re:" it has already. */
static struct text subject_of(const struct connector_ctx *ctx, const struct posting *p)
{
	static const char *const starts[] = { "re:",   "aw:",  "sv:",  "vs:",
					      "antw:", "odp:", "ref:", "re :" };
	struct text subject = mime_header(ctx->arena, p->parent_raw, "Subject");

	if (subject.len == 0) {
		subject = p->warning;
		if (text_starts(subject, TEXT(MAIL_UNPROVEN))) {
			subject = text_slice(subject, strlen(MAIL_UNPROVEN), SIZE_MAX);
		}
	}
	subject = text_clip(text_trim(subject), 400);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (text_starts_nocase(subject, text_of(starts[i]))) {
			return subject;
		}
	}
	return text_printf(ctx->arena, "Re: %.*s", TEXT_ARG(subject));
}

/* The Message-ID of the mail that is answered, as its author gave it; empty: it had none. */
static struct text parent_of(const struct posting *p)
{
	struct text id = p->parent_id, unused;

	if (text_starts(id, TEXT("again:"))) {
		id = text_slice(id, strlen("again:"), SIZE_MAX);
		(void)text_cut(id, ':', &unused, &id);
	}
	return mail_id(id);
}

/* The thread so far: its first mail and its latest ones. */
static void references_add(const struct connector_ctx *ctx, const struct posting *p,
			   struct strbuf *b)
{
	struct text all = mime_header_raw(ctx->arena, p->parent_raw, "References"), one;
	struct text parent = parent_of(p);
	size_t n = 0, i = 0, at;

	if (parent.len == 0) {
		return;
	}
	strbuf_printf(b, "In-Reply-To: <%.*s>\r\nReferences:", TEXT_ARG(parent));
	if (all.len == 0) {
		all = mime_header_raw(ctx->arena, p->parent_raw, "In-Reply-To");
	}
	for (at = 0; mail_id_next(all, &at, &one);) {
		n++;
	}
	for (at = 0; mail_id_next(all, &at, &one); i++) {
		if ((i == 0 || i + REFERENCES_MOST > n) && !text_eq(one, parent)) {
			strbuf_printf(b, " <%.*s>\r\n", TEXT_ARG(one));
		}
	}
	strbuf_printf(b, " <%.*s>\r\n", TEXT_ARG(parent));
}

/* Quoted-printable: lines of at most 76 characters, CRLF, nothing at a line's end that programs take away. */
static void body_add(struct strbuf *b, struct text t)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];
		bool is_end = i + 1 >= t.len || t.at[i + 1] == '\n' || t.at[i + 1] == '\r';
		bool is_as_it_is =
			c > ' ' ? c < 0x7f && c != '=' : (c == ' ' || c == '\t') && !is_end;

		if (c == '\r' && i + 1 < t.len && t.at[i + 1] == '\n') {
			continue;
		}
		if (c == '\n' || c == '\r') {
			strbuf_add_str(b, "\r\n");
			column = 0;
			continue;
		}
		/* "From " and a dot at a line's start are changed by programs on the way. */
		is_as_it_is = is_as_it_is && !(column == 0 && (c == 'F' || c == '.'));
		if (column + (is_as_it_is ? 1 : 3) > LINE_MOST) {
			strbuf_add_str(b, "=\r\n");
			column = 0;
		}
		if (is_as_it_is) {
			strbuf_add_byte(b, (char)c);
			column++;
		} else {
			strbuf_printf(b, "=%c%c", digits[c >> 4], digits[c & 15]);
			column += 3;
		}
	}
	strbuf_add_str(b, column > 0 || t.len == 0 ? "\r\n" : "");
}

static void mail_write(const struct connector_ctx *ctx, const struct posting *p, struct text to,
		       struct strbuf *b)
{
	struct text own = mail_own_address(ctx), name = connector_option(ctx, "name");

	strbuf_add_str(b, "From: ");
	if (name.len > 0) {
		if (is_plain(name) && name.len <= 60) {
			strbuf_add_byte(b, '"');
			for (size_t i = 0; i < name.len; i++) {
				if (name.at[i] == '"' || name.at[i] == '\\') {
					strbuf_add_byte(b, '\\');
				}
				strbuf_add_byte(b, name.at[i]);
			}
			strbuf_add_byte(b, '"');
		} else {
			text_add(ctx->arena, b, name);
		}
		strbuf_printf(b, " <%.*s>\r\n", TEXT_ARG(own));
	} else {
		strbuf_printf(b, "%.*s\r\n", TEXT_ARG(own));
	}
	strbuf_printf(b, "To: %.*s\r\nSubject: ", TEXT_ARG(to));
	text_add(ctx->arena, b, subject_of(ctx, p));
	strbuf_printf(b, "\r\nDate: %.*s\r\nMessage-ID: <%.*s>\r\n",
		      TEXT_ARG(date_of(ctx->arena, posting_key_time(p->key))),
		      TEXT_ARG(mail_id_of_ours(ctx, p->key)));
	references_add(ctx, p, b);
	strbuf_add_str(b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	body_add(b, p->text);
}

/* The whole mail, and to whom: of one posting always the same bytes. */
static bool mail_make(const struct connector_ctx *ctx, const struct posting *p, struct text *ret_to,
		      struct text *ret_mail, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = MAIL_BYTES };
	struct text name;
	size_t at = 0;

	if (p == NULL || p->text.len == 0 || !wall_is_set(posting_key_time(p->key))) {
		return err_set(err, ERR_DATA, "there is nothing to send");
	}
	if (!mime_address_next(ctx->arena, p->author_id, &at, ret_to, &name) || ret_to->len == 0 ||
	    !text_eq(*ret_to, p->author_id) || text_ends(*ret_to, TEXT("@invalid"))) {
		return err_set(err, ERR_DATA,
			       "the address of who wrote cannot be written to from here: answer "
			       "from your mail program");
	}
	mail_write(ctx, p, *ret_to, &b);
	*ret_mail = text_dup(ctx->arena, strbuf_text(&b));
	return !b.is_full || err_set(err, ERR_DATA, "the reply is too long for a mail");
}

bool mail_reply_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		    struct err *err)
{
	struct text server = connector_option(ctx, "smtp"), own = mail_own_address(ctx), to, mail;

	if (own.len == 0 ||
	    !(text_starts(server, TEXT("smtps://")) || text_starts(server, TEXT("smtp://")))) {
		return err_set(
			err, ERR_DATA,
			"the account has no usable `smtp`: set it to the server that takes our "
			"mails, as in "
			"\"smtps://mail.example\"");
	}
	if (!mail_make(ctx, q->posting, &to, &mail, err)) {
		return false;
	}
	*ret = (struct request){ .url = server,
				 .user = user_of(ctx, "smtp_user"),
				 .mail_from = own,
				 .mail_to = to,
				 .body = mail,
				 .once = true };
	if (text_eq(connector_option(ctx, "smtp_user"), TEXT("none"))) {
		ret->user = TEXT_NONE;
	} else {
		mail_login_add(ctx, ret);
	}
	return true;
}

/* Is a copy of ours wanted, and is there a place for it? */
static bool is_copied(const struct connector_ctx *ctx)
{
	return mail_sent_folder(ctx).len > 0 &&
	       !text_eq(connector_option(ctx, "sent_copy"), TEXT("no"));
}

/* What the server said, on one line. */
static struct text said_of(struct arena *a, struct text body)
{
	struct text t = text_dup(a, text_clip(text_clean(a, text_trim(body), NULL), 160));

	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] < ' ' || t.at[i] == 0x7f) {
			((char *)(uintptr_t)t.at)[i] = ' ';
		}
	}
	return t;
}

bool mail_reply_digest(const struct connector_ctx *ctx, const struct question *q,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct text said = said_of(ctx->arena, r->body);

	if (r->is_cut) {
		return err_set(err, ERR_UNSURE,
			       "the mail server says too much: it may have been sent");
	}
	if (mail_login_of(ctx) != MAIL_PASSWORD && (r->status == 401 || r->status == 535)) {
		return mail_login_refused(ctx, ret, err);
	}
	if (r->status == 401 || r->status == 530 || r->status == 535) {
		return err_set(
			err, ERR_AUTH,
			"the mail server does not let us send: is the password still right?");
	}
	if (r->status >= 400 && r->status < 500) {
		/* A whole reply says that it was not taken; greylisting wants minutes. */
		return err_limited(err, wall_add(ctx->now, DUR_S(60)),
				   "the mail server takes it later: %.*s", TEXT_ARG(said));
	}
	if (r->status >= 500) {
		return err_set(err, ERR_DATA, "the mail server refuses the reply: %.*s",
			       TEXT_ARG(said));
	}
	if (r->status != 250 || q->posting == NULL) {
		return err_set(err, ERR_UNSURE, "the mail server answers %d: it may have been sent",
			       r->status);
	}
	ret->sent_id = mail_id_of_ours(ctx, q->posting->key);
	ret->to_file = is_copied(ctx);
	return true;
}

/* ---- did it arrive? ---- */

bool mail_lookup_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct text folder, id;

	if (q->posting == NULL || !wall_is_set(posting_key_time(q->posting->key))) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (!mail_box_quote(ctx->arena, mail_sent_folder(ctx), &folder)) {
		return err_set(err, ERR_DATA,
			       "no folder of sent mails is known, so nobody can look: name it with "
			       "`sent`");
	}
	id = mail_id_of_ours(ctx, q->posting->key);
	return mail_box_request(ctx,
				text_printf(ctx->arena,
					    "EXAMINE %.*s\nUID SEARCH HEADER Message-ID \"%.*s\"",
					    TEXT_ARG(folder), TEXT_ARG(id)),
				ret, err);
}

bool mail_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct mail_box box;

	mail_box_read(ctx->arena, r->body, 2, &box);
	if (!mail_box_check(ctx, r, &box, ret, err)) {
		return false;
	}
	if (!box.is_searched || r->is_cut || (box.is_odd && box.n_found == 0)) {
		return err_set(err, ERR_RETRY, "the mail server does not say what it found");
	}
	if (box.n_found > 0 && q->posting != NULL) {
		ret->sent_id = mail_id_of_ours(ctx, q->posting->key);
	}
	return true;
}

/* ---- the copy among the sent mails ---- */

/* Gmail and Outlook put one there by themselves, others do not; a copy that is there twice is only untidy, so it is looked for
 * each time before it is put there. */
bool mail_file_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		   struct err *err)
{
	struct text folder, to, mail;

	if (!is_copied(ctx)) {
		return true; /* not any more: nobody is asked */
	}
	if (!text_eq(q->state, TEXT(STATE_ABSENT))) {
		return mail_lookup_ask(ctx, q, ret, err);
	}
	if (!mail_make(ctx, q->posting, &to, &mail, err)) {
		return false;
	}
	if (!mail_box_quote(ctx->arena, mail_sent_folder(ctx), &folder)) {
		return err_set(err, ERR_DATA, "the folder of sent mails cannot be written: `sent`");
	}
	if (!mail_box_request(ctx,
			      text_printf(ctx->arena, "APPEND %.*s (\\Seen)", TEXT_ARG(folder)),
			      ret, err)) {
		return false;
	}
	ret->append = mail;
	ret->once = true;
	return true;
}

bool mail_file_digest(const struct connector_ctx *ctx, const struct question *q,
		      const struct response *r, struct outcome *ret, struct err *err)
{
	struct mail_box box;

	if (r->status == 204) {
		return true;
	}
	if (!text_eq(q->state, TEXT(STATE_ABSENT))) {
		if (!mail_lookup_digest(ctx, q, r, ret, err)) {
			return false;
		}
		ret->is_more = ret->sent_id.len == 0;
		ret->state = ret->is_more ? TEXT(STATE_ABSENT) : TEXT_NONE;
		ret->sent_id = TEXT_NONE;
		return true;
	}
	mail_box_read(ctx->arena, r->body, 1, &box);
	return mail_box_check(ctx, r, &box, ret, err);
}
