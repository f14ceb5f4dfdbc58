"""Simulated Telegram: bots, private chats, groups, chats of a business account, and the Bot API at /t/NAME/botTOKEN/METHOD.

An update is given until a request with a higher offset confirms it, then it is forgotten; a bot is never shown what it said itself, and
hears of a deletion only in a business chat. A post's id is what answerd calls it: CHAT:MESSAGE or b:CONNECTION:CHAT:MESSAGE.
Post fields: `chat` (name of a group; else the author's private chat with the bot), `business` (key of the customer whose chat with the
business it stands in), `offline` (an away message). Options: `webhook`, `poller` (409 in both dialects), `blocked` (keys of people who
blocked the bot), `keeps_s` (86400), `first_update` (number of the next update: they may begin anywhere after a quiet week)."""
import json
import re

from people import NAME, Post
from wire import HTML, Reply, dumps
from world import Server

METHOD = re.compile(r"/bot([^/]*)/(\w+)$")
EDITED = {"message": "edited_message", "business_message": "edited_business_message"}


def units(text):
    return len(text.encode("utf-16-le")) // 2


class Update:
    def __init__(self, number, kind, post, body, t):
        self.number, self.kind, self.post, self.t = number, kind, post, t
        self.data = dumps({"update_id": number, kind: body})
        self.el = None


class Telegram(Server):
    kind = "telegram"

    def __init__(self, world, name, op):
        self.n_people, self.n_updates = 0, 870000
        self.chats = {}             # group's name -> id
        self.n_messages = {}        # chat -> its last message's number
        self.updates = []           # not confirmed yet, oldest first
        self.n_lost = 0
        super().__init__(world, name, op)

    def set_options(self, op):
        super().set_options(op)
        if "first_update" in op:
            self.n_updates = op["first_update"] - 1

    @property
    def base(self):
        return f"{self.world.base}/t/{self.name}"

    def profile_url(self, person):
        return f"https://t.me/{person.handle}"

    # ---- people
    def settle(self, person, op):
        self.n_people += 1
        person.id = op["id"] = str(person.id or 1000 + self.n_people)

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = f"{person.id}:AA-town_{self.name}{len(self.tokens)}"
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": token}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state

    # ---- posts
    def place(self, op, author, parent):
        """The chat that a post stands in, as its id begins; and who the chat is with."""
        if op.get("business"):
            return f"b:bc1:{self.person(op['business']).id}"
        if op.get("chat"):
            return str(self.chats.setdefault(op["chat"], -100200 - len(self.chats)))
        if parent is not None:
            return parent.id.rpartition(":")[0]
        return author.id

    def new_post(self, op):
        t, author = op["t"], self.person(op["author"])
        parent = self.post_of(op["parent"]) if op.get("parent") is not None else None
        chat = self.place(op, author, parent)
        number = self.n_messages.get(chat, 0) + 1
        self.n_messages[chat] = number
        ident = op.get("id") or f"{chat}:{number}"
        post = Post(self, op.get("key", ident), ident, author, op["text"], self.world.time_of(op), t)
        post.parent_id = None if parent is None else parent.id
        post.record, post.visibility = chat, "public" if chat.startswith("-") else "direct"
        post.mentions = self.names_in(post.text)
        post.html, post.raw, post.via, post.application = None, op.get("raw", {}), op.get("via", "person"), op.get("offline")
        return post

    def notify(self, post, op):
        if not (post.author.own and post.via == "api"):
            self.tell("business_message" if post.record.startswith("b:") else "message", post, self.message(post), op["t"])

    def edit(self, post, op):
        post.text, post.edited = op.get("text", post.text), self.world.time_of(op)
        kind = "business_message" if post.record.startswith("b:") else "message"
        self.tell(EDITED[kind], post, self.message(post), op["t"])
        return {"id": post.id}

    def forget(self, post):
        if post.record.startswith("b:"):
            self.tell("deleted_business_messages", post, {"business_connection_id": "bc1", "chat": self.chat(post),
                                                          "message_ids": [int(post.id.rpartition(":")[2])]}, self.world.now_ms())

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        pass

    def tell(self, kind, post, body, t):
        self.n_updates += 1
        self.updates.append(Update(self.n_updates, kind, post, body, t))

    def confirm(self, op):
        """Everything below the offset is forgotten."""
        self.updates = [u for u in self.updates if u.number >= op["offset"]]
        return {}

    # ---- rendering
    def user(self, person):
        return {"id": int(person.id), "is_bot": bool(person.own) and person.bot, "first_name": person.name, "username": person.handle}

    def chat(self, post):
        number = int(post.record.rpartition(":")[2])
        if number < 0:
            name = next(n for n, i in self.chats.items() if i == number)
            return {"id": number, "type": "supergroup", "title": name, "username": name}
        return {"type": "private", **{k: v for k, v in self.user(self.by_person_id[str(number)]).items() if k != "is_bot"}}

    def entities(self, text):
        return [{"type": "mention", "offset": units(text[:m.start()]), "length": units(m[0])} for m in NAME.finditer(text)]

    def message(self, post, deep=True):
        found = {"message_id": int(post.id.rpartition(":")[2]), "from": self.user(post.author), "chat": self.chat(post), "date": post.at // 1000}
        if post.record.startswith("b:"):
            found["business_connection_id"] = "bc1"
        if post.application:
            found["is_from_offline"] = True
        if post.edited:
            found["edit_date"] = post.edited // 1000
        parent = self.posts.get(post.parent_id)
        if parent is not None and deep:
            found["reply_to_message"] = self.message(parent, deep=False)
        found["text"] = post.text
        entities = self.entities(post.text)
        if entities:
            found["entities"] = entities
        return {**found, **post.raw}


class TelegramApi:
    def __init__(self, server):
        self.s = server

    @staticmethod
    def fail(status, words, **parameters):
        body = {"ok": False, "error_code": status, "description": words}
        return Reply.json({**body, "parameters": parameters} if parameters else body, status)

    def handle(self, request, path):
        match = METHOD.match(path)
        if match is None:
            return Reply(404, b"<html><title>404 Not Found</title></html>", HTML)
        entry = self.s.tokens.get(match[1])
        if entry is None or entry[1] != "ok":
            return self.fail(401, "Unauthorized") if ":" in match[1] else self.fail(404, "Not Found")
        request.viewer = entry[0].key
        if not self.s.take_rate(match[1], self.s.rate_limit or 10**9)[3]:
            return self.fail(429, "Too Many Requests: retry after 2", retry_after=2)
        handler = {"getMe": self.me, "getWebhookInfo": self.webhook, "getUpdates": self.updates, "sendMessage": self.send}.get(match[2])
        return handler(request, entry[0]) if handler else self.fail(404, "Not Found: method not found")

    def me(self, request, bot):
        return Reply.json({"ok": True, "result": {**self.s.user(bot), "can_join_groups": True, "can_read_all_group_messages": True}})

    def webhook(self, request, bot):
        url = "https://elsewhere.example/hook" if self.s.options.get("webhook") else ""
        return Reply.json({"ok": True, "result": {"url": url, "has_custom_certificate": False, "pending_update_count": len(self.s.updates)}})

    def updates(self, request, bot):
        s = self.s
        if s.options.get("webhook"):
            return self.fail(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
        if s.options.get("poller"):
            return self.fail(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
        offset, limit = int(request.arg("offset", "0")), min(max(int(request.arg("limit", "100")), 1), 100)
        if offset < 0:
            raise ValueError("a negative offset forgets what nobody read")
        if s.updates and offset > s.updates[0].number:
            s.world.do({"op": "confirm", "server": s.name, "offset": offset})
        kept = [u for u in s.updates if s.world.now_ms() - u.t < 1000 * s.options.get("keeps_s", 86400)]
        s.n_lost += len(s.updates) - len(kept)
        s.updates = kept
        allowed = json.loads(request.arg("allowed_updates", "[]"))
        found = [u for u in kept if not allowed or u.kind in allowed][:limit]
        for update in found:
            if update.el is None:
                kind = "deletion" if update.kind.startswith("deleted") else "direct" if update.post.visibility == "direct" else "post"
                update.el = s.world.book.element(s.name, kind, update.post.id, update.data)
        return Reply.page(b'{"ok":true,"result":[', [u.data for u in found], b"]}", [u.el for u in found])

    def send(self, request, bot):
        s, form = self.s, request.form()
        text, chat = form.get("text") or "", form.get("chat_id")
        if not text.strip():
            return self.fail(400, "Bad Request: message text is empty")
        if units(text) > 4096:
            return self.fail(400, "Bad Request: message is too long")
        place = f"b:{form['business_connection_id']}:{chat}" if form.get("business_connection_id") else str(chat)
        if place not in s.n_messages:
            return self.fail(400, "Bad Request: chat not found")
        person = s.by_person_id.get(str(chat))
        if person is not None and person.key in s.options.get("blocked", ()):
            return self.fail(403, "Forbidden: bot was blocked by the user")
        answers = form.get("reply_parameters") or {}
        parent = s.posts.get(f"{place}:{answers.get('message_id')}")
        if answers and (parent is None or parent.deleted) and not answers.get("allow_sending_without_reply"):
            return self.fail(400, "Bad Request: message to be replied not found")
        op = {"op": "post", "server": s.name, "author": bot.key, "text": text, "via": "api", "visibility": "direct"}
        if place.startswith("b:"):
            op["business"] = person.key
        elif place.startswith("-"):
            op["chat"] = next(n for n, i in s.chats.items() if str(i) == place)
        if parent is not None:
            op["parent"] = parent.id
        else:
            op["id"] = f"{place}:{s.n_messages[place] + 1}"
        post = s.posts[s.world.do(op)["id"]]
        data = dumps(s.message(post))
        el = s.world.book.element(s.name, "sent", post.id, data)
        return Reply(200, b'{"ok":true,"result":' + data + b"}", els=[el])
