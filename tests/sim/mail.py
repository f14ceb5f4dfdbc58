"""Simulated mail: a mailbox by IMAP and a server that takes mails by SMTP, each on a port of its own on 127.0.0.1.

The shop's mailbox has the folders INBOX, Sent and Junk. What a customer posts arrives in INBOX; what the shop posts natively stands in Sent, and so
does what came in by SMTP (option `copies`, true). A post's id is its Message-ID without the brackets.
A client may APPEND what was sent (counters `appended NAME`, and `appended again NAME` where it stood there already).
Post fields: `subject`, `headers` (dict, laid over the ordinary ones; null takes one away), `mail` (the whole mail as text, latin-1),
`folder`. Options: `imap_port`, `smtp_port`, `copies`, `validity` (another one gives every mail another UID), `hidden` (folders that
LIST does not show), `oauth` (the name of a server of the kind google: logins by its access tokens, and by nothing else), `no_special` (LIST does not say which folder holds sent mails), `gap` (UIDs to leap over before the next mail).

Faults (faults.py) strike commands: IMAP's path is `/FOLDER/COMMAND` (`/INBOX/FETCH`, `/SEARCH`, `/LIST`, `/EXAMINE`, `/Sent/APPEND`), SMTP's `/submit`, method POST,
once a mail has come whole. What exists in HTTP only is played as what would become of it here: a status is NO, a web page is a web page."""
import asyncio
import base64
import email
import email.policy
import email.utils
import re
import socket
import struct
import sys
import traceback

from faults import PAGE_HTML, LIES, Fault
from people import Bad, Post
from wire import Reply
from world import Server

LITERAL_MOST = 4 << 20
SPOILT = {"nul": b"\0", "utf8": b"\xff\xfe", "overlong": b"\xc0\xaf", "surrogate": b"\xed\xa0\x80", "raw_control": b"\x01\x02\x1b", "line": b"x" * 200_000}


def zone_date(ms):
    """INTERNALDATE's way to write a time."""
    parts = email.utils.formatdate(max(ms, 0) / 1000, usegmt=True).split(" ")
    return f"{parts[1]}-{parts[2]}-{parts[3]} {parts[4]} +0000"


class Kept:
    """A mail in a folder."""

    def __init__(self, uid, post, data, received):
        self.uid, self.post, self.data, self.received, self.el = uid, post, data, received, None


class Mail(Server):
    kind = "mail"

    def __init__(self, world, name, op):
        self.folders = {"INBOX": [], "Sent": [], "Junk": []}
        self.next_uid = dict.fromkeys(self.folders, 1)
        self.validity = 1000
        self.sockets = {}
        super().__init__(world, name, op)
        for what, play in (("imap_port", Imap), ("smtp_port", Smtp)):
            sock = socket.create_server(("127.0.0.1", self.options.get(what, 0)), backlog=128)
            op[what] = self.options[what] = sock.getsockname()[1]
            self.listen(sock, play)

    def listen(self, sock, play):
        async def serve():
            await asyncio.start_server(lambda reader, writer: play(self, reader, writer).run(), sock=sock, limit=1 << 24)
        self.sockets[play] = asyncio.ensure_future(serve())

    def set_options(self, op):
        super().set_options(op)
        if op.get("validity", self.validity) != self.validity:
            self.validity = op["validity"]
            for folder, mails in self.folders.items():
                for uid, mail in enumerate(mails, 1):
                    mail.uid = uid
                self.next_uid[folder] = len(mails) + 1
        if "gap" in op:
            self.next_uid["INBOX"] += op["gap"]

    @property
    def base(self):
        return f"imap://127.0.0.1:{self.options['imap_port']} smtp://127.0.0.1:{self.options['smtp_port']}"

    @property
    def town(self):
        return self.world.town

    # ---- people: an address whose first part tests know
    def settle(self, person, op):
        person.handle = op["handle"] = f"{person.key}.at"
        person.domain = op["domain"] = f"{self.name}.shop.example" if person.own else "home.example"
        person.id = op["id"] = person.acct

    def grant(self, person, op):
        token = op["token"] = op["token"] if isinstance(op.get("token"), str) else f"town-{self.name}-{len(self.tokens)}"
        self.tokens[token] = [person, "ok"]
        return {"token": token, "address": person.acct}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    @property
    def own(self):
        return next(p for p in self.people.values() if p.own)

    # ---- posts
    def new_post(self, op):
        t, author = op["t"], self.person(op["author"])
        parent = self.posts.get(self.keys.get(op.get("parent"), op.get("parent")))
        ident = op.get("id") or f"n{len(self.posts) + 1}.{t}@{author.domain}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], self.world.time_of(op), t)
        post.parent_id = parent.id if parent is not None else op.get("parent")
        post.visibility, post.via = "direct", op.get("via", "person")
        to = parent.author.acct if parent is not None and parent.author is not author else "readers@list.example" if author.own else self.own.acct
        post.mentions = [parent.author] if parent is not None and author.own and not parent.author.own else []
        post.spoiler = op.get("subject") or ("Re: " + parent.spoiler.removeprefix("Re: ") if parent is not None else "Your newsletter")
        post.html = None
        post.record = op["mail"].encode("latin-1") if op.get("mail") is not None else self.render(post, parent, to, op.get("headers") or {})
        return post

    def render(self, post, parent, to, more):
        refs = []
        while parent is not None and len(refs) < 20:
            refs.insert(0, f"<{parent.id}>")
            parent = self.posts.get(parent.parent_id)
        headers = {"From": f'"{post.author.name}" <{post.author.acct}>', "To": to, "Subject": post.spoiler,
                   "Date": email.utils.formatdate(max(post.at, 0) / 1000), "Message-ID": f"<{post.id}>",
                   "In-Reply-To": f"<{post.parent_id}>" if post.parent_id else None, "References": " ".join(refs) or None, "MIME-Version": "1.0",
                   "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit", **more}
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v is not None)
        return head.encode("utf-8", "surrogatepass") + b"\r\n" + post.text.replace("\n", "\r\n").encode("utf-8", "surrogatepass") + b"\r\n"

    def notify(self, post, op):
        folder = op.get("folder") or ("Sent" if post.author.own else "INBOX")
        if post.via == "api" and not self.options.get("copies", True):
            return
        self.folders[folder].append(Kept(self.next_uid[folder], post, post.record, post.at))
        self.next_uid[folder] += 1

    def edit(self, post, op):
        raise Bad("a mail does not change")

    def forget(self, post):
        for folder, mails in self.folders.items():
            self.folders[folder] = [m for m in mails if m.post is not post]

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        pass

    def shown(self, folder):
        now = self.world.now_ms()
        return [m for m in self.folders.get(folder, ()) if m.post.visible_at <= now]


class Ask:
    """A command, as faults and book see it."""

    def __init__(self, peer, method, path, viewer):
        self.conn, self.method, self.path, self.viewer = peer, method, path, viewer
        self.query, self.reused, self.endpoint = "", False, peer.s.name


class Gone(Exception):
    """The connection is over."""


class Peer:
    """What both servers share."""

    def __init__(self, server, reader, writer):
        self.s, self.town, self.reader, self.writer = server, server.town, reader, writer
        self.viewer = None

    async def run(self):
        try:
            await self.talk()
        except (Gone, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except Exception:               # a crash of the town must be seen by the test that caused it
            traceback.print_exc(file=sys.stderr)
            self.town.count("crash")
        finally:
            self.writer.close()

    async def line(self):
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise Gone
        return line.rstrip(b"\r\n").decode("latin-1")

    async def say(self, data):
        self.writer.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        await self.writer.drain()

    def end(self, how="fin"):
        sock = self.writer.get_extra_info("socket")
        if how == "rst" and sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        raise Gone

    def login_oauth(self, initial):
        """XOAUTH2, as Google and Microsoft say it; the token is of the server that the option `oauth` names."""
        match = re.fullmatch(rb"user=([^\x01]+)\x01auth=Bearer ([!-~]+)\x01\x01", base64.b64decode(initial))
        if match is None:
            self.town.count("malformed sasl")
            return False
        user, token = (part.decode() for part in match.groups())
        person, until = self.s.world.servers[self.s.options["oauth"]].access.get(token, (None, 0))
        own = self.s.own
        if person is None or until <= self.s.world.now_ms() or person.key != own.key or user != own.acct:
            return False
        self.viewer = own
        return True

    def login(self, initial):
        """`AUTHENTICATE PLAIN`'s word; false: not let in."""
        try:
            _, user, password = base64.b64decode(initial).decode().split("\0")
        except ValueError:
            return False
        entry = self.s.tokens.get(password)
        if entry is None or entry[1] != "ok" or user.lower() != entry[0].acct:
            return False
        self.viewer = entry[0]
        return True

    def strike(self, ask):
        fault = self.town.faults.find(self.s.name, ask, ask.path)
        if fault is not None:
            self.town.count(f"fault {fault.kind}")
        return fault

    def note(self, ask, status, els, body, cut=False):
        self.town.count(f"{self.s.name} {status}")
        if ask.path == "/INBOX/FETCH" and status == 200 and not cut:
            self.town.count(f"polls {self.s.name}")
        reply = Reply(status, b"", "text/plain", els=list(els))
        self.town.book.answer(self.town.now_ms(), self.s.name, ask, reply, body, cut)


class Imap(Peer):
    async def talk(self):
        self.folder, self.literal = None, b""
        can = f"IMAP4rev1 SASL-IR {'AUTH=XOAUTH2' if 'oauth' in self.s.options else 'AUTH=PLAIN'}"
        await self.say(f"* OK [CAPABILITY {can}] town\r\n")
        while True:
            tag, _, rest = (await self.line()).partition(" ")
            verb, _, arg = rest.partition(" ")
            verb = verb.upper()
            if verb == "UID":
                verb, _, arg = arg.partition(" ")
                verb = verb.upper()
            if verb == "CAPABILITY":
                await self.say(f"* CAPABILITY {can}\r\n{tag} OK done\r\n")
            elif verb == "LOGOUT":
                await self.say(f"* BYE\r\n{tag} OK done\r\n")
                return
            elif verb == "AUTHENTICATE" and "oauth" in self.s.options:
                is_in = arg.startswith("XOAUTH2 ") and self.login_oauth(arg.partition(" ")[2])
                self.note(Ask(self, "IMAP", "/LOGIN", ""), 200 if is_in else 401, (), b"")
                if not is_in:
                    await self.say("+ " + base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}').decode() + "\r\n")
                    await self.line()
                await self.say(f"{tag} OK in\r\n" if is_in else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n")
            elif verb == "AUTHENTICATE":
                word = arg.partition(" ")[2] if " " in arg else ""
                if not word:
                    await self.say("+ \r\n")
                    word = await self.line()
                self.note(Ask(self, "IMAP", "/LOGIN", ""), 200 if self.login(word) else 401, (), b"")
                await self.say(f"{tag} OK in\r\n" if self.viewer else f"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
            elif self.viewer is None:
                await self.say(f"{tag} BAD who are you?\r\n")
            else:
                await self.command(tag, verb, arg)

    async def command(self, tag, verb, arg):
        play = {"EXAMINE": self.examine, "SEARCH": self.search, "FETCH": self.fetch, "LIST": self.list, "APPEND": self.append}.get(verb)
        if play is None or (verb in ("SEARCH", "FETCH") and self.folder is None):
            await self.say(f"{tag} BAD {verb}\r\n")
            return
        prefix = f"/{self.folder}" if verb in ("FETCH", "SEARCH") else f"/{self.unquote(arg)}" if verb == "APPEND" else ""
        if verb == "APPEND":
            await self.say("+ go\r\n")
            self.literal = await self.reader.readexactly(int(re.search(r"\{(\d+)\}$", arg)[1]))
            if await self.reader.readline() != b"\r\n":
                self.town.count("smuggled")
                raise Gone
        is_scan = verb == "FETCH" and "BODY" not in arg
        ask = Ask(self, "IMAP", f"{prefix}/{'SCAN' if is_scan else verb}", self.viewer.key)
        fault = self.strike(ask)
        if fault is None:
            await self.answer(ask, tag, *play(arg))
        else:
            await self.wrong(fault, ask, tag, lambda: play(arg))

    async def answer(self, ask, tag, parts, els, ending="OK done"):
        body = b"".join(parts)
        self.note(ask, 200 if ending.startswith("OK") else 422, els, body)
        await self.say(body + f"{tag} {ending}\r\n".encode())

    # ---- commands: (lines, numbers in the book, how it ends)
    @staticmethod
    def unquote(arg):
        found = re.match(r'"((?:[^"\\]|\\.)*)"|(\S+)', arg)
        return re.sub(r"\\(.)", r"\1", found[1]) if found and found[1] is not None else found[2] if found else ""

    def list(self, arg):
        hidden = self.s.options.get("hidden") or ()
        special = {} if self.s.options.get("no_special") else {"Sent": " \\Sent", "Junk": " \\Junk"}
        return [f'* LIST (\\HasNoChildren{special.get(f, "")}) "/" "{f}"\r\n'.encode() for f in self.s.folders if f not in hidden], (), "OK done"

    def examine(self, arg):
        name = self.unquote(arg)
        if name not in self.s.folders:
            return [], (), "NO [NONEXISTENT] there is no such folder"
        self.folder = name
        lines = [f"* {len(self.s.shown(name))} EXISTS\r\n", "* 0 RECENT\r\n", f"* OK [UIDVALIDITY {self.s.validity}] valid\r\n",
                 f"* OK [UIDNEXT {self.s.next_uid[name]}] next\r\n", "* FLAGS (\\Seen)\r\n"]
        return [line.encode() for line in lines], (), "OK [READ-ONLY] done"

    def append(self, arg):
        """Only what was sent has a place here, and as it was sent."""
        name = self.unquote(arg)
        if name not in self.s.folders:
            return [], (), "NO [TRYCREATE] there is no such folder"
        ident = email.message_from_bytes(self.literal, policy=email.policy.default)["Message-ID"].strip("<>")
        post = self.s.posts[ident]
        assert post.record == self.literal and post.author is self.viewer and "(\\Seen)" in arg, arg
        is_there = any(m.post is post for m in self.s.folders[name])
        self.town.count(f"appended {'again ' if is_there else ''}{self.s.name}")
        self.s.folders[name].append(Kept(self.s.next_uid[name], post, self.literal, self.s.world.now_ms()))
        self.s.next_uid[name] += 1
        return [], (), f"OK [APPENDUID {self.s.validity} {self.s.next_uid[name] - 1}] done"

    def search(self, arg):
        mails = self.s.shown(self.folder)
        match = re.fullmatch(r'HEADER Message-ID "([^"]*)"', arg)
        if match:
            mails = [m for m in mails if match[1] in m.post.id]
        else:
            match = re.fullmatch(r"SINCE (\d+-\w+-\d+)", arg)
            if not match:
                raise Bad(f"no search {arg!r}")
            day = email.utils.mktime_tz(email.utils.parsedate_tz(match[1].replace("-", " ") + " 00:00:00 +0000")) * 1000
            mails = [m for m in mails if m.received // 86_400_000 * 86_400_000 >= day]
        return [("* SEARCH" + "".join(f" {m.uid}" for m in mails) + "\r\n").encode()], (), "OK done"

    def fetch(self, arg):
        low, high = (int(n) for n in arg.partition(" ")[0].split(":"))
        most = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", arg)
        parts, els = [], []
        for number, mail in enumerate(self.s.shown(self.folder), 1):
            if not low <= mail.uid <= high:
                continue
            if most is None:
                parts.append(f"* {number} FETCH (UID {mail.uid})\r\n".encode())
                continue
            if mail.el is None:
                mail.el = self.town.book.element(self.s.name, "direct", mail.post.id, mail.data)
            els.append(mail.el)
            parts.append(self.part(number, mail, mail.data[:int(most[1])]))
        return parts, els, "OK done"

    @staticmethod
    def part(number, mail, data):
        head = f'* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.data)} INTERNALDATE "{zone_date(mail.received)}" BODY[]<0> {{{len(data)}}}\r\n'
        return head.encode() + data + b")\r\n"

    # ---- going wrong
    async def wrong(self, fault, ask, tag, run):
        parts, els, ending = run() if fault.kind not in ("status", "limited", "html", "empty", "stall") else ([], (), "")
        body = b"".join(parts)
        if fault.kind == "poison":
            if not els:
                fault.left, fault.hits = fault.left + 1, fault.hits - 1
                await self.answer(ask, tag, parts, els, ending)
                return
            parts, els = self.spoil(fault, parts, list(els))
            await self.answer(ask, tag, parts, els, ending)
        elif fault.kind == "again":
            first = fault.kept.setdefault(ask.path, (parts, els, ending))
            await self.answer(ask, tag, *first)
        elif fault.kind in ("status", "limited", "redirect"):
            code = "[LIMIT]" if fault.kind == "limited" else "[UNAVAILABLE]"
            self.note(ask, 422, (), b"")
            await self.say(f"{tag} NO {code} on order\r\n")
        elif fault.kind in ("html", "empty", "replace", "deep", "bom", "many"):
            text = {"html": PAGE_HTML + b"\r\n", "empty": b"", "replace": fault.get("text", "").encode() + b"\r\n",
                    "deep": b"* 1 FETCH (UID 1 ENVELOPE " + b"(" * 30_000 + b")" * 30_000 + b")\r\n", "bom": b"\xef\xbb\xbf" + body,
                    "many": body * (fault.get("n", 2000) // max(len(parts), 1))}[fault.kind]
            self.note(ask, 200, (), text, cut=True)
            await self.say(text + f"{tag} OK done\r\n".encode())
        elif fault.kind == "huge":
            self.note(ask, 200, (), b"", cut=True)
            size = int(fault.get("mib", 4) * (1 << 20))
            await self.say(f"* 1 FETCH (UID 1 BODY[]<0> {{{size}}}\r\n".encode() + b"x" * size + f")\r\n{tag} OK done\r\n".encode())
        elif fault.kind == "ctype":
            await self.answer(ask, tag, parts, els, ending)
        else:
            self.note(ask, 200, (), body, cut=True)
            await self.wire(fault, body + f"{tag} OK done\r\n".encode())

    async def wire(self, fault, body):
        """Connections that end, stall, lie or never stop."""
        if fault.kind == "stall":
            await asyncio.sleep(fault.get("after", 3600))
        elif fault.kind == "drip":
            for i in range(len(body)):
                await self.say(body[i:i + 1])
                await asyncio.sleep(fault.get("every", 60))
        elif fault.kind in ("cut", "cut_json"):
            await self.say(body[:int(len(body) * fault.get("at", 0.5))])
            await asyncio.sleep(0.02)
        elif fault.kind == "length":
            await self.say(re.sub(rb"\{(\d+)\}", lambda m: b"{%d}" % max(0, int(m[1]) + fault.get("delta", 10)), body, count=1))
        elif fault.kind in ("endless_body", "bomb"):
            await self.say(b"* 1 FETCH (UID 1 BODY[] {999999999}\r\n")
            for _ in range(int(min(fault.get("mib", 16), 64) * 16)):
                await self.say(b"x" * 65536)
        elif fault.kind == "endless_headers":
            for _ in range(int(min(fault.get("mib", 4), 64) * 16)):
                await self.say(b"* OK " + b"x" * 60_000 + b"\r\n")
        elif fault.kind in ("garbage", "bad_chunks"):
            await self.say(bytes.fromhex("00ff00ff0d0a0d0a") * 100)
        elif fault.kind == "bye":
            await self.say("* BYE on order\r\n")
        self.end("rst" if fault.get("end", "fin") == "rst" or fault.kind == "drop" else "fin")

    def spoil(self, fault, parts, els):
        """One mail with something wrong in it: `how` is one of SPOILT, or says what is wrong with its headers or parts."""
        which = fault.get("which", 0) % len(parts)
        mail = next(m for m in self.s.shown(self.folder) if m.el == els[which])
        data, how = mail.data, fault.order["how"]
        head, _, text = data.partition(b"\r\n\r\n")
        if how in SPOILT:
            data = head.replace(b"Subject: ", b"Subject: " + SPOILT[how]) + b"\r\n\r\n" + SPOILT[how] + text
        elif how == "deep":
            data = head.replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b0") + b"\r\n\r\n" + b"".join(
                b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(900)) + text
        elif how == "headers":
            data = b"X-Filler: y\r\n" * 8000 + data
        elif how == "charset":
            data = data.replace(b"charset=utf-8", b"charset=\"no-such;\x01charset\"")
        elif how == "base64":
            data = data.replace(b"8bit", b"base64")
        else:
            header, value = (fault.order["field"], how) if "field" in fault.order else how.split("=", 1)
            data = re.sub(b"(?m)^%s: .*\r\n" % header.encode(), b"" if value == "-" else f"{header}: {value}\r\n".encode(), data)
        els[which] = self.town.book.element(self.s.name, "direct", mail.post.id, data, spoilt=how)
        spoilt = Kept(mail.uid, mail.post, data, mail.received)
        return [*parts[:which], self.part(which + 1, spoilt, data[:131072]), *parts[which + 1:]], els


class Smtp(Peer):
    async def talk(self):
        await self.say("220 town\r\n")
        sender = receivers = None
        while True:
            verb, _, arg = (await self.line()).partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                await self.say(f"250-town\r\n250-AUTH {'XOAUTH2' if 'oauth' in self.s.options else 'PLAIN'}\r\n250 8BITMIME\r\n")
            elif verb == "AUTH" and "oauth" in self.s.options:
                is_in = arg.startswith("XOAUTH2 ") and self.login_oauth(arg.partition(" ")[2])
                if not is_in:
                    await self.say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")
                    await self.line()
                await self.say("235 in\r\n" if is_in else "535 5.7.8 Username and Password not accepted\r\n")
            elif verb == "AUTH":
                await self.say("235 in\r\n" if self.login(arg.partition(" ")[2]) else "535 5.7.8 no\r\n")
            elif verb == "QUIT":
                await self.say("221 bye\r\n")
                return
            elif self.viewer is None:
                await self.say("530 5.7.0 who are you?\r\n")
            elif verb == "MAIL":
                sender, receivers = re.fullmatch(r"FROM:<([^>]*)>.*", arg)[1], []
                await self.say("250 fine\r\n" if sender == self.viewer.acct else "553 5.7.1 not you\r\n")
            elif verb == "RCPT":
                receivers.append(re.fullmatch(r"TO:<([^>]*)>.*", arg)[1])
                gone = self.s.options.get("unknown") or ()
                await self.say("550 5.1.1 nobody of that name\r\n" if receivers[-1] in gone else "250 fine\r\n")
            elif verb == "DATA" and receivers:
                await self.say("354 go\r\n")
                await self.taken(receivers, await self.mail())
            else:
                await self.say("503 what?\r\n")

    async def mail(self):
        lines = []
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\r\n"):
                self.s.town.count("smuggled" if line.endswith(b"\n") else "torn")
                raise Gone
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def apply(self, receivers, data):
        """The mail is ours now: into the book."""
        mail = email.message_from_bytes(data, policy=email.policy.default)
        ident = mail["Message-ID"].strip("<>") if mail["Message-ID"] else None
        assert len(receivers) == 1 and mail["To"] == receivers[0], f"{receivers} and To: {mail['To']}"
        assert max(map(len, data.split(b"\r\n"))) <= 78 and data.isascii(), "a line is too long, or not plain"
        op = {"op": "post", "server": self.s.name, "author": self.viewer.key, "text": mail.get_content().replace("\r\n", "\n").rstrip("\n"),
              "via": "api", "id": ident, "subject": mail["Subject"], "idempotency": ident.partition(".")[0], "mail": data.decode("latin-1")}
        if mail["In-Reply-To"]:
            op["parent"] = mail["In-Reply-To"].strip("<> ")
        if ident in self.s.posts:           # a copy: both went out
            op["id"] = f"again{len(self.s.posts)}.{ident}"
        return self.s.world.do(op)["id"]

    async def taken(self, receivers, data):
        ask = Ask(self, "POST", "/submit", self.viewer.key)
        fault = self.strike(ask)
        if fault is None:
            self.apply(receivers, data)
            self.note(ask, 200, (), b"")
            await self.say("250 2.0.0 queued\r\n")
            return
        if fault.kind == "lie":
            how = fault.random.choice(fault.order["how"])
            self.town.count(f"lie {how}")
            fault = Fault(fault.number, {**{k: v for k, v in fault.order.items() if k in ("after", "late_s")}, **LIES[how]})
        if fault.get("apply", False):
            self.s.world.late_ms = int(1000 * fault.get("late_s", 0))
            self.apply(receivers, data)
            self.s.world.late_ms = 0
        self.note(ask, 599, (), b"", cut=True)
        if fault.kind == "stall":
            await asyncio.sleep(fault.get("after", None) or 3600)
            if fault.get("after", None):
                self.apply(receivers, data)
        elif fault.kind == "cut":
            await self.say("25")
        elif fault.kind in ("html", "replace", "ctype"):
            await self.say(PAGE_HTML + b"\r\n")
        elif fault.kind == "refuse":
            await self.say(fault.get("text", "554 5.7.1 no") + "\r\n")
            return
        self.end("rst" if fault.kind == "drop" and fault.get("end", "rst") == "rst" else "fin")
