/* Setting up a second factor: a secret for the telephone, as a picture too; it counts from the first right code on. Recovery codes go out
 * once, the database has their hashes. */
#include <qrencode.h>
#include <sodium.h>
#include <stdlib.h>

#include "answerd/secret.h"
#include "daemon/desk/inside.h"
#include "store_sql.h"

#define SECRET_BYTES 20

/* ---- beginning ---- */

/* The dark modules as one SVG path in a square of n_modules: "M0 0h7v1h-7z…", a run after the other. */
static void print_picture(struct strbuf *out, struct text uri, struct arena *a)
{
	QRcode *code = QRcode_encodeString(text_cstr(a, uri), 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (code == NULL) {
		strbuf_add_str(out, "null");
		return;
	}
	strbuf_printf(out, "{\"size\" : %d, \"path\" : \"", code->width);
	for (int y = 0; y < code->width; y++) {
		for (int x = 0, n; x<code->width; x += n> 0 ? n : 1) {
			for (n = 0; x + n < code->width &&
				    (code->data[y * code->width + x + n] & 1) != 0;) {
				n++;
			}
			if (n > 0) {
				strbuf_printf(out, "M%d %dh%dv1h-%dz", x, y, n, n);
			}
		}
	}
	strbuf_add_str(out, "\"}");
	secret_wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
}

static void done_begin(const struct db_result *r, void *owner)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	struct work *w = owner;
	struct arena *a = httpd_arena(w->r);
	struct text uri;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	uri = text_printf(a,
			  "otpauth://totp/answerd:%.*s?secret=%.*s&issuer=answerd&algorithm=SHA1&"
			  "digits=6&period=30",
			  TEXT_ARG(w->caller.login), TEXT_ARG(w->made));
	strbuf_init(&out, 256u * 1024);
	strbuf_printf(&out, "{\"secret\" : \"%.*s\", \"uri\" : ", TEXT_ARG(w->made));
	strbuf_add_json(&out, uri);
	strbuf_add_str(&out, ", \"qr\" : ");
	print_picture(&out, uri, a);
	strbuf_add_byte(&out, '}');
	desk_work_answer(w, strbuf_text(&out));
}

void totp_begin_serve(struct work *w)
{
	unsigned char secret[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1];
	struct db_params *p = desk_work_own_params(w);

	if (p == NULL) {
		return;
	}
	randombytes_buf(secret, sizeof(secret));
	(void)sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
	w->made = key_base32(httpd_arena(w->r), secret, sizeof(secret));
	db_add_text(p, text_of(hex));
	secret_wipe(secret, sizeof(secret));
	secret_wipe(hex, sizeof(hex));
	desk_work_ask(w, &p, done_begin);
}

/* ---- recovery codes ---- */

/* Ten of 80 bits, as people write them: "ABCD-EFGH-IJKL-MNOP". Their hashes become the statement's last parameter. */
static struct text *make_codes(struct work *w, struct db_params *p)
{
	struct arena *a = httpd_arena(w->r);
	struct text *codes = ARENA_ARRAY(a, struct text, CODE_RECOVERY_N), hashes[CODE_RECOVERY_N];
	unsigned char raw[10];
	char hash[KEY_HASH_BYTES];

	for (int i = 0; i < CODE_RECOVERY_N; i++) {
		struct text plain;

		randombytes_buf(raw, sizeof(raw));
		plain = key_base32(a, raw, sizeof(raw));
		key_hash(plain, hash);
		hashes[i] = text_dup(a, text_of(hash));
		codes[i] = text_printf(a, "%.4s-%.4s-%.4s-%.4s", plain.at, plain.at + 4,
				       plain.at + 8, plain.at + 12);
	}
	secret_wipe(raw, sizeof(raw));
	db_add_text_array(p, hashes, CODE_RECOVERY_N);
	return codes;
}

static void done_codes(const struct db_result *r, void *owner)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (db_is_null(r, 0, 0)) {
		desk_work_refuse_as(
			w, 409, "factor_again",
			TEXT("Another second factor was begun meanwhile. Begin again."));
		return;
	}
	strbuf_init(&out, 64u * 1024);
	strbuf_add_str(&out, "{\"recovery_codes\" : [");
	for (int i = 0; i < CODE_RECOVERY_N; i++) {
		strbuf_add_str(&out, i > 0 ? ", " : "");
		strbuf_add_json(&out, w->codes[i]);
	}
	strbuf_add_str(&out, "], ");
	strbuf_add(&out, text_slice(db_text(r, 0, 0), 1, SIZE_MAX / 2));
	desk_work_answer(w, strbuf_text(&out));
}

void recovery_serve(struct work *w)
{
	struct db_params *p = desk_work_own_params(w);

	if (p != NULL) {
		w->codes = make_codes(w, p);
		desk_work_ask(w, &p, done_codes);
	}
}

/* ---- the first code ---- */

static void done_next(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	char recovery[KEY_HASH_BYTES];
	struct db_params *p;
	int64_t step = 0;

	if (!r->is_ok) {
		desk_work_fail(w, "desk_totp_next", r);
		return;
	}
	if (r->n_rows == 0 || db_is_null(r, 0, 0)) {
		desk_work_refuse_as(w, 409, "factor_again",
				    TEXT("No second factor is being set up. Begin again."));
		return;
	}
	if (!code_find(db_text(r, 0, 0), w->made, (struct wall){ db_i64(r, 0, 1) }, &step,
		       recovery) ||
	    step == 0) {
		desk_work_refuse_as(w, 400, "code_wrong",
				    TEXT("That code is not right. Is the telephone's clock right? "
					 "It shows another one every 30 seconds."));
		return;
	}
	p = db_params_create();
	db_add_i64(p, w->actor);
	db_add_text(p, text_of(w->caller.hash));
	db_add_text(p, db_text(r, 0, 0));
	db_add_i64(p, step);
	w->codes = make_codes(w, p);
	desk_work_ask(w, &p, done_codes);
}

void totp_confirm_serve(struct work *w)
{
	struct db_params *p = desk_work_own_params(w);
	struct jx_doc *doc;
	struct jx body;

	if (p == NULL) {
		return;
	}
	if (!desk_work_body_open(w, &body, &doc)) {
		db_params_destroy(&p);
		return;
	}
	w->made = text_trim(jx_text_or(httpd_arena(w->r), body, "code", TEXT_NONE));
	desk_work_body_close(w, &doc);
	(void)desk_work_db(w, LINE_ACT, "desk_totp_next", SQL_DESK_TOTP_NEXT, &p, done_next, w);
}

/* ---- off ---- */

void totp_off_serve(struct work *w)
{
	struct db_params *p = desk_work_own_params(w);

	if (p != NULL) {
		db_add_text(p, text_of(w->caller.hash));
		desk_work_ask(w, &p, desk_work_done);
	}
}
