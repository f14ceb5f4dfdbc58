"""Another database under a living house (I7): a replica is promoted, synchronous or not, while replies are on their way; a backup is put in the
place of what was there. Queued replies are read back before their first byte, nothing is posted twice, and somebody is told."""
import shutil

import psycopg
import pytest

from rig import wait_until
from rig.postgres import Cluster
from rig.programs import migrate
from rig.standby import Backup, Standby, follow_synchronously
from test_outbox import assert_once, many, open_states, queue_all
from test_outbox_lies import answer_all


@pytest.fixture
def estate(house):
    """A house whose database is a server of its own, the list of all servers, and eight questions that wait."""
    servers = [Cluster()]
    database = servers[0].create()
    house.database, house.config.conninfo = database, database.conninfo
    migrate(house.config)
    database.use_test_clock()
    house.config.brand()["repeat_limit"] = 0
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s")
    yield house, servers
    house.end()
    for server in servers:
        try:
            server.destroy()
        except AssertionError:
            shutil.rmtree(server.folder, ignore_errors=True)


def panic(house, is_on):
    house.database.one("select answerd.panic(answerd.desk_admin(), %s)", is_on)


def lsn(server, function):
    with psycopg.connect(server.conninfo(), autocommit=True) as conn:
        return conn.execute(f"select {function}()::text").fetchone()[0]


def wait_caught_up(primary, standby):
    wait_until(lambda: lsn(primary, "pg_current_wal_lsn") == lsn(standby, "pg_last_wal_replay_lsn"), 30, "the replica has it all")


def another_database_was_told(house):
    return house.database.one("select count(*) from answerd.alert where text like 'This is another database%%'")


def assert_all_sent_once(house, texts, n_told=1):
    def known():
        found = open_states(house)
        assert not found, (found, house.database.rows("select reply_id, what, note, at from answerd.reply_event order by event_id desc limit 12"), house.worker.log(1500))
        return True
    wait_until(known, 90, "it is known what became of each")
    assert house.database.column("select distinct state::text from answerd.reply") == ["sent"]
    assert_once(house, texts)
    assert another_database_was_told(house) == n_told
    house.wait_waiting(timeout=40)
    house.verify()


def test_a_replica_that_knows_less(estate):
    """Asynchronous: the primary posts replies whose commits the replica never gets, and dies. The replica, promoted, still has them
    queued: they are looked for first and found."""
    house, servers = estate
    house.begin(desk=False)
    conversations = many(house, 8)
    panic(house, True)
    texts = queue_all(house, conversations)
    primary, standby = servers[0], Standby(servers[0])
    servers.append(standby)
    wait_caught_up(primary, standby)
    standby.stop("immediate")           # what follows it will never know
    panic(house, False)
    wait_until(lambda: not open_states(house), 30, "the old primary posts them")
    assert_once(house, texts)
    primary.stop("immediate")
    standby.start()
    standby.promote()
    house.database = standby.database(house.database.name)
    assert open_states(house) == {"queued": 8}
    house.config.conninfo = house.database.conninfo
    house.worker.kill()
    house.worker.start()
    panic(house, False)
    assert_all_sent_once(house, texts)


def test_a_synchronous_replica_takes_over_while_replies_go_out(estate):
    """Synchronous: the primary dies in the middle of sixty replies, a third of them lied about; the worker lives on and finds the promoted
    replica by itself. Every intent is there, what is still queued is looked for first; nothing is lost, nothing twice."""
    house, servers = estate
    primary, standby = servers[0], Standby(servers[0])
    servers.append(standby)
    follow_synchronously(primary)
    name = house.database.name
    house.config.conninfo = f"host={primary.folder},{standby.folder} port={primary.port} dbname={name} user=postgres"
    house.begin(desk=False)
    conversations = many(house, 60)
    house.town.fault("lie", server="social", prob=0.3, count=0, seed=11)
    panic(house, True)
    texts = queue_all(house, conversations)
    panic(house, False)
    wait_until(lambda: len(house.town.applied("social")) >= 15, 60, "they go out")
    primary.stop("immediate")
    standby.promote()
    house.database = standby.database(name)
    known = {r["state"]: r["n"] for r in house.database.rows("select state::text, count(*) as n from answerd.reply group by 1")}
    assert sum(known.values()) == 60 and known.get("queued", 0) > 0, known
    # What had been begun when it died is known to have been begun: the book has nothing whose intent is not there.
    begun = set(house.database.column("select words from answerd.reply where exists (select from answerd.attempt t where t.reply_id = reply.reply_id)"))
    assert {t for t in texts.values() if any(t in p["text"] for p in house.town.applied("social"))} <= begun
    wait_until(lambda: not open_states(house), 120, "it is known what became of each")
    house.town.heal()
    assert_all_sent_once(house, texts)
    house.worker.assert_alive()


def test_nothing_leaves_while_the_replica_is_away(estate):
    """Synchronous, and the replica does not answer: an intent is not committed, so no byte leaves, also where somebody ends the wait for
    it (a COMMIT with a warning is no answer). When it is back, each goes once."""
    house, servers = estate
    primary, standby = servers[0], Standby(servers[0])
    servers.append(standby)
    follow_synchronously(primary)
    house.begin(desk=False)
    conversations = many(house, 8)
    standby.stop("immediate")
    house.database.rows("set synchronous_commit = local")       # who types does not wait
    texts = queue_all(house, conversations)
    waiting = "from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()"
    wait_until(lambda: house.database.one(f"select count(*) {waiting} and query like '%%respond_claim%%'") > 0, 30, "an intent waits for the replica")
    for _ in range(3):
        assert house.town.applied("social") == []
        # Between a look and the act the worker may have given up by itself and begun anew.
        wait_until(lambda: house.database.one(f"select count(*) filter (where pg_cancel_backend(pid)) {waiting}") > 0, 60, "a wait is ended, or ended again")
    wait_until(lambda: house.database.one(f"select count(*) {waiting}") > 0, 60, "it waits again")
    assert house.town.applied("social") == []
    standby.start()
    assert_all_sent_once(house, texts, n_told=0)


@pytest.mark.parametrize("lives", (True, False))
def test_a_backup_in_its_place(estate, lives):
    """Yesterday's backup is started where the database was: the same system, the same timeline. What it has queued and was posted since is
    looked for and found; a worker that lived on knows that it is an older copy, and tells."""
    house, servers = estate
    house.begin(desk=False)
    conversations = many(house, 9)
    panic(house, True)
    texts = queue_all(house, conversations[:8])
    backup = Backup(servers[0])
    panic(house, False)
    wait_until(lambda: not open_states(house), 30, "they are posted")
    if not lives:
        house.worker.kill()
    servers[0].stop("immediate")
    backup.replace(servers[0])
    servers[0].start()
    assert open_states(house) == {"queued": 8}
    if not lives:
        house.worker.start()
    panic(house, False)
    texts.update(answer_all(house, conversations[8:], first=8))
    assert_all_sent_once(house, texts, n_told=int(lives))
