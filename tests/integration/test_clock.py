"""The worker's wall clock jumps while it works; the database keeps the true time (RELIABILITY I6): no step of an alarm is missed, none is
repeated, nothing is asked in a hurry, nothing stands still, and a reply is posted once."""
import collections
import os
import random
import time

import pytest

from rig import Hook, wait_until
from rig.faketime import WallClock
from rig.floor import Floor

HOUR, DAY = 3600, 86400
TICK = os.sysconf("SC_CLK_TCK")
# Where the clock goes: a number of seconds off the true time, or a date that it believes. Dates end a moment before something happens.
SPRING, AUTUMN = "2027-03-28 00:59:58", "2027-10-31 00:59:58"      # London puts its clocks forward, and back
LEAP, LEAP_DAY = "2016-12-31 23:59:58", "2028-02-28 23:59:58"
END = "2038-01-19 03:14:06"                                        # of 32 bits of seconds
JUMPS = [2 * HOUR, -2 * HOUR, DAY, -DAY, 0, SPRING, AUTUMN, LEAP_DAY, END, -30 * DAY, DAY, 0]


@pytest.fixture
def shop_floor(database, town, tmp_path):
    """A worker with a wrong clock: it listens to one account of the town, and tells of customers who wait."""
    floor = Floor(database, tmp_path)
    floor.town, floor.clock = town, WallClock(tmp_path)
    floor.worker.env.update(floor.clock.env(), TZ="Europe/London")
    url = town.mastodon("social")
    made = town.person("shop", "social", own="acme")
    town.person("ann", "social")
    floor.config.account("acme_town", "mastodon", url, made["token"], settle="1s")
    yield floor
    floor.end()


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Days:
    """Jumps one after the other, and what must hold after each."""

    def __init__(self, floor):
        self.floor, self.database, self.town = floor, floor.database, floor.town
        # Wrong signatures would be refused: others judge them by their own clocks.
        hook = Hook(secrets=["s3cret"])
        self.hook = floor.channel("care", hook, secret=floor.secret("care", "s3cret"))
        self.owner = floor.channel("owner", Hook())
        # All four steps of a wait within a few seconds.
        floor.config.policies[0].update(warn="29m59s", first="30m", stop="30m2s", escalate=["owner"])
        floor.begin().open_desk()
        self.place = floor.account()
        self.waits, self.replies = [], []
        wait_until(lambda: self.polls() > 2, 30, "it listens")

    def polls(self):
        return self.town.counters().get("polls social", 0)

    def asked(self, n):
        """A customer asks in the town; the conversation."""
        message = self.town.post("ann", f"@shop where is parcel {n}?")
        return wait_until(lambda: self.database.one("select c.conversation_id::text from answerd.conversation c join answerd.message m using "
                                                    "(root_id, customer_id, account_id, brand_id) where m.external_id = %s", message), 30, "it is heard")

    def jump(self, where):
        if isinstance(where, str):
            self.floor.clock.jump_to(where)
        else:
            self.floor.clock.jump(where)

    def live(self, where, n_waits, seconds, answer):
        """One jump: breaches before and behind it, a reply on its way, polls at their rhythm."""
        conversation = self.asked(len(self.replies)) if answer else None
        if answer:
            text = f"Parcel {len(self.replies)} comes tomorrow."
            self.floor.answer("reply", conversation, "-m", text, code=0)
            self.replies.append(text)
        self.waits += self.floor.say(self.place, n_waits, [seconds * i / n_waits for i in range(n_waits)])
        self.jump(where)
        polls, work, begun = self.polls(), cpu(self.floor.worker.process.pid), time.monotonic()
        wait_until(lambda: self.polls() >= polls + 2 and time.monotonic() >= begun + seconds, 30, f"it goes on at {where}")
        took, polls, work = time.monotonic() - begun, self.polls() - polls, cpu(self.floor.worker.process.pid) - work
        assert polls <= took * 2 + 4, f"{polls} polls in {took:.1f} s at {where}"       # its rhythm is one second
        slow = 5 if "ANSWERD_SANITIZED" in os.environ else 1
        assert work <= (0.2 * took + 0.3) * slow, f"{work:.2f} s of processor in {took:.1f} s at {where}"

    def judge(self):
        """Every step of every wait, once; all told; nothing wrong in the house."""
        floor, n = self.floor, len(self.waits)
        said = "select count(*) from answerd.alert where event = 'waiting' and step = %s and conversation_id = any(%s::bigint[])"
        for step in ("warn", "due", "stop"):
            wait_until(lambda s=step: self.database.one(said, s, self.waits) == n, 60, f"{n} alerts of {step}")
            wait_until(lambda s=step: floor.untold(s) == 0, 60, f"{step} is told")
        assert self.database.one("select max(a.at - a.since) < interval '20 s' from answerd.alert a where step in ('warn', 'due', 'stop') "
                                 "and conversation_id = any(%s::bigint[]) and a.at > a.since", self.waits)
        twice = self.database.rows("select key, count(*) from answerd.alert where event = 'waiting' group by 1 having count(*) > 1")
        assert not twice, twice
        for hook, steps in ((self.hook, ("warn", "due")), (self.owner, ("stop",))):
            assert not hook.faults, hook.faults
            told = [h.delivery for h in hook.all()]
            again = [d for d, times in collections.Counter(told).items() if times > 1]
            assert not again, f"told twice: {again}"
            for step in steps:
                names = collections.Counter(i for h in hook.all("waiting", step) for i in set(h.ids))
                wrong = {w: names[w] for w in self.waits if names[w] != 1}
                assert not wrong, f"{step}: {wrong}"
        for text in self.replies:
            def posted(text=text):
                return [p for p in self.town.truth("social") if text in p["text"]]
            wait_until(posted, 60, "the reply is posted")
        wait_until(lambda: self.database.one("select count(*) from answerd.reply where state <> 'sent'") == 0, 90,
                   lambda: self.database.rows("select state, reason from answerd.reply"))
        book = [p["text"] for p in self.town.truth("social")]
        counts = {t: sum(t in b for b in book) for t in self.replies}
        assert set(counts.values()) <= {1}, counts
        assert self.database.one("select count(*) from answerd.gap") == 0, self.database.rows("select * from answerd.gap")
        # The town has the true time, and so has the database: nobody's clock is wrong but the worker's, which knows it.
        assert self.database.column("select text from answerd.alert where event = 'deaf'") == []
        floor.answer.verify()


def test_the_clock_jumps_under_a_running_worker(shop_floor):
    days = Days(shop_floor)
    for n, where in enumerate(JUMPS):
        days.live(where, 4, 1.5, answer=n % 3 == 0)
    days.jump(LEAP)                          # the leap second, and once more
    wait_until(lambda p=days.polls(): days.polls() > p + 1, 20, "it goes on")
    days.live(LEAP, 4, 1.5, answer=False)
    days.judge()


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak clock")
def test_clock_soak(shop_floor):
    """Two hundred jumps, some of them while the clock has just jumped."""
    chance = random.Random(6)
    days = Days(shop_floor)
    for n in range(200):
        where = chance.choice(JUMPS + [LEAP, chance.randint(-400 * DAY, 4000 * DAY), chance.randint(-10, 10)])
        for _ in range(chance.choice((0, 0, 1, 5))):
            days.jump(chance.randint(-2 * DAY, 2 * DAY))
        days.live(where, 6, chance.uniform(0.5, 4), answer=n % 10 == 0)
    days.judge()
