/* Why a mailbox's server was of no use, and what the caller does next. Its own words stay here: they are a stranger's. */
#include "daemon/io/http_inside.h"

static const char *about(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST: return "its name is not known";
	case CURLE_COULDNT_CONNECT: return "no connection";
	case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
	case CURLE_USE_SSL_FAILED: return "it offers no STARTTLS, so nothing was said";
	case CURLE_SSL_CONNECT_ERROR: return "no TLS with it";
	case CURLE_PEER_FAILED_VERIFICATION: return "its certificate is not trusted";
	case CURLE_SSL_CACERT_BADFILE: return "this machine has no list of trusted authorities";
	case CURLE_LOGIN_DENIED: return "it lets nobody in for now";
	case CURLE_GOT_NOTHING: return "it hung up without an answer";
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR: return "the connection broke";
	case CURLE_WEIRD_SERVER_REPLY: return "its answer cannot be understood";
	default: return "the transfer failed";
	}
}

/* "NO [UNAVAILABLE]" or 454 at the login is the server's trouble, not the password's. */
static bool is_login_wrong(const struct http_transfer *t)
{
	static const char *const troubles[] = { "[UNAVAILABLE]", "[INUSE]",     "[LIMIT]",
						"[SERVERBUG]",   "[OVERQUOTA]", "* BYE" };
	struct text said = strbuf_text(&t->headers);

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (text_find(said, text_of(troubles[i]), 0) != SIZE_MAX) {
			return false;
		}
	}
	return t->status < 400 || t->status >= 500;
}

static void explain_before(struct http_transfer *t, CURLcode code)
{
	if (t->n_refused > 0 && t->n_opened == 0) {
		(void)err_set(&t->err, ERR_CONFIG, "%s: its network address or port is not allowed",
			      t->host);
	} else if (code == CURLE_LOGIN_DENIED && is_login_wrong(t)) {
		t->err.kind = ERR_NONE;
		t->status = 401;
	} else if (t->broke != BROKE_NOTHING) {
		(void)err_set(&t->err, ERR_RETRY, "%s: it says too much", t->host);
	} else {
		(void)err_set(&t->err, code == CURLE_URL_MALFORMAT ? ERR_CONFIG : ERR_RETRY,
			      "%s: %s", t->host, about(code));
	}
	strbuf_reset(&t->headers);
}

void http_explain_talk(struct http_transfer *t, CURLcode code)
{
	struct talk *k = t->talk;

	if (k->state == TALK_CONNECTING) {
		explain_before(t, code);
		return;
	}
	t->status = k->status > 0 ? k->status : 200;
	if (code == CURLE_OK) {
		t->err.kind = ERR_NONE;
	} else if (k->is_ended) {
		(void)err_set(&t->err, ERR_UNSURE, "%s: %s after the mail was handed over", t->host,
			      about(code));
	} else if (t->broke == BROKE_BODY && t->terms.keep_cut && !t->is_once) {
		t->err.kind = ERR_NONE;
		t->status = 200;
	} else if (t->broke == BROKE_BODY || t->broke == BROKE_HEADERS) {
		(void)err_set(&t->err, k->is_smtp ? ERR_RETRY : ERR_DATA, "%s: it says too much",
			      t->host);
	} else if (t->broke == BROKE_BUDGET) {
		(void)err_set(&t->err, ERR_RETRY, "%s: too many large answers at once", t->host);
	} else {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s", t->host, about(code));
	}
}
