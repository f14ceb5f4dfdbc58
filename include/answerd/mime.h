/* mime.h: a mail's bytes, and what a person would see of it: its headers, its words, the names of what hangs on it.
 *
 * Hostile by nature: bytes without a charset, a charset that is none, parts in parts without end, a mail that was cut anywhere.
 *
 * Owner:   everything lives in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: what cannot be understood is shown as it stands, cleaned; what is deeper than MIME_DEPTH or comes after
 *          MIME_PARTS parts is left out, and said. */
#ifndef ANSWERD_MIME_H
#define ANSWERD_MIME_H

#include "answerd/text.h"

#define MIME_DEPTH       16
#define MIME_PARTS       100
#define MIME_ATTACHMENTS 16
#define MIME_HEAD_BYTES  (64u * 1024)

struct mime {
	struct text head; /* the headers as they came, clean */
	struct text text; /* the words: plain, or HTML made plain; clean, lines end with '\n' */
	struct text type; /* of the whole, small letters: "multipart/report" */
	struct text report_type;                   /* of a multipart/report: "delivery-status" */
	struct text attachments[MIME_ATTACHMENTS]; /* names, or types; nothing of them is kept */
	size_t n_attachments;                      /* there may be more than have a name here */
	bool is_partial;                           /* parts were left out */
};

void mime_parse(struct arena *a, struct text bytes, struct mime *ret);

/* The first header of that name in `head`, unfolded, encoded words decoded, clean, without control bytes; empty: there is
 * none. `raw` is the same without decoding. */
struct text mime_header(struct arena *a, struct text head, const char *name);
struct text mime_header_raw(struct arena *a, struct text head, const char *name);

/* Several headers may have one name: the next one from *at on, decoded; false: that was the last. */
bool mime_header_next(struct arena *a, struct text head, const char *name, size_t *at,
		      struct text *ret);

/* The next address of a header's raw value from *at on. The address is plain ASCII in small letters and holds nothing that
 * could end a header or an envelope; empty where it cannot be written to. The name is decoded. False: that was the last. */
bool mime_address_next(struct arena *a, struct text raw, size_t *at, struct text *ret_address,
		       struct text *ret_name);

/* A text as UTF-8, by the charset that it says; what nobody knows is read as UTF-8 and cleaned. */
struct text mime_decode(struct arena *a, struct text bytes, struct text charset);

#endif
