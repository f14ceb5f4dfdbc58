"""A person's answer reaches the customer exactly once, or somebody knows why not (RELIABILITY I2, I3, I7, I12)."""
import json
import random

import pytest

from rig import wait_until


@pytest.fixture
def quick(house):
    """A shop whose read-backs come soon."""
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), settle="1s")
    house.begin()
    return house


def conversation(house, message):
    return str(house.database.one("select c.conversation_id from answerd.conversation c join answerd.message m using (root_id, customer_id, "
                                  "account_id, brand_id) where m.external_id = %s", message))


def ask(house, who, text):
    """A customer's question, until it waits; its conversation."""
    message = house.town.post(who, "@shop " + text)
    house.wait_for(message)
    return conversation(house, message)


def reply(house, c, text, *more, code=0):
    answer = house.answer("reply", c, "-m", text, *more, code=code)
    return answer.json["id"] if code == 0 else answer


def state(house, r):
    return house.database.one("select state::text from answerd.reply where reply_id = %s", int(r))


def wait_state(house, r, *wanted, timeout=30):
    def so():
        found = state(house, r)
        assert found in wanted, f"reply {r} is {found}: {house.database.rows('select what, note from answerd.reply_event')}\n{house.worker.log(2000)}"
        return True
    wait_until(so, timeout, f"reply {r} is {wanted}")


def posted(house, text, server="social"):
    """The platform's own book: posts of ours with these words."""
    return [p for p in house.town.truth(server) if p["via"] == "api" and text in p["text"] and not p["deleted"]]


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
    wait_until(lambda: not open_states(house), 240, "every reply ends visibly", every=0.2)
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
    torture(house, 300, n_kills=8, n_stops=1, seed=4)
