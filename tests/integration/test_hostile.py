"""Hostile and broken servers: a clear word to staff, the neighbour goes on, nothing is lost, memory stays bounded (I5, I10)."""
import pytest

from rig import shared, wait_until

NOTES = "notifications"
FAULTS = {
    "429 with seconds": {"kind": "limited", "dialect": "seconds"},
    "429 with a date": {"kind": "limited", "dialect": "date"},
    "429 with ISO reset": {"kind": "limited", "dialect": "reset_iso"},
    "429 with epoch reset": {"kind": "limited", "dialect": "reset_epoch"},
    "429 without a word": {"kind": "limited", "dialect": "none"},
    "429 with a negative time": {"kind": "limited", "dialect": "negative"},
    "500": {"kind": "status", "status": 500}, "502 HTML": {"kind": "status", "status": 502, "body": "html"},
    "503 empty": {"kind": "status", "status": 503, "body": "empty"}, "504": {"kind": "status", "status": 504},
    "404": {"kind": "status", "status": 404}, "418": {"kind": "status", "status": 418},
    "HTML with 200": {"kind": "html"}, "HTML with 403": {"kind": "html", "status": 403}, "empty 200": {"kind": "empty"},
    "half a body, RST": {"kind": "cut", "end": "rst"}, "half a body, FIN": {"kind": "cut", "end": "fin"},
    "RST at once": {"kind": "drop"}, "FIN at once": {"kind": "drop", "end": "fin"},
    "length too big": {"kind": "length", "delta": 10}, "length too small": {"kind": "length", "delta": -10},
    "endless body": {"kind": "endless_body", "mib": 64}, "endless headers": {"kind": "endless_headers", "mib": 16},
    "gzip bomb": {"kind": "bomb", "mib": 300}, "gzip bomb, stacked": {"kind": "bomb", "mib": 300, "stacked": True},
    "redirect loop": {"kind": "redirect"}, "redirect elsewhere": {"kind": "redirect", "to": "http://127.0.0.1:9/", "status": 301},
    "huge JSON": {"kind": "huge", "mib": 8}, "deep JSON": {"kind": "deep"}, "cut JSON": {"kind": "cut_json"},
    "BOM": {"kind": "bom"}, "wrong type": {"kind": "ctype"}, "too many elements": {"kind": "many", "n": 3000},
    "no HTTP": {"kind": "garbage"}, "broken chunks": {"kind": "bad_chunks"}, "a number": {"kind": "replace", "text": "42"},
    "null": {"kind": "replace", "text": "null"}, "a list of lists": {"kind": "replace", "text": "[[],[]]"},
    "an object": {"kind": "replace", "text": "{\"a\":[]}"}, "two documents": {"kind": "replace", "text": "[] []"},
}
POISONS = ["nul", "utf8", "overlong", "surrogate", "raw_control", "bad_escape", "bigint", "huge_float", "nan", "leading_zero", "dup",
           "missing", "null", "number", "object", "list", "zero", "negative", "empty", "long", "rtl_id", "sql"]


@pytest.fixture
def two(house):
    """Two accounts on two servers; the first one will be hostile."""
    house.mastodon("bad", own="shop", people=("ann", "bob"))
    house.mastodon("good", own="shop", people=("ann", "bob"))
    house.begin()
    house.wait_for(house.town.post("ann", "@shop first", "bad"), house.town.post("ann", "@shop first", "good"))
    return house


def assert_neighbour_and_recovery(house, fault, count):
    """The other source hears meanwhile; after the fault the message is there."""
    q = house.town.post("bob", "@shop through the storm", "bad")
    wait_until(lambda: house.town.hits(fault) >= 1, 20, "the fault struck")
    house.wait_for(house.town.post("bob", "@shop next door", "good"), timeout=10)
    wait_until(lambda: house.town.hits(fault) >= count, 60, "the fault is spent")
    assert house.worker.rss_mib() < 64 + 16
    house.wait_for(q, timeout=60)
    house.lost_nothing()
    house.verify()


@pytest.mark.parametrize("name", FAULTS)
def test_fault(two, name):
    """Whatever one answer is, the next good one brings everything."""
    fault = two.town.fault(server="bad", path=NOTES, count=1, **FAULTS[name])
    assert_neighbour_and_recovery(two, fault, 1)


@pytest.mark.parametrize("name", ["500", "HTML with 200", "empty 200", "half a body, RST", "cut JSON", "429 without a word"])
def test_a_source_that_stays_broken_is_named(two, name):
    """`answer sources` and the line above the queue say which source is not heard, in words."""
    two.town.fault(server="bad", path="", count=0, **FAULTS[name])

    def told():
        text = two.answer("sources", code=0)
        bad = [s for s in text.items if s["account"] == "acme_bad"]
        good = [s for s in text.items if s["account"] == "acme_good"]
        assert bad and good
        return any(s.get("failure") or s.get("reason") or s.get("state") not in ("ok", "listening", "live") for s in bad)
    wait_until(told, 60, "the broken source is named")
    two.wait_for(two.town.post("bob", "@shop next door", "good"), timeout=10)
    q = two.town.post("bob", "@shop after all", "bad")
    two.town.heal()
    two.wait_for(q, timeout=90)


@pytest.mark.parametrize("how", POISONS)
def test_one_spoilt_element_is_quarantined_and_the_page_lives(two, how):
    """The rest of the page is stored; the spoilt one is stored cleaned, or a visible quarantine row, never lost."""
    ids = [two.town.post("bob", f"@shop page {i}", "bad", quiet=False) for i in range(1)]
    two.wait_for(*ids)
    fault = two.town.fault("poison", server="bad", path=NOTES, how=how, which=1)
    ids = [r["id"] for r in two.town.bulk([{"author": "ann", "text": f"@shop poison {i}"} for i in range(3)], server="bad")]
    wait_until(lambda: two.town.hits(fault) >= 1, 20, "the fault struck")
    two.wait_for(ids[0], ids[2])
    two.wait_for(two.town.post("ann", "@shop goes on", "bad"))
    stored = set(two.known())
    assert ids[1] in stored or two.database.one("select count(*) from answerd.quarantine") >= 1
    two.verify()


@pytest.mark.parametrize("field,how", [("created_at", "missing"), ("content", "missing"), ("account", "missing"), ("content", "number"),
                                       ("in_reply_to_id", "number"), ("created_at", "year_1970"), ("created_at", "year_2099"),
                                       ("created_at", "no_time"), ("visibility", "object"), ("mentions", "null"), ("acct", "list")])
def test_schema_change_in_one_element(two, field, how):
    """A missing or retyped field never takes the page down, and is never silently dropped."""
    fault = two.town.fault("poison", server="bad", path=NOTES, how=how, field=field, which=0)
    q = two.town.post("bob", "@shop schema", "bad")
    wait_until(lambda: two.town.hits(fault) >= 1, 20, "the fault struck")
    wait_until(lambda: q in two.known() or two.database.one("select count(*) from answerd.quarantine") >= 1, 20, "stored or quarantined")
    two.wait_for(two.town.post("bob", "@shop goes on", "bad"))
    two.verify()


def test_stalled_server_does_not_delay_the_neighbour(two):
    two.town.fault("stall", server="bad", path="", count=0)
    for i in range(3):
        two.wait_for(two.town.post("bob", f"@shop {i}", "good"), timeout=6)


def test_byte_a_minute_server_is_given_up(two):
    """100 B/s floor for 10 s: the transfer ends, the next one brings the message."""
    fault = two.town.fault("drip", server="bad", path=NOTES, every=60)
    q = two.town.post("bob", "@shop slow", "bad")
    wait_until(lambda: two.town.hits(fault) >= 1, 20)
    two.wait_for(two.town.post("bob", "@shop next door", "good"), timeout=6)
    two.wait_for(q, timeout=60)


def test_a_walk_that_never_ends_is_ended(two):
    """A repeating page token: the loop stops, the server is not hammered."""
    two.town.bulk([{"author": "bob", "text": f"@shop {i}"} for i in range(100)], server="bad")
    two.town.fault("again", server="bad", path=NOTES, count=0)
    two.rounds("good", 3)
    start = two.town.requests("bad")
    two.rounds("good", 3)
    assert two.town.requests("bad") - start < 60
    two.town.heal()
    two.lost_nothing()
    two.wait_for(two.town.post("bob", "@shop after the loop", "bad"), timeout=60)


@pytest.mark.parametrize("ident", ["0", "-1", "x" * 10_240, "9223372036854775808", "99999999999999999999999", "a'b\"c", "\u202e12", "a/../b"])
def test_strange_ids_are_just_text(two, ident):
    """Ids are text: stored as they are, or in quarantine; the source goes on."""
    two.town.do("post", server="bad", author="bob", text="@shop strange id", id=ident)
    two.wait_for(two.town.post("ann", "@shop goes on", "bad"))
    wait_until(lambda: ident in two.known() or two.database.one("select count(*) from answerd.quarantine") >= 1, 20, "kept")
    two.verify()


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "2003-01-01T00:00:00Z"])
def test_time_travel(two, at):
    """A time outside 2004..now+5 min is kept raw and not believed (I6)."""
    q = two.town.post("bob", "@shop when?", "bad", at=at)
    two.wait_for(q)
    entry = next(e for e in two.answer.queue() if e["customer"]["handle"] == "bob")
    assert entry["waiting_s"] < 120


def test_self_parent_and_circles(two):
    a = two.town.post("bob", "@shop I answer myself", "bad", key="a")
    b = two.town.post("ann", "@shop round", "bad", parent="a", key="b")
    two.wait_for(a, b)
    two.town.do("reparent", server="bad", post="a", parent="b")
    c = two.town.post("bob", "@shop self", "bad", key="c")
    two.town.do("reparent", server="bad", post="c", parent="c")
    d = two.town.post("ann", "@shop goes on", "bad", parent="c")
    two.wait_for(c, d)
    two.rounds("bad")
    two.verify()


def test_thread_of_ten_thousand(two):
    """A 10,000-deep thread costs time, not the house."""
    ops = [{"author": ("ann", "bob")[i % 2], "text": f"level {i}", "key": f"n{i}", **({"parent": f"n{i - 1}"} if i else {}), "mentions": []}
           for i in range(10_000)]
    two.town.bulk(ops, server="bad")
    q = two.town.post("bob", "@shop who reads this?", "bad", parent="n9999")
    two.wait_for(q, timeout=60)
    two.wait_for(two.town.post("bob", "@shop next door", "good"), timeout=15)
    assert two.worker.rss_mib() < 96
    two.rounds("bad")
    two.verify()


def test_json_suite_as_answers(two):
    """318 files of a parser torture suite, each as the whole answer of a poll."""
    files = sorted(shared("data", "json_suite", "test_parsing").glob("*.json"))
    for path in files:
        data = path.read_bytes()
        if len(data) <= 100_000:
            two.town.fault("replace", server="bad", path=NOTES, hex=data.hex())
    two.config.brands["acme"]["accounts"]["acme_bad"]["every"] = "1s"
    q = two.town.post("bob", "@shop after the suite", "bad")
    goal = two.town.requests("bad") + 5
    wait_until(lambda: two.town.requests("bad") >= goal, 120, "some of the suite is served")
    two.worker.assert_alive()
    two.town.heal()
    two.wait_for(q, timeout=120)
    two.verify()


def test_json_suite_as_elements(two):
    """The same files, each as one element of a list: quarantine, and the neighbours on the page live."""
    files = sorted(shared("data", "json_suite", "test_parsing").glob("[iy]_*.json"))
    q = two.town.post("bob", "@shop between", "bad")
    two.wait_for(q)
    for path in files[:40]:
        body = b"[" + path.read_bytes() + b"]"
        two.town.fault("replace", server="bad", path=NOTES, hex=body.hex())
    wait_until(lambda: sum(f["hits"] for f in two.town.call("GET", "faults")) >= 5, 90, "some are served")
    two.worker.assert_alive()
    two.town.heal()
    two.wait_for(two.town.post("bob", "@shop after", "bad"), timeout=90)
