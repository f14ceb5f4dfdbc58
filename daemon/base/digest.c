#include "daemon/base/digest.h"

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"

#define RECORDED_OPTIONS  8
#define RECORDED_SUBJECTS 64

static struct text line_take(struct text *rest)
{
	struct text line;

	(void)text_cut(*rest, '\n', &line, rest);
	if (text_ends(line, TEXT("\r"))) {
		line.len--;
	}
	return line;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static bool status_parse(struct text line, int *ret)
{
	struct text version, rest, code, reason;
	int64_t n;

	(void)text_cut(line, ' ', &version, &rest);
	(void)text_cut(rest, ' ', &code, &reason);
	if (!num_parse_range(code, 100, 599, &n)) {
		return false;
	}
	*ret = (int)n;
	return true;
}

static bool head_parse(struct arena *a, struct text *rest, struct response *ret, struct err *err)
{
	if (!status_parse(line_take(rest), &ret->status)) {
		return err_set(err, ERR_DATA, "the first line has no status");
	}
	ret->headers = ARENA_ARRAY(a, struct header, LIMIT_HEADERS);
	for (;;) {
		struct text line = line_take(rest), name, value;

		if (line.len == 0) {
			return true;
		}
		if (ret->n_headers >= LIMIT_HEADERS || !text_cut(line, ':', &name, &value)) {
			return err_set(err, ERR_DATA, "header line %zu cannot be read",
				       ret->n_headers + 1);
		}
		ret->headers[ret->n_headers++] =
			(struct header){ text_trim(name), text_trim(value) };
	}
}

static void subjects_read(struct arena *a, struct recording *ret)
{
	struct text *ids = ARENA_ARRAY(a, struct text, RECORDED_SUBJECTS);

	ret->question.subjects = ids;
	for (size_t i = 0; i < ret->response.n_headers; i++) {
		const struct header *h = &ret->response.headers[i];

		if (text_eq_nocase(h->name, TEXT("X-Answerd-Subject")) &&
		    ret->question.n_subjects < RECORDED_SUBJECTS) {
			ids[ret->question.n_subjects++] = h->value;
		}
	}
}

static void options_read(struct arena *a, struct recording *ret)
{
	struct option_value *options = ARENA_ARRAY(a, struct option_value, RECORDED_OPTIONS);
	struct text name, value;

	ret->ctx.options = options;
	for (size_t i = 0; i < ret->response.n_headers; i++) {
		const struct header *h = &ret->response.headers[i];

		if (text_eq_nocase(h->name, TEXT("X-Answerd-Option")) &&
		    text_cut(h->value, '=', &name, &value) &&
		    ret->ctx.n_options < RECORDED_OPTIONS) {
			options[ret->ctx.n_options++] =
				(struct option_value){ text_cstr(a, name), value };
		}
	}
}

/* What a reply or a lookup was asked for. */
static void posting_read(struct arena *a, struct recording *ret)
{
	struct posting *p = ARENA_NEW(a, struct posting);
	const struct response *r = &ret->response;
	struct text visibility = response_header(r, TEXT("X-Answerd-Visibility"));

	p->key = response_header(r, TEXT("X-Answerd-Key"));
	p->text = response_header(r, TEXT("X-Answerd-Text"));
	p->parent_id = response_header(r, TEXT("X-Answerd-Parent"));
	p->parent_revision = response_header(r, TEXT("X-Answerd-Parent-Revision"));
	p->parent_raw = response_header(r, TEXT("X-Answerd-Parent-Raw"));
	p->root_id = response_header(r, TEXT("X-Answerd-Root"));
	p->root_revision = response_header(r, TEXT("X-Answerd-Root-Revision"));
	p->thread_id = response_header(r, TEXT("X-Answerd-Thread"));
	p->author_id = response_header(r, TEXT("X-Answerd-Author-Id"));
	p->author_handle = response_header(r, TEXT("X-Answerd-Author-Handle"));
	p->warning = response_header(r, TEXT("X-Answerd-Warning"));
	p->language = response_header(r, TEXT("X-Answerd-Language"));
	p->parent_kind = MESSAGE_MENTION;
	for (int v = MESSAGE_PUBLIC; v <= MESSAGE_PRIVATE; v++) {
		if (text_eq(visibility,
			    text_of(message_visibility_name((enum message_visibility)v)))) {
			p->visibility = (enum message_visibility)v;
		}
	}
	/* Unreadable: not begun. */
	(void)wall_parse(response_header(r, TEXT("X-Answerd-Begun")), &p->begun_at);
	ret->question.posting = p;
}

/* How a person let us in. */
static void granting_read(struct arena *a, struct recording *ret)
{
	struct granting *g = ARENA_NEW(a, struct granting);
	const struct response *r = &ret->response;

	g->redirect = response_header(r, TEXT("X-Answerd-Redirect"));
	g->state = response_header(r, TEXT("X-Answerd-Grant-State"));
	g->verifier = response_header(r, TEXT("X-Answerd-Verifier"));
	g->challenge = response_header(r, TEXT("X-Answerd-Challenge"));
	g->code = response_header(r, TEXT("X-Answerd-Code"));
	ret->question.granting = g;
}

static void context_read(struct arena *a, struct recording *ret)
{
	const struct response *r = &ret->response;
	struct connector_ctx *ctx = &ret->ctx;
	int64_t limit = 0;

	ctx->arena = a;
	ctx->server = response_header(r, TEXT("X-Answerd-Server"));
	if (ctx->server.len == 0) {
		ctx->server = TEXT("https://recorded.example");
	}
	ctx->token = TEXT("recorded:by:somebody"); /* some are made of parts */
	for (size_t i = 0; i < r->n_headers; i++) {
		if (text_eq_nocase(r->headers[i].name, TEXT("X-Answerd-Token"))) {
			ctx->token = r->headers[i].value; /* "": none is configured */
		}
	}
	ctx->own_id = response_header(r, TEXT("X-Answerd-Own-Id"));
	ctx->own_handle = response_header(r, TEXT("X-Answerd-Own-Handle"));
	ctx->facts = response_header(r, TEXT("X-Answerd-Facts"));
	ctx->session = response_header(r, TEXT("X-Answerd-Session"));
	ret->question.source = response_header(r, TEXT("X-Answerd-Source"));
	ret->question.state = response_header(r, TEXT("X-Answerd-State"));
	/* Absent or unreadable: no limit. */
	(void)num_parse_range(response_header(r, TEXT("X-Answerd-Page-Limit")), 1, LIMIT_PAGE_ITEMS,
			      &limit);
	ret->question.page_limit = (int)limit;
	ret->response.is_cut = response_header(r, TEXT("X-Answerd-Cut")).len > 0;
	/* Unreadable times stay unset. */
	(void)wall_parse(response_header(r, TEXT("X-Answerd-Since")), &ret->question.since);
	if (!wall_parse(response_header(r, TEXT("X-Answerd-Now")), &ctx->now)) {
		(void)wall_parse_http(response_header(r, TEXT("Date")), &ctx->now);
	}
	ret->response.received_at = ctx->now;
	subjects_read(a, ret);
	options_read(a, ret);
	if (ret->question.op == OP_REPLY || ret->question.op == OP_LOOKUP ||
	    ret->question.op == OP_FILE) {
		posting_read(a, ret);
	} else if (ret->question.op == OP_CONNECT) {
		granting_read(a, ret);
	}
}

bool recording_parse(struct arena *a, struct text file_bytes, enum op op, struct recording *ret,
		     struct err *err)
{
	*ret = (struct recording){ .is_bare = !text_starts(file_bytes, TEXT("HTTP/")) };
	ret->question.op = op;
	ret->response.status = 200;
	if (!ret->is_bare && !head_parse(a, &file_bytes, &ret->response, err)) {
		return false;
	}
	ret->response.body = file_bytes;
	context_read(a, ret);
	return true;
}

static void field_print(struct strbuf *out, const char *name, struct text t)
{
	strbuf_printf(out, "\"%s\":", name);
	if (t.len == 0) {
		strbuf_add_str(out, "null");
	} else {
		strbuf_add_json(out, t);
	}
}

static void error_print(struct strbuf *out, struct arena *a, bool has_ended, const struct err *err)
{
	char when[WALL_TEXT_BYTES];

	strbuf_add_str(out, "{\"error\":{");
	field_print(out, "kind", text_of(err_kind_name(err->kind)));
	strbuf_add_str(out, has_ended ? ",\"needs_refresh\":true" : "");
	if (wall_is_set(err->not_before)) {
		strbuf_add_byte(out, ',');
		field_print(out, "not_before",
			    (struct text){ when, wall_format(err->not_before, when) });
	}
	strbuf_add_byte(out, ',');
	field_print(out, "text", text_clean(a, text_of(err->text), NULL));
	strbuf_add_str(out, "}}\n");
}

static void state_print(struct strbuf *out, const struct outcome *o)
{
	strbuf_add_byte(out, '{');
	field_print(out, "state", o->state);
	strbuf_add_str(out, "}\n");
}

static void sent_print(struct strbuf *out, enum op op, const struct outcome *o)
{
	strbuf_add_byte(out, '{');
	field_print(out, "sent_id", o->sent_id);
	strbuf_add_byte(out, ',');
	field_print(out, "sent_permalink", o->sent_permalink);
	strbuf_add_str(out, o->to_file ? ",\"to_file\":true}\n" : "}\n");
	if (op == OP_LOOKUP && o->is_more) {
		state_print(out, o);
	}
}

static void until_print(struct strbuf *out, const char *name, struct wall until)
{
	char when[WALL_TEXT_BYTES];

	strbuf_printf(out, ",\"%s\":", name);
	if (!wall_is_set(until)) {
		strbuf_add_str(out, "null");
		return;
	}
	strbuf_add_json(out, (struct text){ when, wall_format(until, when) });
}

/* That there is a session, and how long: what stands in it is nobody's to read. */
static void granted_print(struct strbuf *out, const struct outcome *o)
{
	strbuf_printf(out, "{\"client\":%s,\"is_more\":%s,\"session\":%s",
		      o->client.len > 0 ? "true" : "false", o->is_more ? "true" : "false",
		      o->session.len > 0 ? "true" : "false");
	until_print(out, "session_until", o->session_until);
	until_print(out, "token_until", o->token_until);
	strbuf_add_str(out, "}\n");
}

static void outcome_print(struct strbuf *out, enum op op, const struct outcome *o)
{
	if (op == OP_REPLY || op == OP_LOOKUP) {
		sent_print(out, op, o);
	}
	if (op == OP_FILE && o->is_more) {
		state_print(out, o);
	} else if (op == OP_FILE) {
		strbuf_add_str(out, "{\"filed\":true}\n");
	}
	if (op == OP_CONNECT) {
		granted_print(out, o);
	}
	for (size_t i = 0; i < o->n_messages; i++) {
		message_print(&o->messages[i], out);
	}
	for (size_t i = 0; i < o->n_bad; i++) {
		quarantined_print(&o->bad[i], out);
	}
	for (size_t i = 0; i < o->n_gone; i++) {
		strbuf_add_byte(out, '{');
		field_print(out, "gone", o->gone[i]);
		strbuf_add_str(out, "}\n");
	}
	if (o->own_id.len > 0) {
		strbuf_add_byte(out, '{');
		field_print(out, "own_handle", o->own_handle);
		strbuf_add_byte(out, ',');
		field_print(out, "own_id", o->own_id);
		strbuf_add_byte(out, ',');
		field_print(out, "own_name", o->own_name);
		strbuf_add_str(out, "}\n");
	}
	if (o->missing.len > 0) {
		strbuf_add_byte(out, '{');
		field_print(out, "missing", o->missing);
		strbuf_add_str(out, "}\n");
	}
}

bool digest_print(const struct connector *c, enum op op, struct text file_bytes, struct strbuf *out,
		  struct err *err)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct outcome o = { 0 };
	struct err why = { 0 };
	bool is_read = recording_parse(a, file_bytes, op, &rec, err);

	rec.ctx.description = c->description;
	if (is_read && c->digest(&rec.ctx, &rec.question, &rec.response, &o, &why)) {
		outcome_print(out, op, &o);
	} else if (is_read && rec.is_bare && why.kind == ERR_DATA) {
		/* Some recorded object that is no message: shown as what it is. */
		struct quarantined q = { .raw = file_bytes };

		memcpy(q.reason, why.text, sizeof(q.reason) - 1);
		quarantined_print(&q, out);
	} else if (is_read) {
		error_print(out, a, rec.question.posting != NULL && o.needs_refresh, &why);
	}
	arena_destroy(&a);
	return is_read;
}
