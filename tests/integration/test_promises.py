"""Promises in a running house: deadlines follow the policies and the calendar, a change moves them at once and says so, and
`answer explain` shows where a date comes from. (What is promised when: tests/sql/06_promises.sql and test_rules.py.)"""
import subprocess
from datetime import datetime, timedelta

import pytest

from rig import wait_until
from rig.place import program
from test_reload import restart, sighup

ALWAYS = ["Mon-Sun 00:00-24:00"]
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20040101
DTEND;VALUE=DATE:{until}
SUMMARY:Long holiday
END:VEVENT
END:VCALENDAR
"""


def when(text):
    return datetime.fromisoformat(text)


def entry(shop, handle):
    found = [e for e in shop.answer.queue() if e["customer"]["handle"] == handle]
    assert len(found) == 1, found
    return found[0]


def wait_lengths(shop, handle, warn, due, stop):
    """Until the entry's dates are so long after its beginning (seconds by the plain clock; None: no date)."""
    def so():
        shop.worker.assert_alive()
        e = entry(shop, handle)
        since = when(e["waiting_since"])
        found = [e[k] and (when(e[k]) - since).total_seconds() for k in ("warn_at", "due_at", "stop_at")]
        assert found == [warn, due, stop], f"{found}\n{shop.worker.log(1500)}"
        return True
    wait_until(so, 20, "the dates")


@pytest.fixture
def open_shop(house):
    """Always open, so that office time is plain time, whenever the tests run."""
    house.config.brands["acme"]["hours"] = ALWAYS
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"))
    house.begin()
    return house


@pytest.mark.parametrize("apply", [restart, sighup])
def test_a_changed_policy_moves_what_waits(open_shop, apply):
    """The running house: another promise in the file, other dates at once, for what waits already; the log and the audit say so."""
    shop = open_shop
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"))
    wait_lengths(shop, "ann", 2700, 3600, 86400)
    shop.config.policies = [{"name": "quick", "natures": ["question"], "warn": "10m", "first": "20m", "stop": "2h"}]
    apply(shop)
    wait_lengths(shop, "ann", 600, 1200, 7200)
    assert entry(shop, "ann")["state"] in ("ok", "warn")
    wait_until(lambda: "event=deadlines_renewed" in shop.worker.log(20_000), 10, "the log says so")
    line = next(line for line in shop.worker.log(20_000).splitlines() if "deadlines_renewed" in line and "quick" in line)
    assert "brand=acme" in line and "moved=1" in line and "waiting=1" in line, line
    changes = shop.database.one("select detail -> 'changes' from answerd.audit where act = 'policies' order by seq desc limit 1")
    assert [(c["policy"], c["from"], c["to"]["first_s"]) for c in changes] == [("quick", None, 1200)]
    shop.config.policies = []
    apply(shop)
    wait_lengths(shop, "ann", 2700, 3600, 86400)
    shop.verify()


@pytest.mark.parametrize("apply", [restart, sighup])
def test_other_hours_and_holidays_move_what_waits(open_shop, apply):
    shop = open_shop
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"))
    wait_lengths(shop, "ann", 2700, 3600, 86400)
    since = when(entry(shop, "ann")["waiting_since"])
    until = (since + timedelta(days=3)).date()
    (shop.config.folder / "days.ics").write_text(CALENDAR.format(until=until.strftime("%Y%m%d")), encoding="utf-8")
    shop.config.brands["acme"]["holidays"] = "days.ics"
    apply(shop)
    begins = (datetime.combine(until, datetime.min.time(), since.tzinfo) - since).total_seconds()
    wait_lengths(shop, "ann", begins + 2700, begins + 3600, 86400)
    shown = shop.answer("explain", entry(shop, "ann")["id"], code=0).json["promise"]
    assert shown["holidays"][0]["name"] == "Long holiday" and len(shown["frames"]) == 1 and shown["frames"][0]["seconds"] == 3600
    assert shown["clocks"]["office_s"] == 0
    # The office's wall is in another zone: its midnight is another instant.
    shop.config.brands["acme"]["timezone"] = "Asia/Tokyo"
    apply(shop)
    wait_lengths(shop, "ann", begins - 9 * 3600 + 2700, begins - 9 * 3600 + 3600, 86400)
    del shop.config.brands["acme"]["holidays"]
    apply(shop)
    wait_lengths(shop, "ann", 2700, 3600, 86400)
    changes = shop.database.column("select detail from answerd.audit where act = 'calendar' order by seq")
    assert [c["to"]["holidays"] for c in changes] == [0, 1, 1, 0] and changes[2]["from"]["timezone"] == "UTC"
    shop.verify()


def test_a_broken_calendar_is_named(open_shop):
    """check-config, a start and a reload refuse it with file, line and remedy; the running house keeps its dates."""
    shop = open_shop
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"))
    (shop.config.folder / "days.ics").write_text("BEGIN:VCALENDAR\nthis is not iCal\nEND:VCALENDAR\n", encoding="utf-8")
    shop.config.brands["acme"]["holidays"] = "days.ics"
    shop.config.write()
    done = subprocess.run([program("answerd"), "check-config", "--config", str(shop.config.path)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "answerd.conf:3: holidays: " in done.stderr and "days.ics:2: " in done.stderr and "export" in done.stderr, done.stderr
    shop.worker.reload()
    wait_until(lambda: "reload_failed" in shop.worker.log(20_000), 10, "refused")
    assert "days.ics:2" in shop.worker.log(20_000)
    # The command needs no calendar: staff go on working.
    wait_lengths(shop, "ann", 2700, 3600, 86400)
    assert shop.answer("queue", code=0).items


def test_explain_says_where_a_date_comes_from(open_shop):
    """Policy, what was tried before it, hours, both clocks, next steps: as JSON and in words."""
    shop = open_shop
    shop.config.policies = [{"name": "private", "kinds": ["direct"], "first": "5m"}]
    shop.config.channels = {"care": {"type": "journal"}}
    shop.config.health = {"notify": ["care"]}
    restart(shop)
    wait_until(lambda: shop.database.one("select bool_and(imported_at is not null) from answerd.source where name not in ('threads', 'rechecks')"),
               20, "history is in")
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"))
    c = entry(shop, "ann")["id"]
    shop.answer("take", c, code=0)
    promise = shop.answer("explain", c, code=0).json["promise"]
    assert promise["policy"]["name"] == "question" and promise["policy"]["is_shipped"] and promise["policy"]["answer"] == "first"
    assert [(t["policy"], t["matches"]) for t in promise["tried"]] == [("private", False), ("thanks", False), ("question", True)]
    assert promise["tried"][0]["why"] == "it is for the kind direct; this is a mention"
    assert [s["step"] for s in promise["next"]] == ["warn", "due", "lead", "stop"]
    assert promise["next"][0]["to"] == "admin" and promise["next"][1]["to"] == "the team" and promise["next"][3]["channels"] == ["care"]
    assert 0 <= promise["clocks"]["customer_s"] - promise["clocks"]["office_s"] <= 1
    words = shop.answer("explain", c, raw=True, code=0).out
    for part in ("The office's clock", 'Policy "question"', "Policies tried", "Office hours counted (UTC)", "What happens next",
                 "the owner is told through care"):
        assert part in words, words
    assert "By the office's clock" in shop.answer("show", c, raw=True, code=0).out
    assert shop.answer("show", c, code=0).json["waiting_office_s"] >= 0
    line = shop.answer("queue", raw=True, code=0).out
    assert "due in" in line, line
    shop.town.post("shop", "@ann it is on its way", parent=entry(shop, "ann")["permalink"].rsplit("/", 1)[-1])
    shop.wait_waiting()
    promise = shop.answer("explain", c, code=0).json["promise"]
    assert promise["policy"] is None and promise["due_at"] is None and promise["next"] is None


def test_states_follow_the_clock(open_shop):
    """ok, warn, overdue, stopped: as the hours pass; --overdue and --by due go by them."""
    shop = open_shop
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"), shop.town.post("bob", "@shop hello everybody"))
    c = entry(shop, "ann")["id"]
    for hours, state in ((0, "ok"), (0.9, "warn"), (1.1, "overdue"), (25, "stopped")):
        shop.database.shift(hours * 3600)
        assert entry(shop, "ann")["state"] == state
        assert [e["id"] for e in shop.answer("queue", "--overdue", code=0).items][:1] == ([c] if hours > 1 else [])
    assert [e["customer"]["handle"] for e in shop.answer("queue", "--by", "due", code=0).items] == ["ann", "bob"]


def test_both_clocks_stand_in_the_list(open_shop):
    """A person sees the office's clock beside the customer's; the API gives it when asked, and its entries keep their keys."""
    shop = open_shop
    shop.wait_for(shop.town.post("ann", "@shop where is my parcel?"))
    shop.database.shift(7200)
    shop.config.brands["acme"]["hours"] = ["Mon-Sun 00:00-00:01"]
    restart(shop)
    wait_until(lambda: "office 2h" not in shop.answer("queue", raw=True, code=0).out, 10, "other hours")
    line = shop.answer("queue", raw=True, code=0).out
    assert "2h 00m" in line and "office " in line, line
    assert "office_s" not in shop.answer("queue", code=0).json
