/* Mail: see http_mail.h. It goes out by http_talk.c, for libcurl's own SMTP waits for the answer to its QUIT, and all else with it. A
 * server's replies are hostile: they are counted, and never passed on (RELIABILITY S18). */
#include <assert.h>
#include <stdio.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"
#include "daemon/io/http_mail.h"

#define PORT_SMTP 25

bool http_mail_is_address(struct text t)
{
	size_t n_at = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("<>()[]\\,;:\"", c) != NULL) {
			return false;
		}
		n_at += c == '@';
	}
	return n_at == 1 && t.len > 2 && t.len <= 254 && t.at[0] != '@' && t.at[0] != '-' &&
	       t.at[t.len - 1] != '@';
}

static bool check_server(struct http_transfer *t, const struct mail *m, struct talk_place *p,
			 struct err *err)
{
	if (!text_starts(m->server, TEXT("smtps://")) && !text_starts(m->server, TEXT("smtp://"))) {
		return err_set(err, ERR_CONFIG,
			       "a mail server is written smtps://HOST or smtp://HOST");
	}
	if (!talk_place_parse(m->server, p)) {
		return err_set(err, ERR_CONFIG, "the mail server's address cannot be used");
	}
	if (text_is_empty(p->url.port) && !p->is_tls) {
		p->port = PORT_SMTP;
	}
	talk_to(t, p);
	if (m->is_plain && !(t->is_literal_loopback && t->terms.allow_loopback)) {
		return err_set(err, ERR_CONFIG, "%s: without TLS mail goes to this machine only",
			       t->host);
	}
	return true;
}

static bool check_envelope(struct http_transfer *t, const struct mail *m, struct err *err)
{
	bool is_fine = http_mail_is_address(m->from) && m->n_to > 0;

	for (size_t i = 0; i < m->n_to; i++) {
		is_fine = is_fine && http_mail_is_address(m->to[i]);
	}
	if (!is_fine) {
		return err_set(err, ERR_CONFIG, "%s: an address cannot be written to", t->host);
	}
	return talk_is_mail(m->message) ||
	       err_set(err, ERR_CONFIG, "%s: the mail is not whole", t->host);
}

static bool dress(struct http_transfer *t, const struct mail *m, struct err *err)
{
	struct talk *k = talk_create(t);
	struct talk_login login = { .user = m->user, .password = m->password };
	struct talk_place p;

	t->is_mail = true;
	if (!check_server(t, m, &p, err) || !check_envelope(t, m, err)) {
		return false;
	}
	secret_set(&t->url, m->server);
	secret_set(&t->body, m->message);
	(void)snprintf(k->from, sizeof(k->from), "%.*s", TEXT_ARG(m->from));
	for (size_t i = 0; i < m->n_to; i++) {
		talk_add_receiver(k, m->to[i]);
	}
	k->allow_some = m->allow_some;
	return talk_open(t, &p, m->is_plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL, &login,
			 err);
}

struct http_transfer *http_mail(struct http *h, const struct mail *m,
				const struct http_terms *terms, http_done *done, void *owner)
{
	struct http_transfer *t = http_transfer_create(h, terms, done, owner);

	return http_begin(t, dress(t, m, &t->err));
}

static const char *about(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST: return "its name is not known";
	case CURLE_COULDNT_CONNECT: return "no connection";
	case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
	case CURLE_USE_SSL_FAILED: return "it offers no STARTTLS, so nothing was said";
	case CURLE_SSL_CONNECT_ERROR: return "no TLS with it";
	case CURLE_PEER_FAILED_VERIFICATION: return "its certificate is not trusted";
	case CURLE_LOGIN_DENIED: return "it refuses the login";
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR: return "it hung up, or refuses sender or receivers";
	default: return "it did not take the mail";
	}
}

void http_explain_mail(struct http_transfer *t, CURLcode code)
{
	struct talk *k = t->talk;

	t->is_talking = true;
	if (k->state != TALK_CONNECTING) {
		t->status = k->status;
	}
	if (code == CURLE_OK && t->broke == BROKE_NOTHING && t->status >= 200 && t->status <= 299) {
		t->err.kind = ERR_NONE;
		return;
	}
	if (t->n_refused > 0 && t->n_opened == 0) {
		(void)err_set(&t->err, ERR_RETRY, "%s: its network address or port is not allowed",
			      t->host);
	} else if (t->broke != BROKE_NOTHING) {
		(void)err_set(&t->err, ERR_RETRY, "%s: it says too much", t->host);
	} else if (t->status >= 400 && t->status <= 599) {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s (%d)", t->host,
			      about(code == CURLE_OK && k->n_taken == 0 ? CURLE_SEND_ERROR : code),
			      t->status);
	} else {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s", t->host, about(code));
	}
}
