"""Our connector against a real Bluesky: the platform's own server, directory and view of the network, on loopback
(tests/real/bluesky/). Only with ./run test --real; the packages are installed once, into build/real/."""
import json
import os
import time

import pytest

from rig import wait_until
from rig.house import House
from rig.poster import Poster, key_of
from rig.real_bluesky import Network, NotHere

pytestmark = pytest.mark.skipif(not os.environ.get("ANSWERD_REAL"), reason="real servers: only with ./run test --real")


@pytest.fixture(scope="module")
def network(cluster, tmp_path_factory):
    """kettle and teapot are brands; Ann, Bob and Cid are customers."""
    try:
        network = Network(cluster.create(), tmp_path_factory.mktemp("network"), "kettle", "teapot", "ann", "bob", "cid")
    except NotHere as why:
        pytest.skip(f"no real Bluesky here: {why}")
    yield network
    network.end()


def of_brand(network, database, folder, brand):
    """A house with that brand's account configured; the test begins it."""
    house = House(None, database, folder)
    ours = network.people[brand]
    house.config.account(f"{brand}_sky", "bluesky", network.url, ours.app, identifier=ours.handle, settle="1s")
    house.network, house.ours = network, ours
    for name, person in network.people.items():
        setattr(house, name, person)
    return house


@pytest.fixture
def sky(network, database, tmp_path):
    house = of_brand(network, database, tmp_path, "kettle")
    yield house
    house.end()


@pytest.fixture
def quiet_sky(network, database, tmp_path):
    """A brand to which nobody has spoken yet."""
    house = of_brand(network, database, tmp_path, "teapot")
    yield house
    house.end()


def stored(house, post):
    return house.database.rows("select body, deleted_at is not null as is_gone, direction::text, revision from answerd.message "
                               "where external_id = %s", post[0])[0]


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", ident)


def seen_below(house, customer, post, text):
    """What the customer sees below the post: one reply, ours, with this text; and our account has said it nowhere else."""
    house.network.settle()
    found = customer.xrpc("app.bsky.feed.getPostThread", uri=post[0], depth=6)["thread"]["replies"]
    assert [(t["post"]["author"]["did"], t["post"]["record"]["text"], t["replies"]) for t in found] == [(house.ours.did, text, [])], found
    records = house.ours.xrpc("com.atproto.repo.listRecords", repo=house.ours.did, collection="app.bsky.feed.post", limit=100)["records"]
    assert [r["uri"] for r in records if r["value"]["text"] == text] == [found[0]["post"]["uri"]]
    return found[0]["post"]["uri"]


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


def test_answers_from_the_queue_and_from_the_app(quiet_sky):
    """A reply by `answer` is there for the customer once, below what they said and in their thread, also when our token has run out; one
    that was typed in the app closes its entry with actor "native"."""
    sky, ann, bob, cid, teapot = quiet_sky, quiet_sky.ann, quiet_sky.bob, quiet_sky.cid, quiet_sky.teapot
    top = cid.post("Whose cups are good?")
    sky.begin()
    asked = ann.post("@teapot.test do you sell \"handmade\" ones?", names=[teapot], parent=top)
    other = bob.post("@teapot.test when do you open?", names=[teapot])
    sky.wait_for(asked[0], other[0], timeout=60)
    sky.wait_waiting("ann", "bob", timeout=60)
    places = {e["customer"]["handle"]: e["id"] for e in sky.entries()}

    text = "Yes :) all of them, @ann.test <promised> & \"signed\": https://teapot.example/?a=1&b=2 \u2615"
    uri = sky.reply(places["ann.test"], text, "bob")
    assert seen_below(sky, ann, asked, text) == uri
    made = teapot.xrpc("com.atproto.repo.getRecord", repo=teapot.did, collection="app.bsky.feed.post", rkey=uri.split("/")[4])["value"]
    assert made["reply"] == {"root": {"uri": top[0], "cid": top[1]}, "parent": {"uri": asked[0], "cid": asked[1]}}
    told = [n["uri"] for n in ann.xrpc("app.bsky.notification.listNotifications", limit=50)["notifications"]]
    assert told.count(uri) == 1, "Ann is told, once"
    wait_until(lambda: column(sky, "hash <> 0", uri), 60, "our own reply comes back by listening")
    assert sky.waiting() == ["bob"] and seen_below(sky, ann, asked, text) == uri

    native = teapot.post("At nine.", parent=other)
    sky.wait_for(native[0], timeout=60)
    sky.wait_waiting(timeout=60)
    assert sky.actors(places["ann.test"]) == [sky.answer("replies", code=0).items[0]["author"]]
    assert sky.actors(places["bob.test"]) == ["native"]
    for who, said, by in (("ann.test", asked, uri), ("bob.test", other, native[0])):
        thread = sky.answer("explain", places[who], code=0).json["thread"]
        assert f" by our message {by}" in next(m for m in thread if m["id"] == said[0])["why"]

    again = bob.post("@teapot.test on Sunday, too?", names=[teapot])
    sky.wait_for(again[0], timeout=60)
    sky.wait_waiting("bob", timeout=60)
    sky.network.clock(3 * 3600)         # access tokens last two hours: 400 ExpiredToken, for the post, too
    try:
        late = sky.reply(sky.entries()[0]["id"], "On Sunday at ten.")
        assert seen_below(sky, bob, again, "On Sunday at ten.") == late
    finally:
        sky.network.clock(0)
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


def test_a_reply_is_there_once(network, tmp_path):
    """The very request of our connector: the real server takes its record, takes it again as the same, lets nothing be written
    over it, keeps our facets, and the customer sees it below what they said, in the thread where it belongs."""
    ann, bob, kettle = (network.people[name] for name in ("ann", "bob", "kettle"))
    made = kettle.xrpc("com.atproto.server.createSession", {"identifier": kettle.handle, "password": kettle.app})
    session = json.dumps({"access": made["accessJwt"], "refresh": made["refreshJwt"], "did": kettle.did, "pds": ""})
    poster = Poster(tmp_path, "bluesky", server=network.url, own_id=kettle.did, own_handle=kettle.handle, session=session)
    top = bob.post("who has good cups?")
    asked = ann.post("@kettle.test do you?", names=[kettle], parent=top)
    network.settle()
    listed = kettle.xrpc("app.bsky.notification.listNotifications", limit=20)["notifications"]
    raw = json.dumps(next(n for n in listed if n["uri"] == asked[0]))
    posting = {"key": key_of(time.time_ns() // 1000), "text": "Yes, @ann.test: https://kettle.example/cups \u2615", "parent": asked[0],
               "parent_revision": asked[1], "parent_raw": raw, "author_id": ann.did, "author_handle": ann.handle, "visibility": "public",
               "language": "en"}
    assert poster.look(posting) is None
    poster.timeout = 30
    what, uri = poster.post(posting)
    assert what == "sent" and poster.look(posting) == uri
    assert poster.post(posting) == ("sent", uri), "the same record again"
    assert poster.post({**posting, "text": "Something else"})[0] == "unsure", "InvalidSwap"
    kept = kettle.xrpc("com.atproto.repo.getRecord", repo=kettle.did, collection="app.bsky.feed.post", rkey=posting["key"])["value"]
    assert kept["text"] == posting["text"] and kept["reply"]["root"]["uri"] == top[0] and kept["reply"]["parent"]["uri"] == asked[0]
    marked = [kept["text"].encode()[f["index"]["byteStart"]:f["index"]["byteEnd"]].decode() for f in kept["facets"]]
    assert marked == ["@ann.test", "https://kettle.example/cups"]
    network.settle()
    told = [n["uri"] for n in ann.xrpc("app.bsky.notification.listNotifications", limit=20)["notifications"]]
    assert told.count(uri) == 1, "Ann is told, once"
    thread = ann.xrpc("app.bsky.feed.getPostThread", uri=top[0], depth=6)["thread"]
    below = next(t for t in thread["replies"] if t["post"]["uri"] == asked[0])
    assert [t["post"]["uri"] for t in below["replies"]] == [uri]
    what, why = poster.post({**posting, "key": key_of(time.time_ns() // 1000), "text": "x" * 301})
    assert what == "data" and "300" in why
