"""Recorded conversations as a town, and the model's view of what the town served."""
import csv
import datetime
import random
import time

from model import CUSTOMER, OTHER, OURS, Model, Said
from rig.wait import wait_until

SERVER = "social"


def read_csv(path):
    """Rows of one conversation file: id, author, is_brand, at (ms), text, parent."""
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            when = datetime.datetime.strptime(row["created_at"], "%a %b %d %H:%M:%S %z %Y")
            rows.append({"id": row["tweet_id"], "author": row["author_id"], "is_brand": row["inbound"] != "True",
                         "at": int(when.timestamp() * 1000), "text": row["text"], "parent": row["in_response_to_tweet_id"] or None})
    return rows


def busiest(rows, n_brands, n_rows):
    """Whole threads of the busiest brands, up to about `n_rows` rows."""
    parent = {r["id"]: r["parent"] for r in rows}

    def root(ident):
        seen = set()
        while parent.get(ident) in parent and ident not in seen:
            seen.add(ident)
            ident = parent[ident]
        return ident
    threads = {}
    for row in rows:
        threads.setdefault(root(row["id"]), []).append(row)
    counts = {}
    for row in rows:
        if row["is_brand"]:
            counts[row["author"]] = counts.get(row["author"], 0) + 1
    chosen = set(sorted(counts, key=counts.get, reverse=True)[:n_brands])
    found = []
    # Threads of several people and brands first: they are where mistakes hide.
    for thread in sorted(threads.values(), key=lambda t: (-len({r["author"] for r in t}), -len(t))):
        brands = {r["author"] for r in thread if r["is_brand"]}
        if brands & chosen and len(found) < n_rows:
            found += thread
    return found


def ordered(rows, order, seed=7):
    rows = sorted(rows, key=lambda r: (r["at"], r["id"]))
    if order == "newest first":
        rows.reverse()
    elif order == "random":
        random.Random(seed).shuffle(rows)
    return rows


class Replay:
    """Loads rows into the town of a house in pieces, and compares."""
    platform = "mastodon"

    def __init__(self, house, rows, order, businesses=True, seed=7):
        self.house, self.town, self.seed = house, house.town, seed
        self.rows = ordered(rows, order, seed)
        shift = int(time.time() * 1000) - max(r["at"] for r in rows) - 3600_000
        self.brands = sorted({r["author"] for r in rows if r["is_brand"]})
        base = int(time.time() * 1000) << 16
        self.ids = {r["id"]: str(base + n) for n, r in enumerate(self.rows)}
        self.shift_ms = shift - shift % 1000
        self.absent = {}
        url = getattr(self.town, self.platform)(SERVER)
        people = [{"op": "person", "key": b, "own": b} for b in self.brands]
        people += [{"op": "person", "key": k} for k in sorted({r["author"] for r in rows if not r["is_brand"]})]
        made = self.town.bulk(people, server=SERVER)
        for n, brand in enumerate(self.brands):
            name = f"brand{n}"
            others = [self.handle_of(b) for b in self.brands if b != brand]
            house.config.brand(name, **({"businesses": others} if businesses and others else {}))
            more = {"identifier": made[n]["handle"]} if self.platform == "bluesky" else {}
            house.add(f"account{n}", self.platform, url, made[n]["token"], name, SERVER, brand, history="3000d", max_per_host=8, **more)
        house.config.brands.pop("acme", None)

    def handle_of(self, key):
        return key if self.platform == "mastodon" else key + ".test"

    def person_of(self, handle):
        return handle

    def op(self, row):
        op = {"author": row["author"], "text": row["text"], "id": self.ids[row["id"]], "key": row["id"], "at": row["at"] + self.shift_ms}
        if row["parent"]:
            parent = self.ids.get(row["parent"])
            if parent is None:
                parent = self.absent.setdefault(row["parent"], str((1 << 57) + len(self.absent)))
            op["parent_id"] = parent
        return op

    def pieces(self, n):
        """The rows in `n` pieces of nearly the same size."""
        size = len(self.rows) / n
        for i in range(n):
            piece = self.rows[int(i * size):int((i + 1) * size)]
            if piece:
                yield piece

    def load(self, piece):
        self.town.bulk([self.op(r) for r in piece], server=SERVER)

    # ---- the model's view
    def account_model(self, own, truth):
        """The model of one account over what the town served it."""
        served = self.town.served_ids(SERVER, own)
        said = []
        for row in truth:
            if row["id"] in served and row["boosted"] is None:
                side = OURS if row["author"] == own else OTHER if row["own"] else CUSTOMER
                said.append(Said(row["id"], row["author"], row["at"], side, row["parent"], frozenset(row["mentions"]),
                                 own in row["mentions"], row["visibility"] == "direct", row["deleted"]))
        return Model(said)

    def must_be_served(self, own, truth):
        return {r["id"] for r in truth if not r["deleted"] and (r["author"] == own or own in r["mentions"])}

    def wanted(self):
        truth = self.town.truth(SERVER)
        found = []
        for account, (_server, own) in self.house.accounts.items():
            found += [(account, w.customer, w.since, w.count) for w in self.account_model(own, truth).waiting()]
        return sorted(found)

    def observed(self):
        found = []
        for entry in self.house.entries():
            when = datetime.datetime.fromisoformat(entry["waiting_since"].replace("Z", "+00:00"))
            found.append((entry["account"], self.person_of(entry["customer"]["handle"]), round(when.timestamp() * 1000), entry["messages"]))
        return sorted(found)

    def agree(self):
        """True when everything that had to be served was, is stored, and the queue is the model's."""
        truth = self.town.truth(SERVER)
        for account, (_server, own) in self.house.accounts.items():
            late = self.must_be_served(own, truth) - self.town.served_ids(SERVER, own)
            assert not late, f"{account} ({own}) has not asked for {len(late)} messages yet, such as {sorted(late)[:3]}"
        absent = self.house.missing()
        assert not absent, f"served, not stored: {sorted(absent)[:5]}"
        wanted, observed = self.wanted(), self.observed()
        assert observed == wanted, "the queue differs; only in the model: {}; only in the queue: {}".format(
            sorted(set(wanted) - set(observed))[:6], sorted(set(observed) - set(wanted))[:6])
        return True

    def wait_agree(self, timeout=60):
        def so():
            for worker in self.house.workers:
                worker.assert_alive()
            return self.agree()
        wait_until(so, timeout, "queue = model")


class BlueskyReplay(Replay):
    """The dates of Bluesky are the authors' own, and one from before what was already heard is not believed. So posts are dated a few
    milliseconds apart, when they are not told long after each other; with `is_told_as_said` each is dated when it is told, which only
    the order of the conversations themselves allows. Parents that come later have their uri reserved."""
    platform = "bluesky"

    def __init__(self, house, rows, order, is_told_as_said=False, **more):
        super().__init__(house, rows, order, **more)
        self.is_told_as_said, self.begun, self.told = is_told_as_said, None, 0
        self.rank = {r["id"]: n for n, r in enumerate(sorted(self.rows, key=lambda r: (r["at"], r["id"])))}
        self.author = {r["id"]: r["author"] for r in self.rows}

    def load(self, piece):
        if self.begun is None:
            self.begun = self.town.now_ms() - 1000
        self.told = max(self.told, self.town.now_ms() - 1000)
        super().load(piece)

    def op(self, row):
        self.told += 1
        at = self.told if self.is_told_as_said else self.begun + 10 * self.rank[row["id"]]
        op = {"author": row["author"], "text": row["text"], "key": row["id"], "at": at}
        if row["parent"]:
            op["parent"], op["parent_author"] = row["parent"], self.author.get(row["parent"], row["author"])
        return op

    def person_of(self, handle):
        return handle.removesuffix(".test")
