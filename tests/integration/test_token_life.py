"""Token life (issue 5 §8): refresh tokens that a platform takes once. One worker at a time renews a session; the new pair is stored before it is used;
an answer that was lost is told in words; a warning comes days before the end."""
import json
import urllib.parse
import urllib.request

from test_connect import migrated
from test_secrets import dump

from rig import wait_until
from rig.hands_on import Connect, fetch

GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth"


def loaf(house, **options):
    """A blog at Google's, whose refresh tokens are taken once."""
    house.blogger(people=("ann", "bob"), options={"single_use": True, **options})
    return house


def refreshed(house):
    """The refresh tokens that came to the town, in order."""
    return json.loads(fetch(f"http://127.0.0.1:{house.town.port}/g/loaf/refreshed?")[2])


def comment(house, author, text):
    if not hasattr(house, "loaf_post"):
        house.loaf_post = house.town.post("shop", "Fresh bread at eight.", server="loaf", title="Bread")
    return house.town.post(author, text, server="loaf", parent=house.loaf_post)


def end_access(house):
    house.town.do("expire", server="loaf", person="shop", what="access")


def state_of(house):
    rows = house.database.rows("select state::text, state_reason from answerd.account")
    return rows[0] if rows else {"state": "not there"}


def asking(house, n=1):
    """A worker has asked for a session, and the answer is on its way."""
    wait_until(lambda: len(refreshed(house)) >= n, 60, "a session is asked for")


def test_each_refresh_token_is_used_once(house):
    """Sessions end, the worker dies again and again: each pair is stored before it is used, so that each refresh token comes once."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 0?"))
    for n in range(1, 5):
        if n % 2:
            house.worker.kill()
            end_access(house)
            house.worker.start()
        else:
            end_access(house)
        house.wait_for(comment(house, "ann", f"Where is order {n}?"), timeout=90)
    came = refreshed(house)
    assert len(came) == len(set(came)) >= 5, "none came twice"
    assert house.database.one("select seq from answerd.credential") == len(came) and state_of(house)["state"] == "listening"
    # S1: no token of any kind in what is kept.
    kept = dump(house) + house.worker.log_path.read_bytes()
    assert len(kept) > 50_000 and not [t for t in came if t.encode() in kept] and b"ya29." not in kept
    house.verify()


def test_two_workers_and_an_answer_on_its_way(house):
    """The lease goes to another worker while the first waits for a new pair: the second waits, too, and goes on with the pair that the first
    stores although the account is no longer his."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    first = house.worker
    n = len(refreshed(house))
    slow = house.town.fault("stall", server="loaf", path="/token", apply=True, after=6, count=1)
    end_access(house)
    asking(house, n + 1)
    second = house.another_worker().start()
    house.database.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'answerd keeper' and datname = current_database()")
    heard = comment(house, "bob", "Where is order 2?")
    house.wait_for(heard, timeout=90)
    came = refreshed(house)
    assert len(came) == len(set(came)), "none came twice"
    assert state_of(house)["state"] == "listening"
    for worker in (first, second):
        worker.assert_alive()
    assert slow is not None
    house.verify()


def test_two_workers_and_the_sender_at_once(house):
    """Sessions end while both workers ask and staff answer: whoever renews is alone, the sender goes on with what was stored, every text goes out once."""
    house.bluesky("sky", people=("ann",), options={"single_use": True})
    house.begin()
    house.another_worker().start()
    posts = []
    for n in range(3):
        post = house.town.post("ann", f"@shop question {n}?", "sky")
        house.wait_for(post, timeout=60)
        entry = wait_until(lambda: next((e for e in house.entries() if e["state"] != "stopped"), None), 30, "it waits")
        house.town.do("expire", server="sky", person="shop", what="access")
        house.workers[n % 2].kill()
        house.answer("reply", str(entry["id"]), "-m", f"Answer {n}.", code=0)
        house.workers[n % 2].start()
        wait_until(lambda n=n: house.database.one("select count(*) from answerd.reply where state = 'sent'") == n + 1, 90, "it is sent")
        posts.append(post)
    said = [a for a in house.town.answers() if "refreshSession" in a["p"] or "createSession" in a["p"]]
    assert said and not [a for a in said if a["s"] != 200], said
    assert sum("createSession" in a["p"] for a in said) == 1, "nobody signed in anew: the refresh token was always the right one"
    texts = [row["text"] for row in house.town.call("GET", "applied?server=sky")]
    assert len(texts) == 3 == len(set(texts))
    house.verify()


def test_a_worker_that_freezes_while_it_renews(house):
    """Frozen with the answer in its socket: who takes over waits for the claim to end, and the frozen one sends nothing a second time."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    n = len(refreshed(house))
    house.town.fault("stall", server="loaf", path="/token", apply=True, after=3, count=1)
    end_access(house)
    asking(house, n + 1)
    house.worker.freeze()
    second = house.another_worker().start()
    house.database.rows("update answerd.account set held_until = now() - interval '1 s'")
    wait_until(lambda: house.database.one("select epoch from answerd.account") > 1, 60, "it is taken over")
    since = house.database.one("select now()")
    wait_until(lambda: house.database.one("select max(beat_at) > %s + interval '4 s' from answerd.worker", since), 60, "the second has tried")
    house.worker.wake()
    house.wait_for(comment(house, "bob", "Where is order 2?"), timeout=90)
    came = refreshed(house)
    assert len(came) == len(set(came)), "none came twice"
    second.assert_alive()
    house.verify()


def test_an_answer_that_was_lost_is_told_in_words(house):
    """Killed between the platform's answer and the commit: the old token is used up, the new one gone. Nobody guesses: it is said, with the
    command; and who lets us in again ends it at once."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    n = len(refreshed(house))
    house.town.fault("stall", server="loaf", path="/token", apply=True, after=20, count=1)
    end_access(house)
    asking(house, n + 1)
    house.worker.kill()
    assert house.database.one("select claimed_at is not null from answerd.credential")
    house.database.rows("update answerd.credential set claimed_at = claimed_at - interval '2 min'")
    house.worker.start()
    row = wait_until(lambda: (r := state_of(house))["state"] == "refused" and r, 60, "it is refused")
    assert "its answer was lost" in row["state_reason"] and "answerd connect acme_loaf" in row["state_reason"]
    heard = comment(house, "bob", "Where is order 2?")
    walk = Connect(house.config, "acme_loaf")
    address = walk.address(person="shop")
    assert address.startswith(GOOGLE + "?")
    status, headers, body = fetch(address.replace(GOOGLE, f"http://127.0.0.1:{house.town.port}/g/loaf/auth"))
    assert status == 302, body
    assert fetch(headers["Location"])[0] == 200
    walk.end()
    house.wait_for(heard, timeout=30)
    wait_until(lambda: state_of(house)["state"] == "listening", 20, "it listens")
    house.verify()


def test_who_is_ahead_of_the_worker_is_not_undone(house):
    """The token's file is changed, somebody is let in with it, and only then the worker is reloaded: meanwhile it goes on with what it has and never
    writes over the new session."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    path = house.config.folder / "acme_loaf.token"
    path.write_text(":".join(path.read_text(encoding="utf-8").strip().split(":")[:2]) + "\n", encoding="utf-8")
    walk = Connect(house.config, "acme_loaf")
    status, headers, body = fetch(walk.address(person="shop").replace(GOOGLE, f"http://127.0.0.1:{house.town.port}/g/loaf/auth"))
    assert status == 302, body
    fetch(headers["Location"])
    walk.end()
    stored = house.database.rows("select seq, sealed from answerd.credential")
    wait_until(lambda: "event=session_sealed_otherwise" in house.worker.log(100_000), 30, "it is said")
    house.wait_for(comment(house, "ann", "Where is order 2?"))
    end_access(house)
    row = wait_until(lambda: (r := state_of(house))["state"] == "refused" and r, 60, "it is refused")
    assert row["state_reason"].endswith("reload answerd")
    assert house.database.rows("select seq, sealed from answerd.credential") == stored
    heard = comment(house, "bob", "Where is order 3?")
    house.worker.reload()
    house.wait_for(heard, timeout=60)
    house.verify()


def test_the_newest_of_token_and_session_counts(house):
    """Somebody lets us in: that goes before the refresh token in `token`. A new refresh token is put there later: that goes before the session, by a
    reload and by a restart alike; and it is said."""
    loaf(house)
    assert migrated(house)
    path = house.config.folder / "acme_loaf.token"
    client, old = path.read_text(encoding="utf-8").strip().rsplit(":", 1)

    def let_in():
        walk = Connect(house.config, "acme_loaf", "--port", "0")
        fetch(fetch(walk.address(person="shop").replace(GOOGLE, f"http://127.0.0.1:{house.town.port}/g/loaf/auth"))[1]["Location"])
        return walk.end()

    def renew():
        """A refresh token that was made elsewhere, by the same client."""
        base, (ident, secret) = f"http://127.0.0.1:{house.town.port}/g/loaf", client.split(":")
        asked = {"client_id": ident, "redirect_uri": "http://127.0.0.1:8000/", "response_type": "code",
                 "scope": "https://www.googleapis.com/auth/blogger.readonly", "state": "x", "town_person": "shop"}
        back = fetch(f"{base}/auth?{urllib.parse.urlencode(asked)}")[1]["Location"]
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"], "client_id": ident, "client_secret": secret}
        with urllib.request.urlopen(base + "/token", urllib.parse.urlencode(form).encode(), timeout=20) as answer:
            made = json.load(answer)["refresh_token"]
        path.write_text(f"{client}:{made}\n", encoding="utf-8")
        return made
    said = let_in()
    assert "goes before the refresh token that stands in" in said and "the newest counts" in said
    house.begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    end_access(house)
    house.wait_for(comment(house, "ann", "Where is order 2?"), timeout=60)
    assert old not in refreshed(house) and len(refreshed(house)) == 1, "the session's own refresh token"
    for begin_anew in (house.worker.reload, lambda: (house.worker.stop(), house.worker.start())):
        made = renew()
        begin_anew()
        wait_until(lambda made=made: made in refreshed(house), 30, "the new one is used")
        house.wait_for(comment(house, "bob", f"Where is {len(refreshed(house))}?"), timeout=60)
    assert house.worker.log(100_000).count("event=session_outdated") >= 1 and state_of(house)["state"] == "listening"
    # And the other way round again.
    let_in()
    wait_until(lambda: "event=session_taken" in house.worker.log(100_000), 30, "taken over")
    end_access(house)
    house.wait_for(comment(house, "ann", "Where is order 3?"), timeout=60)
    assert refreshed(house).count(made) == 1
    house.verify()


def test_a_cut_line_is_tried_again(house):
    """An answer that never came, where the platform did nothing: no alarm, the same token once more."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    house.town.fault("drop", server="loaf", path="/token", count=2)
    end_access(house)
    house.wait_for(comment(house, "ann", "Where is order 2?"), timeout=90)
    assert state_of(house)["state"] == "listening"
    assert house.database.one("select unsure_at is null and claimed_at is null from answerd.credential")


def test_a_renewal_that_failed_once_is_not_told_for_ever(house):
    """While no session can be had the account is failing; with the next one it listens again, and nobody has to restart anything."""
    loaf(house, access_ttl_s=200).begin(desk=False)        # renewed minutes before it ends
    house.wait_for(comment(house, "ann", "before"))
    fault = house.town.fault("status", server="loaf", path="token$", method="POST", count=0)
    wait_until(lambda: state_of(house)["state"] == "failing", 60, "told")
    house.town.heal(fault)
    house.wait_for(comment(house, "bob", "after"), timeout=90)
    wait_until(lambda: state_of(house) == {"state": "listening", "state_reason": None}, 30, lambda: state_of(house))


def test_a_pair_is_stored_although_the_database_was_away(house):
    """The answer comes while the database is away: nothing is asked with it before it is stored."""
    loaf(house).begin(desk=False)
    house.wait_for(comment(house, "ann", "Where is order 1?"))
    n = len(refreshed(house))
    house.town.fault("stall", server="loaf", path="/token", apply=True, after=2, count=1)
    end_access(house)
    asking(house, n + 1)
    house.database.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'answerd %' and datname = current_database() "
                       "and pid <> pg_backend_pid()")
    house.wait_for(comment(house, "bob", "Where is order 2?"), timeout=90)
    came = refreshed(house)
    assert len(came) == len(set(came)), "none came twice"
    house.verify()


def test_a_warning_comes_days_before_the_end(house):
    """The refresh token's own end, told with the session: the account warns a week before, and says the command."""
    loaf(house, refresh_ttl_s=5 * 86400).begin(desk=False)
    wait_until(lambda: state_of(house)["state"] == "listening", 30, "it listens")
    wait_until(lambda: house.database.one("select token_until > now() + interval '4 days' from answerd.account"), 30, "its end is known")
    said = wait_until(lambda: house.database.one("select max(trouble_text) from answerd.source_health"), 90, "it is told")
    assert "the token ends on" in said
