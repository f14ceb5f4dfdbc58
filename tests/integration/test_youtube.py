"""YouTube: the sheet's traps (platforms/youtube.md): a reply that bumps no thread, comments that are held back, videos without comments, units that are
used up; and replies, which hang below the top-level comment whomever they answer."""
import pytest

from rig import wait_until


@pytest.fixture
def tube(house):
    """A channel with one video."""
    def open_(**more):
        house.youtube(people=("ann", "bob", "cid"), **more)
        house.video = house.town.post("shop", "Flour, water, salt.", server="tube", title="How we bake")
        return house
    return open_


def comment(house, author, text, parent=None, **more):
    return house.town.post(author, text, server="tube", parent=parent or house.video, **more)


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", ident)


def reply(house, who, words):
    entry = next(e for e in house.entries() if e["customer"]["handle"] == who)
    return int(house.answer("reply", entry["id"], "-m", words, code=0).json["id"])


def state(house, made):
    return house.database.one("select state::text || coalesce(': ' || reason, '') from answerd.reply where reply_id = %s", made)


def test_a_comment_waits_until_we_answer(tube):
    """In a session that was made from a refresh token; below its video, whose title staff see."""
    house = tube()
    house.begin()
    c = comment(house, "ann", "Where is my order 42? It's late & I'm waiting <3")
    house.wait_waiting("ann")
    entry, = house.entries()
    assert entry["platform"] == "youtube" and entry["kind"] == "comment" and entry["permalink"].endswith(f"&lc={c}")
    assert "It's late & I'm waiting <3" in entry["excerpt"]
    house.wait_for(house.video)
    assert (column(house, "warning", house.video), column(house, "direction::text", house.video)) == ("How we bake", "outbound")
    a = comment(house, "shop", "On its way!", c)
    house.wait_waiting()
    assert column(house, "direction::text", a) == "outbound" and column(house, "parent_id", a) == c
    house.lost_nothing()
    house.verify()


def test_a_reply_in_a_thread_that_no_page_shows_any_more(tube):
    """A new reply moves no thread up: threads in which somebody spoke to us are read on."""
    house = tube(options={"page": 2})
    now = house.town.now_ms()
    c = comment(house, "ann", "Do you ship to Oslo?", at=now - 30 * 3600_000)
    house.begin()
    house.wait_waiting("ann")
    comment(house, "shop", "We do!", c)
    house.wait_waiting()
    for i in range(6):
        comment(house, "bob", f"Nice video {i}")
    r = comment(house, "ann", "And to Bergen?", c)
    house.wait_for(r, timeout=60)
    house.wait_waiting("ann", *["bob"] * 6)
    house.verify()


def test_all_replies_of_a_busy_thread(tube):
    """A page shows two replies; the others are read when their number changes, and only then."""
    house = tube()
    c = comment(house, "ann", "Who has tried the rye?")
    first = [comment(house, "bob", f"I did, {i} times", c) for i in range(130)]
    house.begin()
    house.wait_for(c, *first, timeout=60)
    r = comment(house, "cid", "@shop is there any left?", c)
    house.wait_for(r)
    house.wait_waiting("ann", "cid")
    house.lost_nothing()
    house.verify()


def test_what_is_held_back_waits_and_is_released(tube):
    """Released, it is the same comment without the warning; rejected, it is gone. A reply to it would be read by everybody."""
    house = tube()
    house.begin()
    c = comment(house, "ann", "Do you sell gift cards?", status="heldForReview")
    d = comment(house, "bob", "buy cheap followers", status="heldForReview")
    house.wait_waiting("ann", "bob")
    assert column(house, "warning", c) == "awaiting moderation"
    made = reply(house, "ann", "We do.")
    wait_until(lambda: "approve it in YouTube Studio" in state(house, made), 20, "the reply is refused")
    house.town.do("edit", server="tube", post=c, status="published")
    house.town.do("edit", server="tube", post=d, status="rejected")
    house.wait_waiting("ann", timeout=60)
    wait_until(lambda: column(house, "warning", c) is None, 30, "it is released")
    assert column(house, "deleted_at is not null", d) and not column(house, "deleted_at is not null", c)
    house.rounds("tube", 4)
    assert column(house, "warning", c) is None and house.waiting() == ["ann"], "and stays so"
    house.verify()


def test_an_edit_and_a_deletion(tube):
    house = tube()
    c, d = comment(house, "ann", "Where is order 41?"), comment(house, "bob", "And mine?")
    house.begin()
    house.wait_waiting("ann", "bob")
    house.town.edit(c, "Where is order 42?", server="tube")
    house.town.delete(d, server="tube")
    wait_until(lambda: "42" in column(house, "body", c), 60, "the edit is seen")
    house.wait_waiting("ann", timeout=60)
    assert house.database.one("select count(*) from answerd.message_revision where external_id = %s", c) == 1
    assert column(house, "deleted_at is not null", d)


def test_a_video_without_comments_stops_nothing(tube):
    """It fails as the one source that it is."""
    house = tube(listen=["video:vnothing"], options={"disabled": []})
    comment(house, "ann", "Hello?")
    house.begin()
    house.wait_waiting("ann")
    other = house.town.post("shop", "No comments here.", server="tube", id="video:vnothing")
    house.town.do("option", server="tube", disabled=[other])
    wait_until(lambda: any("switched off" in (s.get("failure") or "") for s in house.sources()), 60, "the source says why")
    comment(house, "bob", "And me?")
    house.wait_waiting("ann", "bob")


def test_a_reply_to_a_reply_names_whom_it_answers(tube):
    house = tube()
    c = comment(house, "ann", "Nice.")
    house.begin()
    r = comment(house, "bob", "@shop and the rolls?", c)
    house.wait_waiting("ann", "bob")
    made = reply(house, "bob", "Tomorrow at eight.")
    wait_until(lambda: state(house, made) == "sent", 30, "it is sent")
    sent, = house.town.applied("tube")
    assert (sent["text"], sent["parent"]) == ("@bob Tomorrow at eight.", c) and r.startswith(c)
    house.wait_waiting("ann")
    house.verify()


def test_units_that_are_used_up_are_waited_for(tube):
    """Limited, not failed: the account says when the quota begins anew, and a reply leaves then."""
    house = tube(options={"access_ttl_s": 200_000})     # the listener's wait is real time: it makes no new session here
    house.begin()
    comment(house, "ann", "Are you open?")
    house.wait_waiting("ann")
    house.town.do("option", server="tube", quota=0)
    wait_until(lambda: any("midnight in California" in (s.get("failure") or "") for s in house.sources()), 60, "it says so")
    made = reply(house, "ann", "Until six.")
    wait_until(lambda: "midnight in California" in (state(house, made) or ""), 60, "the reply waits")
    assert not state(house, made).startswith(("failed", "needs"))
    assert house.database.one("select count(*) from answerd.account where state = 'refused'") == 0
    house.town.do("option", server="tube", quota=10**9)
    house.shift(3660)
    wait_until(lambda: state(house, made).startswith("sent"), 60, "it is tried again every hour, and leaves")
    assert [r["text"] for r in house.town.applied("tube")] == ["Until six."]
