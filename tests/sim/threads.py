"""A simulated Threads profile at /th/NAME; what it shares with Meta's other networks and the options of both are in graph.py.

The first person with `own` is the profile. Replies nest to any depth and keep their exact parent. `repost` makes a post that only repeats
another; `held` hides a reply. A list gives a cursor and no address of its next page. Ids are Graph's own numbers. Options too: `blind`
(without the right to read replies: the lists are empty, and no error), `unapproved` (a search finds only our own posts)."""
import re

from graph import GraphApi, GraphServer, Refusal, gone, stamp
from wire import Reply, dumps

EDGE = re.compile(r"^/([\w.-]+)/(\w+)$")
NODE = re.compile(r"^/([\w.-]+)$")


class Threads(GraphServer):
    kind, letters = "threads", "th"
    takes_along = False

    def new_post(self, op):
        node = str(1_800_000 + self.new_number(op))
        parent = self.post_of(op["parent"]) if op.get("parent") is not None else None
        post = self.made(op, node, node, parent, "repost" if op.get("repost") else "post")
        return post

    def one(self, post):
        value = {"id": post.cid, "text": post.text, "username": post.author.handle, "timestamp": stamp(post.at),
                 "permalink": f"{self.base}/@{post.author.handle}/post/{post.cid}", "has_replies": any(self.is_shown(self.posts[i]) for i in post.replies),
                 "media_type": "REPOST_FACADE" if post.quote == "repost" else "TEXT_POST", "is_reply": post.parent_id is not None,
                 "is_reply_owned_by_me": post.parent_id is not None and bool(post.author.own), "hide_status": "HIDDEN" if post.hidden else "NOT_HUSHED"}
        if post.parent_id is not None:
            value.update({"root_post": {"id": post.record.cid}, "replied_to": {"id": post.parent_id}})
        return self.element(post, value)


class ThreadsApi(GraphApi):
    def answer(self, request, path, viewer, given):
        s, edge, node = self.s, EDGE.match(path), NODE.match(path)
        if request.method == "POST":
            return self.create(given, viewer)

        def shown(wanted):
            return sorted((p for p in s.posts.values() if wanted(p) and s.is_shown(p)), key=lambda p: (p.at, p.seq), reverse=True)
        blind = s.options.get("blind")
        if path == "/me":
            return Reply.json({"id": viewer.id, "username": viewer.handle, "name": viewer.name})
        if path == "/me/threads":
            return self.page(request, path, given, shown(lambda p: p.author is viewer and p.parent_id is None))
        if path == "/me/replies":
            return self.page(request, path, given, shown(lambda p: p.author is viewer and p.parent_id is not None and not blind))
        if path == "/me/mentions":
            return self.page(request, path, given, shown(lambda p: viewer in p.mentions and p.author is not viewer))
        if path == "/keyword_search":
            word = given["q"].lower()
            return self.page(request, path, given, shown(lambda p: word in p.text.lower() and (p.author is viewer or not s.options.get("unapproved"))))
        if edge and edge[2] == "conversation":
            root = self.seen(edge[1])
            if root.parent_id is not None or root.author is not viewer:
                raise Refusal(10, "Application does not have permission for this action")
            return self.page(request, path, given, [] if blind else s.below(root))
        if node:
            post = self.seen(node[1])
            return Reply(200, s.one(post), els=[post.el])
        raise Refusal(2500, "Unknown path components")

    def seen(self, ident):
        post = self.s.by_node.get(ident)
        if post is None or not self.s.is_shown(post):
            raise gone(ident)
        return post

    def page(self, request, path, given, posts):
        """As graph.py makes it, but for the address of the next page."""
        reply = self.list(request, path, given, posts, self.s.one)
        if b'"next":' in reply.after:
            cursor = re.search(rb'"after":"([^"]*)"', reply.after)[1].decode()
            reply.after = b'],"paging":' + dumps({"cursors": {"before": "QVF", "after": cursor}}) + b"}"
        return reply

    def create(self, given, viewer):
        s, text = self.s, (given.get("text") or "").strip()
        parent = self.seen(given.get("reply_to_id"))
        if not text or len(text) > 500 or given.get("media_type") != "TEXT":
            raise Refusal(100, "Param text must be at most 500 characters long.")
        if given.get("auto_publish_text") != "true":
            return Reply.json({"id": "1"})
        made = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api"})
        return Reply.json({"id": made["id"]})
