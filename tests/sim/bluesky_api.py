"""The XRPC methods of a simulated Bluesky: /b/NAME/xrpc/…"""
import base64
import bisect
import hashlib

from bluesky import POST
from people import graphemes, iso, parse_time
from wire import HTML, Reply, dumps

OPEN = {"com.atproto.server.createSession", "com.atproto.server.describeServer", "com.atproto.identity.resolveHandle",
        "com.atproto.repo.getRecord", "com.atproto.repo.listRecords"}
HOUR = 3600_000


def fail(status, error, message, headers=()):
    return Reply.json({"error": error, "message": message}, status, headers)


class BlueskyApi:
    def __init__(self, server):
        self.s = server
        self.used = set()           # refresh tokens, with single_use

    # ---- entry
    def handle(self, request, path):
        server = self.s
        method = path.removeprefix("/xrpc/")
        viewer = None
        who = request.bearer() or "ip"
        limit = server.rate_limit or 3000
        rate = server.take_rate(who, limit)
        headers = [("RateLimit-Limit", rate[0]), ("RateLimit-Remaining", rate[1]), ("RateLimit-Reset", rate[2] // 1000),
                   ("RateLimit-Policy", f"{limit};w=300")]
        if not rate[3]:
            return self.limited(headers, rate[2])
        if method not in OPEN or request.bearer():
            viewer, refusal = self.who(request, method)
            if refusal is not None:
                refusal.headers += headers
                return refusal
            if viewer is not None:
                request.viewer = viewer.key
        reply = self.route(request, method, viewer)
        if not any(name == "RateLimit-Limit" for name, _ in reply.headers):
            reply.headers += headers
        return reply

    def limited(self, headers, reset):
        wait = max(1, (reset - self.s.world.now_ms()) // 1000)
        return fail(429, "RateLimitExceeded", "Rate Limit Exceeded", [*headers, ("Retry-After", wait)])

    def who(self, request, method):
        token = request.bearer()
        if token is None:
            if method == "app.bsky.feed.searchPosts":
                return None, Reply(403, b"<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1>"
                                        b"</center></body></html>", HTML)
            return None, fail(401, "AuthMissing", "Authentication Required")
        entry = self.s.sessions.get(token)
        if entry is None:
            return None, fail(400, "InvalidToken", "Token could not be verified")
        person, kind, expires, state = entry
        wanted = "refresh" if method in ("com.atproto.server.refreshSession", "com.atproto.server.deleteSession") else "access"
        if state == "revoked":
            return None, fail(400, "ExpiredToken", "Token has been revoked")
        if state == "expired" or self.s.world.now_ms() >= expires:
            return None, fail(400, "ExpiredToken", "Token has expired")
        if kind != wanted:
            return None, fail(400, "InvalidToken", "Bad token scope")
        return person, None

    def route(self, request, method, viewer):
        if method.startswith("chat.bsky.convo."):
            return self.s.chat.handle(request, method.rpartition(".")[2], viewer, fail)
        handler = getattr(self, "do_" + method.replace(".", "_"), None)
        if handler is None:
            return fail(501, "MethodNotImplemented", "Method Not Implemented")
        return handler(request, viewer)

    @staticmethod
    def size(request, default, top):
        text = request.arg("limit", str(default))
        return int(text) if text.lstrip("-").isdigit() and 1 <= int(text) <= top else None

    @staticmethod
    def bad_limit(top):
        return fail(400, "InvalidRequest", f"Error: limit can not be greater than {top}")

    # ---- sessions
    def session(self, person, kind):
        now = self.s.world.now_ms()
        ttl = 90 * 86400 if kind == "refresh" else self.s.options.get("access_ttl_s", 7200)
        expires = now + int(ttl * 1000)
        claims = {"scope": "com.atproto." + ("refresh" if kind == "refresh" else "appPass"), "sub": person.id,
                  "iat": now // 1000, "exp": expires // 1000, "aud": "did:web:town", "jti": str(self.s.n_sessions)}
        parts = [base64.urlsafe_b64encode(dumps(c)).decode().rstrip("=") for c in ({"typ": kind[0] + "t+jwt", "alg": "HS256"}, claims)]
        parts.append(hashlib.sha256(".".join(parts).encode()).hexdigest()[:43])
        token = ".".join(parts)
        self.s.world.do({"op": "session", "server": self.s.name, "person": person.key, "kind": kind, "token": token,
                         "expires": expires})
        return token

    def session_body(self, person):
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.s.base}
        doc = {"@context": ["https://www.w3.org/ns/did/v1"], "id": person.id, "alsoKnownAs": [f"at://{person.handle}"],
               "service": [service]}
        return {"did": person.id, "didDoc": doc, "handle": person.handle, "email": f"{person.key}@town.test",
                "emailConfirmed": True, "active": True}

    def do_com_atproto_server_createSession(self, request, viewer):
        form = request.form()
        name = str(form.get("identifier", "")).lstrip("@").lower()
        limit = self.s.options.get("session_limit", 30)
        rate = self.s.take_rate("session/" + name, limit)
        headers = [("RateLimit-Limit", limit), ("RateLimit-Remaining", rate[1]), ("RateLimit-Reset", rate[2] // 1000),
                   ("RateLimit-Policy", f"{limit};w=300")]
        if not rate[3]:
            return self.limited(headers, rate[2])
        person = self.s.handles.get(name) or self.s.by_person_id.get(name)
        if person is None or not person.password or person.password != form.get("password") \
                or self.s.tokens.get(person.key) == "revoked":
            return fail(401, "AuthenticationRequired", "Invalid identifier or password", headers)
        request.viewer = person.key
        body = {"accessJwt": self.session(person, "access"), "refreshJwt": self.session(person, "refresh")}
        return Reply.json({**body, **self.session_body(person)}, headers=headers)

    def do_com_atproto_server_refreshSession(self, request, viewer):
        old = self.s.sessions[request.bearer()]
        if self.s.options.get("single_use"):        # once, with no time to spare; again ends all that this person has
            if request.bearer() in self.used:
                self.world_end(viewer)
                return fail(400, "ExpiredToken", "Token has been revoked")
            self.used.add(request.bearer())
        elif old[2] > self.s.world.now_ms() + 2 * HOUR:
            self.s.world.do({"op": "session", "server": self.s.name, "person": viewer.key, "kind": "refresh",
                             "token": request.bearer(), "expires": self.s.world.now_ms() + 2 * HOUR})
        body = {"accessJwt": self.session(viewer, "access"), "refreshJwt": self.session(viewer, "refresh")}
        return Reply.json({**body, **self.session_body(viewer)})

    def world_end(self, person):
        for token, entry in list(self.s.sessions.items()):
            if entry[0] is person:
                self.s.world.do({"op": "session", "server": self.s.name, "person": person.key, "kind": entry[1], "token": token, "expires": 0})

    def do_com_atproto_server_getSession(self, request, viewer):
        return Reply.json(self.session_body(viewer))

    def do_com_atproto_server_deleteSession(self, request, viewer):
        self.s.world.do({"op": "session", "server": self.s.name, "person": viewer.key, "kind": "refresh",
                         "token": request.bearer(), "expires": 0})
        return Reply(200, b"")

    def do_com_atproto_server_describeServer(self, request, viewer):
        return Reply.json({"did": "did:web:town", "availableUserDomains": [".test"], "inviteCodeRequired": True})

    def find_person(self, name):
        name = (name or "").lower()
        return self.s.by_person_id.get(name) or self.s.handles.get(name)

    def do_com_atproto_identity_resolveHandle(self, request, viewer):
        person = self.find_person(request.arg("handle"))
        return fail(400, "InvalidRequest", "Unable to resolve handle") if person is None else Reply.json({"did": person.id})

    def do_app_bsky_actor_getProfile(self, request, viewer):
        person = self.find_person(request.arg("actor"))
        if person is None:
            return fail(400, "InvalidRequest", "Profile not found")
        return Reply.json({**self.s.profile(person), "followersCount": 9, "followsCount": 3, "postsCount": len(person.posts)})

    # ---- reads of the AppView
    def do_app_bsky_notification_listNotifications(self, request, viewer):
        if request.arg("seenAt") is not None:
            return fail(400, "InvalidRequest", "The seenAt parameter is unsupported")
        limit = self.size(request, 50, 100)
        if limit is None:
            return self.bad_limit(100)
        cursor = parse_time(request.arg("cursor"))
        if request.arg("cursor") and cursor is None:
            return fail(400, "InvalidRequest", "Malformed cursor")
        reasons = set(request.args().get("reasons", ()))
        now, found = self.s.world.now_ms(), []
        # The cursor is a bare time and the comparison strict: equal times across a page edge are lost.
        end = len(viewer.notes) if cursor is None else bisect.bisect_left(viewer.notes, cursor, key=lambda n: n.sort_at)
        for i in range(end - 1, -1, -1):
            note = viewer.notes[i]
            if note.gone or note.visible_at > now:
                continue
            found.append(note)
            if len(found) == limit:
                break
        tail = b'],"priority":false,"seenAt":"' + iso(now).encode() + b'"'
        if found:
            tail += b',"cursor":"' + iso(found[-1].sort_at).encode() + b'"'
        shown = [n for n in found if not reasons or n.kind in reasons]
        parts = [self.s.note_bytes(n) for n in shown]
        return Reply.page(b'{"notifications":[', parts, tail + b"}", [n.el for n in shown])

    def do_app_bsky_notification_getUnreadCount(self, request, viewer):
        return Reply.json({"count": len(viewer.notes)})

    def do_app_bsky_notification_updateSeen(self, request, viewer):
        return Reply(200, b"")

    def do_app_bsky_feed_getPosts(self, request, viewer):
        uris = request.args().get("uris", []) + request.args().get("uris[]", [])
        if len(uris) > 25:
            return fail(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        posts = [self.s.posts[u] for u in uris if self.s.shown(self.s.posts.get(u))]
        return Reply.page(b'{"posts":[', [self.s.post_bytes(p) for p in posts], b"]}", [p.el for p in posts])

    def do_app_bsky_feed_getPostThread(self, request, viewer):
        uri = request.arg("uri", "")
        post = self.s.posts.get(uri)
        if not self.s.shown(post):
            return fail(400, "NotFound", f"Post not found: {uri}")
        depth = min(int(request.arg("depth", 6)), 1000)
        height = min(int(request.arg("parentHeight", 80)), 1000)
        els = []

        def view(p):
            data = self.s.post_bytes(p)
            els.append(p.el)
            return b'{"$type":"app.bsky.feed.defs#threadViewPost","post":' + data
        body = view(post) + self.parent_part(post, height, view) + self.replies_part(post, depth, view) + b',"threadContext":{}}'
        return Reply(200, b'{"thread":' + body + b"}", els=els)

    def parent_part(self, post, height, view):
        """The chain above as nested objects, made without recursion."""
        chain, ended = self.s.ancestors(post, height), b""
        last = chain[-1] if chain else post
        if last.parent_id and len(chain) < height:
            gone = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": last.parent_id, "notFound": True}
            ended = b',"parent":' + dumps(gone)
        shown = [p for p in chain if self.s.shown(p)]
        return b"".join(b',"parent":' + view(p) for p in shown) + ended + b"}" * len(shown)

    def replies_part(self, post, depth, view):
        out = [b',"replies":[']
        stack = [iter(post.replies)] if depth else []
        first, seen = [True], {post.id}
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
                first.pop()
                if stack:
                    out.append(b"]}")
                continue
            below = self.s.posts.get(child)
            if not self.s.shown(below) or child in seen:
                continue
            seen.add(child)
            out.append((b"" if first[-1] else b",") + view(below) + b',"replies":[')
            first[-1] = False
            first.append(True)
            stack.append(iter(below.replies if len(stack) < depth else ()))
        return b"".join(out) + b"]"

    def do_app_bsky_feed_getAuthorFeed(self, request, viewer):
        person, limit = self.find_person(request.arg("actor")), self.size(request, 50, 100)
        if person is None:
            return fail(400, "InvalidRequest", "Profile not found")
        if limit is None:
            return self.bad_limit(100)
        posts = sorted((p for p in person.posts if self.s.shown(p)), key=lambda p: (self.s.sort_at(p), p.cid), reverse=True)
        if request.arg("filter") == "posts_no_replies":
            posts = [p for p in posts if not p.parent_id]
        posts, tail = self.cut(posts, request.arg("cursor"), limit)
        parts = []
        for post in posts:
            part = b'{"post":' + self.s.post_bytes(post)
            if post.parent_id:
                part += b',"reply":{"root":' + self.brief((post.record.get("reply") or {}).get("root", {}).get("uri")) \
                    + b',"parent":' + self.brief(post.parent_id) + b"}"
            parts.append(part + b"}")
        return Reply.page(b'{"feed":[', parts, tail, [p.el for p in posts])

    def brief(self, uri):
        post = self.s.posts.get(uri)
        if self.s.shown(post):
            return b'{"$type":"app.bsky.feed.defs#postView",' + self.s.post_bytes(post)[1:]
        return dumps({"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True})

    def cut(self, posts, cursor, limit):
        """One page of a list that is sorted newest first, by a cursor of time and CID."""
        if cursor:
            at, _, ident = cursor.partition("__")
            mark = (int(at) if at.isdigit() else 0, ident)
            posts = [p for p in posts if (self.s.sort_at(p), p.cid) < mark]
        page = posts[:limit]
        if not page:
            return page, b"]}"
        return page, b'],"cursor":"%d__%s"}' % (self.s.sort_at(page[-1]), page[-1].cid.encode())

    def do_app_bsky_feed_searchPosts(self, request, viewer):
        limit = self.size(request, 25, 100)
        if limit is None:
            return self.bad_limit(100)
        words = [w for w in request.arg("q", "").lower().split() if w != "*"]
        mentions = [p for p in map(self.find_person, request.args().get("mentions", ())) if p]
        author = self.find_person(request.arg("author")) if request.arg("author") else None
        since, until = parse_time(request.arg("since")), parse_time(request.arg("until"))
        tags = {t.lower() for t in request.args().get("tag", ())}
        found = []
        for post in reversed(self.s.timeline):
            at = self.s.sort_at(post)
            if not self.s.shown(post) or (since is not None and at < since) or (until is not None and at >= until):
                continue
            if all(w in post.text.lower() for w in words) and (author in (None, post.author)) \
                    and all(p in post.mentions for p in mentions) and tags <= set(post.tags):
                found.append(post)
        page, tail = self.cut(found, request.arg("cursor"), limit)
        return Reply.page(b'{"hitsTotal":%d,"posts":[' % len(found), [self.s.post_bytes(p) for p in page], tail,
                          [p.el for p in page])

    def do_app_bsky_feed_getQuotes(self, request, viewer):
        limit = self.size(request, 50, 100)
        if limit is None:
            return self.bad_limit(100)
        found = [p for p in reversed(self.s.timeline) if p.quote == request.arg("uri") and self.s.shown(p)]
        page, tail = self.cut(found, request.arg("cursor"), limit)
        return Reply.page(b'{"uri":' + dumps(request.arg("uri", "")) + b',"posts":[', [self.s.post_bytes(p) for p in page],
                          tail, [p.el for p in page])

    # ---- the repository
    def do_com_atproto_repo_getRecord(self, request, viewer):
        person = self.find_person(request.arg("repo"))
        uri = person and f"at://{person.id}/{request.arg('collection')}/{request.arg('rkey')}"
        post = self.s.posts.get(uri)
        if post is None or post.deleted:
            return fail(400, "RecordNotFound", f"Could not locate record: {uri}")
        return Reply.json({"uri": post.id, "cid": post.cid, "value": post.record})

    def do_com_atproto_repo_listRecords(self, request, viewer):
        person, limit = self.find_person(request.arg("repo")), self.size(request, 50, 100)
        if person is None or limit is None:
            return fail(400, "InvalidRequest", "Could not find repo")
        posts = sorted((p for p in person.posts if not p.deleted), key=lambda p: p.id, reverse=True)
        if request.arg("cursor"):
            posts = [p for p in posts if p.id.rpartition("/")[2] < request.arg("cursor")]
        body = {"records": [{"uri": p.id, "cid": p.cid, "value": p.record} for p in posts[:limit]]}
        if len(posts) > limit:
            body["cursor"] = posts[limit - 1].id.rpartition("/")[2]
        return Reply.json(body)

    def check(self, form, viewer):
        record = form.get("record")
        if form.get("collection") != POST:
            return fail(400, "InvalidRequest", "The town keeps posts only")
        if self.find_person(form.get("repo")) is not viewer:
            return fail(400, "InvalidRequest", "Could not find repo")
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or parse_time(record.get("createdAt")) is None:
            return fail(400, "InvalidRequest", "Invalid app.bsky.feed.post record: Record must have the property \"text\"")
        n = graphemes(record["text"])
        if n > 300:
            return fail(400, "InvalidRequest", "Invalid app.bsky.feed.post record: Record/text must not be longer than 300 "
                                               f"graphemes: grapheme too big (maximum 300, got {n})")
        if len(record["text"].encode("utf-8", "surrogatepass")) > 3000:
            return fail(400, "InvalidRequest", "Invalid app.bsky.feed.post record: Record/text must not be longer than 3000 bytes")
        return None

    def store(self, form, viewer):
        made = self.s.world.do({"op": "post", "server": self.s.name, "author": viewer.key, "record": form["record"],
                                "rkey": form.get("rkey"), "via": "api"})
        return self.s.posts[made["id"]]

    def written(self, post):
        return Reply.json({"uri": post.id, "cid": post.cid, "commit": {"cid": post.cid, "rev": post.id.rpartition("/")[2]},
                           "validationStatus": "valid"})

    def do_com_atproto_repo_createRecord(self, request, viewer):
        form = request.form()
        wrong = self.check(form, viewer)
        if wrong is not None:
            return wrong
        if form.get("rkey") and f"at://{viewer.id}/{POST}/{form['rkey']}" in self.s.posts:
            return fail(500, "InternalServerError", "Internal Server Error")
        return self.written(self.store(form, viewer))

    def do_com_atproto_repo_putRecord(self, request, viewer):
        form = request.form()
        wrong = self.check(form, viewer)
        if wrong is not None:
            return wrong
        if not form.get("rkey"):
            return fail(400, "InvalidRequest", "Input must have the property \"rkey\"")
        post = self.s.posts.get(f"at://{viewer.id}/{POST}/{form['rkey']}")
        if post is not None and self.s.options.get("idempotency_breaks"):
            return fail(500, "InternalServerError", "Internal Server Error")
        if "swapRecord" in form and form["swapRecord"] != (post.cid if post is not None else None) \
                and (post is None or post.record != form["record"]):       # the same record again is no change, whatever it swaps
            return fail(400, "InvalidSwap", f"Record was at {post and post.cid}")
        if post is None:
            post = self.store(form, viewer)
        elif post.record != form["record"]:
            self.s.world.do({"op": "edit", "server": self.s.name, "post": post.id, "record": form["record"], "via": "api"})
        else:
            return Reply.json({"uri": post.id, "cid": post.cid, "validationStatus": "valid"})
        return self.written(post)

    def do_com_atproto_repo_deleteRecord(self, request, viewer):
        form = request.form()
        post = self.s.posts.get(f"at://{viewer.id}/{form.get('collection')}/{form.get('rkey')}")
        if post is not None and not post.deleted:
            self.s.world.do({"op": "delete", "server": self.s.name, "post": post.id, "via": "api"})
        return Reply.json({})


