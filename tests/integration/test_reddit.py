"""Reddit and Hacker News (issue 5 §4): trees that name what they do not show, limits inside 200, what is deleted; watched words."""
import pytest

from rig import wait_until

BOARD, ORANGE = "board", "orange"


def say(house, author, text, **more):
    return house.town.post(author, text, server=BOARD, **more)


def entry_of(house, handle):
    return next(e for e in house.entries() if e["customer"]["handle"] == handle)


def to_us(house):
    """Who waits and speaks to us, not only about us."""
    return sorted(house.database.column("select customer_handle from answerd.queue where not is_about"))


def opened(house, people=("ann", "bob"), **more):
    house.reddit(people=people, **more)
    post = say(house, "shop", "Fresh bread at eight.", title="Bread & butter")
    house.begin()
    house.wait_for(post, timeout=60)
    return post


@pytest.mark.parametrize("shown", (6, 200))
def test_a_tree_that_does_not_show_all(house, shown):
    """Twelve deep, and with comments that the tree only names: what customers say among themselves is all read."""
    post = opened(house, options={"tree": shown})
    q = say(house, "ann", "mine is stale", parent=post)
    house.wait_waiting("ann", timeout=60)
    below, last = [], q
    for i in range(12):
        last = say(house, "bob" if i % 2 else "ann", f"and {i}", parent=last)
        below.append(last)
    below += [say(house, "bob", f"me too {i}", parent=q) for i in range(8)]
    house.wait_for(*below, timeout=120)
    assert house.waiting() == ["ann"]
    house.verify()


def test_a_pause_inside_200(house):
    """RATELIMIT comes with status 200 and a sentence: nothing was posted, and it goes when the time is over, once."""
    post = opened(house, options={"ratelimit": "Take a break for 2 seconds before trying again."})
    say(house, "ann", "do you have rye?", parent=post)
    house.wait_waiting("ann", timeout=60)
    house.answer("reply", entry_of(house, "ann")["id"], "-m", "We do: *rye* & [wheat].\nAt eight.", code=0)
    house.wait_waiting(timeout=60)
    made, = house.town.applied(BOARD)
    assert made["text"] == "We do: \\*rye\\* \\& \\[wheat\\].  \nAt eight."
    house.verify()


def test_locked_is_told_to_who_wrote(house):
    post = opened(house)
    q = say(house, "ann", "do you have rye?", parent=post)
    house.wait_waiting("ann", timeout=60)
    house.town.do("option", server=BOARD, locked=[q])
    made = house.answer("reply", entry_of(house, "ann")["id"], "-m", "We do.", code=0).json["id"]
    wait_until(lambda: "Comments are locked" in (house.database.one("select reason from answerd.reply where reply_id = %s", int(made)) or ""), 60, "it is told")
    assert house.waiting() == ["ann"] and not house.town.applied(BOARD)


@pytest.mark.parametrize("how", ("delete", "removed"))
def test_what_is_deleted_or_removed_waits_no_more(house, how):
    post = opened(house)
    q, r = say(house, "ann", "never mind", parent=post), say(house, "bob", "and mine?", parent=post)
    house.wait_waiting("ann", "bob", timeout=60)
    if how == "delete":
        house.town.delete(q, server=BOARD)
    else:
        house.town.do("edit", server=BOARD, post=q, removed=True)
    house.wait_waiting("bob", timeout=60)
    assert house.database.one("select deleted_at is null from answerd.message where external_id = %s", r)


def test_private_messages_are_answered_in_private(house):
    opened(house)
    say(house, "ann", "my order is 42", to="shop", title="an order")
    house.wait_waiting("ann", timeout=60)
    e = entry_of(house, "ann")
    assert e["kind"] == "direct"
    house.answer("reply", e["id"], "-m", "It left us.", code=0)
    house.wait_waiting(timeout=60)
    made, = house.town.applied(BOARD)
    assert made["visibility"] == "direct"
    house.verify()


def test_a_subreddit_and_words_are_watched(house):
    """What is said about us without naming us stands beside the queue; what names us is in it."""
    opened(house, listen=["posts:bread", "comments:bread", "search:kettle"])
    about = say(house, "ann", "Is the rye of Kettle any good?", title="Kettle", subreddit="food")
    there = say(house, "bob", "I like bread", title="Bread", subreddit="bread")
    named = say(house, "bob", "u/shop do you ship?", parent=there, subreddit="bread")
    house.wait_for(about, there, named, timeout=60)
    assert to_us(house) == ["bob"]
    assert house.database.one("select is_about and not is_to_us from answerd.message where external_id = %s", about)


def test_hacker_news_is_heard_and_cannot_be_answered(house):
    """Words that are watched, with loose matches left out; a thousand and more of them; and why nothing can be posted."""
    house.hackernews(people=("ann", "bob"), listen=["search:Kettle & Crumb", "own", "comments"], options={"hits_most": 300})
    now = house.town.now_ms()
    old = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"kettle & crumb again, {i}", "at": now - 86_400_000 - i * 1000} for i in range(700)],
                                            server=ORANGE)]
    loose = house.town.post("bob", "a kettle and a crumb", server=ORANGE)
    post = house.town.post("shop", "We bake.", server=ORANGE, title="Show HN: us")
    house.begin()
    house.wait_for(old[0], post, timeout=60)
    q = house.town.post("bob", "how much?", server=ORANGE, parent=post)
    wait_until(lambda: to_us(house) == ["bob"], 60, "he waits")
    e = house.database.one("select entry from answerd.entry_json e join answerd.queue q using (brand_id, conversation_id) where not q.is_about")
    assert not e["can_reply"]
    refused = house.answer("reply", e["id"], "-m", "Five.", code=4)
    assert "takes nothing from programs: answer in the browser" in refused.err
    assert house.database.one("select count(*) from answerd.message where external_id = %s", loose) == 0
    house.town.post("shop", "Five pounds.", server=ORANGE, parent=q)
    wait_until(lambda: to_us(house) == [], 60, "he is answered")
    assert house.database.one("select count(*) from answerd.message where external_id = any(%s)", old) == 700
    house.verify()
