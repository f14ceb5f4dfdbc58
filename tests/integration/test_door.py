"""Signing in and what a session may (issue 6; RELIABILITY S8-S13): over TCP, as a browser does."""
import json

from rig.door import PASSWORD, Person, newcomer, token_of
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
