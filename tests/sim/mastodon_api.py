"""The HTTP API of a simulated Mastodon server: /m/NAME/api/…"""
import re
import zlib
from urllib.parse import urlencode

from consent import Consent
from mastodon import note_order, order, post_order
from people import LINK, NAME, graphemes, iso
from wire import HTML, Reply, dumps

STATUS = re.compile(r"/api/v1/statuses/([^/]*)(/context|/source|/history)?$")
ACCOUNT = re.compile(r"/api/v1/accounts/([^/]+)(/statuses)?$")
NOTE = re.compile(r"/api/v1/notifications/([^/]+)$")
TIMELINE = re.compile(r"/api/v1/timelines/tag/([^/]+)$")


def fail(status, text):
    return Reply.json({"error": text}, status)


class MastodonApi:
    """Turns requests into replies for one server. It changes the world only through World.do."""

    def __init__(self, server):
        self.s = server
        self.consent = Consent(server)

    # ---- entry
    def handle(self, request, path):
        server = self.s
        if path in ("/api/v1/apps", "/oauth/authorize", "/oauth/token"):
            return self.connect(request, path)
        token = request.bearer()
        viewer = None
        if token is not None:
            entry = server.tokens.get(token)
            if entry is None or entry[1] != "ok":
                text = {"revoked": "The access token was revoked", "expired": "The access token expired"}
                return self.refuse(text.get(entry[1] if entry else None, "The access token is invalid"))
            viewer = entry[0]
            request.viewer = viewer.key
        rate = server.take_rate(token or "ip", server.rate_limit or 300)
        if not rate[3]:
            reply = fail(429, "Too many requests")
        else:
            reply = self.route(request, path, viewer)
        if not server.dialect & {"norate", "snac"}:
            reply.headers += [("X-RateLimit-Limit", rate[0]), ("X-RateLimit-Remaining", rate[1]),
                              ("X-RateLimit-Reset", iso(rate[2])[:-1] + "000Z")]
        return reply

    def connect(self, request, path):
        """A client registers, a person consents, a code becomes a token without end."""
        if path == "/api/v1/apps":
            return self.consent.register(request)
        if path == "/oauth/authorize":
            return self.consent.authorize(request)
        if request.form().get("grant_type") != "authorization_code":
            return Reply.json({"error": "unsupported_grant_type"}, 400)
        code, no = self.consent.redeem(request)
        if no is not None:
            return no
        made = self.s.world.do({"op": "token", "server": self.s.name, "person": code["person"].key})
        return Reply.json({"access_token": made["token"], "token_type": "Bearer", "scope": " ".join(code["scopes"]),
                           "created_at": self.s.world.now_ms() // 1000})

    def refuse(self, text="The access token is invalid"):
        if "snac" in self.s.dialect:
            return Reply(401, b"", "text/plain")
        return Reply.json({"error": text}, 401, [("WWW-Authenticate", 'Bearer realm="Doorkeeper", error="invalid_token"')])

    def missing(self, text="Record not found"):
        if "snac" in self.s.dialect:
            return Reply(404, b"<h1>404 Not Found</h1>", HTML)
        return fail(404, text)

    def route(self, request, path, viewer):
        method = request.method
        if path == "/api/v1/notifications" and method == "GET":
            return self.notifications(request, viewer)
        if path == "/api/v1/statuses":
            return self.post_status(request, viewer) if method == "POST" else self.statuses(request, viewer)
        match = STATUS.match(path)
        if match:
            return self.status(request, viewer, match[1], match[2] or "")
        match = ACCOUNT.match(path)
        if match and match[1] not in ("verify_credentials", "lookup", "search"):
            return self.account(request, viewer, match[1], bool(match[2]))
        match = TIMELINE.match(path)
        if match:
            return self.timeline(request, viewer, match[1])
        match = NOTE.match(path)
        if match and viewer is not None:
            return self.one_note(viewer, match[1])
        fixed = {"/api/v1/accounts/verify_credentials": self.verify, "/api/v1/accounts/lookup": self.lookup,
                 "/api/v1/conversations": self.conversations, "/api/v2/search": self.search,
                 "/api/v1/instance": self.instance_v1, "/api/v2/instance": self.instance_v2,
                 "/api/v1/notifications/requests": self.requests, "/api/v1/apps/verify_credentials": self.app}
        if path in fixed:
            return fixed[path](request, viewer)
        return self.missing("Not Found") if "snac" in self.s.dialect else Reply(404, b"<!DOCTYPE html><title>404</title>", HTML)

    # ---- helpers
    def links(self, request, items, ident):
        """The Link header of a page."""
        if not items or "snac" in self.s.dialect:
            return []
        rest = [(k, v) for k, vs in request.args().items() if k not in ("max_id", "min_id", "since_id") for v in vs]
        base = self.s.base + request.path[request.path.index("/api/"):]

        def url(name, item):
            return f"<{base}?{urlencode([(name, ident(item))] + rest)}>"
        return [("Link", f'{url("max_id", items[-1])}; rel="next", {url("min_id", items[0])}; rel="prev"')]

    @staticmethod
    def limit(request, default, top):
        text = request.arg("limit", "")
        return min(max(int(text), 1), top) if text.isdigit() else default

    def page(self, posts, headers=()):
        parts = [self.s.status_bytes(p) for p in posts]
        return Reply.page(b"[", parts, b"]", [p.el for p in posts], headers)

    def visible(self, post):
        return not post.deleted and post.visible_at <= self.s.world.now_ms()

    # ---- reads
    def notifications(self, request, viewer):
        if viewer is None:
            return self.refuse()
        args = request.args()
        types = set(args.get("types[]", ()))
        without = set(args.get("exclude_types[]", ()))
        if "quote" in types and "old" in self.s.dialect:
            return fail(422, "Validation failed: types is not included in the list")
        everybody = request.arg("include_filtered") in ("true", "1") and "old" not in self.s.dialect

        kept_since = self.s.world.now_ms() - 1000 * self.s.options["keeps_s"] if "keeps_s" in self.s.options else 0

        def keep(note):
            return (not note.gone and note.arrived >= kept_since and (not types or note.kind in types) and note.kind not in without
                    and (everybody or not note.actor.filtered) and (note.post is None or self.visible(note.post)))
        top = 20 if "snac" in self.s.dialect else 80
        notes = self.s.window(viewer.notes, request, self.limit(request, min(40, top), top), note_order, order, keep,
                              ignores="snac" in self.s.dialect)
        parts = [self.s.note_bytes(n) for n in notes]
        return Reply.page(b"[", parts, b"]", [n.el for n in notes], self.links(request, notes, lambda n: n.id))

    def one_note(self, viewer, ident):
        for note in viewer.notes:
            if str(note.id) == ident and not note.gone:
                data = self.s.note_bytes(note)
                return Reply(200, data, els=[note.el])
        return self.missing()

    def requests(self, request, viewer):
        return self.refuse() if viewer is None else Reply.json([])

    def status(self, request, viewer, ident, what):
        post = self.s.posts.get(ident)
        if post is None or not self.s.sees(viewer, post):
            return self.missing("Record not found")
        if request.method == "DELETE" and not what:
            if viewer is not post.author:
                return self.missing()
            self.s.world.do({"op": "delete", "server": self.s.name, "post": post.id, "via": "api"})
            return Reply.json({**self.s.status_dict(post), "text": post.text})
        if request.method == "PUT" and not what:
            if viewer is not post.author:
                return self.missing()
            text = request.form().get("status", "")
            self.s.world.do({"op": "edit", "server": self.s.name, "post": post.id, "text": text, "via": "api"})
        if what == "/context":
            return self.context(viewer, post)
        if what:
            return Reply.json({"id": post.id, "text": post.text, "spoiler_text": post.spoiler} if what == "/source" else [])
        data = self.s.status_bytes(post)
        return Reply(200, data, els=[post.el])

    def context(self, viewer, post):
        up, down = (4096, 4096) if viewer is not None else (40, 60)
        above = [p for p in self.s.ancestors(post, up) if self.s.sees(viewer, p)][::-1]
        below = [p for p in self.s.descendants(post, down) if self.s.sees(viewer, p)]
        body = (b'{"ancestors":[' + b",".join(self.s.status_bytes(p) for p in above) + b'],"descendants":['
                + b",".join(self.s.status_bytes(p) for p in below) + b"]}")
        return Reply(200, body, els=[p.el for p in above + below])

    def statuses(self, request, viewer):
        if "old" in self.s.dialect or request.method != "GET":
            return self.missing("Not Found")
        found = [self.s.posts[i] for i in request.args().get("id[]", ())
                 if i in self.s.posts and self.s.sees(viewer, self.s.posts[i])]
        return self.page(found[:20])

    def account(self, request, viewer, ident, statuses):
        person = self.s.by_person_id.get(ident)
        if person is None:
            return self.missing()
        if not statuses:
            return Reply.json(self.s.account_dict(person))
        direct_too = viewer is person
        no_replies = request.arg("exclude_replies") in ("true", "1")
        no_boosts = request.arg("exclude_reblogs") in ("true", "1")

        def keep(post):
            return (not (no_replies and post.parent_id) and not (no_boosts and post.boosted) and self.s.sees(viewer, post)
                    and (direct_too or post.visibility != "direct"))
        posts = self.s.window(person.posts, request, self.limit(request, 20, 40), post_order, self.s.post_number, keep)
        return self.page(posts, self.links(request, posts, lambda p: p.id))

    def timeline(self, request, viewer, tag):
        def keep(post):
            return self.visible(post) and post.visibility == "public"
        posts = self.s.window(self.s.tags.get(tag.lower(), []), request, self.limit(request, 20, 40), post_order,
                              self.s.post_number, keep)
        return self.page(posts, self.links(request, posts, lambda p: p.id))

    def search(self, request, viewer):
        if viewer is None and not self.s.options.get("open_search"):
            return self.refuse("This method requires an authenticated user")
        if viewer is None and request.arg("offset"):
            return self.refuse("Search queries pagination is not supported without authentication")
        words = request.arg("q", "").lower().split()
        kind = request.arg("type")
        limit = self.limit(request, 20, 40)
        skip = int(request.arg("offset", "0") or 0)
        found = []
        if kind in (None, "statuses") and words:
            found = [p for p in reversed(list(self.s.posts.values()))
                     if p.visibility == "public" and self.visible(p) and all(w in p.text.lower() for w in words)]
        below = request.arg("max_id")
        if viewer is None and below and self.s.options["open_search"] == "one page":
            return self.refuse("Search queries pagination is not supported without authentication")
        if below:
            found = [p for p in found if post_order(p) < order(below)]
        found = found[skip:skip + limit]
        body = b'{"accounts":[],"statuses":[' + b",".join(self.s.status_bytes(p) for p in found) + b'],"hashtags":[]}'
        return Reply(200, body, els=[p.el for p in found])

    def conversations(self, request, viewer):
        if viewer is None:
            return self.refuse()
        latest = {}
        for post in list(viewer.posts) + [n.post for n in viewer.notes if n.kind == "mention"]:
            if post.visibility == "direct" and self.visible(post):
                people = frozenset(p.key for p in post.mentions + [post.author])
                if people not in latest or post_order(latest[people]) < post_order(post):
                    latest[people] = post
        posts = sorted(latest.values(), key=post_order)
        posts = self.s.window(posts, request, self.limit(request, 20, 40), post_order, self.s.post_number, lambda p: True)
        parts = []
        for post in posts:
            others = [self.s.account_dict(p) for p in dict.fromkeys([post.author, *post.mentions]) if p is not viewer]
            head = dumps({"id": str(zlib.crc32(post.key.encode()) % 10**6), "unread": post.author is not viewer, "accounts": others})
            parts.append(head[:-1] + b',"last_status":' + self.s.status_bytes(post) + b"}")
        return Reply.page(b"[", parts, b"]", [p.el for p in posts], self.links(request, posts, lambda p: p.id))

    def verify(self, request, viewer):
        if viewer is None:
            return self.refuse()
        me = {**self.s.account_dict(viewer), "source": {"privacy": "public", "language": "en", "note": "", "fields": []},
              "role": {"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": False}}
        return Reply.json(me)

    def lookup(self, request, viewer):
        person = self.s.find_handle(*(request.arg("acct", "").split("@") + [None])[:2])
        return self.missing() if person is None else Reply.json(self.s.account_dict(person))

    def app(self, request, viewer):
        return self.refuse() if viewer is None else Reply.json({"name": "answerd", "scopes": ["read", "write:statuses"]})

    def instance_facts(self):
        version = {"snac": "2.7.2 (compatible; snac/2.38)", "pixelfed": "3.5.3 (compatible; Pixelfed 0.12.5)",
                   "old": "4.1.0"}
        for name, text in version.items():
            if name in self.s.dialect:
                return text
        return "4.5.2"

    def instance_v2(self, request, viewer):
        if self.s.dialect & {"snac"}:
            return self.missing()
        limits = {"max_characters": self.s.options.get("max_characters", 500), "max_media_attachments": 4,
                  "characters_reserved_per_url": 23}
        return Reply.json({
            "domain": self.s.options.get("domain", self.s.name), "title": self.s.name, "version": self.instance_facts(),
            "source_url": "", "description": "A server of the town", "usage": {"users": {"active_month": len(self.s.people)}},
            "thumbnail": {"url": ""}, "icon": [], "languages": ["en"], "rules": [], "api_versions": {"mastodon": 7},
            "configuration": {"urls": {"streaming": ""}, "statuses": limits}, "contact": {"email": "", "account": None},
            "registrations": {"enabled": False, "approval_required": True, "message": None}})

    def instance_v1(self, request, viewer):
        limits = {"max_characters": self.s.options.get("max_characters", 500), "characters_reserved_per_url": 23}
        return Reply.json({"uri": self.s.options.get("domain", self.s.name), "title": self.s.name, "short_description": "",
                           "description": "", "email": "", "version": self.instance_facts(), "languages": ["en"],
                           "configuration": {"statuses": limits}, "rules": [], "stats": {"user_count": len(self.s.people)}})

    # ---- writes
    def length(self, text):
        text = LINK.sub("x" * 23, text)
        return graphemes(NAME.sub(lambda m: "@" + m[1], text))

    def post_status(self, request, viewer):
        if viewer is None:
            return self.refuse()
        server, now = self.s, self.s.world.now_ms()
        key = request.headers.get("idempotency-key")
        if key and "snac" not in server.dialect and server.options.get("idempotency") != "ignored":
            kept = server.idempotency.get((viewer.key, key))
            if kept is not None and now - kept[1] < 3600_000:
                if server.options.get("idempotency_breaks"):
                    return fail(500, "Internal Server Error")
                post = server.posts[kept[0]]
                return Reply(200, server.status_bytes(post), els=[post.el])
        form = request.form()
        text = form.get("status") or ""
        top = server.options.get("max_characters", 500)
        if not text.strip():
            return fail(422, "Validation failed: Text can't be blank")
        if self.length(text) + graphemes(form.get("spoiler_text") or "") > top:
            return fail(422, f"Validation failed: Text character limit of {top} exceeded")
        parent = form.get("in_reply_to_id") or None
        if parent is not None and (parent not in server.posts or not server.sees(viewer, server.posts[parent])):
            return fail(404, "Record not found")
        op = {"op": "post", "server": server.name, "author": viewer.key, "text": text, "parent": parent, "via": "api",
              "visibility": form.get("visibility") or "public", "lang": form.get("language") or "en",
              "spoiler": form.get("spoiler_text") or ""}
        if key:
            op["idempotency"] = key
        ident = server.world.do(op)["id"]
        post = server.posts[ident]
        return Reply(200, server.status_bytes(post), els=[post.el])
