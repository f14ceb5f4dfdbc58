"""Listening on Bluesky: its order by the author's clock, its cursor that loses equal times, its lag (I1, platforms/bluesky.md §3)."""
from rig import wait_until


def test_the_whole_path(sky):
    q = sky.town.post("ann", "@shop where is my order?", "sky")
    sky.wait_waiting("ann")
    entry, = sky.entries()
    assert entry["platform"] == "bluesky" and entry["customer"]["handle"] == "ann.test"
    assert entry["permalink"].startswith("https://bsky.app/profile/did:plc:")
    a = sky.town.post("shop", "On its way", "sky", parent=q)
    sky.wait_waiting()
    assert {(m["external_id"], m["kind"], m["direction"]) for m in sky.messages()} == {(q, "mention", "inbound"), (a, "reply", "outbound")}
    sky.verify()


def equal_times(house, n_newer, n_equal):
    """So many newer mentions, so many in one millisecond, and some older ones; connect; all must be found."""
    house.bluesky("sky", own="shop", people=("ann", "bob", "cid"))
    at = house.town.now_ms() - 3600_000
    ops = [{"author": "cid", "text": f"@shop later {i}", "at": at + 1000 + i} for i in range(n_newer)]
    ops += [{"author": "ann", "text": f"@shop same time {i}", "at": at} for i in range(n_equal)]
    ops += [{"author": "bob", "text": f"@shop earlier {i}", "at": at - 1000 - i} for i in range(150)]
    ids = [r["id"] for r in house.town.bulk(ops, server="sky")]
    house.begin()
    house.wait_for(*ids, timeout=20)
    house.lost_nothing()
    house.verify()


def test_equal_times_across_a_page_edge(house):
    """70 newer and 100 in one millisecond: the bare time cursor would lose those behind the edge."""
    equal_times(house, 70, 100)


def test_more_than_a_page_in_one_millisecond(house):
    """250 mentions in one millisecond: only searchPosts, whose cursor carries time and CID, can tell them apart."""
    equal_times(house, 0, 250)


def test_backdated_post_is_found_and_waits_from_when_it_was_seen(sky):
    """createdAt is the author's own: a post dated 2019 sorts to the bottom; the sweep or search finds it."""
    sky.wait_for(sky.town.post("bob", "@shop now", "sky"))
    sky.rounds("sky", 3)            # the first walk, the import, is over
    old = sky.town.post("ann", "@shop from the past", "sky", at=sky.town.now_ms() - 3 * 86_400_000)
    sky.wait_for(old, timeout=90)
    entry = next(e for e in sky.entries() if e["customer"]["handle"] == "ann.test")
    assert entry["waiting_s"] < 300
    assert sky.database.one("select posted_at < now() - interval '2 days' from answerd.message where external_id = %s", old)


def test_future_dated_post(sky):
    q = sky.town.post("ann", "@shop from tomorrow", "sky", at=sky.town.now_ms() + 86_400_000)
    sky.wait_for(q)
    assert sky.entries()[0]["waiting_s"] < 120


def test_quotes_and_replies_deep_below_us(sky):
    """A quote is to us; a reply more than five levels below notifies nobody and is found in the thread."""
    p = sky.town.post("shop", "New cups!", "sky", key="p")
    quote = sky.town.post("bob", "look at these", "sky", quote="p")
    sky.wait_for(p, quote)
    last = "p"
    for i in range(9):
        sky.town.post(("ann", "cid")[i % 2], f"level {i}", "sky", parent=last, key=f"r{i}")
        last = f"r{i}"
    deep = [row["id"] for row in sky.town.truth("sky") if row["key"].startswith("r")]
    sky.wait_for(*deep, timeout=90)


def test_deleted_post_ends_the_wait(sky):
    q = sky.town.post("ann", "@shop never mind", "sky")
    sky.wait_waiting("ann")
    sky.town.delete(q, "sky")
    sky.wait_waiting(timeout=90)


def test_appview_lag(sky):
    """Indexing takes three seconds: late, not lost."""
    sky.town.do("option", server="sky", lag_s=3)
    sky.wait_for(*[sky.town.post("ann", f"@shop {i}", "sky") for i in range(3)], timeout=30)


def test_likes_reposts_follows_never_wait(sky):
    p = sky.town.post("shop", "Good morning", "sky", key="p")
    sky.wait_for(p)
    sky.town.do("like", server="sky", person="ann", post="p")
    sky.town.do("boost", server="sky", person="bob", post="p")
    sky.town.do("follow", server="sky", person="cid", target="shop")
    sky.rounds("sky")
    assert sky.waiting() == []
    sky.verify()


def test_chat_is_a_direct_conversation(sky):
    """Direct messages through the chat proxy; our answer in the app ends the wait."""
    made = sky.town.do("chat", server="sky", author="ann", to="shop", text="please call me")
    wait_until(lambda: sky.waiting() == ["ann"], 60, "the chat waits")
    assert sky.entries()[0]["kind"] == "direct"
    sky.town.do("chat", server="sky", author="shop", convo=made["convo"], text="calling now")
    wait_until(lambda: sky.waiting() == [], 60, "answered in the app")


def test_chat_refused_is_said_and_the_rest_is_heard(house):
    """An app password without the right to read direct messages: posts are heard, the missing right is named."""
    house.bluesky("sky", own="shop", people=("ann",), options={"chat_refused": True})
    house.begin()
    house.wait_for(house.town.post("ann", "@shop hello", "sky"))
    assert "acme_sky" in house.answer("sources", raw=True).out


def test_rate_limit_is_honoured(house):
    """A small budget: all is heard in the end, and hardly a 429 is earned."""
    house.bluesky("sky", own="shop", people=("ann",), options={"rate_limit": 60})
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop {i}"} for i in range(300)], server="sky")]
    house.begin()
    house.wait_for(*ids, timeout=30)
    assert house.town.counters().get("sky 429", 0) <= 3


def test_a_search_is_about_us_and_what_names_us_is_to_us(house):
    """Hits of a search wait in the softer lane; our own are outbound, and who names us is to us, whatever found it."""
    house.bluesky("sky", own="shop", people=("ann", "bob", "cid"), listen=["search:teapot", "search:#kettle"])
    own = house.town.post("shop", "our new teapot #kettle", server="sky")
    about = house.town.post("ann", "is the teapot any good? #kettle", server="sky")
    named = house.town.post("bob", "@shop is the teapot any good?", server="sky")
    praise = house.town.post("cid", "love my teapot", server="sky")
    house.begin()
    house.wait_for(own, about, named, praise)
    house.wait_waiting("ann", "bob")
    assert len(house.answer("queue", code=0).items) == 1
    assert house.database.one("select direction::text from answerd.message where external_id = %s", own) == "outbound"
    about_us = "select is_about from answerd.message where external_id = %s"
    assert house.database.one(about_us, about) is True and house.database.one(about_us, named) is False
    house.verify()
