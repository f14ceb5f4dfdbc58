"""The authorization matrix (RELIABILITY S11): every route × role × own, other's and absent object, made from the desk's own document.

What a route's row says is what happens, over a session of a browser, a token that reads, one that acts, and nothing at all. An object is
another person's or is not there: where that must make a difference stands in RULES, everywhere else it must not."""
import contextlib
import http.client
import json
import secrets

from rig.door import Person, newcomer
from rig.front import Answered, closed_shop, shop  # noqa: F401 (fixtures)

ROLES = ("auditor", "agent", "lead", "admin")
# What is another's: the least role that may all the same (None: nobody), and what the others hear.
RULES = {("post", "/tokens/{token}/revoke"): ("admin", 404), ("post", "/views/{id}/remove"): (None, 404), ("post", "/replies/{id}/send"): (None, 403), ("post", "/replies/{id}/drop"): ("lead", 403)}
# What belongs to the house: whoever may do it may do it with anybody's, and what is not there is said to be not there.
HOUSE = ("alerts", "silences", "snippets")
# Signing out and the like end the session that asks: judged by their refusals only.
ENDS = {"/session/end", "/session/password", "/session/again", "/session", "/session/link", "/session/totp", "/session/totp/confirm",
        "/session/totp/off", "/session/totp/recovery"}


class Caller:
    """One connection that stays, so that hundreds of requests cost little."""

    def __init__(self, port, person=None, token=None):
        self.person, self.token, self.port = person, token, port
        self.conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def __call__(self, method, path, body=None, csrf=True):
        head = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)} if method == "post" else {}
        if self.person:
            head["Cookie"] = f"__Host-session={self.person.cookie}"
            if csrf and method != "get":
                head["X-CSRF-Token"] = self.person.csrf
        if self.token:
            head["Authorization"] = f"Bearer {self.token}"
        self.conn.request(method.upper(), "/api/v1" + path, json.dumps(body or {}) if method == "post" else None, head)
        response = self.conn.getresponse()
        if response.headers["Content-Type"] == "text/event-stream":  # has no end
            self.conn.close()
            response.read = lambda: b"{}"
        return Answered(response)


def objects(shop, path, owner, other):
    """name -> the path with an object of the caller's own, of another person's, of nobody's."""
    first = path.split("/")[1]
    if "{" not in path:
        return {"none": path}
    kinds = {"conversations": lambda who: who["conversation"], "replies": lambda who: who["draft"](), "staff": lambda who: who["login"],
             "tokens": lambda who: who["token"](), "customers": lambda who: who["customer"], **{name: lambda who, name=name: who[name]() for name in (*HOUSE, "views")}}
    made = {"absent": "nobody" if first == "staff" else "999999"}
    if first in kinds:
        made |= {"own": kinds[first](owner), "other": kinds[first](other)}
    return {name: path[:path.index("{")] + value + path[path.index("}") + 1:] for name, value in made.items()}


def people(shop):
    """One of each role with a session, and something of theirs; and one colleague whose things are another's."""
    found = {}
    for role in (*ROLES, "colleague"):
        person = newcomer(shop, f"m{role}", "agent" if role == "colleague" else role)
        who = {"login": person.login, "person": person, "conversation": shop.conversation(shop.say(f"c{role}", f"Where is {role}?"))}
        who["customer"] = str(shop.db.one("select customer_id from answerd.conversation where conversation_id = %s", int(who["conversation"])))

        def draft(who=who):
            """One that is there now: others are used up by the acts."""
            staff = shop.db.one("select staff_id from answerd.staff where login = %s", who["login"])
            return shop.db.one("select answerd.reply_make(%s, %s, 'Soon.', null, true, true, array['Soon.']) ->> 'id'", who["conversation"], staff)

        def token(who=who):
            return shop.db.one("select answerd.token_make(staff_id, 'x', 'read', 1, %s) ->> 'id' from answerd.staff where login = %s",
                               secrets.token_hex(32), who["login"])

        def of_staff(sql, who=who):
            """A row that they made, anew each time."""
            return str(shop.db.one(sql.replace("{n}", secrets.token_hex(6)), who["login"]))
        found[role] = {**who, "draft": draft, "token": token,
                       "alerts": lambda make=of_staff: make("insert into answerd.alert (brand_id, event, key, at, text, channels, conversation_id) select c.brand_id, 'waiting', 'm{n}', now(), 'x', '{}', "
                                                            "c.conversation_id from answerd.conversation c join answerd.identity i on i.identity_id = c.customer_id where i.handle = 'c' || substr(%s, 2) returning alert_id"),
                       "silences": lambda make=of_staff: make("insert into answerd.silence (at, until, by_staff, reason) select now(), now() + interval '1 h', staff_id, 'x' from answerd.staff where login = %s "
                                                              "returning silence_id"),
                       "snippets": lambda make=of_staff: make("insert into answerd.snippet select b.brand_id, 's{n}', 'x', s.staff_id, now() from answerd.brand b, answerd.staff s where s.login = %s returning name"),
                       "views": lambda make=of_staff: make("insert into answerd.saved_view (staff_id, name, query, by_staff, changed_at) select staff_id, '{n}', 'all=1', staff_id, now() from answerd.staff "
                                                           "where login = %s returning view_id")}
        if role in ROLES:
            found[role] |= {"call": Caller(shop.port, person), "acts": Caller(shop.port, token=person.post("tokens", {"scope": "act"}).json["token"]),
                            "reads": Caller(shop.port, token=person.post("tokens").json["token"])}
    return found


def allowed(operation, role, fresh=True):
    asks = operation["x-asks"]
    return "open" in asks or (ROLES.index(role) >= ROLES.index(operation["x-role"]) and not (role == "agent" and "no_agent" in asks))


def is_refused(method, path, role):
    if (method, path) not in RULES:
        return False
    least = RULES[method, path][0]
    return least is None or ROLES.index(role) < ROLES.index(least)


def test_the_matrix(shop):
    """S11: default deny; each role may what the table says, with whichever object; what is another's is not there."""
    staff = people(shop)
    paths = staff["admin"]["person"].get("openapi.json").json["paths"]
    routes = [(method, path, operation) for path, methods in paths.items() for method, operation in methods.items()]
    assert len(routes) > 50 and all(o["x-role"] in ROLES for _, _, o in routes)
    nobody, n, judged = Caller(shop.port), 0, set()
    for method, path, operation in routes:
        asks = operation["x-asks"]
        for name, url in objects(shop, path, staff["agent"], staff["colleague"]).items():
            answer = nobody(method, url)
            is_public = "open" in asks and method == "get"  # by which services one can sign in
            assert answer.status == 200 if is_public else answer.status in (400, 401) if "open" in asks else answer.status == 401, (method, url)
            n += 1
        for role in ROLES:
            who = staff[role]
            call, acts, reads = who["call"], who["acts"], who["reads"]
            said = {}
            for name, url in objects(shop, path, who, staff["colleague"]).items():
                where = (role, method, url, name)
                if method == "post":
                    assert call(method, url, csrf=False).json.get("needs") == "csrf" or "open" in asks, where
                if "open" in asks or (path in ENDS and method == "post" and allowed(operation, role)):
                    continue
                # A token never may more, and less where a person is asked for.
                by_token = acts(method, url, {"role": "x"}) if "fresh" in asks or "person" in asks or "session" in asks else None
                assert by_token is None or by_token.status == 403, where
                assert method == "get" or reads(method, url).status == 403, where
                if method == "get" and path != "/verify":  # that one works for a second
                    assert (reads(method, url).status == 403) is not allowed(operation, role), where
                if path.startswith("/staff/") and name != "absent" and allowed(operation, role):
                    continue  # would end the people of this test: test_door.py
                said[name] = answer = call(method, url)
                n += 1
                if not allowed(operation, role):
                    assert answer.status == 403, (*where, answer.body)
                    assert answer.body == said[next(iter(said))].body, "nobody learns what is there"
                elif path.split("/")[1] in HOUSE and "{" in path:
                    assert answer.status == (404 if name == "absent" else 200), (*where, answer.status, answer.body)
                    judged.add((path, name))
                elif name == "absent":
                    assert answer.status in (400, 404, 409, 422), (*where, answer.status, answer.body)
                elif name == "other" and is_refused(method, path, role):
                    assert answer.status == RULES[method, path][1], (*where, answer.status, answer.body)
                else:
                    assert answer.status not in (401, 403) and answer.status < 500, (*where, answer.status, answer.body)
    assert n > 400, n
    assert {(path.split("/")[1], name) for path, name in judged} == {(kind, name) for kind in HOUSE for name in ("own", "other", "absent")}
    assert not shop.db.one("select count(*) from answerd.staff where login like 'm%%' and disabled_at is not null")


def test_halfway_and_not_fresh(shop):
    """S10, S11: a session without a password opens nothing else; what matters wants fresh proof, from everybody."""
    link = shop.answer("staff", "add", "half", "--role", "admin", code=0).json["link"].rpartition("/")[2]
    half, stale = Person(shop.port, "half"), newcomer(shop, "stale", "admin")
    assert half.post("session/link", {"token": link}, key=False).status == 200
    shop.db.shift(11 * 60)
    assert stale.get("queue").status == 200 and half.get("session").status == 200
    paths = stale.get("openapi.json").json["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            url = path[:path.index("{")] + "1" + path[path.index("}") + 1:] if "{" in path else path
            asks = operation["x-asks"]
            if "open" not in asks and "halfway" not in asks:
                refused = Caller(shop.port, half)(method, url)
                assert refused.status == 403 and refused.json["needs"] == "password", (method, path)
            if "fresh" in asks:
                refused = Caller(shop.port, stale)(method, url)
                assert refused.status == 403 and refused.json["needs"] == "again", (method, path)
    assert {p for p, m in paths.items() if any("fresh" in o["x-asks"] for o in m.values())} >= {
        "/staff", "/staff/{login}/disable", "/staff/{login}/role", "/staff/{login}/link", "/tokens", "/session/totp", "/session/totp/off"}
    with contextlib.closing(shop.tcp()) as conn:  # nothing is there for who is nobody, not even its absence
        conn.request("GET", "/api/v1/no/such/thing", headers={"Cookie": "__Host-session=" + "A" * 43})
        assert Answered(conn.getresponse()).status == 401
