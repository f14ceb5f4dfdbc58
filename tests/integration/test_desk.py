"""The staff side: the answer command, the desk behind it, who may do what, and its life (DESIGN §6, RELIABILITY I4, I7, S11, S13, S20)."""
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import psycopg
import pytest

from rig import wait_until
from rig.front import closed_shop, shop  # noqa: F401 (fixtures)
from rig.place import REPO, program
from rig.programs import Desk

ENTRY_KEYS = ["id", "brand", "account", "platform", "kind", "nature", "customer", "excerpt", "permalink", "messages", "waiting_since",
              "waiting_s", "warn_at", "due_at", "stop_at", "state", "snoozed_until", "assignee", "priority", "tags", "can_reply", "why_not"]


# ---- the queue

def test_entries_have_exactly_the_promised_keys(shop):
    """DESIGN §6: keys are never absent, ids are text, times are UTC with Z."""
    shop.say("carl", "Where is\nmy   parcel?", "2 hours")
    result = shop.answer("queue", code=0)
    assert result.out.count("\n") == 1
    assert list(result.json) == ["items", "next", "listening"] and result.json["next"] is None
    entry, = result.items
    assert list(entry) == ENTRY_KEYS
    assert isinstance(entry["id"], str) and isinstance(entry["customer"]["id"], str)
    assert entry["customer"] == {"id": entry["customer"]["id"], "name": "Carl", "handle": "carl", "stage": None}
    assert (entry["brand"], entry["account"], entry["platform"], entry["kind"], entry["nature"]) == (
        "acme", "acme_social", "mastodon", "mention", "question")
    assert entry["excerpt"] == "Where is my parcel?" and entry["messages"] == 1 and entry["state"] == "ok" and entry["tags"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry["waiting_since"])
    assert 7200 <= entry["waiting_s"] < 7260 and entry["can_reply"] is False and entry["why_not"]


def test_pages_hold_everybody_once(shop):
    """Key-set pages, also where many wait since the very same instant."""
    for i in range(23):
        shop.say(f"p{i}", "hello?", "30 min" if i % 2 else "90 min")
    with shop.db.connect() as conn:     # the same instant, by tens
        conn.execute("update answerd.message set at = date_trunc('minute', at), ord_at = date_trunc('minute', ord_at)")
        conn.execute("select answerd.recompute(brand_id, account_id, array_agg(root_id), array_agg(customer_id), array_agg(true)) "
                     "from answerd.message group by brand_id, account_id")
    for order in ("age", "due"):
        seen, after = [], []
        while True:
            page = shop.answer("queue", "--by", order, "--limit", "5", *after, code=0).json
            seen += [e["id"] for e in page["items"]]
            if page["next"] is None:
                break
            after = ["--after", page["next"]]
        everybody = shop.answer("queue", "--limit", "0", code=0).items
        assert seen == [e["id"] for e in everybody] and len(set(seen)) == 23
        assert [e["waiting_since"] for e in everybody] == sorted(e["waiting_since"] for e in everybody)
    assert len(shop.answer("queue", "--limit", "0", raw=True).out.split("hello?")) == 24


def test_what_the_plain_list_leaves_out(shop):
    """Snoozed, the thanks lane and about-us come with --all only."""
    a, b = shop.say("carl", "Where?"), shop.say("dora", "Thanks!", nature="thanks")
    shop.say("hans", "acme is bad", named=False, about=True, kind="post", nature="complaint")
    shop.answer("snooze", shop.conversation(a), "2h", code=0)
    assert shop.answer("queue", code=0).items == []
    assert len(shop.answer("queue", "--all", code=0).items) == 3
    assert shop.answer("queue", "--all", "--overdue", code=0).items == []
    assert [e["id"] for e in shop.answer("thanks", code=0).items] == [shop.conversation(b)]
    assert len(shop.answer("queue", "--all", "--brand", "acme", "--platform", "mastodon", code=0).items) == 3
    assert shop.answer("queue", "--all", "--platform", "bluesky", code=0).items == []
    assert shop.answer("queue", "--brand", "nobody").code == 2


def test_entries_are_the_same_everywhere(shop):
    """The list is printed by the desk, one conversation by the database: the same keys with the same values."""
    shop.say("carl", "  Where\n\n is\tmy parcel? " + "ü" * 300)
    c = shop.conversation(shop.say("dora", "\u202eé\u3000 \u00a0 fine?", name="Dora \"D\" <b>"))
    shop.answer("take", c, code=0)
    shop.answer("tag", c, "vip \"x\"", code=0)
    listed = {e["id"]: e for e in shop.answer("queue", "--all", code=0).items}
    assert len(listed) == 2
    for key, entry in listed.items():
        shown = shop.answer("show", key, code=0).json
        for name, value in entry.items():
            if name == "waiting_s":
                assert abs(value - shown[name]) < 10
            else:
                assert shown[name] == value, name


def test_the_list_says_when_nobody_listens(shop):
    """I4: a stale queue shown as an empty one is the worst lie here."""
    assert shop.answer("queue", code=0).json["listening"] == {"ok": True, "text": None, "parts": []}
    with shop.db.connect() as conn:
        conn.execute("update answerd.account set state = 'refused', state_reason = 'the token was revoked', state_since = now()")
    # One answer serves all who look within half a second.
    said = wait_until(lambda: (lambda x: None if x["ok"] else x)(shop.answer("queue", code=0).json["listening"]), what="the list to say it")
    assert not said["ok"] and said["text"].startswith("acme_social: not listening since ") and "revoked" in said["text"]
    part = said["parts"][0]
    assert (part["code"], part["account"], part["reason"]) == ("account_refused", "acme_social", "the token was revoked") and part["since"].endswith("Z")
    assert shop.answer("queue", raw=True).out.startswith("! acme_social: not listening since ")
    with shop.db.connect() as conn:
        conn.execute("update answerd.worker set beat_at = now() - interval '31 s'")
    wait_until(lambda: shop.answer("queue", code=0).json["listening"]["text"].startswith("Nobody listens since "), what="the list to say it")
    health = shop.raw("GET", "/healthz", connection=shop.tcp())
    assert health.status == 503 and health.json["reasons"][0].startswith("Nobody listens since ")


# ---- acts

def test_every_act_through_the_command(shop):
    """The whole way: command, desk, role answerd_desk, SQL, audit; and verify is clean after it."""
    c = shop.conversation(shop.say("carl", "Where is my parcel?", "2 hours"))
    shop.staff("ann")
    assert shop.answer("take", c, code=0).json["assignee"] == "admin"
    assert [e["id"] for e in shop.answer("queue", "--mine", code=0).items] == [c]
    assert shop.answer("give", c, "ann", code=0).json["assignee"] == "ann"
    assert shop.answer("give", c, code=0).json["assignee"] is None
    assert shop.answer("note", c, "-m", "She called, too.", code=0).json["text"] == "She called, too."
    assert shop.answer("tag", c, "parcel", code=0).json["tags"] == ["parcel"]
    assert shop.answer("tag", c, "-parcel", code=0).json["tags"] == []
    assert shop.answer("nature", c, "complaint", code=0).json["nature"] == "complaint"
    assert shop.answer("snooze", c, "2h", code=0).json["snoozed_until"]
    assert shop.answer("snooze", c, "0", code=0).json["snoozed_until"] is None
    assert shop.answer("dismiss", c).code == 2
    assert shop.answer("dismiss", c, "--reason", "  ").code == 2
    assert shop.answer("--reason", "told by telephone", "dismiss", c, code=0).json["waiting_since"] is None
    again = shop.answer("dismiss", c, "--reason", "me too")
    assert again.code == 4 and "no reply is needed" in again.err
    shown = shop.answer("show", c, code=0).json
    assert list(shown)[:22] == ENTRY_KEYS and shown["thread"][0]["text"] == "Where is my parcel?" and len(shown["notes"]) == 2
    assert "told by telephone" in shop.answer("explain", c, code=0).json["thread"][0]["why"]
    ledger = shop.answer("ledger", code=0).json
    heard, = ledger.pop("heard")
    assert ledger == {"received": 1, "answered": 0, "dismissed": 1, "deleted": 0, "spam": 0, "waiting": 0, "overheard": 0}
    assert (heard["brand"], heard["account"]) == ("acme", "acme_social")
    assert shop.answer("ledger", "--from", "2030-01-01", code=0).json["received"] == 0
    assert shop.answer("customer", shown["customer"]["id"], code=0).json["timeline"][0]["text"] == "Where is my parcel?"
    acts = shop.db.column("select act from answerd.audit where brand_id <> 0 order by seq")
    assert acts == ["take", "give", "give", "note", "tag", "untag", "nature", "snooze", "wake", "dismiss"]
    shop.answer.verify()


def test_two_people_take_at_once_and_one_has_it(shop):
    """A race has one winner, and the loser hears who was faster."""
    if os.getuid() != 0:
        pytest.skip("only root can be several people")
    for login in ("ann", "bob"):
        shop.staff(login)
    for _ in range(6):
        c = shop.conversation(shop.say("carl", "Where?"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda i, c=c: (("ann", "bob")[i % 2], shop.answer_as(("ann", "bob")[i % 2], "take", c)), range(8)))
        winners = {login for login, r in done if r.returncode == 0}
        assert len(winners) == 1
        winner = winners.pop()
        for login, r in done:
            if login != winner:
                assert r.returncode == 4 and f"{winner.title()} has held conversation {c} since" in r.stderr
        shop.answer("give", c, code=0)


def test_one_key_is_done_once(shop):
    """A double click, a retried form and sixteen at once are one act; another request with that key is refused."""
    c = shop.conversation(shop.say("carl", "Where?"))
    path, body = f"/api/v1/conversations/{c}/notes", {"text": "called"}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.raw("POST", path, body, {"Idempotency-Key": "k1"}), range(16)))
    assert {a.status for a in answers} == {200} and len({a.body for a in answers}) == 1
    assert shop.db.one("select count(*) from answerd.note") == 1
    assert shop.db.one("select count(*) from answerd.audit where act = 'note'") == 1
    assert shop.raw("POST", path, {"text": "other"}, {"Idempotency-Key": "k1"}).status == 409
    assert shop.raw("POST", path, body, {"Idempotency-Key": "bad key\x7f"}).status == 400
    assert shop.raw("POST", path, body).status == 200           # on the Unix socket it may be left out
    shop.answer.verify()


def test_an_old_version_is_refused(shop):
    """What one has not seen, one does not close."""
    c = shop.conversation(shop.say("carl", "Where?"))
    version = shop.answer("show", c, code=0).json["version"]
    shop.say("carl", "And when?", "1 min", parent=f"m{shop.n}")
    stale = shop.answer("dismiss", c, "--reason", "known", "--version", version)
    assert stale.code == 4 and "changed meanwhile" in stale.err
    assert shop.answer("dismiss", c, "--reason", "known", "--version", shop.answer("show", c).json["version"]).code == 0


def test_exit_codes(shop):
    """0 done, 1 a finding, 2 usage, 3 cannot reach the desk, 4 refused."""
    assert shop.answer("queue").code == 0
    assert shop.answer("show", "4711").code == 4
    assert "There is no conversation 4711. answer queue lists them." in shop.answer("show", "4711").err
    for words in (["nonsense"], ["queue", "--nonsense"], ["queue", "extra"], ["show"], ["queue", "--limit", "x"], ["staff"], [],
                  ["queue", "--limit"], ["nature", "1"]):
        assert shop.answer(*words).code == 2, words
    assert "Did you mean 'queue'" in shop.answer("quee").err
    gone = subprocess.run([program("answer"), "queue", "--desk", "/nonexistent/desk.sock"], capture_output=True, text=True, check=False)
    assert gone.returncode == 3 and "Cannot reach the desk at /nonexistent/desk.sock" in gone.stderr
    shop.say("carl", "Where?")
    with shop.db.connect() as conn:
        conn.execute("update answerd.conversation set waiting_since = waiting_since - interval '1 h'")
    found = shop.answer("verify")
    assert found.code == 1 and not found.json["ok"] and "waits since" in found.json["findings"][0]["text"]


def test_every_command_helps(shop):
    """--help is there for every command that the overview names."""
    overview = shop.answer("--help", raw=True, code=0).out
    names = re.findall(r"^  ([a-z][a-z-]*(?: (?:list|add|link|new|revoke|disable|remove|role|email))?)(?= |$)", overview, re.M)
    assert {"queue", "show", "take", "give", "snooze", "dismiss", "note", "tag", "nature", "explain", "sources", "gaps", "quarantine", "alerts",
            "ledger", "verify", "customer", "staff list", "staff add", "staff disable"} <= set(names)
    for name in names:
        text = shop.answer(*name.split(), "--help", raw=True, code=0).out
        assert text.startswith(f"answer {name}") and all(len(line) <= 80 for line in text.split("\n")), text
    for family in {name.split()[0] for name in names if " " in name}:
        text = shop.answer(family, "--help", raw=True, code=0).out
        subs = [name.split()[1] for name in names if name.startswith(family + " ")]
        assert all(re.search(rf"^  {sub}\b", text, re.M) for sub in subs), text
    assert "needs one of list, add" in shop.answer("staff", "queue").err and shop.answer("staff", "nonsense").code == 2


# ---- who may

def test_who_is_at_the_socket(shop):
    """The kernel says who calls: root is admin, others by their user of the machine; strangers are told what to do."""
    if os.getuid() != 0:
        pytest.skip("only root can be several people")
    c = shop.conversation(shop.say("carl", "Where?"))
    stranger = shop.answer_as("odo", "queue")
    assert stranger.returncode == 4 and "answer staff add" in stranger.stderr and json.loads(stranger.stdout)["status"] == 403
    shop.staff("ann")
    shop.staff("odo", "auditor")
    assert shop.answer_as("ann", "take", c).returncode == 0
    assert shop.answer_as("odo", "show", c).returncode == 0
    assert shop.answer_as("odo", "take", c).returncode == 4
    assert shop.answer_as("ann", "staff", "add", "x").returncode == 4
    shop.answer("staff", "disable", "ann", code=0)
    assert shop.answer_as("ann", "queue").returncode == 4
    assert shop.answer("show", c).json["assignee"] is None
    shop.answer("staff", "add", "ann", code=0)
    assert shop.answer_as("ann", "queue").returncode == 0


def test_the_role_of_the_desk_cannot_rewrite_the_past(shop):
    """S13: insert only, by privilege."""
    shop.answer("take", shop.conversation(shop.say("carl", "Where?")), code=0)
    for statement in ("update answerd.audit set act = 'x'", "delete from answerd.audit", "truncate answerd.audit", "create table answerd.x ()"):
        with shop.db.connect() as conn:
            conn.execute("set role answerd_desk")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


# ---- life

def test_the_desk_outlives_its_database(closed_shop, cluster):
    """I7: no database, no edits: 503 and exit 3; back by itself. It may also start before the database."""
    shop = closed_shop
    c = shop.conversation(shop.say("carl", "Where?"))
    cluster.stop("immediate")
    try:
        shop.desk.start()
        wait_until(lambda: shop.config.socket.exists() and shop.answer("queue").code == 3, 10, "it says that it cannot")
        assert "database" in shop.answer("take", c).err
        assert shop.raw("GET", "/healthz", connection=shop.tcp()).status == 503
        assert "answerd_database_up 0" in shop.raw("GET", "/metrics", connection=shop.tcp()).body
    finally:
        cluster.start()
    wait_until(lambda: shop.answer("take", c).code == 0, 40, "it is back")
    cluster.stop("immediate")
    cluster.start()
    wait_until(lambda: shop.answer("take", c).code == 0, 40, "it is back again")
    shop.desk.stop()


def test_stopping_while_requests_wait(shop):
    """SIGTERM: requests that wait for the database are answered, and it ends with 0 within seconds (LIBS §5.5)."""
    c = shop.conversation(shop.say("carl", "Where?"))
    with shop.db.connect() as conn:
        conn.autocommit = False
        conn.execute("select from answerd.conversation for update")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(shop.raw, "POST", f"/api/v1/conversations/{c}/claim", {}) for _ in range(4)]
            wait_until(lambda: shop.db.one("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") >= 1, 20, "one waits")
            begun = time.monotonic()
            shop.desk.process.send_signal(signal.SIGTERM)
            assert {w.result(10).status for w in waiting} == {503}
            assert shop.desk.process.wait(10) == 0 and time.monotonic() - begun < 5
        conn.rollback()
    assert not shop.config.socket.exists()
    shop.desk.start().wait_ready()


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(shop):
    """A killed desk leaves its socket's file behind; a second desk does not push out the first."""
    second = Desk(shop.config, shop.config.folder, "second").start()
    assert second.process.wait(10) == 1 and "already listens" in second.log()
    assert shop.answer("queue").code == 0
    shop.desk.kill()
    assert shop.config.socket.exists()
    shop.desk.start().wait_ready()


def test_another_schema_is_refused(closed_shop):
    """I15: it does not serve from a schema that it does not know."""
    shop = closed_shop
    with shop.db.connect() as conn:
        conn.execute("update answerd.rules_digest set digest = 'x'")
    shop.desk.start()
    assert shop.desk.process.wait(10) == 1 and "answerd migrate" in shop.desk.log()
    shop.config.desk["listen"] = ["nonsense"]
    shop.desk.start()
    assert shop.desk.process.wait(10) == 2 and "127.0.0.1:8700" in shop.desk.log()


def test_a_client_that_goes_away(shop):
    """Whoever asks and hangs up costs nothing, and is not written to."""
    c = shop.conversation(shop.say("carl", "Where?"))
    with shop.db.connect() as conn:
        conn.autocommit = False
        conn.execute("select from answerd.conversation for update")
        held = []
        for _ in range(20):
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(shop.config.socket))
            s.sendall(b"POST /api/v1/conversations/%s/claim HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % c.encode())
            held.append(s)
        wait_until(lambda: shop.db.one("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") >= 1, 20, "one waits")
        for s in held:
            s.close()
        conn.rollback()
    wait_until(lambda: shop.db.one("select count(*) from answerd.audit where act = 'take'") >= 1, 10, "it was done all the same")
    assert shop.answer("queue").code == 0
    shop.desk.stop()


# ---- the terminal

HOSTILE = ("\x1b[31mRED\x1b[0m\x1b]0;title\x07 \x9b31m\x85 \u202eevil\u202c \u2066iso\u2069 zero\u200bwidth\u200d\ufeff \x00nul\x7f\x08\x08 tab\there "
           "\u061c\u115f\u3164 \U000e0041tag \u2028line 日本語 ❤️ z" + "\u0301" * 60)


def test_hostile_text_is_shown_not_obeyed(shop):
    """S20: C0, DEL, C1, bidirectional and invisible characters are escaped, in every command, always."""
    m = shop.say("eve", HOSTILE.replace("\x00", ""), name="Eve\x1b[2J\u202e")
    c = shop.conversation(m)
    shop.answer("note", c, "-m", "note \x1b[1m\u202e", code=0)
    shop.answer("tag", c, "t\u202eg", code=0)
    with shop.db.connect() as conn:
        conn.execute("insert into answerd.quarantine (brand_id, account_id, source_id, reason, raw, raw_md5, first_seen_at, last_seen_at) "
                     "select brand_id, account_id, source_id, %s, %s, 'x', now(), now() from answerd.source limit 1", ("why\x1b[1m", b"\x1b[2J\xff\x9b"))
        conn.execute("update answerd.source set failures = 3, failure = %s", ("fail\x1b]0;x\x07\u202e",))
    customer = shop.answer("show", c).json["customer"]["id"]
    for words in (["queue", "--all"], ["show", c], ["explain", c], ["customer", customer], ["quarantine"], ["sources"], ["thanks"]):
        out = shop.answer(*words, raw=True, code=0).out
        bad = [ch for ch in out if (ord(ch) < 0x20 and ch != "\n") or 0x7f <= ord(ch) < 0xa0
               or ch in "\u202e\u202c\u2066\u2069\u200b\u200d\ufeff\u061c\u115f\u3164\u2028\ufe0f" or ord(ch) >= 0xe0000]
        assert not bad, (words, bad)
    assert "\\x1b[31mRED" in shop.answer("show", c, raw=True).out and "\\u202eevil" in shop.answer("show", c, raw=True).out
    assert "\u0301" * 5 not in shop.answer("show", c, raw=True).out
    # Errors quote what was typed.
    assert "\x1b" not in shop.answer("show", "\x1b[31m").err


def screen(shop, command, width=80, height=24, env=""):
    """What a terminal shows: text and colours."""
    name = f"answerd-{os.getpid()}-{time.monotonic_ns()}"
    if not shutil.which("tmux"):
        pytest.skip("tmux is not there")
    done = shop.config.folder / "done"
    done.unlink(missing_ok=True)
    base = ["tmux", "-L", name]
    subprocess.run([*base, "new-session", "-d", "-x", str(width), "-y", str(height), "sh"], check=True, env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "screen"})
    try:
        subprocess.run([*base, "send-keys", f"clear; {env} {program('answer')} --desk {shop.config.socket} {command}; touch {done}", "Enter"], check=True)
        time_out = time.monotonic() + 10
        while not done.exists() and time.monotonic() < time_out:
            text = subprocess.run([*base, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
            if text.rstrip().endswith(":") or "(END)" in text or "lines 1-" in text:
                break       # a pager waits for a key
        return (subprocess.run([*base, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout,
                subprocess.run([*base, "capture-pane", "-p", "-e"], capture_output=True, text=True, check=True).stdout, done.exists())
    finally:
        subprocess.run([*base, "kill-server"], check=False)


def test_on_a_terminal(shop):
    """Fits 80 and 60 columns, has colours unless NO_COLOR, pages what does not fit."""
    shop.say("carl", "Where is my parcel? It was due on Monday and nobody at the shop could say anything about it at all. " * 3, "134 min")
    shop.say("yuki", "日本語のとても長い文章です。" * 12, "50 min", name="山田 由紀 " * 8)
    for width in (80, 60):
        plain, colored, done = screen(shop, "queue", width)
        assert done and "2h 14m" in plain and "50m" in plain and "Carl @carl" in plain
        assert all(len(line.encode("utf-16-le")) // 2 <= width for line in plain.split("\n"))
        assert len([line for line in plain.split("\n") if line.strip() and line.strip() not in ("$", "#")]) == 5, plain     # nothing wrapped
        assert "\x1b[1m" in colored
    assert "\x1b[1m" not in screen(shop, "queue", env="NO_COLOR=1")[1]
    shop.say("eve", HOSTILE.replace("\x00", ""))
    assert "\\u202e" in screen(shop, "queue --json", env="PAGER=cat")[0]
    for i in range(20):
        shop.say(f"p{i}", "hello?")
    if shutil.which("less"):
        assert not screen(shop, "queue")[2], "a long list waits in the pager"
    assert screen(shop, "queue", env="PAGER=cat")[2]


def test_an_answer_that_cannot_be_written_out_is_no_success(shop):
    """A full disk below `answer queue --json > file` is said, and the exit status is not 0; a reader that leaves (head) is no fault."""
    for words in (["queue"], ["queue", "--json"], ["report", "--csv"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program("answer"), "--desk", shop.config.socket, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and "could not be written out: No space left" in done.stderr, (words, done)
        ends = os.pipe()
        os.close(ends[0])
        done = subprocess.run([program("answer"), "--desk", shop.config.socket, *words], stdout=ends[1], stderr=subprocess.PIPE, text=True, check=False)
        os.close(ends[1])
        assert done.returncode == 0 and done.stderr == "", (words, done)


def test_the_command_is_light():
    """A command that is called all day does not load what only connectors need: half of its time was the linker's."""
    needed = subprocess.run(["readelf", "-d", program("answer")], capture_output=True, text=True, check=True).stdout
    assert "libcurl" in needed and not re.search("libgmime|libxml2|libical|libpq|libev", needed), needed


def test_the_manual_names_everything(shop):
    """answer(1) is written by hand; every command and every option of the table stands in it."""
    manual = (REPO / "daemon/man/answer.1").read_text(encoding="utf-8").replace("\\-", "-")
    names = re.findall(r"^  ([a-z][a-z-]*(?: (?:list|add|link|new|revoke|disable|remove|role|email))?)(?= |$)", shop.answer("--help", raw=True, code=0).out, re.M)
    for name in names:
        assert re.search(rf'\b{name}\b', manual), name
        for option in re.findall(r"(--[a-z-]+)", shop.answer(*name.split(), "--help", raw=True, code=0).out):
            assert option in manual, (name, option)


def test_acts_and_pages_at_once(shop):
    """I2: whatever staff do while pages come in, the clocks follow from the messages: verify is clean, and nothing that came after a
    dismissal is dismissed by it."""
    first = shop.say("carl", "one", "60 min")
    c = shop.conversation(first)

    def customer():
        parent = first
        for i in range(30):
            parent = shop.say("carl", f"again {i}", f"{59 - i} min", parent=parent)
            if i % 7 == 3:
                parent = shop.say("us", f"answer {i}", f"{59 - i} min", parent=parent)

    def staff():
        for i in range(40):
            for words in (["dismiss", c, "--reason", f"r{i}"], ["nature", c, "complaint"], ["snooze", c, "1h"], ["snooze", c, "0"], ["take", c],
                          ["note", c, "-m", "x"]):
                assert shop.answer(*words).code in (0, 4)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(customer), pool.submit(staff), pool.submit(staff)]:
            done.result(120)
    shop.answer.verify()
    ledger = shop.answer("ledger", code=0).json
    assert ledger["received"] == 31 == sum(ledger[k] for k in ("answered", "dismissed", "deleted", "spam", "waiting"))
    assert shop.db.one("select count(*) from answerd.audit where act = 'dismiss'") <= ledger["dismissed"]
