"""A simulated Lemmy server at /l/NAME: posts, comments below them, the inbox of replies and mentions, private messages, as its API v3 does them.

What answerd calls them: a post is "7", a comment below it "7/34", a private message "message/9"; numbers are spaces of their own. A comment tells
the author of what it answers (the comment above, or the post), and whom it names as @name@host; what is told has a number of its own and goes by
that, whatever `published` says. What its author deleted stays in the tree without words, and leaves the inbox. Fields of a post: `title` (makes a
post), `to` (a private message to that person). Options: `purge` (what is deleted is not found any more), `refuses` (words of the error that every
comment gets), `old_times` (times without a zone, as before 0.19)."""
import re

from people import Post, iso
from wire import HTML, Reply, dumps
from world import Server

MENTION = re.compile(r"@([A-Za-z0-9_]+)@([A-Za-z0-9.:-]+)")
MOST = 10_000


def fail(status, code, **more):
    return Reply.json({"error": code, **more}, status)


class Lemmy(Server):
    kind = "lemmy"

    def __init__(self, world, name, op):
        self.n_ids = {"post": 0, "comment": 0, "message": 0, "note": 0, "person": 0}
        self.notes = []             # (number, "reply" or "mention", recipient, post)
        self.forms = {}             # (post's id, form) -> (bytes, number in the book)
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/l/{self.name}"

    @property
    def domain(self):
        return self.options.get("domain", "127.0.0.1")

    def profile_url(self, person):
        return f"https://{person.domain or self.domain}/u/{person.handle}"

    def next(self, what):
        self.n_ids[what] += 1
        return self.n_ids[what]

    # ---- people
    def settle(self, person, op):
        person.id = op["id"] = str(person.id or self.next("person"))

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = f"jwt-{self.name}-{person.key}-{len(self.tokens)}"
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": token}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    # ---- what is said
    def new_post(self, op):
        author, parent = self.person(op["author"]), None
        if op.get("to"):
            number = self.next("message")
            ident, sort = f"message/{number}", "message"
        elif op.get("parent") is not None:
            parent, number = self.post_of(op["parent"]), self.next("comment")
            ident, sort = f"{parent.record}/{number}", "comment"
        else:
            number = self.next("post")
            ident, sort = str(number), "post"
        post = Post(self, op.get("key", ident), op.get("id", ident), author, op["text"], self.world.time_of(op), op["t"])
        post.cid, post.application = number, sort
        post.record = parent.record if parent is not None else number      # the post it stands below
        post.parent_id = None if parent is None else parent.id
        post.quote = "0" if parent is None else f"{parent.quote}.{number}"  # its path
        post.spoiler = op.get("title", "") if sort == "post" else ""
        post.boosters = [op["to"]] if op.get("to") else []                  # whom it is for
        post.visibility = "private" if sort == "message" else "public"
        post.mentions = [p for p in (self.find_handle(n) for n, host in MENTION.findall(post.text) if host == self.domain) if p is not None]
        post.html, post.raw, post.via = op.get("html"), op.get("raw", {}), op.get("via", "person")
        post.visible_at = op["t"] + self.lag_ms
        return post

    def notify(self, post, op):
        if post.application != "comment":
            return
        above = self.posts[post.parent_id].author
        if above is not post.author:
            self.notes.append((self.next("note"), "reply", above, post))
        for person in post.mentions:
            if person not in (above, post.author):
                self.notes.append((self.next("note"), "mention", person, post))

    def edit(self, post, op):
        post.text, post.edited = op.get("text", post.text), self.world.time_of(op)
        self.stale(post)
        return {"id": post.id}

    def forget(self, post):
        self.stale(post)

    def reparented(self, post):
        self.stale(post)

    def react(self, post, person, kind, op):
        pass

    def stale(self, post):
        post.stale()
        self.forms = {k: v for k, v in self.forms.items() if k[0] != post.id}

    # ---- rendering
    def time(self, ms):
        text = iso(ms)[:-1] + "456"
        return text if self.options.get("old_times") else text + "Z"

    def person_dict(self, person):
        return {"id": int(person.id), "name": person.handle, "display_name": person.name, "banned": False, "published": self.time(person.created),
                "actor_id": self.profile_url(person), "local": person.domain is None, "deleted": False, "bot_account": person.bot, "instance_id": 1}

    def common(self, post):
        found = {"deleted": post.deleted, "published": self.time(post.at), "local": True, **({"updated": self.time(post.edited)} if post.edited else {})}
        return {**found, "creator_id": int(post.author.id)}

    def post_dict(self, post):
        return {"id": post.cid, "name": post.spoiler or post.text[:60], "body": "" if post.deleted else post.text, "community_id": 1, "removed": False, "locked": False,
                "ap_id": f"https://{self.domain}/post/{post.cid}", "nsfw": False, "language_id": 0, **self.common(post)}

    def view(self, post):
        creator = self.person_dict(post.author)
        if post.application == "message":
            recipient = self.person_dict(self.person(post.boosters[0]))
            return {"private_message": {"id": post.cid, "recipient_id": recipient["id"], "content": "" if post.deleted else post.text, "read": False,
                                        "ap_id": f"https://{self.domain}/private_message/{post.cid}", **self.common(post), **post.raw},
                    "creator": creator, "recipient": recipient}
        if post.application == "post":
            return {"post": {**self.post_dict(post), **post.raw}, "creator": creator, "community": {"id": 1, "name": "main"}, "counts": {"comments": len(post.replies)}}
        below = self.posts[str(post.record)]
        return {"comment": {"id": post.cid, "post_id": post.record, "content": "" if post.deleted else post.text, "removed": False, "path": post.quote,
                            "ap_id": f"https://{self.domain}/comment/{post.cid}", "distinguished": False, "language_id": 0, **self.common(post), **post.raw},
                "creator": creator, "post": self.post_dict(below), "community": {"id": 1, "name": "main"},
                "counts": {"comment_id": post.cid, "score": 1, "child_count": len(post.replies)}, "subscribed": "NotSubscribed", "saved": False}

    def form(self, post, note=None):
        """(bytes, number in the book) of a post; with `note` as it stands in an inbox."""
        key = (post.id, note and note[0])
        kept = self.forms.get(key)
        if kept is None:
            head = {}
            if note is not None:
                name = "comment_reply" if note[1] == "reply" else "person_mention"
                head = {name: {"id": note[0], "recipient_id": int(note[2].id), "comment_id": post.cid, "read": False, "published": self.time(post.arrived)}}
            data = dumps({**head, **self.view(post)})
            kind = {"message": "direct"}.get(post.application, post.application)
            kept = self.forms[key] = (data, self.world.book.element(self.name, kind, post.id, data))
        return kept


class LemmyApi:
    """Turns requests into replies for one server. It changes the world only through World.do."""

    def __init__(self, server):
        self.s = server

    def handle(self, request, path):
        s = self.s
        entry = s.tokens.get(request.bearer())
        if entry is None or entry[1] != "ok":
            return fail(401, "incorrect_login")
        viewer = entry[0]
        request.viewer = viewer.key
        if not s.take_rate(viewer.key, s.rate_limit or 10**9)[3]:
            return fail(429, "rate_limit_error")
        name = path.removeprefix("/api/v3/")
        table = {("GET", "site"): self.site, ("GET", "user/replies"): self.replies, ("GET", "user/mention"): self.mentions,
                 ("GET", "private_message/list"): self.messages, ("GET", "user"): self.user, ("GET", "search"): self.search, ("GET", "comment/list"): self.comments,
                 ("GET", "comment"): self.comment, ("GET", "post"): self.post, ("POST", "comment"): self.create_comment,
                 ("POST", "private_message"): self.create_message}
        found = table.get((request.method, name))
        return found(request, viewer) if found else Reply(404, b"<!DOCTYPE html><title>404</title>", HTML)

    # ---- reading
    def is_seen(self, post):
        return post.visible_at <= self.s.world.now_ms()

    def cut(self, request, found):
        size, number = int(request.arg("limit", "10")), int(request.arg("page", "1"))
        if not 1 <= size <= 50 or number < 1:
            return None
        return found[(number - 1) * size:number * size]

    def paged(self, request, member, found, note=False):
        page = self.cut(request, found)
        if page is None:
            return fail(400, "invalid_limit")
        forms = [self.s.form(x[3], x) if note else self.s.form(x) for x in page]
        return Reply.page(b'{"%s":[' % member.encode(), [f[0] for f in forms], b"]}", [f[1] for f in forms])

    def site(self, request, viewer):
        return Reply.json({"site_view": {"site": {"id": 1, "name": self.s.name}}, "version": "0.19.3",
                           "my_user": {"local_user_view": {"local_user": {"id": 1}, "person": self.s.person_dict(viewer)}}})

    def inbox(self, request, viewer, kind, member):
        found = [n for n in reversed(self.s.notes) if n[1] == kind and n[2] is viewer and not n[3].deleted and self.is_seen(n[3])]
        return self.paged(request, member, found, note=True)

    def replies(self, request, viewer):
        return self.inbox(request, viewer, "reply", "replies")

    def mentions(self, request, viewer):
        return self.inbox(request, viewer, "mention", "mentions")

    def all(self, sort, seen=None):
        found = [p for p in self.s.posts.values() if p.application == sort and self.is_seen(p) and (seen is None or seen(p))]
        return sorted(found, key=lambda p: (p.at, p.cid), reverse=True)

    def messages(self, request, viewer):
        found = self.all("message", lambda p: p.author is viewer or p.boosters[0] == viewer.key)
        return self.paged(request, "private_messages", sorted(found, key=lambda p: p.cid, reverse=True))

    def both(self, request, comments, posts):
        comments, posts = self.cut(request, comments), self.cut(request, posts)
        if comments is None or posts is None:
            return fail(400, "invalid_limit")
        comments, posts = [self.s.form(p) for p in comments], [self.s.form(p) for p in posts]
        body = b'{"comments":[' + b",".join(f[0] for f in comments) + b'],"posts":[' + b",".join(f[0] for f in posts) + b"]}"
        return Reply(200, body, els=[f[1] for f in comments + posts])

    def user(self, request, viewer):
        person = self.s.by_person_id.get(request.arg("person_id"))
        if person is None:
            return fail(404, "couldnt_find_person")
        return self.both(request, *(self.all(sort, lambda p: p.author is person and not p.deleted) for sort in ("comment", "post")))

    def search(self, request, viewer):
        words = request.arg("q", "").lower()
        return self.both(request, *(self.all(sort, lambda p: words in p.text.lower() and not p.deleted) for sort in ("comment", "post")))

    def comments(self, request, viewer):
        found = [p for p in self.all("comment") if str(p.record) == request.arg("post_id")]
        top = request.arg("parent_id")
        if top:
            found = [p for p in found if top in (str(up.cid) for up in (p, *self.s.ancestors(p)))]
        if request.arg("sort") == "Old":
            found.reverse()
        return self.paged(request, "comments", found)

    def one(self, ident, member, code):
        post = next((p for p in self.s.posts.values() if (p.application, str(p.cid)) == (member, ident) and self.is_seen(p)), None)
        if post is None or (post.deleted and self.s.options.get("purge")):
            return fail(404, code)
        data, el = self.s.form(post)
        return Reply(200, b'{"%s_view":' % member.encode() + data + b"}", els=[el])

    def comment(self, request, viewer):
        return self.one(request.arg("id"), "comment", "couldnt_find_comment")

    def post(self, request, viewer):
        return self.one(request.arg("id"), "post", "couldnt_find_post")

    # ---- writing
    def made(self, op, member):
        post = self.s.posts[self.s.world.do({"op": "post", "server": self.s.name, "via": "api", **op})["id"]]
        data, el = self.s.form(post)
        return Reply(200, b'{"%s_view":' % member + data + b',"recipient_ids":[]}', els=[el])

    def create_comment(self, request, viewer):
        s, form = self.s, request.form()
        below, above = s.posts.get(str(form.get("post_id"))), form.get("parent_id")
        if not isinstance(form.get("content"), str) or not form["content"].strip() or len(form["content"]) > MOST:
            return fail(400, "invalid_body_field")
        if s.options.get("refuses"):
            return fail(400, s.options["refuses"])
        parent = below if above is None else s.posts.get(f"{form['post_id']}/{above}")
        if below is None or parent is None or parent.deleted:
            return fail(404, "couldnt_find_post" if below is None else "couldnt_find_comment")
        return self.made({"author": viewer.key, "text": form["content"], "parent": parent.id}, b"comment")

    def create_message(self, request, viewer):
        form = request.form()
        person = self.s.by_person_id.get(str(form.get("recipient_id")))
        if person is None or not isinstance(form.get("content"), str):
            return fail(404, "couldnt_find_person")
        return self.made({"author": viewer.key, "text": form["content"], "to": person.key}, b"private_message")
