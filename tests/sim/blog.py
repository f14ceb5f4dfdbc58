"""A simulated blog: posts, comments, and feeds of both that look like WordPress's.

/f/NAME/feed/ (posts) · /f/NAME/comments/feed/ (all comments) · /f/NAME/post/N/feed/ (comments of one post). Options: `format` rss,
rdf or atom · `window` entries a feed shows (10) · `validators` both, etag, modified or none · `paged` (RFC 5005 rel=next) ·
`guids` stable or changing (new ones at every answer) · `dates` rfc, none."""
import email.utils
import hashlib
import html
import re

from people import Bad, Post, iso, to_html
from wire import HTML, Reply
from world import Server

FEED = re.compile(r"/(?:(comments)/|post/(\d+)/)?feed/?$")
TYPES = {"rss": "application/rss+xml; charset=UTF-8", "rdf": "application/rdf+xml; charset=UTF-8", "atom": "application/atom+xml; charset=UTF-8"}
SPACES = ('xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
          'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:wfw="http://wellformedweb.org/CommentAPI/"')


def cdata(text):
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


class Blog(Server):
    kind = "blog"

    def __init__(self, world, name, op):
        self.n_ids = 0
        self.changed = op["t"]
        super().__init__(world, name, op)

    @property
    def base(self):
        return f"{self.world.base}/f/{self.name}"

    def profile_url(self, person):
        return f"{self.base}/author/{person.handle}"

    # ---- people have no accounts here
    def settle(self, person, op):
        person.id = op["id"] = person.id or f"person-{person.key}"

    def grant(self, person, op):
        return {}

    def set_tokens(self, person, state, op):
        raise Bad("a blog's feeds have no tokens")

    # ---- posts and comments
    def new_post(self, op):
        t, parent = op["t"], None
        if op.get("parent") is not None:
            parent = self.post_of(op["parent"])
        self.n_ids += 1
        number = self.n_ids
        root = number if parent is None else parent.record
        ident = op.get("id") or (f"{self.base}/?p={number}" if parent is None else f"{self.base}/?p={root}#comment-{number}")
        post = Post(self, op.get("key", ident), ident, self.person(op["author"]), op["text"], self.world.time_of(op), t)
        post.record, post.cid = root, number        # the blog post it belongs to; its own number
        post.parent_id = None if parent is None else parent.id
        post.html, post.raw, post.via = op.get("html"), op.get("raw", {}), op.get("via", "person")
        post.spoiler = op.get("title", "")
        post.edited = None
        self.changed = t
        return post

    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        self.changed = self.world.now_ms()

    def edit(self, post, op):
        post.text = op.get("text", post.text)
        post.html = op.get("html")
        post.edited = self.world.time_of(op)
        post.stale()
        self.changed = op["t"]
        return {"id": post.id}

    # ---- rendering
    def link(self, post):
        return f"{self.base}/post/{post.record}/" + (f"#comment-{post.cid}" if post.parent_id else "")

    def content(self, post):
        body = post.html if post.html is not None else to_html(post.text, self)
        above = self.posts.get(post.parent_id)
        if above is not None and above.parent_id:
            name = html.escape(above.author.name)
            body = f'<p>In reply to <a href="{html.escape(self.link(above))}">{name}</a>.</p>\n{body}'
        return body

    def title(self, post):
        if post.parent_id is None:
            return post.spoiler or post.text[:40]
        return f"Comment on a post by {post.author.name}"

    def entry(self, post, guid):
        """One entry of a feed, as text."""
        if "xml" in post.raw:
            return post.raw["xml"]
        form = self.options.get("format", "rss")
        title, body, link, name = map(html.escape, (self.title(post), self.content(post), self.link(post), post.author.name))
        dated = self.options.get("dates", "rfc") != "none"
        replies = f"{self.base}/post/{post.record}/feed/"
        if form == "atom":
            when = f"<updated>{iso(post.edited or post.at)}</updated><published>{iso(post.at)}</published>" if dated else ""
            above = f'<thr:in-reply-to ref="{html.escape(post.parent_id)}" type="text/html"/>' if post.parent_id else \
                f'<link rel="replies" type="application/atom+xml" href="{replies}"/>'
            return (f'<entry><author><name>{name}</name></author><title type="html">{html.escape(title)}</title><link rel="alternate" '
                    f'type="text/html" href="{link}"/><id>{html.escape(guid)}</id>{when}{above}<content type="html">{body}</content></entry>')
        if form == "rdf":
            when = f"<dc:date>{iso(post.at, millis=False)}</dc:date>" if dated else ""
            return (f'<item rdf:about="{html.escape(guid)}"><title>{title}</title><link>{link}</link>{when}<dc:creator>{name}</dc:creator>'
                    f"<content:encoded>{cdata(self.content(post))}</content:encoded></item>")
        when = f"<pubDate>{email.utils.formatdate(post.at / 1000)}</pubDate>" if dated else ""
        below = "" if post.parent_id else f"<wfw:commentRss>{replies}</wfw:commentRss>"
        return (f"<item><title>{title}</title><link>{link}</link><dc:creator>{cdata(post.author.name)}</dc:creator>{when}"
                f'<guid isPermaLink="false">{html.escape(guid)}</guid><description>{cdata(self.content(post))}</description>'
                f"<content:encoded>{cdata(self.content(post))}</content:encoded>{below}</item>")

    def head(self, title, path, later):
        form = self.options.get("format", "rss")
        here = f"{self.base}{path}"
        older = f'<atom:link rel="next" href="{here}?paged={later}"/>' if later else ""
        if form == "atom":
            return (f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
                    f'xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="en-GB"><title>{title}</title><id>{here}</id>'
                    + older.replace("atom:", "")), "</feed>\n"
        if form == "rdf":
            return (f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns="http://purl.org/rss/1.0/" '
                    f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {SPACES}><channel rdf:about="{here}"><title>{title}</title>'
                    f"<link>{self.base}</link><description/>{older}</channel>\n"), "</rdf:RDF>\n"
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {SPACES}>\n<channel><title>{title}</title>'
                f"<link>{self.base}</link><description/><language>en-GB</language>{older}\n"), "</channel></rss>\n"


class BlogApi:
    def __init__(self, server):
        self.s = server
        self.n_answers = 0

    def handle(self, request, path):
        match = FEED.match(path)
        if match is None or request.method != "GET":
            return Reply(404, b"<!DOCTYPE html><title>404</title>", HTML)
        return self.feed(request, path, bool(match[1]), match[2])

    def feed(self, request, path, comments, number):
        s = self.s
        size = int(s.options.get("window", 10))
        page = int(request.arg("paged", "1") or 1)
        found = [p for p in s.posts.values() if not p.deleted and bool(p.parent_id) == (comments or number is not None)
                 and (number is None or p.record == int(number))]
        found.sort(key=lambda p: (p.arrived, p.seq), reverse=True)
        later = page + 1 if s.options.get("paged") and len(found) > page * size else 0
        found = found[(page - 1) * size:page * size]
        before, after = s.head("Comments" if comments or number else "Posts", path, later)
        parts, els = [], []
        self.n_answers += 1
        for post in found:
            guid = post.id if s.options.get("guids", "stable") == "stable" else f"{post.id}&v={self.n_answers}"
            data = s.entry(post, guid).encode("utf-8", "surrogatepass")
            if post.cache != data:
                post.cache = data
                post.el = s.world.book.element(s.name, "comment" if post.parent_id else "post", post.id, data)
            parts.append(data)
            els.append(post.el)
        reply = Reply.page(before.encode(), parts, after.encode(), els)
        reply.joint, reply.ctype = b"\n", s.options.get("ctype", TYPES[s.options.get("format", "rss")])
        return self.conditional(request, reply)

    def conditional(self, request, reply):
        kind = self.s.options.get("validators", "both")
        etag = '"' + hashlib.sha1(reply.body()).hexdigest()[:16] + '"'
        modified = email.utils.formatdate(self.s.changed // 1000, usegmt=True)
        headers = ([("ETag", etag)] if kind in ("both", "etag") else []) + ([("Last-Modified", modified)] if kind in ("both", "modified") else [])
        given = request.headers.get("if-none-match")
        same = given == etag if given is not None and kind in ("both", "etag") else \
            kind in ("both", "modified") and request.headers.get("if-modified-since") == modified
        if same:
            return Reply(304, b"", reply.ctype, headers)
        reply.headers += headers
        return reply
