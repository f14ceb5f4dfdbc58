#include "daemon/desk/presence.h"

#include <stdlib.h>
#include <string.h>

#include "answerd/log.h"
#include "daemon/base/list.h"

struct entry {
	struct list in; /* who spoke last stands last */
	int64_t conversation, staff;
	char *login, *name;
	struct wall since;
	struct mono here_at, typed_at; /* typed_at 0: not typing */
};

struct presence {
	struct list entries;
	size_t n;
};

struct presence *presence_create(void)
{
	struct presence *p = xcalloc(1, sizeof(*p));

	list_init(&p->entries);
	return p;
}

static void entry_destroy(struct presence *p, struct entry *e)
{
	list_remove(&e->in);
	p->n--;
	free(e->login);
	free(e->name);
	free(e);
}

void presence_destroy(struct presence **at)
{
	struct presence *p = *at;

	if (p == NULL) {
		return;
	}
	*at = NULL;
	list_each(i, &p->entries)
	{
		entry_destroy(p, container_of(i, struct entry, in));
	}
	free(p);
}

static char *copy(struct text t)
{
	char *at = xcalloc(1, t.len + 1);

	memcpy(at, t.len > 0 ? t.at : "", t.len);
	return at;
}

static bool is_typing(const struct entry *e, struct mono now)
{
	return e->typed_at.us != 0 && !dur_more(mono_since(e->typed_at, now), PRESENCE_TYPING);
}

/* Those at the front have said nothing for longest. */
static void forget_the_gone(struct presence *p, struct mono now)
{
	list_each(i, &p->entries)
	{
		struct entry *e = container_of(i, struct entry, in);

		if (p->n < PRESENCE_MOST && !dur_more(mono_since(e->here_at, now), PRESENCE_HERE)) {
			return;
		}
		entry_destroy(p, e);
	}
}

static struct entry *find(struct presence *p, int64_t conversation, int64_t staff)
{
	list_each(i, &p->entries)
	{
		struct entry *e = container_of(i, struct entry, in);

		if (e->conversation == conversation && e->staff == staff) {
			return e;
		}
	}
	return NULL;
}

bool presence_take(struct presence *p, const struct presence_note *n)
{
	struct entry *e = find(p, n->conversation, n->staff);
	bool is_new, was_typing;

	if (n->is_gone) {
		if (e != NULL) {
			entry_destroy(p, e);
		}
		return e != NULL;
	}
	is_new = e == NULL || dur_more(mono_since(e->here_at, n->now), PRESENCE_HERE);
	if (e == NULL) {
		forget_the_gone(p, n->now);
		e = xcalloc(1, sizeof(*e));
		e->conversation = n->conversation;
		e->staff = n->staff;
		e->login = copy(n->login);
		e->name = copy(n->name);
		list_init(&e->in);
		p->n++;
	}
	if (is_new) {
		e->since = n->at;
		e->typed_at = (struct mono){ 0 };
	}
	was_typing = is_typing(e, n->now);
	e->here_at = n->now;
	e->typed_at = n->is_typing ? n->now : (struct mono){ 0 };
	list_remove(&e->in);
	list_add_last(&p->entries, &e->in);
	/* Who goes on typing is told again: pages forget it by themselves. */
	return is_new || was_typing || n->is_typing;
}

void presence_print(struct presence *p, struct strbuf *out, int64_t conversation, int64_t but_staff,
		    struct mono now)
{
	char since[WALL_TEXT_BYTES];
	bool is_first = true;

	strbuf_add_str(out, "[");
	list_each(i, &p->entries)
	{
		const struct entry *e = container_of(i, struct entry, in);

		if (e->conversation != conversation || e->staff == but_staff ||
		    dur_more(mono_since(e->here_at, now), PRESENCE_HERE)) {
			continue;
		}
		strbuf_add_str(out, is_first ? "{\"login\": " : ", {\"login\": ");
		is_first = false;
		strbuf_add_json(out, text_of(e->login));
		strbuf_add_str(out, ", \"name\": ");
		strbuf_add_json(out, text_of(e->name));
		(void)wall_format(e->since, since);
		strbuf_printf(out, ", \"is_typing\": %s, \"since\": \"%s\"}",
			      is_typing(e, now) ? "true" : "false", since);
	}
	strbuf_add_str(out, "]");
}
