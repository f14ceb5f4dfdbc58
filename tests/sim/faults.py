"""Faults on order. Each has a `kind` from the table at the end, and says where it strikes:
server, path (a regular expression on the part after /m/NAME or /b/NAME), method, who, count, skip, prob.

A fault gets `run`, which makes the true answer (and with a POST does what was asked). A fault that never calls
it leaves the world as it was; with `apply: true` it calls it first: applied, and then the answer goes wrong.
What is applied under a fault with `late_s` is shown by the platform only so much later."""
import asyncio
import email.utils
import gzip
import random
import re
import zlib

from people import iso, parse_time
from wire import HTML, JSON, Reply, head_bytes

POISON = {
    "nul": rb"\u0000", "utf8": b"\xff\xfe", "overlong": b"\xc0\xaf", "surrogate": rb"\ud800", "raw_control": b"\x01",
    "bad_escape": rb"\x",
}
NUMBERS = {"bigint": b"9223372036854775808", "huge_float": b"1e999", "nan": b"NaN", "leading_zero": b"007"}
PAGE_HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>We will be right back</h1></body></html>"


# What posts, on any platform: where lies about outcomes strike.
POSTS = "|".join((
    r"/api/comment$",
    r"/api/v1/statuses$",
    r"/api/v3/(comment|private_message)$",
    r"/reviews/[^/]+/reply$",
    r"/sendMessage$",
    r"/wp/v2/comments$",
    r"/youtube/v3/comments$",
    r"\.(putRecord|createRecord|sendMessage)$",
    r"^/submit$",
    r"^/2/dm_conversations/[\d-]+/messages$",
    r"^/2/tweets$",
    r"^/posts\.json$",
    r"^/v\d+\.\d+/\w+/(comments|messages|replies|threads)$",
))
# Lies about the outcome of a post. `apply` does what was asked before the answer goes wrong.
LIES = {
    "applied_timeout": {"kind": "stall", "apply": True}, "applied_reset": {"kind": "drop", "apply": True},
    "applied_closed": {"kind": "drop", "apply": True, "end": "fin"},
    "applied_408": {"kind": "status", "apply": True, "status": 408, "body": "empty"},
    "applied_500": {"kind": "status", "apply": True, "status": 500}, "applied_502": {"kind": "status", "apply": True, "status": 502, "body": "html"},
    "applied_503": {"kind": "status", "apply": True, "status": 503}, "applied_504": {"kind": "status", "apply": True, "status": 504, "body": "html"},
    "applied_429": {"kind": "limited", "apply": True, "seconds": 2}, "applied_redirect": {"kind": "redirect", "apply": True},
    "applied_duplicate": {"kind": "replace", "apply": True, "status": 422, "text": '{"error":"Duplicate","message":"Status is a duplicate"}'},
    "applied_empty": {"kind": "empty", "apply": True}, "applied_html": {"kind": "html", "apply": True},
    "applied_type": {"kind": "ctype", "apply": True}, "applied_cut": {"kind": "cut", "apply": True},
    "applied_no_id": {"kind": "replace", "apply": True, "text": "{}"},
    "unapplied_timeout": {"kind": "stall"}, "unapplied_reset": {"kind": "drop"}, "unapplied_502": {"kind": "status", "status": 502, "body": "html"},
    "unapplied_504": {"kind": "status", "status": 504, "body": "html"}, "unapplied_empty": {"kind": "empty"},
    "applied_late": {"kind": "stall", "after": 40},         # the client has long gone when it is done
}


class Fault:
    def __init__(self, number, order):
        self.number, self.order = number, order
        self.kind = order["kind"]
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}")
        if self.kind == "lie":
            how = order.setdefault("how", sorted(LIES))
            order["how"] = [how] if isinstance(how, str) else how
            if not set(order["how"]) <= set(LIES):
                raise ValueError(f"unknown lie in {order['how']}")
            order.setdefault("method", ["POST", "PUT"])
            order.setdefault("path", POSTS)
        self.left = order.get("count", 1)           # 0: for ever
        self.skip = order.get("skip", 0)
        self.random = random.Random(order.get("seed", number))
        self.path, self.query = re.compile(order.get("path", "")), re.compile(order.get("query", ""))
        self.hits = 0
        self.kept = {}

    def strikes(self, server, request, path):
        order = self.order
        if order.get("server", server) != server or not self.is_method(request.method):
            return False
        if not self.path.search(path) or not self.query.search(request.query):
            return False
        if "who" in order and order["who"] != request.viewer:
            return False
        if order.get("reused") and not request.reused:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.random.random() >= order.get("prob", 1):
            return False
        if self.order.get("count", 1) and self.left <= 0:
            return False
        self.left -= 1
        self.hits += 1
        return True

    def is_method(self, method):
        asked = self.order.get("method", method)
        return method in asked if isinstance(asked, list) else method == asked

    def get(self, name, default):
        return self.order.get(name, default)

    def show(self):
        return {"id": self.number, "hits": self.hits, **self.order}


class Faults:
    def __init__(self, town):
        self.town = town
        self.list = []
        self.n = 0

    def add(self, order):
        self.n += 1
        self.list.append(Fault(self.n, order))
        return self.n

    def remove(self, number):
        self.list = [f for f in self.list if f.number != number]

    def find(self, server, request, path):
        for fault in self.list:
            if fault.strikes(server, request, path):
                return fault
        return None

    def play(self, fault, request, run):
        """A Reply, or a coroutine that writes by itself."""
        if fault.kind == "lie":
            how = fault.random.choice(fault.order["how"])
            self.town.count(f"lie {how}")
            common = {k: v for k, v in fault.order.items() if k in ("after", "late_s")}
            fault = Fault(fault.number, {**common, **LIES[how]})
        run = self.late(fault.get("late_s", 0), run)
        if fault.get("apply", False):
            done = run()
            run = lambda: done  # noqa: E731  the true answer, made once
        return KINDS[fault.kind](self.town, fault, request, run)

    def late(self, seconds, run):
        """The same, but what it applies is shown only so much later."""
        def later():
            self.town.world.late_ms = int(1000 * seconds)
            try:
                return run()
            finally:
                self.town.world.late_ms = 0
        return later if seconds else run


# ---- whole answers
def f_status(town, fault, request, run):
    status, form = fault.get("status", 500), fault.get("body", "json")
    headers = list(fault.get("headers", {}).items())
    if form == "html":
        return Reply(status, PAGE_HTML, HTML, headers)
    if form == "empty":
        return Reply(status, b"", "text/plain", headers)
    if form == "json":
        return Reply.json({"error": fault.get("error", "ServerError"), "message": "on order"}, status, headers)
    return Reply(status, form.encode(), fault.get("ctype", JSON), headers)


def f_limited(town, fault, request, run):
    """429 in every dialect of telling when to come back."""
    seconds, now = fault.get("seconds", 2), town.now_ms()
    when = now + seconds * 1000
    table = {
        "seconds": [("Retry-After", seconds)], "none": [], "absurd": [("Retry-After", "99999999999999999999")],
        "negative": [("Retry-After", "-5")], "word": [("Retry-After", "soon")],
        "date": [("Retry-After", email.utils.formatdate(when / 1000, usegmt=True))],
        "reset_iso": [("X-RateLimit-Limit", 300), ("X-RateLimit-Remaining", 0), ("X-RateLimit-Reset", iso(when))],
        "reset_epoch": [("RateLimit-Limit", 3000), ("RateLimit-Remaining", 0), ("RateLimit-Reset", when // 1000)],
        "x_epoch": [("x-rate-limit-limit", 300), ("x-rate-limit-remaining", 0), ("x-rate-limit-reset", when // 1000)],
        "reset_past": [("X-RateLimit-Remaining", 0), ("X-RateLimit-Reset", iso(now - 3600_000)),
                       ("RateLimit-Remaining", 0), ("RateLimit-Reset", now // 1000 - 3600)],
    }
    headers = table[fault.get("dialect", "seconds")]
    return Reply.json({"error": "Too many requests"}, 429, headers)


def f_spent(town, fault, request, run):
    """The true answer, the last one for so many seconds."""
    reply = run()
    reply.headers = [h for h in reply.headers if "ratelimit" not in h[0].lower()]
    reset = iso(town.now_ms() + 1000 * fault.get("seconds", 3600))
    reply.headers += [("X-RateLimit-Limit", 300), ("X-RateLimit-Remaining", 0), ("X-RateLimit-Reset", reset)]
    return reply


def f_redirect(town, fault, request, run):
    to = fault.get("to", "loop")
    if to == "loop":
        to = town.world.base + request.path + ("?" + request.query if request.query else "")
    return Reply(fault.get("status", 302), b"", HTML, [("Location", to)])


def f_replace(town, fault, request, run):
    """200 with a body of the caller's choice (`text`, or `hex` for any bytes)."""
    body = bytes.fromhex(fault.order["hex"]) if "hex" in fault.order else fault.get("text", "").encode("utf-8", "surrogatepass")
    return Reply(fault.get("status", 200), body, fault.get("ctype", JSON))


def f_huge(town, fault, request, run):
    size = int(fault.get("mib", 4) * (1 << 20))
    reply = run()
    reply.set_body(b'{"filler":"' + b"x" * size + b'"}' if not reply.body().startswith(b"[") else b'["' + b"x" * size + b'"]')
    reply.els = ()
    return reply


def f_deep(town, fault, request, run):
    depth = fault.get("depth", 100_000)
    return Reply(200, b"[" * depth + b"]" * depth)


def f_many(town, fault, request, run):
    """A page with far more elements than any page may have."""
    reply = run()
    if reply.parts:
        reply.parts = reply.parts * (fault.get("n", 5000) // len(reply.parts) + 1)
    return reply


def f_cut_json(town, fault, request, run):
    """JSON that ends early although the length is right."""
    reply = run()
    body = reply.body()
    reply.set_body(body[:int(len(body) * fault.get("at", 0.6))])
    reply.els = ()
    return reply


def f_bom(town, fault, request, run):
    reply = run()
    reply.set_body(b"\xef\xbb\xbf" + reply.body())
    return reply


def f_ctype(town, fault, request, run):
    reply = run()
    reply.ctype = fault.get("ctype", "text/plain")
    return reply


def f_date(town, fault, request, run):
    """The server's clock is wrong by so many seconds."""
    reply = run()
    reply.headers.append(("Date", email.utils.formatdate(town.now_ms() / 1000 + fault.get("skew_s", 3600), usegmt=True)))
    return reply


def f_again(town, fault, request, run):
    """A walk that never ends: the first page is given for ever, with its own token of the next page."""
    key = (request.path, request.viewer)
    if key not in fault.kept:
        reply = run()
        fault.kept[key] = reply
    first = fault.kept[key]
    reply = Reply(first.status, first.body(), first.ctype, first.headers, first.els)
    return reply


def f_treadmill(town, fault, request, run):
    """A walk that goes on and on: the first page for ever, each time with another token of the next one, close to the true one."""
    key = (request.path, request.viewer)
    first, n = fault.kept.get(key) or (run(), 0)
    fault.kept[key] = first, n + 1
    headers = [(k, re.sub(r"\b(min_id|max_id)=(\d+)", lambda m: f"{m[1]}={int(m[2]) - n}", str(v))) for k, v in first.headers]
    body = re.sub(rb'"cursor":"([^"]+Z)"', lambda m: b'"cursor":"%s"' % iso(parse_time(m[1].decode()) + 10 * n).encode(), first.body())
    return Reply(first.status, body, first.ctype, headers, first.els)


# ---- one spoilt element of a page
def spoil(part, how, field):
    """One element's bytes with something wrong in it."""
    if part.startswith(b"<"):
        return spoil_xml(part, how)
    name = field.encode() if field else None
    if how in POISON:
        names = [name] if name else [b"content", b"text", b"textDisplay", b"comment"]
        return re.sub(rb'"(%s)":"' % b"|".join(names), lambda m: m[0] + POISON[how], part, count=1)
    if how in NUMBERS:
        names = name or rb"replies_count|replyCount|spoilt"
        changed = re.sub(rb'"(%s)":\d+' % names, lambda m: b'"%s":%s' % (m[1], NUMBERS[how]), part, count=1)
        return changed if changed != part else part[:-1] + b',"spoilt":' + NUMBERS[how] + b"}"
    text = rb'"(?:[^"\\]|\\.)*"'
    names = name or rb"id|uri|name"
    if how == "dup":
        return re.sub(rb'"(%s)":(%s)' % (names, text), rb'"\1":\2,"\1":"another"', part, count=fault_count(field))
    if how == "missing":
        return re.sub(rb'"(%s)":(%s|\d+(?:\.\d+)?|null),?' % (names, text), b"", part, count=fault_count(field))
    values = {"zero": b'"0"', "negative": b'"-1"', "empty": b'""', "long": b'"' + b"9" * 10_240 + b'"', "number": b"12345",
              "null": b"null", "object": b'{"a":1}', "list": b"[1]", "bool": b"true", "big_number": b"123456789012345678901234567890",
              "year_1970": b'"1970-01-01T00:00:00.000Z"', "year_2099": b'"2099-12-31T23:59:59.000Z"', "no_time": b'"yesterday"',
              "rtl_id": '"\u202e123"'.encode(), "sql": b'"1\'; drop table message;--"'}
    return re.sub(rb'"(%s)":(%s|\d+(?:\.\d+)?|null|true|false)' % (names, text), lambda m: b'"%s":%s' % (m[1], values[how]), part,
                  count=fault_count(field))


def spoil_xml(part, how):
    """The same for an entry of a feed."""
    deep = b"<x>" * 200 + b"</x>" * 200
    insides = {"unclosed": b"<b><i></b>", "entity": b"&lol9;", "deep": deep, "utf8": b"\xff\xfe", "control": b"\x01", "nul": b"\0",
               "twice": b"<p a='1' a='2'/>", "lone": b"a < b & c", "cdata": b"]]>", "number": b"&#0;&#xD800;&#99999999999;"}
    return re.sub(rb"(<title[^>]*>)", lambda m: m[1] + insides[how], part, count=1)


def fault_count(field):
    return 0 if field else 1


def f_poison(town, fault, request, run):
    """`how`: see POISON, NUMBERS and spoil(); `which`: index of the element (from the end when negative); `more`: others on the same page."""
    reply = run()
    if not reply.parts or len(reply.els) < len(reply.parts):
        fault.left += 1
        fault.hits -= 1
        return reply
    reply.parts, reply.els = list(reply.parts), list(reply.els)
    for order in (fault.order, *fault.get("more", ())):
        which = order.get("which", 0) % len(reply.parts)
        server, kind, ident = town.book.elements[reply.els[which]][:3]
        reply.parts[which] = spoil(reply.parts[which], order["how"], order.get("field"))
        reply.els[which] = town.book.element(server, kind, ident, reply.parts[which], spoilt=order["how"])
    return reply


# ---- the wire itself
def split(town, request, reply, length="true"):
    body = reply.body()
    n = len(body) if length == "true" else length
    return request.conn.full_head(request, reply, n), body


def spoiled(town, request, reply, body):
    town.note_answer(request, reply, body, cut=True)


async def f_stall(town, fault, request, run):
    """Nothing for `after` seconds, then the true answer; without `after`: never."""
    if fault.get("after", None) is None:
        await asyncio.Event().wait()
    await asyncio.sleep(fault.order["after"])
    return run()


async def f_drip(town, fault, request, run):
    """The head at once, the body a byte every `every` seconds."""
    reply = run()
    head, body = split(town, request, reply)
    spoiled(town, request, reply, body)
    await request.conn.write(head)
    for i in range(len(body)):
        await request.conn.write(body[i:i + 1])
        await asyncio.sleep(fault.get("every", 60))


async def f_cut(town, fault, request, run):
    """A part of the body, then the end of the connection: `end` = rst or fin."""
    reply = run()
    head, body = split(town, request, reply)
    spoiled(town, request, reply, body)
    await request.conn.write(head + body[:int(len(body) * fault.get("at", 0.5))])
    await asyncio.sleep(0.02)
    request.conn.reset() if fault.get("end", "rst") == "rst" else request.conn.transport.close()


async def f_drop(town, fault, request, run):
    """The connection ends before the first byte of an answer."""
    request.conn.reset() if fault.get("end", "rst") == "rst" else request.conn.transport.close()


async def f_length(town, fault, request, run):
    """Content-Length lies by `delta` bytes; the connection is closed after the body."""
    reply = run()
    head, body = split(town, request, reply, max(0, len(reply.body()) + fault.get("delta", 10)))
    spoiled(town, request, reply, body)
    await request.conn.write(head + body)
    request.conn.transport.close()


async def f_endless_body(town, fault, request, run):
    reply = run()
    reply.els = ()
    await request.conn.write(request.conn.full_head(request, reply, None).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    chunk = b'{"a":"' + b"x" * 65536 + b'"},'
    await request.conn.write(b"[")
    for _ in range(int(fault.get("mib", 1024) * 16)):
        await request.conn.write(chunk)
    request.conn.abort()


async def f_endless_headers(town, fault, request, run):
    await request.conn.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(int(fault.get("mib", 256) * 16)):
        await request.conn.write(b"X-Filler-%d: %s\r\n" % (i, b"x" * 65000))
    request.conn.abort()


def f_bomb(town, fault, request, run):
    """A small body that unpacks to `mib` MiB; `stacked` packs it twice."""
    packer, packed = zlib.compressobj(9, zlib.DEFLATED, 31), b'["'
    packed = packer.compress(b'["')
    for _ in range(fault.get("mib", 512)):
        packed += packer.compress(b"x" * (1 << 20))
    packed += packer.compress(b'"]') + packer.flush()
    coding = "gzip"
    if fault.get("stacked", False):
        packed, coding = gzip.compress(packed), "gzip, gzip"
    return Reply(200, packed, JSON, [("Content-Encoding", coding)])


async def f_garbage(town, fault, request, run):
    """Bytes that are no HTTP at all."""
    await request.conn.write(bytes.fromhex(fault.get("hex", "00ff00ff0d0a0d0a")) * 100)
    request.conn.transport.close()


async def f_bad_chunks(town, fault, request, run):
    await request.conn.write(head_bytes(200, [("Content-Type", JSON), ("Transfer-Encoding", "chunked")])
                             + b"5\r\n[1,2,\r\nzz\r\nbad\r\n")
    request.conn.transport.close()


KINDS = {
    "status": f_status, "limited": f_limited, "spent": f_spent, "redirect": f_redirect, "replace": f_replace, "huge": f_huge, "deep": f_deep,
    "many": f_many, "cut_json": f_cut_json, "bom": f_bom, "ctype": f_ctype, "date": f_date, "again": f_again, "treadmill": f_treadmill,
    "poison": f_poison, "stall": f_stall, "drip": f_drip, "cut": f_cut, "drop": f_drop, "length": f_length,
    "endless_body": f_endless_body, "endless_headers": f_endless_headers, "bomb": f_bomb, "garbage": f_garbage,
    "bad_chunks": f_bad_chunks, "lie": None,
    "late": lambda town, fault, request, run: run(), "bye": None, "refuse": None,        # the last two: mail.py
    "html": lambda town, fault, request, run: Reply(fault.get("status", 200), PAGE_HTML, HTML),
    "empty": lambda town, fault, request, run: Reply(fault.get("status", 200), b"", fault.get("ctype", JSON)),
}

