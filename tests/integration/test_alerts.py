"""Who waits too long is told to somebody, once, in time, whatever dies meanwhile (RELIABILITY I4, S4, S5, S16, S18; DESIGN §6)."""
import asyncio
import collections
import os
import random
import re
import subprocess
import time

import pytest

from rig import Hook, Mailbox, Worker, wait_until
from rig.floor import Floor
from rig.place import program

KEYS = ["event", "step", "policy", "brand", "account", "count", "at", "text", "items"]


@pytest.fixture
def floor(database, tmp_path):
    floor = Floor(database, tmp_path)
    yield floor
    floor.end()


def test_a_breach_is_told_within_a_second(floor):
    """due → notify; the body of DESIGN §6, signed, under a delivery id, with the queue entry and both clocks."""
    hook = floor.channel("care", Hook(secrets=["s3cret"]), secret=floor.secret("care", "s3cret"))
    floor.channel("owner", Hook())
    floor.begin()
    place = floor.account()
    before = time.time()
    conversation, = floor.say(place, 1, 2.0, handle="carl")
    warn, = hook.wait(1, "waiting", "warn")         # its warning is past already
    due, = hook.wait(1, "waiting", "due")
    assert before + 2 <= due.at <= before + 2 + 2, f"told {due.at - before - 2:.2f} s late"
    assert not hook.faults and due.delivery and due.delivery != warn.delivery
    assert list(due.body) == KEYS
    assert {k: due.body[k] for k in KEYS[1:6]} == {"step": "due", "policy": "fast", "brand": "acme", "account": "acme_social", "count": 1}
    entry, = due.body["items"]
    assert entry["id"] == conversation and entry["customer"]["handle"] == "carl" and entry["state"] == "overdue"
    assert re.search(r"@carl on acme_social has waited 30m since \d\d:\d\d.* \(office clock: 30m\)", due.body["text"]), due.body["text"]


def test_every_step_goes_to_whom_the_policy_says(floor):
    care, owner = floor.channel("care", Hook()), floor.channel("owner", Hook())
    floor.begin()
    floor.say(floor.account(), 1, 1.0)
    care.wait(1, "waiting", "due")
    assert not owner.all("waiting")
    floor.database.shift(16 * 60)
    owner.wait(1, "waiting", "lead")
    floor.database.shift(2 * 3600)
    owner.wait(1, "waiting", "stop")
    assert [h.step for h in care.all("waiting")] == ["warn", "due"] and [h.step for h in owner.all("waiting")] == ["lead", "stop"]
    # Back and forth again: nothing is repeated, nothing missed.
    floor.database.shift(-3600)
    floor.database.shift(2 * 3600)
    other, = floor.say(floor.account("other"), 1, -1.0)
    care.wait(2, "waiting", "due")
    assert [h.step for h in owner.all("waiting")] == ["lead", "stop"] and care.all("waiting", "due")[1].ids == [other]


def test_ten_thousand_at_nine_are_one_telling(floor):
    """A wave is one message a team, with a count and at most 50 items; the second wave waits for the group's interval."""
    care = floor.channel("care", Hook(), group_interval="30s")
    floor.channel("owner", Hook())
    floor.config.policies[0]["stop"] = "20h"
    floor.begin()
    place = floor.account()
    floor.say(place, 10_000, 3600.0)
    assert not care.all()
    floor.database.shift(2 * 3600)
    told, = care.wait(1, "waiting", "due", timeout=60)
    wait_until(lambda: floor.untold() == 0, 60, "all are told")
    assert [(h.step, h.body["count"]) for h in care.all("waiting")].count(("due", 10000)) == 1, [(h.step, h.body["count"]) for h in care.all()]
    assert len(told.body["items"]) == 50 and "10000 customers" in told.body["text"] and "… and 9950 more" in told.body["text"]
    assert len(care.all("waiting", "due")) == 1 and len(care.all("waiting", "warn")) == 1
    assert floor.database.one("select count(*) from answerd.alert where step = 'due'") == 10000


def test_acknowledged_is_not_escalated_but_the_hard_stop_speaks(floor):
    care, owner = floor.channel("care", Hook()), floor.channel("owner", Hook())
    floor.begin().open_desk()
    one, two = floor.say(floor.account(), 2, 0.5)
    care.wait(1, "waiting", "due")
    wait_until(lambda: floor.untold() == 0, 10, "told")
    alerts = floor.answer("alerts", "--open", code=0).items
    assert {a["conversation"] for a in alerts} == {one, two} and {a["state"] for a in alerts} == {"open"}
    mine = next(a for a in alerts if a["conversation"] == one and a["step"] == "due")
    assert [c["channel"] + c["state"] for c in mine["channels"]] == ["caretold"]
    assert floor.answer("ack", mine["id"], code=0).json["acked_by"] == "admin"
    said = " ".join(floor.answer("ack", mine["id"], raw=True, code=0).out.split())
    assert "acknowledged by admin. That is for this step alone" in said and "the hard stop speaks all the same" in said, said
    assert floor.answer("ack", "999", code=4)
    assert mine["id"] not in [a["id"] for a in floor.answer("alerts", "--open", code=0).items]
    assert mine["id"] in [a["id"] for a in floor.answer("alerts", code=0).items]
    floor.database.shift(16 * 60)
    lead, = owner.wait(1, "waiting", "lead")
    assert lead.ids == [two]
    floor.database.shift(2 * 3600)
    wait_until(lambda: sorted(sum((h.ids for h in owner.all("waiting", "stop")), [])) == sorted([one, two]), 15, "the hard stop speaks of both")
    assert floor.database.one("select count(*) from answerd.audit where act = 'ack'") == 1
    table = floor.answer("alerts", raw=True, code=0).out
    assert "admin acknowledged it" in table and max(map(len, table.splitlines())) <= 80


def test_silence_and_quiet_hours_keep_back_and_tell_at_their_end(floor):
    care = floor.channel("care", Hook(), quiet=["Mon-Sun 00:00-24:00"])
    owner = floor.channel("owner", Hook())
    floor.begin().open_desk()
    place = floor.account()
    floor.answer("silence", "--for", "5h", "--reason", "moving house", "--channel", "owner", code=0)
    assert floor.answer("silence", "--for", "5h", code=2)
    assert floor.answer("silence", "--for", "never", "--reason", "x", code=2)
    one, two = floor.say(place, 2, 0.2)
    wait_until(lambda: floor.database.column("select distinct kept_by from answerd.delivery where state = 'kept'") == ["quiet hours"], 10, "kept back")
    floor.database.shift(16 * 60)
    wait_until(lambda: floor.database.one("select count(*) from answerd.delivery where kept_by = 'silence 1'") == 2, 10, "silenced")
    shown = floor.answer("alerts", raw=True, code=0).out
    assert "quiet hours" in shown and "silence 1" in shown
    where = floor.answer("alerts", "test", "--conversation", one, code=0).json
    assert [(s["step"], [(c["channel"], c["would"]) for c in s["channels"]]) for s in where["steps"]] == [
        ("warn", [("care", "keep")]), ("due", [("care", "keep")]), ("lead", [("owner", "keep")]), ("stop", [("owner", "tell")])]
    floor.database.shift(2 * 3600)
    owner.wait(1, "waiting", "stop")        # passes
    assert not owner.all("waiting", "lead") and not care.all()
    silence, = floor.answer("silences", code=0).items
    assert silence["reason"] == "moving house" and silence["by"] == "admin"
    floor.answer("unsilence", silence["id"], code=0)
    digest, = owner.wait(1, "digest")
    assert digest.body["count"] == 2 and sorted(digest.ids) == sorted([one, two]) and "kept back" in digest.body["text"]
    # The quiet hours are taken out of the file.
    del floor.config.channels["care"]["quiet"]
    floor.worker.reload()
    digest, = care.wait(1, "digest", timeout=20)
    assert digest.body["count"] == 4
    assert floor.database.column("select act from answerd.audit where act like 'silence%%' order by seq") == ["silence", "silence_end"]


def test_imported_history_is_one_summary(floor):
    """Hundreds of old questions on connect: no storm, one sentence at the end (pain 3); what is new afterwards is told."""
    care, owner = floor.channel("care", Hook()), floor.channel("owner", Hook())
    floor.begin()
    place = floor.account(is_imported=False)
    for n in range(4):
        floor.say(place, 75, -3600.0 * 48, last=n == 3, history=1)
    digest, = owner.wait(1, "digest", timeout=25)
    assert "300 customers in it still wait" in digest.body["text"] and digest.body["account"] == "acme_social"
    new, = floor.say(place, 1, -1.0)
    told, = care.wait(1, "waiting", "due")
    assert told.ids == [new] and len(owner.all("digest")) == 1 and not owner.all("waiting")


def test_a_connected_account_tells_of_its_history_once(house):
    """The same with a real connector: what was there before is one sentence, what comes then is an alarm."""
    hook = Hook()
    try:
        house.mastodon("social", own="shop", people=("ann", "bob"))
        old = [house.town.post("ann", f"@shop where is parcel {n}?") for n in range(5)]
        house.config.policies = [{"name": "fast", "warn": "1s", "first": "2s", "stop": "20h", "clock": "calendar"}]
        house.config.channels["care"] = {"type": "webhook", "url": hook.url, "insecure_loopback": True, "group_interval": "1s"}
        house.config.health = {"notify": ["care"]}
        house.begin(desk=False)
        house.wait_for(*old)
        digest, = hook.wait(1, "digest", timeout=40)
        assert "5 customers in it still wait" in digest.body["text"], digest.body["text"]
        new = house.town.post("bob", "@shop and mine?")
        told, = hook.wait(1, "waiting", "due", timeout=20)
        assert told.body["items"][0]["customer"]["handle"] == "bob" and len(hook.all("digest")) == 1
        house.wait_for(new)
        assert {h.body["count"] for h in hook.all("waiting")} == {1}
    finally:
        hook.destroy()


def test_heartbeat_goes_the_same_way(floor):
    owner = floor.channel("owner", Hook())
    floor.channel("care", Hook())
    floor.begin(heartbeat={"channel": "owner", "every": "10s"})
    first, second = owner.wait(2, "heartbeat", timeout=40)[:2]
    assert 8 < second.at - first.at < 25 and "answerd is alive" in first.body["text"]


# ---- channels

def test_a_failing_channel_is_told_of_on_the_others_and_recovers(floor):
    """Each channel has a health of its own; all failing is said by the desk."""
    care, owner = floor.channel("care", Hook()), floor.channel("owner", Mailbox())
    floor.begin().open_desk()
    care.status = 500
    conversation, = floor.say(floor.account(), 1, 0.2)
    mail, = owner.wait(1, "deaf", timeout=30)
    assert "Channel care fails since" in mail.text and "status 500" in mail.text
    owner.close()
    floor.say(floor.account("other"), 1, -16 * 60.0)     # lead: for the owner

    def unhealthy():
        alerts = floor.answer("alerts", code=0).json
        return alerts["trouble"] and alerts["trouble"].startswith("Alerts reach nobody")
    wait_until(unhealthy, 40, "the desk says that alerts reach nobody")
    assert "Alerts reach nobody" in floor.answer("queue", raw=True).out
    care.status = 200
    back = time.time()
    assert conversation in care.wait(1, "waiting", "due", timeout=60)[0].ids
    owner.open()
    owner.wait(1, "waiting", timeout=60)
    owner.wait(1, "hearing", timeout=60)
    assert time.time() - back < 120
    wait_until(lambda: floor.answer("alerts", code=0).json["trouble"] is None, 20, "all is well")


def test_mail_is_strict_and_its_receivers_come_from_the_file(floor):
    """S18: customers' words and names can make no header, no second mail and no second receiver."""
    box = floor.channel("care", Mailbox(login=("answerd", "pass word")), to=["care@shop.example", "second@shop.example"], user="answerd",
                        password=floor.secret("mail", "pass word"))
    floor.channel("owner", Hook())
    floor.begin()
    evil = "hi\r\n.\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<victim@x.example>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n\x0b\x85\u2028Bcc: victim@x.example\n.\n"
    place = floor.account()
    floor.say(place, 1, -1.0, text=evil, handle="x\r\nBcc: victim@x.example")
    floor.say(place, 1, -1.0, text="." * 2000, handle="=?utf-8?q?evil?=")
    floor.say(place, 1, -1.0, text="\u202egnp.exe", handle="⠀ǆ漢字" * 8)
    wait_until(lambda: floor.database.one("select count(*) from answerd.alert where step = 'due'") == 3 and floor.untold() == 0, 20, "all told")
    assert not box.faults, box.faults
    for mail in box.all("waiting"):
        assert (mail.sender, mail.receivers) == ("answerd@shop.example", ["care@shop.example", "second@shop.example"])
        assert mail.headers["Auto-Submitted"] == "auto-generated" and mail.headers["Bcc"] is None
        assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u202e]", mail.text), repr(mail.text)
        assert re.fullmatch(r"\d customers? .*\(fast\): acme_social", mail.subject), mail.subject
    ids = [m.headers["Message-ID"] for m in box.all()]
    assert len(set(ids)) == len(ids)


def test_one_dead_address_does_not_keep_a_mail_from_the_others(floor):
    box = Mailbox()
    box.unknown = ("gone@shop.example",)
    floor.channel("care", box, to=["care@shop.example", "gone@shop.example"])
    floor.channel("owner", Hook())
    floor.begin()
    floor.say(floor.account(), 1, -1.0)
    mail = box.wait(1, "waiting")[0]
    assert mail.receivers == ["care@shop.example"]


async def endless(reader, writer):
    writer.write(b"220 hello\r\n")
    while True:
        writer.write(b"250-" + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def one_long_line(reader, writer):
    writer.write(b"220 ")
    for _ in range(3000):
        writer.write(b"y" * 4000)
        await writer.drain()


async def garbage(reader, writer):
    writer.write(bytes(range(256)) * 4 + b"\r\n999 what\r\n-1\r\n220\0\r\n")
    await writer.drain()
    await asyncio.sleep(1)


async def early_success(reader, writer):
    """Says 250 to everything and hangs up before the mail was read."""
    writer.write(b"220 a\r\n250 a\r\n250 a\r\n250 a\r\n354 a\r\n")
    await writer.drain()
    await asyncio.sleep(0.2)


async def says_no_late(reader, writer):
    writer.write(b"220 a\r\n")
    for answer in (b"250 a\r\n", b"250 a\r\n", b"250 a\r\n", b"354 a\r\n"):
        await reader.readline()
        writer.write(answer)
        await writer.drain()
    while (await reader.readline()) != b".\r\n":
        pass
    writer.write(b"554 spam\r\n")
    await writer.drain()
    await asyncio.sleep(0.2)


def test_hostile_mail_servers_are_failures_and_nothing_else(floor):
    """A server's replies are foreign bytes: no crash, no hang of others, no success."""
    box, care = Mailbox(), Hook()
    floor.channel("bad", box)
    floor.channel("care", care)
    floor.channel("owner", Hook())
    floor.config.policies[0]["notify"] = ["care", "bad"]
    box.script = endless
    floor.begin()
    place = floor.account()
    for n, script in enumerate((endless, one_long_line, garbage, early_success, says_no_late)):
        box.script, start = script, box.n_connections
        floor.say(place, 1, -1.0)
        wait_until(lambda: box.n_connections >= start + 2, 90, f"{script.__name__} is tried again")
        care.wait(n + 1, "waiting", "due")
        floor.worker.assert_alive()
    floor.worker.assert_small()
    assert floor.database.one("select told_at from answerd.channel where name = 'bad'") is None and not box.all()
    box.script = None
    wait_until(lambda: floor.untold() == 0, 60, "a server that behaves gets what was waiting")
    assert not box.faults, box.faults


def test_a_webhook_is_never_led_elsewhere(floor):
    """S4: a redirect is a failure, its target is never asked. S5: loopback only where the channel says so."""
    care, other = floor.channel("care", Hook()), Hook()
    owner = floor.channel("owner", Hook())
    floor.config.channels["inner"] = {"type": "webhook", "url": f"https://localhost:{other.port}/told", "port": other.port}
    floor.config.policies[0]["notify"] = ["care", "inner"]
    floor.ears.append(other)
    care.status, care.location = 307, other.url
    floor.begin()
    floor.say(floor.account(), 1, -1.0)

    def texts():
        return " ".join(h.body["text"] for h in owner.all("deaf"))
    wait_until(lambda: "status 307" in texts() and "localhost: its network address or port is not allowed" in texts(), 40, "both channels are told of")
    assert other.n_connections == 0
    care.status = 200
    care.wait(1, "waiting", "due", timeout=30)


def test_two_secrets_sign_while_one_is_exchanged_for_the_other(floor):
    new = floor.channel("care", Hook(secrets=["new one"]), secret=floor.secret("old", "old one"), other_secret=floor.secret("new", "new one"))
    old = floor.channel("owner", Hook(secrets=["old one"]), secret=floor.secret("old", "old one"), other_secret=floor.secret("new", "new one"))
    floor.begin()
    floor.say(floor.account(), 1, -16 * 60.0)
    new.wait(1, "waiting", "due")
    old.wait(1, "waiting", "lead")
    assert not new.faults and not old.faults


def test_the_journal_gets_no_customers_words(floor):
    """Where there is no journal the line goes to stderr, which units send there."""
    floor.config.channels["care"] = {"type": "journal", "group_interval": "1s"}
    floor.channel("owner", Hook())
    floor.begin()
    floor.say(floor.account(), 1, -1.0, text="a very private question", handle="carl")
    wait_until(lambda: floor.database.one("select told_at from answerd.channel where name = 'care'"), 15, "the journal took it")
    log = floor.worker.log(100_000)
    assert "private" not in log and "carl" not in log
    if not os.path.exists("/run/systemd/journal/socket"):
        assert re.search(r'alert .*event=waiting .*text="1 customer waits longer than we promised \(fast\): acme_social"', log), log[-2000:]


# ---- without a database, and without a worker

def test_the_worker_tells_that_its_database_is_away(floor):
    """I4: once after half a minute, and again when it is back; nobody else would say it."""
    floor.channel("care", Hook())
    owner = floor.channel("owner", Hook())
    floor.begin()
    floor.database.cluster.stop("immediate")
    try:
        away, = owner.wait(1, "deaf", timeout=60)
        assert "cannot reach its database since" in away.body["text"] and list(away.body) == KEYS
    finally:
        floor.database.cluster.start()
    back, = owner.wait(1, "hearing", timeout=45)
    assert "reaches its database again" in back.body["text"]
    assert len(owner.all("deaf")) == 1


def test_tell_needs_no_database(floor):
    """For OnFailure= units."""
    owner = floor.channel("owner", Hook())
    box = floor.channel("mail", Mailbox())
    floor.config.health, floor.config.policies = {"notify": ["owner", "mail"]}, []
    floor.config.conninfo = "host=/nowhere dbname=none"
    owner.status = 503
    teller = subprocess.Popen([program("answerd"), "tell", "--config", str(floor.config.write()), "answerd.service failed\nlook at it"],
                                      stderr=subprocess.PIPE, text=True)
    mail, = box.wait(1, "deaf")
    assert mail.subject == "answerd.service failed" and mail.text.splitlines() == ["answerd.service failed", "look at it"]
    owner.status = 200
    told, = owner.wait(1, "deaf", timeout=30)
    assert told.body["text"] == "answerd.service failed\nlook at it" and list(told.body) == KEYS
    assert teller.wait(20) == 0
    floor.config.channels["owner"]["url"] = "https://hooks.invalid/"
    nobody = subprocess.run([program("answerd"), "tell", "--config", str(floor.config.write())], capture_output=True, text=True, timeout=20, check=False)
    assert nobody.returncode == 2


def test_a_refused_reload_is_told(floor):
    floor.channel("care", Hook())
    owner = floor.channel("owner", Hook())
    floor.begin()
    good = floor.config.path.read_text(encoding="utf-8")
    floor.config.path.write_text(good + "\nnonsense = 1;\n", encoding="utf-8")
    floor.worker.process.send_signal(1)
    refused, = owner.wait(1, "deaf")
    assert "answerd.conf" in refused.body["text"] and "nonsense" in refused.body["text"]
    floor.worker.reload()
    owner.wait(1, "hearing")


def test_two_workers_tell_once_and_the_other_takes_over(floor):
    care = floor.channel("care", Hook())
    floor.channel("owner", Hook())
    floor.begin()
    second = Worker(floor.config, floor.folder, "second").start()
    try:
        place = floor.account()
        wait_until(lambda: floor.database.one("select count(*) from answerd.worker where stopped_at is null") == 2, 15, "both run")
        first, = floor.say(place, 1, 0.2)
        care.wait(1, "waiting", "due")
        floor.worker.kill()
        killed = time.time()
        other, = floor.say(place, 1, 0.2)
        told = wait_until(lambda: [h for h in care.all("waiting", "due") if other in h.ids], 15, "the second worker tells")
        assert told[0].at - killed < 8
        assert [h.ids for h in care.all("waiting", "due")] == [[first], [other]]
    finally:
        second.kill()


def test_a_frozen_worker_does_not_silence_the_other(floor):
    """I13: its lock is held, but its row goes stale: after 30 s the other speaks; awake again it repeats nothing under another key."""
    care = floor.channel("care", Hook())
    floor.channel("owner", Hook())
    floor.begin()
    second = Worker(floor.config, floor.folder, "second").start()
    try:
        place = floor.account()
        wait_until(lambda: floor.database.one("select count(*) from answerd.worker where stopped_at is null") == 2, 15, "both run")
        floor.worker.freeze()
        conversation, = floor.say(place, 1, 0.2)
        told, = care.wait(1, "waiting", "due", timeout=60)
        floor.worker.wake()
        other, = floor.say(place, 1, 0.2)
        wait_until(lambda: other in sum((h.ids for h in care.all("waiting", "due")), []), 20, "told on")
        per_key = collections.defaultdict(set)
        for heard in care.all("waiting"):
            per_key[heard.step, tuple(heard.ids)].add(heard.delivery)
        assert told.ids == [conversation] and all(len(keys) == 1 for keys in per_key.values()), per_key
    finally:
        floor.worker.wake()
        second.kill()


def test_where_an_alert_would_go(floor):
    """Nothing is sent; the shipped policies and those of the file; people and programs can read it."""
    care = floor.channel("care", Hook())
    floor.channel("owner", Mailbox())
    floor.begin().open_desk()
    own = floor.answer("alerts", "test", "--kind", "mention", code=0).json
    assert own["policy"] == "fast" and not own["is_shipped"] and [s["step"] for s in own["steps"]] == ["warn", "due", "lead", "stop"]
    assert [[(c["channel"], c["type"], c["would"], c["why"]) for c in s["channels"]] for s in own["steps"]] == (
        [[("care", "webhook", "tell", "at once")]] * 2 + [[("owner", "smtp", "tell", "at once")]] * 2)
    shipped = floor.answer("alerts", "test", "--kind", "review", "--nature", "neutral", "--brand", "acme", code=0).json
    assert shipped["policy"] == "review" and shipped["is_shipped"] and shipped["steps"][0]["channels"][0]["channel"] == "owner"
    about = floor.answer("alerts", "test", "--kind", "post", "--about", code=0).json
    assert about["steps"][0]["step"] == "digest"
    shown = floor.answer("alerts", "test", raw=True, code=0).out
    assert "Nothing was sent." in shown and max(map(len, shown.splitlines())) <= 80
    assert floor.answer("alerts", "test", "--brand", "nobody", code=2) and floor.answer("alerts", "test", "--kind", "shout", code=2)
    assert floor.answer("alerts", "test", "--conversation", "99", code=4)
    assert not care.all()


# ---- what it costs

def test_a_scan_with_nothing_due_costs_a_trivial_read(floor):
    """At most 1.5 times a read by primary key, with 5,000 clocks that run (issue 3): counted in blocks, whatever the machine is doing.
    The time of both is `./run bench scan`."""
    floor.channel("care", Hook())
    floor.channel("owner", Hook())
    floor.begin()
    place = floor.account()
    ids = floor.say(place, 5000, 86_400.0)
    floor.worker.kill()
    assert floor.database.one("select count(*) from answerd.conversation where alarm_at > answerd.now()") == 5_000
    trivial = "select waiting_since <= answerd.now() from answerd.conversation where conversation_id = %s and brand_id = %s"
    with floor.database.connect() as conn:
        conn.execute("vacuum analyze answerd.conversation")
        conn.execute("set plan_cache_mode = force_generic_plan")
        scan, read = blocks(conn, "select answerd.next_alarm() <= answerd.now()"), blocks(conn, trivial, ids[0], place[0])
    assert 1 <= scan <= max(1.5 * read, read + 1), f"{scan} blocks against {read}"


def blocks(conn, sql, *args):
    """Blocks of conversation and its indexes that a statement looks into, when its plans are known."""
    def looked():
        conn.execute("select pg_stat_force_next_flush()")
        return conn.execute("select (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::bigint from pg_statio_user_tables "
                            "where schemaname = 'answerd' and relname = 'conversation'").fetchone()[0]
    conn.execute(sql, args)
    before = looked()
    for _ in range(20):
        assert conn.execute(sql, args).fetchone() == (False,) or args
    return (looked() - before) / 20


# ---- the long proof

def storm(floor, n, n_kills, n_stops, n_restarts, seconds, chance):
    """n breaches over so many seconds while things die. Returns (alert key → how late), and what was told twice."""
    care, mail, owner = floor.channel("care", Hook()), floor.channel("mail", Mailbox()), floor.channel("owner", Hook())
    floor.config.policies[0]["notify"] = ["care", "mail"]
    care.delay = 0.1
    floor.begin()
    place = floor.account()
    start = time.time() + n / 250          # when all of them are there
    floor.say(place, n, [start - time.time() + chance.uniform(0, seconds) for _ in range(n)])
    acts = ["kill"] * n_kills + ["stop"] * n_stops + ["restart"] * n_restarts + ["mail"] * (max(2, n_kills // 2) * 2)
    plan = sorted((chance.uniform(0, seconds), act) for act in acts)
    up = [start]            # when all was well again
    is_mail_dead = False
    for at, act in plan:
        wait_until(lambda: time.time() >= start + at, seconds + 60, "the next blow")
        if act == "kill":
            floor.worker.kill()
            floor.worker.start()
        elif act == "restart":
            floor.worker.process.terminate()        # perhaps before it has caught its signals
            assert floor.worker.process.wait(30) in (0, -15)
            floor.worker.start()
        elif act == "stop":
            floor.database.cluster.stop("immediate")
            floor.database.cluster.start()
        elif is_mail_dead:
            mail.open()
            is_mail_dead = False
        else:
            mail.close()
            is_mail_dead = True
        up.append(time.time())
    mail.open()
    up.append(time.time())
    wait_until(lambda: time.time() >= start + seconds, seconds + 60, "the last one is due")
    wait_until(lambda: floor.database.one("select count(*) from answerd.alert where step = 'due'") == n, 60, "none is missed")
    wait_until(lambda: floor.untold() == 0, 90, "all are told")
    return care, mail, up


def proved(floor, ear, channel, n, up):
    """Every breach reached this ear: at most 60 s after it was due or all was well; twice only under the same key."""
    rows = floor.database.rows("select a.conversation_id::text as id, greatest(extract(epoch from a.since), extract(epoch from c.created_at))::float8 as due, "
                               "d.telling_id::text as telling from answerd.alert a join answerd.delivery d using (alert_id, brand_id) "
                               "join answerd.conversation c using (conversation_id, brand_id) where a.step = 'due' and d.channel = %s", channel)
    assert len(rows) == n == len({r["id"] for r in rows})
    first = {}
    for told in ear.all("waiting"):
        first.setdefault(told.delivery, told.at)
    missing = [r for r in rows if r["telling"] not in first]
    assert not missing, f"{len(missing)} breaches never reached {channel}: {missing[:5]}"
    late = {}
    for row in rows:
        at = first[row["telling"]]
        late[row["id"]] = at - row["due"]
        # Each blow starts the minute anew: it is the last one before the telling that counts.
        wait = at - max([row["due"]] + [t for t in up if t <= at])
        assert 0 <= late[row["id"]] and wait <= 60, f"conversation {row['id']} on {channel}: {wait:.1f} s after all was well"
    per_key = collections.Counter(t.delivery for t in ear.all())
    bodies = collections.defaultdict(set)
    for told in ear.all():
        bodies[told.delivery].add(told.body["text"])
    assert all(len(b) == 1 for b in bodies.values()), "one key, two texts"
    return late, sum(n - 1 for n in per_key.values())


def test_five_hundred_breaches_while_everything_dies(floor):
    """10 kills and 10 restarts of the worker, 3 stops of the database, mail dead half of the time: none missed, none late, nothing doubled but
    under its own key."""
    care, mail, up = storm(floor, n=500, n_kills=10, n_stops=3, n_restarts=10, seconds=45, chance=random.Random(500))
    for ear, channel in ((care, "care"), (mail, "mail")):
        late, doubled = proved(floor, ear, channel, 500, up)
        print(f"{channel}: {len(ear.all())} tellings, {doubled} repeated, latest {max(late.values()):.1f} s after due")
    assert not care.faults and not mail.faults, mail.faults[:5]


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak ten_thousand_breaches")
def test_ten_thousand_breaches_while_everything_dies(floor):
    """The same with 100 kills, 50 restarts and 10 stops of the database."""
    n = 10_000
    care, mail, up = storm(floor, n=n, n_kills=100, n_stops=10, n_restarts=50, seconds=480, chance=random.Random(10_000))
    for ear, channel in ((care, "care"), (mail, "mail")):
        late, doubled = proved(floor, ear, channel, n, up)
        print(f"{channel}: {len(ear.all())} tellings, {doubled} repeated, latest {max(late.values()):.1f} s after due")
    assert not care.faults and not mail.faults, mail.faults[:5]
