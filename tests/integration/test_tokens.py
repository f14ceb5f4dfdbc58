"""A token ends: it is told at once, we only probe, and nothing is lost when it works again (I5, pain 1)."""
from rig import wait_until


def refused(house, account):
    """The state of an account, when it is one that staff must act on."""
    row = house.database.rows("select state::text, state_reason from answerd.account where name = %s", account)[0]
    return row["state"] not in ("new", "ok", "live", "listening") and row


def test_revoked_tokens_probe_and_recover(house):
    """Mastodon's token and Bluesky's app password at once (a probe comes a minute later): told in words, above the queue
    too; no hammering; what was said meanwhile is heard from the cursor on."""
    house.mastodon("social", own="shop", people=("ann", "bob"))
    house.bluesky("sky", own="shop", people=("ann", "bob"))
    house.begin()
    both = ("social", "sky")
    house.wait_for(*[house.town.post("ann", "@shop one", s) for s in both])
    for server in both:
        house.town.do("revoke", server=server, person="shop")
    for server in both:
        row = wait_until(lambda: refused(house, f"acme_{server}"), 30, "the refusal is known")
        assert row["state_reason"]
    if house.desk is not None:
        shown = house.answer("queue", raw=True)
        for server in both:
            assert f"acme_{server}" in shown.out + shown.err, "the line above the queue names the deaf account"
    begun = {s: house.town.requests(s) for s in both}
    said = [house.town.post("bob", "@shop said while deaf", s) for s in both]
    for server in both:
        house.town.do("restore", server=server, person="shop")
    house.wait_for(*said, timeout=100)
    for server in both:
        assert house.town.requests(server) - begun[server] < 40, "probing is not hammering"
        wait_until(lambda: not refused(house, f"acme_{server}"), 10, "let in again")
    house.verify()


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


def test_many_restarts_do_not_eat_the_session_limit(sky):
    """createSession is limited to 30 in 5 minutes: the session outlives the process."""
    sky.town.do("option", server="sky", session_limit=30)
    for n in range(6):
        sky.wait_for(sky.town.post("ann", f"@shop {n}", "sky"))
        sky.worker.kill()
        sky.worker.start()
    assert sum("createSession" in a["p"] for a in sky.town.answers()) <= 3
