"""Plays many behaviours of one connector side by side in one house: each has a server of its own in the town and is a generator that
yields what it waits for. So a table of forty behaviours takes as long as its slowest one, a dozen polls."""
import functools
import os
import time

from rig.platforms import Cannot, Model, capabilities, described

CONNECTED = "connected"         # the first thing that every behaviour waits for; what is before it happens before we connect


def patience():
    """Seconds for one wait: only what never comes takes so long, however busy the machine is."""
    return min(300, 60 + 15 * os.getloadavg()[0])


class Board:
    """What the database says of all accounts, read once a round."""

    def __init__(self, house):
        self.house = house

    def read(self, accounts):
        """Everything of these accounts, from one snapshot."""
        rows = self.house.database.rows
        rows("begin isolation level repeatable read, read only")
        try:
            self.take(rows, accounts)
        finally:
            rows("rollback")

    def take(self, rows, accounts):
        self.messages, self.quarantine, self.waiting, self.replies = {}, {}, {}, {}
        for r in rows("select a.name, m.external_id as id, m.kind::text, m.direction::text, m.parent_id, m.body, m.deleted_at is not null as gone, "
                      "extract(epoch from m.posted_at) * 1000 as posted_ms, extract(epoch from m.at) * 1000 as at_ms, (select count(*) from answerd.message_revision v where "
                      "v.external_id = m.external_id and v.account_id = m.account_id) as revisions "
                      "from answerd.message m join answerd.account a using (account_id, brand_id) where a.name = any(%s)", accounts):
            self.messages.setdefault(r["name"], {})[r["id"].removeprefix("dm:")] = r
        for r in rows("select a.name, q.external_id, q.reason from answerd.quarantine q join answerd.account a using (account_id, brand_id) "
                      "where a.name = any(%s)", accounts):
            self.quarantine.setdefault(r["name"], []).append(r)
        for r in rows("select a.name, coalesce(i.handle, i.name) as who, c.unanswered, c.conversation_id, c.oldest_id, "
                      "extract(epoch from c.waiting_since) * 1000 as since from answerd.conversation c join answerd.account a using (account_id, brand_id) "
                      "join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id "
                      "where c.waiting_since is not null and c.merged_into is null and not c.is_about and a.name = any(%s)", accounts):
            self.waiting.setdefault(r["name"], []).append(r)
        for r in rows("select reply_id, state::text, external_id, reason from answerd.reply"):
            self.replies[r["reply_id"]] = r


class Place:
    """One account of the connector under test, on a server of its own."""

    def __init__(self, play, connector, name):
        self.play, self.house, self.town = play, play.house, play.house.town
        self.connector, self.name, self.can = connector, name, play.can
        self.account, self.ids = f"acme_{name}", {}
        self.platform = described(connector)(self)

    def needs(self, *capabilities_):
        for what in capabilities_:
            if not self.can[what]:
                raise Cannot(f"{self.connector} cannot: `can.{what}` of `answerd platforms` is {self.can[what]}")

    # ---- doing
    def say(self, who, words, under=None, **more):
        """Somebody speaks; the id. Customers speak to us; below a parent as people do there."""
        return self.say_all([self.platform.op(who, words, under, **more)])[0]

    def say_all(self, ops):
        made = [r["id"] for r in self.town.bulk(ops, server=self.name)]
        for op, ident in zip(ops, made):
            if op.get("business"):
                self.ids[op["author"] if op["author"] != self.platform.own else op["business"]] = ident.split(":")[2]
        return made

    def answer(self, under, words, **more):
        """We, natively."""
        return self.say(self.platform.own, words, under, **more)

    def fault(self, kind, **more):
        return self.town.fault(kind, server=self.name, **{"path": self.platform.news, "query": self.platform.asks, **more})

    def log(self):
        """What the worker said of this account lately."""
        return "\n".join([line for line in self.house.worker.log(300_000).splitlines() if f"account={self.account} " in line][-12:])

    # ---- conditions
    @property
    def messages(self):
        return self.play.board.messages.get(self.account, {})

    @property
    def quarantine(self):
        return self.play.board.quarantine.get(self.account, [])

    def waiting(self):
        return sorted((r["who"].split(".")[0], r["unanswered"]) for r in self.play.board.waiting.get(self.account, []))

    def heard(self, *ids):
        def condition():
            absent = [i for i in ids if i not in self.messages]
            assert not absent, f"{len(absent)} of {len(ids)} not heard, such as {absent[:3]}; in quarantine: {self.quarantine[:3]}"
            return True
        return condition

    def kept(self, *ids, n_heard=0):
        """Stored (so many of them at least), or told in the quarantine."""
        def condition():
            assert sum(i in self.messages for i in ids) >= n_heard, f"heard: {sum(i in self.messages for i in ids)}; in quarantine: {self.quarantine[-3:]}"
            names = {q["external_id"] for q in self.quarantine}
            absent = [i for i in ids if i not in self.messages and i not in names]
            nameless = sum(q["external_id"] is None or q["external_id"] not in ids for q in self.quarantine)
            assert len(absent) <= nameless, f"lost: {absent[:3]}; in quarantine: {self.quarantine[:3]}"
            return True
        return condition

    def wait_for(self, *whom):
        """These wait, and nobody else."""
        def condition():
            found = [who for who, _ in self.waiting()]
            assert found == sorted(whom), f"waiting: {found}, wanted: {sorted(whom)}"
            return True
        return condition

    def struck(self, fault):
        return lambda: self.play.hits.get(fault, 0) > 0

    def requests(self):
        """How many answers its server gave."""
        return sum(n for name, n in self.play.counters.items() if name.startswith(self.name + " "))

    def rounds(self, n=2):
        """Asked n times more for news."""
        start = self.play.counters.get("polls " + self.name, 0)
        return lambda: self.play.counters.get("polls " + self.name, 0) >= start + n

    def ended(self, reply):
        """A reply is where it stays by itself."""
        def condition():
            found = self.play.board.replies.get(reply)
            assert found and found["state"] in ("sent", "failed_visible", "needs_human"), found
            return True
        return condition

    def agrees(self):
        """The queue is what the independent model makes of the town's truth, and nothing that was served is lost."""
        def condition():
            truth = [r for r in self.town.truth(self.name) if r["boosted"] is None and r["id"] in self.messages]
            wrong = [r["id"] for r in truth if r["parent"] not in (None, r["id"]) and self.messages[r["id"]]["kind"] != "other"
                     and self.messages[r["id"]]["parent_id"] != r["parent"]]
            assert not wrong, f"hang elsewhere: {wrong[:5]}"
            others = {i for i, m in self.messages.items() if m["kind"] == "other"}
            wanted = sorted((w.customer, w.count) for w in Model([self.platform.said(r) for r in truth if r["id"] not in others]).waiting())
            assert self.waiting() == wanted, f"the queue: {self.waiting()}, the model: {wanted}"
            server, own = self.house.accounts[self.account]
            absent = self.house.served_ids(server, own) - set(self.messages) - {q["external_id"] for q in self.quarantine}
            assert len(absent) <= sum(q["external_id"] is None for q in self.quarantine), f"served, not stored: {sorted(absent)[:5]}"
            return True
        return condition


class Run:
    """One behaviour on its way."""

    def __init__(self, behaviour, place):
        self.place, self.steps = place, behaviour(place)
        self.condition = self.error = self.last = None
        self.is_done = False
        self.begun = time.monotonic()
        self.go()

    def go(self, error=None):
        """On to what it waits for next."""
        try:
            what = self.steps.throw(error) if error else next(self.steps)
            self.condition, self.least = what if isinstance(what, tuple) else (what, 0)
            self.since = time.monotonic()
        except StopIteration:
            self.is_done = True
        except (Exception, Cannot) as why:      # noqa: BLE001  told by its own test
            self.is_done, self.error = True, why
        if self.is_done:
            self.took = time.monotonic() - self.begun

    def look(self):
        """Go on as far as it goes; where it waits too long, the failure stands at that line of the behaviour."""
        while not self.is_done and callable(self.condition):
            try:
                is_so, self.last = self.condition(), None
            except AssertionError as why:
                is_so, self.last = False, why
            if is_so:
                self.go()
                if not self.is_done:
                    return          # the board is older than what it did
            elif time.monotonic() > self.since + max(self.least, patience()):
                self.go(AssertionError(f"not within {time.monotonic() - self.since:.0f} s: {self.last or 'the condition'}\n{self.place.log()}"))
            else:
                return


class Play:
    """All behaviours of one connector in one house."""

    def __init__(self, house, connector, behaviours):
        self.house, self.connector = house, connector
        self.can = capabilities(connector)
        self.board, self.counters, self.hits, self.runs = Board(house), {}, {}, {}
        self.disorder = None
        house.config.brand()["repeat_limit"] = 0
        for name, behaviour in behaviours.items():
            place = Place(self, connector, name)
            try:
                place.platform.open(connector, settle="1s", max_per_host=16)
            except Cannot:
                raise AssertionError(f"{connector}: opening a server cannot be skipped") from None
            self.runs[name] = run = Run(behaviour, place)
            if run.is_done:     # what it cannot do needs nobody who listens
                del house.config.brand()["accounts"][place.account], house.accounts[place.account]
        if any(not run.is_done for run in self.runs.values()):
            house.begin()
            self.play()
            self.end()

    def end(self):
        """The house when all is over: `answer verify`, memory, the town itself. Told by a test of its own."""
        try:
            self.house.verify()
            self.house.worker.assert_small()
            self.house.town.assert_well()
        except Exception as why:      # noqa: BLE001  told by its own test
            self.disorder = why

    def look(self, busy):
        self.house.worker.assert_alive()
        self.board.read([run.place.account for run in busy])
        self.counters = self.house.town.counters()
        self.hits = {f["id"]: f["hits"] for f in self.house.town.call("GET", "faults")}

    def play(self):
        for run in self.runs.values():
            if run.condition == CONNECTED:
                run.condition = functools.partial(lambda name: self.counters.get("polls " + name, 0) >= 2, run.place.name)
        while True:
            busy = [r for r in self.runs.values() if not r.is_done]
            if not busy:
                return
            begun = time.monotonic()
            self.look(busy)
            for run in busy:
                run.look()
            # Between two looks at the whole board: who looks takes no more than a third of what there is.
            time.sleep(max(0.1, 2 * (time.monotonic() - begun)))

    def tell(self, name):
        """What became of one behaviour."""
        run = self.runs[name]
        print(f"{self.connector} {name}: {run.took:.1f} s")     # pytest -rP shows it
        if run.error is not None:
            raise run.error


__all__ = ["CONNECTED", "Place", "Play"]
