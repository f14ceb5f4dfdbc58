"""What the towns of Meta's networks share: Graph's errors, tokens, proofs, percent of use, lists by cursor, and direct messages.

Options of a server: `app_secret` (every call needs its appsecret_proof) · `throttle` ({"code", "minutes"}: nothing else is answered) ·
`usage` (percent told with every answer) · `ranked` (comments come in an order of Graph's own, whatever was asked) · `hollow` (every page
is followed by an empty one with a next one) · `no_right` (edges that answer code 10) · `window_s` (of direct messages; 86400) ·
`agent` (HUMAN_AGENT is granted)."""
import base64
import hashlib
import hmac
import json
import re

from people import Post, iso
from wire import HTML, Reply, dumps
from world import Server

VERSION = re.compile(r"^/v\d+\.\d+(/.*)$")


def stamp(ms):
    """2026-11-20T09:15:02+0000."""
    return iso(ms, millis=False)[:-1] + "+0000"


class Refusal(Exception):
    """An error of Graph's, wherever it is found."""

    def __init__(self, code, words, subcode=None, status=400, **more):
        super().__init__(words)
        self.status = status
        self.error = {"message": f"(#{code}) {words}", "type": "OAuthException", "code": code, **more, "fbtrace_id": "AtownTRACE"}
        if subcode is not None:
            self.error["error_subcode"] = subcode


def gone(ident):
    return Refusal(100, f"Unsupported get request. Object with ID '{ident}' does not exist, cannot be loaded due to missing permissions, or does "
                        "not support this operation.", 33)


class GraphServer(Server):
    """Posts hang on `tops`; `direct` messages on conversations of two."""
    letters = ""
    takes_along = True          # what is deleted takes what was answered to it along

    def __init__(self, world, name, op):
        self.n_ids = 0
        self.by_node = {}           # Graph's id -> Post
        self.threads = {}           # key of the customer -> their messages
        self.under = {}             # id of a top -> all that was ever said below it
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/{self.letters}/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/people/{person.id}"

    # ---- people: `hidden` ones do not show who they are
    def settle(self, person, op):
        person.is_hidden = bool(op.get("hidden"))
        person.id = op["id"] = str(person.id or (1000 if op.get("own") else 5000 + len(self.people)))

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "EAAT" + hashlib.sha256(f"{self.kind}/{self.name}/{person.key}/{len(self.tokens)}".encode()).hexdigest()[:32]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": token}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    def page(self):
        return next(p for p in self.people.values() if p.own)

    # ---- posts
    def new_number(self, op):
        self.n_ids = op["number"] = op.get("number") or self.n_ids + 1
        return 200 + self.n_ids

    def made(self, op, ident, node, parent, kind):
        post = Post(self, op.get("key", ident), op.get("id") or ident, self.person(op["author"]), op["text"], self.world.time_of(op), op["t"])
        post.parent_id = None if parent is None else parent.id
        post.cid, post.quote = node, kind       # Graph's id, and what it is
        post.record = post if parent is None else parent.record
        post.mentions = self.names_in(post.text)
        post.visible_at = op["t"] + int(1000 * op.get("held_s", 0))
        post.raw, post.via = op.get("raw", {}), op.get("via", "person")
        post.hidden = bool(op.get("held"))
        self.by_node[node] = post
        if parent is not None:
            self.under.setdefault(post.record.id, []).append(post)
        return post

    def new_direct(self, op):
        author, to = self.person(op["author"]), self.person(op["to"])
        node = f"m_{self.name}-{self.new_number(op)}"
        post = self.made(op, node, node, None, "direct")
        post.visibility, post.peer = "direct", to if author.own else author
        self.threads.setdefault(post.peer.key, []).append(post)
        return post

    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        """What hangs below it goes with it."""
        for below in self.descendants(post) if self.takes_along else ():
            below.deleted = True
            below.stale()

    def edit(self, post, op):
        post.text, post.edited = op.get("text", post.text), self.world.time_of(op)
        post.hidden = op.get("held", post.hidden)
        post.stale()
        return {"id": post.id}

    def is_shown(self, post):
        return not post.deleted and post.visible_at <= self.world.now_ms()

    def below(self, post, since=0):
        """All comments of a post that can be seen, the newest first."""
        below = self.under.get(post.id, []) if post.record is post else self.descendants(post)
        found = [c for c in below if c.at >= since and self.is_shown(c)]
        return sorted(found, key=lambda c: (c.at, c.seq), reverse=True)

    # ---- rendering
    def element(self, post, value):
        data = dumps({**value, **post.raw})
        if post.cache != data:
            post.cache = data
            post.el = self.world.book.element(self.name, "direct" if post.quote == "direct" else "comment" if post.parent_id else "post",
                                              post.id, data)
        return data

    def who(self, person, name="name"):
        return None if person.is_hidden else {"id": person.id, name: person.name if name == "name" else person.handle}


class GraphApi:
    """One request: the edges are methods of the subclass."""
    name_field = "name"

    def __init__(self, server):
        self.s = server

    # ---- every call
    def handle(self, request, path):
        found = VERSION.match(path)
        try:
            edge = found[1] if found else path
            if edge in self.DOORS:
                reply = getattr(self, self.DOORS[edge])(request, self.fields_of(request))
            elif found:
                reply = self.let_in(request, edge)
            else:
                return Reply(404, b"<!DOCTYPE html><title>404</title>", HTML)
        except Refusal as why:
            reply = Reply.json({"error": why.error}, why.status)
        reply.headers.append(("X-Business-Use-Case-Usage", json.dumps({self.s.page().id: [{
            "type": "pages", "call_count": self.s.options.get("usage", 1), "total_cputime": 1, "total_time": 1,
            "estimated_time_to_regain_access": (self.s.options.get("throttle") or {}).get("minutes", 0)}]})))
        return reply

    def fields_of(self, request):
        """Parameters of the address and of the form."""
        given = {k: v[-1] for k, v in request.args().items()}
        if request.method == "POST":
            given.update(request.form())
        return given

    def let_in(self, request, path):
        s, given = self.s, self.fields_of(request)
        token = given.get("access_token", "")
        entry = s.tokens.get(token)
        if entry is None or entry[1] != "ok":
            expired = entry is not None and entry[1] == "expired"
            raise Refusal(190, "Error validating access token: " + ("Session has expired" if expired else "The session is invalid"),
                          463 if expired else 467)
        request.viewer = entry[0].key
        secret = s.options.get("app_secret")
        if secret and given.get("appsecret_proof") != hmac.new(secret.encode(), token.encode(), "sha256").hexdigest():
            raise Refusal(100, "Invalid appsecret_proof provided in the API argument")
        throttle = s.options.get("throttle")
        if throttle:
            raise Refusal(throttle["code"], "There have been too many calls to this Page account.", 2446079)
        edge = path.rsplit("/", 1)[-1]
        if edge in s.options.get("no_right", ()):
            raise Refusal(10, "Application does not have permission for this action")
        if path == "/me/permissions":
            return Reply.json({"data": [{"permission": p, "status": "granted"} for p in s.options.get("granted", self.SCOPES)]})
        if path == "/me/accounts":
            page = s.page()
            token = next(t for t, e in s.tokens.items() if e[0] is page and e[1] == "ok")
            return Reply.json({"data": [{"id": page.id, "name": page.name, "access_token": token, "tasks": s.options.get("tasks", ["MODERATE", "MESSAGING"])}]})
        return self.answer(request, path, entry[0], given)

    # ---- tokens: a code is "code-PERSON"; a short-lived token becomes a long-lived one of sixty days
    DOORS = {"/oauth/access_token": "exchange", "/access_token": "exchange", "/refresh_access_token": "renew", "/debug_token": "inspect"}
    SCOPES = ("pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement", "pages_messaging", "instagram_basic",
              "instagram_manage_comments", "instagram_manage_messages")

    def inspect(self, request, given):
        """What a token may do: said to the app, or to the token itself. Options `granted`, `expires_at` and `data_access_expires_at` (seconds)."""
        s, asks = self.s, given.get("access_token", "")
        if "no_inspection" in s.options or (asks != given.get("input_token") and asks.partition("|")[2] != s.options.get("app_secret", "s3cret")):
            raise Refusal(100, "You must provide an app access token, or a user access token that is an owner or developer of the app")
        entry = s.tokens.get(given["input_token"])
        is_valid = entry is not None and entry[1] == "ok"
        return Reply.json({"data": {"app_id": "4711", "type": "PAGE", "application": "shop", "is_valid": is_valid, "issued_at": 1,
                                    "expires_at": s.options.get("expires_at", 0), "data_access_expires_at": s.options.get("data_access_expires_at", 0),
                                    "scopes": list(s.options.get("granted", self.SCOPES)), "profile_id": s.page().id}})

    def new_token(self, person):
        return self.s.world.do({"op": "token", "server": self.s.name, "person": person.key})["token"]

    def owner(self, token):
        entry = self.s.tokens.get(token)
        if entry is None or entry[1] != "ok":
            raise Refusal(190, "Error validating access token: Session has expired", 463)
        return entry[0]

    def exchange(self, request, given):
        if given.get("client_secret") != self.s.options.get("app_secret", "s3cret"):
            raise Refusal(1, "Error validating client secret.")
        if "code" in given:
            person = self.s.people.get(given["code"].removeprefix("code-"))
            if person is None or not given.get("redirect_uri"):
                raise Refusal(100, "This authorization code has been used or is not valid", 36009)
            return Reply.json({"access_token": self.new_token(person), "token_type": "bearer", "expires_in": 3600})
        token = given.get("fb_exchange_token") or given.get("access_token")
        return Reply.json({"access_token": self.new_token(self.owner(token)), "token_type": "bearer", "expires_in": 5_184_000})

    def renew(self, request, given):
        person = self.owner(given.get("access_token"))
        if self.s.options.get("young"):
            raise Refusal(100, "The access token is too young to be refreshed")
        return Reply.json({"access_token": self.new_token(person), "token_type": "bearer", "expires_in": 5_184_000})

    # ---- lists
    def list(self, request, path, given, posts, render, most=100, head=b""):
        """A page of posts, in the order given; the cursor names the last one of the page before."""
        s = self.s
        if s.options.get("ranked"):
            posts = sorted(posts, key=lambda p: hashlib.sha256(p.id.encode()).digest())
        size = max(1, min(int(given.get("limit", "25")), most))
        after, start, hollow = given.get("after"), 0, False
        if after:
            index, _, ident = base64.urlsafe_b64decode(after).decode().partition("|")
            hollow = ident.startswith("-")
            start = next((i + 1 for i, p in enumerate(posts) if p.id == ident.removeprefix("-")), int(index))
        if s.options.get("hollow") and not hollow and after:
            page, cursor = [], base64.urlsafe_b64encode(f"{start}|-{posts[start - 1].id if 0 < start <= len(posts) else ''}".encode()).decode()
            more = True
        else:
            page = posts[start:start + size]
            more = start + size < len(posts)
            cursor = base64.urlsafe_b64encode(f"{start + len(page)}|{page[-1].id}".encode()).decode() if page else ""
        paging = {"cursors": {"before": "QVF", "after": cursor}} if page or more else {}
        if more:
            paging["next"] = f"{s.base}/v25.0{path}?access_token=REDACTED&pretty=0&limit={size}&after={cursor}"
        tail = b"]" + (b',"paging":' + dumps(paging) if paging else b"") + head + b"}"
        return Reply.page(b'{"data":[', [render(p) for p in page], tail, [p.el for p in page])

    # ---- direct messages
    def message_of(self, post):
        s, page = self.s, self.s.page()
        sender = page if post.author.own else post.peer
        to = post.peer if post.author.own else page
        field = self.name_field
        value = {"id": post.cid, "created_time": stamp(post.at), "to": {"data": [s.who(to, field) or {"id": to.id}]}, "message": post.text}
        if s.who(sender, field):
            value["from"] = s.who(sender, field)
        return s.element(post, value)

    def conversations(self, request, path, given):
        s, page = self.s, self.s.page()
        found = [(key, [m for m in all_ if s.is_shown(m)]) for key, all_ in s.threads.items()]
        found = sorted(((k, m) for k, m in found if m and given.get("user_id", s.people[k].id) == s.people[k].id), key=lambda e: e[1][-1].visible_at, reverse=True)
        start = int(given.get("after", "0") or 0)
        size = min(int(given.get("limit", "25")), 50)
        parts, els = [], []
        for key, messages in found[start:start + size]:
            newest = list(reversed(messages))[:20]
            head = dumps({"id": f"t_{s.name}-{s.people[key].id}", "updated_time": stamp(messages[-1].visible_at), "message_count": len(messages),
                          "participants": {"data": [s.who(s.people[key], self.name_field) or {"id": s.people[key].id}, s.who(page, self.name_field)]}})[:-1]
            inner = {"cursors": {"after": "QVM"}} | ({"next": f"{s.base}/v25.0/t/messages?after=QVM"} if len(messages) > 20 else {})
            parts.append(head + b',"messages":{"data":[' + b",".join(self.message_of(m) for m in newest) + b'],"paging":' + dumps(inner) + b"}}")
            els += [m.el for m in newest]
        paging = {"cursors": {"after": str(start + size)}}
        if start + size < len(found):
            paging["next"] = f"{s.base}/v25.0{path}?after={start + size}"
        return Reply.page(b'{"data":[', parts, b'],"paging":' + dumps(paging) + b"}", els)

    def messages(self, request, path, given, ident):
        s = self.s
        for key, all_ in s.threads.items():
            if ident == f"t_{s.name}-{s.people[key].id}":
                shown = [m for m in reversed(all_) if s.is_shown(m)]
                return self.list(request, path, given, shown, self.message_of, most=20)
        raise gone(ident)

    def send(self, request, given, viewer):
        s = self.s
        recipient, text = json.loads(given["recipient"]), json.loads(given["message"])["text"]
        comment = s.by_node.get(recipient.get("comment_id"))
        to = s.by_person_id.get(recipient.get("id")) if comment is None else comment.author
        if to is None:
            raise Refusal(100, "No matching user found", 2018001)
        if comment is not None:     # a private reply: once for each comment, within seven days
            if any(p.raw.get("private_reply_to") == comment.cid for p in s.posts.values()) or s.world.now_ms() - comment.at > 7 * 86400_000:
                raise Refusal(10900, "Activity already replied to")
            made = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "to": to.key, "text": text, "via": "api",
                               "raw": {"private_reply_to": comment.cid}})
            return Reply.json({"recipient_id": to.id, "message_id": s.posts[made["id"]].cid})
        last = max((m.at for m in s.threads.get(to.key, ()) if not m.author.own), default=0)
        window = s.options.get("window_s", 86400)
        if given.get("messaging_type") == "MESSAGE_TAG" and given.get("tag") == "HUMAN_AGENT" and s.options.get("agent"):
            window = 7 * 86400
        if s.world.now_ms() - last > window * 1000:
            raise Refusal(10, "This message is sent outside of allowed window.", 2018278)
        made = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "to": to.key, "text": text, "via": "api"})
        return Reply.json({"recipient_id": to.id, "message_id": s.posts[made["id"]].cid})
