"""A lively day at Kettle & Crumb: what a newcomer sees. The words are in day_words.py.

The last 24 hours are loaded at the start; then, while the town runs, a new message comes every twenty to forty
seconds, people whom the staff answer say thanks or ask on, now and then somebody edits or deletes."""
import asyncio
import random
import re

import day_words as words

LINE = re.compile(r"^(\d+) (\w+)(?: (\w+))?(?: > (\w+))?(?: \[([^\]]*)\])?: (.*)$")
CHAT = re.compile(r"^(\d+) (\w+)(?:>(\w+))?: (.*)$")
SOCIAL, SKY, JOURNAL = "social", "sky", "journal"
NAMES = {SOCIAL: "@kettleandcrumb", SKY: "@kettleandcrumb.example", JOURNAL: "Kettle & Crumb"}
# Fixed, so that ./run and the README can name them. They are worth nothing outside the town.
TOKENS = {SOCIAL: "town-kettle-and-crumb", SKY: "kett-lean-dcru-mbxx"}
MINUTE = 60_000


def cast():
    """The operations that make the servers and the people."""
    yield {"op": "server", "kind": "mastodon", "name": SOCIAL, "domain": "harbour.example"}
    yield {"op": "server", "kind": "bluesky", "name": SKY}
    for server, table in ((SOCIAL, words.MASTODON_PEOPLE), (SKY, words.BLUESKY_PEOPLE)):
        for line in table.split("\n"):
            if line:
                key, handle, name, domain = (line.split("|") + [""])[:4]
                op = {"op": "person", "server": server, "key": key, "handle": handle, "name": name, "domain": domain or None}
                if key == "kettle":
                    op.update(own="kettle", token=TOKENS[server])
                elif key == "mill":
                    op.update(own="mill", token="town-mill")
                yield op


def journal_cast():
    yield {"op": "server", "kind": "blog", "name": JOURNAL, "window": 20}
    for line in words.JOURNAL_PEOPLE.strip().split("\n"):
        key, name = line.split("|")
        yield {"op": "person", "server": JOURNAL, "key": key, "handle": name, "name": name, "own": "kettle" if key == "kettle" else None}


def journal_events(now):
    # A feed's times have no fractions of a second.
    return [op for op in events(now // 1000 * 1000, ((JOURNAL, words.JOURNAL_DAY),)) if op["op"] == "post"]


def events(now, days=((SOCIAL, words.MASTODON_DAY), (SKY, words.BLUESKY_DAY))):
    """Everything of the day so far, in order of time."""
    found = []
    for server, text in days:
        last = None
        for n, line in enumerate(text.strip().split("\n")):
            match = LINE.match(line)
            if match is None or not match[6].strip():
                continue
            op = {"op": "post", "server": server, "author": match[2], "key": match[3] or f"{server}-{n}",
                  "text": say(match[6], server), "at": now - int(match[1]) * MINUTE}
            if match[4]:
                op["parent"] = match[4]
            elif op["key"] in ("wilfok", "bsue"):
                op["parent"] = last
            flags(op, match[5])
            last = op["key"]
            found.append(op)
    for line in words.BLUESKY_CHATS.strip().split("\n") if (SKY, words.BLUESKY_DAY) in days else ():
        ago, who, to, text = CHAT.match(line).groups()
        found.append({"op": "chat", "server": SKY, "author": who, "to": to or "kettle", "text": text,
                      "at": now - int(ago) * MINUTE})
    found.sort(key=lambda op: op["at"])
    return found


def flags(op, text):
    for flag in (text or "").split(","):
        flag = flag.strip()
        if flag in ("direct", "unlisted", "private"):
            op["visibility"] = flag
        elif flag.startswith("cw="):
            op["spoiler"] = flag[3:]
        elif flag.startswith("title="):
            op["title"] = flag[6:]
        elif flag:
            op["lang"] = flag


def say(text, server):
    return text.replace("@K", NAMES[server]).replace("\\n", "\n")


class Life:
    """Keeps the town alive."""

    def __init__(self, town, name, fresh):
        self.town, self.world = town, town.world
        self.random = random.Random()
        self.said = []
        if fresh:
            self.begin()
        if JOURNAL not in self.world.servers:       # also in a town that is older than its blog
            self.begin_journal()

    def begin(self):
        now = self.world.now_ms()
        for op in cast():
            self.world.do(op)
        for op in events(now):
            # Every post arrived when it was written, or a little later.
            op["t"] = op["at"] + 1500
            self.world.do(op)
        for who, post in (("noor", "news"), ("flo", "morning"), ("gwen", "news"), ("zoe", "ourday"), ("kettle", "le1")):
            self.world.do({"op": "like", "server": SOCIAL, "person": who, "post": post})
        self.world.do({"op": "boost", "server": SOCIAL, "person": "imogen", "post": "news"})
        self.world.do({"op": "like", "server": SKY, "person": "kettle", "post": "joy1"})
        ben = self.world.server(SOCIAL).post_of("ben1")
        self.world.do({"op": "edit", "server": SOCIAL, "post": "ben1", "at": ben.at + 4 * MINUTE,
                       "text": ben.text + "\n\nEdit: it is order 4471, sorry. Still not here though."})
        self.world.do({"op": "delete", "server": SOCIAL, "post": "tam5"})

    def begin_journal(self):
        for op in journal_cast():
            self.world.do(op)
        for op in journal_events(self.world.now_ms()):
            op["t"] = op["at"] + 1500
            self.world.do(op)

    async def run(self):
        while True:
            await asyncio.sleep(self.random.uniform(20, 40))
            self.one_more()
            self.thank()

    def one_more(self):
        """Somebody speaks: mostly to the bakery, sometimes to nobody."""
        server = self.random.choice((SOCIAL, SOCIAL, SKY, SOCIAL, SOCIAL, SKY, JOURNAL))
        if server == JOURNAL:
            self.comment()
            return
        people = [p for p in self.world.server(server).people.values() if not p.own]
        who = self.random.choice(people)
        if self.random.random() < 0.12:
            text = self.random.choice(words.MURMUR)
        else:
            left = [t for t in words.TRICKLE if t not in self.said]
            if not left:
                self.said, left = [], words.TRICKLE
            text = self.random.choice(left)
            self.said.append(text)
        if server == SKY and self.random.random() < 0.15:
            self.world.do({"op": "chat", "server": SKY, "author": who.key, "to": "kettle", "text": text.replace("@K ", "")})
        else:
            self.world.do({"op": "post", "server": server, "author": who.key, "text": say(text, server)})

    def comment(self):
        """Somebody writes below one of the bakery's posts in its journal."""
        journal = self.world.server(JOURNAL)
        post = self.random.choice([p for p in journal.posts.values() if p.parent_id is None])
        who = self.random.choice([p for p in journal.people.values() if not p.own])
        self.world.do({"op": "post", "server": JOURNAL, "author": who.key, "parent": post.id, "text": self.random.choice(words.JOURNAL_TRICKLE)})

    def thank(self):
        """Whom the staff answered through their tool may say a word back, once."""
        for name in (SOCIAL, SKY):
            server = self.world.server(name)
            for post in list(server.person("kettle").posts):
                parent = server.posts.get(post.parent_id)
                if post.via != "api" or post.replies or post.deleted or parent is None or parent.author.own:
                    continue
                if post.key in self.said or self.world.now_ms() - post.arrived < 45_000:
                    continue
                self.said.append(post.key)
                text = self.random.choice(words.THANKS if self.random.random() < 0.7 else words.FOLLOW_UPS)
                self.world.do({"op": "post", "server": name, "author": parent.author.key, "parent": post.id,
                               "text": say("@K " + text, name)})
                return


DAYS = {"lively": Life}
