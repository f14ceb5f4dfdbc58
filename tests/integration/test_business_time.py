"""Business time in SQL against a model that steps through minutes and looks at the wall (RELIABILITY I6): fifty zones, around
every change of their clocks, with frames past midnight, until 24:00, several a day, and holidays of all kinds. Equal."""
import json
import os
import random
from bisect import bisect_left as bisect

import pytest

from hours_model import UTC, Office, datetime, day, declared, timedelta, transitions
from rig.place import REPO

ZONES = """Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Juba Africa/Tripoli America/Asuncion America/Caracas America/Chicago
America/Havana America/Los_Angeles America/Mexico_City America/Montevideo America/New_York America/Noronha America/Nuuk America/Phoenix
America/Port-au-Prince America/Santiago America/Sao_Paulo America/St_Johns Antarctica/Casey Antarctica/Troll Asia/Amman Asia/Beirut
Asia/Dhaka Asia/Gaza Asia/Hong_Kong Asia/Kathmandu Asia/Kolkata Asia/Pyongyang Asia/Tehran Asia/Tokyo Asia/Ulaanbaatar Atlantic/Azores
Australia/Adelaide Australia/Lord_Howe Australia/Sydney Europe/Berlin Europe/Chisinau Europe/Dublin Europe/Istanbul Europe/London
Europe/Moscow Europe/Volgograd Pacific/Apia Pacific/Auckland Pacific/Chatham Pacific/Easter Pacific/Fiji Pacific/Kiritimati""".split()
HOURS = [["Mon-Fri 09:00-17:00"], ["Mon-Sun 22:00-02:00"], ["Mon-Sun 00:00-24:00"], ["Mon-Fri 08:00-12:00,13:30-18:30", "Sat 10:00-14:00"],
         ["Sat-Mon 18:00-24:00", "Sun 00:30-02:30"], ["Mon-Sun 01:15-01:45,02:00-02:59", "Wed,Sun 23:00-00:30"], ["Sun 02:30-02:29"],
         ["Thu-Tue 23:30-03:30", "Sat 03:00-04:00"]]
SOAK = "ANSWERD_SOAK" in os.environ


@pytest.fixture(scope="module")
def calendars(cluster):
    database = cluster.create()
    store = REPO / "daemon" / "store"
    database.rows("create schema answerd")
    for path in sorted((store / "migrations").glob("*.sql")) + sorted((store / "rules").glob("[0-8]*.sql")):
        database.rows(path.read_text(encoding="utf-8"))
    database.rows("insert into answerd.brand (name) values ('acme')")
    yield database
    database.drop()


def some_holidays(rng, around):
    """A day, an hour by the wall, an hour in UTC, and a week, near an instant."""
    d = around.date()
    wall = datetime(d.year, d.month, d.day, rng.randrange(24), rng.choice([0, 30])) + timedelta(days=rng.randint(-1, 1))
    found = [day(d + timedelta(days=rng.randint(-2, 2))), (wall, wall + timedelta(minutes=rng.choice([45, 60, 600]))),
             (around + timedelta(minutes=rng.randint(-2000, 2000)), around + timedelta(minutes=2200)), (d + timedelta(days=9), d + timedelta(days=16))]
    return rng.sample(found, rng.randint(0, 2))


def compare(database, rng, zone, hours, holidays, spans):
    """Every minute of the spans, and time between and added from random minutes of them."""
    office = Office(zone, hours, holidays)
    database.rows("select answerd.calendar_made(1, %s, %s, %s::jsonb, 'x', '2032-01-01Z')", zone, hours, json.dumps([declared(h) for h in holidays]))
    for begin, end in spans:
        wanted = list(office.minutes(begin, end))
        found = [f["a"].astimezone(UTC) + timedelta(minutes=n) for f in database.rows(
            "select greatest(opens, %s) as a, extract(epoch from least(closes, %s) - greatest(opens, %s)) / 60 as n from answerd.office_frame "
            "where brand_id = 1 and opens < %s and closes > %s", begin, end, begin, end, begin) for n in range(int(f["n"]))]
        what = f"{zone} {hours} {holidays} {begin}"
        assert sorted(found) == wanted, what
        for _ in range(4):
            n = int((end - begin).total_seconds() // 60)
            a = begin + timedelta(minutes=rng.randrange(n))
            b = begin + timedelta(minutes=rng.randrange(n))
            assert database.one("select extract(epoch from answerd.business_between(1, %s, %s))::int", a, b) == 60 * max(bisect(wanted, b) - bisect(wanted, a), 0), what
            work = rng.randint(1, 900)
            nth = bisect(wanted, a) + work - 1
            if nth < len(wanted):
                due = wanted[nth] + timedelta(minutes=1)
                row = database.rows("""select answerd.business_add(1, %s, %s * interval '1 min') as long_way, (select answerd.business_due(1, %s,
                    %s * interval '1 min', f.closes, f.gap, f.next_closes) from answerd.office_frame f where f.brand_id = 1 and f.opens <= %s
                    order by f.opens desc limit 1) as short_way""", a, work, a, work, a)[0]
                assert row["long_way"].astimezone(UTC) == due == row["short_way"].astimezone(UTC), f"{what}: {a} + {work} min"


@pytest.mark.parametrize("part", range(5))
def test_every_change_of_the_clocks(calendars, part):
    """Four days around changes of the clocks: all of 2010 to 2030 as a soak, two a zone here."""
    rng = random.Random(part)
    n_seen = 0
    for zone in ZONES[part::5]:
        changes = list(transitions(zone))
        chosen = changes if SOAK else rng.sample(changes, min(2, len(changes)))
        chosen = chosen or [datetime(2019, 6, 1, tzinfo=UTC)]
        for hours in rng.sample(HOURS, 3 if SOAK else 1):
            holidays = [h for at in chosen for h in some_holidays(rng, at)]
            near = timedelta(days=2)
            compare(calendars, rng, zone, hours, holidays, [(at - near, at + near) for at in chosen])
            n_seen += len(chosen)
    assert n_seen >= 15


def test_whole_years(calendars):
    """A year, minute by minute; as a soak 2010 to 2030 of five zones, so that sums over long spans are right too."""
    rng = random.Random(7)
    for zone in ZONES[2::10] if SOAK else ["Europe/London"]:
        begin, end = datetime(2010 if SOAK else 2026, 1, 1, tzinfo=UTC), datetime(2031 if SOAK else 2027, 1, 1, tzinfo=UTC)
        hours = rng.choice(HOURS) if SOAK else HOURS[3]
        holidays = [day(datetime(y, m, d).date()) for y in range(begin.year, end.year) for m, d in ((12, 25), (1, 1), (5, 1))]
        office = Office(zone, hours, holidays)
        calendars.rows("select answerd.calendar_made(1, %s, %s, %s::jsonb, 'x', '2032-01-01Z')", zone, hours, json.dumps([declared(h) for h in holidays]))
        at, n = begin, 0
        while at < end:
            until = min(at + timedelta(days=rng.randint(20, 200)), end)
            n += office.between(at, until)
            assert calendars.one("select extract(epoch from answerd.business_between(1, %s, %s))::bigint", begin, until) == 60 * n, (zone, hours, until)
            at = until


def test_an_office_that_never_opens(calendars):
    """Its deadlines are far away, but they exist; time between is nothing."""
    calendars.rows("select answerd.calendar_made(1, 'UTC', '{Mon 09:00-10:00}', '[[\"2003-01-01\", \"2070-01-01\", \"closed for ever\"]]', 'x', '2032-01-01Z')")
    assert calendars.one("select answerd.business_add(1, '2026-01-01Z', '1 h') = '2032-01-01 01:00Z'")
    assert calendars.one("select answerd.business_between(1, '2026-01-01Z', '2027-01-01Z') = '0'")
