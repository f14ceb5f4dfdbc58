"""A person's answer reaches the customer exactly once, or somebody knows why not (RELIABILITY I2, I3, I7, I12)."""
import json

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
