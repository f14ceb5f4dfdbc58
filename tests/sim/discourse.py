"""A simulated Discourse forum at /d/NAME, with the parts of its API that a user with a key needs.

/posts.json shows the fifty newest posts up to `before`; with the option `window`, as old ones do, what has an id in that window below it, so
a page may be empty in the middle. The topic goes with its first post. An edit counts `version`; a new post
that is like one of ours from the last day is refused; what is deleted answers 404. A post's id is what answerd calls it: TOPIC/NUMBER or
pm:TOPIC/NUMBER. Post fields: `title` (of a new topic), `to` (key: a new private message to that person), `held_s` (shown only after so
many seconds), `type` (4 is a whisper). Options: `window`, `approve` (posts by key are held for approval), `least` (20), `no_directs`
(the key may not read them), `closed` (topics that take no more posts)."""
import html
import re

from people import LINK, NAME, Post, iso
from wire import HTML, Reply, dumps
from world import Server

TOPIC = re.compile(r"/t/(\d+)(/posts)?\.json$")
BY_NUMBER = re.compile(r"/posts/by_number/(\d+)/(\d+)\.json$")
USER = re.compile(r"/u/([^/]+)\.json$")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class Topic:
    def __init__(self, number, title, private):
        self.id, self.title, self.private = number, title, private
        self.people, self.posts = set(), []


class Discourse(Server):
    kind = "discourse"

    def __init__(self, world, name, op):
        self.n_ids = self.n_topics = self.n_users = 0
        self.topics, self.by_number = {}, {}
        self.all = []               # posts, their numbers growing
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/d/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/u/{person.handle}"

    # ---- people
    def settle(self, person, op):
        self.n_users += 1
        person.id = op["id"] = str(person.id or self.n_users)

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = f"key{len(self.tokens)}-{self.name}-{person.key}"
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": token}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    # ---- posts
    def new_post(self, op):
        author = self.person(op["author"])
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
            topic = parent.record
        else:
            parent = None
            self.n_topics += 1
            topic = self.topics[self.n_topics] = Topic(self.n_topics, op.get("title", op["text"][:40]), bool(op.get("to")))
            topic.people |= {op["to"]} if op.get("to") else set()
        topic.people.add(author.key)
        self.n_ids += 1
        number = len(topic.posts) + 1
        ident = op.get("id") or f"{'pm:' if topic.private else ''}{topic.id}/{number}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], self.world.time_of(op), op["t"])
        topic.posts.append(post)
        self.all.append(post)
        post.record, post.cid, post.quote = topic, self.n_ids, number
        post.parent_id = None if parent is None else parent.id
        post.mentions = self.names_in(post.text)
        post.visibility = "private" if topic.private else "public"
        post.visible_at = op["t"] + self.lag_ms + int(1000 * op.get("held_s", 0))
        post.html, post.raw, post.via, post.application = op.get("html"), op.get("raw", {}), op.get("via", "person"), op.get("type", 1)
        post.likes = 1              # its version
        return post

    def notify(self, post, op):
        pass

    def edit(self, post, op):
        post.text, post.html, post.edited = op.get("text", post.text), op.get("html"), self.world.time_of(op)
        post.likes += 1
        post.stale()
        return {"id": post.id}

    def forget(self, post):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def sees(self, viewer, post):
        return not post.deleted and not post.record.posts[0].deleted and post.visible_at <= self.world.now_ms() and (not post.record.private or viewer.key in post.record.people)

    # ---- rendering
    def cooked(self, text):
        def name(match):
            person = self.find_handle(match[1])
            return f'<a class="mention" href="/u/{person.handle.lower()}">@{person.handle}</a>' if person else match[0]
        text = html.escape(ESCAPED.sub(r"\1", html.unescape(text)), quote=False)
        text = LINK.sub(lambda m: f'<a href="{m[0]}">{m[0]}</a>', NAME.sub(name, text))
        return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))

    def post_bytes(self, post, titled=True):
        """One post; its title stands in lists only, as in the real one."""
        author, parent = post.author, self.posts.get(post.parent_id)
        found = {"id": post.cid, "name": author.name, "username": author.handle, "created_at": iso(post.at),
                 "cooked": post.html if post.html is not None else self.cooked(post.text), "post_number": post.quote,
                 "post_type": post.application, "updated_at": iso(post.edited or post.at), "reply_count": len(post.replies),
                 "reply_to_post_number": parent.quote if parent is not None and parent.quote > 1 else None, "topic_id": post.record.id,
                 "topic_slug": "a-topic", "category_id": 1, "version": post.likes, "raw": post.text, "user_id": int(author.id),
                 "actions_summary": [{"id": 2, "count": 1}], "staff": bool(author.own), "hidden": False, "deleted_at": None}
        if parent is not None and parent.quote > 1:
            found["reply_to_user"] = {"username": parent.author.handle, "name": parent.author.name}
        if titled:
            found["topic_title"] = post.record.title
        data = dumps({**found, **post.raw})
        if post.cache != data:
            post.cache = data
            post.el = self.world.book.element(self.name, "direct" if post.record.private else "post", post.id, data)
        return data


class DiscourseApi:
    def __init__(self, server):
        self.s = server

    @staticmethod
    def fail(status, kind, words, **more):
        return Reply.json({"errors": [words], "error_type": kind, **more}, status)

    def missing(self):
        return self.fail(404, "not_found", "The requested URL or resource could not be found.")

    def handle(self, request, path):
        entry = self.s.tokens.get(request.headers.get("api-key") or request.headers.get("user-api-key"))
        if entry is None or entry[1] != "ok" or request.headers.get("api-username", entry[0].handle).lower() != entry[0].handle.lower():
            return self.fail(403, "invalid_access", "You are not permitted to view the requested resource. The API username or key is invalid.")
        viewer = entry[0]
        request.viewer = viewer.key
        if not self.s.take_rate(viewer.key, self.s.rate_limit or 10**9)[3]:
            return self.fail(429, "rate_limit", "You've performed this action too many times.", extras={"wait_seconds": 2})
        if path == "/posts.json" and request.method == "POST":
            return self.create(request, viewer)
        if path in ("/posts.json", "/private-posts.json"):
            return self.latest(request, viewer, path.startswith("/private"))
        topic, one, user = TOPIC.match(path), BY_NUMBER.match(path), USER.match(path)
        if topic:
            return self.topic(request, viewer, self.s.topics.get(int(topic[1])), bool(topic[2]))
        if one:
            return self.by_number(viewer, self.s.topics.get(int(one[1])), int(one[2]))
        if user:
            person = self.s.find_handle(user[1])
            return self.missing() if person is None else Reply.json(
                {"user": {"id": int(person.id), "username": person.handle, "name": person.name}})
        return Reply(404, b"<!DOCTYPE html><title>404</title>", HTML)

    def latest(self, request, viewer, private):
        s = self.s
        if private and s.options.get("no_directs"):
            return self.fail(403, "invalid_access", "You are not permitted to view the requested resource.")
        top = int(request.arg("before", "0") or 0)
        top = top if top > 0 else s.n_ids
        window = s.options.get("window")
        found = [p for p in s.all[max(top - window, 0) if window else 0:top] if p.record.private == private and s.sees(viewer, p)][-50:]
        found.sort(key=lambda p: (p.at, p.cid) if window else p.cid, reverse=True)
        parts = [s.post_bytes(p) for p in found]
        return Reply.page(b'{"private_posts":[' if private else b'{"latest_posts":[', parts, b"]}", [p.el for p in found])

    def topic(self, request, viewer, topic, some):
        s = self.s
        seen = [p for p in topic.posts if s.sees(viewer, p)] if topic is not None else []
        if not seen:
            return self.missing()
        wanted = [int(i) for i in request.args().get("post_ids[]", ())]
        found = [p for p in seen if p.cid in wanted][:20] if some else seen[:20]
        head = dumps({"id": topic.id, "title": topic.title, "archetype": "private_message" if topic.private else "regular"})[:-1]
        stream = b"" if some else b',"stream":' + dumps([p.cid for p in seen])
        parts = [s.post_bytes(p, titled=False) for p in found]
        return Reply.page(head + b',"post_stream":{"posts":[', parts, b"]" + stream + b"}}", [p.el for p in found])

    def by_number(self, viewer, topic, number):
        if topic is None or number > len(topic.posts) or not self.s.sees(viewer, topic.posts[number - 1]):
            return self.missing()
        post = topic.posts[number - 1]
        return Reply(200, self.s.post_bytes(post, titled=False), els=[post.el])

    def create(self, request, viewer):
        s, form = self.s, request.form()
        raw, topic = (form.get("raw") or "").strip(), s.topics.get(form.get("topic_id"))
        if topic is None or not any(s.sees(viewer, p) for p in topic.posts):
            return self.missing()
        if topic.id in s.options.get("closed", ()):
            return self.fail(403, "invalid_access", "You are not permitted to view the requested resource.")
        least = min(s.options.get("least", 20), 10) if topic.private else s.options.get("least", 20)
        if len(raw) < least:
            return Reply.json({"action": "create_post", "errors": [f"Body is too short (minimum is {least} characters)"]}, 422)
        if any(p.author is viewer and p.text == raw and not p.deleted and p.arrived > s.world.now_ms() - 86400_000 for p in s.all):
            return Reply.json({"action": "create_post", "errors": ["Body is too similar to what you recently posted"]}, 422)
        if s.options.get("approve"):
            return Reply.json({"success": True, "action": "enqueued", "pending_post": {"id": 1, "raw": raw}})
        number = form.get("reply_to_post_number") or 1
        if number > len(topic.posts):
            return Reply.json({"action": "create_post", "errors": ["The post you are replying to does not exist"]}, 422)
        op = {"op": "post", "server": s.name, "author": viewer.key, "text": raw, "parent": topic.posts[number - 1].id, "via": "api"}
        post = s.posts[s.world.do(op)["id"]]
        return Reply(200, s.post_bytes(post, titled=False), els=[post.el])
