"""A simulated Google Business Profile: one account's locations and their reviews, below /gb/NAME, and sessions at /gb/NAME/token (google.py).

The three interfaces stand on one address: /v1/accounts, /v1/accounts/1/locations and /v4/accounts/1/locations/N/reviews. A review has one reply,
which writing again replaces; it has no id, so the town calls it REVIEW/reply.MICROSECONDS. Nobody has an id. Post fields: `location` ("1"),
`stars` (3), `anonymous`. An edit takes `stars`. Options: `page` the most reviews a list gives (50) · `places` (ids of the locations, ["1"]) ·
`page_two_misses` (n: pages behind the first leave one in n out, another one in each walk; the real one did in June 2026) · `unverified` (ids) ·
`closed` (ids of locations that answer 404)."""
import hashlib
import re

from google import GoogleApi, GoogleServer, fail, place_of, token_of
from people import Bad, Post, iso
from wire import HTML, Reply, dumps

PATH = re.compile(r"/v4/accounts/1/locations/(\d+)/reviews(?:/([\w-]+)(/reply)?)?$")
STARS = ["STAR_RATING_UNSPECIFIED", "ONE", "TWO", "THREE", "FOUR", "FIVE"]
MOST_BYTES = 4096


class GoogleBusiness(GoogleServer):
    kind = "google-business"

    @property
    def base(self):
        return f"{self.world.base}/gb/{self.name}"

    @property
    def places(self):
        return [str(n) for n in self.options.get("places", ["1"])]

    def settle(self, person, op):
        person.id = op["id"] = person.id or ("accounts/1" if person.own else f"nobody-{person.key}")
        person.is_anonymous = bool(op.get("anonymous"))

    # ---- reviews and our replies
    def new_post(self, op):
        t, author, at = op["t"], self.person(op["author"]), self.world.time_of(op)
        if op.get("parent") is not None:
            return self.new_reply(op, t, author, at)
        if author.own:
            raise Bad("a business writes no reviews")
        self.n_ids = op["number"] = op.get("number") or self.n_ids + 1
        word = "Ab" + hashlib.sha256(f"{self.name}/{self.n_ids}".encode()).hexdigest()[:20]
        ident = op.get("id") or f"{op.get('location', '1')}/{word}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], at, t)
        post.raw, post.stars, post.record = op.get("raw", {}), op.get("stars", 3), None
        post.mentions = [p for p in self.people.values() if p.own]
        return post

    def new_reply(self, op, t, author, at):
        review = self.post_of(op["parent"])
        if not author.own or review.parent_id:
            raise Bad("only the business answers, and only reviews")
        while f"{review.id}/reply.{at * 1000}" in self.posts:
            at += 1
        ident = op["id"] = f"{review.id}/reply.{at * 1000}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], at, t)
        post.parent_id, post.via, post.raw = review.id, op.get("via", "person"), op.get("raw", {})
        post.visible_at = t
        review.record, review.cache = post, None
        return post

    def edit(self, post, op):
        if post.parent_id:
            raise Bad("a reply is written anew")
        post.text, post.stars, post.edited = op.get("text", post.text), op.get("stars", post.stars), max(self.world.time_of(op), post.at + 1)
        post.stale()
        return {"id": post.id}

    def forget(self, post):
        if post.parent_id and self.posts[post.parent_id].record is post:
            self.posts[post.parent_id].record = None
        self.posts.get(post.parent_id, post).stale()

    # ---- rendering
    def reply_of(self, review):
        reply = review.record
        return reply if reply is not None and not reply.deleted and reply.visible_at <= self.world.now_ms() else None

    def element(self, post):
        """Bytes, and the numbers in the book of the review and its reply."""
        reply = self.reply_of(post)
        if post.cache is None or post.cache[0] is not reply:
            location, _, word = post.id.partition("/")
            body = {"name": f"accounts/1/locations/{location}/reviews/{word}", "reviewId": word, "reviewer": {
                "displayName": "A Google user" if post.author.is_anonymous else post.author.name,
                **({"isAnonymous": True} if post.author.is_anonymous else {"profilePhotoUrl": f"{self.base}/photo"})}, "starRating": STARS[post.stars]}
            if post.text:
                body["comment"] = post.text
            body.update({"createTime": iso(post.at), "updateTime": iso(post.edited or post.at)})
            if reply is not None:
                body["reviewReply"] = self.reply_dict(reply)
            data = dumps({**body, **post.raw})
            numbers = [self.world.book.element(self.name, "review", post.id, data)]
            if reply is not None:
                numbers.append(self.world.book.element(self.name, "reply", reply.id, dumps(self.reply_dict(reply))))
            post.cache = reply, data, numbers
        return post.cache[1:]

    @staticmethod
    def reply_dict(reply):
        return {"comment": reply.text, "updateTime": iso(reply.at), **reply.raw}


class GoogleBusinessApi(GoogleApi):
    def __init__(self, server):
        super().__init__(server)
        self.n_walks = 0

    def answer(self, request, path, person):
        s = self.s
        if path == "/v1/accounts":
            return Reply.json({"accounts": [{"name": "accounts/1", "accountName": person.name, "type": "LOCATION_GROUP"}]} if person.own else {})
        if path == "/v1/accounts/1/locations" and request.arg("readMask"):
            return Reply.json({"locations": [{"name": f"locations/{n}", "title": f"Shop {n}", "metadata": {} if n in s.options.get("unverified", ())
                                              else {"hasVoiceOfMerchant": True}} for n in s.places]})
        match = PATH.match(path)
        if match is None:
            return fail(404, "notFound", "NOT_FOUND") if path.startswith(("/v1/", "/v4/")) else Reply(404, b"<html>404</html>", HTML)
        location, word, reply = match.groups()
        if not person.own:
            return fail(403, "forbidden", "PERMISSION_DENIED", "The caller does not have permission")
        if location not in s.places or location in s.options.get("closed", ()):
            return fail(404, "notFound", "NOT_FOUND", "Requested entity was not found.")
        if location in s.options.get("unverified", ()):
            return fail(400, "failedPrecondition", "FAILED_PRECONDITION", "The location is not verified.")
        if word is None:
            return self.list(request, location)
        review = s.posts.get(f"{location}/{word}")
        if review is None or review.deleted:
            return fail(404, "notFound", "NOT_FOUND", "Requested entity was not found.")
        if reply:
            return self.write(request, review, person) if request.method == "PUT" else fail(405, "httpMethodNotAllowed", "INVALID_ARGUMENT")
        data, numbers = s.element(review)
        return Reply(200, data, els=numbers)

    def write(self, request, review, person):
        s, text = self.s, request.form().get("comment", "")
        if not text or len(text.encode()) > MOST_BYTES:
            return fail(400, "invalid", "INVALID_ARGUMENT", "Reply comment is empty or too long.")
        reply = s.reply_of(review)
        if reply is None or reply.text != text:
            ident = s.world.do({"op": "post", "server": s.name, "author": person.key, "text": text, "parent": review.id, "via": "api"})["id"]
            reply = s.posts[ident]
        data = dumps(s.reply_dict(reply))
        return Reply(200, data, els=[s.world.book.element(s.name, "reply", reply.id, data)])

    def list(self, request, location):
        s, below = self.s, (10**18, 10**9)
        if request.arg("pageToken"):
            below = place_of(request.arg("pageToken"), location)
            if below is None:
                return fail(400, "invalid", "INVALID_ARGUMENT", "Invalid page token")
        else:
            self.n_walks += 1
        every = [p for p in s.posts.values() if not p.parent_id and not p.deleted and p.id.startswith(location + "/")]
        found = sorted((p for p in every if (p.edited or p.at, p.seq) < below), key=lambda p: (p.edited or p.at, p.seq), reverse=True)
        size = min(int(request.arg("pageSize", "50")), s.options.get("page", 50))
        page, misses = found[:size], s.options.get("page_two_misses")
        shown = [p for p in page if not misses or not request.arg("pageToken") or (p.seq + self.n_walks) % misses]
        head = {"averageRating": 3.5, "totalReviewCount": len(every)} if every else {}
        if len(found) > size:
            head["nextPageToken"] = token_of(location, page[-1].edited or page[-1].at, page[-1].seq)
        if not every:
            return Reply.json(head)
        made = [s.element(p) for p in shown]
        return Reply.page(dumps(head)[:-1] + b',"reviews":[', [m[0] for m in made], b"]}", [m[1][0] for m in made] + [n for m in made for n in m[1][1:]])
