"""A simulated Facebook page at /fb/NAME, with the parts of the Graph API that its owner needs; what it shares with Meta's other networks
and the options of both are in graph.py.

The first person with `own` is the page. A post without a parent is the page's own, or a visitor's on the page; with `tagged` it stands on
its author's own wall and names the page; `review` (positive, negative) makes it a recommendation; `to` (a person) a message of
Messenger. Comments have two levels: what answers a reply hangs below the comment on top, as there. `held` hides a comment. What is said by
a person who is `hidden` has no `from`. Ids are what answerd calls them: post:PAGE_N, PAGE_N/N_M, review:N; a message's is bare."""
import re

from graph import GraphApi, GraphServer, Refusal, gone, stamp
from wire import Reply

EDGE = re.compile(r"^/([\w.-]+)/(\w+)$")
NODE = re.compile(r"^/([\w.-]+)$")
LISTS = {"published_posts": "own", "visitor_posts": "visitor", "tagged": "tagged", "ratings": "review"}


class Facebook(GraphServer):
    kind, letters = "facebook", "fb"

    def new_post(self, op):
        if op.get("to") is not None:
            return self.new_direct(op)
        author = self.person(op["author"])
        if op.get("parent") is not None:
            return self.new_comment(op, self.post_of(op["parent"]))
        n = self.new_number(op)
        if op.get("review"):
            post = self.made(op, f"review:{n}", str(n), None, "review")
            post.spoiler = op["review"]
            return post
        owner = author if op.get("tagged") else self.page()
        kind = "tagged" if op.get("tagged") else "own" if author.own else "visitor"
        return self.made(op, f"post:{owner.id}_{n}", f"{owner.id}_{n}", None, kind)

    def new_comment(self, op, parent):
        top = parent.record
        if parent is not top and parent.parent_id != top.id:
            parent = self.posts[parent.parent_id]       # of two levels
        number = top.cid.rpartition("_")[2]
        node = f"{number}_{self.new_number(op)}"
        return self.made(op, ("review:" if top.quote == "review" else "") + f"{top.cid}/{node}", node, parent, "comment")

    # ---- rendering
    def comment(self, post):
        value = {"id": post.cid, "created_time": stamp(post.at), "message": post.text, "permalink_url": f"{self.base}/{post.record.cid}?comment_id={post.cid}",
                 "comment_count": len(post.replies), "is_hidden": post.hidden, "can_comment": True, "can_hide": True, "can_reply_privately": True}
        if post.parent_id != post.record.id:
            value["parent"] = {"id": self.posts[post.parent_id].cid}
        return self.element(post, self.signed(post, value))

    def signed(self, post, value):
        if self.who(post.author):
            value["from"] = self.who(post.author)
        if post.mentions:
            value["message_tags"] = [{"id": p.id, "name": p.name, "type": "user", "offset": 0, "length": 1} for p in post.mentions]
        return value

    def updated(self, post):
        return max([post.at, post.edited or 0] + [c.visible_at for c in self.descendants(post) if c.visible_at <= self.world.now_ms()])

    def summary(self, post):
        return {"data": [], "summary": {"order": "ranked", "total_count": len(self.below(post)), "can_comment": True}}

    def top(self, post, counted=True):
        if post.quote == "review":
            value = {"created_time": stamp(post.at), "recommendation_type": post.spoiler, "has_review": True, "review_text": post.text,
                     "open_graph_story": {"id": post.cid, "comments": self.summary(post)}}
            if self.who(post.author):
                value["reviewer"] = self.who(post.author)
            return self.element(post, value)
        value = {"id": post.cid, "created_time": stamp(post.at), "updated_time": stamp(self.updated(post)), "message": post.text,
                 "permalink_url": f"{self.base}/{post.cid}", "status_type": "mobile_status_update"}
        if counted:
            value["comments"] = self.summary(post)
        return self.element(post, self.signed(post, value))


class FacebookApi(GraphApi):
    def answer(self, request, path, viewer, given):
        s, edge, node = self.s, EDGE.match(path), NODE.match(path)
        if request.method == "POST" and edge:
            return self.send(request, given, viewer) if edge[2] == "messages" else self.create(given, viewer, edge[1])
        if edge and edge[2] in LISTS:
            return self.tops(request, path, given, viewer, edge[2])
        if edge and edge[2] == "conversations":
            return self.conversations(request, path, given)
        if edge and edge[2] == "messages":
            return self.messages(request, path, given, edge[1])
        if edge and edge[2] == "comments":
            return self.comments(request, path, given, viewer, edge[1])
        if node:
            return self.node(given, viewer, node[1])
        raise Refusal(2500, "Unknown path components")

    def page_only(self, viewer):
        if not viewer.own:
            raise Refusal(100, "Tried accessing nonexisting field (category) on node type (User)")

    def tops(self, request, path, given, viewer, edge):
        self.page_only(viewer)
        s = self.s
        found = [p for p in s.posts.values() if p.parent_id is None and p.quote == LISTS[edge] and s.is_shown(p)]
        found.sort(key=lambda p: (p.at, p.seq), reverse=True)
        return self.list(request, path, given, found, s.top)

    def seen(self, ident):
        post = self.s.by_node.get(ident)
        if post is None or not self.s.is_shown(post):
            raise gone(ident)
        return post

    def comments(self, request, path, given, viewer, ident):
        s, post = self.s, self.seen(ident)
        since = int(given.get("since", "0") or 0) * 1000
        found = s.below(post, since) if viewer.own else []  # a person's token: empty, and no error
        if given.get("filter") != "stream":
            found = [c for c in found if c.parent_id == post.id]
        if given.get("order") != "reverse_chronological":
            found.reverse()
        return self.list(request, path, given, found, s.comment)

    def node(self, given, viewer, ident):
        s, fields = self.s, given.get("fields", "id")
        if ident in ("me", s.page().id):
            if ident == "me":
                who = viewer
            else:
                who = s.page()
            if "access_token" in fields:
                token = next((t for t, e in s.tokens.items() if e[0] is s.page() and e[1] == "ok"), None)
                if ident == "me":
                    self.page_only(viewer)
                return Reply.json({"id": who.id, "access_token": token})
            self.page_only(who)
            return Reply.json({"id": who.id, "name": who.name, "category": "Bakery"})
        post = self.seen(ident)
        if post.quote == "direct":
            raise gone(ident)           # older ones are said to be deleted, and these are not asked for alone
        if post.quote == "comment":
            return Reply(200, s.comment(post), els=[post.el])
        data = s.top(post, counted=False)
        return Reply(200, data, els=[post.el])

    def create(self, given, viewer, ident):
        s, parent, text = self.s, self.seen(ident), (given.get("message") or "").strip()
        if not text:
            raise Refusal(100, "Param message must be a valid UTF-8 string")
        if parent.hidden:
            raise Refusal(1705, "There was an error posting to this wall")
        if len(text) > s.options.get("most", 8000):
            raise Refusal(100, "The message is too long")
        made = s.world.do({"op": "post", "server": s.name, "author": viewer.key, "text": text, "parent": parent.id, "via": "api"})
        return Reply.json({"id": s.posts[made["id"]].cid})
