"""A person's answer reaches the customer exactly once, or somebody knows why not (RELIABILITY I2, I3, I7, I12)."""
import os
import random

import pytest

from rig import wait_until
from rig.hands import at_terminal, press


@pytest.fixture
def quick(house):
    """A shop whose read-backs come soon."""
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s")
    house.begin()
    return house


def conversation(house, message):
    return house.conversation(message)


def ask(house, who, text):
    return house.ask(who, text)


def reply(house, c, text, *more, code=0):
    wait_until(lambda: house.database.one("select count(*) from answerd.posting") > 0, 30, "the worker says what it can post")
    answer = house.answer("reply", c, "-m", text, *more, code=code)
    return answer.json["id"] if code == 0 else answer


def state(house, r):
    return house.state(r)


def wait_state(house, r, *wanted, timeout=30):
    def so():
        found = state(house, r)
        assert found in wanted, f"reply {r} is {found}: {house.database.rows('select what, note from answerd.reply_event')}\n{house.worker.log(2000)}"
        return True
    wait_until(so, timeout, f"reply {r} is {wanted}")


def posted(house, text, server="social"):
    return house.posted(text, server)


def test_a_reply_is_posted_once_and_ends_the_wait(shop):
    """The plain way: queued, posted, confirmed; the wait ends with the confirmation, and the poll that brings it changes nothing."""
    c = ask(shop, "ann", "where is my parcel?")
    r = reply(shop, c, "It comes tomorrow.")
    wait_state(shop, r, "sent")
    shop.wait_waiting()
    assert len(posted(shop, "It comes tomorrow.")) == 1
    shop.rounds("social", 3)
    listed = shop.answer("replies", code=0).items
    assert [(x["id"], x["conversation"], x["text"], x["state"], x["reason"]) for x in listed] == [(r, c, "It comes tomorrow.", "sent", None)]
    assert listed[0]["external_id"] == posted(shop, "tomorrow")[0]["id"] and listed[0]["sent_at"]
    assert shop.answer("replies", "--open", code=0).items == []
    assert shop.database.one("select count(*) from answerd.message where direction = 'outbound'") == 1
    assert shop.database.one("select actor from answerd.response_times") == "admin"
    shop.verify()


def many(house, n, people=("ann", "bob", "cid"), server="social"):
    """n questions in threads of their own: [conversation]."""
    ids = [r["id"] for r in house.town.bulk([{"author": people[i % len(people)], "text": f"@shop question {i}"} for i in range(n)], server=server)]
    house.wait_for(*ids, timeout=60)
    return [conversation(house, i) for i in ids]


def queue_all(house, conversations):
    """A reply to each, through the same function that the desk calls; {reply: text}."""
    admin = house.database.one("select answerd.desk_admin()")
    texts = {}
    for i, c in enumerate(conversations):
        text = f"Dear customer, answer number {i} of today."
        made = house.database.one("select answerd.reply_make(%s, %s, %s, null, false, false, array[%s])", c, admin, text, text)
        texts[made["id"]] = text
    return texts


def open_states(house):
    return {r["state"]: r["n"] for r in house.database.rows("select state::text, count(*) as n from answerd.reply where state not in "
                                                            "('sent', 'failed_visible', 'needs_human') group by 1")}


def assert_once(house, texts, server="social"):
    """The book has each text exactly once."""
    book = [p["text"] for p in house.town.truth(server) if p["via"] == "api" and not p["deleted"]]
    counts = {r: sum(t in b for b in book) for r, t in texts.items()}
    wrong = {r: n for r, n in counts.items() if n != 1}
    assert not wrong, (wrong, [house.database.rows("select what, note, at from answerd.reply_event where reply_id = %s", int(r)) for r in list(wrong)[:3]])


def torture(house, n, n_kills, n_stops, seed):
    chance = random.Random(seed)
    conversations = many(house, n)
    fault = house.town.fault("lie", server="social", prob=0.3, count=0, seed=seed)
    texts = queue_all(house, conversations)
    blows = ["kill"] * n_kills + ["stop"] * n_stops
    chance.shuffle(blows)
    for blow in blows:
        goal = house.town.requests() + chance.randint(3, 40)
        wait_until(lambda goal=goal: house.town.requests() >= goal or not open_states(house), 60, "the worker works")
        if blow == "kill":
            house.worker.kill()
            house.worker.start()
        else:
            house.database.cluster.stop("immediate")
            house.database.cluster.start()
    wait_until(lambda: not open_states(house), 240 + n // 4, "every reply ends visibly", every=0.2)
    assert house.town.hits(fault) > n * 0.15
    house.town.heal()
    ends = {r["state"]: r["n"] for r in house.database.rows("select state::text, count(*) as n from answerd.reply group by 1")}
    assert ends == {"sent": n}, (ends, house.database.rows("select reason, tries, looks from answerd.reply where state <> 'sent' limit 5"))
    assert_once(house, texts)
    house.wait_waiting(timeout=60)
    house.verify()


def test_three_hundred_replies_while_the_town_lies(house):
    """I3's proof: a third of the answers are lost, late or lies, the worker is killed, the database stops at once; every text is in the
    town's book exactly once and every reply is known to be sent."""
    house.config.brand()["repeat_limit"] = 0
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s", max_per_host=8)
    house.begin(desk=False)
    if "ANSWERD_SOAK" in os.environ:
        torture(house, 2000, n_kills=100, n_stops=10, seed=5)
    else:
        torture(house, 300, n_kills=8, n_stops=1, seed=4)


# ---- what people see and do

def test_two_people_at_once(shop):
    """The second of two hears what happened meanwhile, exit 4, and nothing of theirs is posted; a reply with a version that is gone as well."""
    c = ask(shop, "ann", "is it open today?")
    shop.answer("panic", "on", code=0)
    version = shop.answer("show", c, code=0).json["version"]
    first = reply(shop, c, "Yes, until six.")
    refused = reply(shop, c, "No, sorry.", code=4)
    assert "Somebody was faster" in refused.err and "Yes, until six." in refused.err
    assert reply(shop, c, "No, sorry.", "--also", "--version", version, code=4).err.startswith("Conversation")
    shop.answer("panic", "off", code=0)
    wait_state(shop, first, "sent")
    assert "Nobody waits" in reply(shop, c, "No, sorry.", code=4).err
    wait_state(shop, reply(shop, c, "P.S. Ring the bell.", "--also"), "sent")
    assert len(posted(shop, "")) == 2
    shop.verify()


def test_sixteen_presses_are_one_reply(shop):
    """S9: one key is one reply, however often the form is sent."""
    c = ask(shop, "ann", "are you there?")
    shop.answer("panic", "on", code=0)
    answers = press(shop, f"conversations/{c}/replies", {"text": "We are."}, key="a-key", times=16)
    assert {a["id"] for a in answers} == {answers[0]["id"]}
    assert shop.database.one("select count(*) from answerd.reply") == 1


def test_panic_stops_all_posting_and_survives_a_restart(shop):
    """S2: nothing leaves while it is on; what was queued goes afterwards, once."""
    c = ask(shop, "ann", "hello?")
    shop.answer("panic", "on", code=0)
    r = reply(shop, c, "Hello Ann.")
    # The desk looks every half second, and behind its first answer.
    wait_until(lambda: "All posting is stopped" in (shop.answer("queue", code=0).items[0]["why_not"] or ""), 20, "the queue says why not")
    wait_until(lambda: "stopped" in shop.answer("queue", raw=True, code=0).out, 20, "and above the list")
    shop.worker.kill()
    shop.worker.start()
    shop.rounds("social", 2)
    assert state(shop, r) == "queued" and posted(shop, "Hello Ann") == []
    shop.answer("panic", "off", code=0)
    wait_state(shop, r, "sent")
    assert len(posted(shop, "Hello Ann")) == 1
    shop.verify()


def test_too_long_is_refused_and_goes_in_parts(shop):
    """Counted as the platform counts, the customer's handle included; refused before anything is queued; parts in their order, once each."""
    c = ask(shop, "ann", "how does it work?")
    words = " ".join(f"Sentence number {i} explains one more thing about it." for i in range(20))
    refused = reply(shop, c, words, code=4)
    assert "too long" in refused.err and "500" in refused.err and "--parts" in refused.err
    assert reply(shop, c, "   ", code=4).err.strip() == "A reply needs words."
    assert reply(shop, c, "x" * (500 - len("@ann ")) + "y", code=4)
    assert shop.answer("replies", code=0).items == []
    r = reply(shop, c, words, "--parts")
    wait_until(lambda: shop.database.one("select bool_and(state = 'sent') from answerd.reply"), 30, "all parts are sent")
    rows = shop.database.rows("select part, parts, words, external_id from answerd.reply order by part")
    assert len(rows) >= 3 and rows[0]["words"].endswith(f"(1/{len(rows)})") and all(len(x["words"]) <= 495 for x in rows)
    book = posted(shop, "(")
    assert [p["id"] for p in book] == [x["external_id"] for x in rows], r
    assert " ".join(x["words"].rsplit(" (", 1)[0] for x in rows) == words
    shop.verify()


def test_who_sees_a_reply_is_who_saw_the_question(shop):
    """A direct is answered in direct, with its content warning and language."""
    q = shop.town.post("ann", "@shop my order 17 is broken", visibility="direct", spoiler="private", lang="de")
    shop.wait_for(q)
    wait_state(shop, reply(shop, conversation(shop, q), "Das tut uns leid."), "sent")
    post = posted(shop, "Das tut uns leid")[0]
    assert post["visibility"] == "direct"
    shop.wait_waiting()
    assert shop.database.rows("select visibility::text, warning, language from answerd.message where direction = 'outbound'") == [
        {"visibility": "private", "warning": "private", "language": "de"}]
    shop.verify()


def test_signed_with_a_first_name(house):
    """Where the brand wants it, and not twice."""
    house.config.brand()["sign"] = True
    house.mastodon("social", own="shop", people=("ann", "bob"))
    house.begin()
    house.database.rows("update answerd.staff set name = 'Maria Muster' where login = 'admin'")
    one, two = ask(house, "ann", "who are you?"), ask(house, "bob", "and you?")
    house.database.rows("update answerd.staff set name = 'Maria Muster' where login = 'admin'")
    wait_state(house, reply(house, one, "A person."), "sent")
    wait_state(house, reply(house, two, "Me, Maria"), "sent")
    assert sorted(house.database.column("select words from answerd.reply")) == ["A person.\n— Maria", "Me, Maria"]


def test_people_answer_machines_never_do(shop):
    """The same words, numbers, names and handles apart, go to five other customers in a day and to no sixth; a snippet's words alone never."""
    names = [f"guest{i}" for i in range(7)]
    for name in names:
        shop.town.person(name, "social")
    places = [ask(shop, name, "where is my parcel?") for name in names]
    shop.answer("panic", "on", code=0)
    for i in range(5):
        reply(shop, places[i], f"Hello {names[i]}, parcel {1000 + i} is on its way! @{names[i]}")
    refused = reply(shop, places[5], "hello guest5 - parcel 77 is on its way", code=4)
    assert "repeat_limit is 5" in refused.err
    reply(shop, places[5], "Good morning, yours left us yesterday.")
    shop.answer("snippet", "add", "late", "-m", "Dear {customer}, it is late, sorry. {me}", code=0)
    filled = shop.answer("snippet", "list", code=0).items[0]["text"]
    assert "snippet \"late\"" in reply(shop, places[6], filled.replace("{customer}", "guest6").replace("{me}", "admin"), code=4).err
    reply(shop, places[6], "Dear guest6, it is late, sorry: the van broke down. admin")
    shop.answer("snippet", "remove", "late", code=0)
    shop.verify()


def test_drafts_and_four_eyes(house):
    """A draft goes nowhere; where the brand wants a second person, nothing goes without one, never the author."""
    house.config.brand()["approval"] = True
    house.mastodon("social", own="shop", people=("ann",))
    house.begin()
    c = ask(house, "ann", "may I bring my dog?")
    draft = house.answer("reply", c, "-m", "Perhaps.", "--draft", code=0).json
    assert (draft["state"], draft["waits_for_approval"]) == ("draft", False)
    sent = house.answer("send", draft["id"], "-m", "Yes, you may.", code=0).json
    assert (sent["state"], sent["waits_for_approval"]) == ("draft", True)
    assert "Four eyes" in house.answer("approve", sent["id"], code=4).err
    bob = house.database.one("insert into answerd.staff (login, name, role) values ('bob', 'Bob', 'agent') returning staff_id")
    back = house.database.one("select answerd.reply_approve(%s, %s, false, 'say please')", sent["id"], bob)
    assert back["state"] == "draft" and back["reason"] == "returned: say please"
    again = house.answer("send", sent["id"], "-m", "Yes, please do.", code=0).json
    house.rounds("social", 1)
    assert posted(house, "") == []
    house.database.one("select answerd.reply_approve(%s, %s, true, null)", again["id"], bob)
    wait_state(house, again["id"], "sent")
    assert [p["text"] for p in posted(house, "")] == ["@ann Yes, please do."]
    history = [e["what"] for e in house.answer("replies", again["id"], code=0).json["history"]]
    assert history[:2] == ["draft", "submitted"] and "returned" in history and "approved" in history and history[-1] == "sent"
    house.verify()


def test_the_editor(shop, tmp_path):
    """Without -m the editor opens with the thread below a line that is not sent; an empty file sends nothing; a pipe is read."""
    c = ask(shop, "ann", "what colours are there?")
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\ngrep -q "what colours" "$1" || exit 1\nprintf "%s\\n" "${WORDS}" | cat - "$1" > "$1.new" && mv "$1.new" "$1"\n')
    script.chmod(0o755)
    code, out = at_terminal(shop, f"reply {c}", {"EDITOR": str(script), "WORDS": ""})
    assert code == 2 and "Nothing was written" in out
    code, out = at_terminal(shop, f"reply {c}", {"EDITOR": str(script), "WORDS": "Red and blue."})
    assert code == 0, out
    wait_until(lambda: posted(shop, "Red and blue."), 20, "it is posted")
    assert [p["text"] for p in posted(shop, "")] == ["@ann Red and blue."]


# ---- what machines must not get wrong

def test_a_platform_that_cannot_be_read_needs_a_person(quick):
    """Nobody knows, and the platform shows nothing: after twelve minutes of its time a person is told, at the top of the list; what they
    say is done."""
    one, two = ask(quick, "ann", "is it waterproof?"), ask(quick, "bob", "is it heavy?")
    quick.town.fault("lie", server="social", how="applied_502", count=1)
    quick.town.fault("status", server="social", status=503, count=0, method="GET", path="context|/statuses")
    there = reply(quick, one, "To ten metres.")
    wait_state(quick, there, "unknown", "reconciling")
    quick.town.fault("lie", server="social", how="unapplied_502", count=1)
    absent = reply(quick, two, "Two kilos.")
    wait_state(quick, absent, "unknown", "reconciling")
    assert quick.waiting() == ["ann", "bob"]
    quick.shift(13 * 60)
    wait_state(quick, there, "needs_human")
    wait_state(quick, absent, "needs_human")
    assert quick.answer("retry", there, code=4).err.startswith("Look on the platform first")
    assert "2 replies need a person" in quick.answer("queue", raw=True, code=0).out
    assert {a["text"].split(" ")[0] for a in quick.answer("alerts", code=0).items if "posted" in a["text"]} == {"Nobody"}
    quick.verify()
    quick.town.heal()
    quick.answer("replied", there, "https://social.example/@shop/1", code=0)
    quick.answer("not-there", absent, code=0)
    wait_state(quick, absent, "sent")
    quick.wait_waiting()
    assert len(posted(quick, "To ten metres.")) == 1 and len(posted(quick, "Two kilos.")) == 1
    wait_until(lambda: quick.database.one("select external_id not like 'replied:%%' from answerd.reply where reply_id = %s", int(there)), 60,
               "the poll brings what the person saw")
    quick.verify()


def test_what_the_platform_refuses_is_visible(quick):
    """422: failed, with the platform's words; the customer still waits; a person may send it again."""
    c = ask(quick, "ann", "hello?")
    quick.town.fault("status", server="social", status=422, count=1, method="POST", path="statuses", error="Text is not nice")
    r = reply(quick, c, "Hello Ann.")
    wait_state(quick, r, "failed_visible")
    assert quick.waiting() == ["ann"] and [x["id"] for x in quick.answer("replies", "--open", code=0).items] == [r]
    quick.answer("retry", r, code=0)
    wait_state(quick, r, "sent")
    assert len(posted(quick, "Hello Ann.")) == 1
    quick.verify()


def test_not_let_in_pauses_posting_and_tells(quick):
    """401 to a post: queued stays queued, somebody is told, one reply probes, and it goes on by itself (I5)."""
    c = ask(quick, "ann", "hello?")
    fault = quick.town.fault("status", server="social", status=403, count=0, method="POST", path="statuses")
    r = reply(quick, c, "Hello Ann.")
    wait_until(lambda: quick.town.hits(fault) == 1, 20, "it was tried")
    wait_until(lambda: "does not let us post" in (quick.answer.queue()[0]["why_not"] or ""), 20, "the queue says why not")
    assert any("Posting is paused" in a["text"] for a in quick.answer("alerts", code=0).items)
    quick.town.heal()
    quick.shift(70)
    wait_state(quick, r, "sent")
    assert quick.answer.queue() == [] and not any("Posting is paused" in a["text"] for a in quick.answer("alerts", code=0).items)
    quick.verify()


def test_a_stop_lets_posts_end_and_writes_down_the_rest(quick):
    """I12: SIGTERM while the platform is slow: the answer is waited for; while it never answers: unknown, and looked for afterwards."""
    one = ask(quick, "ann", "one?")
    quick.town.fault("stall", server="social", after=3, count=1, method="POST", path="statuses")
    slow = reply(quick, one, "Slowly, Ann.")
    wait_state(quick, slow, "posting")
    quick.worker.stop()
    assert state(quick, slow) == "sent"
    quick.worker.start()
    two = ask(quick, "bob", "two?")
    quick.town.fault("lie", server="social", how="applied_timeout", count=1)
    never = reply(quick, two, "Never, Bob.")
    wait_state(quick, never, "posting")
    quick.worker.stop()
    assert state(quick, never) == "unknown"
    quick.worker.start()
    wait_state(quick, never, "sent")
    assert len(posted(quick, "Never, Bob.")) == 1
    quick.verify()


def test_a_frozen_worker_is_never_overtaken_by_a_second_post(quick):
    """A holder that is alive but frozen ends with a person: the heir looks, finds nothing, and does not send."""
    c = ask(quick, "ann", "cold?")
    quick.town.fault("lie", server="social", how="unapplied_timeout", count=1)
    r = reply(quick, c, "Very cold.")
    wait_state(quick, r, "posting")
    quick.worker.freeze()
    quick.another_worker().start()
    wait_state(quick, r, "needs_human", timeout=90)
    assert posted(quick, "Very cold.") == []
    quick.workers[0].wake()
    quick.workers[0].assert_alive()
    wait_until(lambda: quick.database.one("select bool_and(ended_at is not null) from answerd.attempt"), 40, "no attempt is live")
    quick.answer("not-there", r, code=0)
    wait_state(quick, r, "sent")
    assert len(posted(quick, "Very cold.")) == 1
    quick.verify()


def test_another_database_is_noticed_and_queued_replies_are_looked_for(quick):
    """I7: after a failover or a restored backup what is queued is read back before its first byte: a reply that the old database had
    already sent is found, not sent again."""
    one, two = ask(quick, "ann", "one?"), ask(quick, "bob", "two?")
    quick.answer("panic", "on", code=0)
    done, fresh = reply(quick, one, "This was posted."), reply(quick, two, "This was not.")
    quick.worker.kill()
    # What the lost database knew: the first one had been posted, by the same account, to the same message.
    parent = quick.database.one("select parent_id from answerd.reply where reply_id = %s", int(done))
    quick.town.post("shop", "@ann This was posted.", parent=parent)
    quick.database.rows("update answerd.respond_house set system_id = 1, timeline = '00000001'")
    quick.answer("panic", "off", code=0)
    quick.worker.start()
    wait_state(quick, done, "sent")
    wait_state(quick, fresh, "sent")
    assert [p["text"] for p in quick.town.truth() if "This was posted." in p["text"]] == ["@ann This was posted."]
    assert len(posted(quick, "This was not.")) == 1
    assert any("another database" in a["text"] for a in quick.answer("alerts", "--all", code=0).items)
    quick.wait_waiting()
    quick.verify()


def test_a_reply_on_bluesky(house):
    """The session is listen's, sealed; the record's name is ours, so that what the platform took and did not tell is found."""
    house.bluesky("sky", own="shop", people=("ann", "bob"), settle="1s")
    house.begin()
    places = {}
    for who in ("ann", "bob"):
        message = house.town.post(who, f"@shop.test where are you, says {who}?", server="sky")
        house.wait_for(message)
        places[who] = conversation(house, message)
    wait_state(house, reply(house, places["ann"], "In Bath, Ann."), "sent")
    house.town.fault("lie", server="sky", how="applied_502", count=1)
    wait_state(house, reply(house, places["bob"], "In Bath as well."), "sent")
    assert len(posted(house, "In Bath, Ann.", "sky")) == 1 and len(posted(house, "In Bath as well.", "sky")) == 1
    house.wait_waiting()
    house.rounds("sky", 3)
    assert house.database.one("select count(*) from answerd.message where direction = 'outbound' and hash <> 0") == 2
    house.verify()


def test_a_reload_neither_drops_nor_repeats_a_reply(quick):
    """I11: reloads, broken files among them, while replies go out: each once."""
    conversations = many(quick, 40)
    quick.town.fault("stall", server="social", after=0.3, count=20, method="POST", path="statuses")
    quick.config.brand()["repeat_limit"] = 0
    quick.worker.reload()
    wait_until(lambda: quick.database.one("select repeat_limit from answerd.brand") == 0, 20, "the new file is in force")
    texts = queue_all(quick, conversations)
    for n in range(20):
        quick.config.brand()["accounts"]["acme_social"]["max_per_host"] = 2 + n % 5 if n % 3 else 99
        quick.worker.reload()
        seen = quick.town.requests()
        wait_until(lambda seen=seen: quick.town.requests() > seen or not open_states(quick), 20, "the worker works")
    wait_until(lambda: not open_states(quick), 60, "all replies ended")
    assert_once(quick, texts)
    quick.wait_waiting(timeout=40)
    quick.verify()
