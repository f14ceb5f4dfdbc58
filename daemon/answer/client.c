/* One request to the desk: see client.h. */
#include "daemon/answer/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "answerd/log.h"

#define ANSWER_BYTES   (256u * 1024 * 1024) /* the whole queue with --limit 0 */
#define TIMEOUT_S      70L
#define COMING_TRIES   4
#define COMING_WAIT_NS 250000000L

struct client {
	CURL *curl;
	char *place, *token;
	bool is_url;
};

struct client *client_create(const char *place, const char *token)
{
	struct client *c = xcalloc(1, sizeof(*c));

	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	c->curl = curl_easy_init();
	if (c->curl == NULL) {
		not_reached("libcurl does not start");
	}
	c->is_url = strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
	c->place = xstrdup(place);
	c->token = token != NULL ? xstrdup(token) : NULL;
	return c;
}

void client_destroy(struct client **at)
{
	struct client *c = *at;

	if (c == NULL) {
		return;
	}
	*at = NULL;
	curl_easy_cleanup(c->curl);
	free(c->place);
	free(c->token);
	free(c);
	curl_global_cleanup();
}

static size_t on_bytes(char *at, size_t size, size_t n, void *owner)
{
	struct strbuf *body = owner;

	strbuf_add(body, (struct text){ at, size * n });
	return body->is_full ? 0 : size * n;
}

static void make_key(char out[static 48])
{
	unsigned char random[16];
	size_t n = 0;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		not_reached("the system has no random bytes");
	}
	n += (size_t)snprintf(out, 48, "answer-");
	for (size_t i = 0; i < sizeof(random); i++) {
		n += (size_t)snprintf(out + n, 48 - n, "%02x", random[i]);
	}
}

static CURLcode perform(struct client *c, const char *url, struct curl_slist *headers,
			const char *body, struct desk_answer *ret)
{
	long status = 0;
	CURLcode code;

	strbuf_reset(&ret->body);
	curl_easy_reset(c->curl);
	(void)curl_easy_setopt(c->curl, CURLOPT_URL, url);
	if (!c->is_url) {
		(void)curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->place);
	}
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, 5L);
	(void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &ret->body);
	if (body != NULL) {
		/* We repeat ourselves, with the key; libcurl must not. */
		(void)curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L);
		(void)curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, 1L);
		(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)strlen(body));
		(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
	}
	code = curl_easy_perform(c->curl);
	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (int)status;
	return code;
}

bool client_ask(struct client *c, const char *path, const char *body, struct desk_answer *ret,
		struct err *err)
{
	scoped(strbuf_done) struct strbuf url = { 0 };
	scoped(strbuf_done) struct strbuf line = { 0 };
	struct curl_slist *headers = NULL;
	char key[48];
	CURLcode code;

	strbuf_init(&url, 64u * 1024);
	strbuf_init(&line, 64u * 1024);
	strbuf_printf(&url, "%s/api/v1/%s", c->is_url ? c->place : "http://desk", path);
	strbuf_init(&ret->body, ANSWER_BYTES);
	headers = curl_slist_append(headers, "Accept: application/json");
	headers = curl_slist_append(headers, "Expect:");
	if (c->token != NULL && c->is_url) {
		strbuf_printf(&line, "Authorization: Bearer %s", c->token);
		headers = curl_slist_append(headers, line.at);
	}
	if (body != NULL) {
		make_key(key);
		strbuf_reset(&line);
		strbuf_printf(&line, "Idempotency-Key: %s", key);
		headers = curl_slist_append(headers, line.at);
		headers = curl_slist_append(headers, "Content-Type: application/json");
	}
	code = perform(c, url.at, headers, body, ret);
	if (code != CURLE_OK && code != CURLE_COULDNT_CONNECT && code != CURLE_OPERATION_TIMEDOUT &&
	    code != CURLE_WRITE_ERROR) {
		code = perform(c, url.at, headers, body, ret);
	}
	/* A desk that has just started, or its database: most often it is there in a moment. */
	for (int i = 0; i < COMING_TRIES && body == NULL && code == CURLE_OK && ret->status == 503;
	     i++) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = COMING_WAIT_NS }, NULL);
		code = perform(c, url.at, headers, body, ret);
	}
	curl_slist_free_all(headers);
	if (code == CURLE_OK) {
		return true;
	}
	desk_answer_done(ret);
	return err_set(err, ERR_RETRY,
		       "Cannot reach the desk at %.120s (%s). Is answerd-desk running? --desk or "
		       "$ANSWER_DESK say where else it is.",
		       c->place, curl_easy_strerror(code));
}

void desk_answer_done(struct desk_answer *a)
{
	strbuf_done(&a->body);
}
