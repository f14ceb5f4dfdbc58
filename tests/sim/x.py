"""A simulated X: its interface v2 below /x/NAME/2/…, sessions at /x/NAME/2/oauth2/token.

Ids are snowflakes of their arrival; an edit is a new id, and the old one still answers with the old words; lists are newest first with
since_id (exclusive), start_time and tokens; nothing but id, text and history is given that was not asked for. An answer names its
parent's author by itself, and X writes that name before the words. A reply is taken only where the parent names us or quotes us.
Post fields: `to` (key: a direct message), `quote` (key), `mentions` (exactly these). Person options: `protected`. Options: `words` = post
(the names of OpenAPI 2.167; others are 400) or bare (no field that is asked for is given) · `enterprise` ·
`access_ttl_s` · `capped` (usage-capped) · `dm_limit` (per 15 min) · `no_directs` (403) · `mentions_deep` (800) · `scope`."""
import base64
import hashlib
import hmac
import html
import re
import urllib.parse

from consent import Consent
from people import Post, iso, parse_time
from wire import Reply, dumps
from world import Server

EPOCH = 1288834974657
WEEK = 7 * 86400_000
PROBLEMS = "https://api.twitter.com/2/problems/"
SCOPE = "tweet.read users.read tweet.write dm.read dm.write offline.access"
KEYS = "town-consumer:town-consumer-secret"


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def problem(status, kind, title, detail):
    return Reply.json({"title": title, "detail": detail, "type": PROBLEMS + kind, "status": status}, status)


def invalid(detail, name="id"):
    return Reply.json({"errors": [{"parameters": {name: []}, "message": detail}], "title": "Invalid Request",
                       "detail": "One or more parameters to your request was invalid.", "type": PROBLEMS + "invalid-request"}, 400)


class Tweet(Post):
    """One message with all its versions."""

    @property
    def current(self):
        return self.history[-1]


class X(Server):
    kind = "x"

    def __init__(self, world, name, op):
        self.last_id = self.n_people = self.n_access = 0
        self.versions = {}          # id of a version -> (post, its number)
        self.access = {}            # access token -> (person, until)
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/x/{self.name}"

    def profile_url(self, person):
        return f"https://x.com/{person.handle}"

    def next_id(self, t):
        self.last_id = max(self.last_id + 1, (t - EPOCH) << 22)
        return str(self.last_id)

    # ---- people
    def settle(self, person, op):
        self.n_people += 1
        person.is_protected = bool(op.get("protected"))
        person.id = op["id"] = str(person.id or 4400 + self.n_people)

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "rt-" + hashlib.sha256(f"{self.name}/{person.key}/{len(self.tokens)}".encode()).hexdigest()[:40]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": f"town-client:town-secret:{token}", "keys": f"{KEYS}:{person.id}-town:sign-{person.key}"}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state
        self.access = {k: v for k, v in self.access.items() if v[0] is not person}

    def viewer(self, request):
        auth = request.headers.get("authorization", "")
        if auth.startswith("OAuth "):
            return self.signer(request, auth)
        person, until = self.access.get(request.bearer(), (None, 0))
        return person if person is not None and until > self.world.now_ms() else None

    def signer(self, request, auth):
        """OAuth 1.0a: whoever signed it, if the signature is right and not from another time."""
        given = {k: urllib.parse.unquote(v) for k, v in re.findall(r'(\w+)="([^"]*)"', auth)}
        person = next((p for p in self.people.values() if given.get("oauth_token") == f"{p.id}-town"), None)
        if person is None or abs(int(given["oauth_timestamp"]) - self.world.now_ms() // 1000) > 300:
            return None
        signature = given.pop("oauth_signature")
        pairs = [(quote(k), quote(v)) for k, v in given.items()] + [(quote(k), quote(v)) for k, vs in request.args().items() for v in vs]
        words = "&".join([request.method, quote(f"{self.world.base}{request.path}"), quote("&".join(f"{k}={v}" for k, v in sorted(pairs)))])
        key = f"{quote('town-consumer-secret')}&{quote('sign-' + person.key)}"
        right = base64.b64encode(hmac.new(key.encode(), words.encode(), hashlib.sha1).digest()).decode()
        return person if signature == right else None

    # ---- posts
    def new_post(self, op):
        t, author = op["t"], self.person(op["author"])
        ident = op.get("id") or self.next_id(t)
        post = Tweet(self, op.get("key", ident), ident, author, op["text"], self.world.time_of(op), t)
        parent = self.post_of(op["parent"]) if op.get("parent") is not None else None
        post.record, post.visible_at = op.get("to"), t + self.lag_ms
        if post.record is not None:
            post.visibility, post.cid = "direct", "-".join(sorted([author.id, self.person(post.record).id], key=int))
            parent = None
        post.parent_id = None if parent is None else parent.id
        post.application = parent.current if parent is not None else None    # the version that was answered
        post.conversation = parent.conversation if parent is not None else post.id
        post.quote, post.raw, post.via = self.keys.get(op.get("quote"), op.get("quote")), op.get("raw", {}), op.get("via", "person")
        post.history, post.texts, post.times = [ident], [post.text], [post.at]
        post.lead = ""
        names = self.names_in(post.text)
        if op.get("mentions") is not None:
            names = [self.person(k) for k in op["mentions"]]
        elif parent is not None and parent.author is not author and parent.author not in names:
            names = [parent.author, *names]
            post.lead = f"@{parent.author.handle} "
        post.mentions = names
        self.versions[ident] = (post, 0)
        return post

    def notify(self, post, op):
        pass

    def edit(self, post, op):
        ident = self.next_id(op["t"])
        post.text, post.edited = op.get("text", post.text), self.world.time_of(op)
        post.raw = op.get("raw", post.raw)
        post.history.append(ident)
        post.texts.append(post.text)
        post.times.append(post.edited)
        self.versions[ident] = (post, len(post.history) - 1)
        return {"id": post.id, "version": ident}

    def forget(self, post):
        pass

    def reparented(self, post):
        pass

    def react(self, post, person, kind, op):
        if kind == "boost":
            boost = Tweet(self, None, self.next_id(op["t"]), person, f"RT @{post.author.handle}: {post.text}", op["t"], op["t"])
            boost.key, boost.boosted, boost.history, boost.texts, boost.times = boost.id, post, [boost.id], [boost.text], [boost.at]
            boost.lead, boost.conversation, boost.quote = "", boost.id, None
            self.versions[boost.id] = (boost, 0)
            self.insert(boost)

    # ---- rendering
    def user(self, person):
        return {"id": person.id, "username": person.handle, "name": person.name}

    def entities(self, post, text):
        """Links are X's own short ones; people are named with their ids."""
        links, shown = [], text
        for n, match in enumerate(re.finditer(r"https?://[^\s]+", text)):
            short = f"https://t.co/{hashlib.sha1(match[0].encode()).hexdigest()[:8]}{n}"
            shown = shown.replace(match[0], short, 1)
            links.append({"start": 0, "end": 23, "url": short, "expanded_url": match[0], "display_url": match[0][:30]})
        quoted = self.posts.get(post.quote)
        if quoted is not None:
            shown += " https://t.co/quoted0000"
            links.append({"url": "https://t.co/quoted0000", "expanded_url": f"https://twitter.com/{quoted.author.handle}/status/{quoted.id}"})
        found = {}
        if post.mentions:
            found["mentions"] = [{"start": 0, "end": 1, "username": p.handle, "id": p.id} for p in post.mentions]
        if links:
            found["urls"] = links
        return found, shown

    def element_dict(self, post, number, fields):
        new = self.options.get("words") == "post"
        if post.record is not None:
            body = {"id": post.id, "event_type": "MessageCreate", "text": html.escape(post.text, quote=False), "created_at": iso(post.at),
                    "sender_id": post.author.id, "dm_conversation_id": post.cid, "participant_ids": post.cid.split("-")}
            body.update(post.raw)
            return body
        entities, shown = self.entities(post, post.lead + post.texts[number])
        body = {"id": post.history[number], "text": html.escape(shown, quote=False)}
        body["edit_history_post_ids" if new else "edit_history_tweet_ids"] = list(post.history)
        references = [{"type": "replied_to", "id": post.application}] if post.parent_id and post.application else []
        references += [{"type": "quoted", "id": self.posts[post.quote].current}] if post.quote in self.posts else []
        references += [{"type": "retweeted", "id": post.boosted.current}] if post.boosted else []
        more = {"author_id": post.author.id, "conversation_id": post.conversation, "created_at": iso(post.times[number]), "lang": post.lang,
                "reply_settings": "everyone"}
        if entities:
            more["entities"] = entities
        if references:
            more["referenced_posts" if new else "referenced_tweets"] = references
        body.update({k: v for k, v in more.items() if k in fields})
        body.update(post.raw)
        return body

    def element_bytes(self, post, number, fields):
        if not isinstance(post.cache, dict):
            post.cache = {}
        key = (number, len(post.history), frozenset(fields), self.options.get("words"))
        if key not in post.cache:
            data = dumps(self.element_dict(post, number, fields))
            kind = "direct" if post.record is not None else "boost" if post.boosted else "post"
            post.cache[key] = (data, self.world.book.element(self.name, kind, post.id, data))
        return post.cache[key]


class XApi:
    def __init__(self, server):
        self.s = server
        self.consent = Consent(server)
        self.consent.client("town-client", "town-secret", ["http://127.0.0.1"], SCOPE.split())

    def handle(self, request, path):
        s = self.s
        if path == "/2/oauth2/token" and request.method == "POST":
            return self.session(request)
        if path == "/i/oauth2/authorize":
            return self.consent.authorize(request)
        viewer = s.viewer(request)
        if viewer is None:
            return Reply.json({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401)
        request.viewer = viewer.key
        if s.options.get("capped"):
            return Reply.json({"account_id": "1", "product_name": "standard-basic", "title": "UsageCapExceeded", "period": "Monthly", "scope": "Product",
                               "detail": "Usage cap exceeded: Monthly product cap", "type": PROBLEMS + "usage-capped"}, 429,
                              [("x-rate-limit-limit", 40000), ("x-rate-limit-remaining", 39999)])
        what = "dm" if "/dm_" in path and request.method == "GET" else path.rpartition("/")[2]
        rate = s.take_rate(f"{viewer.key} {what}", s.options.get("dm_limit", 10**6) if what == "dm" else s.rate_limit or 10**6, 900)
        headers = [("x-rate-limit-limit", rate[0]), ("x-rate-limit-remaining", rate[1]), ("x-rate-limit-reset", rate[2] // 1000)]
        if rate[3]:
            reply = self.route(request, path, viewer)
        else:
            reply = problem(429, "rate-limit-exceeded", "Too Many Requests", "Too Many Requests")
        reply.headers += headers
        return reply

    def session(self, request):
        s, form = self.s, request.form()
        auth = request.headers.get("authorization", "")
        if auth[:6] != "Basic " or base64.b64decode(auth[6:]).decode() != "town-client:town-secret":
            return Reply.json({"error": "unauthorized_client", "error_description": "Missing valid authorization header"}, 401)
        entry = s.tokens.pop(form.get("refresh_token"), None) if form.get("grant_type") == "refresh_token" else None
        if form.get("grant_type") == "authorization_code":
            code, no = self.consent.redeem(request)
            if no is not None:
                return no
            entry = [code["person"], "ok"]
        if entry is None or entry[1] != "ok":
            if entry is not None:
                s.tokens[form["refresh_token"]] = entry
            return Reply.json({"error": "invalid_grant", "error_description": "Value passed for the token was invalid."}, 400)
        s.n_access += 1
        ttl, fresh = s.options.get("access_ttl_s", 7200), f"rt-{s.name}-{s.n_access}"
        token = f"at.{s.name}.{s.n_access}.{s.world.now_ms()}"
        s.tokens[fresh] = entry
        s.access[token] = (entry[0], s.world.now_ms() + ttl * 1000)
        return Reply.json({"token_type": "bearer", "expires_in": ttl, "access_token": token, "refresh_token": fresh,
                           "scope": s.options.get("scope", SCOPE)})

    def route(self, request, path, viewer):
        s = self.s
        if path == "/2/users/me":
            return Reply.json({"data": s.user(viewer)})
        match = re.fullmatch(r"/2/users/(\d+)/(mentions|tweets)", path)
        if match:
            person = s.by_person_id.get(match[1])
            if match[2] == "tweets":
                return self.list(request, lambda p: p.author is person and p.record is None, 5)
            return self.list(request, lambda p: person in p.mentions and p.record is None, 5, s.options.get("mentions_deep", 800))
        if path == "/2/tweets/search/recent":
            return self.search(request)
        if path == "/2/tweets":
            return self.create(request, viewer) if request.method == "POST" else self.look(request, viewer)
        match = re.fullmatch(r"/2/dm_conversations/([\d-]+)/(dm_events|messages)", path)
        if path == "/2/dm_events" or match:
            if s.options.get("no_directs"):
                return problem(403, "client-forbidden", "Forbidden", "Your client app does not have the right dm.read")
            if match and match[2] == "messages":
                return self.send(request, viewer, match[1])
            return self.list(request, lambda p: p.record is not None and viewer.id in p.cid.split("-") and (not match or p.cid == match[1]), 1)
        return problem(404, "resource-not-found", "Not Found", "no such place")

    # ---- reading
    def fields(self, request):
        """What was asked for; None: in names that this version does not know."""
        new = self.s.options.get("words") == "post"
        asked = set()
        if self.s.options.get("words") == "bare":
            return asked
        for name in ("tweet.fields", "post.fields"):
            for value in request.args().get(name, []):
                if name.startswith("post") != new:
                    return None
                asked |= set(value.split(","))
        expansions = set((request.arg("expansions") or "").split(","))
        if new:
            asked |= {"author_id"} if "author_id" in expansions else set()
            asked |= {"referenced_posts"} if "referenced_posts" in expansions else set()
        return asked

    def wrong(self, request):
        name = "tweet.fields" if self.s.options.get("words") == "post" else "post.fields"
        return invalid(f"The query parameter [{name}] is not one of [id,{'post' if name[0] == 't' else 'tweet'}.fields,expansions]", name)

    def page(self, request, found, fields, rest=None, errors=None):
        s = self.s
        parts = [s.element_bytes(p, n, fields) for p, n in found]
        shown = [p for p, _ in found]
        alongs = []
        if {"referenced_tweets.id", "referenced_posts"} & set((request.arg("expansions") or "").split(",")):
            for post, _ in found:
                for ref in (post.parent_id, post.quote):
                    other = s.posts.get(ref)
                    if other is not None and not other.deleted and other not in shown and other not in alongs and not other.author.is_protected:
                        alongs.append(other)
        extra = [s.element_bytes(p, len(p.history) - 1, fields) for p in alongs]
        users = list(dict.fromkeys(p.author for p in shown + alongs))
        tail = {"includes": {"users": [s.user(u) for u in users]}} if users else {}
        if errors:
            tail["errors"] = errors
        if rest is not None:
            tail["meta"] = rest
        after = b"]" + (b"," + dumps(tail)[1:-1] if tail else b"") + b"}"
        if extra:
            name = b'"posts":[' if s.options.get("words") == "post" else b'"tweets":['
            after = after.replace(b'"includes":{', b'"includes":{' + name + b",".join(d for d, _ in extra) + b"],", 1)
        if not parts:
            return Reply.json(tail)
        return Reply.page(b'{"data":[', [d for d, _ in parts], after, [el for _, el in parts] + [el for _, el in extra])

    def list(self, request, wanted, least, deep=10**9, week=False):
        s, now = self.s, self.s.world.now_ms()
        fields = self.fields(request)
        if fields is None:
            return self.wrong(request)
        size = int(request.arg("max_results", "100"))
        if not least <= size <= 100:
            return invalid(f"The `max_results` query parameter value [{size}] is not between {least} and 100", "max_results")
        since, start = int(request.arg("since_id", "0")), parse_time(request.arg("start_time"), 0)
        until = int(request.arg("until_id", "0")) or 10**30
        if week and ((since and (since >> 22) + EPOCH < now - WEEK) or (start and start < now - WEEK)):
            return invalid("'since_id' must be a tweet id created after a week ago", "since_id")
        below = until
        token = request.arg("pagination_token") or request.arg("next_token")
        question = hashlib.sha1(f"{request.path} {request.arg('since_id')} {request.arg('query')}".encode()).hexdigest()[:8]
        if token:
            asked, _, place = base64.urlsafe_b64decode(token).decode().partition(" ")
            if asked != question:
                return invalid("pagination_token", "pagination_token")
            below = min(int(place), until)
        found = sorted((p for p in s.posts.values() if not p.deleted and p.visible_at <= now and wanted(p)), key=lambda p: -int(p.current if p.record is None else p.id))
        found = [p for p in found[:deep] if since < int(p.history[-1]) < below and p.at >= start]
        page, meta = found[:size], {"result_count": min(size, len(found))}
        if page:
            meta.update({"newest_id": page[0].history[-1], "oldest_id": page[-1].history[-1]})
        if len(found) > size:
            meta["next_token"] = base64.urlsafe_b64encode(f"{question} {page[-1].history[-1]}".encode()).decode()
        return self.page(request, [(p, len(p.history) - 1) for p in page], fields, meta)

    def search(self, request):
        query = request.arg("query", "")
        now = self.s.world.now_ms()
        if query.startswith("conversation_id:"):
            ident = query.partition(":")[2]
            return self.list(request, lambda p: p.record is None and p.conversation == ident and p.id != ident and p.arrived > now - WEEK
                             and not p.author.is_protected, 10, week=True)
        words = [w.strip().strip('"').lower() for w in query.split(" OR ")]
        return self.list(request, lambda p: p.record is None and p.boosted is None and p.arrived > now - WEEK and any(w in p.text.lower() for w in words), 10, week=True)

    def look(self, request, viewer):
        s = self.s
        fields = self.fields(request)
        ids = (request.arg("ids") or "").split(",")
        if fields is None:
            return self.wrong(request)
        if not 1 <= len(ids) <= 100 or not all(i.isdigit() for i in ids):
            return invalid("The `ids` query parameter value is not valid", "ids")
        found, errors = [], []
        for ident in ids:
            post, number = s.versions.get(ident, (None, 0))
            what = {"value": ident, "resource_type": "tweet", "parameter": "ids", "resource_id": ident}
            if post is None or post.deleted or post.record is not None:
                errors.append({**what, "detail": f"Could not find tweet with ids: [{ident}].", "title": "Not Found Error",
                               "type": PROBLEMS + "resource-not-found"})
            elif post.author.is_protected:
                errors.append({**what, "detail": f"Sorry, you are not authorized to see the Tweet with ids: [{ident}].", "title": "Authorization Error",
                               "type": PROBLEMS + "not-authorized-for-resource"})
            else:
                found.append((post, number))
        return self.page(request, found, fields, errors=errors)

    # ---- writing
    def create(self, request, viewer):
        s, form = self.s, request.form()
        text, reply = form.get("text") or "", form.get("reply") or {}
        parent, _ = s.versions.get(reply.get("in_reply_to_tweet_id"), (None, 0))
        if not text.strip() or parent is None or parent.deleted:
            return problem(400, "invalid-request", "Invalid Request", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        quoted = s.posts.get(parent.quote)
        if not s.options.get("enterprise") and viewer not in parent.mentions and (quoted is None or quoted.author is not viewer):
            return Reply.json({"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "Reply to this conversation is not allowed because you "
                               "have not been mentioned or otherwise engaged by the author of the post you are replying to."}, 403)
        if any(p.author is viewer and p.text == text and not p.deleted for p in s.posts.values()):
            return Reply.json({"title": "Forbidden", "type": "about:blank", "status": 403,
                               "detail": "You are not allowed to create a Tweet with duplicate content."}, 403)
        ident = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api"})["id"]
        post = s.posts[ident]
        _, shown = s.entities(post, post.lead + post.text)
        return Reply.json({"data": {"id": ident, "text": html.escape(shown, quote=False), "edit_history_tweet_ids": [ident]}}, 201)

    def send(self, request, viewer, conversation):
        s, text = self.s, request.form().get("text") or ""
        other = next((p for p in s.people.values() if p is not viewer and p.id in conversation.split("-")), None)
        if not text.strip() or other is None or viewer.id not in conversation.split("-"):
            return problem(400, "invalid-request", "Invalid Request", "no such conversation, or no words")
        ident = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "to": other.key, "via": "api"})["id"]
        return Reply.json({"data": {"dm_conversation_id": conversation, "dm_event_id": ident}}, 201)
