"""Direct messages of the simulated Bluesky (chat.bsky.convo.*)."""
import hashlib
import json

from people import Bad, graphemes, iso, tid
from wire import Reply, dumps


class Message:
    __slots__ = ("id", "rev", "text", "sender", "at", "deleted", "convo", "via", "visible_at", "el", "cache")

    def __init__(self, ident, text, sender, at, convo):
        self.id = self.rev = ident
        self.text, self.sender, self.at, self.convo = text, sender, at, convo
        self.deleted = False
        self.via, self.visible_at = "person", 0
        self.el = self.cache = None


class Convo:
    def __init__(self, ident, members):
        self.id, self.members = ident, members
        self.messages = []
        self.rev = ""
        self.locked = False


class Chat:
    def __init__(self, server):
        self.server = server
        self.convos = {}
        self.keys = {}
        self.log = []               # (rev, kind, convo, message)
        self.last = 0

    def rev(self, t):
        self.last = max(self.last + 1, t * 1000)
        return tid(self.last, 1)

    def between(self, people):
        members = sorted(p.id for p in people)
        ident = "3" + hashlib.sha256(" ".join(members).encode()).hexdigest()[:21]
        if ident not in self.convos:
            self.convos[ident] = Convo(ident, people)
        return self.convos[ident]

    # ---- operations
    def post(self, op):
        author = self.server.person(op["author"])
        if op.get("members"):       # from the book
            convo = self.between([self.server.person(k) for k in op["members"]])
        elif op.get("convo"):
            convo = self.convos.get(op["convo"])
        else:
            convo = self.between([author, self.server.person(op["to"])])
        if convo is None:
            raise Bad("no such conversation")
        message = Message(self.rev(op["t"]), op["text"], author, self.server.world.time_of(op), convo)
        message.via, message.visible_at = op.get("via", "person"), op["t"] + op.get("late_ms", 0)
        self.keys[op.get("key", message.id)] = message
        op["members"] = [p.key for p in convo.members]
        convo.messages.append(message)
        convo.rev = message.rev
        self.log.append((message.rev, "CreateMessage", convo, message))
        return {"id": message.id, "convo": convo.id}

    def delete(self, op):
        message = self.keys.get(op["message"])
        if message is None:
            raise Bad("no such message")
        message.deleted = True
        message.cache = None
        message.rev = self.rev(op["t"])
        self.log.append((message.rev, "DeleteMessage", message.convo, message))
        return {}

    def applied(self):
        return [{"id": m.id, "key": m.id, "author": m.sender.key, "convo": m.convo.id, "to": [p.key for p in m.convo.members if p is not m.sender],
                 "parent": None, "text": m.text, "at": m.at, "visibility": "direct", "deleted": m.deleted, "via": m.via, "posting_key": None}
                for m in self.keys.values() if m.via == "api"]

    def shown(self, messages):
        now = self.server.world.now_ms()
        return [m for m in messages if m.visible_at <= now]

    # ---- views
    def view(self, message):
        if message.cache is None:
            body = {"$type": "chat.bsky.convo.defs#" + ("deletedMessageView" if message.deleted else "messageView"),
                    "id": message.id, "rev": message.rev, "sender": {"did": message.sender.id}, "sentAt": iso(message.at)}
            if not message.deleted:
                body["text"] = message.text
                body["reactions"] = []
            message.cache = dumps(body)
            message.el = self.server.world.book.element(self.server.name, "direct", message.id, message.cache)
        return message.cache

    def convo_view(self, convo, viewer):
        body = {"id": convo.id, "rev": convo.rev, "members": [self.server.profile(p) for p in convo.members],
                "muted": False, "status": "accepted", "unreadCount": sum(m.sender is not viewer for m in convo.messages)}
        shown = self.shown(convo.messages)
        if shown:
            body["lastMessage"] = json.loads(self.view(shown[-1]))
        return body

    # ---- XRPC
    def handle(self, request, method, viewer, fail):
        if "atproto-proxy" not in request.headers:
            return fail(404, "XRPCNotSupported", "XRPCNotSupported")
        if request.headers["atproto-proxy"] != "did:web:api.bsky.chat#bsky_chat":
            return fail(400, "InvalidRequest", "could not resolve proxy did")
        if self.server.options.get("chat_refused"):
            return fail(401, "InvalidToken", "Bad token method")
        handler = getattr(self, "do_" + method, None)
        return fail(501, "MethodNotImplemented", "Method Not Implemented") if handler is None else handler(request, viewer, fail)

    def mine(self, viewer):
        return [c for c in self.convos.values() if viewer in c.members and self.shown(c.messages)]

    @staticmethod
    def cut(request, default=50):
        text = request.arg("limit", str(default))
        return int(text) if text.isdigit() and 1 <= int(text) <= 100 else None

    def do_listConvos(self, request, viewer, fail):
        limit, cursor = self.cut(request), request.arg("cursor")
        if limit is None:
            return fail(400, "InvalidRequest", "Error: limit must be between 1 and 100")
        convos = sorted(self.mine(viewer), key=lambda c: c.rev, reverse=True)
        if cursor:
            convos = [c for c in convos if c.rev < cursor]
        page = convos[:limit]
        body = {"convos": [self.convo_view(c, viewer) for c in page]}
        if len(convos) > limit:
            body["cursor"] = page[-1].rev
        return Reply.json(body, els=[self.shown(c.messages)[-1].el for c in page])

    def do_getConvo(self, request, viewer, fail):
        convo = self.convos.get(request.arg("convoId"))
        if convo is None or viewer not in convo.members:
            return fail(400, "InvalidConvo", "Convo not found")
        return Reply.json({"convo": self.convo_view(convo, viewer)})

    def do_getConvoForMembers(self, request, viewer, fail):
        people = [self.server.by_person_id.get(d) for d in request.args().get("members", ())]
        if None in people or not people:
            return fail(400, "InvalidRequest", "Unknown member")
        return Reply.json({"convo": self.convo_view(self.between(list(dict.fromkeys([viewer, *people]))), viewer)})

    def do_getMessages(self, request, viewer, fail):
        convo, limit, cursor = self.convos.get(request.arg("convoId")), self.cut(request), request.arg("cursor")
        if convo is None or viewer not in convo.members:
            return fail(400, "InvalidConvo", "Convo not found")
        if limit is None:
            return fail(400, "InvalidRequest", "Error: limit must be between 1 and 100")
        found = [m for m in reversed(self.shown(convo.messages)) if not cursor or m.id < cursor]
        page = found[:limit]
        parts = [self.view(m) for m in page]
        tail = b"]}" if len(found) <= limit else b'],"cursor":"' + page[-1].id.encode() + b'"}'
        return Reply.page(b'{"messages":[', parts, tail, [m.el for m in page])

    def do_getLog(self, request, viewer, fail):
        cursor = request.arg("cursor") or ""
        now = self.server.world.now_ms()
        found = [e for e in self.log if e[0] > cursor and viewer in e[2].members and e[3].visible_at <= now][:100]
        parts, els = [], []
        for rev, kind, convo, message in found:
            head = dumps({"$type": f"chat.bsky.convo.defs#log{kind}", "rev": rev, "convoId": convo.id})
            parts.append(head[:-1] + b',"message":' + self.view(message) + b"}")
            els.append(message.el)
        last = found[-1][0] if found else (cursor or (self.log[-1][0] if self.log else "222"))
        return Reply.page(b'{"logs":[', parts, b'],"cursor":"' + last.encode() + b'"}', els)

    def do_sendMessage(self, request, viewer, fail):
        form = request.form()
        convo = self.convos.get(form.get("convoId"))
        text = (form.get("message") or {}).get("text", "")
        if convo is None or viewer not in convo.members:
            return fail(400, "InvalidConvo", "Convo not found")
        if convo.locked:
            return fail(400, "ConvoLocked", "Convo is locked")
        if graphemes(text) > 1000 or not text:
            return fail(400, "InvalidRequest", "Input/message/text must not be longer than 1000 graphemes")
        made = self.server.world.do({"op": "chat", "server": self.server.name, "author": viewer.key, "convo": convo.id,
                                     "text": text, "via": "api"})
        message = self.keys[made["id"]]
        return Reply(200, self.view(message), els=[message.el])

    def do_updateRead(self, request, viewer, fail):
        convo = self.convos.get(request.form().get("convoId"))
        return fail(400, "InvalidConvo", "Convo not found") if convo is None else Reply.json({"convo": self.convo_view(convo, viewer)})

    def do_acceptConvo(self, request, viewer, fail):
        return Reply.json({"rev": self.log[-1][0] if self.log else "222"})
