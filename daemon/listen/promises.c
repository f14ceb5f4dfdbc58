/* Policies and holidays on their way into the database, and the deadlines of what waits brought up to date when they changed:
 * batch by batch, so that nobody waits for a lock longer than a page takes. */
#include <stdio.h>

#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define BATCH 200 /* conversations: as long as a page or two */

static void add_texts(struct strbuf *b, const char *name, const struct text *texts, size_t n)
{
	strbuf_printf(b, "\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		strbuf_add_json(b, texts[i]);
	}
	strbuf_add_str(b, "]");
}

static void add_length(struct strbuf *b, const char *name, struct dur d)
{
	if (d.us > 0) {
		strbuf_printf(b, ",\"%s\":%lld", name, (long long)d.us);
	}
}

static void add_policy(struct strbuf *b, const struct conf_policy *y)
{
	strbuf_add_str(b, "{\"name\":");
	strbuf_add_json(b, y->name);
	strbuf_add_str(b, ",");
	add_texts(b, "kinds", y->kinds, y->n_kinds);
	strbuf_add_str(b, ",");
	add_texts(b, "natures", y->natures, y->n_natures);
	strbuf_add_str(b, ",");
	add_texts(b, "brands", y->brands, y->n_brands);
	strbuf_add_str(b, ",");
	add_texts(b, "notify", y->notify, y->n_notify);
	strbuf_add_str(b, ",");
	add_texts(b, "escalate", y->escalate, y->n_escalate);
	if (!text_is_empty(y->audience)) {
		strbuf_add_str(b, ",\"audience\":");
		strbuf_add_json(b, y->audience);
	}
	add_length(b, "warn_us", y->warn);
	add_length(b, "first_us", y->first);
	add_length(b, "next_us", y->next);
	add_length(b, "stop_us", y->stop);
	strbuf_printf(b, ",\"clock\":\"%s\"}", y->is_calendar ? "calendar" : "office");
}

void promises_add(struct strbuf *b, const struct conf *c)
{
	strbuf_add_str(b, "\"policies\":[");
	for (size_t i = 0; i < c->n_policies; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		add_policy(b, &c->policies[i]);
	}
	strbuf_add_str(b, "],\"health\":{");
	add_texts(b, "notify", c->health_notify, c->n_health_notify);
	strbuf_printf(b, ",\"silent_us\":%lld", (long long)c->silent_after.us);
	strbuf_add_str(b, "}");
}

void promises_add_holidays(struct strbuf *b, const struct conf_brand *brand)
{
	strbuf_add_str(b, ",\"holidays\":[");
	for (size_t i = 0; i < brand->n_closed; i++) {
		strbuf_add_str(b, i > 0 ? ",[" : "[");
		strbuf_add_json(b, brand->closed[i].begins);
		strbuf_add_str(b, ",");
		strbuf_add_json(b, brand->closed[i].ends);
		strbuf_add_str(b, ",");
		strbuf_add_json(b, brand->closed[i].name);
		strbuf_add_str(b, "]");
	}
	strbuf_add_str(b, "]");
}

static void done_renewed(const struct db_result *r, void *owner)
{
	struct listen *l = owner;
	char brand[80], reason[300];

	l->must_renew = !r->is_ok; /* the database remembers how far it came */
	if (!r->is_ok) {
		log_warn("deadlines_failed", "why", r->err.text, NULL);
		return;
	}
	if (r->n_rows == 0) {
		return;
	}
	if (db_bool(r, 0, 4)) {
		(void)snprintf(brand, sizeof(brand), "%.*s", TEXT_ARG(db_text(r, 0, 0)));
		(void)snprintf(reason, sizeof(reason), "%.*s",
			       TEXT_ARG(text_clip(db_text(r, 0, 1), sizeof(reason) - 1)));
		log_info("deadlines_renewed", "brand", brand, "because", reason, "waiting",
			 log_num(db_i64(r, 0, 2)), "moved", log_num(db_i64(r, 0, 3)), NULL);
	}
	promises_renew(l);
}

void promises_renew(struct listen *l)
{
	struct db_params *p = db_params_create();

	l->must_renew = false;
	db_add_i64(p, BATCH);
	if (!db_send(l->keeper, "listen_renewed", SQL_LISTEN_RENEWED, &p, done_renewed, l)) {
		db_params_destroy(&p);
		l->must_renew = true;
	}
}
