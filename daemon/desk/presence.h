/* presence.h: who looks at a conversation, and who types there. A courtesy between colleagues, kept in memory and nowhere else: it
 * decides nothing (the conversation's version does), and a restart forgets it until the pages say it again.
 *
 * Owner:   the desk; texts are copied in.
 * Clock:   passed in: mono for what is over, wall for what is shown.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. Full, it forgets whoever has said nothing for longest. */
#ifndef ANSWERD_DESK_PRESENCE_H
#define ANSWERD_DESK_PRESENCE_H

#include "answerd/clock.h"
#include "answerd/strbuf.h"

#define PRESENCE_HERE                                                                              \
	DUR_S(45) /* after its last word somebody is gone; a page says it every 20 s */
#define PRESENCE_TYPING DUR_S(8) /* after the last key nobody types */
#define PRESENCE_MOST   4096

struct presence;

struct presence_note {
	int64_t conversation, staff;
	struct text login, name;
	bool is_typing, is_gone;
	struct mono now;
	struct wall at;
};

struct presence *presence_create(void);
void presence_destroy(struct presence **p);

/* True: colleagues see something else than before. */
bool presence_take(struct presence *p, const struct presence_note *n);
/* The JSON array of all others there: [{"login", "name", "is_typing", "since"}]. */
void presence_print(struct presence *p, struct strbuf *out, int64_t conversation, int64_t but_staff,
		    struct mono now);

#endif
