"""A simulated Hacker News: the search below /h/NAME/api/v1/…, the official interface below /h/NAME/v0/….

What has no parent is a story. The search matches loosely without quotation marks, gives a thousand hits a question at most, and its
index may be behind (`lag_s`); what is deleted drops out of it, the official interface says so. Nobody can write here. Post fields: `title`,
`url`, `type` (story, comment, poll, pollopt), `dead`. Options: `hits_most` (1000)."""
import re

from people import Post, iso
from wire import HTML, Reply, dumps
from world import Server


def to_html(text):
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&#x27;").replace("/", "&#x2F;")
    return text.replace("\n\n", "<p>").replace("\n", " ")


class Hackernews(Server):
    kind = "hackernews"

    def __init__(self, world, name, op):
        self.n_items = 40_000_000
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/h/{self.name}"

    def profile_url(self, person):
        return f"https://news.ycombinator.com/user?id={person.handle}"

    def settle(self, person, op):
        person.id = op["id"] = person.handle

    def grant(self, person, op):
        return {}

    def set_tokens(self, person, state, op):
        pass

    def new_post(self, op):
        t = op["t"]
        parent = self.post_of(op["parent"]) if op.get("parent") is not None else None
        self.n_items += 1
        ident = op.get("id") or str(self.n_items)
        post = Post(self, op.get("key", ident), ident, self.person(op["author"]), op["text"], self.world.time_of(op), t)
        post.parent_id, post.story = (None, ident) if parent is None else (parent.id, parent.story)
        post.sort, post.spoiler = op.get("type", "story" if parent is None else "comment"), op.get("title", "")
        post.url, post.is_dead, post.raw, post.via = op.get("url"), bool(op.get("dead")), op.get("raw", {}), op.get("via", "person")
        post.visible_at = t + self.lag_ms
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
        post.is_dead = op.get("dead", post.is_dead)
        post.stale()
        return {"id": post.id}

    # ---- rendering
    def hit(self, post):
        is_story = post.parent_id is None
        words = to_html(post.text)
        return {"objectID": post.id, "author": post.author.handle, "comment_text": None if is_story else words,
                "story_text": words if is_story else None, "title": (post.spoiler or "A story") if is_story else None, "url": post.url,
                "created_at": iso(post.at), "created_at_i": post.at // 1000, "points": 1, "num_comments": len(post.replies) if is_story else None,
                "story_id": None if is_story else int(post.story), "parent_id": None if is_story else int(post.parent_id),
                "_tags": [post.sort, f"author_{post.author.handle}", f"story_{post.story}"], **post.raw}

    def item(self, post):
        """As the official interface has it."""
        if post.deleted:
            return {"id": int(post.id), "deleted": True, "type": post.sort, "time": post.at // 1000}
        body = {"id": int(post.id), "by": post.author.handle, "text": to_html(post.text), "time": post.at // 1000, "type": post.sort,
                "kids": [int(i) for i in post.replies]}
        if post.parent_id:
            body["parent"] = int(post.parent_id)
        else:
            body.update({"title": post.spoiler or "A story", "url": post.url or "", "score": 1})
        if post.is_dead:
            body["dead"] = True
        return {**body, **post.raw}

    def node(self, post):
        """As the search has it, without what is below."""
        return {"id": int(post.id), "created_at": iso(post.at), "created_at_i": post.at // 1000, "type": post.sort, "author": post.author.handle,
                "text": to_html(post.text), "title": (post.spoiler or "A story") if post.parent_id is None else None, "points": 1,
                "parent_id": int(post.parent_id) if post.parent_id else None, "story_id": int(post.story), **post.raw, "children": []}

    def element(self, post, shape):
        if not isinstance(post.cache, dict):
            post.cache = {}
        if shape not in post.cache:
            data = dumps(getattr(self, shape)(post))
            kind = "deletion" if post.deleted or post.is_dead else "comment" if post.parent_id else "post"
            post.cache[shape] = (data, self.world.book.element(self.name, kind, post.id, data))
        return post.cache[shape]


class HackernewsApi:
    def __init__(self, server):
        self.s = server

    def handle(self, request, path):
        s = self.s
        request.viewer = next((p.key for p in s.people.values() if p.own), "")
        if request.method != "GET":
            return Reply(405, b"no", "text/plain")
        if not s.take_rate("ip", s.rate_limit or 10**9, 3600)[3]:
            return Reply(429, b"", "text/plain")
        if path == "/api/v1/search_by_date":
            return self.search(request)
        match = re.fullmatch(r"/(api/v1/items/(\d+)|v0/item/(\d+)\.json)", path)
        if match is None:
            return Reply(404, b"<html>Not Found</html>", HTML)
        post = s.posts.get(match[2] or match[3])
        if match[3]:
            if post is None:
                return Reply(200, b"null")
            data, el = s.element(post, "item")
            return Reply(200, data, els=[el])
        if post is None or post.deleted or post.is_dead or post.visible_at > s.world.now_ms():
            return Reply.json({"status": 404, "error": "Not Found"}, 404)
        els = []
        return Reply(200, self.tree(post, els), els=els)

    def tree(self, post, els):
        data, el = self.s.element(post, "node")
        els.append(el)
        below = [self.s.posts[i] for i in post.replies]
        inner = b",".join(self.tree(p, els) for p in below if not p.deleted and not p.is_dead)
        return data[:-2] + inner + b"]}" if data.endswith(b'"children":[]}') else data

    @staticmethod
    def is_tagged(tags, post):
        """"comment,(story_1,story_2)": all of the list, one of each bracket."""
        own = {post.sort, f"author_{post.author.handle}", f"story_{post.story}"}
        for bracket, plain in re.findall(r"\(([^)]*)\)|([^,()]+)", tags):
            if not own & set((bracket or plain).split(",")):
                return False
        return True

    def search(self, request):
        s, now = self.s, self.s.world.now_ms()
        query, tags = (request.arg("query") or "").lower(), request.arg("tags") or ""
        words = [query.strip('"')] if query.startswith('"') else query.split()
        low, high = 0, 10**12
        for name, sign, value in re.findall(r"(\w+)(>=|<=|>|<)(\d+)", request.arg("numericFilters") or ""):
            low = max(low, int(value) + (sign == ">")) if sign[0] == ">" else low
            high = min(high, int(value) - (sign == "<")) if sign[0] == "<" else high
        found = [p for p in s.posts.values() if not p.deleted and not p.is_dead and p.visible_at <= now and low <= p.at // 1000 <= high
                 and self.is_tagged(tags, p) and all(w in f"{p.spoiler} {p.text} {p.url}".lower() for w in words)]
        found.sort(key=lambda p: (-(p.at // 1000), -p.seq))
        n_hits, found = len(found), found[:s.options.get("hits_most", 1000)]
        size, page = min(int(request.arg("hitsPerPage", "20")), 1000), int(request.arg("page", "0"))
        parts = [s.element(p, "hit") for p in found[page * size:(page + 1) * size]]
        after = b'],"nbHits":%d,"page":%d,"nbPages":%d,"hitsPerPage":%d}' % (n_hits, page, -(-len(found) // size), size)
        return Reply.page(b'{"hits":[', [d for d, _ in parts], after, [e for _, e in parts])
