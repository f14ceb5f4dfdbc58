"""A simulated Reddit: its interface below /r/NAME/…, sessions at /r/NAME/api/v1/access_token.

A post (t3) is what has no parent; all else hangs below one. Lists are newest first by arrival, a thousand deep, with `after`; `before` of
what is deleted gives nothing. The inbox tells of comments below ours, of answers to ours, of those who write u/NAME, and of private
messages. What is deleted stays in trees as "[deleted]". Errors of a post stand inside 200. Post fields: `subreddit` (shop), `title`,
`to` (key: a private message), `removed`. Options: `access_ttl_s` · `deep` (1000) · `tree` (comments that a tree shows: 200) ·
`ratelimit` (words of RATELIMIT for the next post) · `locked` (ids) · `scope`."""
import base64
import hashlib
import html
import re

from consent import Consent
from people import Post
from wire import HTML, Reply, dumps
from world import Server

SCOPES = ("identity", "read", "history", "submit", "privatemessages")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NAME = re.compile(r"(?<![\w/.])/?u/([A-Za-z0-9_-]+)")


def base36(number):
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text


def refuse(status, message):
    return Reply.json({"message": message, "error": status}, status)


class Reddit(Server):
    kind = "reddit"

    def __init__(self, world, name, op):
        self.n_things = 36 ** 4
        self.access, self.n_access = {}, 0
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/r/{self.name}"

    def profile_url(self, person):
        return f"https://www.reddit.com/user/{person.handle}"

    # ---- people
    def settle(self, person, op):
        person.id = op["id"] = person.handle

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "rt-" + hashlib.sha256(f"{self.name}/{person.key}/{len(self.tokens)}".encode()).hexdigest()[:32]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": f"town-client:town-secret:{token}"}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state
        self.access = {k: v for k, v in self.access.items() if v[0] is not person}

    def viewer(self, request):
        person, until = self.access.get(request.bearer(), (None, 0))
        return person if person is not None and until > self.world.now_ms() else None

    # ---- things
    def new_post(self, op):
        t, author = op["t"], self.person(op["author"])
        parent = self.post_of(op["parent"]) if op.get("parent") is not None else None
        self.n_things += 1
        sort = "t4" if op.get("to") or (parent is not None and parent.sort == "t4") else "t3" if parent is None else "t1"
        ident = op.get("id") or f"{sort}_{base36(self.n_things)}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], self.world.time_of(op), t)
        post.sort, post.parent_id = sort, None if parent is None else parent.id
        post.link = post.id if sort == "t3" else parent.link if parent is not None and sort == "t1" else None
        post.spoiler, post.place = op.get("title") or "", op.get("subreddit") or (parent.place if parent is not None else "shop")
        post.raw, post.via, post.is_removed = op.get("raw", {}), op.get("via", "person"), bool(op.get("removed"))
        if sort == "t4":
            post.visibility = "direct"
            post.dest = self.person(op["to"]) if op.get("to") else parent.author if parent.author is not author else parent.dest
            post.first = post.id if parent is None else parent.first
        names = [self.find_handle(m[1]) for m in NAME.finditer(f"{post.spoiler} {post.text}")]
        post.mentions = [p for p in dict.fromkeys(names) if p is not None and p is not author]
        return post

    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        post.stale()

    def edit(self, post, op):
        post.text, post.edited = op.get("text", post.text), self.world.time_of(op)
        post.is_removed = op.get("removed", post.is_removed)
        post.raw = op.get("raw", post.raw)
        post.stale()
        return {"id": post.id}

    def told(self, person, post):
        """Why it stands in this person's inbox; None: it does not."""
        if post.author is person or post.deleted:
            return None
        if post.sort == "t4":
            return "unknown" if post.dest is person else None
        above = self.posts.get(post.parent_id)
        if post.sort == "t1" and above.author is person:
            return "comment_reply" if above.sort == "t1" else "post_reply"
        return "username_mention" if person in post.mentions else None

    # ---- rendering
    def data_of(self, post, type_=None):
        gone, ident = post.deleted or post.is_removed, post.id[3:]
        words = "[deleted]" if post.deleted else "[removed]" if post.is_removed else post.text
        author = "[deleted]" if gone else post.author.handle
        body = {"id": ident, "name": post.id, "author": author}
        if post.sort == "t4":
            body.update({"dest": post.dest.handle, "subject": post.spoiler or "hello", "body": words, "parent_id": post.parent_id, "new": True,
                         "first_message_name": post.first if post.first != post.id else None, "was_comment": False})
        else:
            body.update({"subreddit": post.place, "permalink": f"/r/{post.place}/comments/{post.link[3:]}/x/{ident}/"})
            if post.sort == "t3":
                body.update({"title": post.spoiler or "a post", "selftext": words, "url": "https://www.reddit.com/x", "is_self": True,
                             "num_comments": len(post.replies)})
            else:
                body.update({"body": words, "body_html": html.escape(f"<div>{html.escape(words)}</div>"), "parent_id": post.parent_id,
                             "link_id": post.link, "replies": ""})
        body.update({"created_utc": float(post.at // 1000), "edited": float(post.edited // 1000) if post.edited else False, "score": 1})
        if type_:
            body.update({"type": type_, "was_comment": post.sort == "t1", "context": f"{body.get('permalink', '')}?context=3"})
        body.update(post.raw)
        return body

    def thing(self, post, type_=None):
        key = (type_, post.deleted, post.is_removed)
        if not isinstance(post.cache, dict):
            post.cache = {}
        if key not in post.cache:
            data = dumps({"kind": post.sort, "data": self.data_of(post, type_)})
            kind = "deletion" if post.deleted or post.is_removed else "direct" if post.sort == "t4" else "comment" if post.sort == "t1" else "post"
            post.cache[key] = (data, self.world.book.element(self.name, kind, post.id, data))
        return post.cache[key]


class RedditApi:
    def __init__(self, server):
        self.s = server
        self.consent = Consent(server)
        self.consent.client("town-client", "town-secret", ["http://127.0.0.1"], SCOPES)

    def handle(self, request, path):
        s = self.s
        if path == "/api/v1/authorize":         # a person's browser
            return self.consent.authorize(request)
        if not request.headers.get("user-agent", "").startswith("linux:answerd:"):
            return Reply(403, b"<!doctype html><title>Blocked</title>", HTML)
        if path == "/api/v1/access_token" and request.method == "POST":
            return self.session(request)
        viewer = s.viewer(request)
        if viewer is None:
            reply = refuse(401, "Unauthorized")
            reply.headers.append(("WWW-Authenticate", 'Bearer realm="reddit", error="invalid_token"'))
            return reply
        request.viewer = viewer.key
        limit, left, reset, is_allowed = s.take_rate(viewer.key, s.rate_limit or 10**6, 600)
        reply = self.route(request, path, viewer) if is_allowed else refuse(429, "Too Many Requests")
        reply.headers += [("x-ratelimit-used", limit - left), ("x-ratelimit-remaining", float(left)),
                          ("x-ratelimit-reset", max(1, (reset - s.world.now_ms()) // 1000))]
        return reply

    def session(self, request):
        s, form, more = self.s, request.form(), {}
        auth = request.headers.get("authorization", "")
        if auth[:6] != "Basic " or base64.b64decode(auth[6:]).decode() != "town-client:town-secret":
            return refuse(401, "Unauthorized")
        entry = s.tokens.get(form.get("refresh_token")) if form.get("grant_type") == "refresh_token" else None
        if form.get("grant_type") == "authorization_code":
            code, no = self.consent.redeem(request)
            if no is not None:
                return no
            fresh = self.consent.begin(code["family"])
            entry = s.tokens[fresh] = [code["person"], "ok"]
            more = {"refresh_token": fresh, "scope": " ".join(code["scopes"])}
        if entry is None or entry[1] != "ok":
            return Reply.json({"error": "invalid_grant"}, 400)
        s.n_access += 1
        ttl, token = s.options.get("access_ttl_s", 3600), f"at-{s.name}-{s.n_access}-{s.world.now_ms()}"
        s.access[token] = (entry[0], s.world.now_ms() + ttl * 1000)
        return Reply.json({"access_token": token, "token_type": "bearer", "expires_in": ttl, "scope": s.options.get("scope", "*"), **more})

    def route(self, request, path, viewer):
        s = self.s
        if path == "/api/v1/me":
            return Reply.json({"name": viewer.handle, "id": "9", "has_mail": False})
        if path == "/message/inbox":
            return self.listing(request, lambda p: s.told(viewer, p), lambda p: s.told(viewer, p))
        if path == "/message/sent":
            return self.listing(request, lambda p: p.sort == "t4" and p.author is viewer and not p.deleted)
        match = re.fullmatch(r"/user/([\w-]+)/(overview|comments|submitted)", path)
        if match:
            sorts = {"overview": ("t1", "t3"), "comments": ("t1",), "submitted": ("t3",)}[match[2]]
            return self.listing(request, lambda p: p.sort in sorts and p.author.handle == match[1] and not p.deleted)
        match = re.fullmatch(r"/r/(\w+)/(new|comments)", path)
        if match:
            sort = "t3" if match[2] == "new" else "t1"
            return self.listing(request, lambda p: p.sort == sort and p.place == match[1] and not p.deleted and not p.is_removed)
        if path == "/search":
            words = (request.arg("q") or "").lower().strip('"')
            return self.listing(request, lambda p: p.sort == "t3" and not p.deleted and words in f"{p.spoiler} {p.text}".lower())
        if path == "/api/info":
            found = [s.posts[i] for i in (request.arg("id") or "").split(",") if i in s.posts and s.posts[i].sort != "t4"]
            return self.page([s.thing(p) for p in found[:100]], None)
        if path == "/api/morechildren":
            found = [s.posts["t1_" + i] for i in (request.arg("children") or "").split(",") if "t1_" + i in s.posts]
            parts = [s.thing(p) for p in found]
            # What is below them is only named again.
            rest = [dumps({"kind": "more", "data": {"count": len(p.replies), "id": p.replies[0][3:], "name": p.replies[0], "parent_id": p.id,
                                                    "children": [i[3:] for i in p.replies]}}) for p in found if p.replies]
            return Reply.page(b'{"json":{"errors":[],"data":{"things":[', [d for d, _ in parts] + rest, b"]}}}", [e for _, e in parts])
        match = re.fullmatch(r"/comments/(\w+)", path)
        if match:
            return self.tree(request, s.posts.get("t3_" + match[1]))
        if path == "/api/comment" and request.method == "POST":
            return self.create(request, viewer)
        return refuse(404, "Not Found")

    # ---- reading
    @staticmethod
    def page(parts, after):
        head = b'{"kind":"Listing","data":{"after":' + dumps(after) + b',"dist":%d,"modhash":"","before":null,"children":[' % len(parts)
        return Reply.page(head, [d for d, _ in parts], b"]}}", [e for _, e in parts])

    def listing(self, request, wanted, type_of=lambda p: None):
        s, now = self.s, self.s.world.now_ms()
        found = [p for p in sorted(s.posts.values(), key=lambda p: -p.seq) if p.visible_at <= now and wanted(p)][:s.options.get("deep", 1000)]
        size, after, before = min(int(request.arg("limit", "25")), 100), request.arg("after"), request.arg("before")
        names = [p.id for p in found]
        if before:
            found = found[:names.index(before)] if before in names else []
        start = 0
        if after:
            # What it names may be gone meanwhile: its place stays.
            at = s.posts[after].seq if after in s.posts else 0
            start = next((i for i, p in enumerate(found) if p.seq < at), len(found))
        page = found[start:start + size]
        return self.page([s.thing(p, type_of(p)) for p in page], page[-1].id if page and len(found) > start + size else None)

    def tree(self, request, post):
        s = self.s
        if post is None:
            return refuse(404, "Not Found")
        room, els, more = [s.options.get("tree", 200)], [], []

        def below(above, depth):
            children = [s.posts[i] for i in above.replies if s.posts[i].visible_at <= s.world.now_ms()]
            shown = []
            for child in children:
                if room[0] <= 0:
                    more.append(child.id[3:])
                    continue
                room[0] -= 1
                data, el = s.thing(child)
                els.append(el)
                inner = below(child, depth + 1) if depth < 8 else []
                if inner:
                    listing = b'{"kind":"Listing","data":{"after":null,"children":[' + b",".join(inner) + b"]}}"
                    data = data.replace(b'"replies":""', b'"replies":' + listing, 1)
                elif child.replies and depth >= 8:
                    rest = dumps({"kind": "more", "data": {"count": 0, "name": "t1__", "id": "_", "parent_id": child.id, "children": []}})
                    data = data.replace(b'"replies":""', b'"replies":{"kind":"Listing","data":{"after":null,"children":[' + rest + b"]}}", 1)
                shown.append(data)
            return shown

        top = s.posts.get("t1_" + request.arg("comment", "")) if request.arg("comment") else None
        parts = below(top or post, 0)
        if more:
            parts.append(dumps({"kind": "more", "data": {"count": len(more), "name": "t1_" + more[0], "id": more[0], "parent_id": post.id,
                                                         "children": more}}))
        data, el = s.thing(post)
        head = b'[{"kind":"Listing","data":{"after":null,"children":[' + data + b']}},{"kind":"Listing","data":{"after":null,"children":['
        return Reply(200, head + b",".join(parts) + b"]}}]", els=[el, *els])

    # ---- writing
    def create(self, request, viewer):
        s, form = self.s, request.form()
        parent, text = s.posts.get(form.get("thing_id")), form.get("text") or ""

        def errors(*what):
            return Reply.json({"json": {"errors": [list(what)]}})
        if s.options.get("ratelimit"):
            words = s.options.pop("ratelimit")
            return errors("RATELIMIT", words, "ratelimit")
        if not text.strip():
            return errors("NO_TEXT", "we need something here", "text")
        if len(text) > 10000:
            return errors("TOO_LONG", "this is too long (max: 10000)", "text")
        if parent is None or parent.deleted or parent.is_removed:
            return errors("DELETED_COMMENT", "that comment has been deleted", "parent")
        if parent.id in s.options.get("locked", ()):
            return errors("THREAD_LOCKED", "Comments are locked.", "parent")
        ident = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api"})["id"]
        data, el = s.thing(s.posts[ident])
        return Reply(200, b'{"json":{"errors":[],"data":{"things":[' + data + b"]}}}", els=[el])
