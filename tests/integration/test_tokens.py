"""A token ends: it is told at once, we only probe, and nothing is lost when it works again (I5, pain 1)."""
from rig import wait_until


def refused(house, account):
    """The state of an account, when it is one that staff must act on."""
    row = house.database.rows("select state::text, state_reason from answerd.account where name = %s", account)[0]
    return row["state"] not in ("new", "ok", "live", "listening") and row


def test_revoked_token_probes_and_recovers(shop):
    shop.wait_for(shop.town.post("ann", "@shop one"))
    shop.town.do("revoke", server="social", person="shop")
    row = wait_until(lambda: refused(shop, "acme_social"), 20, "the refusal is known")
    assert row["state_reason"]
    text = shop.answer("queue", raw=True)
    assert "acme_social" in text.out + text.err, "the line above the queue names the deaf account"
    q = shop.town.post("bob", "@shop said while deaf")
    start = shop.town.requests()
    shop.shift(120)
    wait_until(lambda: shop.town.requests() > start, 90, "it probes")
    assert shop.town.requests() - start < 20, "probing is not hammering"
    shop.town.do("restore", server="social", person="shop")
    shop.shift(240)
    shop.wait_for(q, timeout=90)
    assert not refused(shop, "acme_social")
    shop.verify()


def test_another_persons_credential_is_refused(house):
    """An account's name is its identity: a token of another platform user is not taken."""
    url = house.mastodon("social", own="shop", people=("ann",))
    house.begin()
    house.wait_for(house.town.post("ann", "@shop one"))
    house.worker.kill()
    other = house.town.person("imposter", token=True)["token"]
    house.config.account("acme_social", "mastodon", url, other)
    house.worker.start()
    wait_until(lambda: refused(house, "acme_social"), 20, "the wrong credential is refused")


def test_bluesky_session_expires_and_is_renewed(sky):
    """ExpiredToken comes as HTTP 400: refresh, and go on, without a word to anybody."""
    sky.wait_for(sky.town.post("ann", "@shop one", "sky"))
    sky.town.do("expire", server="sky", person="shop")
    sky.wait_for(sky.town.post("bob", "@shop two", "sky"), timeout=30)
    assert not refused(sky, "acme_sky")
    created = sum("createSession" in a["p"] for a in sky.town.answers())
    assert created <= 2, "sessions are scarce: 30 in 5 minutes, 300 a day"


def test_bluesky_refresh_token_expired_too(sky):
    sky.wait_for(sky.town.post("ann", "@shop one", "sky"))
    sky.town.do("expire", server="sky", person="shop", what="access")
    sky.town.do("expire", server="sky", person="shop", what="refresh")
    sky.wait_for(sky.town.post("bob", "@shop two", "sky"), timeout=60)


def test_bluesky_password_revoked(sky):
    sky.wait_for(sky.town.post("ann", "@shop one", "sky"))
    sky.town.do("revoke", server="sky", person="shop")
    wait_until(lambda: refused(sky, "acme_sky"), 30, "the refusal is known")
    q = sky.town.post("bob", "@shop two", "sky")
    sky.town.do("restore", server="sky", person="shop")
    sky.shift(150)
    sky.wait_for(q, timeout=90)


def test_many_restarts_do_not_eat_the_session_limit(sky):
    """createSession is limited to 30 in 5 minutes: the session outlives the process."""
    sky.town.do("option", server="sky", session_limit=30)
    for n in range(6):
        sky.wait_for(sky.town.post("ann", f"@shop {n}", "sky"))
        sky.worker.kill()
        sky.worker.start()
    assert sum("createSession" in a["p"] for a in sky.town.answers()) <= 3
