"""Nobody believes that we listen when we do not: each kind of deafness is told once, and so is its end (RELIABILITY I5, PRODUCT's pains 1, 2, 3, 8)."""
import base64
import json
import time

import pytest

from rig import Hook, wait_until


@pytest.fixture
def heard(house):
    """A house with a channel that is told about health."""
    house.hook = Hook()
    house.config.channels["owner"] = {"type": "webhook", "url": house.hook.url, "insecure_loopback": True, "group_interval": "1s"}
    house.config.health = {"notify": ["owner"], "silent_after": "6h"}
    yield house
    house.hook.destroy()


@pytest.fixture
def quiet_shop(heard):
    """The shop, listening, with two messages heard."""
    heard.mastodon("social", own="shop", people=("ann", "bob"))
    heard.begin()
    heard.wait_for(heard.town.post("ann", "@shop is anybody there?"))
    heard.rounds("social")
    return heard


def texts(house, event):
    return [h.body["text"] for h in house.hook.all(event)]


def wait_told(house, event, *words, timeout=40):
    """Until a telling of that kind holds these words; nothing of that kind was told twice."""
    def so():
        found = [t for t in texts(house, event) if all(w in t for w in words)]
        assert found, f"{event} {words}: {[(h.event, h.body['text']) for h in house.hook.all()]}\n{house.worker.log(1500)}"
        assert len(found) == 1, found
        return found[0]
    return wait_until(so, timeout, f"told: {event} {words}")


def line_above(house):
    return house.answer("queue", raw=True, code=0).out


def states(house):
    return {s["source"]: s["state"] for s in house.sources()}


def wait_states(house, wanted, timeout=30):
    def so():
        found = {s["source"]: s for s in house.sources() if s["source"] in wanted}
        assert {k: v["state"] for k, v in found.items()} == wanted, str(list(found.values()))
        return True
    wait_until(so, timeout, f"states {wanted}")


def outage(house, seconds=420):
    """Failures do not become older by themselves: the clock of the customers' world moves on, three failures at least on each side."""
    wait_until(lambda: house.database.one("select count(*) = 0 from answerd.source where name in ('mentions', 'own') and failures < 1"), 30, "it fails")
    house.shift(house.town.offset + seconds)
    wait_until(lambda: house.database.one("select count(*) = 0 from answerd.source where name in ('mentions', 'own') and failures < 3"), 60, "it fails on")


def walk_through(house):
    """Three walks through every gap. Hours lie between them: a worker that starts anew looks at once what is due."""
    for n in (1, 2, 3):
        wait_until(lambda k=n: house.database.one("select bool_and(tries >= %s or closed_at is not null) from answerd.gap", k), 60, "walked through")
        if house.database.one("select bool_and(closed_at is not null) from answerd.gap"):
            return
        house.worker.stop()
        house.shift(house.town.offset + 7200)
        house.worker.start()


def test_a_revoked_token_is_told_once_and_hearing_again_too(quiet_shop):
    """401: the account speaks once, the desk says it, nothing claims to listen; a new token keeps the history."""
    shop = quiet_shop
    shop.town.do("revoke", server="social", person="shop")
    told = wait_told(shop, "deaf", "acme_social: not listening since", "401")
    assert "make a new one and reload" in told
    assert "acme_social: not listening since" in line_above(shop)
    wait_states(shop, {"mentions": "refused", "own": "refused"})
    alert, = [a for a in shop.answer("alerts", code=0).items if a["event"] == "deaf"]
    assert alert["account"] == "acme_social" and alert["source"] is None and alert["state"] == "open"
    missed = shop.town.post("bob", "@shop are you ignoring me?")
    token = shop.town.do("token", server="social", person="shop")["token"]
    (shop.config.folder / "acme_social.token").write_text(token + "\n", encoding="utf-8")
    shop.worker.reload()
    shop.wait_for(missed, timeout=30)
    wait_told(shop, "hearing", "acme_social is listened to again")
    assert [a for a in shop.answer("alerts", code=0).items if a["event"] == "deaf"] == []
    assert len(shop.hook.all("deaf")) == 1, texts(shop, "deaf")
    assert shop.answer("gaps", code=None).items == [], "everything was read after all"
    wait_states(shop, {"mentions": "listening", "own": "listening"})
    shop.verify()


def test_one_forbidden_source_does_not_silence_the_others(quiet_shop):
    """403 for one source: told by name; what the others bring still comes."""
    shop = quiet_shop
    fault = shop.town.fault("status", server="social", path="/api/v1/accounts/[^/]+/statuses", status=403, count=0)
    wait_told(shop, "deaf", "acme_social own: not listening since", "403", timeout=60)
    shop.wait_for(shop.town.post("bob", "@shop and now?"), timeout=30)
    assert states(shop)["mentions"] == "listening"
    shop.town.heal(fault)
    wait_told(shop, "hearing", "acme_social own is listened to again", timeout=90)
    assert len(shop.hook.all("deaf")) == 1, texts(shop, "deaf")


@pytest.mark.parametrize("kind, words", (
    ({"kind": "status", "status": 502}, ("502",)),
    ({"kind": "html"}, ("a web page where JSON was expected",)),
    ({"kind": "replace", "text": '{"nothing": "of what we know"}'}, ("answer quarantine",)),
    ({"kind": "drop"}, ("failures in a row",))), ids=("502", "html", "another shape", "no answer"))
def test_an_outage_is_told_once_and_refilled(quiet_shop, kind, words):
    """A hiccup is not told, an outage is, once for the account; what was said meanwhile is heard, and no hole is left. Pains 2, 3."""
    shop = quiet_shop
    fault = shop.town.fault(server="social", path="/api/", count=0, **kind)
    wait_until(lambda: shop.database.one("select bool_and(failures >= 2) from answerd.source where name in ('mentions', 'own')"), 30, "it fails")
    wait_states(shop, {"mentions": "failing", "own": "failing"})
    missed = [shop.town.post("bob", f"@shop did you hear {i}?") for i in range(60)]
    outage(shop)
    told = wait_told(shop, "deaf", "acme_social: not listening since", *words, timeout=60)
    assert "acme_social" in line_above(shop) and told
    heard, = shop.answer("ledger", code=0).json["heard"]
    assert heard["percent"] < 90 and {h["why"] for h in heard["holes"]} == {"not heard yet"}, heard
    shop.town.heal(fault)
    shop.wait_for(*missed, timeout=60)
    wait_told(shop, "hearing", "acme_social is listened to again", timeout=60)
    assert len(shop.hook.all("deaf")) == 1, texts(shop, "deaf")
    assert shop.answer("gaps", code=None).items == []
    def whole():
        heard, = shop.answer("ledger", code=0).json["heard"]
        assert heard["percent"] == 100 and heard["holes"] == [], heard
        return True
    wait_until(whole, 30, "all of the time was heard")
    shop.verify()


def test_a_changed_field_is_told(quiet_shop):
    """A required field that is retyped makes most of a page unreadable: told at once, kept in quarantine, never passed over silently."""
    shop = quiet_shop
    shop.town.bulk([{"author": "bob", "text": f"@shop in another language {i}", "raw": {"account": 7}} for i in range(8)], server="social")
    wait_told(shop, "deaf", "acme_social mentions: not listening since", "most of what it serves cannot be read", timeout=60)
    wait_told(shop, "quarantine", "could not be read")
    assert states(shop)["mentions"] == "changed"
    shop.wait_for(*[shop.town.post("ann", f"@shop readable {i}") for i in range(30)], timeout=60)
    wait_told(shop, "hearing", "acme_social mentions is listened to again", timeout=60)


def test_a_wrong_clock_is_told(quiet_shop):
    """More than a minute between the server's Date and ours: ours is probably wrong, and with it every due time."""
    shop = quiet_shop
    fault = shop.town.fault("date", server="social", skew_s=-300, count=0)
    wait_told(shop, "deaf", "acme_social: the server's clock and ours are", "apart", timeout=60)
    assert states(shop)["mentions"] == "listening"
    assert shop.sources()[0]["skew_s"] is not None
    shop.town.heal(fault)
    wait_told(shop, "hearing", "acme_social: the clocks agree again", timeout=60)


def test_a_token_that_ends_soon_is_told_days_ahead(heard):
    """A token that says when it ends (a JWT, as Pixelfed gives): the reminder comes a week before, not the silence after."""
    def part(thing):
        return base64.urlsafe_b64encode(json.dumps(thing).encode()).rstrip(b"=").decode()
    token = ".".join((part({"alg": "RS256"}), part({"exp": int(time.time()) + 10 * 86400}), "c2ln"))
    url = heard.town.mastodon("social")
    heard.town.person("shop", "social", own="acme", token=token)
    heard.town.person("ann", "social")
    heard.add("acme_social", "mastodon", url, token, "acme", "social", "shop")
    heard.begin()
    heard.wait_for(heard.town.post("ann", "@shop hello?"))
    assert not heard.hook.all("deaf")
    assert heard.sources()[0]["token_until"] is not None
    heard.shift(4 * 86400)
    wait_told(heard, "deaf", "acme_social: the token ends on")
    wait_states(heard, {"mentions": "listening", "own": "listening", "directs": "listening"})


def test_silence_that_is_longer_than_ever_is_told(heard):
    """200 and nothing, for longer than the source's own habits allow (pain 2). History teaches them at once."""
    heard.mastodon("social", own="shop", people=("ann", "bob"), history="60d")
    now, hour = heard.town.now_ms(), 3600_000
    # It is eight in the morning there: a silence that reaches into another day may be a holiday that nobody told us of.
    ahead = (8 - time.gmtime(now / 1000).tm_hour + 11) % 24 - 11
    heard.config.brands["acme"]["timezone"] = f"Etc/GMT{-ahead:+d}"
    heard.town.bulk([{"author": "ann", "text": f"@shop day and night {i}", "at": now - i * hour * 2, "t": now - i * hour * 2} for i in range(480, 0, -1)], server="social")
    heard.begin()
    wait_until(lambda: heard.database.one("select count(*) from answerd.rhythm_hour") > 400, 60, "its rhythm is learned")
    heard.shift(5 * 3600)
    heard.rounds("social", 3)
    assert not heard.hook.all("deaf")
    heard.shift(8 * 3600)
    told = wait_told(heard, "deaf", "acme_social mentions: not listening since", "longer than it ever was silent", timeout=90)
    assert "(2h)" in told, told
    wait_states(heard, {"mentions": "silent", "own": "listening"})
    assert "to mentions" in line_above(heard)
    heard.wait_for(heard.town.post("bob", "@shop still here"))
    wait_told(heard, "hearing", "acme_social mentions: somebody speaks again", timeout=60)


def test_a_walk_that_goes_nowhere_is_told(heard):
    """Each page is the first one again and promises another: 200, no failure, and nothing new is ever heard (pain 2)."""
    heard.bluesky("social", own="shop", people=("ann", "bob"))
    heard.begin()
    heard.wait_for(heard.town.post("ann", "@shop is anybody there?"))
    heard.rounds("social")
    heard.worker.stop()
    heard.shift(3600)
    missed = [r["id"] for r in heard.town.bulk([{"author": "bob", "text": f"@shop did you hear {i}?"} for i in range(250)], server="social")]
    fault = heard.town.fault("treadmill", server="social", path="/notifications$|listNotifications", count=0)
    heard.worker.start()
    wait_until(lambda: heard.database.one("select stuck_since is not null from answerd.source where name = 'mentions'"), 30, "it walks in vain")
    heard.rounds("social", 20)
    assert not heard.hook.all("deaf")
    heard.shift(heard.town.offset + 660)
    told = wait_told(heard, "deaf", "acme_social mentions: not listening since", "brings nothing new", timeout=60)
    assert "Look there" in told
    assert "acme_social: not listening since" in line_above(heard) and "to mentions" in line_above(heard)
    wait_states(heard, {"mentions": "stuck", "own": "listening"})
    alert, = [a for a in heard.answer("alerts", code=0).items if a["event"] == "deaf"]
    assert alert["source"] == "mentions" and alert["state"] == "open"
    heard.town.heal(fault)
    heard.wait_for(*missed, timeout=60)
    wait_told(heard, "hearing", "acme_social mentions is listened to again", timeout=60)
    wait_states(heard, {"mentions": "listening", "own": "listening"})
    assert len(heard.hook.all("deaf")) == 1, texts(heard, "deaf")
    heard.verify()


def test_an_interval_that_is_not_achieved_is_told(heard):
    """Asked twice as rarely as it should be, for a while: told, although it is heard; and once more when its rhythm is kept again."""
    heard.mastodon("social", own="shop", people=("ann",))
    heard.begin()
    heard.wait_for(heard.town.post("ann", "@shop hello?"))
    fault = heard.town.fault("stall", server="social", path="/api/v1/(notifications|accounts)", after=7, count=0)
    told = wait_told(heard, "deaf", "acme_social mentions: asked every", "instead of every 1s", timeout=200)
    assert "not listening" not in told
    states = wait_until(lambda: {s["source"]: s for s in heard.sources()}, 10)
    assert states["mentions"]["state"] == "listening", states["mentions"]
    heard.town.heal(fault)
    wait_told(heard, "hearing", "acme_social mentions is asked as often as it should be again", timeout=90)


def test_an_allowance_that_is_used_up_is_told(heard):
    """Nothing fails, and nothing may be asked for an hour: we are late (I14: told when starved), and say until when."""
    heard.mastodon("social", own="shop", people=("ann",))
    heard.begin()
    heard.wait_for(heard.town.post("ann", "@shop hello?"))
    fault = heard.town.fault("spent", server="social", seconds=3600, count=0)
    wait_until(lambda: heard.database.one("select rate_left = 0 from answerd.account"), 40, "nothing is left")
    missed = heard.town.post("ann", "@shop are you there?")
    heard.shift(1200)
    told = wait_told(heard, "deaf", "acme_social: not listening since", "the platform lets us ask nothing more until", timeout=60)
    assert heard.database.column("select failures from answerd.source where failures > 0") == [] and told
    assert "acme_social: not listening since" in line_above(heard)
    assert {s for n, s in states(heard).items() if n in ("mentions", "own")} <= {"late", "unheard"}, states(heard)
    heard.town.heal(fault)
    # The allowance comes back with the hour; a worker that starts asks at once.
    heard.worker.stop()
    heard.shift(3600 + 60)
    heard.worker.start()
    heard.wait_for(missed, timeout=30)
    wait_told(heard, "hearing", "acme_social is listened to again", timeout=60)
    wait_states(heard, {"mentions": "listening", "own": "listening"})
    assert len(heard.hook.all("deaf")) == 1, texts(heard, "deaf")
    heard.verify()


def test_what_lies_behind_the_only_page_is_lost_and_told(heard):
    """A server that gives one page for ever: the hole is walked through in vain, declared lost with a reason, and never counted as heard."""
    url = heard.town.mastodon("social", open_search="one page")
    heard.town.person("ann")
    heard.add("watch", "mastodon", url, None, "acme", "social", "", ["search:kettle"])
    heard.begin()
    heard.wait_for(heard.town.post("ann", "does anybody know the kettle shop?"))
    wait_until(lambda: heard.database.one("select interval_us is not null from answerd.source where name = 'search:kettle'"), 30, "heard twice")
    heard.shift(3600)
    ids = [r["id"] for r in heard.town.bulk([{"author": "ann", "text": f"kettle {i}?"} for i in range(95)], server="social")]
    heard.wait_for(*ids[-40:])
    gap, = wait_until(lambda: heard.answer("gaps", code=None).items, 20, "the gap is listed")
    assert gap["source"] == "search:kettle" and gap["state"] == "open" and gap["from"] and gap["doing"]
    walk_through(heard)
    gap, = wait_until(lambda: [g for g in heard.answer("gaps", code=None).items if g["state"] == "lost"], 60, "it is lost")
    assert "the platform" in gap["reason"] and gap["lost_at"]
    wait_told(heard, "gap", "watch search:kettle", "It is lost", timeout=60)
    share, = heard.answer("ledger", code=0).json["heard"]
    assert share["percent"] < 100 and any("lost" in h["why"] for h in share["holes"]), share
    table = heard.answer("gaps", raw=True, code=None).out + heard.answer("ledger", raw=True, code=0).out + heard.answer("sources", raw=True, code=0).out
    assert max(map(len, table.splitlines())) <= 80 and "lost" in table, table
    heard.verify()


def test_retention_exceeded_is_lost_with_a_reason(heard):
    """We were away for longer than the platform keeps: nothing known is there any more, and that is said."""
    heard.mastodon("social", own="shop", people=("ann", "bob"), options={"keeps_s": 5 * 86400})
    heard.begin()
    heard.wait_for(*[heard.town.post("ann", f"@shop before {i}") for i in range(12)])
    heard.rounds("social")
    heard.worker.stop()
    day = 86400
    heard.shift(2 * day)
    gone = heard.town.post("bob", "@shop you will never hear this")
    heard.shift(9 * day)
    there = heard.town.post("bob", "@shop but this")
    heard.worker.start()
    heard.wait_for(there, timeout=60)
    gap = wait_until(lambda: [g for g in heard.answer("gaps", code=None).items if g["source"] == "mentions"], 30, "the gap is listed")[0]
    assert "may not keep messages for so long" in gap["reason"], gap
    walk_through(heard)
    wait_until(lambda: any(g["state"] == "lost" and g["source"] == "mentions" for g in heard.answer("gaps", code=None).items), 60, "it is lost")
    wait_told(heard, "gap", "acme_social mentions", "It is lost", timeout=60)
    assert gone not in heard.known()
    heard.verify()
