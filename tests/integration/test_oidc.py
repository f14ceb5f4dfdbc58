"""Signing in by a service (issue 6; RELIABILITY S1, S2, S8-S11): the desk, the worker, and a service that lies on order (tests/sim/provider.py).
One house for all; each guest comes from an address of their own."""
import concurrent.futures
import json
import pathlib
import shutil
import tempfile
import time
import urllib.parse

import pytest

from rig import Config, Worker, wait_until
from rig.door import PASSWORD, newcomer
from rig.front import Shop, free_port
from rig.oidc import REAL_CLIENT, REAL_SECRET, SECRET, Guest, Provider, Real, offer, through_the_forms

ANN = "ann@acme.example"


class House(Shop):
    """A desk, a worker that asks the service, and Ann, whom it knows."""

    def __init__(self, database, folder):
        config = Config(folder, database.conninfo)
        config.brand()
        super().__init__(database, config)
        self.port, self.provider = free_port(), Provider()
        self.page = f"http://127.0.0.1:{self.port}"
        config.desk |= {"listen": [str(config.socket), f"127.0.0.1:{self.port}"], "trusted_proxies": ["127.0.0.1"]}
        offer(config, self.page, self.provider)
        self.worker = Worker(config, folder)
        self.desk.start().wait_ready()
        self.worker.start()
        self.answer("staff", "add", "ann", "--name", "Ann Ash", code=0)
        self.answer("staff", "email", "ann", ANN.upper(), code=0)
        self.wait_usable()

    def state(self, name="acme"):
        return self.db.rows("select * from answerd.oidc_provider where name = %s", name)

    def wait_usable(self, name="acme"):
        wait_until(lambda: any(row["reason"] is None for row in self.state(name)), 20, f"{name} is usable: {self.worker.log()}")

    def guest(self):
        return Guest(self.port)

    def refused(self, answer, why, status=401):
        """Not let in, with a sentence for people and a row for admins; returns the sentence."""
        row = self.db.rows("select actor, detail from answerd.audit where act = 'sign_in_failed' order by seq desc limit 1")
        assert answer.status == status and answer.json["detail"].endswith("."), (why, answer.status, answer.body)
        assert row and row[0]["detail"]["why"] == why, (why, row, answer.body)
        assert "Set-Cookie" not in answer.headers
        return answer.json["detail"]

    def reload(self):
        n = self.worker.log(1 << 20).count("event=reloaded"), self.desk.log(1 << 20).count("event=reloaded")
        self.worker.reload()
        self.desk.reload()
        wait_until(lambda: self.worker.log(1 << 20).count("event=reloaded") > n[0], 20, "the worker has reloaded")

    def end(self):
        try:
            self.desk.stop()  # by itself: sanitized programs say then what they have lost
            self.worker.stop()
        finally:
            self.desk.kill()
            self.worker.kill()
            self.provider.close()
            self.tap.done()


@pytest.fixture(scope="module")
def house(cluster, template):
    database = cluster.create(template)
    database.use_test_clock()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-oidc-"))
    folder.chmod(0o755)
    house = House(database, folder)
    yield house
    house.answer.verify()
    house.end()
    database.drop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shop(house):
    """As at the beginning: an honest service, Ann unknown to it."""
    house.provider.reset()
    house.db.rows("truncate answerd.oidc_flow, answerd.staff_oidc, answerd.sign_in_try, answerd.staff_session")
    return house


@pytest.mark.quick
def test_the_way_in(shop):
    """The button's address, the way there and back, a session; what is secret stands nowhere."""
    ann, p = shop.guest(), shop.provider
    assert ann.get("session/oidc").json == {"items": [{"name": "acme", "label": "Acme & Co"}], "next": None}
    begun = ann.begin(place="/conversation/42?by=due")
    url = urllib.parse.urlsplit(begun.json["address"])
    asked = dict(urllib.parse.parse_qsl(url.query))
    assert f"{url.scheme}://{url.netloc}{url.path}" == p.issuer + "/authorize" and len(ann.browser) == 43
    assert asked | {"state": "", "nonce": "", "code_challenge": ""} == {
        "response_type": "code", "client_id": "desk 1", "redirect_uri": shop.page + "/oidc", "scope": "openid email profile", "state": "", "nonce": "",
        "code_challenge": "", "code_challenge_method": "S256"}
    assert len({asked["state"], asked["nonce"], asked["code_challenge"], ann.browser}) == 4 and all(len(asked[k]) == 43 for k in ("state", "nonce", "code_challenge"))
    flow = shop.db.rows("select * from answerd.oidc_flow")[0]
    secrets = [asked["state"], ann.browser, flow["verifier"], flow["nonce"], SECRET]
    back = ann.go(begun.json["address"], shop.page)
    answer = ann.done(back)
    assert answer.status == 200, answer.body
    me = answer.json
    assert (me["login"], me["auth"], me["must_set_password"], me["password"], me["place"]) == ("ann", "oidc", False, False, "/conversation/42?by=due")
    assert me["fresh_until"] is None, "the service did not say when she proved it"
    assert ann.get("queue").status == 200 and ann.get("session").json["csrf"] == me["csrf"]
    # It went by the worker, once, with the verifier, and nothing of it stays.
    assert [path for method, path, _, _ in p.book if method == "POST"] == ["/token"]
    assert not shop.db.rows("select * from answerd.oidc_flow") and not shop.db.rows("select * from answerd.sign_in_try")
    row = shop.db.rows("select * from answerd.audit where act = 'sign_in' order by seq desc limit 1")[0]
    assert row["detail"]["auth"] == "oidc" and row["detail"]["provider"] == "acme" and row["object"].startswith("staff:")
    everything = json.dumps([list(map(str, r.values())) for t in ("oidc_provider", "staff_oidc", "staff_session", "audit", "idempotency", "staff_email")
                             for r in shop.db.rows(f"select x::text from answerd.{t} x")]) + shop.desk.log(1 << 20) + shop.worker.log(1 << 20)
    assert [s for s in (*secrets, back["code"], ann.cookie, "not for us") if s in everything] == []
    assert json.loads(shop.db.one("select json_agg(x)::text from answerd.staff_oidc x"))[0]["account"] != "u1"
    # From now on the service's own id of her counts, whatever it calls her.
    p.person["email"] = "ann.oak@acme.example"
    again = shop.guest()
    assert again.sign_in_by(shop.page).json["login"] == "ann"
    assert again.post("session/end", key=True).status == 200 and again.get("session").status == 401


# What a service says → the word for it. Nobody is let in.
LIES = {"nonce": "nonce", "no nonce": "nonce", "aud": "aud", "azp": "aud", "no azp": "aud", "iss": "iss", "response iss": "iss", "expired": "expired", "early": "early",
        "nbf": "early", "none": "signature", "none signed": "signature", "hs256": "signature", "hs256 jwk": "signature", "other key": "signature",
        "unknown kid": "key", "no kid": None, "crit": "signature", "rs as es": "signature", "changed": "signature", "cut": "signature", "twice": "token", "no sub": "token",
        "no exp": "token", "exp text": "token", "no email": "claim", "lines": "claim", "long": "claim", "unverified": "unverified", "not said": "unverified", "no token": "token",
        "no json": "token", "list": None, "both": None}


def test_lies(shop):
    """Each lie alone is enough; what only looks like one is none."""
    seen = set()
    for lie, why in LIES.items():
        shop.provider.lie = lie
        guest = shop.guest()
        answer = guest.sign_in_by(shop.page)
        if why is None:
            assert answer.status == 200, (lie, answer.body)
        else:
            seen.add(shop.refused(answer, why))
            assert guest.get("session").status == 401, lie
            assert (lie == "response iss") is not (shop.provider.book[-1][1] in ("/token", "/keys", "/person")), "a code goes to nobody else than whom it is from"
    assert not any("root@" in str(r) for r in shop.db.rows("select * from answerd.staff_oidc"))
    assert len(seen) == len({w for w in LIES.values() if w}), "each has words of its own"


def test_who_is_asked_for(shop):
    """Tokens that say little: the service is asked once more, and must speak of the same person."""
    p = shop.provider
    p.is_thin = True
    assert shop.guest().sign_in_by(shop.page).json["login"] == "ann" and p.book[-1][:2] == ("GET", "/person")
    for told, why in (({"sub": "u2"}, "token"), ({"email_verified": False}, "unverified"), ({"email": None}, "claim")):
        p.told = told
        shop.refused(shop.guest().sign_in_by(shop.page), why)
    p.told = {}
    for status, why in ((500, "away"), (401, "claim"), (302, "claim")):
        p.statuses["/person"] = status
        shop.refused(shop.guest().sign_in_by(shop.page), why, 503 if why == "away" else 401)
    p.is_thin = False
    assert shop.guest().sign_in_by(shop.page).status == 200, "not asked where the token says it"


def test_keys(shop):
    """ES256; keys that are exchanged while we run; a key that is taken back; a wave of unknown ones asks for them once."""
    p = shop.provider
    p.key = p.ec
    assert shop.guest().sign_in_by(shop.page).status == 200
    wait_until(lambda: shop.guest().sign_in_by(shop.page).status == 200, 20)
    p.key, p.shown = p.other, [p.other]

    def taken():
        answer = shop.guest().sign_in_by(shop.page)
        assert answer.status == 200, answer.body
        return True
    wait_until(taken, 20, "the new key is fetched")  # keys are asked for every five seconds at most
    p.key = p.rsa
    shop.refused(shop.guest().sign_in_by(shop.page), "key")
    n, begun = len([b for b in p.book if b[1] == "/keys"]), time.monotonic()
    for _ in range(5):
        shop.guest().sign_in_by(shop.page)
    assert len([b for b in p.book if b[1] == "/keys"]) <= n + 1 + (time.monotonic() - begun) // 5
    p.shown = [p.rsa, p.ec]
    wait_until(taken, 20, "the old one is back")


def test_whose_it_is(shop):
    """State and code once, in this browser, for ten minutes; what comes from elsewhere uses up nothing."""
    p, ann, other = shop.provider, shop.guest(), shop.guest()
    assert ann.done({}).status == 400 and ann.done({"state": "x"}).status == 401
    shop.refused(ann.done({"state": "A" * 43, "code": "x"}), "state")
    back = ann.go(ann.begin().json["address"], shop.page)
    # Another browser, with a sign-in of its own or with nothing (login CSRF).
    shop.refused(other.done(back), "browser")
    mine = other.go(other.begin().json["address"], shop.page)
    shop.refused(other.done(back), "browser")
    assert ann.done(back).status == 200
    stolen = ann.go(ann.begin().json["address"], shop.page)
    shop.refused(other.done({**stolen, "state": mine["state"]}), "code")  # another's code with a state of one's own: PKCE
    shop.refused(ann.done(back), "state"), "once"
    # The same code with a new sign-in: the service says no.
    again = ann.go(ann.begin().json["address"], shop.page)
    shop.refused(ann.done({**again, "code": back["code"]}), "code")
    # Two tabs of one browser.
    tabs = [ann.go(ann.begin().json["address"], shop.page) for _ in range(2)]
    assert [ann.done(tab).status for tab in tabs] == [200, 200]
    # Too late; the person did not agree; the service had none of it.
    late = ann.go(ann.begin().json["address"], shop.page)
    shop.db.shift(601)
    shop.refused(ann.done(late), "late")
    shop.db.shift(0)
    for error, why in (("access_denied", "denied"), ("server_error", "refused"), ("\"><script>", "refused")):
        p.error = error
        assert "<" not in shop.refused(ann.sign_in_by(shop.page), why)
    p.error = None
    # Where it goes on is a place of ours, and where the service sends back to is not the caller's choice.
    for place in ("https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil.example", "javascript:x", "/a b", "/ü", "/" + "a" * 600, "/oidc?code=1", "", 7):
        answer = shop.guest().sign_in_by(shop.page, place=place)
        assert answer.json["place"] == "/", place
    begun = shop.guest().ask("POST", "session/oidc", {"provider": "acme", "redirect_uri": "https://evil.example"}, {"Host": f"localhost:{shop.port}"})
    assert "evil" not in begun.body and urllib.parse.quote(shop.page + "/oidc", safe="") in begun.json["address"]
    # Another site's page begins nothing and ends nothing.
    for path in ("session/oidc", "session/oidc/done"):
        assert ann.ask("POST", path, {"provider": "acme", "state": "x"}, {"Sec-Fetch-Site": "cross-site"}).status == 403
    assert ann.begin("nobody").status == 404 and ann.ask("POST", "session/oidc", {}).status == 400


def test_who_it_is(shop):
    """Unknown people stay outside; an account of the service is one person's; the built-in admin is nobody's claim."""
    p = shop.provider
    p.person = {"sub": "u2", "email": "bob@acme.example", "email_verified": True}
    assert "bob@acme.example" in shop.refused(shop.guest().sign_in_by(shop.page), "unknown")
    assert not shop.db.rows("select * from answerd.staff where login like 'bob%%'")
    p.person = {"sub": "u3", "email": ANN, "email_verified": True}
    assert shop.guest().sign_in_by(shop.page).status == 200
    # The address is somebody else's now: it does not open her account.
    p.person = {"sub": "u4", "email": ANN, "email_verified": True}
    shop.refused(shop.guest().sign_in_by(shop.page), "other")
    assert shop.answer("staff", "email", "ann", ANN, code=0).json["email"] == ANN, "an admin takes the new one"
    assert shop.guest().sign_in_by(shop.page).status == 200
    p.person = {"sub": "u3", "email": ANN, "email_verified": True}
    shop.refused(shop.guest().sign_in_by(shop.page), "other")
    # Disabled, with a session: out, and not in again.
    p.person = {"sub": "u4", "email": ANN, "email_verified": True}
    ann = shop.guest()
    assert ann.sign_in_by(shop.page).status == 200
    shop.answer("staff", "disable", "ann", code=0)
    assert ann.get("session").status == 401
    shop.refused(shop.guest().sign_in_by(shop.page), "disabled")
    shop.answer("staff", "add", "ann", code=0)
    # Addresses: one person's, in any case of letters; no address is none.
    assert shop.answer("staff", "email", "admin", ANN).code == 4 and shop.answer("staff", "email", "nobody", "x@y.example").code != 0
    assert shop.answer("staff", "email", "ann", "no address").code != 0
    assert shop.answer("staff", "email", "ann", code=0).json["email"] is None
    shop.refused(shop.guest().sign_in_by(shop.page), "unknown")
    shop.answer("staff", "email", "ann", ANN, code=0)
    # A password of one's own goes on working beside it; what one has set up there is one's own.
    try:
        shop.config.oidc["acme"] |= {"claim": "preferred_username", "match": "login", "unknown": "agent"}
        shop.reload()
        shop.wait_usable()
        for name, login in (("ann", "ann"), ("Zoe.Q!", "zoe.q")):
            p.person = {"sub": "s " + name, "preferred_username": name, "name": "Zo\x07ë"}
            answer = shop.guest().sign_in_by(shop.page)
            assert (answer.status, answer.json.get("login"), answer.json.get("role")) == (200, login, "agent"), answer.body
        for name in ("admin", "zoe.q", "123", "Ädmin"):
            p.person = {"sub": "t " + name, "preferred_username": name}
            answer = shop.guest().sign_in_by(shop.page)
            assert answer.status == 401 or answer.json["login"] == "dmin", (name, answer.body)
        assert not shop.db.rows("select * from answerd.staff_oidc where staff_id = (select staff_id from answerd.staff where login = 'admin')")
    finally:
        for name in ("claim", "match", "unknown"):
            del shop.config.oidc["acme"][name]
        shop.reload()
        shop.wait_usable()


def test_proof_now(shop):
    """S10: what matters wants a proof of now; the service says when that was. The session goes on under a new key and lives no longer."""
    shop.answer("staff", "role", "ann", "admin", code=0)
    ann, p = shop.guest(), shop.provider
    ann.sign_in_by(shop.page)
    refused = ann.post("staff/ann/email", {"email": ANN}, key=True)
    assert refused.status == 403 and refused.json["needs"] == "again"
    first, until = ann.cookie, ann.get("session").json["expires_at"]
    begun = ann.begin(again=True, place="/staff")
    assert "&prompt=login&max_age=0" in begun.json["address"]
    p.lie = "stale"
    shop.refused(ann.done(ann.go(begun.json["address"], shop.page)), "stale")
    p.lie = None
    assert ann.get("session").status == 200, "the session that she had goes on"
    answer = ann.sign_in_by(shop.page, again=True, place="/staff")
    assert answer.status == 200 and answer.json["place"] == "/staff" and answer.json["expires_at"] == until and ann.cookie != first
    assert ann.post("staff/ann/email", {"email": ANN}, key=True).status == 200
    assert shop.db.one("select act from answerd.audit where detail ->> 'auth' = 'oidc' order by seq desc limit 1") == "sign_in_again"
    old = shop.guest()
    old.cookie = first
    assert old.get("session").status == 401
    shop.answer("staff", "role", "ann", "agent", code=0)


def test_throttle(shop):
    """S10: the 11th failure of one address in a quarter of an hour waits, and so do many that are begun at once."""
    ann = shop.guest()
    shop.provider.lie = "nonce"
    assert [ann.sign_in_by(shop.page).status for _ in range(11)] == [401] * 10 + [429]
    shop.provider.lie = None
    refused = ann.sign_in_by(shop.page)
    assert refused.status == 429 and 1 <= int(refused.headers["Retry-After"]) <= 900
    assert shop.guest().sign_in_by(shop.page).status == 200, "nobody else waits"
    many = shop.guest()
    assert many.begin().status == 200
    shop.db.rows("insert into answerd.oidc_flow (state, browser, provider, issuer, nonce, verifier, redirect, place, is_again, address, made_at) "
                 "select 's' || n, '', '', '', '', '', '', '/', false, (select address from answerd.oidc_flow order by flow_id desc limit 1), answerd.now() from generate_series(1, 198) n")
    assert [many.begin().status for _ in range(2)] == [200, 429]
    shop.db.shift(901)
    assert many.sign_in_by(shop.page).status == 200 and ann.sign_in_by(shop.page).status == 200
    shop.db.shift(0)


def test_a_whole_office(shop):
    """S9: eighty who come back in one moment are all asked for at once, not sixteen every three seconds: each has 25 s of patience."""
    shop.db.rows("insert into answerd.oidc_flow (state, browser, provider, issuer, nonce, verifier, redirect, place, is_again, address, made_at, step, code, back_at) "
                 "select 'office ' || n, '', name, issuer, 'n', 'v', 'http://127.0.0.1/oidc', '/', false, '', answerd.now(), 'back', 'none', answerd.now() "
                 "from answerd.oidc_provider, generate_series(1, 80) n where name = 'acme'")
    shop.db.rows("select pg_notify('answerd_oidc', 'back')")
    wait_until(lambda: shop.db.one("select count(*) from answerd.oidc_flow where state like 'office %' and step = 'judged'") == 80, 12, "all are judged")
    shop.db.rows("delete from answerd.oidc_flow where state like 'office %'")


def test_trouble(shop):
    """A service that is away, slow or broken, a wrong secret; a worker that dies in between. Passwords go on working, and it heals by itself."""
    p = shop.provider
    bea = newcomer(shop, "bea")
    for status in (500, 429, 302, 404):
        p.statuses["/token"] = status
        shop.refused(shop.guest().sign_in_by(shop.page), "away" if status in (500, 429) else "token", 503 if status in (500, 429) else 401)
    p.statuses.clear()
    # Slow: its deadline ends it. Meanwhile others sign in as ever.
    p.slow["/token"] = 60
    guest = shop.guest()
    back = guest.go(guest.begin().json["address"], shop.page)
    shop.refused(guest.done(back), "away", 503)
    p.slow.clear()
    p.awake.set()
    assert bea.sign_in(PASSWORD).status == 200
    # Away from the first moment on: the button says so, and works as soon as the service does.
    shop.worker.kill()
    p.close()
    shop.db.rows("truncate answerd.oidc_provider")
    shop.worker.start()
    wait_until(lambda: any(row["reason"] for row in shop.state()), 20, "it is known to be away")
    said = shop.guest().begin()
    assert said.status == 503 and "Acme & Co cannot be reached" in said.json["detail"] and "password" in said.json["detail"]
    p.open()
    wait_until(lambda: shop.guest().begin().status == 200, 30, "it is there again")
    assert shop.guest().sign_in_by(shop.page).status == 200
    # It calls itself otherwise; it shows the way to something unprotected; it describes nothing.
    for said, words in (({"issuer": p.issuer + "/"}, "letter by letter"), ({"token_endpoint": "http://192.0.2.1/token"}, "not protected"), ({"jwks_uri": None}, "jwks_uri")):
        p.said = said
        shop.worker.kill()
        shop.db.rows("truncate answerd.oidc_provider")
        shop.worker.start()
        wait_until(lambda: any(words in (row["reason"] or "") for row in shop.state()), 20, words)
        assert shop.guest().begin().status == 503
    p.said = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    wait_until(lambda: shop.guest().begin().status == 200, 30, "it is right again")
    assert shop.guest().sign_in_by(shop.page).status == 200 and "client_secret" in p.book[-1][2]
    # A wrong secret, mended by a reload.
    secret = pathlib.Path(shop.config.oidc["acme"]["secret"].partition(":")[2])
    secret.write_text("wrong\n", encoding="utf-8")
    shop.reload()
    shop.wait_usable()
    shop.refused(wait_for(shop), "client", 503)
    secret.write_text(SECRET + "\n", encoding="utf-8")
    shop.reload()
    wait_until(lambda: shop.guest().sign_in_by(shop.page).status == 200, 20, "the right secret")
    # Another configuration, and a worker that is asked to end, while the service is asked: that sign-in ends as it began.
    p.slow["/token"] = 1
    for interrupt in (shop.reload, shop.worker.stop):
        guest, n = shop.guest(), len(p.book)
        back = guest.go(guest.begin().json["address"], shop.page)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waits = pool.submit(guest.done, back)
            wait_until(lambda n=n: "/token" in [b[1] for b in p.book[n:]], 20, "the service is asked")
            interrupt()
            assert waits.result().status == 200
    p.slow.clear()
    shop.worker.start()
    # The worker dies while the browser waits: whoever comes next asks, as nobody has yet; the same answer, once.
    guest = shop.guest()
    back = guest.go(guest.begin().json["address"], shop.page)
    shop.worker.kill()
    shop.worker.start()
    assert guest.done(back).status == 200
    # No service any more: no button, and no way in.
    kept = shop.config.oidc.pop("acme")
    shop.reload()
    wait_until(lambda: shop.guest().get("session/oidc").json["items"] == [], 20, "no button")
    assert shop.guest().begin().status == 404
    shop.config.oidc["acme"] = kept
    shop.reload()
    wait_until(lambda: shop.guest().get("session/oidc").json["items"] != [], 20, "the button")


def wait_for(shop):
    """Somebody who got through to the service."""
    guest = shop.guest()
    return guest.done(guest.go(guest.begin().json["address"], shop.page))


def test_the_real_one(shop, tmp_path):
    """npm's oidc-provider, as it is: signed in through its own pages; unknown people stay outside."""
    real = Real(shop.page, tmp_path)
    try:
        offer(shop.config, shop.page, real, "real", REAL_SECRET, REAL_CLIENT)
        shop.reload()
        wait_until(lambda: shop.guest().begin("real").status == 200, 30, "it is usable")
        ann = shop.guest()
        answer = ann.done(through_the_forms(ann.begin("real").json["address"], ANN, shop.page))
        assert answer.status == 200 and answer.json["login"] == "ann" and answer.json["auth"] == "oidc", (answer.body, shop.desk.log())
        bob = shop.guest()
        shop.refused(bob.done(through_the_forms(bob.begin("real").json["address"], "bob@acme.example", shop.page)), "unknown")
        again = ann.done(through_the_forms(ann.begin("real", again=True).json["address"], ANN, shop.page))
        assert again.status == 200 and again.json["fresh_until"] is not None, again.body
    finally:
        real.end()
        del shop.config.oidc["real"]
        shop.reload()
