/* term.h: text for a terminal: hostile bytes made visible, columns counted, colours where they are wanted, long output paged.
 *
 * Everything is collected in a screen and written once, by screen_show(). What came from outside goes through the screen_…text
 * functions only: they show C0, DEL, C1, bidirectional and invisible characters as \x1b or \u202e (RELIABILITY S20), always.
 *
 * Owner:   the caller owns the screen; init/done.
 * Clock:   none.
 * Blocks:  screen_show() writes, and waits for the pager.
 * Calls back: never.
 * Fails:   `failure` says why not all of it could be written; that whoever read us has gone is none. */
#ifndef ANSWERD_ANSWER_TERM_H
#define ANSWERD_ANSWER_TERM_H

#include "answerd/strbuf.h"

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GREEN, INK_YELLOW, INK_RED, INK_CYAN };

struct screen {
	struct strbuf out;
	int columns; /* of the terminal, 80 when there is none */
	bool has_color, is_terminal;
	int failure; /* errno of standard output; 0: none */
};

void screen_init(struct screen *s);
void screen_done(struct screen *s);
/* To standard output; through $PAGER or less when it is a terminal and does not fit. */
void screen_show(struct screen *s);
/* The same, at once and as it is, for programs. */
void screen_raw(struct screen *s, struct text t);

/* Our own words: printf. */
void screen_say(struct screen *s, enum ink ink, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Foreign words on one line, white space folded, at most `columns` wide (0: as long as they are); returns the columns used. */
int screen_text(struct screen *s, enum ink ink, struct text t, int columns);
/* The same, filled up with blanks to exactly `columns`. */
void screen_cell(struct screen *s, enum ink ink, struct text t, int columns);
/* Foreign words as a block: wrapped at words, each line indented. */
void screen_block(struct screen *s, enum ink ink, struct text t, int indent);
/* The same, where the cursor already stands at `indent`. */
void screen_hang(struct screen *s, enum ink ink, struct text t, int indent);
/* "! " and foreign words that must be seen: a line of its own, wrapped on a terminal. */
void screen_notice(struct screen *s, enum ink ink, struct text t);

/* One code point as a terminal may show it: the bytes appended (without: only counted) and the columns they take. */
int term_add_safe(struct strbuf *out, uint32_t code);
/* Columns of the whole text on one line; more than `limit` when it is wider. */
int term_width(struct text t, int limit);
/* What a terminal would obey, or a reader would not see. */
bool term_is_hostile(uint32_t code);
/* Reads one code point of clean text; returns its bytes. */
size_t term_read(struct text t, uint32_t *ret);

#endif
