"""Discourse (issue 4 §4): a forum of our own, all of it heard by id; topics wait, customers among themselves do not; edits, deletions,
posts that are shown late, private messages; and a reply is there once, whatever the forum says of it."""
import json

import pytest

from rig import wait_until
from rig.poster import Poster, key_of
from rig.real_bluesky import rfc3339
from test_outbox import conversation, posted, reply, wait_state


@pytest.fixture
def forum(house):
    house.discourse("forum", own="shop", people=("ann", "bob", "cid"))
    house.begin()
    return house


def body_of(house, ident):
    return house.database.one("select body from answerd.message where external_id = %s", ident) or ""


def test_the_whole_path(forum):
    """A topic waits, with its title; what customers say among themselves is overheard; our answer on the forum ends the wait."""
    q = forum.town.post("ann", "Where is it? It should have come on Monday.", "forum", title="Order 42")
    forum.wait_waiting("ann")
    entry, = forum.entries()
    assert entry["platform"] == "discourse" and entry["kind"] == "post" and entry["permalink"].endswith("/t/1/1")
    r = forum.town.post("bob", "Mine took a week.", "forum", parent=q)
    forum.wait_for(r)
    c = forum.town.post("cid", "And mine?", "forum", parent=r)
    forum.wait_for(c)
    assert forum.database.one("select parent_id from answerd.message where external_id = %s", c) == r
    a = forum.town.post("shop", "It left the house today, Ann.", "forum", parent=q)
    forum.wait_for(a)
    wait_until(lambda: "ann" not in forum.waiting(), 30, "answered")
    forum.town.post("cid", "@shop hello?", "forum", parent=r)
    wait_until(lambda: "cid" in forum.waiting(), 30, "who names us waits")
    forum.lost_nothing()
    forum.verify()


def test_private_messages(forum):
    q = forum.town.post("ann", "Please do not tell my sister.", "forum", to="shop", title="A present")
    forum.wait_waiting("ann")
    entry, = forum.entries()
    assert entry["kind"] == "direct"
    assert forum.database.one("select visibility::text from answerd.message where external_id = %s", q) == "private"
    forum.town.post("shop", "We tell nobody.", "forum", parent=q)
    forum.wait_waiting()
    forum.verify()


@pytest.mark.parametrize("window", (None, 50))
def test_history_over_ids_that_show_us_nothing(house, window):
    """300 posts, between them ids that we may not see, equal times across every edge; all found, then new ones in bulk. Old forums give
    windows of ids, so an empty page is no end."""
    house.discourse("forum", own="shop", people=("ann", "bob", "cid"), options={"window": window})
    at = house.town.now_ms() - 3600_000
    ids = []
    for n in range(3):
        house.town.bulk([{"author": "bob", "to": "cid", "text": f"not for us {n}.{i}", "at": at} for i in range(120)], server="forum")
        ids += [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"question {n}.{i}", "at": at} for i in range(100)], server="forum")]
    house.begin(desk=False)
    house.wait_for(*ids, timeout=90)
    more = [r["id"] for r in house.town.bulk([{"author": "bob", "text": f"news {i}", "at": at} for i in range(170)], server="forum")]
    house.wait_for(*more, timeout=90)
    house.lost_nothing()
    assert house.database.one("select count(*) from answerd.message") == 470
    house.verify()


def test_edits_deletions_and_what_is_shown_late(forum):
    q = forum.town.post("ann", "Where is order 41?", "forum", title="Late")
    forum.wait_waiting("ann")
    forum.town.edit(q, "Where is order 42?", "forum")
    wait_until(lambda: "42" in body_of(forum, q), 60, "the edit")
    assert forum.database.one("select count(*) from answerd.message_revision where external_id = %s", q) == 1
    held = forum.town.post("bob", "My first post, held until a moderator has seen it", "forum", title="Hello", held_s=5)
    newer = [forum.town.post("cid", f"newer {i}", "forum", parent=q) for i in range(3)]
    forum.wait_for(*newer, timeout=60)
    forum.wait_for(held, timeout=90)
    forum.town.delete(q, "forum")
    wait_until(lambda: "ann" not in forum.waiting(), 150, "deleted: nobody waits")
    assert forum.database.one("select count(*) from answerd.message_revision where external_id <> %s", q) == 0, "no edit that was none"
    forum.verify()


def test_killed_worker_loses_nothing(house):
    house.discourse("forum", own="shop", people=("ann", "bob"))
    house.begin(desk=False)
    ids = []
    for n in range(6):
        ids += [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"{n}.{i}"} for i in range(70)], server="forum")]
        goal = house.town.requests("forum") + 1 + n % 4
        wait_until(lambda: house.town.requests("forum") >= goal, 60, "the worker works")
        house.worker.kill()
        house.worker.start()
    house.wait_for(*ids, timeout=90)
    house.lost_nothing()
    assert house.database.one("select count(*) from answerd.message") == len(ids)


def test_a_key_that_may_not_read_private_messages_and_one_that_is_revoked(house):
    house.discourse("forum", own="shop", people=("ann",), options={"no_directs": True})
    house.begin()
    house.wait_for(house.town.post("ann", "Hello there", "forum"))
    wait_until(lambda: "private messages" in house.answer("sources", raw=True).out, 60, "the missing right is named")
    house.town.do("revoke", server="forum", person="shop")
    wait_until(lambda: "refuses the key" in house.answer("sources", raw=True).out, 60, "the refusal is told")


def test_rate_limit_and_poison(house):
    """wait_seconds stands in the body; one post that cannot be read costs only itself."""
    house.discourse("forum", own="shop", people=("ann",), options={"rate_limit": 6})
    ids = [house.town.post("ann", f"question {i}", "forum") for i in range(5)]
    house.town.fault("poison", server="forum", path="^/posts.json", which=1, how="surrogate", field="raw", count=0)
    house.begin(desk=False)
    wait_until(lambda: house.town.counters().get("forum 429", 0) >= 1, 60, "a 429")
    house.town.do("option", server="forum", rate_limit=10**9)
    house.wait_for(*(ids[:3] + ids[4:]), timeout=60)
    assert house.town.counters()["forum 429"] <= 12
    house.town.heal()
    house.wait_for(ids[3], timeout=60)


# ---- replies
LIES = ["applied_timeout", "applied_reset", "applied_closed", "applied_500", "applied_502", "applied_504", "applied_429", "applied_empty",
        "applied_html", "applied_type", "applied_no_id", "applied_cut", "unapplied_timeout", "unapplied_reset", "unapplied_502",
        "unapplied_empty"]


@pytest.fixture
def poster(town, tmp_path):
    url = town.discourse("forum")
    shop = town.person("shop", "forum", own="acme")
    for key in ("ann", "bob"):
        town.person(key, "forum")
    made = Poster(tmp_path, platform="discourse", server=url, token=shop["token"], own_id=shop["id"], own_handle="shop")
    made.n, ask = 0, made.ask

    def with_key(*args):
        request = ask(*args)
        request["headers"].update({"Api-Key": shop["token"], "Api-Username": "shop"})
        return request
    made.ask = with_key
    return made


def posting(poster, town, parent, words, **more):
    poster.n += 1
    micros = town.now_ms() * 1000 + poster.n
    return {"key": key_of(micros), "text": words, "begun": rfc3339(micros / 1e6), "parent": parent, "author_handle": "ann",
            "visibility": "private" if parent.startswith("pm:") else "public", **more}


def applied(town, words):
    return [p["id"] for p in town.applied("forum") if words in p["text"]]


@pytest.mark.parametrize("private", (False, True))
def test_once_whatever_is_said_of_it(poster, town, private):
    """Every lie, with marks, a link and a name in the text: the book has it once, and it is called sent under its own id."""
    poster.key_valid = False
    for lie in LIES:
        parent = town.post("ann", f"where is my order, {lie}?", "forum", **({"to": "shop"} if private else {}))
        words = f"It left *us* [today], {lie}! <b> & 2_3"
        asked = posting(poster, town, parent, words + " https://shop.example/a_b_c @bob")
        fault = town.fault("lie", server="forum", how=lie)
        end = poster.reply(asked, lambda: town.shift(town.offset + 15))
        assert town.hits(fault) == 1
        town.heal()
        found = applied(town, lie.replace("_", "\\_") + "!")
        if lie.startswith("unapplied"):     # no key: what cannot be found is a person's decision
            assert (end, found) == ("needs_human", []), (lie, end, found)
            continue
        assert found == [end], (lie, end, found)
        shown, = [p for p in town.truth("forum") if p["id"] == end]
        assert shown["parent"] == parent


def test_refusals_are_told_and_nothing_is_posted(poster, town):
    q = town.post("ann", "where is my order?", "forum")
    assert poster.post(posting(poster, town, q, "no"))[0] == "data"
    town.do("option", server="forum", approve=True)
    what, why = poster.post(posting(poster, town, q, "It left the house this morning."))
    assert what == "data" and "approves" in why
    town.do("option", server="forum", approve=False, closed=[1])
    assert poster.post(posting(poster, town, q, "It left the house this morning."))[0] == "data"
    town.do("option", server="forum", closed=[])
    assert json.dumps(town.applied("forum")) == "[]"
    assert poster.post(posting(poster, town, q, "It left the house this morning."))[0] == "sent"
    assert poster.post(posting(poster, town, q, "It left the house this morning."))[0] == "unsure", "too similar: a copy may be there"
    assert len(town.applied("forum")) == 1


def test_a_reply_from_the_queue_is_there_once(house):
    """Confirmed by the forum, or found in the topic where its answer was lost."""
    house.discourse("forum", own="shop", people=("ann",), settle="1s")
    house.begin()
    for how in (None, "applied_reset", "applied_504"):
        q = house.town.post("ann", f"Where is my order, {how}?", "forum")
        house.wait_for(q)
        house.wait_waiting("ann")
        fault = house.town.fault("lie", server="forum", how=how) if how else None
        r = reply(house, conversation(house, q), f"It left us this morning ({how}), and comes tomorrow.")
        wait_state(house, r, "sent", timeout=90)
        house.wait_waiting()
        one, = posted(house, f"this morning ({how and how.replace('_', chr(92) + '_')})", "forum")
        assert one["parent"] == q and (fault is None or house.town.hits(fault) == 1)
    house.verify()
