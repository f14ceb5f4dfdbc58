"""X (issue 5 §1): what reading costs, who may be answered, versions of one post, direct messages, both ways to be let in."""
import datetime

import pytest

from rig import wait_until
from rig.hands import press

BIRD = "bird"


def say(house, author, text, **more):
    return house.town.post(author, text, server=BIRD, **more)


def entry_of(house, handle):
    return next(e for e in house.entries() if e["customer"]["handle"] == handle)


def reading(house):
    return next(s["reading"] for s in house.sources() if s["reading"] is not None)


def unnamed_question(house):
    """Bob asked, we answered in the app, and he asks on without our name: only his thread shows it."""
    q = say(house, "bob", "@shop do you have red ones?")
    house.wait_for(q)
    a = say(house, "shop", "We do.", parent=q)
    house.wait_for(a)
    return say(house, "bob", "how much?", parent=a, mentions=[])


def test_who_did_not_summon_us_is_known_before_anybody_types(house):
    """A question below our answer that does not name us waits, but X takes no answer to it: queue, page and command say so alike."""
    house.x(people=("ann", "bob"))
    house.begin()
    say(house, "ann", "@shop how much?")
    unnamed = unnamed_question(house)
    house.wait_waiting("ann", "bob", timeout=60)
    wait_until(lambda: entry_of(house, "ann")["can_reply"], 20, "she can be answered")
    wait_until(lambda: not entry_of(house, "bob")["can_reply"], 20, "he cannot")
    e = entry_of(house, "bob")
    assert "names us or quotes a post of ours" in e["why_not"]
    assert house.database.one("select entry ->> 'why_not' from answerd.entry_json where conversation_id = %s", int(e["id"])) == e["why_not"]
    refused = house.answer("reply", e["id"], "-m", "Five pounds.", code=4)
    assert "names us or quotes a post of ours" in refused.err and not house.town.applied(BIRD)
    # What she says next names us: then it can be answered.
    say(house, "bob", "@shop hello? how much?", parent=unnamed)
    wait_until(lambda: entry_of(house, "bob")["can_reply"], 60, "he can be answered")
    house.answer("reply", e["id"], "-m", "Five pounds.", code=0)
    wait_until(lambda: [a["text"] for a in house.town.applied(BIRD)] == ["Five pounds."], 30, "it is posted")
    house.wait_waiting("ann")
    house.verify()


def test_an_enterprise_answers_whoever_it_likes(house):
    house.x(people=("bob",), options={"enterprise": True}, answers_all="yes")
    house.begin()
    unnamed_question(house)
    house.wait_waiting("bob", timeout=60)
    wait_until(lambda: entry_of(house, "bob")["can_reply"], 20, "he can be answered")
    house.answer("reply", entry_of(house, "bob")["id"], "-m", "Five pounds.", code=0)
    house.wait_waiting(timeout=30)


def test_all_versions_are_one_message(house):
    """Edited twice, and answered in between: one message, its customer one entry; our answer goes to the newest version."""
    house.x(people=("ann",))
    house.begin()
    q = say(house, "ann", "@shop where is order 41?")
    house.wait_for(q)
    for words in ("@shop where is order 42?", "@shop where is order 43?"):
        house.town.edit(q, words, server=BIRD)
    wait_until(lambda: house.database.one("select body from answerd.message where external_id = %s", q) == "@shop where is order 43?", 60, "the last words")
    assert [m["external_id"] for m in house.messages()] == [q]
    more = say(house, "ann", "@shop please", parent=q)
    house.wait_for(more)
    assert house.database.one("select parent_id from answerd.message where external_id = %s", more) == q
    house.answer("reply", entry_of(house, "ann")["id"], "-m", "It left us.", code=0)
    house.wait_waiting(timeout=30)
    house.verify()


@pytest.mark.parametrize("token", ("token", "keys"))
def test_direct_messages_both_ways(house, token):
    """Let in by OAuth 2 or by signed requests: a direct message is answered in its own conversation, and only there."""
    house.x(people=("ann", "bob"), token=token)
    house.begin()
    d = say(house, "ann", "my address is 5 High St & the door is green", to="shop")
    house.wait_waiting("ann", timeout=60)
    wait_until(lambda: entry_of(house, "ann")["can_reply"], 30, "the desk looks twice a second at what can be posted")
    e = entry_of(house, "ann")
    assert e["kind"] == "direct" and "High St & the door" in e["excerpt"]
    house.answer("reply", e["id"], "-m", "We found it. https://shop.example/ok", code=0)
    house.wait_waiting(timeout=60)
    made, = house.town.applied(BIRD)
    assert made["visibility"] == "direct" and made["text"] == "We found it. https://shop.example/ok"
    wait_until(lambda: {m["external_id"] for m in house.messages()} == {"dm:" + d, "dm:" + made["id"]}, 60, "both sides are known")
    house.verify()


def test_without_the_right_to_direct_messages_the_rest_is_heard(house):
    house.x(people=("ann",), options={"no_directs": True})
    house.begin()
    say(house, "ann", "@shop hello?")
    house.wait_waiting("ann", timeout=60)
    wait_until(lambda: any("dm.read" in (s["missing"] or "") for s in house.sources()), 30, "it is told")
    assert house.database.one("select state::text from answerd.account") == "listening"


def test_the_months_bill_is_for_a_person(house):
    """`usage-capped` is told at once and not asked again in a loop; when it is paid, listening goes on."""
    house.x(people=("ann",))
    house.begin()
    house.rounds(BIRD)
    house.town.do("option", server=BIRD, capped=True)
    state = "select state::text || ': ' || coalesce(state_reason, '') from answerd.account"
    wait_until(lambda: house.database.one(state).startswith("refused: X gives nothing more until it is paid"), 60, "a person is told")
    before = house.town.requests(BIRD)
    house.town.do("option", server=BIRD, capped=False)
    assert before - house.town.requests(BIRD) > -4
    say(house, "ann", "@shop hello?")
    house.wait_waiting("ann", timeout=90)


def test_reading_is_counted_and_has_a_budget(house):
    """Each message is counted once a day, however often it is read; near the end only news are read; then nothing, and a person is told."""
    house.x(people=("ann",), monthly_reads=1000)
    house.begin()
    ids = [say(house, "ann", f"@shop question {i}") for i in range(5)]
    house.wait_for(*ids, timeout=60)
    house.rounds(BIRD, 12, timeout=60)
    told = reading(house)
    assert 5 <= told["reads"] <= 6 and told["monthly_reads"] == 1000 and 0 < float(told["cost_usd"]) < 0.05, told
    brand = house.config.brands["acme"]["accounts"]["acme_bird"]
    brand["monthly_reads"] = 7
    house.config.write()
    house.worker.reload()
    more = [say(house, "ann", f"@shop again {i}") for i in range(5)]
    state = "select state::text || ': ' || coalesce(state_reason, '') from answerd.account"
    wait_until(lambda: "`monthly_reads`" in (house.database.one(state) or ""), 60, "a person is told")
    asked = house.town.counters().get("polls " + BIRD, 0)
    late = say(house, "ann", "@shop and again")
    brand["monthly_reads"] = 0
    assert house.town.counters().get("polls " + BIRD, 0) <= asked + 1
    house.config.write()
    house.worker.reload()
    house.wait_for(late, *more, timeout=90)
    assert house.database.one("select state::text from answerd.account") == "listening"


def test_more_mentions_than_the_list_shows(house):
    """1,500 mentions between two polls: the list ends after 800, which is told as a gap; a search of the last week reads the others, at its
    price, and the gap is closed. Where this app may not search, the gap says so in the end."""
    house.x(people=("ann",), every="2s")
    house.begin(desk=False)
    house.wait_for(say(house, "ann", "@shop first"), timeout=60)
    house.worker.stop()
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop question {i}"} for i in range(1500)], server=BIRD)]
    house.worker.start()
    wait_until(lambda: house.database.one("select count(*) from answerd.gap") == 1, 60, "a gap is told")
    wait_until(lambda: house.database.one("select count(*) from answerd.gap where closed_at is not null and lost_at is null") == 1, 90, "it is closed")
    assert set(ids) <= house.known()
    # 800 by their list, 700 by the search; the first page of each poll and sweep shows known ones, once a day for nothing.
    reads, cost = house.database.rows("select n_read as n, cost_uusd as c from answerd.reading")[0].values()
    assert 1501 <= reads <= 1520 and 1000 * 801 + 5000 * 700 <= cost <= 1000 * 820 + 5000 * 710, (reads, cost)
    house.verify()


def test_posting_is_paid_for_and_never_refused_for_money(house):
    """What a reply costs is said when it is written, counted when it is sent, and warned of beyond the budget; so is what a look reads, once a day."""
    house.x(people=("ann", "bob"), monthly_usd=1, settle="1s")
    house.begin()
    for who in ("ann", "bob"):
        say(house, who, "@shop where is it?")
    house.wait_waiting("ann", "bob", timeout=60)
    wait_until(lambda: all(e["can_reply"] for e in house.entries()), 30, "both can be answered")
    measured, = press(house, f"conversations/{entry_of(house, 'ann')['id']}/measure", {"text": "Look at shop.example/42."}, "m", 1)
    assert measured["cost_usd"] == "0.200"
    house.town.fault("lie", server=BIRD, how=["applied_504"])
    # The list of our own posts is not heard for a while: the look alone reads our answer.
    month_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)
    house.town.fault("status", server=BIRD, path=r"/users/\d+/tweets$", query=f"start_time={month_ago:%Y-%m-%d}", status=503, count=0)
    said = house.answer("reply", entry_of(house, "ann")["id"], "-m", "Look at shop.example/42.", code=0)
    assert said.json["price"] == "The platform charges about 0.2 US dollars for it.", said.out
    house.wait_waiting("bob", timeout=60)
    told = wait_until(lambda: reading(house)["posts"] == 1 and reading(house), 60, "it is counted")
    assert told["posts_usd"] == "0.20" and told["monthly_usd"] == 1
    wait_until(lambda: reading(house)["reads"] == 3, 20, "two questions, and our answer, which the look has read")
    house.town.heal()
    own = "select count(*) from answerd.message_source m join answerd.source s using (source_id) where s.name = 'own'"
    wait_until(lambda: house.database.one(own) > 0, 60, "our list is heard again, and shows it too")
    house.rounds(BIRD, 6, timeout=60)
    assert reading(house)["reads"] == 3, reading(house)
    # The money is gone: nothing more is read, but the reply goes out.
    house.database.rows("update answerd.reading set posted_uusd = 1000000")
    house.worker.kill()
    house.worker.start()
    state = "select state::text || ': ' || coalesce(state_reason, '') from answerd.account"
    wait_until(lambda: "`monthly_usd`" in (house.database.one(state) or ""), 60, "a person is told")
    said = house.answer("reply", entry_of(house, "bob")["id"], "-m", "Tomorrow.", code=0)
    assert "it is posted all the same" in said.json["price"], said.out
    house.wait_waiting(timeout=30)
    assert [a["text"] for a in house.town.applied(BIRD)] == ["Look at shop.example/42.", "Tomorrow."]
    assert house.database.column("select event from answerd.alert where key like 'money:%%'") == ["digest"]
    assert reading(house)["posts"] == 2


@pytest.mark.parametrize("words", ("post", "bare"))
def test_the_other_words_of_x(house, words):
    """OpenAPI 2.167 calls everything otherwise; and where our words are ignored, no post says whose it is: the others are tried."""
    options = {"words": "post"} if words == "post" else {"words": "bare"}
    house.x(people=("ann",), options=options)
    house.begin()
    q = say(house, "ann", "@shop where is it?")
    if words == "post":
        house.wait_waiting("ann", timeout=60)
        assert house.database.one("select i.handle from answerd.message m join answerd.identity i on i.identity_id = m.author_id "
                                  "where m.external_id = %s", q) == "ann"
    else:
        # Bare in both: it is in quarantine, and told, never lost.
        wait_until(lambda: q in house.database.column("select external_id from answerd.quarantine"), 60, "it is told")
    assert house.database.one("select facts::json ->> 'words' from answerd.account") == "post"
