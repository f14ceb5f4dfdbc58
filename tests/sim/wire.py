"""The town's own small HTTP/1.1 server.

It is written by hand for two reasons: it answers fast, and a fault can put any byte on the wire
(a wrong length, half a body, headers without end), which no ordinary framework permits."""
import asyncio
import email.utils
import json
import socket
import struct
import sys
import traceback
from urllib.parse import parse_qs, unquote

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 307: "Temporary Redirect", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           408: "Request Timeout", 409: "Conflict", 410: "Gone", 422: "Unprocessable Entity",
           429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented",
           502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
BODY_MAX = 256 << 20


def dumps(value):
    """Compact JSON as bytes, text kept as UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Request:
    __slots__ = ("method", "path", "query", "headers", "body", "conn", "reused", "_args", "viewer", "endpoint")

    def __init__(self, method, target, headers, body, conn, reused):
        self.method = method
        path, _, self.query = target.partition("?")
        self.path = unquote(path) if "%" in path else path
        self.headers = headers
        self.body = body
        self.conn = conn
        self.reused = reused
        self._args = None
        self.viewer = ""
        self.endpoint = ""

    def args(self):
        """Query parameters: name to list of values."""
        if self._args is None:
            self._args = parse_qs(self.query, keep_blank_values=True) if self.query else {}
        return self._args

    def arg(self, name, default=None):
        values = self.args().get(name)
        return values[-1] if values else default

    def form(self):
        """The body as a dict, whether it came as JSON or as a form."""
        if not self.body:
            return {}
        if "json" in self.headers.get("content-type", ""):
            return json.loads(self.body)
        fields = parse_qs(self.body.decode(), keep_blank_values=True)
        return {k.removesuffix("[]"): (v if k.endswith("[]") else v[-1]) for k, v in fields.items()}

    def bearer(self):
        auth = self.headers.get("authorization", "")
        return auth[7:].strip() if auth[:7].lower() == "bearer " else None


class Reply:
    """An answer before it becomes bytes. `parts` are the elements of a list, with `before` and `after`
    round them, so that a fault can spoil exactly one; `els` are their numbers in the book."""
    __slots__ = ("status", "ctype", "headers", "before", "parts", "after", "els", "joint")

    def __init__(self, status=200, body=b"", ctype=JSON, headers=(), els=()):
        self.status, self.ctype, self.headers = status, ctype, list(headers)
        self.before, self.parts, self.after, self.els, self.joint = body, None, b"", els, b","

    @classmethod
    def json(cls, value, status=200, headers=(), els=()):
        return cls(status, dumps(value), JSON, headers, els)

    @classmethod
    def page(cls, before, parts, after, els, headers=()):
        reply = cls(200, before, JSON, headers, els)
        reply.parts, reply.after = parts, after
        return reply

    def body(self):
        return self.before + self.joint.join(self.parts) + self.after if self.parts is not None else self.before

    def set_body(self, body):
        self.before, self.parts, self.after = body, None, b""


def head_bytes(status, headers):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{k}: {v}" for k, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Connection(asyncio.Protocol):
    """One client. Requests are answered one after the other, in order."""

    def __init__(self, town):
        self.town = town
        self.buf = b""
        self.busy = False
        self.served = 0
        self.transport = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport):
        self.transport = transport
        self.town.connections.add(self)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc):
        self.town.connections.discard(self)
        self.writable.set()
        self.buf = b""

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    def data_received(self, data):
        self.buf += data
        if not self.busy:
            self.pump()

    def pump(self):
        while not self.busy and self.buf and not self.transport.is_closing():
            request = self.take()
            if request is None:
                return
            self.answer(request)

    def take(self):
        end = self.buf.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buf) > 65536:
                self.abort()
            return None
        lines = self.buf[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        try:
            method, target, _version = lines[0].split(" ")
            need = int(headers.get("content-length", "0"))
        except ValueError:
            self.abort()
            return None
        if need > BODY_MAX or "transfer-encoding" in headers:
            self.abort()
            return None
        if headers.get("expect", "").lower() == "100-continue":
            del headers["expect"]
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        start = end + 4
        if len(self.buf) < start + need:
            return None
        body = self.buf[start:start + need]
        self.buf = self.buf[start + need:]
        request = Request(method, target, headers, body, self, self.served > 0)
        self.served += 1
        return request

    def answer(self, request):
        try:
            outcome = self.town.handle(request)
        except Exception:  # a crash of the town must be seen by the test that caused it
            traceback.print_exc(file=sys.stderr)
            self.town.count("crash")
            outcome = Reply.json({"error": "the town crashed", "trace": traceback.format_exc()}, 599)
        if isinstance(outcome, Reply):
            self.send(request, outcome)
        else:
            self.busy = True
            task = asyncio.ensure_future(self.script(request, outcome))
            self.town.tasks.add(task)
            task.add_done_callback(self.town.tasks.discard)

    async def script(self, request, steps):
        """A fault's own play: it writes to the wire by itself and may end with an ordinary reply."""
        try:
            reply = await steps
            if reply is not None and self.transport.is_closing():
                self.town.note_answer(request, reply, reply.body(), cut=True)   # done for nobody
            elif reply is not None:
                self.send(request, reply)
        except (ConnectionError, asyncio.CancelledError):
            self.abort()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            self.town.count("crash")
            self.abort()
        finally:
            self.busy = False
            if not self.transport.is_closing():
                self.pump()

    def full_head(self, request, reply, length):
        headers = [("Server", "town"), ("Content-Type", reply.ctype)]
        if not any(name == "Date" for name, _value in reply.headers):
            headers.insert(0, ("Date", email.utils.formatdate(self.town.now_ms() / 1000, usegmt=True)))
        if length is not None:
            headers.append(("Content-Length", length))
        headers += reply.headers
        if request.headers.get("connection", "").lower() == "close":
            headers.append(("Connection", "close"))
        return head_bytes(reply.status, headers)

    def send(self, request, reply):
        body = reply.body()
        self.town.note_answer(request, reply, body)
        if request.method == "HEAD":
            body = b""
        self.transport.write(self.full_head(request, reply, len(body)) + body)
        if request.headers.get("connection", "").lower() == "close":
            self.transport.close()

    async def write(self, data):
        """Write and wait until the client took it; raises when the client is gone."""
        if self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(data)
        await self.writable.wait()

    def abort(self):
        if self.transport is not None:
            self.transport.abort()

    def reset(self):
        """End with RST, not FIN."""
        sock = self.transport.get_extra_info("socket")
        # A client that has already gone took its socket with it: then there is nothing left to reset.
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
