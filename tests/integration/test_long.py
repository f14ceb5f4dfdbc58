"""Nobody makes us deaf by talking at length: what is larger than we read (2 MiB, I10) is asked for in smaller portions, and what does
not fit alone is told and passed."""
import pytest

from rig import wait_until
from test_hostile import begin

LONG = "All work and no play makes Jack a dull boy. "
PLATFORMS = pytest.mark.parametrize("platform", ["mastodon", "bluesky"])


def text_of(kilobytes, begin=""):
    return begin + LONG * (kilobytes * 1000 // len(LONG))


def told(house):
    """What the quarantine says."""
    return {(r["external_id"], r["reason"]) for r in house.database.rows("select external_id, reason from answerd.quarantine")}


@PLATFORMS
def test_long_messages_do_not_make_a_page_unreadable(house, platform):
    """Eighty messages of 40 KB each: smaller pages."""
    begin(house, ["bad"], platform)
    house.town.bulk([{"author": "bob", "text": text_of(40, "@shop ") + str(i)} for i in range(80)], server="bad")
    q = house.town.post("ann", "@shop and now something short", "bad")
    house.wait_for(q, timeout=30)
    house.worker.assert_small()
    house.lost_nothing(timeout=30)
    assert "asking_for_less" in house.worker.log(100_000)
    assert not told(house)
    house.verify()


@PLATFORMS
def test_a_long_history_is_imported(house, platform):
    """The same on connecting, with our own answers as long."""
    getattr(house, platform)("bad", own="shop", people=("ann", "bob"))
    ids = [r["id"] for r in house.town.bulk([{"author": ("bob", "shop")[i % 2], "text": text_of(50, "@shop " * (i % 2 == 0)) + str(i)}
                                             for i in range(160)], server="bad")]
    house.begin()
    house.wait_for(*ids, timeout=60)
    house.worker.assert_small()
    house.lost_nothing()
    house.verify()


@PLATFORMS
def test_one_message_that_does_not_fit(house, platform):
    """One of 2.5 MB: told in the quarantine, and what is before and behind it is heard."""
    begin(house, ["bad"], platform)
    before = house.town.post("ann", "@shop before", "bad")
    house.wait_for(before)
    house.rounds("bad", 3)
    house.town.post("bob", text_of(2500, "@shop "), "bad")
    wait_until(lambda: any("over 2 MiB" in reason for _, reason in told(house)), 30, "it is told")
    for n in range(3):
        house.wait_for(house.town.post("ann", f"@shop behind it {n}", "bad"), timeout=30)
    assert "over 2 MiB" in house.answer("quarantine", code=0).out
    house.worker.assert_small()
    house.verify()


@PLATFORMS
def test_a_thread_that_does_not_fit(house, platform):
    """Sixty long messages above one that names us: they are read, in as many answers as it takes."""
    begin(house, ["bad"], platform)
    ops = [{"author": "bob", "text": text_of(45, str(i)), "key": f"n{i}", **({"parent": f"n{i - 1}"} if i else {}), "mentions": []}
           for i in range(60)]
    ids = [r["id"] for r in house.town.bulk(ops, server="bad")]
    q = house.town.post("ann", "@shop what do you say?", "bad", parent="n59")
    house.wait_for(q, *ids, timeout=90)
    if platform == "mastodon":
        assert any("thread over 2 MiB" in reason for _, reason in told(house))
    house.wait_for(house.town.post("bob", "@shop next door", "good"), timeout=15)
    house.verify()


@PLATFORMS
def test_long_messages_are_re_read(house, platform):
    """A batch of re-checked messages that is too large is halved: edits and deletions are noticed."""
    begin(house, ["bad"], platform)
    ids = [r["id"] for r in house.town.bulk([{"author": "bob", "text": text_of(150, "@shop ") + str(i), "key": f"k{i}"} for i in range(30)],
                                            server="bad")]
    house.wait_for(*ids, timeout=60)
    house.town.edit("k4", "@shop never mind (edited)", "bad")
    house.town.delete("k20", "bad")

    def noticed():
        assert house.database.one("select body like '%%(edited)' from answerd.message where external_id = %s", ids[4])
        assert house.database.one("select deleted_at is not null from answerd.message where external_id = %s", ids[20])
        return True
    wait_until(noticed, 90, "the edit and the deletion are noticed")
    house.worker.assert_alive()
    house.verify()


@pytest.mark.parametrize("form", ["rss", "rdf", "atom"])
def test_a_feed_that_does_not_fit(house, form):
    """A feed cannot be asked for in parts: its newest entries are read, and what is behind them is a told gap."""
    house.blog("blog", own="shop", people=("ann", "bob"), options={"format": form, "window": 200})
    post = house.town.post("shop", "Fresh bread at eight.", server="blog")
    house.town.bulk([{"author": "bob", "text": text_of(40) + str(i), "parent": post} for i in range(70)], server="blog")
    house.begin()
    for n in range(3):
        house.wait_for(house.town.post("ann", f"And now something short {n}", "blog", parent=post), timeout=30)
    wait_until(lambda: house.answer("gaps", code=0).items, 20, "the gap is told")
    house.worker.assert_small()
    house.verify()
