"""Our connector against a real Bluesky: the platform's own server, directory and view of the network, on loopback
(tests/real/bluesky/). Only with ./run test --real; the packages are installed once, into build/real/."""
import os
import time

import pytest

from rig import wait_until
from rig.house import House
from rig.real_bluesky import Network, NotHere

pytestmark = pytest.mark.skipif(not os.environ.get("ANSWERD_REAL"), reason="real servers: only with ./run test --real")


@pytest.fixture(scope="module")
def network(cluster, tmp_path_factory):
    """kettle is the brand; Ann, Bob and Cid are customers."""
    try:
        network = Network(cluster.create(), tmp_path_factory.mktemp("network"), "kettle", "ann", "bob", "cid")
    except NotHere as why:
        pytest.skip(f"no real Bluesky here: {why}")
    yield network
    network.end()


@pytest.fixture
def sky(network, database, tmp_path):
    """The brand's account configured; the test begins it."""
    house = House(None, database, tmp_path)
    kettle = network.people["kettle"]
    house.config.account("kettle_sky", "bluesky", network.url, kettle.app, identifier=kettle.handle)
    house.network = network
    for name, person in network.people.items():
        setattr(house, name, person)
    yield house
    house.end()


def stored(house, post):
    return house.database.rows("select body, deleted_at is not null as is_gone, direction::text, revision from answerd.message "
                               "where external_id = %s", post[0])[0]


def test_the_whole_path(sky):
    """What was said before we came, a mention, a quote, a reply, our answer in the app, a rewrite, a deletion; then the session ends."""
    ann, bob, cid, kettle = sky.ann, sky.bob, sky.cid, sky.kettle
    cups = kettle.post("New cups!")
    old = ann.post("@kettle.test where is my order?", names=[kettle], at=time.time() - 3600)
    below = bob.post("do they break?", parent=cups)
    sky.begin()
    sky.wait_for(cups[0], old[0], below[0], timeout=60)
    sky.wait_waiting("ann", "bob", timeout=60)
    assert sky.entries()[0]["customer"]["handle"] == "ann.test", "oldest first"

    quote = cid.post("look at these", quote=cups)
    sky.wait_for(quote[0], timeout=60)
    sky.wait_waiting("ann", "bob", "cid", timeout=30)
    answer = kettle.post("On its way!", parent=old)
    kettle.post("Never.", parent=below)
    kettle.post("Thank you!", parent=quote)
    sky.wait_for(answer[0], timeout=60)
    sky.wait_waiting(timeout=60)
    assert stored(sky, answer)["direction"] == "outbound"

    again = ann.post("it is still not here", parent=answer)
    sky.wait_for(again[0], timeout=60)
    sky.wait_waiting("ann", timeout=30)
    bob.like(answer)
    first = bob.post("@kettle.test are you oben?", names=[kettle])
    sky.wait_for(first[0], timeout=60)
    rewritten = bob.rewrite(first, "@kettle.test are you open?", names=[kettle])
    assert rewritten[0] == first[0] and rewritten[1] != first[1], "the same uri, another CID"
    wait_until(lambda: stored(sky, first)["body"].endswith("open?"), 90, "the rewrite is known")
    assert stored(sky, first)["revision"] == rewritten[1]
    assert sky.database.one("select body from answerd.message_revision where external_id = %s", first[0]).endswith("oben?")
    recreated = cid.post("@kettle.test hello", names=[kettle])
    sky.wait_for(recreated[0], timeout=60)
    cid.delete(recreated)
    recreated = cid.post("@kettle.test hello there", names=[kettle])
    sky.wait_for(recreated[0], timeout=60)
    bob.delete(first)
    wait_until(lambda: stored(sky, first)["is_gone"], 90, "the deletion is known")
    sky.wait_waiting("ann", "cid", timeout=60)

    sky.network.clock(3 * 3600)         # access tokens last two hours: 400 ExpiredToken
    try:
        late = ann.post("@kettle.test hello?", names=[kettle])
        sky.wait_for(late[0], timeout=60)
        assert sky.database.one("select state::text from answerd.account where name = 'kettle_sky'") not in ("refused", "auth")
    finally:
        sky.network.clock(0)
    known = sky.known()
    wanted = {post[0] for post in (cups, old, below, quote, answer, again, first, recreated, late)}
    assert wanted <= known, wanted - known
    sky.verify()


def test_equal_times_across_a_page_edge(sky):
    """130 mentions in one millisecond, with more on both sides: the list shows a hundred of them, the search the rest."""
    ann, kettle = sky.ann, sky.kettle
    at = time.time() - 1800
    crowd = ann.post_many([ann.record(f"@kettle.test at once {i}", names=[kettle], at=at) for i in range(130)])
    before = ann.post_many([ann.record(f"@kettle.test before {i}", names=[kettle], at=at - 10 - i) for i in range(30)])
    after = ann.post_many([ann.record(f"@kettle.test after {i}", names=[kettle], at=at + 10 + i) for i in range(80)])
    sky.network.settle()
    sky.begin()
    sky.wait_for(*before, *after, *crowd, timeout=90)
    sky.verify()
