"""Several workers on one database (I13): the accounts are shared, taken over, and no platform is asked more than it allows (I14)."""
import time

import pytest

from rig import wait_until


@pytest.fixture
def town_of_six(house):
    """Six accounts on six servers of two brands."""
    for n in range(6):
        house.mastodon(f"s{n}", own=f"shop{n}", people=(f"ann{n}",), brand="acme" if n < 4 else "bolt")
    house.worker.start()
    wait_held(house, {0: 6})
    return house


def shares(house):
    """How many accounts each worker holds, by its number."""
    rows = house.database.rows("select w.pid, count(a.account_id) as n from answerd.worker w join answerd.account a on a.holder = w.holder "
                               "and a.held_until > now() group by w.pid")
    pids = {w.process.pid: n for n, w in enumerate(house.workers) if w.process is not None}
    return {pids[row["pid"]]: row["n"] for row in rows if row["pid"] in pids}


def wait_held(house, wanted, timeout=30):
    def so():
        found = shares(house)
        assert found == wanted, f"{found}\n" + "\n".join(w.log(800) for w in house.workers)
        return True
    wait_until(so, timeout, f"shares {wanted}")


def wait_stored(house, ids):
    """All that was said so far, on every server. (Ids of two servers may be the same; house.wait_for() wants every worker alive.)"""
    wait_until(lambda: house.database.one("select count(*) from answerd.message") >= len(ids), 40, f"{len(ids)} messages are stored")
    assert set(ids) <= house.known() and house.database.one("select count(*) from answerd.message") == len(ids)


def speak(house, text):
    return [house.town.post(f"ann{n}", f"@shop{n} {text}", f"s{n}") for n in range(6)]


def test_accounts_are_shared_evenly(town_of_six):
    """A second worker gets half, a third a third; who stops gives its share back to the others; nothing is lost or doubled on the way."""
    house = town_of_six
    ids = speak(house, "one")
    house.another_worker().start()
    wait_held(house, {0: 3, 1: 3})
    ids += speak(house, "two")
    house.another_worker().start()
    wait_held(house, {0: 2, 1: 2, 2: 2})
    ids += speak(house, "three")
    house.workers[1].stop()
    wait_held(house, {0: 3, 2: 3})
    ids += speak(house, "four")
    house.workers[0].stop()
    wait_held(house, {2: 6})
    ids += speak(house, "five")
    wait_stored(house, ids)
    stable = house.database.one("select sum(epoch) from answerd.account")
    house.rounds("s0", 8, timeout=60)       # longer than a heartbeat: nobody passes accounts to and fro
    assert house.database.one("select sum(epoch) from answerd.account") == stable
    assert len(ids) == 30
    house.verify()


def test_a_dead_worker_is_replaced_at_once(town_of_six):
    """Killed: the other one holds its accounts within 2 s by the database's clock, although its heartbeat is still fresh."""
    house = town_of_six
    house.another_worker().start()
    wait_held(house, {0: 3, 1: 3})
    begun = house.database.one("select clock_timestamp()")
    house.workers[0].kill()
    wait_held(house, {1: 6})
    taken = house.database.one("select max(leased_at) from answerd.account")
    assert 0 < (taken - begun).total_seconds() < 2
    wait_stored(house, speak(house, "after"))
    house.verify()


def test_a_frozen_worker_gets_its_share_again_when_it_wakes(town_of_six):
    """Frozen: taken over by the epoch after 30 s, all of it. Awake: what it still sends is refused, and it gets a share again."""
    house = town_of_six
    house.another_worker().start()
    wait_held(house, {0: 3, 1: 3})
    house.workers[0].freeze()
    begun = house.database.one("select clock_timestamp()")
    ids = speak(house, "frozen")
    wait_held(house, {1: 6}, timeout=60)
    # 30 s after its last sign of life, which was up to a heartbeat before; and no more than a look later.
    taken = house.database.one("select max(leased_at) from answerd.account")
    assert 20 < (taken - begun).total_seconds() < 32
    house.workers[0].wake()
    wait_held(house, {0: 3, 1: 3}, timeout=60)
    ids += speak(house, "awake")
    wait_stored(house, ids)
    house.verify()


def test_a_worker_that_takes_nothing_makes_nobody_deaf(house):
    """One that lives, is counted and takes no account (another file, a bug): what it leaves is taken after ten seconds."""
    with house.database.connect() as ghost:
        ghost.execute("select pg_advisory_lock(0, hashtext('ghost'))")
        ghost.execute("insert into answerd.worker (holder, pid, started_at, beat_at, n_accounts) values ('ghost', 1, now(), now() + interval '1 hour', 6)")
        for n in range(6):
            house.mastodon(f"s{n}", own=f"shop{n}", people=(f"ann{n}",), brand="acme" if n < 4 else "bolt")
        house.worker.start()
        wait_held(house, {0: 3})
        wait_stored(house, speak(house, "hello"))


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_budget_goes_with_the_account(house, how):
    """A platform that says nothing about its limit of 300 requests in five minutes, and history that would take more: three workers
    one after the other ask no more than one would."""
    house.mastodon("busy", own="shop", people=("ann", "bob"), options={"rate_limit": 300, "dialect": ["norate"]})
    now = house.town.now_ms()
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop old {i}", "at": now - 86_400_000 + i * 1000} for i in range(1500)],
                                            server="busy")]
    begun = time.monotonic()
    for n in range(3):
        worker = house.another_worker().start()
        last, since = house.town.requests("busy"), time.monotonic()
        goal = last + (150 if n == 0 else 5)
        wait_until(lambda: house.town.requests("busy") >= goal, 60, "it asks")
        if n < 2:
            getattr(worker, how)()
    assert set(ids[:40]) & house.known()
    # Half of 300 at once, the rest spread over 300 seconds; after a kill a few questions, then as thinly.
    asked, now = house.town.requests("busy"), time.monotonic()
    assert asked <= 150 + 0.2 * (now - begun) + 15
    assert how == "stop" or asked - last <= 0.2 * (now - since) + 10, f"{asked - last} in {now - since:.0f} s"
    assert house.town.counters().get("busy 429", 0) == 0, house.town.counters()


def test_a_wait_goes_with_the_account(house):
    """The platform said wait, then the worker died: its successor waits too."""
    house.mastodon("busy", own="shop", people=("ann",))
    house.worker.start()
    house.wait_for(house.town.post("ann", "@shop before", "busy"))
    fault = house.town.fault("limited", server="busy", path="", count=1, seconds=40)
    wait_until(lambda: house.town.hits(fault) == 1, 20, "it was told to wait")
    wait_until(lambda: house.database.one("select ask_after > now() + interval '20 s' from answerd.account"), 10, "that is written down")
    n = house.town.requests("busy")
    house.worker.kill()
    second = house.another_worker().start()
    wait_until(lambda: "event=account_leased" in second.log(), 20, "the other one has the account")
    wait_until(lambda: house.database.one("select max(beat_at) > max(started_at) + interval '4 s' from answerd.worker where stopped_at is null"), 20)
    assert house.town.requests("busy") == n
