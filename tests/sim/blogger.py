"""A simulated Blogger: blogs, their posts and comments, below /g/NAME/v3/…, and sessions at /g/NAME/token.

One server is one blog, number 1. Comments keep their time of publication when they are approved later; lists go by that time, the newest
first, and page by tokens that belong to one question; there is no way to write a comment (specs: no insert method). Errors look like
Google's. Options: `access_ttl_s` (3600) · `single_use` (each refresh token once; again ends all that came of it) · `refresh_ttl_s` (told, not kept) · `page` the most elements a list gives (100) · `quota` requests before 403 quotaExceeded."""
import base64
import hashlib
import re

from consent import Consent, refuse
from people import Post, iso, parse_time, to_html
from wire import HTML, Reply, dumps
from world import Server

PATH = re.compile(r"/v3/blogs/1(?:/(comments|posts)(?:/(\d+)(?:/comments(?:/(\d+))?)?)?)?$")


def fail(code, reason, status, message="on order"):
    return Reply.json({"error": {"code": code, "message": message, "errors": [{"message": message, "domain": "global", "reason": reason}],
                                 "status": status}}, code)


class Blogger(Server):
    kind = "blogger"

    def __init__(self, world, name, op):
        self.n_ids = 0
        self.access = {}            # access token -> (person, until)
        self.n_access = 0
        self.refreshed = []         # refresh tokens as they came, good and bad
        self.consent = Consent(self)
        self.consent.client("town.apps.example", "GOCSPX-town", ["http://127.0.0.1"], ["https://www.googleapis.com/auth/blogger.readonly"])
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/g/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/profile/{person.id}"

    # ---- people: `anonymous` ones have no id
    def settle(self, person, op):
        person.is_anonymous = bool(op.get("anonymous"))
        if person.id is None:
            person.id = str(7_000_000 + len(self.people))
        op["id"] = person.id

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "1//" + hashlib.sha256(f"{self.name}/{person.key}".encode()).hexdigest()[:32]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": f"town.apps.example:GOCSPX-town:{token}"}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person and op.get("what") != "access":
                entry[1] = state
        self.access = {k: v for k, v in self.access.items() if v[0] is not person}

    # ---- posts and comments
    def new_post(self, op):
        t, parent = op["t"], None
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
        self.n_ids = op["number"] = op.get("number") or self.n_ids + 1
        number = 1000 + self.n_ids
        root = number if parent is None else parent.record
        ident = op.get("id") or (f"post:{number}" if parent is None else f"{root}/{number}")
        post = Post(self, op.get("key", ident), ident, self.person(op["author"]), op["text"], self.world.time_of(op), t)
        post.record, post.cid = root, number
        post.parent_id = None if parent is None else parent.id
        post.html, post.raw, post.via = op.get("html"), op.get("raw", {}), op.get("via", "person")
        post.spoiler, post.status = op.get("title", ""), op.get("status", "LIVE")
        return post

    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        pass

    def edit(self, post, op):
        """`status` moves a comment between LIVE, PENDING, SPAM and EMPTIED; that alone changes no time."""
        if "text" in op:
            post.text, post.html, post.edited = op["text"], op.get("html"), self.world.time_of(op)
        post.status = op.get("status", post.status)
        post.stale()
        return {"id": post.id}

    # ---- rendering
    @staticmethod
    def local(ms):
        """As Blogger writes it: eight hours west of UTC, and says so."""
        return iso(ms - 8 * 3600_000, millis=False)[:-1] + "-08:00"

    def element_dict(self, post):
        author = {"id": post.author.id, "displayName": post.author.name, "url": self.profile_url(post.author)}
        if post.author.is_anonymous:
            author = {"displayName": post.author.name, "url": ""}
        body = {"kind": "blogger#comment" if post.parent_id else "blogger#post", "id": str(post.cid), "blog": {"id": "1"},
                "published": self.local(post.at), "updated": self.local(post.edited or post.at), "author": author,
                "content": "" if post.status == "EMPTIED" else post.html if post.html is not None else to_html(post.text, self),
                "status": post.status}
        if post.parent_id is None:
            body.update({"title": post.spoiler, "url": f"{self.base}/post-{post.cid}.html"})
        else:
            body["post"] = {"id": str(post.record)}
            if self.posts[post.parent_id].parent_id:
                body["inReplyTo"] = {"id": str(self.posts[post.parent_id].cid)}
        body.update(post.raw)
        return body

    def element_bytes(self, post):
        if post.cache is None:
            post.cache = dumps(self.element_dict(post))
            post.el = self.world.book.element(self.name, "comment" if post.parent_id else "post", post.id, post.cache)
        return post.cache


class BloggerApi:
    def __init__(self, server):
        self.s = server
        self.n_asked = 0

    def handle(self, request, path):
        s = self.s
        if path == "/token" and request.method == "POST":
            return self.session(request)
        if path == "/auth":
            return s.consent.authorize(request)
        if path == "/refreshed":
            return Reply.json(s.refreshed)
        person, until = s.access.get(request.bearer(), (None, 0))
        if person is None or until <= s.world.now_ms():
            return fail(401, "authError", "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        request.viewer = person.key
        self.n_asked += 1
        if self.n_asked > s.options.get("quota", 10**9):
            return fail(403, "quotaExceeded", "RESOURCE_EXHAUSTED")
        if path == "/v3/users/self":
            return Reply.json({"kind": "blogger#user", "id": person.id, "displayName": person.name})
        if path == "/v3/users/self/blogs/1":
            return Reply.json({"kind": "blogger#blogUserInfo", "blog": {"id": "1"}, "blog_user_info": {
                "userId": person.id, "blogId": "1", "hasAdminAccess": bool(person.own), "role": "ADMIN" if person.own else "READER"}})
        match = PATH.match(path)
        if match is None:
            return fail(404, "notFound", "NOT_FOUND") if path.startswith("/v3/") else Reply(404, b"<html>404</html>", HTML)
        if request.method != "GET":
            return fail(405, "httpMethodNotAllowed", "INVALID_ARGUMENT")
        what, number, comment = match.groups()
        if number is None:
            return self.list(request, what or "posts", person)
        return self.one(int(comment or number))

    def session(self, request):
        s, form, more = self.s, request.form(), {}
        if form.get("grant_type") == "authorization_code":
            code, no = s.consent.redeem(request)
            if no is not None:
                return no
            token = s.consent.begin(code["family"])
            entry = s.tokens[token] = [code["person"], "ok"]
            more = {"refresh_token": token, "scope": " ".join(code["scopes"])}
        else:
            token = form.get("refresh_token")
            s.refreshed.append(token)
            entry = s.tokens.get(token)
            if form.get("grant_type") != "refresh_token" or s.consent.who(request, form) is None or entry is None or entry[1] != "ok":
                return refuse("invalid_grant")
            if s.options.get("single_use"):
                s.consent.families.setdefault(token, [token, False])
                token = s.consent.renew(token)
                if token is None:
                    return refuse("invalid_grant")
                s.tokens[token] = entry
                more = {"refresh_token": token}
        if "refresh_ttl_s" in s.options:
            more["refresh_token_expires_in"] = s.options["refresh_ttl_s"]
        s.n_access += 1
        ttl = s.options.get("access_ttl_s", 3600)
        token = f"ya29.{s.name}.{s.n_access}.{s.world.now_ms()}"
        s.access[token] = (entry[0], s.world.now_ms() + ttl * 1000)
        return Reply.json({"access_token": token, "expires_in": ttl, "token_type": "Bearer", **more})

    def one(self, number):
        for post in self.s.posts.values():
            if post.cid == number and not post.deleted:
                data = self.s.element_bytes(post)
                return Reply(200, data, els=[post.el])
        return fail(404, "notFound", "NOT_FOUND", "Not Found")

    def list(self, request, what, person):
        s = self.s
        status = request.arg("status", "LIVE")
        if status != "LIVE" and not person.own:
            return fail(403, "forbidden", "PERMISSION_DENIED")
        since = parse_time(request.arg("startDate"), 0)
        # A token belongs to its question, and stands for a place in it: what comes meanwhile moves nothing.
        question = f"{what} {status} {since}"
        below = (10**18, 10**9)
        if request.arg("pageToken"):
            asked, _, place = base64.urlsafe_b64decode(request.arg("pageToken")).decode().rpartition("|")
            if asked != question:
                return fail(400, "invalid", "INVALID_ARGUMENT", "Invalid page token")
            below = tuple(int(n) for n in place.split(","))
        found = [p for p in s.posts.values() if not p.deleted and bool(p.parent_id) == (what == "comments") and p.status == status
                 and p.at >= since and (p.at, p.cid) < below]
        found.sort(key=lambda p: (p.at, p.cid), reverse=True)
        size = min(int(request.arg("maxResults", "20")), s.options.get("page", 100))
        page = found[:size]
        head = {"kind": f"blogger#{what[:-1]}List"}
        if len(found) > size:
            head["nextPageToken"] = base64.urlsafe_b64encode(f"{question}|{page[-1].at},{page[-1].cid}".encode()).decode()
        if not page:
            return Reply.json(head)
        return Reply.page(dumps(head)[:-1] + b',"items":[', [s.element_bytes(p) for p in page], b"]}", [p.el for p in page])
