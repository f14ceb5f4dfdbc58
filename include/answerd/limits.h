/* limits.h: every size that comes from outside is checked against one of these first (RELIABILITY
 * I10). */
#ifndef ANSWERD_LIMITS_H
#define ANSWERD_LIMITS_H

#define LIMIT_BODY_BYTES      (2u * 1024 * 1024) /* decoded, counted in our write callback */
#define LIMIT_HEADER_BYTES    (64u * 1024)       /* all headers of one answer */
#define LIMIT_HEADERS         200                /* header lines of one answer */
#define LIMIT_URL_BYTES       8192
#define LIMIT_JSON_DEPTH      32     /* jansson itself would go to 2048 */
#define LIMIT_JSON_VALUES     100000 /* a tree costs up to 80 times its text */
#define LIMIT_JSON_SCAN_DEPTH 1024   /* of a page that is only cut: no tree, no recursion */
#define LIMIT_XML_DEPTH       64     /* libxml2 itself would go to 256 */
#define LIMIT_XML_NODES       50000  /* of one element's tree */
#define LIMIT_XML_ATTRIBUTES  64     /* libxml2 compares each with each */
#define LIMIT_XML_SPACES      256    /* declared in one element; each name looks through them */
#define LIMIT_XML_HEAD_BYTES                                                                       \
	(16u * 1024)                     /* the root's start tag, which is read with each element */
#define LIMIT_PAGE_ITEMS    1000         /* elements of one page */
#define LIMIT_WALK_PAGES    200          /* pages a round, then others have their turn */
#define LIMIT_ID_BYTES      1024         /* external ids, authors, threads */
#define LIMIT_NAME_BYTES    512          /* display names */
#define LIMIT_MESSAGE_BYTES (64u * 1024) /* text of one message */
#define LIMIT_RAW_BYTES     (256u * 1024) /* raw element kept; longer ones are cut and say so */
#define LIMIT_NAMES         64            /* people whom one message names */
#define LIMIT_STATE_BYTES   (16u * 1024)  /* a connector's state of one walk */
#define LIMIT_FACTS_BYTES   (16u * 1024)  /* a connector's facts about one account */
#define LIMIT_PAGE_ARENA_BYTES                                                                     \
	(64u * 1024 *                                                                              \
	 1024) /* one page with all its messages; bodies are 2 MiB, trees freed one by one */

#endif
