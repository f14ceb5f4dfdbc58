/* What this protects: holidays as people export them close the right days, and a file that cannot be understood is named with its
 * line and a remedy instead of opening the office on Christmas Day. */
#include <stdio.h>
#include <unistd.h>

#include "daemon/conf/conf.h"
#include "tests/cm.h"

#define ROOM 20

static char folder[64];
static struct conf_problem problems[ROOM];
static size_t n_problems;

static void write_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The configuration with this calendar; *ret_ok: was it understood? */
static struct conf *load(const char *ical, bool *ret_ok)
{
	char path[200];
	struct conf *c;

	if (ical != NULL) {
		write_file("days.ics", ical);
	}
	write_file("answerd.conf", "database = \"host=/run/x\";\nbrands = { acme = {\n  timezone = "
				   "\"Europe/London\";\n"
				   "  holidays = \"days.ics\";\n}; };\n");
	(void)snprintf(path, sizeof(path), "%s/answerd.conf", folder);
	n_problems = 0;
	memset(problems, 0, sizeof(problems));
	c = conf_load(path, problems, ROOM, &n_problems);
	assert_non_null(c);
	*ret_ok = conf_read_holidays(c, problems, ROOM, &n_problems);
	return c;
}

#define CALENDAR(events) "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n" events "END:VCALENDAR\n"
#define EVENT(lines)     "BEGIN:VEVENT\nUID:1\n" lines "END:VEVENT\n"

static void test_what_is_closed(void **state)
{
	/* clang-format off */
	static const struct {
		const char *events, *first;
		size_t n;
		const char *last;
	} cases[] = {
		{ EVENT("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226\nSUMMARY:Christmas\n"),
		  "2026-12-25 2026-12-26 Christmas", 1, NULL },
		{ EVENT("DTSTART;VALUE=DATE:20261225\n"), "2026-12-25 2026-12-26 holiday", 1, NULL },
		{ EVENT("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225\nSUMMARY:x\n"), "2026-12-25 2026-12-26 x", 1, NULL },
		{ EVENT("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20270102\nSUMMARY:x\n"), "2026-12-24 2027-01-02 x", 1, NULL },
		{ EVENT("DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY\nSUMMARY:x\n"), "2020-01-01 2020-01-02 x", 50,
		  "2069-01-01 2069-01-02 x" },
		{ EVENT("DTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY\nSUMMARY:x\n"), "2003-01-01 2003-01-02 x", 67,
		  "2069-01-01 2069-01-02 x" },
		{ EVENT("DTSTART;VALUE=DATE:20260525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=3\nSUMMARY:x\n"),
		  "2026-05-25 2026-05-26 x", 3, "2028-05-29 2028-05-30 x" },
		{ EVENT("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;UNTIL=20330101\nSUMMARY:x\n"), "2024-02-29 2024-03-01 x", 3,
		  "2032-02-29 2032-03-01 x" },
		{ EVENT("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY;COUNT=4\nEXDATE;VALUE=DATE:20201225,20211225\nSUMMARY:x\n"),
		  "2022-12-25 2022-12-26 x", 2, "2023-12-25 2023-12-26 x" },
		{ EVENT("DTSTART;VALUE=DATE:20201225\nRDATE;VALUE=DATE:20210101,20210601\nSUMMARY:x\n"), "2020-12-25 2020-12-26 x", 3,
		  "2021-06-01 2021-06-02 x" },
		{ EVENT("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY;COUNT=2\nSUMMARY:x\n")
		  "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;VALUE=DATE:20211225\nDTSTART;VALUE=DATE:20211227\nSUMMARY:moved\nEND:VEVENT\n",
		  "2020-12-25 2020-12-26 x", 2, "2021-12-27 2021-12-28 moved" },
		{ EVENT("DTSTART:20261224T120000\nDTEND:20261224T170000\nSUMMARY:x\n"), "2026-12-24T12:00:00 2026-12-24T17:00:00 x", 1, NULL },
		{ EVENT("DTSTART:20261224T220000\nDURATION:PT4H\nSUMMARY:x\n"), "2026-12-24T22:00:00 2026-12-25T02:00:00 x", 1, NULL },
		{ EVENT("DTSTART:20261224T120000Z\nDTEND:20261224T170000Z\nSUMMARY:x\n"), "2026-12-24T12:00:00Z 2026-12-24T17:00:00Z x", 1, NULL },
		{ EVENT("DTSTART;TZID=Europe/Paris:20261224T120000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;INTERVAL=6;COUNT=2\nSUMMARY:x\n"),
		  "2026-12-24T11:00:00Z 2026-12-24T12:00:00Z x", 2, "2027-06-24T10:00:00Z 2027-06-24T11:00:00Z x" },
		{ EVENT("DTSTART;VALUE=DATE:20261225\nSUMMARY:x\nTRANSP:TRANSPARENT\nDESCRIPTION:\nX-FOO:bar\n"), "2026-12-25 2026-12-26 x", 1, NULL },
		{ EVENT("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED\nSUMMARY:x\n"), NULL, 0, NULL },
		{ EVENT("DTSTART:20261224T120000\nSUMMARY:a reminder\n"), NULL, 0, NULL },
		{ EVENT("DTSTART;VALUE=DATE:18991225\nSUMMARY:x\n"), NULL, 0, NULL },
		{ "", NULL, 0, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char ical[2000], found[300];
		bool is_ok;
		struct conf *c;

		(void)snprintf(ical, sizeof(ical), "%s%s%s", i % 2 ? "\xef\xbb\xbf" : "",
			       "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n", cases[i].events);
		(void)snprintf(ical + strlen(ical), sizeof(ical) - strlen(ical), "END:VCALENDAR\n");
		c = load(ical, &is_ok);
		if (!is_ok || c->brands[0].n_closed != cases[i].n) {
			fail_msg("%s\n%zu closed; %s", ical, c->brands[0].n_closed,
				 problems[n_problems - 1].text);
		}
		for (size_t k = 0; k<cases[i].n; k += cases[i].n> 1 ? cases[i].n - 1 : 1) {
			const struct conf_closed *one = &c->brands[0].closed[k];

			(void)snprintf(found, sizeof(found), "%s %s %.*s", one->begins.at,
				       one->ends.at, TEXT_ARG(one->name));
			assert_string_equal(found, k == 0 ? cases[i].first : cases[i].last);
		}
		conf_destroy(&c);
	}
}

static void test_a_zone_of_its_own(void **state)
{
	bool is_ok;
	struct conf *c =
		load(CALENDAR("BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\n"
			      "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+"
			      "0200\nTZOFFSETTO:+0100\n"
			      "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
			      "BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+"
			      "0100\nTZOFFSETTO:+0200\n"
			      "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:"
			      "VTIMEZONE\n" EVENT("DTSTART;TZID=W. Europe Standard "
						  "Time:20261224T120000\nDURATION:PT1H\n"
						  "RRULE:FREQ=MONTHLY;INTERVAL=6;COUNT=2\n")),
		     &is_ok);

	(void)state;
	assert_true(is_ok);
	assert_int_equal(c->brands[0].n_closed, 2);
	assert_string_equal(c->brands[0].closed[0].begins.at, "2026-12-24T11:00:00Z");
	assert_string_equal(c->brands[0].closed[1].begins.at, "2027-06-24T10:00:00Z");
	conf_destroy(&c);
}

static void test_faults_name_file_line_and_remedy(void **state)
{
	static const struct {
		const char *ical, *want;
	} cases[] = {
		{ "", "there is no calendar in it: it should begin with BEGIN:VCALENDAR" },
		{ "<html>not found</html>\n", "days.ics:1: this line says nothing" },
		{ CALENDAR(EVENT("DTSTART;VALUE=DATE:20261225\nwhat is this\n")),
		  "days.ics:7: this line says nothing" },
		{ CALENDAR(EVENT("DTSTART:yesterday\nSUMMARY:Christmas\n")),
		  "days.ics:6: this line says nothing" },
		{ CALENDAR(EVENT("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=SOMETIMES\n")),
		  "days.ics:7: this line says nothing" },
		{ "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\n",
		  "days.ics:3: it ends in the middle" },
		{ CALENDAR(EVENT("SUMMARY:Christmas\n")),
		  "'Christmas' has no DTSTART that can be understood: say when it begins" },
		{ CALENDAR(EVENT("DTSTART;TZID=Mars/Olympus:20261224T120000\nDURATION:PT1H\n")),
		  "names a time zone that nobody knows" },
		{ CALENDAR(EVENT("DTSTART:20261224T120000\nDTEND:20261224T110000\n")),
		  "ends before it begins: correct its DTEND" },
		{ CALENDAR(EVENT("DTSTART:20261224T120000\nDURATION:PT1M\nRRULE:FREQ=HOURLY\n")),
		  "repeats within a day" },
		{ NULL, "it cannot be opened: is the path right" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_ok, is_found = false;
		char path[200];
		struct conf *c;

		(void)snprintf(path, sizeof(path), "%s/days.ics", folder);
		(void)unlink(path);
		c = load(cases[i].ical, &is_ok);
		assert_false(is_ok);
		for (size_t k = 0; k < n_problems && k < ROOM; k++) {
			if (problems[k].is_error) {
				assert_non_null(
					strstr(problems[k].text, "answerd.conf:4: holidays: "));
				is_found =
					is_found || strstr(problems[k].text, cases[i].want) != NULL;
			}
		}
		if (!is_found) {
			fail_msg("wanted '%s', got '%s'", cases[i].want,
				 problems[n_problems - 1].text);
		}
		conf_destroy(&c);
	}
}

static void test_cut_files_never_crash(void **state)
{
	static const char whole[] =
		CALENDAR(EVENT("DTSTART;TZID=Europe/Paris:20201224T120000\nDURATION:PT1H\n"
			       "RRULE:FREQ=YEARLY;COUNT=3\nEXDATE;TZID=Europe/"
			       "Paris:20211224T120000\nSUMMARY:x\n"));
	char cut[sizeof(whole)];

	(void)state;
	for (size_t n = 0; n + 2 < sizeof(whole); n++) {
		bool is_ok;
		struct conf *c;

		memcpy(cut, whole, n);
		cut[n] = '\0';
		c = load(cut, &is_ok);
		assert_false(is_ok);
		conf_destroy(&c);
	}
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/answerd-holidays-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
	char path[200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/days.ics", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/answerd.conf", folder);
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_what_is_closed),
		T(test_a_zone_of_its_own),
		T(test_faults_name_file_line_and_remedy),
		T(test_cut_files_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
