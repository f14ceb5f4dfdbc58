"""The world of the town: servers, people, posts, and every operation that changes them.

All changes go through `World.do(op)`: it fills in what is missing (time, ids), applies, and writes the
completed operation to the book. Doing the operations of a book again in their order gives the same world."""
import re
import time

from people import Bad, NAME, TAG, Person, parse_time


class Server:
    """What both platforms share. A subclass knows ids, rendering and the HTTP API."""
    kind = ""

    def __init__(self, world, name, op):
        self.world, self.name = world, name
        self.people = {}            # key -> Person
        self.handles = {}           # folded acct -> Person
        self.by_person_id = {}
        self.posts = {}             # platform id -> Post
        self.keys = {}              # the caller's own name of a post -> platform id
        self.children_waiting = {}  # id of an absent post -> ids below it
        self.tags = {}
        self.n_posts = 0
        self.options = {}
        self.tokens = {}            # token -> (person key, state)
        self.rates = {}
        self.set_options(op)

    def set_options(self, op):
        for name, value in op.items():
            if name not in ("op", "t", "name", "kind"):
                self.options[name] = value
        self.dialect = set(self.options.get("dialect") or [])
        self.lag_ms = int(1000 * self.options.get("lag_s", 0))
        self.rate_limit = self.options.get("rate_limit")

    def person(self, key):
        person = self.people.get(key)
        if person is None:
            raise Bad(f"no person {key!r} on {self.name}")
        return person

    def find_handle(self, handle, domain=None):
        name = handle.lower()
        if domain and domain.lower() != self.options.get("domain", self.name):
            return self.handles.get(f"{name}@{domain.lower()}")
        return self.handles.get(name)

    def post_of(self, ref):
        """A post by the caller's key or by its platform id."""
        post = self.posts.get(self.keys.get(ref, ref))
        if post is None:
            raise Bad(f"no post {ref!r} on {self.name}")
        return post

    def names_in(self, text):
        found = []
        for match in NAME.finditer(text):
            person = self.find_handle(match[1], match[2])
            if person is not None and person not in found:
                found.append(person)
        return found

    def ancestors(self, post, limit=10**9):
        """From the parent upwards; stops at an absent, deleted or repeated one."""
        seen, chain = {post.id}, []
        while post.parent_id and len(chain) < limit:
            post = self.posts.get(post.parent_id)
            if post is None or post.deleted or post.id in seen:
                break
            seen.add(post.id)
            chain.append(post)
        return chain

    def descendants(self, post, limit=10**9):
        """Depth first, in order of arrival."""
        found, stack, seen = [], list(reversed(post.replies)), {post.id}
        while stack and len(found) < limit:
            ident = stack.pop()
            child = self.posts.get(ident)
            if child is None or ident in seen:
                continue
            seen.add(ident)
            if not child.deleted:
                found.append(child)
            stack.extend(reversed(child.replies))
        return found

    def insert(self, post):
        """Put a new post into all indexes."""
        self.n_posts += 1
        post.seq = self.n_posts
        self.posts[post.id] = post
        self.keys[post.key] = post.id
        post.author.posts.append(post)
        post.tags = [t.lower() for t in TAG.findall(post.text)]
        for tag in dict.fromkeys(post.tags):
            self.tags.setdefault(tag, []).append(post)
        post.replies = self.children_waiting.pop(post.id, [])
        if post.parent_id and post.parent_id != post.id:
            parent = self.posts.get(post.parent_id)
            if parent is None:
                self.children_waiting.setdefault(post.parent_id, []).append(post.id)
            else:
                parent.replies.append(post.id)
                parent.stale()

    def take_rate(self, who, limit, window_s=300):
        """Count one request; returns (limit, remaining, reset in ms, allowed)."""
        now = self.world.now_ms()
        end, used = self.rates.get(who, (0, 0))
        if now >= end or end - now > window_s * 1000:
            end, used = (now // (window_s * 1000) + 1) * window_s * 1000, 0
        used += 1
        self.rates[who] = (end, used)
        return limit, max(limit - used, 0), end, used <= limit


class World:
    """All servers, the clock, and the operations."""

    def __init__(self, kinds):
        self.kinds = kinds          # "mastodon" -> class
        self.servers = {}
        self.offset_ms = 0
        self.base = ""
        self.book = None
        self.on_change = None
        self.late_ms = 0            # of what is applied now, by order of a fault

    def now_ms(self):
        return int(time.time() * 1000) + self.offset_ms

    def server(self, name):
        server = self.servers.get(name)
        if server is None:
            raise Bad(f"no server {name!r}")
        return server

    def do(self, op, record=True):
        """Apply one operation. Returns what the caller wants to know."""
        handler = getattr(self, "op_" + str(op.get("op")), None)
        if handler is None:
            raise Bad(f"unknown operation {op.get('op')!r}")
        if "t" not in op:
            op["t"] = self.now_ms()
        result = handler(op)
        if record and self.book is not None:
            self.book.write({"k": "do", **op})
        return result

    # ---- the town itself
    def op_time(self, op):
        """`offset_s` sets the shift against real time, `add_s` moves it on."""
        if "add_s" in op:
            op["offset_s"] = self.offset_ms / 1000 + op.pop("add_s")
        self.offset_ms = round(op["offset_s"] * 1000)
        return {"now": self.now_ms(), "offset_s": self.offset_ms / 1000}

    def op_server(self, op):
        if not re.fullmatch(r"[a-z0-9_-]+", op["name"]):
            raise Bad("a server's name is small letters, digits, _ and -")
        if op["name"] in self.servers:
            raise Bad(f"there is already a server {op['name']!r}")
        server = self.servers[op["name"]] = self.kinds[op["kind"]](self, op["name"], op)
        return {"url": server.base}

    def op_option(self, op):
        self.server(op["server"]).set_options({k: v for k, v in op.items() if k != "server"})
        return {}

    # ---- people
    def op_person(self, op):
        """`key` is enough. `own` names the brand whose account it is; such a person gets a token."""
        server = self.server(op["server"])
        if op["key"] in server.people:
            raise Bad(f"there is already a person {op['key']!r}")
        person = Person(server, op["key"], op.get("handle"), op.get("name"), op.get("domain"), op.get("own"),
                        op.get("bot", False), op.get("filtered", False), op.get("id"), op.get("created", op["t"] - 86400_000 * (30 + len(server.people) * 37 % 900)))
        server.settle(person, op)
        if person.acct.lower() in server.handles:
            raise Bad(f"the handle {person.acct!r} is taken")
        server.people[person.key] = person
        server.handles[person.acct.lower()] = person
        server.by_person_id[person.id] = person
        result = {"id": person.id, "acct": person.acct}
        if person.own or op.get("token"):
            result.update(server.grant(person, op))
        return result

    def op_token(self, op):
        server = self.server(op["server"])
        return server.grant(server.person(op["person"]), op)

    def op_revoke(self, op):
        """All tokens (and the app password) of a person stop working."""
        server = self.server(op["server"])
        server.set_tokens(server.person(op["person"]), "revoked", op)
        return {}

    def op_restore(self, op):
        """Revoked or expired tokens work again."""
        server = self.server(op["server"])
        server.set_tokens(server.person(op["person"]), "ok", op)
        return {}

    def op_expire(self, op):
        server = self.server(op["server"])
        server.set_tokens(server.person(op["person"]), "expired", op)
        return {}

    def op_session(self, op):
        """A Bluesky session token came to be, or its expiry changed."""
        server = self.server(op["server"])
        server.n_sessions += 1
        server.sessions[op["token"]] = [server.person(op["person"]), op["kind"], op["expires"], "ok"]
        return {}

    def op_rename(self, op):
        server = self.server(op["server"])
        person = server.person(op["person"])
        server.handles.pop(person.acct.lower(), None)
        person.handle = op.get("handle", person.handle)
        person.name = op.get("name", person.name)
        server.handles[person.acct.lower()] = person
        person.cache = None
        for post in person.posts:
            post.stale()
        return {}

    def delay(self, op):
        if self.late_ms and op.get("via") == "api":
            op["late_ms"] = self.late_ms

    # ---- posts
    def op_post(self, op):
        """`author`, `text`; optional `key`, `id`, `parent` (key or id, may be absent yet), `at`, `mentions`,
        `visibility`, `lang`, `spoiler`, `html`, `raw`, `quiet` (notifies nobody)."""
        server = self.server(op["server"])
        self.delay(op)
        post = server.new_post(op)
        if post.id in server.posts:
            raise Bad(f"the id {post.id!r} is taken")
        post.visible_at += op.get("late_ms", 0)
        post.posting_key = op.get("idempotency") or (op.get("rkey") if op.get("via") == "api" else None)
        server.insert(post)
        if not op.get("quiet"):
            server.notify(post, op)
        op["id"] = post.id
        return {"id": post.id, "key": post.key}

    def op_edit(self, op):
        server = self.server(op["server"])
        return server.edit(server.post_of(op["post"]), op)

    def op_delete(self, op):
        server = self.server(op["server"])
        post = server.post_of(op["post"])
        post.deleted = True
        post.stale()
        server.forget(post)
        return {"id": post.id}

    def op_reparent(self, op):
        """Change the parent after the fact: self-parents and circles for hostile tests."""
        server = self.server(op["server"])
        post = server.post_of(op["post"])
        old = server.posts.get(post.parent_id)
        if old is not None and post.id in old.replies:
            old.replies.remove(post.id)
        post.parent_id = server.keys.get(op["parent"], op["parent"])
        server.posts[post.parent_id].replies.append(post.id)
        server.reparented(post)
        return {}

    def op_like(self, op):
        server = self.server(op["server"])
        post, person = server.post_of(op["post"]), server.person(op["person"])
        if person.key not in post.likes:
            post.likes.add(person.key)
            post.stale()
            server.react(post, person, "like", op)
        return {}

    def op_boost(self, op):
        server = self.server(op["server"])
        post, person = server.post_of(op["post"]), server.person(op["person"])
        if person.key not in post.boosters:
            post.boosters.add(person.key)
            post.stale()
            server.react(post, person, "boost", op)
        return {}

    def op_follow(self, op):
        server = self.server(op["server"])
        server.react(None, server.person(op["person"]), "follow", op)
        return {}

    def op_chat(self, op):
        """A direct message of Bluesky: `author`, `to` (person) or `convo`, `text`."""
        self.delay(op)
        return self.server(op["server"]).chat.post(op)

    def op_chat_delete(self, op):
        return self.server(op["server"]).chat.delete(op)

    def op_confirm(self, op):
        """A bot of Telegram confirmed everything below `offset`."""
        return self.server(op["server"]).confirm(op)

    # ---- what it knows, for tests
    def truth(self, name):
        """Every post of a server, deleted ones too, in order of arrival."""
        server = self.server(name)
        rows = []
        for post in server.posts.values():
            rows.append({"id": post.id, "key": post.key, "author": post.author.key,
                         "handle": post.author.acct, "own": post.author.own,
                         "parent": post.parent_id, "text": post.text, "at": post.at, "arrived": post.arrived,
                         "mentions": [p.key for p in post.mentions], "visibility": post.visibility,
                         "deleted": post.deleted, "edited": post.edited, "via": post.via, "application": post.application,
                         "posting_key": post.posting_key, "spoiler": post.spoiler, "lang": post.lang,
                         "boosted": post.boosted.id if post.boosted else None})
        return rows

    def applied(self, name):
        """What came in through a server's own API, with the key that it came with; direct messages too."""
        chat = getattr(self.server(name), "chat", None)
        return [row for row in self.truth(name) if row["via"] == "api"] + (chat.applied() if hasattr(chat, "applied") else [])

    @staticmethod
    def time_of(op):
        return parse_time(op.get("at"), op["t"])
