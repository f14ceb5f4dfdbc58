"""The outbox when things break at a chosen place: the worker is killed before a system call that has an effect (I8), the database fails
over to a replica, with and without synchronous replication, or comes back from a backup (I7)."""
import os
import pathlib
import shutil
import signal

import psycopg
import pytest

from rig import wait_until
from rig.platforms import capabilities
from rig.postgres import Cluster
from rig.programs import Worker, migrate
from rig.standby import Standby
from test_outbox import assert_once, many, open_states, queue_all
from test_outbox_lies import Site, answer_all, each_once

# What the world outside sees of a worker: connections, bytes, their ends; and each answer that it is about to read.
CALLS = ("connect", "sendto", "sendmsg", "write", "writev", "shutdown", "close", "recvfrom")
SOAK = "ANSWERD_SOAK" in os.environ


class Struck(Worker):
    """A worker under strace, which counts its calls, or kills it before one."""

    def begin(self, calls, more=""):
        wrapper = self.config.folder / "struck"
        program = Worker(self.config, self.config.folder).binary
        wrapper.write_text(f'#!/bin/sh\nexec strace -f -qq -o {self.counts} -e trace={calls} {more} {program} "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        self.binary = str(wrapper)
        return self.start()

    @property
    def counts(self):
        return self.config.folder / "calls.txt"

    def strike(self, call, n):
        """It will be killed before its n-th call of this name."""
        return self.begin(call, f"-e inject={call}:signal=SIGKILL:when={n}")

    def count(self):
        """{call: how often}, after it was killed; files and libraries that are closed at the start have no effect."""
        found = dict.fromkeys(CALLS, 0)
        for line in self.counts.read_text(encoding="utf-8", errors="replace").splitlines():
            call = line.split(maxsplit=1)[1].partition("(")[0]
            if call in found:
                found[call] += 1
        return found

    def kill(self):
        """strace and what it traces."""
        if self.is_running():
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            self.process.wait(20)


def some(points, n):
    """So many of them, evenly."""
    return points if SOAK else [points[i * len(points) // n] for i in range(min(n, len(points)))]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("connector, n_sample", (("mastodon", 12), ("telegram", 4), ("wordpress", 6)))
def test_crashpoints(house, connector, n_sample):
    """I8: from the start of the worker to the end of a reply, half of them under a lie, killed before the n-th call with an effect, for
    every call and every n (a sample outside of --soak crashpoints). Every reply once, or somebody is asked."""
    can = capabilities(connector)
    house.config.brand()["repeat_limit"] = 0
    site = Site(house, connector)
    house.config.brand()["accounts"]["acme_many"]["every"] = "5s"       # what listens has calls of its own
    house.begin(desk=False)
    struck = Struck(house.config, house.folder, "struck")
    house.workers.append(struck)
    lies = {"server": "many", "prob": 0.5, "how": ["applied_502", "applied_reset", "unapplied_reset", "unapplied_empty"]}

    # Counted first, with three replies of which nobody knows the first two at once.
    house.town.fault("lie", **{**lies, "prob": 1}, count=2)
    conversations = site.ask(3)
    house.worker.stop()
    texts = answer_all(house, conversations)
    struck.begin(",".join(CALLS))
    wait_until(lambda: not open_states(house), 60, "done without a kill")
    struck.kill()
    n_calls = struck.count()
    assert n_calls["sendto"] > 20 and n_calls["connect"] > 2, n_calls
    points = some([(call, n) for n in range(1, max(n_calls.values()) + 1) for call in CALLS if n <= n_calls[call]], n_sample)

    house.worker.start()
    conversations = site.ask(len(points), first=3)
    house.worker.stop()
    house.town.fault("lie", **lies, count=0, seed=7)
    n_struck = 0
    for i, (point, c) in enumerate(zip(points, conversations)):
        texts.update(answer_all(house, [c], first=3 + i))
        struck.strike(*point)
        wait_until(lambda: not struck.is_running() or not open_states(house), 120, f"killed before {point}, or done")
        n_struck += not struck.is_running()
        struck.kill()
    assert n_struck >= len(points) // 4, f"{n_struck} of {len(points)}"
    house.town.heal()
    house.worker.start()
    wait_until(lambda: not open_states(house), 180, "every reply ends")
    print(f"{connector}: killed at {n_struck} of {len(points)} points; {n_calls}")
    each_once(house, site, texts, can)


def test_a_failover_posts_nothing_twice(house, tmp_path):
    """I7, asynchronous: the primary posts replies whose commits the replica never gets, and dies. The replica, promoted, still has them
    queued: they are looked for first, found, and nothing is posted twice; somebody is told that this is another database."""
    primary = Cluster()
    standby = None
    try:
        database = primary.create()
        house.database, house.config.conninfo = database, database.conninfo
        migrate(house.config)
        database.use_test_clock()
        house.config.brand()["repeat_limit"] = 0
        house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s")
        house.begin(desk=False)
        conversations = many(house, 8)
        admin = database.one("select answerd.desk_admin()")
        database.one("select answerd.panic(%s, true)", admin)
        texts = queue_all(house, conversations)
        standby = Standby(primary)
        wait_until(lambda: primary_sent(primary) == replayed(standby), 20, "the replica has it all")
        standby.stop("immediate")           # what follows it will never know
        database.one("select answerd.panic(%s, false)", admin)
        wait_until(lambda: not open_states(house), 30, "the old primary posts them")
        assert_once(house, texts)
        primary.stop("immediate")
        standby.start()
        standby.promote()
        house.database = standby.database(database.name)
        assert open_states(house) == {"queued": 8}
        house.config.conninfo = standby.conninfo(database.name)
        house.worker.kill()
        house.worker.start()
        house.database.one("select answerd.panic(%s, false)", admin)
        wait_until(lambda: not open_states(house), 60, "the new one knows what became of them")
        assert house.database.column("select distinct state::text from answerd.reply") == ["sent"]
        assert_once(house, texts)
        assert house.database.one("select count(*) from answerd.alert where text like 'This is another database%%'") == 1
        house.wait_waiting(timeout=40)
        house.verify()
    finally:
        house.end()
        for cluster in (primary, standby):
            if cluster is not None:
                try:
                    cluster.destroy()
                except AssertionError:
                    shutil.rmtree(cluster.folder, ignore_errors=True)


def primary_sent(primary):
    return lsn(primary, "select pg_current_wal_lsn()::text")


def replayed(standby):
    return lsn(standby, "select pg_last_wal_replay_lsn()::text")


def lsn(cluster, sql):
    with psycopg.connect(cluster.conninfo(), autocommit=True) as conn:
        return conn.execute(sql).fetchone()[0]
