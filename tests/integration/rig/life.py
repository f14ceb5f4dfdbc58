"""Lively people on one network of the town: they ask, answer back, edit, delete, praise and thank, and its staff answer some of them natively.
What must become of every word is said by the independent model."""
import random

from model import CUSTOMER, Model
from rig.platforms import Cannot, capabilities, described
from rig.trouble import Deck

QUESTIONS = ("Where is my order {n}?", "Do you open on Sunday {n}?", "The lid of number {n} is broken.", "Can I change order {n}?", "How much is plate {n}?")
KIND_WORDS = ("I love cup {n}, thank you so much!", "Best bread ever, number {n}!", "You made my day {n}.")
THANKS = ("Thank you, that helps ({n})!", "Great, thanks {n}!")
MORE = ("And what about {n}?", "It still does not work, {n}.", "Which one is {n} then?")
ANSWERS = ("We sent number {n} today.", "Yes, {n} is fine with us.", "Sorry about {n}! A new one is on its way.")
FRESH_MS = 12 * 3600_000        # what is younger may be changed: rechecks look at two days


class Site:
    """One server with an account of ours."""

    def __init__(self, house, connector, seed, options=None, **account):
        self.house, self.town, self.connector = house, house.town, connector
        self.name = "all" + connector.replace("-", "")
        self.account, self.ids, self.can = f"acme_{self.name}", {}, capabilities(connector)
        self.chance = random.Random(f"{seed} {connector}")
        self.platform = described(connector)(self)
        self.platform.options = {**self.platform.options, **(options or {})}
        self.platform.open(connector, **account)
        self.has_session = connector in ("blogger", "bluesky", "google-business", "reddit", "x", "youtube")
        self.has_token = "shop" if connector not in ("hackernews", "rss") else None
        self.deck = Deck(self, seed)
        self.guests = [f"guest{i}" for i in range(12)]
        self.town.call("POST", "do", [{"op": "person", "server": self.name, "key": key} for key in self.guests])
        self.n = 0
        self.said, self.asked, self.dead, self.changed = {}, [], set(), {}      # id -> (author, at, text)
        self.settled = {}           # id -> spam or dismissed
        self.spoken_at = 0          # its last second in which somebody spoke

    # ---- speaking
    def words(self, choice):
        self.n += 1
        return self.chance.choice(choice).format(n=f"{self.n} of {self.name}")

    def speak(self, op):
        """One post of the town; its id."""
        made = self.town.bulk([op], server=self.name)[0]["id"]
        if op.get("business"):
            self.ids[op["author"] if op["author"] != self.platform.own else op["business"]] = made.split(":")[2]
        self.said[made] = (op["author"], self.town.now_ms(), op["text"])
        return made

    def ask(self):
        self.asked.append(self.speak(self.platform.op(self.chance.choice(self.guests), self.words(QUESTIONS if self.chance.random() < 0.75 else KIND_WORDS))))

    def fresh(self, least_ms=0):
        """Questions of the last hours that are still there."""
        now = self.town.now_ms()
        return [i for i in self.asked if i not in self.dead and least_ms <= now - self.said[i][1] < FRESH_MS]

    def leaves(self):
        """… below which nothing hangs."""
        parents = {r["parent"] for r in self.town.truth(self.name)}
        return [i for i in self.fresh() if i not in parents]

    def answer_natively(self):
        waiting = self.leaves() if self.connector == "google-business" else self.fresh(60_000)      # a review has one reply
        if waiting:
            self.speak(self.platform.op(self.platform.own, self.words(ANSWERS), self.chance.choice(waiting)))

    def answer_back(self):
        """Somebody goes on below what we said to them: thanks, or more."""
        ours = [r for r in self.town.truth(self.name) if r["author"] == self.platform.own and r["parent"] in self.said and r["id"] not in self.dead
                and self.town.now_ms() - r["arrived"] < FRESH_MS]
        if ours:
            row = self.chance.choice(ours)
            words = self.words(THANKS if self.chance.random() < 0.5 else MORE)
            if self.chance.random() < 0.8:      # as most apps write it by themselves
                words = self.platform.words(words)
            op = self.platform.op(self.said[row["parent"]][0], words, row["id"])
            self.asked.append(self.speak(op))

    def chat(self):
        """Customers among themselves."""
        fresh = self.fresh()
        if fresh:
            self.speak(self.platform.overheard(self.chance.choice(fresh)))

    def publish(self):
        self.platform.publish(self.words(("News number {n}.",)))

    def edit(self):
        fresh = self.leaves()
        if self.connector == "google-business" and self.chance.random() < 0.5:
            fresh = [i for i in self.fresh() if i not in self.changed]      # after our reply, too
        if fresh and self.can["edits"]:
            ident = self.chance.choice(fresh)
            self.changed[ident] = self.platform.words(self.words(QUESTIONS) + " (I meant)")
            self.town.edit(ident, self.changed[ident], self.name)

    def delete(self):
        fresh = self.leaves()
        if fresh and (self.can["deletions"] or self.connector == "telegram"):
            ident = self.chance.choice(fresh)
            self.dead.add(ident)
            self.town.delete(ident, self.name)

    def live(self):
        """One thing happens, or nothing. Never two in one second: some platforms tell no less."""
        what = self.chance.choices((self.ask, self.answer_natively, self.answer_back, self.chat, self.publish, self.edit, self.delete, None),
                                   (30, 8, 10, 5, 2, 5, 3, 37))[0]
        if what is not None:
            try:
                what()
            except Cannot:
                pass                # not on this platform

    # ---- what must have become of it
    def truth(self, heard=()):
        """All that was said, and what else must be heard of it: what was said anew before our newest answer may have been seen too late."""
        rows = [r for r in self.town.truth(self.name) if r["boosted"] is None]
        if hasattr(self.platform, "more"):
            latest = {r["parent"]: r["at"] for r in sorted(rows, key=lambda r: r["at"]) if r["parent"]}
            rows += [r for r in self.platform.more(rows) if r["id"] in heard or latest[r["parent"]] < r["at"]]
        return rows

    def fates(self, rows, dated=None):
        """id -> fate of every inbound one of these rows of the truth (PRODUCT, the ledger). `dated`: when ours count, by the ledger."""
        said = [self.platform.said(r) for r in rows]
        if self.can["time"] == "author":        # a reply that left us late says when it was written: it counts from when it was there, or heard
            for m, r in zip(said, rows):
                if r["via"] == "api" and r["arrived"] - r["at"] > 300_000:
                    m.at = (dated or {}).get(r["id"], r["arrived"])
        for m in said:
            m.is_dismissed = m.id in self.settled
        model, ours = Model(said), {}
        for m in said:
            if m.side != CUSTOMER:
                ours.setdefault(model.root(m), []).append(m)
        return {m.id: self.fate(model, ours.get(model.root(m), ()), m) for m in said if m.side == CUSTOMER}

    def fate(self, model, ours, m):
        if not model.is_to_us(m):
            return "overheard"
        if m.is_deleted:
            return "deleted"
        if m.id in self.settled:
            return self.settled[m.id]
        return "answered" if any(model.covers(a, m) for a in ours) else "waiting"
