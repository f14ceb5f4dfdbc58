"""Threads (issue 5 §2): replies below our posts at every depth, mentions below other people's, a search; lists without addresses of
their next page, and emptiness where a right is missing."""
import pytest

from rig import wait_until
from test_outbox import conversation, reply, wait_state


@pytest.fixture
def spool(house):
    """A profile with a post, and Ann, Bob and Cid."""
    house.threads("spool", own="shop", people=("ann", "bob", "cid"), listen=["search:cups"])
    house.root = house.town.post("shop", "Fresh bread at eight.", "spool")
    house.begin()
    return house


def test_everything_that_threads_lets_us_hear(spool):
    """A reply, a nested one, a mention below somebody else's post with what it answers, a search: our native answers end the waits."""
    now = spool.town.now_ms()
    first = spool.town.post("ann", "when do you open?", "spool", parent=spool.root, at=now - 60_000)
    ours = spool.town.post("shop", "At eight.", "spool", parent=first, at=now - 40_000)
    again = spool.town.post("ann", "and on Sunday?", "spool", parent=ours, at=now - 20_000)
    theirs = spool.town.post("cid", "look what I found", "spool")
    middle = spool.town.post("bob", "where?", "spool", parent=theirs)
    named = spool.town.post("cid", "at @shop", "spool", parent=middle)
    about = spool.town.post("bob", "nice cups everywhere", "spool")
    spool.wait_for(first, ours, again, named, about, theirs, middle, timeout=40)
    spool.wait_waiting("ann", "bob", "cid", timeout=40)     # Bob stands in the lane of those who speak about us
    assert spool.database.one("select is_about from answerd.message where external_id = %s", about) is True
    spool.town.post("shop", "Never on Sundays.", "spool", parent=again)
    spool.town.post("shop", "Thank you!", "spool", parent=named)
    spool.wait_waiting("bob", timeout=40)
    spool.lost_nothing()
    spool.verify()


def test_replies_keep_their_parents(spool):
    """To a reply, a nested one and a mention, each exactly below it."""
    first = spool.town.post("ann", "mine is stale", "spool", parent=spool.root)
    nested = spool.town.post("bob", "@shop mine too", "spool", parent=first)
    named = spool.town.post("cid", "lunch at @shop", "spool")
    spool.wait_waiting("ann", "bob", "cid", timeout=40)
    wait_until(lambda: all(e["can_reply"] for e in spool.entries()), 20, "replies are taken")     # just after the start they are not yet
    made = [reply(spool, conversation(spool, m), f"Dear customer, answer {n}") for n, m in enumerate((first, nested, named))]
    for r in made:
        wait_state(spool, r, "sent")
    spool.wait_waiting(timeout=40)
    assert {row["text"]: row["parent"] for row in spool.town.applied("spool")} == {
        f"Dear customer, answer {n}": m for n, m in enumerate((first, nested, named))}
    spool.verify()


def test_a_search_that_was_not_approved(house):
    """Without the approved right only our own posts are found, and nothing says so: we do."""
    house.threads("spool", own="shop", people=("ann",), listen=["search:cups"], options={"unapproved": True})
    for n in range(3):
        house.town.post("shop", f"our cups {n}", "spool")
    house.begin()
    wait_until(lambda: any("finds only our own posts" in (s["missing"] or "") for s in house.sources()), 40, "the missing right is named")
