"""Who is told: a webhook's receiver and a strict mail server, both of which write down everything and can be made to fail."""
import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import json
import re
import socket
import threading
import time

from rig.wait import wait_until


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Ear:
    """A server with a thread and an event loop of its own; it can be deaf (nobody listens at its port) and hear again."""

    def __init__(self, port=None, tls=None):
        self.port, self.tls = port or free_port(), tls
        self.heard, self.faults, self.n_connections = [], [], 0
        self.lock = threading.Lock()
        self.loop = asyncio.new_event_loop()
        self.server = None
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.open()

    def call(self, what):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(10)

    async def _open(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.tls, reuse_address=True, limit=1 << 20)

    async def _close(self):
        self.server.close()
        await self.server.wait_closed()

    def open(self):
        if self.server is None:
            self.call(self._open())
        return self

    def close(self):
        if self.server is not None:
            self.call(self._close())
            self.server = None

    def destroy(self):
        self.close()
        self.loop.call_soon_threadsafe(self.loop.stop)

    def serve(self, reader, writer):
        self.n_connections += 1
        return self._guard(reader, writer)

    async def _guard(self, reader, writer):
        try:
            await self.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()

    async def talk(self, reader, writer):
        raise NotImplementedError

    def note(self, thing):
        with self.lock:
            self.heard.append(thing)

    def all(self, event=None, step=None):
        with self.lock:
            return [h for h in self.heard if (event is None or h.event == event) and (step is None or h.step == step)]

    def wait(self, n=1, event=None, step=None, timeout=15):
        """Until n such tellings came; all of them."""
        wait_until(lambda: len(self.all(event, step)) >= n, timeout, f"{n} tellings of {event} {step}, heard {[(h.event, h.step) for h in self.heard]}")
        return self.all(event, step)


class Told:
    """One telling as it came."""

    def __init__(self, body, delivery, headers):
        self.at = time.time()
        self.body, self.delivery, self.headers = body, delivery, headers

    @property
    def event(self):
        return self.body["event"]

    @property
    def step(self):
        return self.body["step"]

    @property
    def ids(self):
        return [item["id"] for item in self.body["items"]] or re.findall(r"answer show (\d+)", self.body["text"])


class Hook(Ear):
    """A webhook's receiver. `status` is what it answers; with `secrets` it refuses what is not signed."""

    def __init__(self, secrets=(), **kwargs):
        self.status, self.secrets, self.location, self.delay = 200, [s.encode() for s in secrets], None, 0.0
        super().__init__(**kwargs)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/told?key=1"

    def is_signed(self, header, body):
        """As a receiver would judge it (RELIABILITY S16)."""
        match = re.fullmatch(r"t=(\d+)((?:,v1=[0-9a-f]{64})+)", header or "")
        if match is None or abs(time.time() - int(match[1])) > 300:
            return False
        said = re.findall(r"v1=([0-9a-f]{64})", match[2])
        want = [hmac.new(s, match[1].encode() + b"." + body, hashlib.sha256).hexdigest() for s in self.secrets]
        return any(hmac.compare_digest(a, b) for a in said for b in want)

    async def talk(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        status = self.status
        if self.secrets and not self.is_signed(headers.get("x-answerd-signature"), body):
            self.faults.append("not signed: " + str(headers.get("x-answerd-signature")))
            status = 401
        if not first.startswith("POST /told") or headers.get("content-type") != "application/json; charset=utf-8":
            self.faults.append(first)
        if 200 <= status < 300:
            self.note(Told(json.loads(body), headers.get("x-answerd-delivery"), headers))
        await asyncio.sleep(self.delay)         # it has heard it; whoever asked may die before he knows
        more = f"Location: {self.location}\r\n" if self.location else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: 2\r\n\r\nok".encode())
        await writer.drain()


class Mailbox(Ear):
    """A mail server that takes nothing on trust: CRLF only, one message a DATA, no bare CR, LF or NUL, lines up to 998 bytes, the parameters of
    the envelope as they must be. What breaks a rule is a fault, and refused."""

    def __init__(self, starttls=None, login=None, **kwargs):
        self.starttls, self.login, self.refuse, self.script = starttls, login, None, None
        self.unknown = ()           # receivers that it does not know
        self.commands = []
        super().__init__(**kwargs)

    @property
    def server_url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def fault(self, what):
        self.faults.append(what)
        return "500 no"

    async def line(self, reader):
        raw = await reader.readuntil(b"\n")
        if not raw.endswith(b"\r\n") or b"\r" in raw[:-2] or b"\0" in raw:
            self.fault(f"a bare line end: {raw!r}")
        return raw[:-2]

    async def talk(self, reader, writer):
        if self.script is not None:
            await self.script(reader, writer)
            return
        writer.write(b"220 mail.example strict\r\n")
        sender, receivers, is_open = None, [], self.login is None
        while True:
            command = (await self.line(reader)).decode("latin-1")
            word = command.upper()
            self.commands.append(word.split(" ")[0].split(":")[0])
            answer = "250 fine"
            if word.startswith("EHLO "):
                offers = (["STARTTLS"] if self.starttls and self.tls is None else []) + (["AUTH PLAIN"] if self.login else []) + ["SIZE 10000000", "8BITMIME"]
                answer = "".join(f"250-{o}\r\n" for o in ["mail.example"] + offers[:-1]) + f"250 {offers[-1]}"
            elif word == "STARTTLS" and self.starttls:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(self.starttls)
                sender, receivers = None, []
                continue
            elif word.startswith("AUTH PLAIN"):
                given = command[len("AUTH PLAIN "):].strip()
                if not given:
                    writer.write(b"334 \r\n")
                    given = (await self.line(reader)).decode()
                is_open = base64.b64decode(given).split(b"\0")[1:] == [p.encode() for p in self.login]
                answer = "235 in" if is_open else "535 no"
            elif self.refuse:
                answer = self.refuse
            elif match := re.fullmatch(r"MAIL FROM:<([^<>\s]+@[^<>\s]+)>(?: SIZE=\d+)?(?: BODY=8BITMIME)?", command):
                sender = match[1] if is_open else None
                answer = "250 ok" if is_open else "530 log in first"
            elif match := re.fullmatch(r"RCPT TO:<([^<>\s]+@[^<>\s]+)>", command):
                if match[1] in self.unknown:
                    answer = "550 unknown"
                else:
                    receivers.append(match[1])
            elif word == "DATA":
                if not sender or not receivers:
                    answer = self.fault("DATA before an envelope")
                else:
                    writer.write(b"354 go on\r\n")
                    self.take(sender, receivers, await self.data(reader))
                    answer, sender, receivers = "250 taken", None, []
            elif word == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            elif word not in ("RSET", "NOOP"):
                answer = self.fault(f"what is {command!r}?")
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()

    async def data(self, reader):
        lines = []
        while (line := await self.line(reader)) != b".":
            if len(line) > 998:
                self.fault(f"a line of {len(line)} bytes")
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"\r\n".join(lines) + b"\r\n"

    def take(self, sender, receivers, raw):
        head, _, _ = raw.partition(b"\r\n\r\n")
        if any(b > 0x7e for b in raw) or re.search(rb"[\x00-\x08\x0b-\x1f]", raw.replace(b"\r\n", b"")):
            self.fault(f"not plain ASCII: {head!r}")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        for name in ("From", "To", "Date", "Subject", "Message-ID", "X-Answerd-Delivery"):
            if len(message.get_all(name, [])) != 1:
                self.fault(f"{name} stands {len(message.get_all(name, []))} times")
        if message["Content-Transfer-Encoding"] != "base64" or message.defects:
            self.fault(f"a body that is not base64, or {message.defects}")
        told = Told({"event": str(message["X-Answerd-Event"]), "step": None, "items": [], "text": message.get_content()},
                    str(message["X-Answerd-Delivery"]), message)
        told.text = told.body["text"]
        told.sender, told.receivers, told.subject = sender, list(receivers), str(message["Subject"])
        self.note(told)
