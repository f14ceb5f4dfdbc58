/* Holidays out of iCal files: what each event closes, repetitions written out. In a file of its own, so that only the worker
 * needs libical. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "daemon/conf/conf_check.h"

#define MAX_FILE_BYTES ((size_t)4 * 1024 * 1024)
#define MAX_CLOSED     20000 /* spans of one file: two hundred holidays a year */
#define MAX_MOVED      2000  /* single events of a repetition that were moved */
#define MAX_FAULTS     5     /* of one file that are told */
#define FIRST_YEAR     2004  /* the same as believable() has, rules/05_clock.sql */
#define LAST_YEAR      2069
#define MAX_NAME_BYTES 100

struct moved {
	const char *uid;
	struct icaltimetype at;
};

struct holidays {
	struct conf_reader *r;
	const struct conf_brand *brand;
	struct text rest; /* of the file, not yet given to the parser */
	int line;         /* the last one given: the parser looks one line ahead */
	bool is_end;
	int n_faults;
	bool has_calendar;
	struct moved *moved;
	size_t n_moved;
	struct conf_closed *closed;
	size_t n_closed;
};

/* ---- faults ---- */

static void fault(struct holidays *h, int line, const char *what)
{
	char place[16] = "";

	if (h->n_faults++ >= MAX_FAULTS) {
		return;
	}
	if (line > 0) {
		(void)snprintf(place, sizeof(place), ":%d", line);
	}
	conf_fault_at(h->r, h->brand->holidays_file, h->brand->holidays_line,
		      "holidays: %.*s%s: %s", TEXT_ARG(h->brand->holidays), place, what);
}

static void fault_of(struct holidays *h, icalcomponent *event, const char *what)
{
	const char *name = icalcomponent_get_summary(event);
	char text[200];

	(void)snprintf(text, sizeof(text), "the event '%.60s' %s",
		       name != NULL && text_is_clean(text_of(name)) ? name : "without a name",
		       what);
	fault(h, 0, text);
}

/* ---- reading ---- */

static bool read_file(struct holidays *h, struct strbuf *b)
{
	char buffer[16384];
	FILE *f = fopen(h->brand->holidays.at, "rbe");
	size_t n;
	bool is_read;

	if (f == NULL) {
		fault(h, 0,
		      "it cannot be opened: is the path right, and may answerd's user read it?");
		return false;
	}
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
		strbuf_add(b, (struct text){ buffer, n });
	}
	is_read = ferror(f) == 0;
	(void)fclose(f); /* it was only read */
	if (!is_read) {
		fault(h, 0, "it cannot be read: is it a file?");
	} else if (b->is_full) {
		fault(h, 0, "it is over 4 MiB: export the holidays alone");
	} else if (b->len > 0 && memchr(b->at, '\0', b->len) != NULL) {
		fault(h, 0, "it is no text: export the calendar as iCal (.ics)");
	}
	return h->n_faults == 0;
}

/* libical asks for a line, or a part of a long one. */
static char *next_line(char *out, size_t room, void *owner)
{
	struct holidays *h = owner;
	size_t n = 0;

	if (h->rest.len == 0) {
		h->is_end = true;
		return NULL;
	}
	while (n < room - 1 && n < h->rest.len) {
		out[n] = h->rest.at[n];
		if (out[n++] == '\n') {
			h->line++;
			break;
		}
	}
	out[n] = '\0';
	h->rest = text_slice(h->rest, n, h->rest.len);
	return out;
}

/* A line that libical does not understand matters when it says when, or belongs to nothing. Others may be as they like. */
static bool does_matter(const char *line)
{
	static const char *const ours[] = { "DTSTART", "DTEND",  "DURATION",      "RRULE",
					    "RDATE",   "EXDATE", "RECURRENCE-ID", "BEGIN",
					    "END",     NULL };
	size_t n = strcspn(line, ":;");

	for (int i = 0; ours[i] != NULL; i++) {
		if (n == strlen(ours[i]) && strncmp(line, ours[i], n) == 0) {
			return true;
		}
	}
	return line[n] == '\0' && !text_is_empty(text_trim(text_of(line)));
}

static void add_event(struct holidays *h, icalcomponent *event);

static void note_moved(struct holidays *h, icalcomponent *event)
{
	icalproperty *p = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
	const char *uid = icalcomponent_get_uid(event);

	if (p != NULL && uid != NULL && h->n_moved < MAX_MOVED) {
		h->moved[h->n_moved].uid = uid;
		h->moved[h->n_moved++].at = icalproperty_get_datetime_with_component(p, event);
	}
}

static void add_calendar(struct holidays *h, icalcomponent *c)
{
	icalcomponent *e;

	if (icalcomponent_isa(c) != ICAL_VCALENDAR_COMPONENT) {
		return;
	}
	h->has_calendar = true;
	h->n_moved = 0;
	for (e = icalcomponent_get_first_component(c, ICAL_VEVENT_COMPONENT); e != NULL;
	     e = icalcomponent_get_next_component(c, ICAL_VEVENT_COMPONENT)) {
		note_moved(h, e);
	}
	for (e = icalcomponent_get_first_component(c, ICAL_VEVENT_COMPONENT); e != NULL;
	     e = icalcomponent_get_next_component(c, ICAL_VEVENT_COMPONENT)) {
		add_event(h, e);
	}
}

/* One level deeper, or back; the outermost ends with its whole name. */
static int step_of(struct text line, int depth)
{
	if (text_starts_nocase(line, TEXT("BEGIN:"))) {
		return 1;
	}
	return depth == 1 ? -text_eq_nocase(line, TEXT("END:VCALENDAR"))
			  : -text_starts_nocase(line, TEXT("END:"));
}

static void parse(struct holidays *h)
{
	icalparser *parser = icalparser_new();
	icalcomponent *c;
	char *line;
	int depth = 0;

	icalparser_set_gen_data(parser, h);
	while ((line = icalparser_get_line(parser, next_line)) != NULL) {
		int at = h->is_end ? h->line : h->line - 1;

		c = icalparser_add_line(parser, line);
		if (icalparser_get_state(parser) == ICALPARSER_ERROR && does_matter(line)) {
			fault(h, at,
			      "this line says nothing that can be understood: export the "
			      "calendar again");
		}
		depth += step_of(text_trim(text_of(line)), depth);
		icalmemory_free_buffer(line);
		if (c != NULL) {
			add_calendar(h, c);
			icalcomponent_free(c);
		}
	}
	if (depth != 0) {
		fault(h, h->line, "it ends in the middle: export the calendar again");
	} else if (!h->has_calendar && h->n_faults == 0) {
		fault(h, 0, "there is no calendar in it: it should begin with BEGIN:VCALENDAR");
	}
	icalparser_free(parser);
}

/* ---- events ---- */

/* By number: libical has one bookmark a component, and we look at several kinds at once. */
static icalproperty *nth(icalcomponent *event, icalproperty_kind kind, int n)
{
	icalproperty *p = icalcomponent_get_first_property(event, kind);

	while (p != NULL && n-- > 0) {
		p = icalcomponent_get_next_property(event, kind);
	}
	return p;
}

static struct text shown(struct holidays *h, struct icaltimetype t, int64_t plus_s)
{
	struct tm tm;
	time_t at;

	if (t.zone != NULL) {
		at = icaltime_as_timet_with_zone(t, t.zone) + (time_t)plus_s;
		(void)gmtime_r(&at, &tm);
		return text_printf(h->r->arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
				   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	}
	icaltime_adjust(&t, (int)(plus_s / 86400), 0, 0, (int)(plus_s % 86400));
	if (t.is_date) {
		return text_printf(h->r->arena, "%04d-%02d-%02d", t.year, t.month, t.day);
	}
	return text_printf(h->r->arena, "%04d-%02d-%02dT%02d:%02d:%02d", t.year, t.month, t.day,
			   t.hour, t.minute, t.second);
}

static bool is_same(struct icaltimetype a, struct icaltimetype b)
{
	return a.is_date || b.is_date ? icaltime_compare_date_only(a, b) == 0
				      : icaltime_compare(a, b) == 0;
}

/* Taken out of its repetition, or moved. */
static bool is_excepted(struct holidays *h, icalcomponent *event, struct icaltimetype at)
{
	const char *uid = icalcomponent_get_uid(event);
	icalproperty *p;

	for (int i = 0; (p = nth(event, ICAL_EXDATE_PROPERTY, i)) != NULL; i++) {
		if (is_same(icalproperty_get_datetime_with_component(p, event), at)) {
			return true;
		}
	}
	if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) != NULL) {
		return false;
	}
	for (size_t i = 0; uid != NULL && i < h->n_moved; i++) {
		if (strcmp(h->moved[i].uid, uid) == 0 && is_same(h->moved[i].at, at)) {
			return true;
		}
	}
	return false;
}

static void add_closed(struct holidays *h, icalcomponent *event, struct icaltimetype at,
		       int64_t seconds)
{
	const char *name = icalcomponent_get_summary(event);
	struct conf_closed *one;

	if (at.year < FIRST_YEAR - 1 || at.year > LAST_YEAR || is_excepted(h, event, at)) {
		return;
	}
	if (h->n_closed == MAX_CLOSED) {
		fault_of(h, event, "is one too many: a file may close 20000 times");
		return;
	}
	one = &h->closed[h->n_closed++];
	one->begins = shown(h, at, 0);
	one->ends = shown(h, at, seconds);
	one->name = name != NULL && text_is_clean(text_of(name))
			    ? text_dup(h->r->arena, text_clip(text_of(name), MAX_NAME_BYTES))
			    : TEXT("holiday");
}

static int64_t length_of(struct icaltimetype start, struct icaltimetype end)
{
	if (start.zone != NULL && end.zone != NULL) {
		return icaltime_as_timet_with_zone(end, end.zone) -
		       icaltime_as_timet_with_zone(start, start.zone);
	}
	/* Both on the wall: as if it stood in Greenwich. */
	return icaltime_as_timet(end) - icaltime_as_timet(start);
}

static void add_repetitions(struct holidays *h, icalcomponent *event, struct icaltimetype start,
			    int64_t seconds)
{
	icalproperty *p;
	bool is_repeated = false;

	for (int i = 0; (p = nth(event, ICAL_RRULE_PROPERTY, i)) != NULL; i++) {
		struct icalrecurrencetype rule = icalproperty_get_rrule(p);
		icalrecur_iterator *it;
		struct icaltimetype at;

		if (rule.freq == ICAL_SECONDLY_RECURRENCE ||
		    rule.freq == ICAL_MINUTELY_RECURRENCE || rule.freq == ICAL_HOURLY_RECURRENCE) {
			fault_of(h, event, "repeats within a day: that is no holiday");
			continue;
		}
		it = icalrecur_iterator_new(rule, start);
		if (it == NULL) {
			fault_of(h, event, "has a repetition (RRULE) that cannot be understood");
			continue;
		}
		is_repeated = true;
		for (at = icalrecur_iterator_next(it);
		     !icaltime_is_null_time(at) && at.year <= LAST_YEAR && h->n_closed < MAX_CLOSED;
		     at = icalrecur_iterator_next(it)) {
			add_closed(h, event, at, seconds);
		}
		icalrecur_iterator_free(it);
	}
	if (!is_repeated) {
		add_closed(h, event, start, seconds);
	}
	for (int i = 0; (p = nth(event, ICAL_RDATE_PROPERTY, i)) != NULL; i++) {
		add_closed(h, event, icalproperty_get_datetime_with_component(p, event), seconds);
	}
}

/* DTSTART;TZID=…: without its zone we would not know when it is. */
static bool has_zone(icalcomponent *event, struct icaltimetype start)
{
	icalproperty *p = icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY);

	return start.is_date || start.zone != NULL ||
	       icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER) == NULL;
}

static void add_event(struct holidays *h, icalcomponent *event)
{
	struct icaltimetype start = icalcomponent_get_dtstart(event),
			    end = icalcomponent_get_dtend(event);
	int64_t seconds;

	if (icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED) {
		return;
	}
	if (icaltime_is_null_time(start) || !icaltime_is_valid_time(start)) {
		fault_of(h, event, "has no DTSTART that can be understood: say when it begins");
		return;
	}
	if (!has_zone(event, start)) {
		fault_of(h, event,
			 "names a time zone that nobody knows: export the calendar with its "
			 "time zones, or use IANA names");
		return;
	}
	if (start.is_date) {
		start.zone = NULL; /* a day is a day of the brand's own calendar */
		end.zone = NULL;
	}
	seconds = icaltime_is_null_time(end) ? 0 : length_of(start, end);
	if (start.is_date && seconds < 86400) {
		seconds = 86400;
	}
	if (seconds < 0) {
		fault_of(h, event, "ends before it begins: correct its DTEND");
	} else if (seconds > 0) { /* a reminder closes nothing */
		add_repetitions(h, event, start, seconds);
	}
}

/* ---- a file ---- */

static void read_brand(struct conf_reader *r, struct conf_brand *brand)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	struct holidays h = { .r = r, .brand = brand };

	strbuf_init(&b, MAX_FILE_BYTES);
	if (!read_file(&h, &b)) {
		return;
	}
	h.moved = xcalloc(MAX_MOVED, sizeof(*h.moved));
	h.closed = xcalloc(MAX_CLOSED, sizeof(*h.closed));
	h.rest = strbuf_text(&b);
	if (text_starts(h.rest, TEXT("\xef\xbb\xbf"))) {
		h.rest = text_slice(h.rest, 3, h.rest.len);
	}
	parse(&h);
	if (h.n_closed == 0 && h.n_faults == 0) {
		conf_warning_at(r, brand->holidays_file, brand->holidays_line,
				"holidays: there is none in %.*s: is it the right file?",
				TEXT_ARG(brand->holidays));
	}
	brand->closed = ARENA_ARRAY(r->arena, struct conf_closed, h.n_closed);
	brand->n_closed = h.n_closed;
	if (h.n_closed > 0) {
		memcpy(brand->closed, h.closed, h.n_closed * sizeof(*h.closed));
	}
	free(h.moved);
	free(h.closed);
}

bool conf_read_holidays(struct conf *c, struct conf_problem *problems, size_t room,
			size_t *n_problems)
{
	struct conf_reader r = { .arena = c->arena,
				 .problems = problems,
				 .room = room,
				 .n_problems = *n_problems,
				 .file = c->path.at };

	icalerror_set_errors_are_fatal(0);
	for (size_t i = 0; i < c->n_brands; i++) {
		if (!text_is_empty(c->brands[i].holidays)) {
			read_brand(&r, &c->brands[i]);
		}
	}
	icaltimezone_free_builtin_timezones();
	icalmemory_free_ring();
	*n_problems = r.n_problems;
	return !r.has_error;
}
