#include "mail_box.h"

#include <stdio.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "mail_login.h"

#define ITEMS_MOST   LIMIT_PAGE_ITEMS
#define FOLDERS_MOST 2000
#define UID_MOST     INT64_C(4294967295)
#define DEPTH_MOST   16
#define FETCH_WITHIN 48
#define LIMIT_WAIT_S 60

/* ---- lines ---- */

/* "{123}" at the end of a line: how many bytes follow it. */
static bool literal_of(struct text line, size_t *ret)
{
	size_t open = line.len;
	int64_t n;

	if (line.len < 3 || line.at[line.len - 1] != '}') {
		return false;
	}
	while (open > 0 && line.at[open - 1] != '{') {
		open--;
	}
	if (open == 0 ||
	    !num_parse_range(text_slice(line, open, line.len - 1 - open), 0, INT32_MAX, &n)) {
		return false;
	}
	*ret = (size_t)n;
	return true;
}

/* The next whole line, literals and their ends within it; false: there is none, or it was cut. */
static bool line_next(struct text all, size_t *at, struct text *ret)
{
	size_t from = *at, now = *at;

	for (;;) {
		size_t end = text_find(all, TEXT("\n"), now), literal;
		struct text line;

		if (end == SIZE_MAX) {
			return false;
		}
		line = text_slice(all, now, end - now);
		if (text_ends(line, TEXT("\r"))) {
			line.len--;
		}
		now = end + 1;
		if (!literal_of(line, &literal)) {
			*ret = text_slice(all, from, (size_t)(line.at - all.at) + line.len - from);
			*at = now;
			return true;
		}
		if (literal > all.len - now) {
			return false;
		}
		now += literal;
	}
}

/* ---- values ---- */

struct reader {
	struct arena *arena;
	struct text in;
	size_t at;
};

static void blanks_skip(struct reader *r)
{
	while (r->at < r->in.len && r->in.at[r->at] == ' ') {
		r->at++;
	}
}

/* Up to a blank or bracket; what stands in [] belongs to it ("BODY[HEADER.FIELDS (X)]<0>"). */
static struct text atom_take(struct reader *r)
{
	size_t from = r->at;
	bool is_inside = false;

	while (r->at < r->in.len) {
		char c = r->in.at[r->at];

		if (!is_inside && (c == ' ' || c == '(' || c == ')' || c == '\r' || c == '\n')) {
			break;
		}
		is_inside = c == '[' || (is_inside && c != ']');
		r->at++;
	}
	return text_slice(r->in, from, r->at - from);
}

static struct text quoted_take(struct reader *r)
{
	size_t from = ++r->at, n = 0;
	bool is_escaped = false;
	char *out;

	while (r->at < r->in.len && (is_escaped || r->in.at[r->at] != '"')) {
		is_escaped = !is_escaped && r->in.at[r->at] == '\\';
		r->at++;
	}
	out = arena_alloc(r->arena, r->at - from + 1);
	for (size_t i = from; i < r->at; i++) {
		if (r->in.at[i] == '\\' && i + 1 < r->at) {
			i++;
		}
		out[n++] = r->in.at[i];
	}
	r->at += r->at < r->in.len;
	return (struct text){ out, n };
}

/* A string, an atom or NIL (false); a list is stepped over, and has no text. */
static bool value_take(struct reader *r, struct text *ret)
{
	char c;

	blanks_skip(r);
	*ret = TEXT_NONE;
	c = r->at < r->in.len ? r->in.at[r->at] : '\0';
	if (c == '"') {
		*ret = quoted_take(r);
		return true;
	}
	if (c == '{') {
		size_t end = text_find(r->in, TEXT("\n"), r->at), n = 0;
		struct text head = text_slice(r->in, r->at, end == SIZE_MAX ? 0 : end - r->at);

		if (text_ends(head, TEXT("\r"))) {
			head.len--;
		}
		if (!literal_of(head, &n)) {
			r->at = r->in.len;
			return false;
		}
		*ret = text_slice(r->in, end + 1, n);
		r->at = end + 1 + n;
		return true;
	}
	if (c == '(') {
		int depth = 0;

		do {
			blanks_skip(r);
			c = r->at < r->in.len ? r->in.at[r->at] : ')';
			if (c == '(' || c == ')') {
				depth += c == '(' ? 1 : -1;
				r->at += r->at < r->in.len;
			} else if (c == '"') {
				(void)quoted_take(r); /* of no interest */
			} else {
				size_t n = atom_take(r).len;

				r->at += n == 0;
			}
		} while (depth > 0 && depth <= DEPTH_MOST && r->at < r->in.len);
		return false;
	}
	*ret = atom_take(r);
	return ret->len > 0 && !text_eq_nocase(*ret, TEXT("NIL"));
}

/* "17-Jul-2026 02:44:25 +0200", the day perhaps with a blank in front. */
static struct wall date_read(struct text t)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	struct wall w = { 0 };
	char name[4] = { 0 }, out[40];
	const char *found;
	int64_t day;

	t = text_trim(t);
	if (t.len == 25) {
		char padded[27] = "0";

		memcpy(padded + 1, t.at, 25);
		return date_read((struct text){ padded, 26 });
	}
	if (t.len != 26 || !num_parse_range(text_slice(t, 0, 2), 1, 31, &day)) {
		return w;
	}
	for (size_t i = 0; i < 3; i++) {
		name[i] = (char)(t.at[3 + i] | 0x20);
	}
	found = strstr(months, name);
	if (found == NULL || (found - months) % 3 != 0) {
		return w;
	}
	(void)snprintf(out, sizeof(out), "%.4s-%02d-%02dT%.8s%.3s:%.2s", t.at + 7,
		       (int)((found - months) / 3 + 1), (int)day, t.at + 12, t.at + 21, t.at + 24);
	(void)wall_parse(text_of(out), &w); /* unreadable: not known */
	return w;
}

static int64_t number_of(struct text t, int64_t most)
{
	int64_t n = 0;

	return num_parse_range(t, 1, most, &n) ? n : 0;
}

/* ---- what lines mean ---- */

static void found_add(struct mail_box *box, int64_t uid)
{
	if (uid > 0) {
		box->n_found++;
		box->found_least =
			box->found_least == 0 || uid < box->found_least ? uid : box->found_least;
	}
}

static void fetch_read(struct reader *r, struct text line, struct mail_box *box)
{
	struct mail_item item = { .line = line };
	struct text name, value;

	blanks_skip(r);
	if (box->n_items >= ITEMS_MOST || r->at >= r->in.len || r->in.at[r->at] != '(') {
		return;
	}
	r->at++;
	for (;;) {
		size_t before = r->at;
		bool is_there;

		blanks_skip(r);
		name = atom_take(r);
		if (name.len == 0 || text_eq(name, TEXT("*"))) {
			break;
		}
		is_there = value_take(r, &value);
		if (text_eq_nocase(name, TEXT("UID"))) {
			item.uid = number_of(value, UID_MOST);
		} else if (text_eq_nocase(name, TEXT("RFC822.SIZE"))) {
			item.size = number_of(value, INT64_MAX);
		} else if (text_eq_nocase(name, TEXT("INTERNALDATE"))) {
			item.received = date_read(value);
		} else if (text_starts_nocase(name, TEXT("BODY["))) {
			item.bytes = value;
			item.has_bytes = is_there;
		}
		if (r->at <= before) {
			break;
		}
	}
	if (box->stray.len == 0 &&
	    !text_eq(text_trim(text_slice(line, r->at, SIZE_MAX)), TEXT(")"))) {
		box->stray = line;
	}
	item.is_broken = !item.has_bytes && (text_find(line, TEXT("\n"), 0) != SIZE_MAX ||
					     text_find(line, TEXT(" BODY["), 0) != SIZE_MAX);
	if (item.uid > 0 || item.has_bytes || item.is_broken) {
		box->items[box->n_items++] = item;
		found_add(box, item.uid);
	}
}

static void search_read(struct reader *r, struct mail_box *box)
{
	box->is_searched = true;
	for (;;) {
		struct text t;

		box->is_odd = box->is_odd || (r->at < r->in.len && r->at + 1 == r->in.len);
		blanks_skip(r);
		t = atom_take(r);
		if (t.len == 0) {
			return;
		}
		box->is_odd = box->is_odd || number_of(t, UID_MOST) == 0;
		found_add(box, number_of(t, UID_MOST));
	}
}

/* "* LIST (\HasNoChildren \Sent) "/" "Sent Items"" */
static void list_read(struct reader *r, struct mail_box *box)
{
	struct text attributes, unused, name;
	size_t from;

	blanks_skip(r);
	from = r->at;
	(void)value_take(r, &unused);
	attributes = text_slice(r->in, from, r->at - from);
	(void)value_take(r, &unused);
	if (!value_take(r, &name) || box->n_folders >= FOLDERS_MOST || name.len > LIMIT_ID_BYTES) {
		return;
	}
	for (size_t i = 0; i < attributes.len; i++) {
		box->folders[box->n_folders].is_sent =
			box->folders[box->n_folders].is_sent ||
			text_starts_nocase(text_slice(attributes, i, SIZE_MAX), TEXT("\\Sent"));
	}
	box->folders[box->n_folders++].name = name;
}

/* "[UIDNEXT 4392]" in "* OK [UIDNEXT 4392] Predicted" */
static int64_t code_read(struct text line, struct text name)
{
	size_t open = text_find(line, TEXT("["), 0);
	struct text code, rest;

	if (open == SIZE_MAX ||
	    !text_cut(text_slice(line, open + 1, SIZE_MAX), ']', &code, &rest) ||
	    !text_starts_nocase(code, name)) {
		return 0;
	}
	return number_of(text_trim(text_slice(code, name.len, SIZE_MAX)), UID_MOST);
}

static void status_read(struct text line, struct mail_box *box)
{
	int64_t validity = code_read(line, TEXT("UIDVALIDITY ")),
		next = code_read(line, TEXT("UIDNEXT "));

	box->validity = validity > 0 ? validity : box->validity;
	box->next_uid = next > 0 ? next : box->next_uid;
}

static void untagged_read(struct arena *a, struct text line, struct mail_box *box)
{
	struct reader r = { a, line, 2 };
	struct text word = atom_take(&r);
	size_t fetch = text_find(text_slice(line, 0, FETCH_WITHIN), TEXT(" FETCH ("), 0);

	if (text_eq_nocase(word, TEXT("OK"))) {
		status_read(line, box);
	} else if (text_eq_nocase(word, TEXT("SEARCH"))) {
		search_read(&r, box);
	} else if (text_eq_nocase(word, TEXT("LIST"))) {
		list_read(&r, box);
	} else if (fetch != SIZE_MAX) {
		r.at = fetch + 7;
		fetch_read(&r, line, box);
	}
}

void mail_box_read(struct arena *a, struct text body, int n_commands, struct mail_box *ret)
{
	struct text line, tag, rest, last = text_printf(a, "ask%d", n_commands);
	size_t at = 0;

	*ret = (struct mail_box){ 0 };
	ret->items = ARENA_ARRAY(a, struct mail_item, ITEMS_MOST);
	ret->folders = ARENA_ARRAY(a, struct mail_folder, FOLDERS_MOST);
	while (line_next(body, &at, &line)) {
		if (text_starts(line, TEXT("* "))) {
			untagged_read(a, line, ret);
		} else if (text_starts(line, TEXT("ask")) && text_cut(line, ' ', &tag, &rest)) {
			bool is_ok = text_starts_nocase(rest, TEXT("OK"));

			ret->is_whole = is_ok && text_eq(tag, last);
			ret->refusal = is_ok ? TEXT_NONE : rest;
		} else if (ret->stray.len == 0 && text_trim(line).len > 0) {
			ret->stray = line;
		}
	}
	ret->is_whole = ret->is_whole && at == body.len;
}

/* ---- judging ---- */

bool mail_box_check(const struct connector_ctx *ctx, const struct response *r,
		    const struct mail_box *box, struct outcome *ret, struct err *err)
{
	char line[121];
	struct text said = text_clip(text_clean(ctx->arena, box->refusal, NULL), 120);

	for (size_t i = 0; i < said.len; i++) {
		line[i] = (unsigned char)said.at[i] < ' ' ? ' ' : said.at[i];
	}
	line[said.len] = '\0';
	switch (r->status) {
	case 200:
		return box->is_whole || r->is_cut ||
		       err_set(err, ERR_RETRY, "the mail server's answer is not whole");
	case 401: return mail_login_refused(ctx, ret, err);
	case 400: return err_set(err, ERR_DATA, "the mail server does not understand us: %s", line);
	case 422: break;
	default: return err_set(err, ERR_RETRY, "the mail server answers %d", r->status);
	}
	if (text_find(said, TEXT("[NONEXISTENT]"), 0) != SIZE_MAX ||
	    text_find(said, TEXT("[TRYCREATE]"), 0) != SIZE_MAX) {
		return err_set(err, ERR_GONE, "there is no such folder: %s", line);
	}
	if (text_find(said, TEXT("[NOPERM]"), 0) != SIZE_MAX ||
	    text_find(said, TEXT("[AUTHORIZATIONFAILED]"), 0) != SIZE_MAX) {
		return err_set(err, ERR_AUTH, "this login may not read that folder: %s", line);
	}
	if (text_find(said, TEXT("[LIMIT]"), 0) != SIZE_MAX ||
	    text_find(said, TEXT("[OVERQUOTA]"), 0) != SIZE_MAX) {
		return err_limited(err, wall_add(ctx->now, DUR_S(LIMIT_WAIT_S)),
				   "the mail server says we ask too often: %s", line);
	}
	return err_set(err, ERR_RETRY, "the mail server refuses: %s", line);
}

bool mail_box_quote(struct arena *a, struct text name, struct text *ret)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };

	strbuf_add_byte(&b, '"');
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c < ' ' || c >= 0x7f) {
			return false;
		}
		if (c == '"' || c == '\\') {
			strbuf_add_byte(&b, '\\');
		}
		strbuf_add_byte(&b, name.at[i]);
	}
	strbuf_add_byte(&b, '"');
	*ret = text_dup(a, strbuf_text(&b));
	return name.len > 0 && name.len <= LIMIT_ID_BYTES;
}
