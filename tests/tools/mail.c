/* mail SERVER [USER PASSWORD]: sends one mail through the door (daemon/io/http_mail.h), for tests that are the server. Loopback is allowed,
 * TLS is not left out. Prints "taken" or why not. */
#include <stdio.h>

#include "daemon/io/http_mail.h"

struct sent {
	struct loop *loop;
	bool is_taken;
};

static void done_mail(const struct response *r, const struct err *err, void *owner)
{
	struct sent *s = owner;

	s->is_taken = err == NULL && r->status == 250;
	(void)printf("%s\n", s->is_taken ? "taken" : err != NULL ? err->text : "not taken");
	loop_stop(s->loop);
}

int main(int argc, char **argv)
{
	struct sent s = { .loop = loop_create() };
	struct http *h = http_create(s.loop);
	struct http_terms terms = { .allow_loopback = true, .timeout = DUR_S(10) };
	struct text to[] = { TEXT("care@shop.example") };
	struct mail m = { .server = text_of(argc > 1 ? argv[1] : ""),
			  .user = text_of(argc > 3 ? argv[2] : ""),
			  .password = text_of(argc > 3 ? argv[3] : ""),
			  .from = TEXT("answerd@shop.example"),
			  .to = to,
			  .n_to = 1,
			  .message = TEXT(
				  "From: a@b.example\r\nTo: c@d.example\r\nDate: x\r\n"
				  "Subject: x\r\nMessage-ID: <1@x>\r\nX-Answerd-Delivery: 1\r\n"
				  "X-Answerd-Event: deaf\r\n"
				  "Content-Transfer-Encoding: base64\r\n\r\neA==\r\n") };

	(void)http_mail(h, &m, &terms, done_mail, &s);
	loop_run(s.loop);
	http_destroy(&h);
	loop_destroy(&s.loop);
	return s.is_taken ? 0 : 1;
}
