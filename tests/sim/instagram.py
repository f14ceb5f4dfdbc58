"""A simulated Instagram account at /ig/NAME; what it shares with Meta's other networks and the options of both are in graph.py.

The first person with `own` is the account. A post without a parent is a medium of ours, or with `tagged` somebody else's that tags us; `to`
(a person) is a direct message. Comments have two levels. `held` hides a comment; what a `hidden` person says has a name and no `from`. Ids
are what answerd calls them: media:N, N/M; a message's is bare. Options too: `unpaged` (fifty comments, and no next page), `young` (the
token cannot be renewed yet)."""
import re

from graph import GraphApi, GraphServer, Refusal, gone, stamp
from wire import Reply

EDGE = re.compile(r"^/([\w.-]+)/(\w+)$")
NODE = re.compile(r"^/([\w.-]+)$")


class Instagram(GraphServer):
    kind, letters = "instagram", "ig"

    def new_post(self, op):
        if op.get("to") is not None:
            return self.new_direct(op)
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
            if parent is not parent.record and parent.parent_id != parent.record.id:
                parent = self.posts[parent.parent_id]       # of two levels
            node = str(18_000_000 + self.new_number(op))
            return self.made(op, f"{parent.record.cid}/{node}", node, parent, "comment")
        node = str(17_000_000 + self.new_number(op))
        return self.made(op, f"media:{node}", node, None, "tagged" if op.get("tagged") else "own")

    def one(self, post):
        value = {"id": post.cid, "text": post.text, "timestamp": stamp(post.at), "username": post.author.handle, "hidden": post.hidden, "like_count": 0}
        if self.who(post.author):
            value["from"] = self.who(post.author, "username")
        if post.parent_id != post.record.id:
            value["parent_id"] = self.posts[post.parent_id].cid
        return self.element(post, value)

    def replies(self, post):
        found = [self.posts[i] for i in post.replies]
        return sorted((c for c in found if self.is_shown(c)), key=lambda c: (c.at, c.seq))

    def comment(self, post):
        """A comment with its replies in it."""
        data, below = self.one(post), self.replies(post)
        if not below:
            return data
        shown = b",".join(self.one(c) for c in below[:50])
        more = b',"paging":{"cursors":{"after":"QVR"},"next":"https://graph.instagram.com/v25.0/x/replies?after=QVR"}' if len(below) > 50 else b""
        return data[:-1] + b',"replies":{"data":[' + shown + b"]" + more + b"}}"

    def medium(self, post):
        return self.element(post, {"id": post.cid, "caption": post.text, "media_type": "IMAGE", "permalink": f"{self.base}/p/{post.cid}/",
                                   "timestamp": stamp(post.at), "username": post.author.handle, "comments_count": len(self.below(post))})


class InstagramApi(GraphApi):
    name_field = "username"

    def answer(self, request, path, viewer, given):
        s, edge, node = self.s, EDGE.match(path), NODE.match(path)
        if request.method == "POST" and edge:
            if edge[2] == "messages":
                if len(given["message"].encode()) > 1000 + 11 + given["message"].count('\\"'):
                    raise Refusal(100, "The text is longer than 1000 bytes")
                return self.send(request, given, viewer)
            return self.create(given, viewer, edge[1], edge[2])
        if edge and edge[2] in ("media", "tags"):
            kind = "own" if edge[2] == "media" else "tagged"
            found = [p for p in s.posts.values() if p.parent_id is None and p.quote == kind and s.is_shown(p)]
            return self.list(request, path, given, sorted(found, key=lambda p: (p.at, p.seq), reverse=True), s.medium)
        if edge and edge[2] == "conversations":
            return self.conversations(request, path, given)
        if edge and edge[2] == "messages":
            return self.messages(request, path, given, edge[1])
        if edge and edge[2] == "comments":
            return self.comments(request, path, given, self.seen(edge[1]))
        if edge and edge[2] == "replies":
            return self.list(request, path, given, s.replies(self.seen(edge[1])), s.one, most=50)
        if node and node[1] == "me":
            return Reply.json({"user_id": viewer.id, "id": "9" + viewer.id, "username": viewer.handle, "name": viewer.name})
        if node and node[1] == s.page().id:         # by Facebook: the account by its number
            return Reply.json({"id": s.page().id, "username": s.page().handle, "name": s.page().name})
        if node:
            post = self.seen(node[1])
            data = s.medium(post) if post.parent_id is None else s.comment(post) if "replies" in given.get("fields", "") else s.one(post)
            return Reply(200, data, els=[post.el])
        raise Refusal(2500, "Unknown path components")

    def seen(self, ident):
        post = self.s.by_node.get(ident)
        if post is None or post.quote == "direct" or not self.s.is_shown(post):
            raise gone(ident)
        return post

    def comments(self, request, path, given, medium):
        s = self.s
        found = [c for c in s.below(medium) if c.parent_id == medium.id]
        if s.options.get("unpaged"):
            found = found[:50]
        reply = self.list(request, path, given, found, s.comment, most=50)
        reply.els = list(reply.els) + [r.el for c in found for r in s.replies(c)[:50] if r.el is not None]
        return reply

    def create(self, given, viewer, ident, edge):
        s, text = self.s, (given.get("message") or "").strip()
        parent = self.seen(given.get("media_id") if edge == "mentions" else ident)
        if not text or len(text) > 2200:
            raise Refusal(100, "The comment is empty or too long")
        if parent.hidden:
            raise Refusal(100, "This comment is hidden and cannot be replied to", 2207051)
        made = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api"})
        return Reply.json({"id": s.posts[made["id"]].cid})
