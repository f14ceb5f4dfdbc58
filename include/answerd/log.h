/* log.h: one event, one line, with fields; never tokens, bodies, names of authors or URLs with
 * queries.
 *
 * Owner:   nothing is kept.
 * Clock:   the receiver's (journal or stderr).
 * Blocks:  a write to stderr.
 * Calls back: never.
 * Fails:   silently: losing a log line must not stop listening. */
#ifndef ANSWERD_LOG_H
#define ANSWERD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERR = 3, LEVEL_WARN = 4, LEVEL_INFO = 6, LEVEL_DEBUG = 7 };

/* Fields are pairs of name and text, ended by NULL: log_info("heard", "account", a->name, NULL).
 * `event` is a name from daemon/base/log_events.h. Control bytes are escaped, values capped at 400
 * bytes. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
#define log_err(...)   log_event(LEVEL_ERR, __VA_ARGS__)
#define log_warn(...)  log_event(LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_event(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LEVEL_DEBUG, __VA_ARGS__)

void log_set_level(enum log_level level);

/* A number as text for a log field; rotates through eight static buffers. */
const char *log_num(int64_t n);

_Noreturn void not_reached(const char *why);
void *xcalloc(size_t n, size_t size) __attribute__((returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));

#endif
