/* conf_check.h: is a value of the configuration what it should be? One function a kind of value.
 *
 * Owner:   results live in the reader's arena. Clock: none.
 * Blocks:  looks whether files are there. Calls back: never.
 * Fails:   faults and warnings are noted in the reader. */
#ifndef ANSWERD_CONF_CONF_CHECK_H
#define ANSWERD_CONF_CONF_CHECK_H

#include "daemon/conf/conf_reader.h"

void conf_check_name(struct conf_reader *r, const config_setting_t *at, struct text name,
		     const char *what);
/* The name of a named group, checked; empty when it is no group. */
struct text conf_name_of(struct conf_reader *r, const struct conf_place *p, const char *what);
void conf_check_database(struct conf_reader *r, const config_setting_t *at, struct text conninfo);
void conf_check_zone(struct conf_reader *r, const config_setting_t *at, struct text zone);
/* "Mon-Fri 09:00-12:30,13:30-17:00" */
void conf_check_hours(struct conf_reader *r, const config_setting_t *at, struct text hours);
void conf_check_listener(struct conf_reader *r, const config_setting_t *at, struct text address,
			 struct conf_listener *ret);
void conf_check_host(struct conf_reader *r, const config_setting_t *at, struct text host);
void conf_check_proxy(struct conf_reader *r, const config_setting_t *at, struct text address);
/* https, or http to a literal loopback address where is_insecure. Returns it without slashes at its
 * end. */
struct text conf_check_server(struct conf_reader *r, const config_setting_t *at, struct text url,
			      bool is_insecure);
/* The same of a mailbox: imaps:// or imap://. `form` is an example of it. */
struct text conf_check_mailbox(struct conf_reader *r, const config_setting_t *at, struct text url,
			       bool is_insecure, const char *form);
/* smtps:// or smtp:// */
void conf_check_mail_server(struct conf_reader *r, const config_setting_t *at, struct text url);
void conf_check_mail_address(struct conf_reader *r, const config_setting_t *at,
			     struct text address);
/* One of `words`, ended by NULL; `what` is "a kind of message". */
void conf_check_word(struct conf_reader *r, const config_setting_t *at, struct text word,
		     const char *const *words, const char *what);

/* A path of the file made absolute: relative ones begin at the file's folder. */
struct text conf_full_path(struct conf_reader *r, struct text path);
/* The same for "file:PATH"; warns when the file is not there or others may read it. */
struct text conf_check_reference(struct conf_reader *r, const config_setting_t *at,
				 struct text reference);
void conf_check_file(struct conf_reader *r, const config_setting_t *at, struct text path);

/* conf_desk.c, conf_brands.c, conf_alert.c: these sections, into c. */
void conf_get_desk(struct conf_reader *r, const struct conf_place *top, struct conf *c);
void conf_get_brands(struct conf_reader *r, const struct conf_place *top, struct conf *c);
void conf_get_channels(struct conf_reader *r, const struct conf_place *top, struct conf *c);
void conf_get_policies(struct conf_reader *r, const struct conf_place *top, struct conf *c);
void conf_get_health(struct conf_reader *r, const struct conf_place *top, struct conf *c);
/* conf_oidc.c: after the desk, whose hosts it looks at. */
void conf_get_oidc(struct conf_reader *r, const struct conf_place *top, struct conf *c);

#endif
