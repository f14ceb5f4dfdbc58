/* Why a transfer failed and what the caller does next: CURLcode is translated here, once. */
#include "daemon/io/http_inside.h"

#define MIB ((size_t)1024 * 1024)

struct meaning {
	CURLcode code;
	const char *about;
};

static const struct meaning meanings[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "its name is not known" },
	{ CURLE_COULDNT_CONNECT, "no connection" },
	{ CURLE_OPERATION_TIMEDOUT, "no answer in time" },
	{ CURLE_SSL_CONNECT_ERROR, "no TLS with it" },
	{ CURLE_PEER_FAILED_VERIFICATION, "its certificate is not trusted" },
	{ CURLE_SSL_CERTPROBLEM, "its certificate is not trusted" },
	{ CURLE_SSL_CACERT_BADFILE, "this machine has no list of trusted authorities" },
	{ CURLE_GOT_NOTHING, "it hung up without an answer" },
	{ CURLE_PARTIAL_FILE, "its answer was cut off" },
	{ CURLE_RECV_ERROR, "the connection broke" },
	{ CURLE_SEND_ERROR, "the connection broke" },
	{ CURLE_HTTP2, "the connection broke" },
	{ CURLE_HTTP2_STREAM, "the connection broke" },
	{ CURLE_WEIRD_SERVER_REPLY, "its answer is no HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "its answer is no HTTP" },
	{ CURLE_BAD_CONTENT_ENCODING, "its answer cannot be unpacked" },
	{ CURLE_URL_MALFORMAT, "the address cannot be used" },
	{ CURLE_LOGIN_DENIED, "the address holds a password" },
};

static const char *about(CURLcode code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].code == code) {
			return meanings[i].about;
		}
	}
	return "the transfer failed";
}

/* The answer was too much. A request that posts may have had its effect all the same. */
static void explain_limit(struct http_transfer *t)
{
	enum err_kind kind = t->is_once ? ERR_UNSURE : ERR_DATA;
	size_t cap = t->terms.max_body_bytes;

	switch (t->broke) {
	case BROKE_BODY:
		if (t->terms.keep_cut && !t->is_once && t->status >= 200 && t->status <= 599) {
			t->err.kind = ERR_NONE;
			return;
		}
		if (cap >= MIB) {
			(void)err_set(&t->err, kind, "%s: answer over %zu MiB", t->host, cap / MIB);
		} else {
			(void)err_set(&t->err, kind, "%s: answer over %zu bytes", t->host, cap);
		}
		return;
	case BROKE_HEADERS:
		(void)err_set(&t->err, kind, "%s: headers over %u KiB or %d lines", t->host,
			      LIMIT_HEADER_BYTES / 1024, LIMIT_HEADERS);
		return;
	case BROKE_BUDGET:
		(void)err_set(&t->err, t->is_once ? ERR_UNSURE : ERR_RETRY,
			      "%s: too many large answers at once", t->host);
		return;
	case BROKE_NOTHING: return;
	}
}

void http_explain(struct http_transfer *t, CURLcode code)
{
	bool is_refused = t->n_refused > 0 && t->n_opened == 0;

	if (t->is_mail) {
		http_explain_mail(t, code);
		return;
	}
	if (t->talk != NULL) {
		http_explain_talk(t, code);
		return;
	}
	if (code == CURLE_OK && t->status >= 200 && t->status <= 599) {
		t->err.kind = ERR_NONE;
		return;
	}
	if (code == CURLE_FILESIZE_EXCEEDED) {
		t->broke = BROKE_BODY;
	}
	if (t->broke != BROKE_NOTHING) {
		explain_limit(t);
		return;
	}
	if (!t->is_talking) {
		/* Nothing was sent, so there is nothing to be unsure about. */
		enum err_kind kind = is_refused || code == CURLE_UNSUPPORTED_PROTOCOL ||
						     code == CURLE_URL_MALFORMAT ||
						     code == CURLE_LOGIN_DENIED
					     ? ERR_CONFIG
					     : ERR_RETRY;

		(void)err_set(&t->err, kind, "%s: %s", t->host,
			      is_refused ? "its network address or port is not allowed"
					 : about(code));
		return;
	}
	if (code == CURLE_OK) {
		code = CURLE_WEIRD_SERVER_REPLY;
	}
	if (t->is_once) {
		(void)err_set(&t->err, ERR_UNSURE, "%s: %s", t->host, about(code));
	} else if (code == CURLE_BAD_CONTENT_ENCODING) {
		(void)err_set(&t->err, ERR_DATA, "%s: %s", t->host, about(code));
	} else {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s", t->host, about(code));
	}
}
