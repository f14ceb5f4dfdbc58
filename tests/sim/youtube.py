"""A simulated YouTube: one channel's videos, comments and replies, below /y/NAME/youtube/v3/…, and sessions at /y/NAME/token (google.py).

Threads go by the time of their top-level comment, the newest first; a new reply moves none up, and a thread shows its first `shown` (2) replies
only. There is one level of replies: who answers a reply stands below the thread. Times have whole seconds. A comment read by its id does not say
whether it is held back. Nothing makes a reply unique. Post fields: `status` (published, heldForReview, likelySpam, rejected), `deleted_account`
(the author's channel is gone), `title` of a video. Options: `page` the most elements a list gives (100) · `shown` · `disabled` (ids of videos
without comments) · `quota` units (a list costs 1, an insert 50)."""
import hashlib

from google import GoogleApi, GoogleServer, fail, place_of, token_of
from people import Post, iso
from wire import HTML, Reply, dumps

MOST = 10_000


class Youtube(GoogleServer):
    kind = "youtube"

    @property
    def base(self):
        return f"{self.world.base}/y/{self.name}"

    def profile_url(self, person):
        return f"http://www.youtube.com/@{person.handle}"

    @property
    def channel(self):
        return next((p.id for p in self.people.values() if p.own), "UCnobody")

    def settle(self, person, op):
        if person.id is None:
            person.id = "UC" + hashlib.sha256(f"{self.name}/{person.key}".encode()).hexdigest()[:22]
        op["id"] = person.id

    # ---- videos and comments
    def new_post(self, op):
        t, parent = op["t"], None
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
        self.n_ids = op["number"] = op.get("number") or self.n_ids + 1
        unique = f"{self.n_ids:06d}" + hashlib.sha256(f"{self.name}/{self.n_ids}".encode()).hexdigest()[:14]
        if parent is None:
            ident, parent_id = f"video:v{unique[:10]}", None
        elif parent.parent_id is None:
            ident, parent_id = f"Ug{unique}4AaABAg", parent.id
        else:
            top = parent.id.partition(".")[0]
            ident, parent_id = f"{top}.9{unique}", top
        ident = op.get("id") or ident
        post = Post(self, op.get("key", ident), ident, self.person(op["author"]), op["text"], self.world.time_of(op), t)
        post.parent_id = parent_id
        post.record = ident if parent is None else parent.record       # the video it stands below
        post.raw, post.via = op.get("raw", {}), op.get("via", "person")
        post.spoiler, post.status = op.get("title", op["text"][:60]), op.get("status", "published")
        post.is_orphan = bool(op.get("deleted_account"))
        post.mentions = [p for p in self.names_in(post.text) if p.own]
        return post

    def edit(self, post, op):
        """`status` moves a comment between the states of moderation; that alone changes no time."""
        if "text" in op:
            post.text, post.edited = op["text"], max(self.world.time_of(op), post.at + 1000)
        post.status = op.get("status", post.status)
        post.stale()
        return {"id": post.id}

    # ---- rendering
    def snippet(self, post, with_status):
        author = post.author
        body = {"channelId": self.channel, "videoId": post.record.removeprefix("video:"), "textDisplay": post.text}
        if author.own:
            body["textOriginal"] = post.text
        if "." in post.id:
            body["parentId"] = post.parent_id
        body.update({"authorDisplayName": "@" + author.handle if author.name == author.handle else author.name,
                     "authorProfileImageUrl": f"{self.base}/photo", "authorChannelUrl": self.profile_url(author)})
        if not post.is_orphan:
            body["authorChannelId"] = {"value": author.id}
        body.update({"canRate": True, "viewerRating": "none", "likeCount": len(post.likes)})
        if with_status and post.status != "published":
            body["moderationStatus"] = post.status
        body.update({"publishedAt": iso(post.at, millis=False), "updatedAt": iso(post.edited or post.at, millis=False), **post.raw})
        return body

    def element(self, post, with_status=True):
        """Bytes, and their number in the book."""
        if post.cache is None:
            post.cache = {}
        if with_status not in post.cache:
            data = dumps({"kind": "youtube#comment", "etag": "e", "id": post.id, "snippet": self.snippet(post, with_status)})
            post.cache[with_status] = data, self.world.book.element(self.name, "comment", post.id, data)
        return post.cache[with_status]

    def below(self, post):
        """Replies that everybody sees, the oldest first."""
        found = [self.posts[i] for i in dict.fromkeys(post.replies) if i in self.posts]
        return sorted((p for p in found if self.is_shown(p)), key=lambda p: (p.at, p.seq))

    def is_shown(self, post, status="published"):
        return not post.deleted and post.status == status and post.visible_at <= self.world.now_ms()

    def thread(self, post, with_status):
        """(bytes, number of the top-level comment, numbers of the replies that it shows); its own id stands behind those of its comments."""
        top, number = self.element(post, with_status)
        replies = self.below(post)
        shown = [self.element(p, with_status) for p in replies[:self.options.get("shown", 2)]]
        data = (b'{"kind":"youtube#commentThread","etag":"t","snippet":{"channelId":"%s","videoId":"%s","topLevelComment":' % (
            self.channel.encode(), post.record.removeprefix("video:").encode()) + top
            + b',"canReply":true,"totalReplyCount":%d,"isPublic":true}' % len(replies))
        if shown:
            data += b',"replies":{"comments":[' + b",".join(s[0] for s in shown) + b"]}"
        return data + b',"id":"%s"}' % post.id.encode(), number, [s[1] for s in shown]


class YoutubeApi(GoogleApi):
    def cost(self, request):
        return 50 if request.method == "POST" else 1

    def answer(self, request, path, person):
        s, what = self.s, path.removeprefix("/youtube/v3/")
        if what == path:
            return Reply(404, b"<html>404</html>", HTML)
        if what == "comments" and request.method == "POST":
            return self.insert(request, person)
        if request.method != "GET":
            return fail(405, "httpMethodNotAllowed", "INVALID_ARGUMENT")
        if what == "channels":
            return Reply.json({"kind": "youtube#channelListResponse", "items": [{"kind": "youtube#channel", "id": person.id, "snippet": {
                "title": person.name, "customUrl": "@" + person.handle}}] if person.own else []})
        if what == "commentThreads":
            return self.threads(request, person)
        if what == "comments":
            return self.replies(request) if request.arg("parentId") else self.by_id(request)
        if what == "videos":
            return self.videos(request)
        return fail(404, "notFound", "NOT_FOUND") if s else None

    # ---- lists
    def threads(self, request, person):
        s = self.s
        if request.arg("id"):
            found = [s.posts[i] for i in request.arg("id").split(",") if i in s.posts and not s.posts[i].deleted]
            return self.page("commentThreadListResponse", None, [s.thread(p, False) for p in found])
        status = request.arg("moderationStatus", "published")
        if status != "published" and not person.own:
            return fail(403, "forbidden", "PERMISSION_DENIED")
        video = request.arg("videoId")
        if video is None and request.arg("allThreadsRelatedToChannelId") != s.channel:
            return fail(404, "channelNotFound", "NOT_FOUND")
        if video is not None and "video:" + video not in s.posts:
            return fail(404, "videoNotFound", "NOT_FOUND")
        if video is not None and "video:" + video in s.options.get("disabled", ()):
            return fail(403, "commentsDisabled", "PERMISSION_DENIED", "The video has disabled comments.")
        found = [p for p in s.posts.values() if p.parent_id and "." not in p.id and s.is_shown(p, status) and video in (None, p.record[6:])]
        return self.cut(request, f"{status} {video}", "commentThreadListResponse", found, lambda p: s.thread(p, True))

    def replies(self, request):
        s, top = self.s, self.s.posts.get(request.arg("parentId"))
        if top is None or top.deleted:
            return fail(404, "commentNotFound", "NOT_FOUND")
        if top.record in s.options.get("disabled", ()):
            return fail(403, "commentsDisabled", "PERMISSION_DENIED", "The video has disabled comments.")
        return self.cut(request, f"below {top.id}", "commentListResponse", s.below(top), lambda p: (*s.element(p), []))

    def by_id(self, request):
        s = self.s
        found = [s.posts[i] for i in (request.arg("id") or "").split(",") if i in s.posts and not s.posts[i].deleted and s.posts[i].status != "rejected"]
        return self.page("commentListResponse", None, [(*s.element(p, False), []) for p in found])

    def videos(self, request):
        s = self.s
        found = [s.posts[i] for i in ("video:" + n for n in request.arg("id").split(",")) if i in s.posts and not s.posts[i].deleted]
        made = []
        for p in found:
            data = dumps({"kind": "youtube#video", "etag": "v", "id": p.id.removeprefix("video:"), "snippet": {
                "publishedAt": iso(p.at, millis=False), "channelId": p.author.id, "title": p.spoiler, "description": p.text,
                "channelTitle": p.author.name, **p.raw}})
            made.append((data, s.world.book.element(s.name, "video", p.id, data), []))
        return self.page("videoListResponse", None, made)

    def cut(self, request, question, kind, found, render):
        """A page of a list, the newest first."""
        below = (10**18, 10**9)
        if request.arg("pageToken"):
            below = place_of(request.arg("pageToken"), question)
            if below is None:
                return fail(400, "invalidPageToken", "INVALID_ARGUMENT", "Invalid page token")
        found = sorted((p for p in found if (p.at, p.seq) < below), key=lambda p: (p.at, p.seq), reverse=True)
        size = min(int(request.arg("maxResults", "20")), self.s.options.get("page", 100))
        token = token_of(question, found[size - 1].at, found[size - 1].seq) if len(found) > size else None
        return self.page(kind, token, [render(p) for p in found[:size]])

    @staticmethod
    def page(kind, token, made):
        head = {"kind": "youtube#" + kind, "etag": "p", **({"nextPageToken": token} if token else {}), "pageInfo": {"resultsPerPage": len(made)}}
        return Reply.page(dumps(head)[:-1] + b',"items":[', [m[0] for m in made], b"]}",
                          [m[1] for m in made] + [n for m in made for n in m[2]])

    # ---- writing
    def insert(self, request, person):
        s, snippet = self.s, request.form().get("snippet", {})
        text, top = snippet.get("textOriginal", ""), s.posts.get(snippet.get("parentId"))
        if top is None or top.deleted or top.parent_id is None:
            return fail(404, "commentNotFound", "NOT_FOUND", "The parent comment could not be found.")
        if "." in top.id or not text:
            return fail(400, "parentIdMissing" if text else "commentTextRequired", "INVALID_ARGUMENT")
        if len(text) > MOST:
            return fail(400, "commentTextTooLong", "INVALID_ARGUMENT", "The comment text is too long.")
        if top.record in s.options.get("disabled", ()):
            return fail(403, "commentsDisabled", "PERMISSION_DENIED", "The video has disabled comments.")
        ident = s.world.do({"op": "post", "server": s.name, "author": person.key, "text": text, "parent": top.id, "via": "api"})["id"]
        data, number = s.element(s.posts[ident])
        return Reply(200, data, els=[number])
