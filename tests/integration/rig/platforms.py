"""What the conformance suite must know of a platform: how people speak, answer, edit and delete on it in the town.

A new connector needs a class here, named as in connectors/meson.build, and a platform in tests/sim. What a platform cannot do at all
raises `Cannot` with the reason; what a connector says itself (`answerd platforms --json`) is asked for with `Place.needs`."""
import json
import re
import subprocess

from model import CUSTOMER, OURS, Model, Said
from rig.place import REPO, program
from rig.town import Town

SPOILT = ["nul", "utf8", "overlong", "surrogate", "raw_control", "bad_escape", "bigint", "huge_float", "nan", "leading_zero", "dup", "missing",
          "null", "number", "object", "list", "zero", "negative", "empty", "long", "rtl_id", "sql"]
CUSTOMERS = ("ann", "bob", "cid", "dan", "eve")


class Cannot(Exception):
    """This platform has no such thing: the behaviour is skipped, and this is why."""


def connector_names():
    """The list that the build itself reads."""
    text = (REPO / "connectors" / "meson.build").read_text(encoding="utf-8")
    both = [name for which in ("connector", "network") for name in re.findall(r"'([\w-]+)'", re.search(rf"{which}_names = \[(.*?)\]", text, re.S)[1])]
    return [name for name in both if name != "declarative"]     # the networks show what it does


def capabilities(connector):
    """What `answerd platforms` says of it."""
    done = subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, timeout=30, check=True)
    return next(p["can"] for p in json.loads(done.stdout) if p["name"] == connector)


class Mastodon:
    own, news = "shop", "otifications$"
    asks = ""               # of the query, where the same address is asked for other things too
    dialects = ["reset_iso"]
    options, account = {}, {}
    poisons = SPOILT
    many_replies = 2000         # so many answers the outbox may post in one test (test_outbox_lies.py): what the platform's budget allows
    many_questions = 2000       # so many at once; more are told as a gap where lists end earlier
    schema = [("created_at", "missing"), ("content", "missing"), ("content", "number"), ("in_reply_to_id", "number"), ("created_at", "year_1970"),
              ("created_at", "year_2099"), ("created_at", "no_time"), ("visibility", "object"), ("mentions", "null"), ("acct", "list")]

    def __init__(self, place):
        self.place, self.town = place, place.house.town

    def open(self, connector, **account):
        getattr(self.place.house, connector.replace("-", "_"))(self.place.name, own="shop", people=CUSTOMERS, options=self.options, **{**self.account, **account})

    def words(self, words):
        """How words are written so that they are to us."""
        return "@shop " + words

    def op(self, who, words, parent=None, **more):
        """A post of the town: a customer's, or ours."""
        return {"author": who, "text": words if who == self.own or parent else self.words(words), **({"parent": parent} if parent else {}), **more}

    def publish(self, words):
        """We say something that answers nobody."""
        return self.town.post("shop", words, self.place.name)

    def strange(self, under):
        """Something of a kind that nobody waits for happens."""
        self.town.do("boost", server=self.place.name, person="shop", post=under)

    def hang(self, ids):
        """Below what each of a chain hangs, the first apart."""
        return ids[:-1]

    def can_backdate(self):
        """Raises `Cannot` where nobody but the server dates what is said."""

    def overheard(self, under):
        """A reply to a customer, below their words to us."""
        return {"author": "bob", "text": "mine too", "parent": under, "mentions": []}

    def can_refuse(self):
        """Raises `Cannot` where nobody has to be let in."""

    def refuse(self):
        self.town.do("revoke", server=self.place.name, person="shop")

    def said(self, row):
        """A row of the town's truth as the model wants it."""
        return Said(row["id"], row["author"], row["at"], OURS if row["author"] == self.own else CUSTOMER, row["parent"],
                    frozenset(row["mentions"]), "shop" in row["mentions"], row["visibility"] == "direct", row["deleted"], thread=self.thread(row))

    def thread(self, row):
        return None


class Bluesky(Mastodon):
    dialects = ["reset_epoch"]
    schema = [("createdAt", "missing"), ("text", "missing"), ("text", "number"), ("text", "null"), ("cid", "missing"), ("did", "number"),
              ("reason", "missing"), ("indexedAt", "no_time"), ("createdAt", "year_1970"), ("createdAt", "year_2099"), ("handle", "null"),
              ("uri", "sql"), ("displayName", "list")]

    def strange(self, under):
        self.town.do("like", server=self.place.name, person="bob", post=self.publish("look at this"))


class Wordpress(Mastodon):
    """Everything stands below a post of ours."""
    news = "/wp/v2/comments$"
    schema = [("author_name", "list"), ("author_name", "null"), ("status", "object"), ("status", "missing"), ("date_gmt", "no_time"),
              ("date_gmt", "missing"), ("date_gmt", "year_1970"), ("date_gmt", "year_2099"), ("rendered", "number"), ("rendered", "missing"),
              ("parent", "number"), ("type", "null"), ("link", "object")]
    dialects = ["seconds"]

    def open(self, connector, **account):
        super().open(connector, **account)
        self.root = self.town.post("shop", "Fresh bread at eight.", self.place.name, title="Bread & butter")

    def words(self, words):
        return words

    def op(self, who, words, parent=None, **more):
        return {"author": who, "text": words, "parent": parent or self.root, **more}

    def publish(self, words):
        return self.town.post("shop", words, self.place.name, title="News")

    def strange(self, under):
        self.town.post("bob", "[...] a nice shop [...]", self.place.name, parent=self.root, type="pingback")

    def overheard(self, under):
        return {"author": "bob", "text": "mine too", "parent": under}


class Rss(Wordpress):
    news = "^/comments/feed/"
    options = {"paged": True}
    poisons = ["unclosed", "entity", "deep", "utf8", "control", "nul", "twice", "lone", "cdata", "number"]
    schema = []

    def open(self, _connector, settle=None, **account):
        super().open("blog", **account)

    def strange(self, under):
        raise Cannot("a feed has nothing but entries")

    def can_refuse(self):
        raise Cannot("a feed has no token")


class Blogger(Wordpress):
    news = "/comments$"
    schema = [("published", "no_time"), ("published", "missing"), ("published", "year_1970"), ("published", "year_2099"), ("content", "number"),
              ("content", "missing"), ("displayName", "list"), ("status", "object"), ("kind", "null")]

    def can_backdate(self):
        raise Cannot("nobody can date a comment on Blogger: the server writes its time, and its lists go by that")

    def strange(self, under):
        raise Cannot("Blogger has nothing but posts and comments")


class Discourse(Mastodon):
    """A question is a topic of our own forum."""
    news = r"^/posts\.json$"
    dialects = ["seconds"]
    schema = [("created_at", "missing"), ("created_at", "no_time"), ("created_at", "year_1970"), ("created_at", "year_2099"), ("cooked", "missing"),
              ("cooked", "number"), ("username", "list"), ("post_type", "null"), ("reply_to_post_number", "object"), ("version", "null")]

    def words(self, words):
        return words

    def op(self, who, words, parent=None, **more):
        return {"author": who, "text": words, **({"parent": parent} if parent else {"title": words[:60]}), **more}

    def publish(self, words):
        return self.town.post("shop", words, self.place.name, title=words)

    def strange(self, under):
        self.town.post("bob", "", self.place.name, parent=under, type=4)

    def overheard(self, under):
        return {"author": "bob", "text": "mine too", "parent": under}

    def said(self, row):
        said = super().said(row)
        said.names_us = said.names_us or row["parent"] is None
        return said


class Telegram(Mastodon):
    """Everybody speaks to the business of Sue, whose account the bot is connected to: there it is told of our own answers and of deletions."""
    own, news = "sue", "getUpdates$"
    dialects = []
    schema = [("date", "missing"), ("date", "null"), ("date", "number"), ("text", "number"), ("text", "null"), ("message_id", "null"),
              ("first_name", "number"), ("first_name", "missing"), ("is_bot", "list"), ("type", "null"), ("username", "object")]

    def open(self, connector, **account):
        self.place.house.telegram(self.place.name, own="shop", people=(*CUSTOMERS, "sue"), options=self.options, **{**self.account, **account})

    def words(self, words):
        return words

    def op(self, who, words, parent=None, **more):
        """Ours stand in the chat of whom they answer."""
        chat = parent.split(":")[2] if parent else None
        whose = next((k for k, ident in self.place.ids.items() if ident == chat), who)
        return {"author": who, "text": words, "business": whose, **({"parent": parent} if parent else {}), **more}

    def publish(self, words):
        raise Cannot("a bot is shown nothing that we say to nobody")

    def strange(self, under):
        self.town.post("bob", "", self.place.name, business="bob", raw={"text": None, "pinned_thing": {"a": 1}})

    def overheard(self, under):
        raise Cannot("a chat with the business has two people")

    def said(self, row):
        return Said(row["id"], row["author"], row["at"] // 1000, CUSTOMER if row["author"] not in ("sue", "shop") else OURS, row["parent"], is_direct=True,
                    is_deleted=row["deleted"], thread=row["id"].rpartition(":")[0], names=frozenset(self.place.ids))


# Their classes build on those above.
from rig.platforms_declared import Lemmy  # noqa: E402
from rig.platforms_google import GoogleBusiness, Youtube  # noqa: E402
from rig.platforms_mail import Mail  # noqa: E402
from rig.platforms_meta import Facebook, Instagram, Threads  # noqa: E402
from rig.platforms_xnet import Hackernews, Reddit, X  # noqa: E402

TOWN = {
    "blogger": Blogger,
    "bluesky": Bluesky,
    "discourse": Discourse,
    "facebook": Facebook,
    "google-business": GoogleBusiness,
    "hackernews": Hackernews,
    "instagram": Instagram,
    "lemmy": Lemmy,
    "mail": Mail,
    "mastodon": Mastodon,
    "reddit": Reddit,
    "rss": Rss,
    "telegram": Telegram,
    "threads": Threads,
    "wordpress": Wordpress,
    "x": X,
    "youtube": Youtube,
}


def described(connector):
    """Its class, or what is to be written."""
    assert connector in TOWN, (
        f"the connector {connector!r} has no town: write its platform as tests/sim/{connector}.py (with a line in town.py), open it with "
        f"Town.{connector}() in rig/town.py and House.{connector}() in rig/house.py, and say how people speak on it in a class of rig/platforms.py")
    assert hasattr(Town, connector.replace("-", "_")) or connector == "rss", f"rig/town.py has no way to open a server of {connector!r}"
    return TOWN[connector]


__all__ = ["CUSTOMERS", "Cannot", "Model", "capabilities", "connector_names", "described"]
