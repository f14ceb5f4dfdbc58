"""Facebook (issue 5 §2): a page hears comments, visitors, mentions, recommendations and Messenger; what Graph hides, ranks, cuts off and
limits in percent costs nothing but what is told."""
import time

import pytest

from rig import wait_until
from test_outbox import conversation, reply, wait_state

DAY = 86400


@pytest.fixture
def page(house):
    """A page with a post, and Ann, Bob and Cid."""
    house.facebook("page", own="shop", people=("ann", "bob", "cid"))
    house.root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    return house


def names(house):
    """Who waits: by name, for Facebook has no handles."""
    return sorted(e["customer"]["name"] or "?" for e in house.entries())


def wait_names(house, *wanted, timeout=30):
    def so():
        assert names(house) == sorted(wanted), f"waiting: {names(house)}, wanted: {wanted}\n{house.worker.log(1500)}"
        return True
    wait_until(so, timeout, "the queue")


def test_everything_that_a_page_hears(page):
    """A comment, a visitor's post, a mention elsewhere, a recommendation, a message: each waits as what it is; native answers end it."""
    said = {
        "comment": page.town.post("ann", "when do you open?", "page", parent=page.root),
        "mention": page.town.post("bob", "Is the shop open today?", "page"),
        "tagged": page.town.post("cid", "Breakfast at the shop", "page", tagged=True),
        "review": page.town.post("ann", "Stale.", "page", review="negative"),
        "direct": page.town.post("bob", "order 42?", "page", to="shop", at=page.town.now_ms() - 60_000),    # Graph tells whole seconds
    }
    wait_until(lambda: len(page.entries()) == 5, 40, "all five wait")
    assert sorted(e["kind"] for e in page.entries()) == ["comment", "direct", "mention", "mention", "review"]
    page.town.post("shop", "At eight.", "page", parent=said["comment"])
    page.town.post("shop", "We are.", "page", parent=said["mention"])
    page.town.post("shop", "We are sorry.", "page", parent=said["review"])
    page.town.post("shop", "On its way.", "page", to="bob")
    wait_names(page, "cid")
    page.lost_nothing()
    page.verify()


def test_what_is_deleted_takes_what_hangs_below_it_along(house):
    """Ann deletes her comment: Bob's below it and our answer are gone with it, and nobody waits there any more; Cid, who stands beside, does."""
    house.facebook("page", own="shop", people=("ann", "bob", "cid"))
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    top = house.town.post("ann", "mine is stale", "page", parent=root)
    beside = house.town.post("cid", "when do you open?", "page", parent=root)
    answer = house.town.post("shop", "We are sorry, Ann.", "page", parent=top)
    nested = house.town.post("bob", "@shop mine too", "page", parent=top)
    house.wait_for(top, answer, nested, beside, timeout=40)
    wait_names(house, "bob", "cid")
    house.town.delete(top, "page")
    wait_names(house, "cid", timeout=60)
    gone = "select external_id from answerd.message where deleted_at is not null"
    wait_until(lambda: set(house.database.column(gone)) == {top, answer, nested}, 60, "all three are gone")
    house.verify()


def test_replies_to_all_of_them(page):
    """From the queue: below a comment, below a nested one (it hangs below the top one), to a recommendation, by Messenger."""
    top = page.town.post("ann", "mine is stale", "page", parent=page.root)
    nested = page.town.post("bob", "@shop mine too", "page", parent=top)
    review = page.town.post("cid", "Stale.", "page", review="negative")
    direct = page.town.post("bob", "order 42?", "page", to="shop")
    wait_until(lambda: len(page.entries()) == 4, 40, "all wait")
    wait_until(lambda: all(e["can_reply"] for e in page.entries()), 20, "replies are taken")     # just after the start they are not yet
    made = [reply(page, conversation(page, m), f"Dear customer, answer {n}")
            for n, m in enumerate((top, nested, review, "dm:" + direct))]
    for r in made:
        wait_state(page, r, "sent")
    wait_names(page)
    applied = {row["text"]: row for row in page.town.applied("page")}
    assert len(applied) == 4 and applied["Dear customer, answer 1"]["parent"] == top
    assert applied["Dear customer, answer 3"]["visibility"] == "direct"
    page.rounds("page", 6)
    wait_names(page)    # also after the platform has shown the nested one below the top one, and the others as it does
    assert page.database.one("select count(*) from answerd.message where hash = 0") == 0
    page.verify()


def test_nobody_without_a_name_is_dropped(page):
    """Without Advanced Access `from` is missing: each such comment waits for itself."""
    page.town.person("eve", "page", hidden=True)
    a, b = (page.town.post("eve", f"question {n}", "page", parent=page.root) for n in (1, 2))
    page.wait_for(a, b)
    assert len(page.entries()) == 2
    made = reply(page, conversation(page, a), "An answer to the first.")
    wait_state(page, made, "sent")
    wait_until(lambda: len(page.entries()) == 1, 20, "the other one waits on")


def test_ranked_lists_and_empty_pages(house):
    """Comments come in an order of Graph's own, and empty pages have a next one: all are heard, also those said meanwhile."""
    house.facebook("page", own="shop", people=("ann", "bob"), options={"ranked": True, "hollow": True})
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"question {n}", "parent": root} for n in range(130)], server="page")]
    house.begin()
    house.wait_for(*ids, timeout=60)
    late = [house.town.post("bob", f"later {n}", "page", parent=ids[n * 7]) for n in range(5)]
    house.wait_for(*late, timeout=60)
    house.lost_nothing()


def test_a_comment_below_an_old_post(house):
    """Three hundred posts of ours; somebody speaks below the oldest: heard without a webhook, within a deep walk."""
    house.facebook("page", own="shop", people=("ann",))
    now = house.town.now_ms()
    posts = [r["id"] for r in house.town.bulk([{"author": "shop", "text": f"post {n}", "at": now - (300 - n) * 3600_000} for n in range(300)], server="page")]
    house.begin()
    house.wait_for(posts[-1], timeout=60)
    house.rounds("page", 8, timeout=60)
    asked = house.town.post("ann", "is this still true?", "page", parent=posts[0])
    house.shift(1000)
    house.wait_for(asked, timeout=60)
    assert names(house) == ["ann"]


def test_limits_in_percent_park(page):
    """80001 with a minute: nothing is asked until it has passed, then all is heard. No retries: they would prolong it."""
    page.wait_for(page.town.post("ann", "one", "page", parent=page.root))
    page.town.do("option", server="page", throttle={"code": 80001, "minutes": 1})
    second = page.town.post("bob", "two", "page", parent=page.root)
    wait_until(lambda: page.town.counters().get("page 400", 0) >= 1, 30, "the limit is met")
    before, begun = page.town.requests("page"), time.monotonic()
    page.town.do("option", server="page", throttle=None)
    wait_until(lambda: time.monotonic() > begun + 10, 20, "ten seconds of a minute")
    assert page.town.requests("page") <= before + 1, "it was asked although it is parked"
    page.wait_for(second, timeout=90)


def test_a_persons_token_is_refused(house):
    """With it the lists of comments are empty, and nothing says so: told at the start."""
    house.facebook("page", own="shop", people=("ann",))
    token = house.town.do("token", server="page", person="ann")["token"]
    (house.folder / "house" / "acme_page.token").write_text(token + "\n", encoding="utf-8")
    house.begin()
    state = "select state::text || ': ' || coalesce(state_reason, '') from answerd.account"
    wait_until(lambda: (house.database.one(state) or "").startswith("refused: "), 30, "it is refused")
    assert "a person's, not the page's" in house.database.one(state)


def test_the_pages_token_is_fetched_and_proved(house):
    """APP ID:APP SECRET:TOKEN of a person: the page's own token comes with it, and every call carries the proof."""
    house.facebook("page", own="shop", people=("ann",), options={"app_secret": "s3cret"}, page="1000")
    token = house.town.do("token", server="page", person="ann")["token"]
    (house.folder / "house" / "acme_page.token").write_text(f"77:s3cret:{token}\n", encoding="utf-8")
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    asked = house.town.post("ann", "when?", "page", parent=root)
    house.wait_for(asked)
    made = reply(house, conversation(house, asked), "At eight, Ann.")
    wait_state(house, made, "sent")


def test_a_right_that_is_missing(house):
    """One edge is not for us: it is named, and the others are heard."""
    house.facebook("page", own="shop", people=("ann",), options={"no_right": ["conversations", "tagged"]})
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    house.wait_for(house.town.post("ann", "when?", "page", parent=root))
    wait_until(lambda: "direct messages" in house.answer("sources", raw=True).out or "mentions the page" in house.answer("sources", raw=True).out,
               40, "the missing right is named")


def test_more_than_twenty_messages_are_a_gap(page):
    """Graph shows the twenty newest of a conversation: what came between is told as a gap, never passed over in silence."""
    first = page.town.post("ann", "hello", "page", to="shop")
    page.wait_for("dm:" + first)
    page.rounds("page", 3)
    page.worker.freeze()
    page.town.bulk([{"author": "ann", "text": f"line {n}", "to": "shop"} for n in range(35)], server="page")
    page.worker.wake()
    wait_until(lambda: page.database.one("select count(*) from answerd.message where kind = 'direct'") == 21, 40, "the newest are heard")
    wait_until(lambda: any(g["source"] == "directs" for g in page.answer("gaps", code=None).items), 30, "the gap is told")


def test_the_window_of_a_day(house):
    """After a day Messenger takes no answer, comments do: known before anybody types. With HUMAN_AGENT a person has seven days."""
    house.facebook("page", own="shop", people=("ann",))
    house.facebook("agency", own="shop", people=("bob",), options={"agent": True}, human_agent="yes")
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    comment, late = house.town.post("ann", "when?", "page", parent=root), house.town.post("ann", "order 42?", "page", to="shop")
    house.wait_for(comment, "dm:" + late)
    helped = house.town.post("bob", "order 43?", "agency", to="shop")
    house.wait_for("dm:" + helped)
    house.shift(DAY + 600)

    def by_kind():
        return {(e["account"], e["kind"]): e for e in house.entries()}
    wait_until(lambda: not by_kind()["acme_page", "direct"]["can_reply"], 30, "it is known that it is too late")
    assert "older than" in by_kind()["acme_page", "direct"]["why_not"]
    assert by_kind()["acme_page", "comment"]["can_reply"] and by_kind()["acme_agency", "direct"]["can_reply"]
    assert reply(house, conversation(house, "dm:" + late), "Sorry for the wait, Ann.", code=4).code == 4
    wait_state(house, reply(house, conversation(house, comment), "At eight, Ann."), "sent")
    wait_state(house, reply(house, conversation(house, "dm:" + helped), "Sorry for the wait, Bob."), "sent")
    house.verify()


def test_a_private_reply(house):
    """A comment is answered by a private message to its author: once, known again after a lie, and the wait ends; the talk goes on there."""
    house.facebook("page", own="shop", people=("ann", "bob"), comments="private", settle="1s")
    root = house.town.post("shop", "Fresh bread at eight.", "page")
    house.begin()
    asked, other = house.town.post("ann", "my order 42?", "page", parent=root), house.town.post("bob", "and 43?", "page", parent=root)
    house.wait_for(asked, other)
    wait_state(house, reply(house, conversation(house, asked), "It left today, Ann."), "sent")
    house.town.fault("lie", server="page", how="applied_timeout")
    wait_state(house, reply(house, conversation(house, other), "Yours leaves tomorrow, Bob."), "sent", timeout=90)
    wait_names(house)
    assert [row["visibility"] for row in house.town.applied("page")] == ["direct", "direct"]
    house.town.post("ann", "thank you, and when?", "page", to="shop")
    wait_names(house, "ann")
    assert house.entries()[0]["kind"] == "direct"
    house.verify()


def test_a_window_that_is_shorter_than_we_know(page):
    """What Messenger refuses is refused visibly, with its words."""
    asked = page.town.post("ann", "order 42?", "page", to="shop")
    page.wait_for("dm:" + asked)
    page.town.do("option", server="page", window_s=0)
    page.shift(60)
    made = reply(page, conversation(page, "dm:" + asked), "Sorry for the wait, Ann.")
    wait_state(page, made, "failed_visible")
    assert "outside of allowed window" in page.database.one("select reason from answerd.reply where reply_id = %s", int(made))


def test_hidden_comments_and_their_answers(page):
    """What the page hides is marked; a reply below it is refused visibly."""
    asked = page.town.post("ann", "buy this", "page", parent=page.root, held=True)
    page.wait_for(asked)
    assert page.database.one("select warning from answerd.message where external_id = %s", asked) == "hidden on the page"
    made = reply(page, conversation(page, asked), "No, thank you.")
    wait_state(page, made, "failed_visible")
    page.verify()
