/* Who is connected and has not yet sent a whole request. The library's timeout is of silence only: whoever drips a byte now and then
 * would hold a place for as long as they like. */
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/httpd_inside.h"

struct httpd_arriving {
	struct list in;
	struct mono since; /* it was opened, or its last answer was sent */
	int fd;
};

static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct httpd *h = container_of(w, struct httpd, late);
	struct mono now = loop_mono(h->loop);

	(void)loop;
	(void)revents;
	/* Oldest first. The library sees the end of it and closes. */
	list_each(at, &h->arriving)
	{
		struct httpd_arriving *a = container_of(at, struct httpd_arriving, in);

		if (mono_before(now, mono_add(a->since, HTTPD_REQUEST_PATIENCE))) {
			break;
		}
		(void)shutdown(a->fd, SHUT_RDWR);
		list_remove(&a->in);
	}
	if (!list_is_empty(&h->arriving)) {
		loop_arm(h->loop, &h->late, HTTPD_REQUEST_LOOK);
	}
}

static struct httpd_arriving *arriving_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

void httpd_arriving_init(struct httpd *h)
{
	list_init(&h->arriving);
	ev_init(&h->late, on_late);
}

static void arriving_begin(struct httpd *h, struct httpd_arriving *a)
{
	a->since = loop_mono(h->loop);
	list_remove(&a->in);
	if (list_is_empty(&h->arriving) && !h->is_stopping) {
		loop_arm(h->loop, &h->late, HTTPD_REQUEST_LOOK);
	}
	list_add_last(&h->arriving, &a->in);
}

void httpd_arriving_open(struct httpd *h, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct httpd_arriving *a = xcalloc(1, sizeof(*a));

	a->fd = info != NULL ? info->connect_fd : -1;
	list_init(&a->in);
	*context = a;
	arriving_begin(h, a);
}

void httpd_arriving_close(void **context)
{
	struct httpd_arriving *a = *context;

	if (a != NULL) {
		list_remove(&a->in);
		free(a);
		*context = NULL;
	}
}

void httpd_arriving_done(struct MHD_Connection *connection)
{
	struct httpd_arriving *a = arriving_of(connection);

	if (a != NULL) {
		list_remove(&a->in);
	}
}

void httpd_arriving_again(struct httpd *h, struct MHD_Connection *connection)
{
	struct httpd_arriving *a = arriving_of(connection);

	if (a != NULL) {
		arriving_begin(h, a);
	}
}
