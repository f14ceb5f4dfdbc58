"""Signing in and what a session may (issue 6; RELIABILITY S8-S13): over TCP, as a browser does."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess

from rig import wait_until
from rig.door import PASSWORD, Person, code, newcomer, token_of
from rig.place import program
from rig.front import closed_shop, shop  # noqa: F401 (fixtures)


def test_the_way_in(shop):
    """S8: a link once, a password, a session in a cookie; signing out ends it."""
    said = shop.answer("staff", "add", "ann", "--name", "Ann Ash", code=0).json
    assert said["login"] == "ann" and said["link"].startswith(f"http://127.0.0.1:{shop.port}/#/link/")
    ann = Person(shop.port, "ann")
    assert ann.get("session").status == 401 and ann.get("queue").status == 401
    assert ann.sign_in().status == 401, "no password yet"
    assert ann.post("session/link", {"token": "x" * 43}, key=False).status == 401
    answer = ann.post("session/link", {"token": token_of(said["link"])}, key=False)
    assert answer.status == 200 and answer.json["auth"] == "link" and answer.json["must_set_password"] and answer.json["login"] == "ann"
    # Until a password is set the session is good for nothing else.
    refused = ann.get("queue")
    assert refused.status == 403 and refused.json["needs"] == "password"
    assert ann.post("session/password", {"password": "too short"}).status == 400
    assert ann.post("session/password", {"password": "  ann  "}).status == 400
    first = ann.cookie
    answer = ann.post("session/password", {"password": PASSWORD})
    assert answer.status == 200 and not answer.json["must_set_password"] and ann.cookie != first
    assert ann.get("queue").status == 200
    who = ann.get("session").json
    assert (who["login"], who["name"], who["role"], who["auth"], who["csrf"], who["totp"]) == ("ann", "Ann Ash", "agent", "password", ann.csrf, False)
    # The link was good once, and the cookie of before is none.
    assert Person(shop.port).post("session/link", {"token": token_of(said["link"])}, key=False).status == 401
    other = Person(shop.port, "ann")
    other.cookie = first
    assert other.get("session").status == 401
    # Another browser; a wrong password; nobody of that name.
    assert other.sign_in("wrong horse battery").status == 401
    assert Person(shop.port, "nobody").sign_in().status == 401
    assert other.sign_in().status == 200 and other.get("session").json["login"] == "ann"
    assert other.post("session/end").status == 200 and other.cookie is None
    other.cookie = "A" * 43
    assert other.get("session").status == 401 and ann.get("session").status == 200
    # No key stands anywhere: not in the tables, not in the log, not in what is kept for repeated requests.
    keys = [first, ann.cookie, token_of(said["link"]), PASSWORD]
    dump = json.dumps(shop.db.rows("select x::text from answerd.staff_session x union all select x::text from answerd.staff_link x union all "
                                   "select x::text from answerd.idempotency x union all select x::text from answerd.audit x union all "
                                   "select x::text from answerd.staff_secret x")) + shop.desk.log(100000)
    assert [k for k in keys if k in dump] == []
    shop.answer.verify()


def test_forged_requests(shop):
    """S9: what changes something carries the page's token and comes from our own page."""
    ann = newcomer(shop, "ann", "admin")
    add = {"login": "bob"}
    for headers, csrf in (({}, False), ({"X-CSRF-Token": "x"}, False), ({"X-CSRF-Token": newcomer(shop, "carl").csrf}, False),
                          ({"Origin": "http://evil.example"}, True), ({"Origin": "null"}, True), ({"Sec-Fetch-Site": "cross-site"}, True),
                          ({"Sec-Fetch-Site": "same-site"}, True), ({"Origin": f"http://localhost:{shop.port}"}, True)):
        answer = ann.post("staff", add, headers=headers, csrf=csrf)
        assert answer.status == 403, headers
        assert csrf or answer.json["needs"] == "csrf"
    assert ann.post("staff", add, key=False).status == 400, "an act has a key"
    assert ann.post("staff", add, headers={"Origin": f"http://127.0.0.1:{shop.port}", "Sec-Fetch-Site": "same-origin"}).status == 200
    for site in ("cross-site", "same-site"):
        assert Person(shop.port, "ann", {"Sec-Fetch-Site": site}).sign_in().status == 403
    assert shop.db.one("select count(*) from answerd.staff where login = 'bob'") == 1


def now(shop):
    return shop.db.one("select extract(epoch from answerd.now())::float8")


def test_sessions_end(shop):
    """S8: idle for half an hour, twelve hours at most; a disabled person, a new password and another role end all of theirs."""
    ann, bob = newcomer(shop, "ann"), newcomer(shop, "bob", "lead")
    assert ann.get("session").json["expires_at"] > ann.get("session").json["idle_until"]
    before = shop.db.one("select seen_at from answerd.staff_session s join answerd.staff using (staff_id) where login = 'ann'")
    assert ann.get("queue").status == 200
    assert shop.db.one("select seen_at from answerd.staff_session s join answerd.staff using (staff_id) where login = 'ann'") == before, "to the minute"
    shop.db.shift(29 * 60)
    assert ann.get("queue").status == 200
    wait_until(lambda: shop.db.one("select seen_at from answerd.staff_session s join answerd.staff using (staff_id) where login = 'ann'") > before, 10, "seen")
    shop.db.shift(31 * 60)
    assert bob.get("queue").status == 401, "31 minutes idle"
    assert ann.get("queue").status == 200
    for minutes in range(50, 12 * 60, 25):
        shop.db.shift(minutes * 60)
        last = shop.db.one("select max(seen_at) from answerd.staff_session")
        assert ann.get("queue").status == 200, minutes
        wait_until(lambda: shop.db.one("select max(seen_at) from answerd.staff_session") > last, 10, "seen")
    shop.db.shift(12 * 3600 + 60)
    assert ann.get("queue").status == 401, "twelve hours"
    # A new password ends the other ones.
    one, two = Person(shop.port, "ann"), Person(shop.port, "ann")
    assert one.sign_in().status == two.sign_in().status == 200
    assert one.post("session/password", {"password": "another long password"}).status == 400, "the one until now is needed"
    assert one.post("session/password", {"password": "another long password", "current": "not that one at all"}).status == 401
    assert one.post("session/password", {"password": "another long password", "current": PASSWORD}).status == 200
    assert one.get("queue").status == 200 and two.get("queue").status == 401
    assert two.sign_in().status == 401 and two.sign_in("another long password").status == 200
    # Another role: signed out, and the new one is in force.
    shop.answer("staff", "role", "ann", "auditor", code=0)
    assert one.get("queue").status == two.get("queue").status == 401
    assert one.sign_in("another long password").json["role"] == "auditor"
    # Gone.
    shop.answer("staff", "disable", "ann", code=0)
    assert one.get("queue").status == 401 and one.sign_in("another long password").status == 401
    # A link is good for a day, and a new one ends the older.
    old = token_of(shop.answer("staff", "link", "bob", code=0).json["link"])
    new = token_of(shop.answer("staff", "link", "bob", code=0).json["link"])
    assert bob.post("session/link", {"token": old}, key=False).status == 401
    shop.db.shift(12 * 3600 + 60 + 24 * 3600 + 1)
    assert bob.post("session/link", {"token": new}, key=False).status == 401
    shop.answer.verify()


def test_throttle(closed_shop):
    """S10, DESIGN §6: 429 from the 6th failure of one login or the 11th of one address in a quarter of an hour; strangers lock nobody out."""
    shop = closed_shop
    shop.config.desk["trusted_proxies"] = ["127.0.0.1"]
    shop.desk.start().wait_ready()
    ann = newcomer(shop, "ann")

    def at(address, login, password="wrong password"):
        return Person(shop.port, login, {"X-Forwarded-For": address}).sign_in(password)
    assert [at("192.0.2.1", "ann").status for _ in range(7)] == [401] * 5 + [429] * 2
    refused = at("192.0.2.1", "ann", PASSWORD)
    assert refused.status == 429 and 1 <= int(refused.headers["Retry-After"]) <= 900, "the right one waits too, or guessing would go on"
    assert at("192.0.2.2", "ann", PASSWORD).status == 429
    assert ann.sign_in().status == 200, "from where she signed in before she comes in all the same"
    # Nobody of that name is throttled like somebody.
    assert [at("192.0.2.3", "nobody").status for _ in range(6)] == [401] * 5 + [429]
    # One address (a network of IPv6 is one), many logins. What the client wrote into the header itself counts for nothing.
    assert [at(f"203.0.113.{n}, 2001:db8:1:2::{n}", f"guess{n}").status for n in range(11)] == [401] * 10 + [429]
    assert at("203.0.113.9", "guess1").status == 401
    shop.db.shift(15 * 60 + 1)
    assert at("192.0.2.1", "ann", PASSWORD).status == 200 and at("2001:db8:1:2::1", "guess1").status == 401
    # Many at once are no way around it.
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        said = [f.result().status for f in [pool.submit(at, "192.0.2.50", "bob") for _ in range(12)]]
    assert sorted(said) == [401] * 5 + [429] * 7
    # Who never sees a proxy of ours is who connects.
    log = shop.desk.log(100000)
    assert "event=sign_in_throttled" in log or "sign_in_throttled" in log
    assert "192.0.2" not in log and "192.0.2" not in json.dumps(shop.db.rows("select x::text from answerd.audit x union all select x::text from answerd.sign_in_try x"))
    shop.answer.verify()


def test_same_answer_and_time_for_nobody(shop):
    """S10: unknown, disabled, without a password, wrong: one answer, about one time."""
    newcomer(shop, "ann")
    shop.answer("staff", "add", "new", code=0)
    newcomer(shop, "gone")
    shop.answer("staff", "disable", "gone", code=0)
    parent = shop.desk.process.pid
    helper = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    assert len(helper) == 1
    spent = pathlib.Path(f"/proc/{helper[0]}/schedstat")  # nanoseconds of a core: other work on the machine does not count
    took, bodies = {}, set()
    for login in ("ann", "new", "gone", "nobody"):
        for _ in range(2):
            before = int(spent.read_text(encoding="ascii").split()[0])
            answer = Person(shop.port, login).sign_in("wrong password")
            took[login] = min(took.get(login, 1 << 60), int(spent.read_text(encoding="ascii").split()[0]) - before)
            bodies.add((answer.status, answer.body))
    assert len(bodies) == 1 and bodies.pop()[0] == 401
    assert max(took.values()) < 3 * min(took.values()), took
    # The helper does it, one at a time; its death costs one answer at most, and another one comes.
    ann = Person(shop.port, "ann")
    os.kill(int(helper[0]), signal.SIGKILL)
    wait_until(lambda: ann.sign_in().status == 200, 20, "another helper")
    again = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    assert len(again) == 1 and again != helper
    # Frozen in the middle: the one that waits hears 503 in a while, nobody else is stopped.
    assert not [fd for fd in pathlib.Path(f"/proc/{again[0]}/fd").iterdir() if int(fd.name) > 2], "it holds nothing of the desk's"
    shop.desk.stop()
    wait_until(lambda: not pathlib.Path(f"/proc/{again[0]}").exists(), 10, "it ends with its desk")


def test_second_factor(closed_shop):
    """S10: TOTP ±1 step, each step once; recovery codes once; what matters wants fresh proof."""
    shop = closed_shop
    shop.config.desk["require_totp"] = ["admin"]
    shop.desk.start().wait_ready()
    ann = newcomer(shop, "ann")
    assert not ann.get("session").json["must_set_up_totp"]
    shop.db.shift(11 * 60)
    refused = ann.post("session/totp")
    assert refused.status == 403 and refused.json["needs"] == "again"
    first = ann.cookie
    assert ann.post("session/again", {"password": "wrong password"}).status == 401
    assert ann.post("session/again", {"password": PASSWORD}).status == 200 and ann.cookie != first, "a new key"
    begun = ann.post("session/totp").json
    assert begun["uri"].startswith("otpauth://totp/answerd:ann?secret=" + begun["secret"]) and len(begun["secret"]) == 32
    assert begun["qr"]["size"] >= 21 and re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", begun["qr"]["path"])
    assert not ann.get("session").json["totp"], "not before a code was shown"
    assert ann.post("session/totp/confirm", {"code": "000000"}).status == 400
    t = now(shop)
    done = ann.post("session/totp/confirm", {"code": code(begun["secret"], t)})
    assert done.status == 200 and len(set(done.json["recovery_codes"])) == 10, done.body
    recovery = done.json["recovery_codes"]
    assert ann.get("session").json["totp"] and ann.post("session/totp").status == 409
    # Signing in takes the code now; each step once; ±1 step.
    other = Person(shop.port, "ann")
    refused = other.sign_in()
    assert refused.status == 401 and refused.json["needs"] == "totp" and other.cookie is None
    assert "needs" not in other.sign_in("wrong password").json
    assert other.sign_in(totp=code(begun["secret"], t)).status == 401, "that step was used"
    shop.db.shift(11 * 60 + 900)
    t = now(shop)
    assert other.sign_in(totp=code(begun["secret"], t - 90)).status == 401 and other.sign_in(totp=code(begun["secret"], t + 90)).status == 401
    assert other.sign_in(totp=code(begun["secret"], t + 30)).status == 200
    assert other.sign_in(totp=code(begun["secret"], t)).status == 401, "older than one that was used"
    assert other.sign_in(totp=recovery[0].lower().replace("-", " ")).status == 200
    assert other.get("session").json["recovery_codes"] == 9
    shop.db.shift(11 * 60 + 1900)
    assert other.sign_in(totp=recovery[0]).status == 401 and other.sign_in(totp=recovery[1]).status == 200
    # Two new passwords at once: the second comes from a session that is over by then, and no code was wrong.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        twice = [pool.submit(Person.post, other, "session/password", {"password": f"{PASSWORD} {n}", "current": PASSWORD}) for n in range(2)]
        said = sorted((f.result() for f in twice), key=lambda answer: answer.status)
    assert [answer.status for answer in said] == [200, 401] and "session is over" in said[1].json["detail"], said[1].body
    # A link asks for it too, unless an admin said that the telephone is lost.
    link = token_of(shop.answer("staff", "link", "ann", code=0).json["link"])
    assert other.post("session/link", {"token": link}, key=False).json["needs"] == "totp"
    assert other.post("session/link", {"token": link, "totp": "123456"}, key=False).status == 401
    assert other.post("session/link", {"token": link, "totp": recovery[2]}, key=False).status == 200
    link = token_of(shop.answer("staff", "link", "ann", "--without-totp", code=0).json["link"])
    assert other.post("session/link", {"token": link}, key=False).status == 200 and not other.get("session").json["totp"]
    # Who must have one does nothing else before.
    shop.answer("staff", "add", "adi", "--role", "admin", code=0)
    adi = newcomer(shop, "ada", "admin")
    assert adi.get("session").json["must_set_up_totp"]
    refused = adi.get("queue")
    assert refused.status == 403 and refused.json["needs"] == "totp_setup"
    begun = adi.post("session/totp").json
    assert adi.post("session/totp/confirm", {"code": code(begun["secret"], now(shop))}).status == 200
    assert adi.get("queue").status == 200
    assert len(adi.post("session/totp/recovery").json["recovery_codes"]) == 10
    assert adi.post("session/totp/off").status == 200 and adi.get("queue").json["needs"] == "totp_setup"
    dump = json.dumps(shop.db.rows("select x::text from answerd.staff_recovery x union all select x::text from answerd.audit x union all "
                                   "select x::text from answerd.idempotency x")) + shop.desk.log(100000)
    assert not [k for k in recovery + [r.replace("-", "") for r in recovery] + [begun["secret"]] if k in dump]
    shop.answer.verify()


def test_tokens(shop):
    """S12: hashed, scoped, ending, revocable, last use shown; never more than their owner; and the command goes through one."""
    ann, adi = newcomer(shop, "ann"), newcomer(shop, "adi", "admin")
    c = shop.conversation(shop.say("carl", "Where?"))
    made = ann.post("tokens", {"name": "reports"}).json
    acts = ann.post("tokens", {"name": "robot", "scope": "act", "days": 1}).json
    token = made["token"]
    assert re.fullmatch(r"answ_[A-Za-z0-9_-]{49}", token) and made["scope"] == "read" and made["used_at"] is None
    assert [ann.post("tokens", wrong).status for wrong in ({"scope": "all"}, {"days": 0}, {"days": 367}, {"name": "x" * 101}, {"days": "x"})] == [400] * 5

    def ask(method, path, token, body=None, **headers):
        head = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": os.urandom(8).hex()} if method == "POST" else {}), **headers}
        return shop.raw(method, "/api/v1/" + path, body, head, shop.tcp())
    assert ask("GET", "queue", token).status == 200 and ask("GET", "session", token).json["auth"] == "token"
    assert ask("POST", f"conversations/{c}/claim", token, {}).status == 403
    assert ask("POST", f"conversations/{c}/claim", acts["token"], {}).json["assignee"] == "ann"
    assert ask("POST", f"conversations/{c}/claim", acts["token"], {}, **{"Idempotency-Key": ""}).status == 400
    assert ask("POST", "staff", acts["token"], {"login": "x"}).status == 403 and ask("POST", "tokens", acts["token"], {}).status == 403
    # A typing error, a stranger's, in the wrong place: 401, and the first without asking the database.
    for wrong in (token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), "answ_" + "A" * 49, ann.cookie, "", "x"):
        assert ask("GET", "queue", wrong).status == 401, wrong
    assert shop.raw("GET", "/api/v1/queue?token=" + token, connection=shop.tcp()).status == 401
    assert Person(shop.port, headers={"Cookie": f"__Host-session={token}"}).get("queue").status == 401
    # Last use, to the minute.
    wait_until(lambda: ann.get("tokens").json["items"][1]["used_at"], 10, "its use is shown")
    assert [t["name"] for t in ann.get("tokens").json["items"]] == ["robot", "reports"]
    assert ann.get("tokens?all=1").status == 403
    assert {t["login"] for t in adi.get("tokens?all=1").json["items"]} == {"ann"} and adi.get("tokens").json["items"] == []
    # The command, from elsewhere.
    env = {**os.environ, "ANSWER_TOKEN": acts["token"]}

    def command(*words, url=f"http://127.0.0.1:{shop.port}"):
        return subprocess.run([program("answer"), "--desk", url, "--json", *words], env=env, capture_output=True, text=True, timeout=30, check=False)
    assert json.loads(command("queue").stdout)["items"][0]["id"] == c
    assert command("snooze", c, "2h").returncode == 0 and command("staff", "add", "eve").returncode == 4
    assert command("queue", url=f"http://localhost:{shop.port}").returncode == 0
    far = command("queue", url="http://192.0.2.1:8700")
    assert far.returncode == 2 and "https" in far.stderr, "a token never goes in the clear"
    # Its owner's role is its own; revoked, over, or its owner gone: it is none.
    shop.answer("staff", "role", "ann", "auditor", code=0)
    assert ask("POST", f"conversations/{c}/claim", acts["token"], {}).status == 403 and ask("GET", "queue", acts["token"]).status == 200
    shop.db.shift(24 * 3600 + 1)
    assert ask("GET", "queue", acts["token"]).status == 401 and ask("GET", "queue", token).status == 200
    bob = newcomer(shop, "bob")
    assert bob.post(f"tokens/{made['id']}/revoke").status == 404
    assert ann.sign_in().status == 200 and ann.post(f"tokens/{made['id']}/revoke").json["is_good"] is False
    assert ask("GET", "queue", token).status == 401
    token = bob.post("tokens").json["token"]
    shop.answer("staff", "disable", "bob", code=0)
    assert ask("GET", "queue", token).status == 401
    listed = shop.answer("token", "list", "--all", code=0).items
    assert len(listed) == 3 and not [t for t in listed if t["is_good"]]
    mine = shop.answer("token", "new", "--scope", "act", "--name", "of root", code=0).json
    assert ask("GET", "staff", mine["token"]).status == 200 and shop.answer("token", "revoke", mine["id"], code=0).json["revoked_at"]
    # A repeated request gets no second key.
    key = {"Idempotency-Key": "one-key"}
    adi.sign_in()
    assert adi.post("tokens", headers=key).status == 200 and adi.post("tokens", headers=key).status == 409
    assert shop.db.one("select count(*) from answerd.staff_token t join answerd.staff using (staff_id) where login = 'adi'") == 1
    dump = json.dumps(shop.db.rows("select x::text from answerd.staff_token x union all select x::text from answerd.idempotency x")) + shop.desk.log(100000)
    assert not [t for t in (made["token"], acts["token"], mine["token"]) if t in dump]


def test_the_audit_log(shop):
    """S13: who came in, who was made what, and from which mark of an address: read by who may, and no row can be changed unseen."""
    ann, odo = newcomer(shop, "ann", "lead"), newcomer(shop, "odo", "auditor")
    Person(shop.port, "ann").sign_in("wrong password")
    Person(shop.port, "nobody").sign_in("wrong password")
    shop.answer("staff", "role", "odo", "agent", code=0)
    odo.sign_in()
    assert odo.get("audit").status == 403
    ann.post("tokens")
    ann.post("session/end")
    assert ann.sign_in().status == 200
    log = ann.get("audit?limit=500").json["items"]
    acts = [(r["login"], r["act"], r["object_login"]) for r in log]
    assert {("admin", "staff_add", "ann"), ("admin", "staff_link", "ann"), ("ann", "sign_in", "ann"), ("ann", "password_set", "ann"),
            ("ann", "sign_in_failed", "ann"), (None, "sign_in_failed", None), ("admin", "staff_role", "odo"), ("ann", "token_make", None),
            ("ann", "sign_out", "ann")} <= set(acts), acts
    assert len({r["detail"]["address"] for r in log if "address" in r["detail"]}) == 1 and "127.0.0.1" not in json.dumps(log)
    # Pages, and only one act, only one person.
    page, seen = None, []
    while page is None or page["next"]:
        page = ann.get("audit?limit=4" + (f"&after={page['next']}" if page else "")).json
        seen += [r["seq"] for r in page["items"]]
    assert seen == [r["seq"] for r in log]
    assert {r["act"] for r in ann.get("audit?act=sign_in").json["items"]} == {"sign_in"}
    assert {r["login"] for r in ann.get("audit?who=odo").json["items"]} == {"odo"}
    assert ann.get("audit?who=zed").status == 404 and ann.get("audit?brand=zed").status == 400
    c = shop.conversation(shop.say("carl", "Where?"))
    assert ann.post(f"conversations/{c}/claim").status == 200
    assert [r["act"] for r in ann.get("audit?brand=acme").json["items"]] == ["take"]
    # The owner of the database changes one: verify names the row.
    shop.answer.verify()
    seq = next(r["seq"] for r in log if r["act"] == "sign_in_failed")
    shop.db.rows("update answerd.audit set actor = 'staff:1' where brand_id = 0 and seq = %s", int(seq))
    found = shop.answer("verify", code=1).json
    assert not found["ok"] and f"row {seq} of the audit log of brand 0" in json.dumps(found["findings"]), found
    # What left the house once a day proves a tail that was cut off.
    shop.desk.stop()
    shop.desk.start().wait_ready()
    newest = shop.db.rows("select seq, hash from answerd.audit where brand_id = 0 order by seq desc limit 1")[0]
    wait_until(lambda: f"event=audit_head brand=0 seq={newest['seq']} hash={newest['hash']}" in shop.desk.log(100000).replace('"', ""), 10, "the head is logged")


def test_only_the_desk_sees_what_opens_doors(shop):
    """S12, S14: no other role reads hashes, secrets or sessions."""
    tables = shop.db.column("select relname from pg_class where relnamespace = 'answerd'::regnamespace and relkind = 'r' "
                            "and (relname like 'staff\\_%%' or relname in ('sign_in_try', 'desk_house'))")
    assert len(tables) >= 8
    for role in ("answerd_worker", "answerd_reader"):
        for table in tables:
            assert not shop.db.one("select has_table_privilege(%s, 'answerd.' || %s, 'select, insert, update, delete')", role, table), (role, table)
            assert not shop.db.one("select has_any_column_privilege(%s, 'answerd.' || %s, 'select')", role, table), (role, table)
