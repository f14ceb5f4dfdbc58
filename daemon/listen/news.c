/* Pages of the desk that are open hear of what was stored: one NOTIFY for all accounts, behind ingest and never in its way. It is a
 * hint; one that is lost costs a second look. */
#include "answerd/strbuf.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define NEWS_AFTER DUR_MS(100)
#define NEWS_BYTES 1000 /* more accounts than fit: anything may have changed */

static void on_news(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, news);
	scoped(strbuf_done) struct strbuf words = { 0 };
	struct db_params *p = db_params_create();

	(void)loop;
	(void)revents;
	strbuf_init(&words, NEWS_BYTES);
	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (a->has_news) {
			strbuf_printf(&words, "account:%.*s ", TEXT_ARG(a->conf->name));
			a->has_news = false;
		}
	}
	db_add_text(p, words.is_full ? TEXT("queue") : strbuf_text(&words));
	if (!db_send(l->keeper, "listen_news", SQL_LISTEN_NEWS, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

void news_init(struct listen *l)
{
	ev_init(&l->news, on_news);
}

void news_add(struct account *a)
{
	a->has_news = true;
	if (!ev_is_active(&a->listen->news)) {
		loop_arm(a->listen->o.loop, &a->listen->news, NEWS_AFTER);
	}
}

void news_stop(struct listen *l)
{
	loop_disarm(l->o.loop, &l->news);
}
