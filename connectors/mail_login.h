/* mail_login.h: who we are to a mail server: by password, or by the session that a person gave us at Google or Microsoft (`login`).
 * Private to the connector.
 *
 * Google's interface is that of all its connectors (google.h): a client's CLIENT ID:CLIENT SECRET, or a service account that speaks for
 * `user`. Microsoft's clients for the desktop have no secret: "CLIENT ID:".
 *
 * Owner:   ctx->arena. Clock: ctx->now. Blocks: never. Calls back: never.
 * Fails:   as oauth.h and google.h. */
#ifndef ANSWERD_CONNECTORS_MAIL_LOGIN_H
#define ANSWERD_CONNECTORS_MAIL_LOGIN_H

#include "answerd/connector.h"

enum mail_login { MAIL_PASSWORD, MAIL_GOOGLE, MAIL_MICROSOFT };

enum mail_login mail_login_of(const struct connector_ctx *ctx);
/* What an account needs that logs in by OAuth (connector.h). */
void mail_under(const struct option_value *options, size_t n_options, struct connector *c);

/* Password or bearer of a request to one of the two servers; its user stands there already. */
void mail_login_add(const struct connector_ctx *ctx, struct request *r);
/* Says why a login was refused; by OAuth the session may have ended. */
bool mail_login_refused(const struct connector_ctx *ctx, struct outcome *ret, struct err *err);

/* OP_IDENTIFY's answer (mail_identify.c). */
bool mail_identify_digest(const struct connector_ctx *ctx, const struct response *r,
			  struct outcome *ret, struct err *err);

bool mail_connect_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err);
bool mail_connect_digest(const struct connector_ctx *ctx, const struct response *r,
			 struct outcome *ret, struct err *err);
bool mail_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err);
bool mail_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			 struct outcome *ret, struct err *err);

#endif
