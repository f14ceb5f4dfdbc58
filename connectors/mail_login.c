#include "mail_login.h"

#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "google.h"
#include "oauth.h"

#define ENTRA      "https://login.microsoftonline.com/"
#define SCOPE_IMAP "https://outlook.office.com/IMAP.AccessAsUser.All"
#define SCOPE_SMTP "https://outlook.office.com/SMTP.Send"

static const struct connector_right google_rights[] = {
	{ "https://mail.google.com/", "to read the mailbox and to send what staff answer" },
	{ NULL, NULL },
};

static const struct connector_right microsoft_rights[] = {
	{ SCOPE_IMAP, "to read the mailbox" },
	{ SCOPE_SMTP, "to send what staff answer" },
	{ NULL, NULL },
};

enum mail_login mail_login_of(const struct connector_ctx *ctx)
{
	struct text login = connector_option(ctx, "login");

	return text_eq(login, TEXT("google"))      ? MAIL_GOOGLE
	       : text_eq(login, TEXT("microsoft")) ? MAIL_MICROSOFT
						   : MAIL_PASSWORD;
}

void mail_login_add(const struct connector_ctx *ctx, struct request *r)
{
	if (mail_login_of(ctx) == MAIL_PASSWORD) {
		r->password = ctx->token;
	} else {
		r->bearer = oauth_bearer(ctx);
	}
}

bool mail_login_refused(const struct connector_ctx *ctx, struct outcome *ret, struct err *err)
{
	enum mail_login login = mail_login_of(ctx);

	ret->needs_refresh = login != MAIL_PASSWORD;
	switch (login) {
	case MAIL_PASSWORD:
		return err_set(err, ERR_AUTH,
			       "the mail server refuses the login: is the password (an app "
			       "password, where the provider has such) still right?");
	case MAIL_GOOGLE:
		return err_set(
			err, ERR_AUTH,
			"Gmail does not take the session: is `user` or `address` the account "
			"that let us in?");
	case MAIL_MICROSOFT: break;
	}
	return err_set(
		err, ERR_AUTH,
		"Microsoft's mail server does not take the session: may this mailbox be "
		"used by IMAP and authenticated SMTP, and is `user` or `address` the account "
		"that let us in?");
}

/* ---- Microsoft ---- */

static struct text entra(const struct connector_ctx *ctx, const char *what)
{
	struct text tenant = connector_option(ctx, "tenant");

	tenant = tenant.len > 0 ? tenant : TEXT("common");
	return text_printf(ctx->arena, ENTRA "%.*s/oauth2/v2.0/%s", TEXT_ARG(tenant), what);
}

static struct oauth_app microsoft(const struct connector_ctx *ctx)
{
	struct text at = connector_option(ctx, "oauth");

	return (struct oauth_app){ .name = "Microsoft",
				   .at = at.len > 0 ? at : entra(ctx, "token"),
				   .is_public = true };
}

static bool microsoft_authorize(const struct connector_ctx *ctx, const struct granting *g,
				struct text *ret, struct err *err)
{
	struct oauth_app app = microsoft(ctx);
	/* What keeps us signed in is asked for, and never said to be granted. */
	struct oauth_consent c = { .at = entra(ctx, "authorize"),
				   .scopes = SCOPE_IMAP " " SCOPE_SMTP " offline_access",
				   .redirect = g->redirect,
				   .state = g->state,
				   .challenge = g->challenge };

	return oauth_consent_url(ctx, &app, &c, ret, err);
}

static bool microsoft_connect_digest(const struct connector_ctx *ctx, const struct response *r,
				     struct outcome *ret, struct err *err)
{
	struct oauth_app app = microsoft(ctx);
	struct connector_ctx fresh = *ctx;
	struct oauth_session s;

	if (!oauth_connect_digest(ctx, &app, microsoft_rights, r, ret, err)) {
		return false;
	}
	fresh.session = ret->session;
	return (oauth_session_load(&fresh, &s) && s.refresh.len > 0) ||
	       err_set(err, ERR_AUTH, "Microsoft gave no refresh token: begin again");
}

/* ---- both ---- */

static bool authorize_at_google(const struct connector_ctx *ctx, const struct granting *g,
				struct text *ret, struct err *err)
{
	return google_authorize(ctx, google_rights, g, ret, err);
}

/* Both want an application of one's own: Google a client of the type desktop, Microsoft one for accounts of any directory. */
void mail_under(const struct option_value *options, size_t n_options, struct connector *c)
{
	const struct connector_ctx ctx = { .options = options, .n_options = n_options };

	switch (mail_login_of(&ctx)) {
	case MAIL_PASSWORD: return;
	case MAIL_GOOGLE:
		c->needs = "an OAuth client of the type \"desktop app\" in a Google Cloud project: "
			   "CLIENT ID:CLIENT SECRET as token";
		c->rights = google_rights;
		c->authorize = authorize_at_google;
		break;
	case MAIL_MICROSOFT:
		c->needs = "an application in Microsoft Entra with the redirect http://127.0.0.1 "
			   "(mobile and desktop): CLIENT ID: as token, or CLIENT ID:CLIENT SECRET";
		c->rights = microsoft_rights;
		c->authorize = microsoft_authorize;
		break;
	}
	c->can.needs_session = true;
}

static bool by_password(enum op op, struct err *err)
{
	return err_set(err, ERR_CONFIG, "a mailbox with a password does not do '%s'", op_name(op));
}

bool mail_connect_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err)
{
	struct oauth_app app = microsoft(ctx);

	switch (mail_login_of(ctx)) {
	case MAIL_PASSWORD: return by_password(OP_CONNECT, err);
	case MAIL_GOOGLE: return google_connect_ask(ctx, q, ret, err);
	case MAIL_MICROSOFT: break;
	}
	return oauth_connect_ask(ctx, &app, q, ret, err);
}

bool mail_connect_digest(const struct connector_ctx *ctx, const struct response *r,
			 struct outcome *ret, struct err *err)
{
	switch (mail_login_of(ctx)) {
	case MAIL_PASSWORD: return by_password(OP_CONNECT, err);
	case MAIL_GOOGLE: return google_connect_digest(ctx, google_rights, r, ret, err);
	case MAIL_MICROSOFT: break;
	}
	return microsoft_connect_digest(ctx, r, ret, err);
}

bool mail_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct oauth_app app = microsoft(ctx);

	switch (mail_login_of(ctx)) {
	case MAIL_PASSWORD: return by_password(OP_REFRESH, err);
	case MAIL_GOOGLE: return google_refresh_ask(ctx, google_rights, ret, err);
	case MAIL_MICROSOFT: break;
	}
	return oauth_refresh_ask(ctx, &app, ret, err);
}

bool mail_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			 struct outcome *ret, struct err *err)
{
	struct oauth_app app = microsoft(ctx);

	switch (mail_login_of(ctx)) {
	case MAIL_PASSWORD: return by_password(OP_REFRESH, err);
	case MAIL_GOOGLE: return google_refresh_digest(ctx, r, ret, err);
	case MAIL_MICROSOFT: break;
	}
	return oauth_token_digest(ctx, &app, r, ret, err);
}
