/* mail_options.h: what an account of mail can be told, and whether it makes sense. Private to the connector.
 *
 * Owner:   static. Clock: none. Blocks: never. Calls back: never.
 * Fails:   err says what to write instead. */
#ifndef ANSWERD_CONNECTORS_MAIL_OPTIONS_H
#define ANSWERD_CONNECTORS_MAIL_OPTIONS_H

#include "answerd/connector.h"

extern const struct connector_option mail_options[]; /* ended by a NULL name */

bool mail_check_option(struct text name, struct text value, struct err *err);

#endif
