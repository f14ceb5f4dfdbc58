/* A telling as a mail: see letter.h. */
#include "daemon/alert/letter.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "answerd/log.h"

#define WORD_BYTES 39 /* of text in one encoded word: 52 characters of base64 */
#define LINE_BYTES 57 /* of text in one line of the body: 76 characters */
#define B64_ROOM   128

static bool is_header_value(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c < ' ' || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static bool is_ascii(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

static void add_base64(struct strbuf *out, struct text t)
{
	char b64[B64_ROOM];

	if (sodium_bin2base64(b64, sizeof(b64), (const unsigned char *)t.at, t.len,
			      sodium_base64_VARIANT_ORIGINAL) != NULL) {
		strbuf_add_str(out, b64);
	}
}

/* Encoded words where it is not plain, and also where a plain one would be too long for a line. */
static void add_subject(struct strbuf *out, struct text subject)
{
	bool is_first = true;

	strbuf_add_str(out, "Subject: ");
	if (is_ascii(subject) && subject.len <= 60 &&
	    text_find(subject, TEXT("=?"), 0) == SIZE_MAX) {
		strbuf_add(out, subject);
	} else {
		while (subject.len > 0) {
			struct text part = text_clip(subject, WORD_BYTES);

			part = part.len > 0 ? part : text_slice(subject, 0, WORD_BYTES);
			strbuf_add_str(out, is_first ? "=?utf-8?B?" : "\r\n =?utf-8?B?");
			add_base64(out, part);
			strbuf_add_str(out, "?=");
			subject = text_slice(subject, part.len, subject.len);
			is_first = false;
		}
	}
	strbuf_add_str(out, "\r\n");
}

static bool add_header(struct strbuf *out, const char *name, struct text value, struct err *err)
{
	if (!is_header_value(value) || !is_ascii(value) || value.len > 900) {
		return err_set(err, ERR_DATA, "the header %s of a mail cannot be written", name);
	}
	strbuf_printf(out, "%s: ", name);
	strbuf_add(out, value);
	strbuf_add_str(out, "\r\n");
	return true;
}

static void add_date(struct strbuf *out, struct wall at)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t s = (time_t)(at.us / 1000000);
	struct tm t = { 0 };

	if (gmtime_r(&s, &t) != NULL) {
		strbuf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
			      days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
			      t.tm_hour, t.tm_min, t.tm_sec);
	}
}

static bool add_receivers(struct strbuf *out, const struct letter *l, struct err *err)
{
	for (size_t i = 0; i < l->n_to; i++) {
		if (!is_header_value(l->to[i]) || !is_ascii(l->to[i]) || l->to[i].len > 254) {
			return err_set(err, ERR_DATA, "an address of a mail cannot be written");
		}
		strbuf_add_str(out, i == 0 ? "To: <" : ",\r\n <");
		strbuf_add(out, l->to[i]);
		strbuf_add_str(out, ">");
	}
	strbuf_add_str(out, "\r\n");
	return true;
}

/* Lines of text end with CRLF inside the base64 too; what is no line end cannot become one. */
static void add_text(struct strbuf *out, struct text text)
{
	scoped(strbuf_done) struct strbuf all = { 0 };
	struct text rest;

	strbuf_init(&all, 4u * 1024 * 1024);
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\n') {
			strbuf_add_str(&all, "\r\n");
		} else if (text.at[i] != '\r' && text.at[i] != '\0') {
			strbuf_add_byte(&all, text.at[i]);
		}
	}
	strbuf_add_str(&all, "\r\n");
	rest = strbuf_text(&all);
	while (rest.len > 0) {
		struct text part = text_slice(rest, 0, LINE_BYTES);

		add_base64(out, part);
		strbuf_add_str(out, "\r\n");
		rest = text_slice(rest, part.len, rest.len);
	}
}

bool letter_write(const struct letter *l, struct strbuf *out, struct err *err)
{
	struct text local, domain;
	scoped(strbuf_done) struct strbuf from = { 0 };

	if (sodium_init() < 0) {
		not_reached("libsodium does not start");
	}
	strbuf_init(&from, 1024);
	strbuf_printf(&from, "answerd <%.*s>", TEXT_ARG(l->from));
	if (!is_header_value(l->subject) || !text_cut(l->from, '@', &local, &domain)) {
		return err_set(err, ERR_DATA, "the subject or sender of a mail cannot be written");
	}
	add_date(out, l->at);
	if (!add_header(out, "From", strbuf_text(&from), err) || !add_receivers(out, l, err)) {
		return false;
	}
	add_subject(out, l->subject);
	strbuf_reset(&from);
	strbuf_printf(&from, "<answerd.%.*s@%.*s>", TEXT_ARG(l->id), TEXT_ARG(domain));
	if (!add_header(out, "Message-ID", strbuf_text(&from), err) ||
	    !add_header(out, "X-Answerd-Delivery", l->id, err) ||
	    !add_header(out, "X-Answerd-Event", l->event, err)) {
		return false;
	}
	strbuf_add_str(out, "Auto-Submitted: auto-generated\r\n"
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Transfer-Encoding: base64\r\n"
			    "\r\n");
	add_text(out, l->text);
	return !out->is_full || err_set(err, ERR_DATA, "a mail is too long");
}
