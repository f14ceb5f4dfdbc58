/* Who we are, and where our sent mails are: see mail_login.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "mail_letter.h"
#include "mail_login.h"
#include "mail_reply.h"

/* How folders of sent mails are called where the server does not say it. */
static struct text sent_guess(const struct mail_box *box)
{
	static const char *const names[] = { "Sent",
					     "Sent Items",
					     "Sent Messages",
					     "INBOX.Sent",
					     "INBOX/Sent",
					     "INBOX.Sent Items",
					     "INBOX.Sent Messages",
					     "Gesendet",
					     "Gesendete Elemente",
					     "Gesendete Objekte",
					     "Sent Mail" };

	for (size_t i = 0; i < box->n_folders; i++) {
		if (box->folders[i].is_sent) {
			return box->folders[i].name;
		}
	}
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t i = 0; i < box->n_folders; i++) {
			if (text_eq_nocase(box->folders[i].name, text_of(names[n]))) {
				return box->folders[i].name;
			}
		}
	}
	return TEXT_NONE;
}

bool mail_identify_digest(const struct connector_ctx *ctx, const struct response *r,
			  struct outcome *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_FACTS_BYTES };
	struct mail_box box;
	struct text sent, quoted;

	mail_box_read(ctx->arena, r->body, 1, &box);
	if (!mail_box_check(ctx, r, &box, ret, err)) {
		return false;
	}
	if (box.n_folders == 0) {
		return err_set(err, ERR_DATA,
			       "the mail server shows no folder at all: is this login a mailbox?");
	}
	sent = text_clean(ctx->arena, sent_guess(&box), NULL);
	if (!mail_box_quote(ctx->arena, sent, &quoted)) {
		sent = TEXT_NONE;
	}
	strbuf_add_str(&b, "{\"sent\":");
	strbuf_add_json(&b, sent);
	strbuf_add_byte(&b, '}');
	ret->facts = text_dup(ctx->arena, strbuf_text(&b));
	ret->own_id = ret->own_handle = mail_own_address(ctx);
	ret->own_name = text_clip(connector_option(ctx, "name"), LIMIT_NAME_BYTES);
	if (connector_option(ctx, "smtp").len == 0) {
		ret->missing =
			TEXT("no `smtp` is configured: what is written here cannot be answered");
	} else if (sent.len == 0 && connector_option(ctx, "sent").len == 0) {
		ret->missing = TEXT("no folder of sent mails was found: what staff answer in their "
				    "mail program is not "
				    "seen; name it with `sent`");
	}
	return true;
}
