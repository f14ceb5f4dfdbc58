"""The conformance suite (issue 4 §5): what every connector owes, whatever its platform. One table of behaviours, played for each name in
connectors/meson.build against the town; what a platform cannot do is skipped with the capability that says so.

A behaviour is a generator: it gets a `Place` (an account on a server of its own) and yields what it waits for, first CONNECTED.
All behaviours of a connector are played side by side in one house (rig/conformance.py); how people speak on a platform is
in rig/platforms.py."""
import os
import time

import pytest

from rig.conformance import CONNECTED, Play
from rig.house import House
from rig.place import FIXTURES
from rig.platforms import CUSTOMERS, Cannot, capabilities, connector_names, described
from rig.town import Town

HOUR, DAY = 3600_000, 86_400_000


# ---- hearing
def whole_path(p):
    """A question waits, with whose and what it is; our native answer ends it; ours is outbound and asks nobody."""
    yield CONNECTED
    q = p.say("ann", "where is my order?")
    yield p.wait_for("ann")
    entry = next(e for e in p.house.entries() if e["account"] == p.account)
    assert entry["platform"] == p.connector and "where is my order?" in entry["excerpt"] and entry["kind"] in p.can["hears"]
    assert entry["messages"] == 1 and abs(entry["waiting_s"]) < 120
    a = p.answer(q, "On its way.")
    yield p.heard(a)
    yield p.wait_for()
    assert (p.messages[q]["direction"], p.messages[a]["direction"]) == ("inbound", "outbound")
    yield p.agrees()


def history(p):
    """A hundred and thirty questions from before we came, over several pages: all are heard, and so is who speaks next."""
    if p.can["history"].startswith("none"):
        raise Cannot(f"{p.connector} cannot: `can.history` of `answerd platforms` is {p.can['history']!r}")
    now = p.town.now_ms()
    ids = p.say_all([p.platform.op(("ann", "bob")[i % 2], f"old question {i}", at=now - HOUR - (130 - i) * 1000) for i in range(130)])
    yield CONNECTED
    yield p.heard(*ids)
    yield p.heard(p.say("cid", "and now?"))
    yield p.agrees()


def paging(p):
    """A hundred and thirty at once while we listen: more than a page, none is lost, none stands twice."""
    yield CONNECTED
    ids = p.say_all([p.platform.op(("ann", "bob", "cid")[i % 3], f"question {i}") for i in range(130)])
    yield p.heard(*ids)
    yield p.rounds()
    yield p.agrees()


def equal_times(p):
    """A hundred and twenty in one millisecond, across a page's edge, with newer and older ones around them."""
    at = p.town.now_ms() - HOUR
    ops = [p.platform.op("cid", f"later {i}", at=at + 1000 + i) for i in range(45)] + [p.platform.op("ann", f"same {i}", at=at) for i in range(120)]
    ids = p.say_all(ops + [p.platform.op("bob", f"earlier {i}", at=at - 1000 - i) for i in range(45)])
    yield CONNECTED
    yield p.heard(*ids)
    yield p.agrees()


def nesting(p):
    """Question, answer, question below it, and so on: each hangs where it hung, and only the last is open."""
    yield CONNECTED
    last, ids = None, []
    for n in range(4):
        last = p.say("ann", f"question {n}", last)
        ids.append(last)
        yield p.heard(last)
        if n < 3:
            last = p.answer(last, f"answer {n}")
            ids.append(last)
            yield p.heard(last)
    yield p.heard(*ids)
    yield p.wait_for("ann")
    yield p.agrees()
    assert [p.messages[i]["parent_id"] for i in ids[1:]] == p.platform.hang(ids)


def overheard(p):
    """Customers among themselves: kept as context, and nobody waits because of it."""
    p.platform.overheard(None)
    yield CONNECTED
    q = p.say("ann", "mine is broken")
    yield p.wait_for("ann")
    between, = p.say_all([p.platform.overheard(q)])
    yield p.heard(between)
    yield p.rounds()
    yield p.wait_for("ann")
    yield p.agrees()


def own_words(p):
    """What we publish and say to ourselves is ours: outbound, never in the queue."""
    post = p.platform.publish("New cups are in.")
    yield CONNECTED
    more = p.platform.publish("And plates.")
    yield p.heard(post, more)
    yield p.rounds()
    assert {m["direction"] for m in p.messages.values()} == {"outbound"}
    yield p.wait_for()
    yield p.agrees()


def late(p):
    """Told an hour after it was said, behind newer ones."""
    yield CONNECTED
    now = p.town.now_ms()
    yield p.heard(p.say("bob", "now"))
    old = p.say("ann", "an hour ago", at=now - HOUR)
    yield p.heard(old)
    yield p.wait_for("ann", "bob")
    if p.can["time"] == "platform":
        assert abs(p.messages[old]["at_ms"] - (now - HOUR)) < 2000, "a wait starts when it was said"
    yield p.agrees()


def backdated(p):
    """Dated two days before what is known already: found all the same."""
    p.platform.can_backdate()
    yield CONNECTED
    yield p.heard(p.say("bob", "now"))
    yield p.rounds()
    old = p.say("ann", "from another time", at=p.town.now_ms() - 2 * DAY)
    yield p.heard(old)
    if p.can["time"] == "author":
        assert p.town.now_ms() - p.messages[old]["at_ms"] < 300_000, "a time that its author wrote is not believed"
    yield p.agrees()


def unbelievable_times(p):
    """1970, 2003 and 2099 are kept as they came and not believed: the wait starts when it was seen."""
    p.platform.can_backdate()
    yield CONNECTED
    ids = [p.say(who, "when?", at=at) for who, at in (("ann", "1970-01-02T00:00:00Z"), ("bob", "2003-01-01T00:00:00Z"), ("cid", "2099-12-31T23:59:59Z"))]
    yield p.heard(*ids)
    for ident in ids:
        assert abs(p.town.now_ms() - p.messages[ident]["at_ms"]) < 300_000, p.messages[ident]


def edited(p):
    """An edit is a revision of the same message: same start, new words."""
    p.needs("edits")
    yield CONNECTED
    q = p.say("ann", "where is order 41?")
    yield p.wait_for("ann")
    before = p.messages[q]["at_ms"]
    p.town.edit(q, p.platform.words("where is order 42?"), p.name)
    yield lambda: "42" in p.messages[q]["body"]
    assert p.messages[q]["revisions"] == 1 and p.messages[q]["at_ms"] == before
    yield p.wait_for("ann")
    yield p.agrees()


def deleted(p):
    """A deletion is a tombstone, ends that wait and no other."""
    if not p.can["deletions"] and p.connector != "telegram":
        p.needs("deletions")
    yield CONNECTED
    q, other = p.say("ann", "never mind"), p.say("bob", "and mine?")
    yield p.wait_for("ann", "bob")
    p.town.delete(q, p.name)
    yield p.wait_for("bob")
    assert p.messages[q]["gone"] and not p.messages[other]["gone"]
    yield p.agrees()


def unknown_kind(p):
    """What this version has no kind for is kept as `other`: it neither asks nor answers."""
    yield CONNECTED
    q = p.say("ann", "the bread is stale")
    yield p.wait_for("ann")
    p.platform.strange(q)
    yield lambda: any(m["kind"] == "other" for m in p.messages.values())
    yield p.rounds()
    yield p.wait_for("ann")
    yield p.agrees()


def naughty_words(p):
    """Words that break programs are stored and wait like all others."""
    texts = ["<script>alert(1)</script>", "'; drop table message; --", "\u202e txet", "Z\u0351\u036b\u0343\u0360 a\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
             "]]> &amp; &lt; <b>", "%s%n%d", "${jndi:ldap://x}", "a" * 20_000, "\ufeff\u200b\u2028", "\\u0000 \\x00 \\"]
    yield CONNECTED
    ids = p.say_all([p.platform.op("ann", f"{i} {text}") for i, text in enumerate(texts)])
    yield p.heard(*ids)
    for ident, text in zip(ids, texts):
        if text.isascii() and "'" not in text and "<" not in text:
            assert text in p.messages[ident]["body"], (text, p.messages[ident]["body"][:200])
    yield p.agrees()


# ---- trouble
HTTP = {
    "500": {"kind": "status", "status": 500}, "502 HTML": {"kind": "status", "status": 502, "body": "html"},
    "503 empty": {"kind": "status", "status": 503, "body": "empty"}, "504": {"kind": "status", "status": 504},
    "418": {"kind": "status", "status": 418}, "404": {"kind": "status", "status": 404},
}
PAGES = {
    "a web page with 200": {"kind": "html"}, "a web page with 403": {"kind": "html", "status": 403}, "empty 200": {"kind": "empty"},
    "redirect loop": {"kind": "redirect"}, "redirect elsewhere": {"kind": "redirect", "to": "http://127.0.0.1:9/", "status": 301},
}
WIRE = {
    "half a body, RST": {"kind": "cut", "end": "rst"}, "half a body, FIN": {"kind": "cut", "end": "fin"}, "RST at once": {"kind": "drop"},
    "FIN at once": {"kind": "drop", "end": "fin"},
}
FRAMES = {
    "length too big": {"kind": "length", "delta": 10}, "length too small": {"kind": "length", "delta": -10},
    "no HTTP": {"kind": "garbage"}, "broken chunks": {"kind": "bad_chunks"},
}
SIZE = {
    "endless body": {"kind": "endless_body", "mib": 16}, "endless headers": {"kind": "endless_headers", "mib": 4},
    "gzip bomb": {"kind": "bomb", "mib": 64}, "gzip bomb, stacked": {"kind": "bomb", "mib": 64, "stacked": True},
    "huge": {"kind": "huge", "mib": 4}, "too many elements": {"kind": "many", "n": 2000},
}
SHAPE = {
    "deep": {"kind": "deep"}, "cut": {"kind": "cut_json"}, "BOM": {"kind": "bom"}, "wrong type": {"kind": "ctype"},
}
VALUES = {
    "a number": {"kind": "replace", "text": "42"}, "null": {"kind": "replace", "text": "null"}, "a list of lists": {"kind": "replace", "text": "[[],[]]"},
    "an object": {"kind": "replace", "text": "{\"a\":[]}"}, "two documents": {"kind": "replace", "text": "[] []"},
    "an object in a list": {"kind": "replace", "text": "[{}]"},
}


def through(p, orders):
    """One answer is bad; the next good one brings everything."""
    for name, order in orders.items():
        fault = p.fault(**order)
        q = p.say("bob", f"through {name}")
        yield p.struck(fault)
        yield p.heard(q)
    p.house.worker.assert_small()
    yield p.agrees()


def errors_of_http(p):
    """Statuses in place of an answer."""
    yield CONNECTED
    yield from through(p, HTTP)


def other_pages(p):
    """Web pages, nothing at all, redirects in place of an answer."""
    yield CONNECTED
    yield from through(p, PAGES)


def errors_of_the_wire(p):
    """Connections that end."""
    yield CONNECTED
    yield from through(p, WIRE)


def errors_of_frames(p):
    """Lengths and chunks that lie."""
    yield CONNECTED
    yield from through(p, FRAMES)


def errors_of_size(p):
    """Answers without end, and bombs: memory stays bounded."""
    yield CONNECTED
    yield from through(p, SIZE)


def errors_of_shape(p):
    """Answers that are no JSON, or no whole one."""
    yield CONNECTED
    yield from through(p, SHAPE)


def other_values(p):
    """Answers that are JSON and no list of messages."""
    yield CONNECTED
    yield from through(p, VALUES)


def limits(p):
    """"Too many requests", with seconds, with a date, in the platform's own words: honoured, and heard afterwards."""
    yield CONNECTED
    yield from through(p, {d: {"kind": "limited", "dialect": d} for d in dict.fromkeys(["seconds", "date", *p.platform.dialects])})


def vague_limits(p, dialect, longest=400):
    """Told, and nothing is asked for a while: the sheet's whole window is waited for, so only the long run sees its end (longest 0: nobody)."""
    fault = p.fault("limited", dialect=dialect)
    q = p.say("bob", "after the window")
    yield p.struck(fault)
    yield lambda: any(s.get("failure") or s.get("reason") for s in p.house.sources() if s["account"] == p.account)
    start, begun = p.requests(), time.monotonic()
    yield lambda: time.monotonic() > begun + 3
    assert p.requests() - start <= 2, f"{p.requests() - start} requests although it said 429"
    if "ANSWERD_SOAK" in os.environ and longest > 0:
        yield p.heard(q), longest


def limit_without_a_time(p):
    """429 that does not say how long."""
    yield from vague_limits(p, "none")


def limit_in_the_past(p):
    """429 that says a negative time."""
    yield from vague_limits(p, "negative")


def limit_in_words(p):
    """429 that says "soon"."""
    yield from vague_limits(p, "word")


def limit_for_ever(p):
    """429 that says three thousand milliards of years."""
    yield from vague_limits(p, "absurd", longest=0)


def limit_that_is_over(p):
    """429 whose window ended an hour ago by its own headers."""
    if not any(d.startswith("reset_") for d in p.platform.dialects):
        raise Cannot(f"{p.connector} has no headers of windows")
    yield CONNECTED
    yield from through(p, {"reset in the past": {"kind": "limited", "dialect": "reset_past"}})


def spoilt(p, orders):
    """The rest of the page is stored; each spoilt one (the second of three, up to four on a page) is stored cleaned or is a row of the
    quarantine."""
    for n in range(0, len(orders), 4):
        first, *more = [{"which": 3 * i + 1, **order} for i, order in enumerate(orders[n:n + 4])]
        fault = p.fault("poison", more=more, **first)
        ids = p.say_all([p.platform.op(who, f"poison {n + i} {who}") for i in range(len(more) + 1) for who in ("ann", "bob", "cid")])
        yield p.struck(fault)
        yield p.kept(*ids, n_heard=2 * (len(more) + 1))
    yield p.heard(p.say("dan", "it goes on"))


def hostile_values_of_text(p):
    """One element holds what no text may hold."""
    yield CONNECTED
    yield from spoilt(p, [{"how": how} for how in p.platform.poisons[:11]])


def hostile_values_of_ids(p):
    """One element has an id that is none."""
    if len(p.platform.poisons) <= 11:
        raise Cannot("its elements have no ids that are values of JSON")
    yield CONNECTED
    yield from spoilt(p, [{"how": how} for how in p.platform.poisons[11:]])


def schema_change(p):
    """A field is missing, or is of another type than yesterday."""
    if not p.platform.schema:
        raise Cannot("its elements have no fields of JSON")
    yield CONNECTED
    yield from spoilt(p, [{"field": field, "how": how} for field, how in p.platform.schema])


def walk_without_end(p):
    """The same page for ever, with its own token of the next: the walk is ended, the server not hammered, and all is heard later."""
    yield CONNECTED
    yield p.heard(*p.say_all([p.platform.op("bob", f"page {i}") for i in range(120)]))
    fault = p.fault("again", count=0)
    yield p.struck(fault)
    yield p.rounds(3)
    start, begun = p.requests(), time.monotonic()
    yield lambda: time.monotonic() > begun + 3
    grown, seconds = p.requests() - start, time.monotonic() - begun
    assert grown < 60 * seconds, f"{grown} requests in {seconds:.0f} s"
    p.town.heal(fault)
    yield p.heard(p.say("ann", "after the loop"))
    yield p.agrees()


def refused(p):
    """A token that is taken back is told, in the account's state, with a reason for people."""
    p.platform.can_refuse()
    yield CONNECTED
    yield p.heard(p.say("ann", "before"))
    p.platform.refuse()
    state = "select state::text || ': ' || coalesce(state_reason, '') from answerd.account where name = %s"
    yield lambda: (p.house.database.one(state, p.account) or "").startswith("refused: ")
    assert len(p.house.database.one(state, p.account)) > 30


# ---- replies
def replies(p, lies, **more):
    """A reply for each lie about its outcome (`more` belongs to the fault): on the platform once and `sent`, or a person is asked where nobody can
    know."""
    p.needs("reply")
    yield CONNECTED
    lies = dict(zip(CUSTOMERS, lies))
    asked = {who: p.say(who, f"and what about {lie}?") for who, lie in lies.items()}
    yield p.heard(*asked.values())
    yield p.wait_for(*lies)
    conversations = {r["who"].split(".")[0]: r["conversation_id"] for r in p.play.board.waiting[p.account]}
    made, words, faults = {}, {}, {}
    for n, (who, lie) in enumerate(lies.items()):
        words[who] = f"It left us on day {n}, dear {who}"
        faults[who] = lie and p.town.fault("lie", server=p.name, how=lie, **more)
        made[who] = int(p.house.answer("reply", conversations[who], "-m", words[who], code=0).json["id"])
        if lie:
            yield p.struck(faults[who])
    for who, lie in lies.items():
        yield p.ended(made[who])
        end, book = p.play.board.replies[made[who]], [r for r in p.town.applied(p.name) if words[who] in r["text"]]
        assert not lie or p.town.hits(faults[who]) == 1
        if end["state"] == "sent":
            assert [r["id"] for r in book] == [end["external_id"].removeprefix("dm:")], (lie, end, book)
            yield lambda who=who: who not in [w for w, _ in p.waiting()]
        else:
            # Nobody can know: it cannot be read back, or it is not there and sending again could make a second one.
            assert end["state"] == "needs_human" and (not p.can["lookup"] or (p.can["key_valid_s"] == 0 and not book)), (lie, end, book)
            assert len(book) == (lie is not None and not lie.startswith("unapplied")), (lie, end, book)
            assert who in [w for w, _ in p.waiting()], f"{who} still waits: nobody knows of an answer"


def a_reply(p):
    """Posted once, known by its id, below what it answers; the wait ends; what is too long is refused before it leaves."""
    yield from replies(p, [None])
    q = p.say("bob", "tell me everything")
    yield p.heard(q)
    row = next(r for r in p.play.board.waiting[p.account] if r["who"].split(".")[0] == "bob")
    refused_ = p.house.answer("reply", row["conversation_id"], "-m", "x" * (p.can["max_length"] + 1), code=4)
    assert "too long" in refused_.err and len(p.town.applied(p.name)) == 1
    yield p.rounds()
    assert sum(m["direction"] == "outbound" for m in p.messages.values()) == 1 + (hasattr(p.platform, "root"))


def no_reply(p):
    """What cannot be answered is refused in the connector's own words, in the queue already; nothing is queued that can never leave."""
    if p.can["reply"]:
        raise Cannot(f"{p.connector} replies")
    yield CONNECTED
    p.say("ann", "may I ask?")
    yield p.wait_for("ann")
    entry = next(e for e in p.house.entries() if e["account"] == p.account)
    assert (entry["can_reply"], entry["why_not"]) == (False, p.can["why_no_reply"])
    refused_ = p.house.answer("reply", entry["id"], "-m", "You may.", code=4)
    assert p.can["why_no_reply"] in refused_.err, refused_.err
    assert p.house.database.one("select count(*) from answerd.reply r join answerd.account a using (account_id, brand_id) where a.name = %s", p.account) == 0
    yield p.wait_for("ann")


def reply_never_answered(p):
    """Done, and no answer comes."""
    yield from replies(p, ["applied_timeout"])


def reply_not_done_never_answered(p):
    """Not done, and no answer comes."""
    yield from replies(p, ["unapplied_timeout"])


def reply_connection_ends(p):
    """The connection ends: done or not."""
    yield from replies(p, ["applied_reset", "applied_closed", "applied_cut", "unapplied_reset", "unapplied_empty"])


def reply_5xx(p):
    """A server in trouble: done or not."""
    yield from replies(p, ["applied_500", "applied_502", "applied_503", "unapplied_502", "unapplied_504"])


def reply_4xx(p):
    """Refused, and yet done."""
    yield from replies(p, ["applied_408", "applied_429", "applied_duplicate", "applied_504", "applied_redirect"])


def reply_proves_nothing(p):
    """200, and nothing in it that proves anything."""
    yield from replies(p, ["applied_empty", "applied_html", "applied_type", "applied_no_id"])


def reply_shown_late(p):
    """Done, answered with an error, and shown only two seconds later: a later look finds it."""
    yield from replies(p, ["applied_502", "applied_reset"], late_s=2)


def reply_on_its_own_connection(p):
    """A connection that was used before may die under a post, and who repeats it has posted twice: ours are never on such a one."""
    fault = p.town.fault("lie", server=p.name, how="applied_reset", reused=True, count=0)
    yield from replies(p, [None, None, None])
    assert p.town.hits(fault) == 0


def with_keys(p, **option):
    """What was done is not done again by a server that does not keep the promise of its keys."""
    if p.can["key_valid_s"] == 0:
        raise Cannot(f"{p.connector} has no keys")
    p.town.do("option", server=p.name, **option)
    yield from replies(p, ["applied_502", "unapplied_reset", "applied_closed"])


def reply_key_ignored(p):
    """The server forgets keys."""
    yield from with_keys(p, idempotency="ignored")


def reply_key_breaks(p):
    """A key that comes again is a 500."""
    yield from with_keys(p, idempotency_breaks=True)


TABLE = [whole_path, history, paging, equal_times, nesting, overheard, own_words, late, backdated, unbelievable_times, edited, deleted,
         unknown_kind, naughty_words, errors_of_http, other_pages, errors_of_the_wire, errors_of_frames, errors_of_size, errors_of_shape,
         other_values, limits, limit_without_a_time, limit_in_the_past, limit_in_words, limit_for_ever, limit_that_is_over, hostile_values_of_text,
         hostile_values_of_ids, schema_change, walk_without_end, refused, a_reply, no_reply, reply_never_answered, reply_not_done_never_answered,
         reply_connection_ends, reply_5xx, reply_4xx, reply_proves_nothing, reply_shown_late, reply_on_its_own_connection, reply_key_ignored,
         reply_key_breaks]
BEHAVIOURS = {b.__name__: b for b in TABLE}
CONNECTORS = connector_names()


@pytest.fixture(scope="module")
def plays(cluster, template, tmp_path_factory, request):
    """connector -> its play: made when the first of its tests asks, with the behaviours that were asked for; ended with the next one."""
    made, ends = {}, []

    def end():
        for step in ends:
            step()
        ends.clear()

    def of(connector):
        if connector not in made:
            end()
            described(connector)
            asked = [i.callspec.params["behaviour"] for i in request.session.items
                     if i.module is request.module and getattr(i, "callspec", None) and i.callspec.params.get("connector") == connector
                     and "behaviour" in i.callspec.params]
            folder = tmp_path_factory.mktemp(connector)
            town = Town(folder / "town", "--no-sync")       # nobody kills it
            ends.append(town.stop)
            database = cluster.create(template)
            ends.insert(0, database.drop)
            database.use_test_clock()
            house = House(town, database, folder)
            ends.insert(0, house.end)
            try:
                made[connector] = Play(house, connector, {n: BEHAVIOURS[n] for n in asked})
            except Exception as why:      # noqa: BLE001  every test of this connector tells it
                made[connector] = why
        if isinstance(made[connector], Exception):
            raise AssertionError(f"{connector}: {made[connector]}") from made[connector]
        return made[connector]
    yield of
    end()


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_connector_has_a_town_and_fixtures(connector):
    described(connector)
    assert list((FIXTURES / connector).glob("*.http")), f"tests/fixtures/{connector}/ has no recorded answers (connectors/README.md, 3)"
    can = capabilities(connector)
    assert can["reply"] == bool(can["answers"]), "what can be answered stands in `can.answers`"
    assert can["reply"] or can["why_no_reply"], "a connector that does not reply says why"


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("connector", CONNECTORS)
def test_behaviour(plays, connector, behaviour):
    try:
        plays(connector).tell(behaviour)
    except Cannot as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("connector", CONNECTORS)
def test_the_house_is_in_order_afterwards(plays, connector):
    """`answer verify`, memory, and the town itself, when all behaviours were played (the house itself is gone by now)."""
    if plays(connector).disorder is not None:
        raise plays(connector).disorder
