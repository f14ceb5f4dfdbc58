"""The rules in SQL against the independent model: any history, in any order of arrival, in pages of any size, with repeats,
deletions and wrong clocks, gives the queue that the model gives (I2). No worker: pages go straight into answerd.ingest."""
import functools
import itertools
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hours_model import UTC, Office, date, datetime, day
from model import CUSTOMER, NATURES, OTHER, OURS, Model, Said, promise
from rig import shared
from rig.place import FIXTURES, REPO
from rig.replay import busiest, ordered, read_csv

DIRECTION = {CUSTOMER: "inbound", OURS: "outbound", OTHER: "context"}
TYPES = (["int"] * 3 + ["bigint", "text", "bigint", "text", "bool", "bigint"] + ["text[]"] * 7 + ["int[]"] + ["text[]"] * 7
         + ["bigint[]"] * 2 + ["text[]"] * 2 + ["bigint[]", "text[]", "int[]"] + ["text[]"] * 5)
CALL = "select * from answerd.ingest(" + ", ".join(f"%s::{t}" for t in TYPES) + ")"
START = 1_700_000_000           # seconds; any instant that is believed
# Half a day around START has hours, so that deadlines fall now into this frame, now into the next, now behind a holiday.
ZONE, HOURS, HOLIDAY = "America/New_York", ["Mon-Fri 08:00-12:00,13:00-17:30", "Tue,Wed 19:00-01:00"], day(date(2023, 11, 16))
OFFICE = Office(ZONE, HOURS, [HOLIDAY])


@pytest.fixture(scope="module")
def rules(cluster):
    """A database with our schema, straight from the SQL files."""
    database = cluster.create()
    store = REPO / "daemon" / "store"
    database.rows("create schema answerd")
    for path in sorted((store / "migrations").glob("*.sql")) + sorted((store / "rules").glob("[0-8]*.sql")):
        database.rows(path.read_text(encoding="utf-8"))
    database.rows("select answerd.declare(%s::jsonb)", json.dumps({"brands": [{
        "name": "acme", "timezone": ZONE, "hours": HOURS, "holidays": [[*map(str, HOLIDAY), "a day off"]], "accounts": []}]}))
    yield Rules(database)
    database.drop()


class Rules:
    def __init__(self, database):
        self.database, self.n = database, 0

    def account(self):
        """A fresh account with one source."""
        self.n += 1
        self.account_id = self.database.one(
            "insert into answerd.account (brand_id, name, platform, server, realm, every_us) values (1, %s, 'mastodon', 'x', %s, 60000000) "
            "returning account_id", f"a{self.n}", f"r{self.n}")
        self.source_id = self.database.one("insert into answerd.source (brand_id, account_id, name) values (1, %s, 'mentions') "
                                           "returning source_id", self.account_id)
        self.seq = 0
        self.versions = {}
        self.scale = 1                  # seconds of a unit of the model's time

    def version(self, m):
        return self.versions.get(m.id, 0)

    def page(self, messages, gone=()):
        """One page as the worker hands it over."""
        unique = list({m.id: m for m in messages}.values())
        names = [(n + 1, name) for n, m in enumerate(unique) for name in sorted(m.names) if name != m.author]

        def col(get):
            return [get(m) for m in unique]
        args = [1, self.account_id, self.source_id, 1, "poll", self.seq, "s", True, 0,
                col(lambda m: m.id), col(lambda m: m.parent), col(lambda m: m.thread), col(lambda m: None),
                col(lambda m: m.what), col(lambda m: DIRECTION[m.side]),
                col(lambda m: "public"), col(lambda m: int(m.names_us or m.is_direct) + (0 if m.is_person else 4)), col(lambda m: m.author),
                col(lambda m: m.author), col(lambda m: m.author), col(lambda m: "text " + m.id), col(lambda m: None), col(lambda m: None),
                col(lambda m: None), col(lambda m: (START + m.at * self.scale) * 1_000_000), col(lambda m: self.version(m) * 1_000_000), col(lambda m: None),
                col(lambda m: m.nature), col(self.version), col(lambda m: "{}"), [n for n, _ in names], [name for _, name in names], list(gone), [], [], []]
        state, *_ = row = tuple(self.database.rows(CALL, *args)[0].values())
        assert state == "ok", row
        self.seq = row[-1]

    def waiting(self):
        rows = self.database.rows("""
            select c.root_id, i.external_id, answerd.us(c.waiting_since) as since, c.unanswered, answerd.us(c.warn_at) as warn,
                answerd.us(c.due_at) as due, answerd.us(c.lead_at) as lead, answerd.us(c.stop_at) as stop from answerd.conversation c
            join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id
            where c.account_id = %s and c.waiting_since is not null and c.merged_into is null""", self.account_id)
        return sorted((r["root_id"], r["external_id"], (r["since"] // 1_000_000 - START) // self.scale, r["unanswered"], r["warn"], r["due"], r["lead"],
                       r["stop"]) for r in rows)

    def wanted(self, messages):
        return sorted((w.root, w.customer, w.since, w.count, *deadlines(START + w.since * self.scale, w.kind, w.nature, w.is_next))
                      for w in Model(messages).waiting())


@functools.lru_cache(None)
def deadlines(since, kind, nature, is_next):
    """Warning, answer, 150 % of it and hard stop, in microseconds. Thanks and praise come as a digest: no lead is called."""
    warn, due, stop = promise(kind, nature, is_next)
    lead = None if nature in ("thanks", "praise") else due and due * 3 // 2
    return tuple([None if n is None else int(OFFICE.deadline(datetime.fromtimestamp(since, UTC), n).timestamp()) * 1_000_000
                  for n in (warn, due, lead)] + [(since + stop) * 1_000_000])


@st.composite
def histories(draw):
    """Up to a dozen messages, the order of their arrival, and the sizes of pages."""
    n = draw(st.integers(1, 12))
    said = []
    for i in range(n):
        side = draw(st.sampled_from([CUSTOMER, CUSTOMER, CUSTOMER, OURS, OURS, OTHER]))
        author = {OURS: "us", OTHER: "mill"}.get(side) or draw(st.sampled_from(["ann", "bob", "cid"]))
        parent = draw(st.one_of(st.none(), st.integers(0, i - 1).map(lambda k: f"m{k}"), st.just("gone")) if i else st.one_of(st.none(), st.just("gone")))
        above = int(parent[1:]) if parent and parent != "gone" else None
        at = (said[above].at if above is not None else 0) + draw(st.integers(0, 4))     # clocks are right, seconds may be equal
        names = frozenset(draw(st.sets(st.sampled_from(["ann", "bob", "cid"]), max_size=2))) if side == OURS else frozenset()
        is_named = side == CUSTOMER and draw(st.booleans())
        kind = draw(st.sampled_from(["direct", "review", "reply", "mention"])) if is_named else "reply" if parent else "post"
        said.append(Said(f"m{i}", author, at, side, parent, names, is_named, nature=draw(st.sampled_from(NATURES)), kind=kind))
    order = draw(st.permutations(range(n)))
    cuts = draw(st.lists(st.integers(1, 5), min_size=n, max_size=n))
    repeats = draw(st.lists(st.integers(0, n - 1), max_size=4))
    deleted = draw(st.sets(st.integers(0, n - 1), max_size=2))
    edited = {i: (draw(st.sets(st.sampled_from(["ann", "bob", "cid"]), max_size=2)), draw(st.booleans()))
              for i in draw(st.sets(st.integers(0, n - 1), max_size=3))}
    return said, order, cuts, repeats, deleted, edited


def play(rules, said, order, cuts, repeats=()):
    rules.account()
    rules.scale = 3599          # hours, so that offices open and close meanwhile
    at, queue = 0, [said[i] for i in order]
    for size in cuts:
        if at >= len(queue):
            break
        rules.page(queue[at:at + size] + [said[r] for r in repeats if said[r] in queue[:at]])
        at += size
        assert rules.waiting() == rules.wanted(queue[:at])


@settings(max_examples=2000 if "ANSWERD_SOAK" in os.environ else 120, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(histories())
def test_any_history_in_any_order(rules, history):
    """Every page leaves the queue that the model computes of what is known then."""
    said, order, cuts, repeats, deleted, edited = history
    play(rules, said, order, cuts, repeats)
    for i, (names, names_us) in sorted(edited.items()):
        old = Said(**vars(said[i]))
        rules.versions[old.id] = 1
        if said[i].side == OURS:
            said[i].names = frozenset(names)
        elif said[i].side == CUSTOMER:
            said[i].names_us = said[i].names_us or names_us    # an edit is the same start: it cannot make us deaf
        rules.page([said[i]])
        assert rules.waiting() == rules.wanted(said)
        rules.versions[old.id] = 0      # an older copy that comes late changes nothing
        rules.page([old])
        rules.versions[old.id] = 1
        assert rules.waiting() == rules.wanted(said)
    for i in sorted(deleted):
        said[i].is_deleted = True
        rules.page([], gone=[said[i].id])
        assert rules.waiting() == rules.wanted(said)


def test_every_promise(rules):
    """Each kind, nature and turn, begun at all hours of a week: the deadlines of PRODUCT's table by the model's clock."""
    rules.account()
    rules.scale = 60
    said = []
    for n, (kind, nature, is_next) in enumerate(itertools.product(["mention", "comment", "reply", "review", "post", "direct"], NATURES, [False, True])):
        at, author = n * 167, f"c{n}"       # minutes: 60 turns over a week
        said.append(Said(f"q{n}", author, at, names_us=True, kind=kind, nature=nature))
        if is_next:
            said += [Said(f"a{n}", "us", at + 1, OURS, f"q{n}"), Said(f"r{n}", author, at + 2, parent=f"a{n}", kind=kind, nature=nature)]
    rules.page(said)
    found = rules.waiting()
    assert found == rules.wanted(said)
    assert len(found) == 60 and len({f[5] and f[5] // 1_000_000 - START - f[2] * 60 for f in found}) > 20


@pytest.mark.parametrize("order", ["chronological", "newest first", "random"])
@pytest.mark.parametrize("which", ["cases", "public", "follow-ups"])
def test_conversations(rules, which, order):
    """Recorded and hand-written conversations, per brand, in pages of 40 and of 3."""
    if which == "cases":
        rows = read_csv(FIXTURES / "conversations" / "cases.csv")
    elif which == "public":
        rows = busiest(read_csv(shared("data", "twcs", "conversations_dev.csv")), 25, 2000)
    else:
        rows = read_csv(shared("data", "twcs", "spotify_followups_dev.csv"))
    brands = {r["author"] for r in rows if r["is_brand"]}
    for brand in sorted(brands):
        said = {}
        for row in ordered(rows, order):
            names = {w.strip(".,!?:;'\"()").lstrip("@") for w in row["text"].split() if "@" in w}
            side = OURS if row["author"] == brand else OTHER if row["is_brand"] else CUSTOMER
            said[row["id"]] = Said(row["id"], row["author"], row["at"] // 1000 - START, side, row["parent"], frozenset(names - {brand}),
                                   brand in names and side == CUSTOMER)
        mine = about(brand, said)
        for size in (40, 3) if which == "cases" else (40,):
            rules.account()
            for i in range(0, len(mine), size):
                rules.page(mine[i:i + size])
                if size == 3 or i // size % 5 == 0:
                    assert rules.waiting() == rules.wanted(mine[:i + size])
            assert rules.waiting() == rules.wanted(mine)


def about(brand, said):
    """The threads in which a brand takes part or is named."""
    def root(m):
        seen = set()
        while m.parent in said and m.id not in seen:
            seen.add(m.id)
            m = said[m.parent]
        return m.id
    roots = {root(m) for m in said.values() if m.author == brand or m.names_us}
    return [m for m in said.values() if root(m) in roots]

