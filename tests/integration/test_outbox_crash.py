"""The outbox when things break at a chosen place: the worker is killed before a system call that has an effect (I8), and the database fails
over to a replica that does not know the last commits (I7)."""
import os
import pathlib
import shutil
import signal

import psycopg
import pytest

from rig import wait_until
from rig.postgres import Cluster
from rig.programs import Worker, migrate
from rig.standby import Standby
from test_outbox import assert_once, many, open_states, queue_all

EFFECTS = "connect,sendto,sendmsg,write,writev"


class Struck(Worker):
    """A worker that is killed before its n-th call with an effect."""

    def strike(self, n):
        self.binary = self.wrap(f"-e inject={EFFECTS}:signal=SIGKILL:when={n}")
        return self.start()

    def wrap(self, more):
        wrapper = self.config.folder / "struck"
        program = Worker(self.config, self.config.folder).binary
        wrapper.write_text(f'#!/bin/sh\nexec strace -f -qq -o /dev/null -e trace={EFFECTS} {more} {program} "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        return str(wrapper)

    def kill(self):
        """strace and what it traces."""
        if self.is_running():
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            self.process.wait(20)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif("ANSWERD_SANITIZED" in os.environ, reason="a sanitizer has system calls of its own")
def test_killed_before_a_call_with_an_effect(house):
    """I8: from the start of the worker to the end of a reply, killed before the n-th effect, for a sample of n; every reply once."""
    soak = "ANSWERD_SOAK" in os.environ
    house.config.brand()["repeat_limit"] = 0
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s")
    house.begin(desk=False)
    points = list(range(1, 161)) if soak else list(range(4, 74, 5))
    conversations = many(house, len(points))
    house.worker.stop()
    texts, n_struck = {}, 0
    struck = Struck(house.config, house.folder, "struck")
    house.workers.append(struck)
    for n, c in zip(points, conversations):
        more = queue_all(house, [c])
        house.database.rows("update answerd.reply set body = %s, words = %s where reply_id = %s", f"Point {n} of the sample.", f"Point {n} of the sample.",
                            int(next(iter(more))))
        texts[next(iter(more))] = f"Point {n} of the sample."
        struck.strike(n)
        wait_until(lambda: not struck.is_running() or not open_states(house), 60, "killed, or done")
        n_struck += not struck.is_running()
        struck.kill()
    assert n_struck >= len(points) // 3
    house.worker.start()
    wait_until(lambda: not open_states(house), 120, "every reply ends")
    assert house.database.column("select distinct state::text from answerd.reply") == ["sent"]
    assert_once(house, texts)
    house.wait_waiting(timeout=40)
    house.verify()


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
