"""A simulated Bluesky: one PDS with its AppView. Records, notifications, rendering.
The XRPC methods are in bluesky_api.py, direct messages in chat.py.

Order and indexedAt follow min(createdAt, arrival), and createdAt is the author's own. The AppView may lag
behind the repository (`lag_s`), as the real one does."""
import bisect
import hashlib

from chat import Chat
from people import TAG, LINK, NAME, Bad, Note, Post, cid, did, iso, parse_time, tid
from wire import dumps
from world import Server

POST = "app.bsky.feed.post"
DEPTH_OF_NOTICE = 5             # a reply tells the authors of so many ancestors, nobody further up


class Bluesky(Server):
    kind = "bluesky"

    def __init__(self, world, name, op):
        self.last_micros = 0
        self.sessions = {}          # token -> [person, kind, expires ms, state]
        self.n_sessions = 0
        self.timeline = []          # posts by (sort time, cid), for search
        self.chat = Chat(self)
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/b/{self.name}"

    def next_rkey(self, t):
        self.last_micros = max(self.last_micros + 1, t * 1000)
        return tid(self.last_micros)

    # ---- people
    def settle(self, person, op):
        if "." not in person.handle:
            person.handle += ".test"
        if person.id is None:
            person.id = did(f"{self.name}/{person.key}")

    def grant(self, person, op):
        digest = hashlib.sha256(f"{self.name}/{person.key}".encode()).hexdigest()
        password = op.get("token")
        if not isinstance(password, str):
            password = "-".join("abcdefghijklmnopqrstuvwxyz234567"[int(c, 16)] * 2 + digest[i:i + 2]
                                for i, c in enumerate(digest[:4]))
        person.password = op["token"] = password
        return {"password": password, "token": password, "did": person.id, "handle": person.handle}

    def set_tokens(self, person, state, op):
        """`what` = all (default), access, refresh or password."""
        what = op.get("what", "access" if state == "expired" else "all")
        for entry in self.sessions.values():
            if entry[0] is person and what in ("all", entry[1]):
                entry[3] = state
        if what in ("all", "password"):
            self.tokens[person.key] = "ok" if state == "ok" else "revoked"

    # ---- posts
    def new_post(self, op):
        t, author = op["t"], self.person(op["author"])
        record = op.get("record")
        rkey = op.get("rkey")
        key = op.get("key")
        if rkey is None and key in self.keys and self.keys[key] not in self.posts:
            rkey = self.keys[key].rpartition("/")[2]
        rkey = rkey or self.next_rkey(t)
        op["rkey"] = rkey
        uri = f"at://{author.id}/{POST}/{rkey}"
        if record is None:
            record = self.make_record(op, t)
        at = parse_time(record.get("createdAt"), t)
        text = record.get("text")
        post = Post(self, key or uri, uri, author, text if isinstance(text, str) else "", at, t)
        post.record, post.cid = record, cid(dumps(record))
        reply = record.get("reply")
        if isinstance(reply, dict):
            post.parent_id = (reply.get("parent") or {}).get("uri")
        post.mentions = [self.by_person_id[f["did"]] for facet in record.get("facets") or []
                         for f in facet.get("features", ()) if f.get("did") in self.by_person_id]
        embed = record.get("embed")
        if isinstance(embed, dict) and isinstance(embed.get("record"), dict):
            post.quote = embed["record"].get("uri")
        post.lang = (record.get("langs") or ["en"])[0]
        post.via = op.get("via", "person")
        post.visible_at = t + self.lag_ms
        return post

    def make_record(self, op, t):
        """A post record from the plain operation: text, parent, at, quote, mentions."""
        at = op.get("at", t)
        record = {"$type": POST, "text": op["text"], "langs": [op.get("lang", "en")],
                  "createdAt": at if isinstance(at, str) else iso(at)}
        facets = self.facets(op["text"])
        if facets:
            record["facets"] = facets
        parent = op.get("parent")
        if parent is not None:
            ref = self.ref(parent, op)
            above = self.posts.get(ref["uri"])
            root = (above.record.get("reply") or {}).get("root") if above is not None else None
            record["reply"] = {"root": op.get("root") and self.ref(op["root"], op) or root or ref, "parent": ref}
        if op.get("quote"):
            record["embed"] = {"$type": "app.bsky.embed.record", "record": self.ref(op["quote"], op)}
        record.update(op.get("raw", {}))
        return record

    def ref(self, key, op):
        """{uri, cid} of a post; one that is not there yet gets its uri reserved (`parent_author` tells whose)."""
        uri = self.keys.get(key, key)
        post = self.posts.get(uri)
        if post is not None:
            return {"uri": post.id, "cid": post.cid}
        if not uri.startswith("at://"):
            if "parent_author" not in op:
                raise Bad(f"{key!r} is not there; to answer a post before it arrives give parent_author")
            uri = f"at://{self.person(op['parent_author']).id}/{POST}/{self.next_rkey(op['t'])}"
            self.keys[key] = uri
        return {"uri": uri, "cid": cid(uri.encode())}

    def facets(self, text):
        """Mentions, links and tags with their places counted in UTF-8 bytes."""
        found = []
        for pattern, make in ((NAME, self.name_feature), (LINK, self.link_feature), (TAG, self.tag_feature)):
            for match in pattern.finditer(text):
                feature = make(match)
                if feature is not None:
                    start = len(text[:match.start()].encode("utf-8", "surrogatepass"))
                    size = len(match[0].encode("utf-8", "surrogatepass"))
                    found.append({"index": {"byteStart": start, "byteEnd": start + size}, "features": [feature]})
        return sorted(found, key=lambda f: f["index"]["byteStart"])

    def name_feature(self, match):
        person = self.find_handle(match[1]) or self.find_handle(match[1] + ".test")
        return person and {"$type": "app.bsky.richtext.facet#mention", "did": person.id}

    @staticmethod
    def link_feature(match):
        return {"$type": "app.bsky.richtext.facet#link", "uri": match[0]}

    @staticmethod
    def tag_feature(match):
        return {"$type": "app.bsky.richtext.facet#tag", "tag": match[1]}

    def insert(self, post):
        super().insert(post)
        bisect.insort(self.timeline, post, key=sort_key)

    def sort_at(self, post):
        return min(post.at, post.arrived)

    def notify(self, post, op):
        told = {post.author.key}

        def tell(person, reason, subject):
            if person is not None and person.key not in told:
                told.add(person.key)
                self.note(reason, person, post.author, post, op["t"], subject)
        for person in post.mentions:
            tell(person, "mention", None)
        if post.quote in self.posts:
            tell(self.posts[post.quote].author, "quote", post.quote)
        for above in self.ancestors(post, DEPTH_OF_NOTICE):
            tell(above.author, "reply", above.id)

    def note(self, kind, person, actor, post, t, subject):
        note = Note(0, kind, person, actor, post, t)
        note.sort_at = self.sort_at(post) if kind not in ("like", "repost", "follow") else t
        note.visible_at = t + self.lag_ms
        note.subject = subject
        names = {"like": "app.bsky.feed.like", "repost": "app.bsky.feed.repost", "follow": "app.bsky.graph.follow"}
        note.uri = f"at://{actor.id}/{names[kind]}/{self.next_rkey(t)}" if kind in names else post.id
        bisect.insort(person.notes, note, key=lambda n: n.sort_at)

    def react(self, post, person, kind, op):
        name = {"like": "like", "boost": "repost", "follow": "follow"}[kind]
        target = post.author if post is not None else self.person(op["target"])
        if target is not person:
            self.note(name, target, person, post, op["t"], post.id if post else None)

    def edit(self, post, op):
        """The author wrote the record anew: same uri, other cid."""
        record = op.get("record") or {**post.record, **op.get("raw", {})}
        if "text" in op:
            record["text"] = op["text"]
            record["facets"] = self.facets(op["text"])
        post.record, post.cid = record, cid(dumps(record))
        post.text = record.get("text", "")
        post.edited = op["t"]
        post.stale()
        return {"uri": post.id, "cid": post.cid}

    def forget(self, post):
        for person in self.people.values():
            for note in person.notes:
                if note.post is post:
                    note.gone = True
        parent = self.posts.get(post.parent_id)
        if parent is not None:
            parent.stale()

    def reparented(self, post):
        post.record["reply"]["parent"] = {"uri": post.parent_id, "cid": cid(post.parent_id.encode())}
        post.stale()

    def shown(self, post):
        return post is not None and not post.deleted and post.visible_at <= self.world.now_ms()

    # ---- rendering, cached
    def profile(self, person):
        if person.cache is None:
            person.cache = {"did": person.id, "handle": person.handle, "displayName": person.name,
                            "viewer": {"muted": False, "blockedBy": False}, "labels": [], "createdAt": iso(person.created)}
        return person.cache

    def view_dict(self, post):
        return {"uri": post.id, "cid": post.cid, "author": self.profile(post.author), "record": post.record,
                "replyCount": len(post.replies), "repostCount": len(post.boosters), "likeCount": len(post.likes),
                "quoteCount": 0, "indexedAt": iso(self.sort_at(post)),
                "viewer": {"threadMuted": False, "embeddingDisabled": False}, "labels": []}

    def post_bytes(self, post):
        if post.cache is None:
            post.cache = dumps(self.view_dict(post))
            post.el = self.world.book.element(self.name, "post", post.id, post.cache)
        return post.cache

    def note_bytes(self, note):
        version = note.post.cid if note.post is not None else ""
        if note.cache is None or note.cache_of != version:
            body = {"uri": note.uri, "cid": version, "author": self.profile(note.actor), "reason": note.kind}
            if note.subject is not None:
                body["reasonSubject"] = note.subject
            if note.kind in ("like", "repost"):
                body["cid"] = cid(note.uri.encode())
                body["record"] = {"$type": f"app.bsky.feed.{note.kind}", "createdAt": iso(note.arrived),
                                  "subject": {"uri": note.post.id, "cid": note.post.cid}}
            elif note.kind == "follow":
                body["cid"] = cid(note.uri.encode())
                body["record"] = {"$type": "app.bsky.graph.follow", "createdAt": iso(note.arrived), "subject": note.person.id}
            else:
                body["record"] = note.post.record
            body.update({"isRead": False, "indexedAt": iso(note.sort_at), "labels": []})
            note.cache, note.cache_of = dumps(body), version
            note.el = self.world.book.element(self.name, note.kind, note.uri, note.cache)
        return note.cache


def sort_key(post):
    return min(post.at, post.arrived), post.cid
