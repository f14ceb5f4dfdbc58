/* telegram_text.h: what a person would read in a message of Telegram. Private to the connector.
 *
 * Owner:   results live in the arena given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: an entity whose place is not in the text is none. */
#ifndef ANSWERD_CONNECTORS_TELEGRAM_TEXT_H
#define ANSWERD_CONNECTORS_TELEGRAM_TEXT_H

#include "answerd/json.h"
#include "answerd/strbuf.h"

#define TELEGRAM_ENTITIES_MOST 256 /* Telegram shows a hundred */

/* The bytes of an entity, whose place counts UTF-16 units. */
bool telegram_entity_place(struct text t, struct jx entity, size_t *ret_from, size_t *ret_end);

/* The text, with the addresses that stand behind its words. */
void telegram_text_add(struct arena *a, struct text t, struct jx entities, struct strbuf *b);

/* What was sent beside words, as "[photo]"; false: nothing that we know. */
bool telegram_media_add(struct arena *a, struct jx message, struct strbuf *b);

/* What happened, where nobody said anything. */
struct text telegram_event_name(struct jx message);

#endif
