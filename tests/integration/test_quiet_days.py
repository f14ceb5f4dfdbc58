"""Thirty days of ordinary life without one false alarm, and a silence that is one is told (RELIABILITY I5)."""
import datetime
import os
import pathlib

import pytest

SQL = pathlib.Path(__file__).with_name("quiet_days.sql")
UTC = datetime.timezone.utc
# Days on which nobody works, England and elsewhere; only some of the brands below have told us of them.
HOLIDAYS = ["2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28", "2027-01-01", "2026-01-01"]
# name, zone, says its holidays, hours of day (from, until, per hour by day, by night), share at weekends, on holidays
HABITS = [
    ("clinic", "Europe/London", True, (8, 19, 4, 0.05), 0.1, 0.05),
    ("shop", "Europe/Berlin", False, (7, 23, 6, 0.5), 0.7, 0.5),
    ("cafe", "Europe/London", False, (9, 21, 0.4, 0), 1.3, 1),
    ("hermit", "Europe/Paris", False, (0, 24, 2 / 168, 0), 1, 1),
    ("office", "Europe/London", False, (9, 17, 2, 0), 0, 0),
    ("bazaar", "Asia/Riyadh", False, (10, 24, 3, 0.3), 1, 1),
    ("search", "America/New_York", False, (0, 24, 1 / 24, 0), 1, 1),
    ("evening", "America/Sao_Paulo", False, (17, 24, 6, 0.1), 2, 2),
]
DAYS, SEEDS = int(os.environ.get("ANSWERD_QUIET_DAYS", "30")), int(os.environ.get("ANSWERD_QUIET_SEEDS", "8" if "ANSWERD_SOAK" in os.environ else "1"))
TICK = os.environ.get("ANSWERD_QUIET_TICK", "1 hour")


class Life:
    def __init__(self, database, seed, begins):
        self.db, self.begins = database, begins
        with database.connect() as conn:
            conn.execute(SQL.read_text(encoding="utf-8"))
        database.rows("select setseed(%s)", seed / 1000)
        database.rows("set jit = off")
        database.rows("select sim.clock(%s)", begins)
        database.rows("insert into answerd.worker values ('w1', 1, now(), 'infinity')")
        database.rows("insert into sim.holiday select unnest(%s::date[])", HOLIDAYS)
        for name, zone, says, (first, last, day, night), weekend, holiday in HABITS:
            database.rows("select sim.account(%s, %s, %s, sim.hours(%s, %s, %s, %s), %s, %s, %s::interval)", name, zone, says, first, last, float(day),
                          float(night), float(weekend), float(holiday), TICK)
        database.rows("insert into answerd.office_holiday select h.brand_id, y.day at time zone h.zone, (y.day + 1) at time zone h.zone, 'a holiday' "
                      "from sim.habit h cross join sim.holiday y where h.keeps_holidays")
        # What the import of sixty days brings.
        database.rows("select sim.speak(%s, %s)", begins - datetime.timedelta(days=60), begins)
        database.rows("select sim.hear(h, '-infinity') from sim.habit h")
        for _ in range(30):
            database.rows("select answerd.learn_rhythm(brand_id, account_id) from sim.habit")

    def day(self, n, broken=None):
        day = self.begins + datetime.timedelta(days=n)
        self.db.rows("select sim.speak(%s, %s)", day, day + datetime.timedelta(days=1))
        for tick in self.db.column("select t from generate_series(%s, %s - interval '1 s', %s::interval) t", day, day + datetime.timedelta(days=1), TICK):
            self.db.rows("select sim.quiet_tick(%s, %s::interval, %s)", tick, TICK, broken)

    def told(self):
        return self.db.column("select event || ' ' || text from answerd.alert where event in ('deaf', 'gap', 'quarantine') order by alert_id")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_quiet_days_without_a_false_alarm(database, seed):
    """Nights, weekends, Easter and a change to summer time, hiccups and restarts; an account with two messages a week."""
    life = Life(database, seed, datetime.datetime(2026, 3, 16, tzinfo=UTC) + datetime.timedelta(days=37 * seed))
    for n in range(DAYS):
        life.day(n)
        assert life.told() == [], f"seed {seed}, day {n}"
    heard = database.one("select count(*) from answerd.message") - database.one("select count(*) from sim.message")
    assert heard <= 0 and database.one("select count(*) from answerd.message") > 5000
    # It could have spoken: the busy ones fall silent although they answer.
    n = DAYS
    for name in ("shop", "clinic"):
        end = n + 5
        while not any(t.startswith(f"deaf {name} mentions: not listening since") for t in life.told()):
            assert n < end, f"{name} was silent for five days and nobody was told: {life.told()}"
            life.day(n, broken=name)
            n += 1
    assert [t.split()[1] for t in life.told()] == ["shop", "clinic"], life.told()
