"""Instagram (issue 5 §2): comments with their replies, media that tag us, direct messages; two levels where only the text says who is
meant; tokens that are renewed before they end."""
import pytest

from rig import wait_until
from test_outbox import conversation, reply, wait_state


@pytest.fixture
def photos(house):
    """An account with a medium, and Ann, Bob and Cid."""
    house.instagram("photos", own="shop", people=("ann", "bob", "cid"))
    house.root = house.town.post("shop", "Fresh bread at eight.", "photos")
    house.begin()
    return house


def test_everything_that_instagram_lets_us_hear(photos):
    """A comment, a reply below it that names us, a medium that tags us, a message: each waits; native answers that name them end it."""
    top = photos.town.post("ann", "when do you open?", "photos", parent=photos.root)
    photos.town.post("bob", "@shop and on Sunday?", "photos", parent=top)
    photos.town.post("cid", "lunch at the shop", "photos", tagged=True)
    photos.town.post("cid", "order 42?", "photos", to="shop", at=photos.town.now_ms() - 60_000)     # Graph tells whole seconds
    photos.wait_waiting("ann", "bob", "cid", "cid", timeout=40)
    assert sorted(e["kind"] for e in photos.entries()) == ["comment", "direct", "mention", "reply"]
    photos.town.post("shop", "@bob never on Sundays", "photos", parent=top)
    photos.wait_waiting("ann", "cid", "cid", timeout=40)
    photos.town.post("shop", "At eight.", "photos", parent=top)
    photos.town.post("shop", "On its way.", "photos", to="cid")
    photos.wait_waiting("cid", timeout=40)
    photos.lost_nothing()
    photos.verify()


def test_replies_name_whom_they_answer(photos):
    """What answers a reply hangs below the comment on top, so it names the person; a message may have a thousand bytes, not characters."""
    top = photos.town.post("ann", "mine is stale", "photos", parent=photos.root)
    nested = photos.town.post("bob", "@shop mine too", "photos", parent=top)
    tagged = photos.town.post("cid", "lunch at the shop", "photos", tagged=True)
    direct = photos.town.post("cid", "order 42?", "photos", to="shop")
    photos.wait_waiting("ann", "bob", "cid", "cid", timeout=40)
    wait_until(lambda: all(e["can_reply"] for e in photos.entries()), 20, "replies are taken")     # just after the start they are not yet
    made = [reply(photos, conversation(photos, m), f"Dear customer, answer {n}") for n, m in enumerate((top, nested, tagged, "dm:" + direct))]
    for r in made:
        wait_state(photos, r, "sent")
    photos.wait_waiting(timeout=40)
    texts = sorted(row["text"] for row in photos.town.applied("photos"))
    assert texts == ["@ann Dear customer, answer 0", "@bob Dear customer, answer 1", "@cid Dear customer, answer 2", "Dear customer, answer 3"]
    again = photos.town.post("cid", "really?", "photos", to="shop")
    photos.wait_for("dm:" + again)
    refused = photos.answer("reply", conversation(photos, "dm:" + again), "-m", "\u00e9" * 501, code=4)
    assert "too long" in refused.err
    photos.verify()


def test_more_replies_than_a_comment_brings(photos):
    """A hundred and twenty below one comment: those that the list leaves out are read, too."""
    top = photos.town.post("ann", "who else?", "photos", parent=photos.root)
    ids = [r["id"] for r in photos.town.bulk([{"author": "bob", "text": f"@shop me {n}", "parent": top} for n in range(120)], server="photos")]
    photos.wait_for(top, *ids, timeout=60)
    photos.lost_nothing()


def test_what_instagram_cuts_off_is_a_gap(house):
    """Fifty comments and no next page, all newer than what we knew: told as a gap."""
    house.instagram("photos", own="shop", people=("ann", "bob"), options={"unpaged": True})
    root = house.town.post("shop", "Fresh bread at eight.", "photos")
    house.begin()
    house.wait_for(house.town.post("ann", "first", "photos", parent=root))
    house.rounds("photos", 3)
    house.worker.freeze()
    house.town.bulk([{"author": "bob", "text": f"comment {n}", "parent": root} for n in range(80)], server="photos")
    house.worker.wake()
    wait_until(lambda: house.database.one("select count(*) from answerd.message where kind = 'comment'") >= 51, 40, "what is shown is heard")
    wait_until(lambda: any(g["source"] == "media" for g in house.answer("gaps", code=None).items), 30, "the gap is told")


def test_a_token_that_is_too_young_is_kept(house):
    """Renewing a token of less than a day is refused: it is good all the same."""
    house.instagram("photos", own="shop", people=("ann",), options={"young": True})
    root = house.town.post("shop", "Fresh bread at eight.", "photos")
    house.begin()
    house.wait_for(house.town.post("ann", "when?", "photos", parent=root))


def test_a_renewed_token_is_the_one_that_is_used(house):
    """The worker renews the token at its start, stores it, and is let in by it after a restart, although the old one has ended."""
    house.instagram("photos", own="shop", people=("ann",))
    root = house.town.post("shop", "Fresh bread at eight.", "photos")
    house.begin(desk=False)
    house.wait_for(house.town.post("ann", "when?", "photos", parent=root))
    assert house.database.one("select count(*) from answerd.credential") == 1
    (house.folder / "house" / "acme_photos.token").read_text(encoding="utf-8")
    house.worker.kill()
    house.worker.start()
    house.wait_for(house.town.post("ann", "and tomorrow?", "photos", parent=root))
