"""`answerd connect` (issue 5 §8): a person lets us in, with a browser or a pasted token; scopes, states, the wrong user, Ctrl-C; a refused account
recovers within seconds; secrets stay where they belong (S1)."""
import fcntl
import os
import pty
import select
import signal
import stat
import subprocess
import termios
import urllib.parse

import pytest
from test_secrets import dump

from rig import wait_until
from rig.hands_on import Connect, fetch
from rig.place import program

PORT = "0"      # any: tests run beside one another; a person takes the default, which can be registered


def empty_house(house, **config):
    """A Mastodon account whose token does not exist yet."""
    url = house.town.mastodon("social")
    for key in ("shop", "ann", "imposter"):
        house.town.person(key, "social", **({"own": "acme"} if key == "shop" else {}))
    house.config.account("acme_social", "mastodon", url, "x", **config)
    house.accounts["acme_social"] = ("social", "shop")
    (house.config.folder / "acme_social.token").unlink()
    return house


def migrated(house):
    """The schema is there, as the worker has it after its first start: the rig makes it."""
    return house.database.one("select count(*) from answerd.schema_version") > 0


def token_file(house):
    return house.config.folder / "acme_social.token"


def state_of(house):
    return house.database.rows("select state::text, state_reason, missing from answerd.account where name = 'acme_social'")[0]


def test_a_browser_comes_back(house):
    """From nothing: the client is made, the rights are said, the browser comes back, the session is sealed, and the account is heard and answers."""
    empty_house(house)
    assert migrated(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    status, headers, body = walk.come_back("shop")
    said = walk.end()
    assert status == 200 and "close this window" in body
    assert "no-store" in headers["Cache-Control"] and "default-src 'none'" in headers["Content-Security-Policy"]
    for right in ("read:notifications", "to hear who mentions us", "write:statuses", "to post what staff answer"):
        assert right in said
    assert "acme_social is connected as shop" in said and "systemctl reload answerd" in said
    assert stat.S_IMODE(token_file(house).stat().st_mode) == 0o600
    client = token_file(house).read_text(encoding="utf-8").strip()
    assert client.count(":") == 1
    house.begin()
    house.wait_for(house.town.post("ann", "@shop are you there?"))
    house.wait_waiting("ann")
    house.answer("reply", str(house.entries()[0]["id"]), "-m", "We are.", code=0)
    house.wait_waiting()
    house.verify()
    # S1: neither the client, nor the token, nor what came with the browser stands anywhere.
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(walk.address()).query)
    tokens = house.town.call("GET", "servers")[0]["own"][0]["tokens"]
    assert len(tokens) == 2
    secrets = [client.split(":")[1], query["state"][0], query["code_challenge"][0], *tokens]
    content = dump(house) + house.worker.log_path.read_bytes()
    assert not [s for s in secrets if s.encode() in content]
    assert client not in said and client.split(":")[1] not in said


@pytest.mark.parametrize("how", ("address", "query", "code"))
def test_what_is_pasted(house, how):
    """A browser on another machine: the whole address, its query, or the bare code."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    back = walk.allow("shop")
    query = urllib.parse.urlsplit(back).query
    walk.paste({"address": back, "query": query, "code": urllib.parse.parse_qs(query)["code"][0]}[how])
    assert "is connected as shop" in walk.end()


def test_what_is_not_ours_changes_nothing(house):
    """A state that is not ours, other paths, methods and rubbish at the door: left alone, and the right one is still taken."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    back = walk.allow("shop")
    door = back.split("?")[0]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
    wrong = query["state"][0][:-1] + ("A" if query["state"][0][-1] != "A" else "B")
    for bad in (f"{door}?code=x&state={wrong}", f"{door}?code=x", f"{door}?code=x&state=", f"{door}?error=access_denied&state={wrong}"):
        assert fetch(bad)[0] == 400
    assert fetch(door + "favicon.ico?a=b")[0] == 404
    assert fetch(back)[0] == 200
    assert "left alone" in walk.end()


@pytest.mark.parametrize("how", ("state", "denied", "used", "verifier", "nothing"))
def test_refusals_have_a_remedy(house, how):
    """No session is stored, no file is written, and a person reads what to do."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    if how == "denied":
        walk.come_back("shop", deny=1)
        want = "the platform says: access_denied"
    elif how == "state":
        walk.paste(walk.allow("shop").replace("state=", "state=x"))
        want = "that is not the answer to the address above"
    elif how == "nothing":
        walk.address()
        walk.process.stdin.close()
        walk.process.stdin = None
        walk.until("Waiting at")
        walk.process.send_signal(signal.SIGINT)
        assert "Nothing was changed" in walk.end(code=130)
        want = None
    else:
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(walk.allow("shop")).query)["code"][0]
        walk.paste(code if how == "verifier" else "x" + code)
        want = "does not take the code"
        if how == "verifier":     # a code that somebody else's walk brought
            walk.end()
            other = Connect(house.config, "acme_social", "--port", PORT)
            other.address()
            other.paste(code)
            walk = other
    if want is not None:
        said = walk.end(code=1)
        assert want in said and "begin again" in said
    if how != "verifier":
        assert not token_file(house).exists()
        assert house.database.one("select count(*) from answerd.credential where sealed is not null") == 0


def test_a_refused_account_recovers_at_once(house):
    """Our token is taken back; the account says so, and who let us in again does not wait for the next probe. Same client, no new file."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    port = walk.come_back("shop") and walk.until(r"127\.0\.0\.1:(\d+)/\. If")[1]
    walk.end()
    house.begin(desk=False)
    house.wait_for(house.town.post("ann", "@shop one"))
    house.town.do("revoke", server="social", person="shop")
    row = wait_until(lambda: (r := state_of(house))["state"] == "refused" and r, 30, "it is refused")
    assert "answerd connect acme_social" in row["state_reason"]
    heard = house.town.post("ann", "@shop two")
    before = token_file(house).read_bytes()
    walk = Connect(house.config, "acme_social", "--port", port)
    walk.come_back("shop")
    assert "takes it over within seconds" in walk.end()
    house.wait_for(heard, timeout=20)
    wait_until(lambda: state_of(house)["state"] == "listening", 20, "it listens")
    assert token_file(house).read_bytes() == before and "event=session_taken" in house.worker.log(100_000)
    house.verify()


def test_a_client_without_a_session(house):
    """The session is gone (an older database was put back): the account says so with the command, and is connected by the same client."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    port = walk.until(r"127\.0\.0\.1:(\d+)/\. If")[1]
    walk.come_back("shop")
    walk.end()
    house.database.rows("delete from answerd.credential")
    house.begin(desk=False)
    row = wait_until(lambda: (r := state_of(house))["state"] == "refused" and r, 30, "it is refused")
    assert row["state_reason"] == "nobody has let us in yet. Let us in: answerd connect acme_social"
    walk = Connect(house.config, "acme_social", "--port", port)
    walk.come_back("shop")
    walk.end()
    wait_until(lambda: state_of(house)["state"] == "listening", 20, "it listens")


def test_another_user_is_refused_unless_told_so(house):
    """Who signs in by mistake with the private account changes nothing; --replace says that it is no mistake."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    port = walk.until(r"127\.0\.0\.1:(\d+)/\. If")[1]
    walk.come_back("shop")
    walk.end()
    before = house.database.rows("select seq, sealed from answerd.credential")
    walk = Connect(house.config, "acme_social", "--port", port)
    walk.come_back("imposter")
    said = walk.end(code=1)
    assert "who signed in is imposter" in said and "belongs to shop" in said and "--replace" in said
    assert house.database.rows("select seq, sealed from answerd.credential") == before
    walk = Connect(house.config, "acme_social", "--port", port, "--replace")
    walk.come_back("imposter")
    walk.end()
    assert house.database.one("select own_handle from answerd.account") == "imposter"


def test_missing_rights_are_said(house):
    """What was not allowed is named with its reason, stands in the account, and the exit code says so."""
    empty_house(house)
    walk = Connect(house.config, "acme_social", "--port", PORT)
    walk.come_back("shop", scopes="read:accounts read:notifications read:statuses read:search")
    said = walk.end(code=1)
    assert "write:statuses (to post what staff answer)" in said and "Run this again" in said
    assert "write:statuses" in state_of(house)["missing"]


def test_killed_or_interrupted_on_the_way(house):
    """Between the code and the session: kill -9 and Ctrl-C leave neither file nor session, and the command can be run again."""
    empty_house(house)
    for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        fault = house.town.fault("stall", server="social", path="/oauth/token", apply=True, after=25, count=1)
        walk = Connect(house.config, "acme_social", "--port", PORT)
        walk.come_back("shop")
        wait_until(lambda f=fault: house.town.hits(f) == 1, 20, "the code is being exchanged")
        walk.process.send_signal(number)
        said = walk.end(code=code)
        assert number == signal.SIGKILL or "Nothing was changed" in said
        assert not list(house.config.folder.glob("acme_social.token*"))
        assert house.database.one("select count(*) from answerd.credential where sealed is not null") == 0
    walk = Connect(house.config, "acme_social", "--port", PORT)
    walk.come_back("shop")
    walk.end()


def test_a_code_from_elsewhere(house):
    """--code: made without our verifier, for our client and redirect."""
    house.blogger(people=("ann",))
    asked = urllib.parse.urlencode({"response_type": "code", "client_id": "town.apps.example", "redirect_uri": "http://127.0.0.1:8000/",
                                    "scope": "https://www.googleapis.com/auth/blogger.readonly", "state": "x", "town_person": "shop"})
    status, headers, _ = fetch(f"http://127.0.0.1:{house.town.port}/g/loaf/auth?{asked}")
    assert status == 302
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)["code"][0]
    assert "does not take the code" in Connect(house.config, "acme_loaf", "--code", code).end(code=1), "another redirect"
    assert "is connected as" in Connect(house.config, "acme_loaf", "--code", code, "--redirect", "http://127.0.0.1:8000/").end()
    house.begin(desk=False)
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "listening", 30, "it listens")


def test_a_terminal_shows_no_token(house):
    """On a terminal: what is typed is not shown, Ctrl-C gives the terminal back as it was, and questions are answered."""
    house.telegram("wire", people=("ann",))
    path = house.config.folder / "acme_wire.token"
    right = path.read_text(encoding="utf-8").strip()
    path.unlink()
    house.config.write()

    def run(what):
        """What stands on the screen when the command has ended, its status, and whether the terminal echoes again."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([program("answerd"), "--config", str(house.config.path), "connect", "acme_wire"], stdin=follower, stdout=follower,
                                   stderr=follower, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        screen, what = b"", list(what)
        while process.poll() is None:
            if select.select([leader], [], [], 0.2)[0]:
                screen += os.read(leader, 65536)
            if what and what[0][0] in screen and (what[0][0] != b"shown" or not termios.tcgetattr(follower)[3] & termios.ECHO):
                os.write(leader, what.pop(0)[1])
        while select.select([leader], [], [], 0.2)[0]:
            screen += os.read(leader, 65536)
        echoes = bool(termios.tcgetattr(follower)[3] & termios.ECHO)
        os.close(leader)
        os.close(follower)
        return screen.decode(), process.returncode, echoes

    screen, code, echoes = run([(b"shown", right.encode()[:10] + b"\x03")])
    assert code == 130 and echoes and right[:10] not in screen and "Nothing was changed" in screen and not path.exists()
    screen, code, echoes = run([(b"shown", right.encode() + b"\n"), (b"[y/N]", b"y\n")])
    assert code == 0 and echoes and right not in screen and path.read_text(encoding="utf-8").strip() == right, screen


@pytest.mark.parametrize("platform", ("blogger", "google_business", "reddit", "x", "youtube"))
def test_every_network_with_a_page_of_consent(house, platform):
    """The client stands in the token's file; who lets us in brings the rest, and the account is listened to."""
    url = getattr(house, platform)("there", people=("ann",))
    account = house.config.brands["acme"]["accounts"]["acme_there"]
    path = house.config.folder / "acme_there.token"
    path.write_text(":".join(path.read_text(encoding="utf-8").strip().split(":")[:2]) + "\n", encoding="utf-8")
    if platform in ("reddit", "x"):
        account["consent"] = url + {"reddit": "/api/v1/authorize", "x": "/i/oauth2/authorize"}[platform]
    walk = Connect(house.config, "acme_there", "--port", PORT)
    address = walk.address(person="shop").replace("https://accounts.google.com/o/oauth2/v2/auth", url + "/auth")
    status, headers, body = fetch(address)
    assert status == 302, body
    assert fetch(headers["Location"])[0] == 200
    assert "acme_there is connected as" in walk.end()
    house.begin(desk=False)
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "listening", 30, "it listens")
    assert house.database.one("select missing is null from answerd.account")


@pytest.mark.parametrize("platform", ("facebook", "instagram", "threads"))
def test_metas_networks_exchange_several_times(house, platform):
    """A code, a short-lived token, a long-lived one, what was granted, who we are: one walk. The end of the long-lived token is known."""
    getattr(house, platform)("there", people=("ann",))
    (house.config.folder / "acme_there.token").write_text("4711:s3cret\n", encoding="utf-8")
    walk = Connect(house.config, "acme_there", "--port", PORT)
    assert "client_id=4711" in walk.address()
    walk.paste("code-shop")
    assert "acme_there is connected as" in walk.end()
    house.begin(desk=False)
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "listening", 30, "it listens")
    if platform != "facebook":      # a page's token has no end
        assert house.database.one("select token_until > now() + interval '50 days' from answerd.account")


def test_usage(house):
    """Unknown accounts, no token in the configuration, tokens on the command line, a port that is taken."""
    empty_house(house)
    assert "no account is called 'nobody'" in Connect(house.config, "nobody").end(code=2)
    assert "--port is a number" in Connect(house.config, "acme_social", "--port", "many").end(code=2)
    house.telegram("wire")
    assert "read by everybody" in Connect(house.config, "acme_wire", "--code", "x").end(code=2)
    account = house.config.brands["acme"]["accounts"]["acme_social"]
    del account["token"]
    account["listen"] = ["search:#acme"]
    assert "has no `token`" in Connect(house.config, "acme_social").end(code=2)


@pytest.mark.parametrize("platform", ("bluesky", "discourse", "lemmy", "mail", "telegram", "wordpress"))
def test_a_token_that_is_pasted(house, platform):
    """It is tried, then written where the configuration says; one that the platform refuses is not."""
    getattr(house, platform)(platform, people=("ann",))
    path = house.config.folder / f"acme_{platform}.token"
    right = path.read_text(encoding="utf-8").strip()
    path.unlink()
    wrong = right[:-3] + "xyz"
    said = Connect(house.config, f"acme_{platform}", "--write", stdin=wrong).end(code=1)
    assert not path.exists() and wrong not in said
    said = Connect(house.config, f"acme_{platform}", stdin=right).end()
    assert "It works" in said and f"Put it into {path}" in said and right not in said and not path.exists()
    said = Connect(house.config, f"acme_{platform}", "--write", stdin=right).end()
    assert path.read_text(encoding="utf-8").strip() == right and stat.S_IMODE(path.stat().st_mode) == 0o600 and right not in said
    house.begin(desk=False)
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "listening", 30, "it listens")
