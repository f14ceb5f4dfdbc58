"""A simulated WordPress site: comments with moderation states, posts, and its REST interface below /w/NAME/wp-json/wp/v2/.

What it does stands in a real WordPress 6.1 as well: numbers grow with insertion, `after` is compared with the site's local time unless it
says its zone, held comments are shown to moderators only, a second copy below the same parent is refused (409), a plain user writes once in
15 seconds, children of a deleted comment hang one up, and a wrong password reads as nobody. Options: `plain` (links are not pretty:
?rest_route= only) · `zone_h` (the site's clock is so many hours from UTC) · `avatars` false · `hides` every so many numbers in lists
(short portions) · `no_total` (no X-WP-Total) · `flood_s` (15) · `holds_ours` (our own comments await moderation)."""
import base64
import datetime
import hashlib
import html
import re

from people import Post, parse_time
from wire import HTML, Reply, dumps
from world import Server

ONE = re.compile(r"/(comments|posts|pages)(?:/(\d+))?$")
MOST = 65525


def fail(code, status, message):
    return Reply.json({"code": code, "message": message, "data": {"status": status}}, status)


def local(ms):
    """A time as WordPress writes it: no zone, no fraction."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S")


class Wordpress(Server):
    kind = "wordpress"

    def __init__(self, world, name, op):
        self.n_ids = 0
        self.said = {}              # person key -> time of its last comment
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/w/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/author/{person.handle}/"

    # ---- people: `own` ones are users of the site (editors, unless `role` says another), all others are guests
    def settle(self, person, op):
        person.role = op.get("role", "editor" if person.own else "guest")
        if person.id is None:
            person.id = str(len(self.people) + 1)
        op["id"] = person.id

    def grant(self, person, op):
        if person.role == "guest":
            person.role = op["role"] = "subscriber"
        token = op.get("token")
        if not isinstance(token, str):
            token = hashlib.sha256(f"{self.name}/{person.key}".encode()).hexdigest()[:24]
        op["token"] = token
        self.tokens[f"{person.handle}:{token}"] = [person, "ok"]
        return {"token": f"{person.handle}:{token}"}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    def viewer(self, request):
        """Who asks: a wrong password is nobody, as with real ones."""
        auth = request.headers.get("authorization", "")
        if auth[:6] != "Basic ":
            return None
        entry = self.tokens.get(base64.b64decode(auth[6:]).decode("utf-8", "replace"))
        return entry[0] if entry is not None and entry[1] == "ok" else None

    # ---- posts and comments
    def new_post(self, op):
        t, parent = op["t"], None
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
        self.n_ids = max(self.n_ids + 1, int(op["number"]) if "number" in op else 0)
        number = op["number"] = self.n_ids
        ident = op.get("id") or (str(number) if parent is not None else f"post:{number}")
        post = Post(self, op.get("key", ident), ident, self.person(op["author"]), op["text"], self.world.time_of(op), t)
        post.record = number if parent is None else parent.record       # the post it stands below
        post.cid = number
        post.parent_id = None if parent is None else parent.id
        post.html, post.raw, post.via = op.get("html"), op.get("raw", {}), op.get("via", "person")
        post.spoiler, post.visibility = op.get("title", ""), op.get("visibility", "public")
        post.status = op.get("status", "approved")
        post.sort = op.get("type", "comment" if parent is not None else "post")
        post.is_closed = bool(op.get("closed"))
        self.said[post.author.key] = t
        return post

    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        """Deleted for good: what answered it hangs one up."""
        for ident in list(post.replies):
            child = self.posts[ident]
            above = self.posts.get(post.parent_id)
            if child.parent_id == post.id and above is not None:
                child.parent_id = above.id
                above.replies.append(child.id)
                child.stale()

    def edit(self, post, op):
        """`status` moves a comment between approved, hold, spam and trash."""
        post.text = op.get("text", post.text)
        post.html = op.get("html", post.html if "text" not in op else None)
        post.status = op.get("status", post.status)
        post.is_closed = op.get("closed", post.is_closed)
        post.edited = self.world.time_of(op)
        post.stale()
        return {"id": post.id}

    # ---- rendering
    def content(self, post):
        if post.html is not None:
            return post.html
        body = post.text if post.via == "api" else html.escape(post.text, quote=False)
        body = body.replace(" :)", " \U0001f642").replace('"', "&#8221;").replace("'", "&#8217;").replace("...", "&#8230;")
        return "".join("<p>" + part.replace("\n", "<br />\n") + "</p>\n" for part in body.split("\n\n"))

    def link(self, post):
        return f"{self.base}/post-{post.record}/" + (f"#comment-{post.cid}" if post.parent_id else "")

    def times(self, post, ms, name):
        return {name: local(ms + int(self.options.get("zone_h", 0)) * 3600_000), name + "_gmt": local(ms)}

    def element_dict(self, post):
        if post.parent_id is None:
            return {"id": post.cid, **self.times(post, post.at, "date"), **self.times(post, post.edited or post.at, "modified"),
                    "status": "publish", "type": post.sort, "link": self.link(post), "title": {"rendered": html.escape(post.spoiler)},
                    "content": {"rendered": self.content(post), "protected": False}, "author": int(post.author.id), **post.raw}
        above = self.posts[post.parent_id]
        is_user = post.author.role != "guest"
        mark = hashlib.md5(post.author.key.encode()).hexdigest()
        body = {"id": post.cid, "post": post.record, "parent": above.cid if above.parent_id else 0,
                "author": int(post.author.id) if is_user else 0, "author_name": post.author.name, "author_url": "",
                **self.times(post, post.at, "date"), "content": {"rendered": self.content(post)}, "link": self.link(post),
                "status": post.status, "type": post.sort, "meta": []}
        if self.options.get("avatars", True):
            body["author_avatar_urls"] = {s: f"https://secure.gravatar.com/avatar/{mark}?s={s}&d=mm&r=g" for s in ("24", "48", "96")}
        body.update(post.raw)
        return body

    def element_bytes(self, post):
        if post.cache is None:
            post.cache = dumps(self.element_dict(post))
            post.el = self.world.book.element(self.name, "comment" if post.parent_id else "post", post.id, post.cache)
        return post.cache

    def written_bytes(self, post):
        """context=edit: with the words as they were written."""
        body = self.element_dict(post)
        body["content"]["raw"] = post.text
        body.update({"author_email": f"{post.author.key}@example.org", "author_ip": "192.0.2.7"})
        return dumps(body)


class WordpressApi:
    """Turns requests into replies for one site. It changes the world only through World.do."""

    def __init__(self, server):
        self.s = server

    def handle(self, request, path):
        s = self.s
        viewer = s.viewer(request)
        request.viewer = viewer.key if viewer is not None else ""
        rate = s.take_rate(request.viewer or "ip", s.rate_limit or 10**9)
        if not rate[3]:
            return Reply(429, b"<html>Too many requests</html>", HTML, [("Retry-After", max(1, (rate[2] - s.world.now_ms()) // 1000))])
        route = request.arg("rest_route") if path == "/" else None
        if route is None and path.startswith("/wp-json") and not s.options.get("plain"):
            route = path.removeprefix("/wp-json")
        if route is None:
            return Reply(404, b"<!DOCTYPE html><title>Page not found</title>", HTML)
        if not route.startswith("/wp/v2/"):
            return fail("rest_no_route", 404, "No route was found matching the URL and request method.")
        return self.route(request, route.removeprefix("/wp/v2"), viewer)

    def route(self, request, path, viewer):
        if path == "/users/me":
            return self.me(viewer)
        match = ONE.match(path)
        if match is None:
            return fail("rest_no_route", 404, "No route was found matching the URL and request method.")
        if request.method == "POST":
            return self.create(request, viewer) if match[1] == "comments" and match[2] is None else \
                fail("rest_no_route", 404, "No route was found matching the URL and request method.")
        return self.one(viewer, match[1], int(match[2])) if match[2] else self.list(request, viewer, match[1])

    def me(self, viewer):
        if viewer is None:
            return fail("rest_not_logged_in", 401, "You are not currently logged in.")
        can = {"read": True, **({"moderate_comments": True, "edit_posts": True} if viewer.role == "editor" else {})}
        return Reply.json({"id": int(viewer.id), "username": viewer.handle, "name": viewer.name, "slug": viewer.handle, "roles": [viewer.role],
                           "capabilities": can})

    # ---- reading
    def one(self, viewer, what, number):
        kind = "comment" if what == "comments" else "post"
        for post in self.s.posts.values():
            if post.cid == number and bool(post.parent_id) == (kind == "comment") and not post.deleted:
                if kind == "post" and post.sort != what[:-1]:
                    break
                if kind == "comment" and post.status != "approved" and not is_editor(viewer):
                    return fail("rest_cannot_read", 401 if viewer is None else 403, "Sorry, you are not allowed to read this comment.")
                data = self.s.element_bytes(post)
                return Reply(200, data, els=[post.el])
        return fail(f"rest_{kind}_invalid_id", 404, f"Invalid {kind} ID.")

    def list(self, request, viewer, what):
        s = self.s
        for name, plain in (("status", "approve"), ("type", "comment"), ("author", None)):
            if what == "comments" and request.arg(name, plain) != plain and not is_editor(viewer):
                return fail("rest_forbidden_param", 401 if viewer is None else 403, f"Query parameter not permitted: {name}")
        if request.arg("context") == "edit" and not is_editor(viewer):
            return fail("rest_forbidden_context", 401 if viewer is None else 403, "Sorry, you are not allowed to edit comments.")
        size, offset = int(request.arg("per_page", "10")), int(request.arg("offset", "0"))
        if not 1 <= size <= 100:
            return fail("rest_invalid_param", 400, "Invalid parameter(s): per_page")
        now = s.world.now_ms()
        found = [p for p in s.posts.values() if not p.deleted and p.visible_at <= now and self.is_asked(request, p, what)]
        found.sort(key=(lambda p: p.cid) if request.arg("orderby") == "id" else (lambda p: (p.at, p.cid)), reverse=request.arg("order") != "asc")
        headers = [] if s.options.get("no_total") else [("X-WP-Total", len(found)), ("X-WP-TotalPages", -(-len(found) // size))]
        hides = s.options.get("hides")
        page = [p for p in found[offset:offset + size] if not hides or p.cid % hides]
        if request.arg("context") == "edit":
            for post in page:
                s.element_bytes(post)
            return Reply.page(b"[", [s.written_bytes(p) for p in page], b"]", [], headers)
        return Reply.page(b"[", [s.element_bytes(p) for p in page], b"]", [p.el for p in page], headers)

    def is_asked(self, request, post, what):
        s = self.s
        if bool(post.parent_id) != (what == "comments"):
            return False
        after = request.arg("after")
        if after is not None:
            # Compared with the site's local time; without a zone it is taken as such.
            shift = int(s.options.get("zone_h", 0)) * 3600_000
            when = parse_time(after, 0) + (shift if after.endswith("Z") else 0)
            if post.at + shift <= when:
                return False
        if what != "comments":
            return post.sort == what[:-1]
        status, sort, include = request.arg("status", "approve"), request.arg("type", "comment"), request.arg("include")
        above = s.posts[post.parent_id]
        return ((status == "any" or post.status == "approved" or (status == "all" and post.status == "hold"))
                and (sort == "all" or post.sort == sort)
                and (include is None or str(post.cid) in include.split(","))
                and (request.arg("parent") in (None, str(above.cid if above.parent_id else 0)))
                and (request.arg("post") in (None, str(post.record)))
                and (request.arg("author") in (None, post.author.id if post.author.role != "guest" else "0")))

    # ---- writing
    def create(self, request, viewer):
        s, form = self.s, request.form()
        if viewer is None:
            return fail("rest_comment_login_required", 401, "Sorry, you must be logged in to comment.")
        text = form.get("content", "")
        below = next((p for p in s.posts.values() if p.parent_id is None and p.cid == form.get("post") and not p.deleted), None)
        if below is None:
            return fail("rest_comment_invalid_post_id", 403, "Sorry, you are not allowed to create this comment without a post.")
        if below.is_closed:
            return fail("rest_comment_closed", 403, "Sorry, comments are closed for this item.")
        if not text.strip():
            return fail("rest_comment_content_invalid", 400, "Invalid comment content.")
        if len(text.encode()) > MOST:
            return fail("comment_content_column_length", 400, "Comment field exceeds maximum length allowed.")
        parent = s.posts.get(str(form.get("parent") or "")) or below
        for other in s.posts.values():
            if other.parent_id == parent.id and other.author is viewer and other.text == text and not other.deleted and other.status != "trash":
                return fail("comment_duplicate", 409, "Duplicate comment detected; it looks as though you&#8217;ve already said that!")
        flood = 1000 * s.options.get("flood_s", 15)
        if viewer.role != "editor" and s.world.now_ms() - s.said.get(viewer.key, -flood) < flood:
            return fail("comment_flood", 400, "You are posting comments too quickly. Slow down.")
        ident = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api",
                            "status": "hold" if s.options.get("holds_ours") else "approved"})["id"]
        data = s.element_bytes(s.posts[ident])
        return Reply(201, data, els=[s.posts[ident].el])


def is_editor(viewer):
    return viewer is not None and viewer.role == "editor"
