"""Hostile and broken servers: a clear word to staff, the neighbour goes on, nothing is lost, memory stays bounded (I5, I10)."""
import os

import pytest

from rig import shared, wait_until

NOTES = "otifications$"
FAULTS = {
    "429 with seconds": {"kind": "limited", "dialect": "seconds"},
    "429 with a date": {"kind": "limited", "dialect": "date"},
    "429 with ISO reset": {"kind": "limited", "dialect": "reset_iso"},
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
# A refusal that does not say how long costs the sheet's whole window.
SLOW_FAULTS = {
    "429 with epoch reset": {"kind": "limited", "dialect": "reset_epoch"}, "429 without a word": {"kind": "limited", "dialect": "none"},
    "429 with a negative time": {"kind": "limited", "dialect": "negative"}, "429 with a word": {"kind": "limited", "dialect": "word"},
}
POISONS = ["nul", "utf8", "overlong", "surrogate", "raw_control", "bad_escape", "bigint", "huge_float", "nan", "leading_zero", "dup",
           "missing", "null", "number", "object", "list", "zero", "negative", "empty", "long", "rtl_id", "sql"]


SCHEMA = [("created_at", "missing"), ("content", "missing"), ("account", "missing"), ("content", "number"), ("in_reply_to_id", "number"),
          ("created_at", "year_1970"), ("created_at", "year_2099"), ("created_at", "no_time"), ("visibility", "object"),
          ("mentions", "null"), ("acct", "list")]
STRANGE_IDS = ["0", "-1", "x" * 10_240, "9223372036854775808", "99999999999999999999999", "a'b\"c", "\u202e12", "a/../b", "%00", "NULL"]


@pytest.fixture
def two(house):
    """Two accounts on two servers; the first one will be hostile."""
    return begin(house, ["bad"])


def begin(house, servers, platform="mastodon"):
    """So many hostile servers and a good one, all connected."""
    for name in [*servers, "good"]:
        getattr(house, platform)(name, own="shop", people=("ann", "bob"), max_per_host=16)
    house.begin()
    house.wait_for(*[house.town.post("ann", "@shop first", name) for name in [*servers, "good"]], timeout=60)
    return house


def assert_neighbour_and_recovery(house, faults, texts, patience=60):
    """`faults`: server -> number of its fault, `texts`: server -> id of what was said into it. The good server is heard
    meanwhile; after the faults everything is there."""
    house.wait_for(house.town.post("bob", "@shop next door", "good"), timeout=15)

    def struck():
        hits = {f["id"]: f["hits"] for f in house.town.call("GET", "faults")}
        waiting = [name for name, fault in faults.items() if not hits.get(fault)]
        assert not waiting, f"not struck yet: {waiting}"
        return True
    wait_until(struck, 60, "the faults struck")
    house.worker.assert_small()

    def recovered():
        house.worker.assert_alive()
        known = house.known()
        absent = [name for name, ident in texts.items() if ident not in known]
        assert not absent, f"not heard again: {absent}\n{house.worker.log(1500)}"
        return True
    wait_until(recovered, patience, "all are heard again")
    house.lost_nothing()
    house.verify()


def all_at_once(house, orders, platform):
    """One server for each fault; nobody spoils anybody else's day."""
    servers = {f"s{n}": name for n, name in enumerate(orders)}
    begin(house, list(servers), platform)
    faults = {f"{s} ({name})": house.town.fault(server=s, path=NOTES, **orders[name]) for s, name in servers.items()}
    texts = {f"{s} ({name})": house.town.post("bob", "@shop through the storm", s) for s, name in servers.items()}
    assert_neighbour_and_recovery(house, faults, texts)


@pytest.mark.parametrize("platform", ["mastodon", "bluesky"])
def test_all_faults_at_once(house, platform):
    """Whatever one answer is, the next good one brings everything."""
    own = {"mastodon": "reset_iso", "bluesky": "reset_epoch"}[platform]
    orders = {n: f for n, f in FAULTS.items() if not f.get("dialect", own).startswith("reset")}
    all_at_once(house, {**orders, "429 in its own dialect": {"kind": "limited", "dialect": own}}, platform)


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak fault")
@pytest.mark.parametrize("name", [*FAULTS, *SLOW_FAULTS])
def test_single_fault(two, name):
    """The same one by one, to see which it is; and those that cost five minutes."""
    fault = two.town.fault(server="bad", path=NOTES, **{**FAULTS, **SLOW_FAULTS}[name])
    assert_neighbour_and_recovery(two, {name: fault}, {name: two.town.post("bob", "@shop through the storm", "bad")}, 400)


BLUESKY_SCHEMA = [("createdAt", "missing"), ("text", "missing"), ("text", "number"), ("text", "null"), ("cid", "missing"), ("did", "number"),
                  ("reason", "missing"), ("indexedAt", "no_time"), ("createdAt", "year_1970"), ("createdAt", "year_2099"), ("handle", "null"),
                  ("uri", "sql"), ("displayName", "list")]


@pytest.mark.parametrize("platform", ["mastodon", "bluesky"])
def test_spoilt_elements(house, platform):
    """The rest of the page is stored; a spoilt one is stored cleaned or is a visible quarantine row, never lost."""
    orders = {**{how: {"how": how} for how in POISONS}, **{f"{f} {h}": {"how": h, "field": f} for f, h in (SCHEMA if platform == "mastodon" else BLUESKY_SCHEMA)}}
    servers = {f"s{n}": name for n, name in enumerate(orders)}
    begin(house, list(servers), platform)
    faults = {s: house.town.fault("poison", server=s, path=NOTES, which=1, **orders[name]) for s, name in servers.items()}
    ids = {s: [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop poison {i}"} for i in range(3)], server=s)] for s in servers}

    def struck():
        hits = {f["id"]: f["hits"] for f in house.town.call("GET", "faults")}
        assert all(hits[f] for f in faults.values()), [servers[s] for s, f in faults.items() if not hits[f]]
        return True
    wait_until(struck, 60, "the faults struck")
    house.wait_for(*[i for s in servers for i in (ids[s][0], ids[s][2])], timeout=30)

    def kept():
        known = house.known()
        rows = house.database.rows("select a.name, q.external_id from answerd.quarantine q join answerd.account a using (account_id, brand_id)")
        quarantined = {r["name"] for r in rows}
        lost = [name for s, name in servers.items() if ids[s][1] not in known and f"acme_{s}" not in quarantined]
        assert not lost, f"neither stored nor in quarantine: {lost}"
        return True
    wait_until(kept, 20, "every spoilt element is kept")
    house.wait_for(*[house.town.post("bob", "@shop goes on", s) for s in servers], timeout=30)
    house.verify()


def test_strange_ids_are_just_text(house):
    """Ids are text: stored as they are, or in quarantine; the source goes on."""
    servers = {f"s{n}": ident for n, ident in enumerate(STRANGE_IDS)}
    begin(house, list(servers))
    for server, ident in servers.items():
        house.town.do("post", server=server, author="bob", text="@shop strange id", id=ident)
    house.wait_for(*[house.town.post("ann", "@shop goes on", s) for s in servers], timeout=30)

    def kept():
        rows = house.database.rows("""select a.name, x.external_id from answerd.account a join (
            select account_id, external_id from answerd.message union all
            select account_id, coalesce(external_id, '?') from answerd.quarantine) x using (account_id)""")
        quarantined = {r["name"] for r in house.database.rows("select a.name from answerd.quarantine q join answerd.account a using (account_id)")}
        stored = {(r["name"], r["external_id"]) for r in rows}
        lost = [i[:20] for s, i in servers.items() if (f"acme_{s}", i) not in stored and f"acme_{s}" not in quarantined]
        assert not lost, f"neither stored nor in quarantine: {lost}"
        return True
    wait_until(kept, 20, "kept")
    house.verify()


def test_sources_that_stay_broken_are_named(house):
    """`answer sources` says which source is not heard, in words; the neighbour is heard; later all is found."""
    names = ["500", "HTML with 200", "empty 200", "half a body, RST", "cut JSON", "HTML with 403", "no HTTP"]
    servers = {f"s{n}": name for n, name in enumerate(names)}
    begin(house, list(servers))
    for server, name in servers.items():
        house.town.fault(server=server, path="", count=0, **FAULTS[name])
    texts = [house.town.post("bob", "@shop after all", s) for s in servers]
    wait_until(lambda: sum(f["hits"] > 1 for f in house.town.call("GET", "faults")) == len(servers), 30, "all are broken")

    def told():
        rows = house.sources()
        assert any(r["account"] == "acme_good" for r in rows)
        silent = []
        for server, name in servers.items():
            mine = [r for r in rows if r["account"] == f"acme_{server}"]
            if not any(r.get("failure") or r.get("reason") or r.get("state") not in ("ok", "listening", "live") for r in mine):
                silent.append(name)
        assert not silent, f"nothing is said about: {silent}"
        return True
    wait_until(told, 60, "the broken sources are named")
    house.wait_for(house.town.post("bob", "@shop next door", "good"), timeout=15)
    house.town.heal()
    house.wait_for(*texts, timeout=120)
    house.verify()


def test_stalled_server_does_not_delay_the_neighbour(two):
    two.town.fault("stall", server="bad", path="", count=0)
    for i in range(3):
        two.wait_for(two.town.post("bob", f"@shop {i}", "good"), timeout=12)


def test_byte_a_minute_server_is_given_up(two):
    """100 B/s floor for 10 s: the transfer ends, the next one brings the message."""
    fault = two.town.fault("drip", server="bad", path=NOTES, every=60)
    q = two.town.post("bob", "@shop slow", "bad")
    wait_until(lambda: two.town.hits(fault) >= 1, 20)
    two.wait_for(two.town.post("bob", "@shop next door", "good"), timeout=9)
    two.wait_for(q, timeout=60)


@pytest.mark.parametrize("platform", ["mastodon", "bluesky"])
def test_a_walk_that_never_ends_is_ended(house, platform):
    """A repeating page token, in every list that we walk: the loop stops, the server is not hammered."""
    paths = {"mastodon": {"news": NOTES, "own": "/statuses$", "chats": "/conversations$", "thread": "/context$"},
             "bluesky": {"news": NOTES, "own": "getAuthorFeed", "chats": "listConvos|getMessages|getLog", "search": "searchPosts"}}[platform]
    begin(house, list(paths), platform)
    for name, path in paths.items():
        house.town.bulk([{"author": "bob", "text": f"@shop {i}"} for i in range(150)], server=name)
        house.town.bulk([{"author": "shop", "text": f"our own {i}"} for i in range(150)], server=name)
        house.town.fault("again", server=name, path=path, count=0)
    house.rounds("good", 3)
    start = house.town.counters()
    house.rounds("good", 4)
    after = house.town.counters()
    for name in paths:
        grown = after[f"{name} 200"] - start[f"{name} 200"]
        assert grown < 200, f"{name}: {grown} requests in four seconds"
    house.town.heal()
    house.wait_for(*[house.town.post("bob", "@shop after the loop", name) for name in paths], timeout=60)
    house.lost_nothing()
    house.verify()


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "2003-01-01T00:00:00Z"])
def test_time_travel(two, at):
    """A time outside 2004..now+5 min is kept raw and not believed (I6)."""
    q = two.town.post("bob", "@shop when?", "bad", at=at)
    two.wait_for(q)
    entry = next(e for e in two.entries() if e["customer"]["handle"] == "bob")
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
    two.worker.assert_small()
    two.rounds("bad")
    two.verify()


def test_json_suite_as_answers(house):
    """A parser torture suite: every file the whole answer of a poll, spread over forty servers; then all is heard."""
    files = [p.read_bytes() for p in sorted(shared("data", "json_suite", "test_parsing").glob("*.json"))]
    servers = [f"s{n}" for n in range(40)]
    begin(house, servers)
    for n, data in enumerate(files):
        house.town.fault("replace", server=servers[n % 40], path=NOTES, hex=data[:200_000].hex())
    wait_until(lambda: sum(f["hits"] for f in house.town.call("GET", "faults")) >= 100, 60, "a hundred of them are served")
    house.worker.assert_alive()
    house.town.heal()
    house.wait_for(*[house.town.post("bob", "@shop after the suite", s) for s in servers], timeout=120)
    house.worker.assert_small()
    house.verify()


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


def test_a_server_that_is_away_for_a_while(two):
    """Connection refused, then back: heard again soon, nothing lost."""
    two.town.stop()
    wait_until(lambda: "ask_failed" in two.worker.log(20_000), 20, "the silence is noticed")
    two.town.start()
    said = [two.town.post("bob", "@shop are you there?", s) for s in ("bad", "good")]
    two.wait_for(*said, timeout=60)
    two.lost_nothing()
    two.verify()
