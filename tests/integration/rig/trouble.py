"""Every fault that the town has for a network (tests/sim/faults.py), as a deck that is shuffled once: what strikes next, and where."""
import random
import sys

from rig.place import SIM

sys.path.insert(0, str(SIM))
from faults import LIES  # noqa: E402  the town's own list

# Strikes whatever is asked: news, threads, single messages, who we are.
ANYWHERE = [
    *({"kind": "status", "status": s} for s in (401, 418, 500, 504)), {"kind": "status", "status": 502, "body": "html"},
    {"kind": "status", "status": 503, "body": "empty"}, {"kind": "html"}, {"kind": "html", "status": 403}, {"kind": "empty"}, {"kind": "redirect"},
    {"kind": "redirect", "to": "http://127.0.0.1:9/", "status": 301}, {"kind": "cut", "end": "rst"}, {"kind": "cut", "end": "fin"}, {"kind": "drop"},
    {"kind": "drop", "end": "fin"}, {"kind": "length", "delta": 10}, {"kind": "length", "delta": -10}, {"kind": "garbage"}, {"kind": "bad_chunks"},
    {"kind": "endless_body", "mib": 4}, {"kind": "endless_headers", "mib": 1}, {"kind": "bomb", "mib": 16}, {"kind": "bomb", "mib": 16, "stacked": True},
    {"kind": "huge", "mib": 3}, {"kind": "deep"}, {"kind": "cut_json"}, {"kind": "bom"}, {"kind": "ctype"}, {"kind": "stall"}, {"kind": "stall", "after": 0.3},
    {"kind": "drip"}, {"kind": "date"}, *({"kind": "limited", "dialect": d} for d in ("seconds", "date", "none", "absurd", "negative", "word", "reset_past")),
]
# Strikes the list of news: elsewhere these would be lies that nobody can see through ("this message is gone").
NEWS = [
    {"kind": "status", "status": 404}, {"kind": "many", "n": 500}, {"kind": "again", "count": 3},
    *({"kind": "replace", "text": t} for t in ("42", "null", "[[],[]]", '{"a":[]}', "[] []", "[{}]")),
]
SESSIONS = [{"kind": "status", "status": 500}, {"kind": "cut"}, {"kind": "drop"}, {"kind": "html"}, {"kind": "stall"}, {"kind": "limited", "dialect": "seconds"}]
SESSION_PATH = r"(token|createSession|refreshSession)$"
IDS = ("dup", "missing", "null", "number", "object", "list", "zero", "negative", "empty", "long", "rtl_id", "sql")
# A reply there has no other name than its time; a number in place of another is another parent, and nobody can see it.
OTHER_NAMES = {("google-business", "updateTime"), ("wordpress", "parent"), ("mail", "headers")}


class Deck:
    """One network's faults."""

    def __init__(self, site, seed):
        self.site, self.chance = site, random.Random(f"{seed} trouble {site.connector}")
        p, cards = site.platform, []
        cards += [{"method": "GET", **card} for card in ANYWHERE]
        cards += [{"method": "GET", "kind": "limited", "dialect": d} for d in p.dialects if d not in ("seconds", "date")]
        news = {"path": p.news, "query": p.asks}
        cards += [{**news, **card} for card in NEWS]
        # An element whose id is spoilt would be another message: the conformance suite has these.
        cards += [{**news, "kind": "poison", "how": how} for how in p.poisons if how not in IDS and (site.connector, how) not in OTHER_NAMES]
        cards += [{**news, "kind": "poison", "field": field, "how": how} for field, how in p.schema if (site.connector, field) not in OTHER_NAMES]
        if site.connector in ("mastodon", "bluesky"):
            cards.append({**news, "kind": "treadmill", "count": 5})
        if site.connector == "mastodon":
            cards.append({**news, "kind": "spent", "seconds": 1200})
        if site.has_session:
            # X takes a refresh token once: a person must let us in again when its answer is lost (test_token_life.py).
            cards += [{"path": SESSION_PATH, "method": "POST", **card} for card in SESSIONS if site.connector != "x" or card["kind"] != "cut"]
        self.cards = self.chance.sample(cards, len(cards))
        self.n_drawn, self.now, self.struck = 0, None, {}

    def order(self, hits):
        """The next one, when the one before has struck (hits: id -> how often)."""
        if self.now is not None:
            number, name = self.now
            if not hits.get(number):
                return
            self.struck[name] = self.struck.get(name, 0) + 1
            self.site.town.call("POST", "heal", {"id": number, "gently": True})
            self.now = None
        card = self.cards[self.n_drawn % len(self.cards)]
        self.n_drawn += 1
        self.now = self.site.town.fault(server=self.site.name, **card), self.name(card)

    def leave(self):
        """What has not struck strikes another day."""
        if self.now is not None:
            self.site.town.call("POST", "heal", {"id": self.now[0]})
            self.now = None

    def missing(self):
        """What has not struck at all."""
        return sorted({self.name(card) for card in self.cards} - set(self.struck))

    @staticmethod
    def name(card):
        return " ".join(str(v) for k, v in card.items() if k not in ("path", "query", "count", "mib", "n"))

    def lies(self):
        """About replies, for ever; some are shown late."""
        if not self.site.can["reply"]:
            return
        hows = [how for how in LIES if how != "applied_late" or self.site.can["key_valid_s"] > 0]
        self.site.town.fault("lie", server=self.site.name, how=hows, prob=0.25, count=0, seed=self.chance.randrange(1000))
        self.site.town.fault("lie", server=self.site.name, how=["applied_502", "applied_reset"], late_s=40, prob=0.05, count=0,
                             seed=self.chance.randrange(1000))
