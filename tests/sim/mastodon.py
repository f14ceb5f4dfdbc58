"""A simulated Mastodon server: ids, notifications, rendering. The HTTP API is in mastodon_api.py.

Ids of posts look like snowflakes and grow with insertion, whatever created_at says; notifications have an id
space of their own. Dialects: snac, pixelfed, old, norate (tests/sim/README.md)."""
import bisect
import hashlib

from people import Note, Post, iso, to_html
from wire import dumps
from world import Server


class Mastodon(Server):
    kind = "mastodon"

    def __init__(self, world, name, op):
        self.last_ms = self.last_id = 0
        self.n_note = 20
        self.idempotency = {}
        super().__init__(world, name, op)
        self.millis = "snac" not in self.dialect

    @property
    def base(self):
        return f"{self.world.base}/m/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/@{person.acct}"

    # ---- ids
    def next_id(self, t):
        self.last_id = max(self.last_id + 1, t << 16)
        if "snac" in self.dialect:
            return f"{t // 1000}{hashlib.md5(str(self.last_id).encode()).hexdigest()[:22]}"
        return str(self.last_id)

    def id_for(self, key, t):
        """The id of a post that may not be there yet: it is reserved, so that its children can name it."""
        if key in self.keys:
            return self.keys[key]
        ident = self.keys[key] = self.next_id(t)
        return ident

    def settle(self, person, op):
        if person.id is None:
            person.id = self.next_id(op["t"])
            if "snac" in self.dialect:
                person.id = hashlib.md5(person.acct.encode()).hexdigest()
            op["id"] = person.id

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "tok-" + hashlib.sha256(f"{self.name}/{person.key}/{len(self.tokens)}".encode()).hexdigest()[:40]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": token}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    # ---- posts
    def new_post(self, op):
        t, key = op["t"], op.get("key")
        ident = op.get("id")
        if ident is None:
            ident = self.keys.get(key) if key is not None and self.keys.get(key) not in self.posts else None
            ident = ident or self.next_id(t)
        elif ident.isdigit() and len(ident) < 20:
            self.last_id = max(self.last_id, int(ident))
        post = Post(self, ident if key is None else key, ident, self.person(op["author"]), op["text"],
                    self.world.time_of(op), t)
        parent = op.get("parent")
        if parent is not None:
            post.parent_id = self.posts[parent].id if parent in self.posts else self.id_for(parent, t)
        elif op.get("parent_id") is not None:
            post.parent_id = op["parent_id"]
        post.application, post.quote = op.get("application"), self.keys.get(op.get("quote"), op.get("quote"))
        post.visibility = op.get("visibility", "public")
        post.lang = op.get("lang", "en")
        post.spoiler = op.get("spoiler", "")
        post.visible_at = t + self.lag_ms
        post.html, post.raw, post.via = op.get("html"), op.get("raw", {}), op.get("via", "person")
        names = op.get("mentions")
        post.mentions = self.names_in(post.text) if names is None else [self.person(k) for k in names]
        if op.get("idempotency"):
            self.idempotency[(post.author.key, op["idempotency"])] = (ident, t)
        return post

    def notify(self, post, op):
        for person in post.mentions:
            if person is not post.author and person.domain is None:
                self.note("mention", person, post.author, post, op["t"])
        quoted = self.posts.get(post.quote)
        if quoted is not None and quoted.author is not post.author and quoted.author not in post.mentions:
            self.note("quote", quoted.author, post.author, post, op["t"])

    def note(self, kind, person, actor, post, t):
        self.n_note += 1
        person.notes.append(Note(self.n_note, kind, person, actor, post, t))

    def edit(self, post, op):
        post.text = op.get("text", post.text)
        post.html = op.get("html")
        post.raw = op.get("raw", post.raw)
        if not op.get("silent"):
            post.edited = self.world.time_of(op)
        if "mentions" in op:
            post.mentions = [self.person(k) for k in op["mentions"]]
        else:
            before = post.mentions
            post.mentions = self.names_in(post.text)
            for person in post.mentions:
                if person not in before and person is not post.author and person.domain is None:
                    self.note("mention", person, post.author, post, op["t"])
        for key in sorted(post.boosters):
            self.note("update", self.person(key), post.author, post, op["t"])
        post.stale()
        return {"id": post.id}

    def forget(self, post):
        for person in set(post.mentions) | {post.author}:
            for note in person.notes:
                if note.post is post:
                    note.gone = True
        parent = self.posts.get(post.parent_id)
        if parent is not None:
            parent.stale()

    def reparented(self, post):
        post.stale()

    def react(self, post, person, kind, op):
        names = {"like": "favourite", "boost": "reblog", "follow": "follow"}
        target = post.author if post is not None else self.person(op["target"])
        if target is not person:
            self.note(names[kind], target, person, post, op["t"])
        if kind == "boost":         # it stands among the booster's own statuses, with nothing but the boosted one in it
            boost = Post(self, None, self.next_id(op["t"]), person, "", op["t"], op["t"])
            boost.key, boost.boosted = boost.id, post
            self.insert(boost)

    def sees(self, viewer, post):
        if post.deleted or post.visible_at > self.world.now_ms():
            return False
        if post.visibility in ("public", "unlisted"):
            return True
        return viewer is not None and (viewer is post.author or viewer in post.mentions)

    # ---- rendering, cached
    def account_dict(self, person):
        if person.cache is None:
            image = f"{self.base}/avatars/original/missing.png"
            person.cache = {
                "id": person.id, "username": person.handle, "acct": person.acct, "display_name": person.name,
                "locked": False, "bot": person.bot, "discoverable": True, "indexable": False, "group": False,
                "created_at": iso(person.created // 86400000 * 86400000, self.millis), "note": "",
                "url": self.profile_url(person), "uri": f"{self.base}/ap/users/{person.id}", "avatar": image,
                "avatar_static": image, "header": image, "header_static": image, "followers_count": 12,
                "following_count": 3, "statuses_count": 40, "last_status_at": None, "emojis": [], "roles": [], "fields": []}
        return person.cache

    def status_dict(self, post):
        parent = self.posts.get(post.parent_id)
        body = {
            "id": post.id, "created_at": iso(post.at, self.millis), "in_reply_to_id": post.parent_id,
            "in_reply_to_account_id": parent.author.id if parent else None, "sensitive": bool(post.spoiler),
            "spoiler_text": post.spoiler, "visibility": post.visibility, "language": post.lang,
            "uri": f"{self.base}/ap/users/{post.author.id}/statuses/{post.id}",
            "url": f"{self.profile_url(post.author)}/{post.id}",
            "replies_count": len(post.replies), "reblogs_count": len(post.boosters),
            "favourites_count": len(post.likes), "quotes_count": 0,
            "edited_at": None if post.edited is None else iso(post.edited, self.millis),
            "content": post.html if post.html is not None else to_html(post.text, self),
            "filtered": [], "reblog": self.status_dict(post.boosted) if post.boosted else None,
            "application": {"name": post.application, "website": None} if post.application else None, "account": self.account_dict(post.author),
            "media_attachments": [],
            "mentions": [{"id": p.id, "username": p.handle, "url": self.profile_url(p), "acct": p.acct}
                         for p in post.mentions],
            "tags": [{"name": t, "url": f"{self.base}/tags/{t}"} for t in dict.fromkeys(post.tags)],
            "emojis": [], "quote": self.quote_dict(post), "card": None, "poll": None}
        body.update(post.raw)
        return body

    def quote_dict(self, post):
        quoted = self.posts.get(post.quote)
        if quoted is None:
            return None
        return {"state": "deleted", "quoted_status": None} if quoted.deleted else \
            {"state": "accepted", "quoted_status": self.status_dict(quoted)}

    def status_bytes(self, post):
        if post.cache is None:
            post.cache = dumps(self.status_dict(post))
            post.el = self.world.book.element(self.name, "status", post.id, post.cache)
        return post.cache

    def note_bytes(self, note):
        status = self.status_bytes(note.post) if note.post is not None else None
        version = note.post.el if note.post is not None else 0
        if note.cache is None or note.cache_of != version:
            head = dumps({"id": str(note.id), "type": note.kind, "created_at": iso(note.arrived, self.millis),
                          "group_key": f"ungrouped-{note.id}", "account": self.account_dict(note.actor)})
            note.cache = head if status is None else head[:-1] + b',"status":' + status + b"}"
            note.cache_of = version
            note.el = self.world.book.element(self.name, note.kind, note.post.id if note.post else "", note.cache,
                                              note=str(note.id))
        return note.cache

    # ---- paging over a list that is in order of its ids
    def window(self, items, request, limit, key, number, keep, ignores=False):
        """Items of one page, newest first, as Mastodon pages: max_id, since_id, min_id."""
        max_id, since_id, min_id = (None if ignores else request.arg(n) for n in ("max_id", "since_id", "min_id"))
        low, high = 0, len(items)
        if max_id:
            high = bisect.bisect_left(items, number(max_id), key=key)
        if since_id:
            low = bisect.bisect_right(items, number(since_id), key=key)
        indexes = range(high - 1, low - 1, -1)
        if min_id:
            find = bisect.bisect_left if "pixelfed" in self.dialect else bisect.bisect_right
            indexes = range(max(low, find(items, number(min_id), key=key)), high)
        found = []
        for i in indexes:
            if keep(items[i]):
                found.append(items[i])
                if len(found) == limit:
                    break
        return found[::-1] if min_id else found

    def insert(self, post):
        super().insert(post)
        del post.author.posts[-1]
        bisect.insort(post.author.posts, post, key=post_order)

    def post_number(self, ident):
        post = self.posts.get(ident)
        return order(ident) if post is None else post_order(post)


def order(ident):
    """Sort key of an id: a number where it is one, as real Mastodon compares; foreign text counts as 0."""
    return int(ident) if ident.isdigit() else 0


def note_order(note):
    return note.id


def post_order(post):
    return int(post.id) if post.id.isdigit() else post.seq
