/* Mail: newsletters get answers too. IMAP is read by UID, oldest first, without marking anything; replies go out by SMTP.
 * mail_box.h: what the server said · mail_letter.h: mails as messages · mail_words.h: words and quotes · mail_reply.h: replies.
 *
 * The walk: what has a UID from `next` on is fetched in windows. UIDs only grow, so nothing is read twice; a window without mails is
 * leapt over by asking for UIDs alone. Three answers in a row must say that promised mails are not there before they are passed:
 * a server may lie once. Another UIDVALIDITY means that all numbers are new: everything is read again, known Message-IDs
 * cost nothing, and where not even the last known mail is found any more, that is told. So is a number that was given out while we were away and has no mail
 * any more: somebody filed or deleted what we never heard (the listener makes a gap of it where that was longer than a day). */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/mime.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "mail_letter.h"
#include "mail_login.h"
#include "mail_options.h"
#include "mail_reply.h"

#define PAGE_MOST  50
#define LEAP_MOST  INT64_C(40000) /* UIDs asked for alone: their answer stays below 2 MiB */
#define LEAPS_MOST 1000
#define MISSES     3
#define SEEN_MOST  64
#define UID_END    INT64_C(4294967295)

static const char *const always[] = { "inbox", "own", NULL };

static bool check_source(struct text name, struct err *err)
{
	struct text quoted;
	struct arena *a;
	bool is_good = text_eq(name, TEXT("inbox")) || text_eq(name, TEXT("own"));

	if (is_good || !text_starts(name, TEXT("folder:"))) {
		return is_good ||
		       err_set(err, ERR_CONFIG,
			       "a source of mail is inbox, own (both are always read) or "
			       "folder:NAME");
	}
	a = arena_create((size_t)4 * LIMIT_URL_BYTES);
	is_good = mail_box_quote(a, text_slice(name, 7, SIZE_MAX), &quoted);
	arena_destroy(&a);
	return is_good || err_set(err, ERR_CONFIG,
				  "write the folder as the server lists it, in plain letters");
}

/* ---- the walk ---- */

/* A Message-ID, and whose mail had it first. */
struct mark {
	uint64_t id, who;
};

struct walk {
	int64_t validity; /* 0: at its start */
	int64_t next;     /* the first UID that was not read */
	int64_t leap;     /* > 0: asked for UIDs alone, so many */
	int64_t from;     /* where the leaping began */
	int64_t misses;
	int64_t leaps;
	bool is_news; /* all that was there before has been read: what is missing from here on came and went */
	uint64_t last;               /* the mail that was read last */
	uint64_t wanted;             /* of another validity: must show up again */
	struct mark seen[SEEN_MOST]; /* the latest ones, the newest last */
	size_t n_seen;
};

static uint64_t hash_load(struct arena *a, struct jx v, const char *name)
{
	uint64_t n = 0;

	return num_parse_u64(jx_text_or(a, v, name, TEXT_NONE), &n) ? n : 0;
}

static uint64_t hex_load(struct text t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t.len && i < 16; i++) {
		char c = t.at[i];

		n = n << 4 | (uint64_t)(c >= 'a' && c <= 'f' ? c - 'a' + 10 : c - '0');
	}
	return n;
}

static void seen_load(struct text all, struct walk *w)
{
	struct text one, id, who;

	while (all.len > 0 && w->n_seen < SEEN_MOST) {
		(void)text_cut(all, ' ', &one, &all);
		if (text_cut(one, ':', &id, &who)) {
			w->seen[w->n_seen++] = (struct mark){ hex_load(id), hex_load(who) };
		}
	}
}

static struct text seen_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	for (size_t i = 0; i < w->n_seen; i++) {
		strbuf_printf(&b, "%s%llx:%llx", i > 0 ? " " : "",
			      (unsigned long long)w->seen[i].id,
			      (unsigned long long)w->seen[i].who);
	}
	return text_dup(a, strbuf_text(&b));
}

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->validity = jx_i64_or(v, "validity", 0);
	ret->next = jx_i64_or(v, "next", 0);
	ret->leap = jx_i64_or(v, "leap", 0);
	ret->from = jx_i64_or(v, "from", 0);
	ret->misses = jx_i64_or(v, "misses", 0);
	ret->leaps = jx_i64_or(v, "leaps", 0);
	ret->last = hash_load(a, v, "last");
	ret->wanted = hash_load(a, v, "wanted");
	ret->is_news = jx_i64_or(v, "news", 0) == 1;
	seen_load(jx_text_or(a, v, "seen", TEXT_NONE), ret);
	jx_release(&doc);
	if (ret->validity <= 0 || ret->next <= 0 || ret->next > UID_END || ret->leap < 0 ||
	    ret->leap > LEAP_MOST || ret->from < 0 || ret->from > ret->next) {
		*ret = (struct walk){ .wanted = ret->wanted };
	}
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	struct text seen = seen_save(a, w);

	return text_printf(a,
			   "{\"validity\":%lld,\"next\":%lld,\"leap\":%lld,\"from\":%lld,"
			   "\"misses\":%lld,\"leaps\":%lld,\"news\":%d,"
			   "\"last\":\"%llu\",\"wanted\":\"%llu\",\"seen\":\"%.*s\"}",
			   (long long)w->validity, (long long)w->next, (long long)w->leap,
			   (long long)w->from, (long long)w->misses, (long long)w->leaps,
			   w->is_news, (unsigned long long)w->last, (unsigned long long)w->wanted,
			   TEXT_ARG(seen));
}

static struct text folder_of(const struct connector_ctx *ctx, struct text source)
{
	if (text_eq(source, TEXT("own"))) {
		return mail_sent_folder(ctx);
	}
	return text_starts(source, TEXT("folder:")) ? text_slice(source, 7, SIZE_MAX)
						    : TEXT("INBOX");
}

static int64_t window_of(const struct question *q, const struct walk *w)
{
	int64_t width = w->leap > 0 ? w->leap : page_size(q, PAGE_MOST);

	return w->next + width - 1 < UID_END ? width : UID_END - w->next + 1;
}

/* ---- asking ---- */

/* "1-Jan-2026": a day earlier, for the server's zone is its own. */
static struct text day_of(struct arena *a, struct wall since)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char iso[WALL_TEXT_BYTES];
	int64_t month = 1, day = 1;

	(void)wall_format(wall_add(since, DUR_S(-86400)), iso);
	/* We wrote them. */
	(void)num_parse_range((struct text){ iso + 5, 2 }, 1, 12, &month);
	(void)num_parse_range((struct text){ iso + 8, 2 }, 1, 31, &day);
	return text_printf(a, "%lld-%s-%.4s", (long long)day, months[month - 1], iso);
}

static bool ask_poll(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct text folder = folder_of(ctx, q->source), quoted, command;
	struct walk w;

	if (folder.len == 0) {
		return true; /* no folder of sent mails: nobody to be asked */
	}
	if (!mail_box_quote(ctx->arena, folder, &quoted)) {
		return err_set(
			err, ERR_CONFIG,
			"the folder's name cannot be written: give it as the server lists it");
	}
	walk_load(ctx->arena, q->state, &w);
	if (w.validity == 0) {
		command = text_printf(ctx->arena, "UID SEARCH SINCE %.*s",
				      TEXT_ARG(day_of(ctx->arena, q->since)));
	} else {
		command = text_printf(
			ctx->arena, "UID FETCH %lld:%lld (UID%s)", (long long)w.next,
			(long long)(w.next + window_of(q, &w) - 1),
			w.leap > 0 ? "" : " RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.131072>");
	}
	return mail_box_request(
		ctx,
		text_printf(ctx->arena, "EXAMINE %.*s\n%.*s", TEXT_ARG(quoted), TEXT_ARG(command)),
		ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	*ret = (struct request){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return mail_box_request(ctx, TEXT("LIST \"\" \"*\""), ret, err);
	case OP_POLL: return ask_poll(ctx, q, ret, err);
	case OP_REPLY: return mail_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return mail_lookup_ask(ctx, q, ret, err);
	case OP_FILE: return mail_file_ask(ctx, q, ret, err);
	case OP_SWEEP:
	case OP_THREAD:
	case OP_RECHECK: return true; /* mails do not change, and each one is news once */
	case OP_REFRESH: return mail_refresh_ask(ctx, ret, err);
	case OP_CONNECT: return mail_connect_ask(ctx, q, ret, err);
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "mail does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

/* A mail that the server promises and does not give, or that is none. */
static void bad_add(const struct connector_ctx *ctx, const struct walk *w, int64_t uid,
		    struct text raw, const char *why, struct outcome *ret)
{
	outcome_add_bad(
		ctx->arena, ret,
		raw.len > 0 ? raw : text_printf(ctx->arena, "UID %lld", (long long)uid),
		text_printf(ctx->arena, "uid:%lld:%lld", (long long)w->validity, (long long)uid),
		why);
}

/* Somebody else's mail under an id that another had lately (a form that gives all its mails one id, or worse) is a mail of its
 * own; the same one that came twice is not. */
static void again_rename(const struct connector_ctx *ctx, struct walk *w, struct message *m)
{
	uint64_t id = text_hash(TEXT_HASH_SEED, m->external_id);
	struct mark mark = { id, text_hash(id, m->author_id) };

	mark.who = text_hash(mark.who, mime_header_raw(ctx->arena, m->raw, "Date"));
	for (size_t i = 0; i < w->n_seen; i++) {
		if (w->seen[i].id == id) {
			m->external_id = w->seen[i].who == mark.who
						 ? m->external_id
						 : text_printf(ctx->arena, "again:%llx:%.*s",
							       (unsigned long long)mark.who,
							       TEXT_ARG(m->external_id));
			return;
		}
	}
	if (w->n_seen == SEEN_MOST) {
		memmove(w->seen, w->seen + 1, (SEEN_MOST - 1) * sizeof(w->seen[0]));
		w->n_seen--;
	}
	w->seen[w->n_seen++] = mark;
}

/* The mails of a window; true: there was one of those that were asked for. */
static bool items_take(const struct connector_ctx *ctx, const struct question *q,
		       const struct mail_box *box, struct walk *w, struct outcome *ret)
{
	bool is_ours = text_eq(q->source, TEXT("own")), is_any = false;
	int64_t first = w->next, end = first + window_of(q, w), n_asked = 0;

	for (size_t i = 0; i < box->n_items; i++) {
		const struct mail_item *item = &box->items[i];

		bool is_asked = item->uid >= first && item->uid < end;

		if (!item->has_bytes && !item->is_broken) {
			continue; /* news of its flags */
		}
		if (is_asked) {
			is_any = true;
			n_asked++;
			w->next = item->uid >= w->next ? item->uid + 1 : w->next;
		}
		if (!item->has_bytes || item->bytes.len == 0) {
			bad_add(ctx, w, item->uid, item->line,
				"the server lists this mail and does not give it", ret);
		} else {
			struct message *m = outcome_add_message(ctx->arena, ret);

			mail_letter_read(ctx, is_ours, item, m);
			again_rename(ctx, w, m);
			w->last = text_hash(TEXT_HASH_SEED, m->external_id);
			w->wanted = w->last == w->wanted ? 0 : w->wanted;
		}
	}
	if (box->stray.len > 0) {
		outcome_add_bad(ctx->arena, ret, box->stray, TEXT_NONE,
				"the server's answer does not add up: a mail may be missing in it");
	}
	ret->is_adrift = ret->is_adrift || (is_any && w->is_news && w->next - first > n_asked);
	return is_any;
}

/* Nothing where something was promised: leap, and where that ends without a mail, come back; pass it only after some times. */
static void pass_nothing(const struct mail_box *box, const struct question *q, struct walk *w,
			 struct outcome *ret)
{
	int64_t end = w->next + window_of(q, w);

	if (box->next_uid <= w->next && w->leap == 0) {
		w->misses = 0;
		return; /* all is read */
	}
	w->from = w->leap == 0 ? w->next : w->from;
	if (box->next_uid > end && ++w->leaps < LEAPS_MOST) {
		w->next = w->leap == 0 ? w->next : end;
		w->leap = w->leap == 0              ? PAGE_MOST * 8
			  : w->leap * 4 < LEAP_MOST ? w->leap * 4
						    : LEAP_MOST;
		ret->is_more = true;
		return;
	}
	w->next = w->from;
	if (++w->misses >= MISSES) {
		w->next = box->next_uid > w->from ? box->next_uid : w->from;
		w->misses = 0;
		ret->is_adrift = ret->is_adrift || w->is_news;
	}
	w->leap = w->from = w->leaps = 0;
}

static void step(const struct connector_ctx *ctx, const struct question *q,
		 const struct mail_box *box, struct walk *w, struct outcome *ret)
{
	if (w->leap > 0 && box->found_least >= w->next) {
		ret->is_adrift = w->is_news && box->found_least > w->from;
		w->next = box->found_least;
		w->leap = w->from = w->leaps = 0;
		ret->is_more = true;
	} else if (w->leap == 0 && items_take(ctx, q, box, w, ret)) {
		w->misses = w->leaps = 0;
		ret->is_more = w->next < box->next_uid || box->next_uid == 0;
	} else {
		pass_nothing(box, q, w, ret);
	}
	w->is_news = w->is_news || (!ret->is_more && w->misses == 0);
	if (!ret->is_more && w->wanted != 0 && w->misses == 0) {
		ret->is_adrift =
			true; /* under new numbers, and the last known mail is not among them */
		w->wanted = 0;
	}
}

/* One mail alone, and more than we read although we asked for its beginning. */
static void step_over(const struct connector_ctx *ctx, const struct response *r, struct walk *w,
		      struct outcome *ret)
{
	bad_add(ctx, w, w->next, text_slice(r->body, 0, MAIL_READ_BYTES),
		"the server gives far more of this mail than was asked for", ret);
	w->next++;
	ret->is_more = true;
}

static bool digest_poll(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct mail_box box;
	struct walk w;

	if (r->status == 204) {
		return true;
	}
	mail_box_read(ctx->arena, r->body, 2, &box);
	if (!mail_box_check(ctx, r, &box, ret, err)) {
		return false;
	}
	if (box.validity == 0) {
		return err_set(err, ERR_DATA,
			       "the mail server gives no UIDVALIDITY: is it an IMAP server?");
	}
	walk_load(ctx->arena, q->state, &w);
	if (w.validity == 0) {
		w = (struct walk){ .validity = box.validity, .wanted = w.wanted };
		w.next = box.found_least > 0 ? box.found_least : box.next_uid;
		if (w.next == 0 || (!box.is_searched && !r->is_cut)) {
			return err_set(err, ERR_DATA,
				       "the mail server does not say which mails there are");
		}
		ret->is_more = true;
	} else if (w.validity != box.validity ||
		   (box.next_uid > 0 && box.next_uid < w.next && w.leap == 0)) {
		w = (struct walk){ .wanted = w.last != 0 ? w.last : w.wanted };
		ret->is_more = true;
	} else if (r->is_cut && box.n_items == 0 && w.leap == 0) {
		step_over(ctx, r, &w, ret);
	} else {
		step(ctx, q, &box, &w, ret);
	}
	ret->state = walk_save(ctx->arena, &w);
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return mail_identify_digest(ctx, r, ret, err);
	case OP_POLL: return digest_poll(ctx, q, r, ret, err);
	case OP_REPLY: return mail_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return mail_lookup_digest(ctx, q, r, ret, err);
	case OP_FILE: return mail_file_digest(ctx, q, r, ret, err);
	case OP_SWEEP:
	case OP_THREAD:
	case OP_RECHECK: return true;
	case OP_REFRESH: return mail_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return mail_connect_digest(ctx, r, ret, err);
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "mail does not do '%s'", op_name(q->op));
}

const struct connector connector_mail = {
	.name = "mail",
	.about = "Mail: answers to newsletters, and whatever else people write to a mailbox of ours",
	.needs = "server = \"imaps://mail.example\", smtp = \"smtps://mail.example\", the address, and its password (an app "
		 "password, where the provider has such) as token",
	.sources = "inbox and own (the folder of sent mails), always read; folder:NAME",
	.always = always,
	.options = mail_options,
	.server_form = "imaps://mail.example",
	.can = {
		.hears = "direct",
		.reply = true,
		.edits = false,
		.deletions = false,
		.direct = true,
		.search = false,
		.is_time_authors = false,
		.history = "as far back as mails are kept in the folder; what was filed elsewhere before we came is not seen, "
			   "and deletions are not heard",
		.answers = "direct",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 30,
		.lookup = true,
		.max_length = 50000,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 0,
		.page_most = PAGE_MOST,
		.budget_requests = 600,
		.budget_window_s = 300,
		.are_ids_global = true,
		.rhythm = "60s",
	},
	.under = mail_under,
	.check_option = mail_check_option,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
