"""The control API: /control/… with JSON. README.md lists it."""
import json

from people import Bad
from wire import Reply


class Control:
    def __init__(self, town):
        self.town = town

    def handle(self, request):
        what = request.path.removeprefix("/control/").strip("/")
        handler = getattr(self, f"{request.method.lower()}_{what}", None)
        if handler is None:
            return Reply.json({"error": f"no {request.method} /control/{what}"}, 404)
        try:
            body = json.loads(request.body) if request.body else {}
            return handler(request, body)
        except (Bad, KeyError, ValueError, TypeError) as error:
            return Reply.json({"error": f"{type(error).__name__}: {error}"}, 400)

    # ---- changing the world
    def post_do(self, request, body):
        """One operation, or a list of them."""
        if isinstance(body, list):
            return Reply.json([self.town.world.do(op) for op in body])
        return Reply.json(self.town.world.do(body))

    def post_bulk(self, request, body):
        """{"defaults": {…}, "ops": [{…}, …]}: many operations, one answer."""
        defaults = body.get("defaults", {})
        return Reply.json([self.town.world.do({"op": "post", **defaults, **op}) for op in body["ops"]])

    def post_time(self, request, body):
        return Reply.json(self.town.world.do({"op": "time", **body}))

    def get_time(self, request, body):
        return Reply.json({"now": self.town.now_ms(), "offset_s": self.town.world.offset_ms / 1000})

    # ---- faults
    def post_fault(self, request, body):
        return Reply.json({"id": self.town.faults.add(body)})

    def get_faults(self, request, body):
        return Reply.json([f.show() for f in self.town.faults.list])

    def post_heal(self, request, body):
        """Take one fault away ({"id": n}; with "gently" who hangs in it goes on hanging) or all of them."""
        if "id" in body:
            self.town.faults.remove(body["id"])
            if body.get("gently"):
                return Reply.json({})
        else:
            self.town.faults.list.clear()
        for connection in list(self.town.connections):
            if connection is not request.conn and connection.busy:
                connection.abort()
        return Reply.json({})

    # ---- looking
    def get_served(self, request, body):
        """Every element that left the town whole, by server and viewer."""
        return Reply.json(self.town.book.served_elements(request.arg("server"), request.arg("who")))

    def get_truth(self, request, body):
        return Reply.json(self.town.world.truth(request.arg("server")))

    def get_applied(self, request, body):
        """What came in through the platforms' own APIs, and under which key."""
        rows = []
        for name in self.town.world.servers:
            if request.arg("server") in (None, name):
                rows += [{"server": name, **row} for row in self.town.world.applied(name)]
        return Reply.json(rows)

    def get_counters(self, request, body):
        return Reply.json(self.town.counters)

    def get_servers(self, request, body):
        world = self.town.world
        return Reply.json([{"name": s.name, "kind": s.kind, "url": s.base, "people": len(s.people), "posts": len(s.posts),
                            "own": [{"key": p.key, "handle": p.handle, "id": p.id, "brand": p.own,
                                     "tokens": [t for t, e in s.tokens.items() if not isinstance(e, str) and e[0] is p],
                                     "token": p.password or next((t for t, e in s.tokens.items() if e[0] is p), None)}
                                    for p in s.people.values() if p.own]} for s in world.servers.values()])

    def get_book(self, request, body):
        """The book's path, number of lines and elements; the file itself is the thing to read."""
        book = self.town.book
        book.flush()
        return Reply.json({"path": book.path, "lines": book.n_lines, "elements": book.n_elements})

    def get_health(self, request, body):
        return Reply.json({"ok": not self.town.counters.get("crash"), "now": self.town.now_ms(),
                           "connections": len(self.town.connections)})
