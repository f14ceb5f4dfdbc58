/* answerd tell: for units' OnFailure=, when neither worker nor database may be there. */
#include <stdio.h>

#include "daemon/alert/inside.h"

#define TELL_LIMIT DUR_S(60)

struct tell {
	struct loop *loop;
};

static void done_notice(void *owner)
{
	struct tell *t = owner;

	loop_stop(t->loop);
}

bool alert_tell(const struct conf *conf, struct text text, int *ret_told, int *ret_of)
{
	struct tell t = { .loop = loop_create() };
	struct sender *sender = sender_create(t.loop);
	struct text title, rest;
	struct notice *n;

	*ret_told = *ret_of = 0;
	(void)text_cut(text, '\n', &title, &rest);
	n = notice_start(&(struct notice_options){ .loop = t.loop,
						   .sender = sender,
						   .conf = conf,
						   .event = TEXT("deaf"),
						   .title = text_clip(title, 200),
						   .text = text,
						   .limit = TELL_LIMIT,
						   .done = done_notice,
						   .owner = &t });
	if (n != NULL) {
		loop_run(t.loop);
		notice_count(n, ret_told, ret_of);
	}
	notice_destroy(&n);
	sender_destroy(&sender);
	loop_destroy(&t.loop);
	return *ret_told == *ret_of;
}
