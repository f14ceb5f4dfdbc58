/* digest.h: what a connector makes of a recorded answer, as canonical JSON lines (`answerd digest`,
 * golden tests).
 *
 * The file is a raw HTTP answer ("HTTP/1.1 200 OK", headers, an empty line, the body; CRLF or LF)
 * or a bare body, which counts as status 200. What a connector would know about its account can be
 * told by headers of the recording: X-Answerd-Server, -Own-Id, -Own-Handle, -Source, -State, -Facts,
 * -Session, -Token (else one of three parts), -Since, -Now (RFC 3339), -Subject (repeated), -Option (name=value, repeated),
 * -Page-Limit, -Cut (any value: the body is only the beginning of an answer that was larger than we
 * read). Now is else the Date header. Of a reply, a lookup and filing: -Key, -Text, -Begun, -Parent,
 * -Parent-Revision, -Parent-Raw, -Root, -Root-Revision, -Thread, -Author-Id, -Author-Handle,
 * -Visibility, -Warning, -Language. Of a person who lets us in: -Redirect, -Grant-State, -Verifier,
 * -Challenge, -Code.
 *
 * Lines: one a message, one a quarantined element ("quarantined"), one an id that is gone ("gone"),
 * one for what identify learned ("own_id"), one for what became of a reply ("sent_id", null where a
 * lookup has not found it), one for the walk of a lookup or of filing that goes on ("state"), one for what was filed ("filed"), one for being let in ("session", only that
 * there is one), or one "error".
 *
 * Owner:   the caller owns `out`.
 * Clock:   none: same bytes, same lines.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_DATA when the file is no HTTP answer though it starts like one; an error of the
 *          connector is a line, not a failure. */
#ifndef ANSWERD_BASE_DIGEST_H
#define ANSWERD_BASE_DIGEST_H

#include "answerd/connector.h"

bool digest_print(const struct connector *c, enum op op, struct text file_bytes, struct strbuf *out,
		  struct err *err);

/* The pieces, for tests: a recording as question and answer, all in the arena. */
struct recording {
	struct connector_ctx ctx;
	struct question question;
	struct response response;
	bool is_bare; /* no HTTP head: who knows what status it had */
};

bool recording_parse(struct arena *a, struct text file_bytes, enum op op, struct recording *ret,
		     struct err *err);

#endif
