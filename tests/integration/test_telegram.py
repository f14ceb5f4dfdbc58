"""Telegram (issue 4 §4): an update is acknowledged only after it is committed, so no kill loses or doubles one; business chats show our
own answers; what a bot cannot be told is said (a gap, another poller, a webhook)."""
import random

import pytest

from rig import wait_until
from test_outbox import conversation, posted, reply, wait_state


@pytest.fixture
def wire(house):
    """A bot, and Ann, Bob and Sue, whose business account it is connected to."""
    house.telegram("wire", own="shop", people=("ann", "bob", "cid", "sue"))
    house.begin()
    return house


def pending(house):
    """How many updates Telegram still keeps for us."""
    import json
    import urllib.request
    made = next(s for s in house.town.call("GET", "servers") if s["name"] == "wire")
    with urllib.request.urlopen(f"{made['url']}/bot{made['own'][0]['token']}/getWebhookInfo", timeout=10) as answer:
        return json.loads(answer.read())["result"]["pending_update_count"]


def test_the_whole_path(wire):
    """A private chat waits; in a group only what names or answers us does; an answer in the business chat ends its wait."""
    wire.town.post("ann", "where is my order?", "wire")
    wire.wait_waiting("ann")
    entry, = wire.entries()
    assert entry["platform"] == "telegram" and entry["kind"] == "direct"
    chatter = wire.town.post("bob", "I baked bread today", "wire", chat="bakers")
    wire.town.post("cid", "@shop do you deliver on Sunday?", "wire", chat="bakers")
    wire.town.post("bob", "is it still fresh?", "wire", business="bob")
    wire.wait_waiting("ann", "bob", "cid")
    assert wire.database.one("select is_to_us from answerd.message where external_id = %s", chatter) is False
    wire.town.post("sue", "We are closed today.", "wire", business="bob", offline=True)
    away = wire.town.post("bob", "hello?", "wire", business="bob")
    wire.wait_for(away)
    wire.wait_waiting("ann", "bob", "cid")
    wire.town.post("sue", "Baked at five, Bob.", "wire", business="bob")
    wire.wait_waiting("ann", "cid")
    assert wire.answer("queue", code=0).items
    wire.lost_nothing()
    wire.verify()


def test_a_deletion_that_is_the_first_news_after_a_failure(wire):
    """It is told once; a bad answer before it does not make it a lie."""
    q = wire.town.post("ann", "never mind", "wire", business="ann")
    wire.wait_waiting("ann")
    fault = wire.town.fault("status", server="wire", path="getUpdates$", count=0)
    wait_until(lambda: wire.town.hits(fault) > 1, 20, "asked in vain")
    wire.town.delete(q, "wire")
    wire.town.heal(fault)
    wire.wait_waiting()
    wire.verify()


def test_edits_and_deletions(wire):
    q = wire.town.post("ann", "where is order 41?", "wire", business="ann")
    wire.wait_waiting("ann")
    wire.town.edit(q, "where is order 42?", "wire")
    wait_until(lambda: "42" in wire.database.one("select body from answerd.message where external_id = %s", q), 20, "the edit")
    assert wire.database.one("select count(*) from answerd.message_revision where external_id = %s", q) == 1
    wire.town.delete(q, "wire")
    wire.wait_waiting()
    wire.verify()


def test_kills_between_page_and_acknowledgement(house):
    """Twenty kills while messages keep coming, in pages of every size: all are stored once, and all are acknowledged in the end."""
    house.telegram("wire", own="shop", people=("ann", "bob", "cid"))
    house.begin(desk=False)
    chance, ids = random.Random(4), []
    for n in range(20):
        ids += [r["id"] for r in house.town.bulk([{"author": chance.choice(("ann", "bob", "cid")), "text": f"{n}.{i}"}
                                                  for i in range(chance.choice((3, 30, 130)))], server="wire")]
        goal = house.town.requests("wire") + chance.randint(1, 8)
        wait_until(lambda: house.town.requests("wire") >= goal, 60, "the worker works")
        house.worker.kill()
        house.worker.start()
    house.wait_for(*ids, timeout=90)
    house.lost_nothing()
    assert house.database.one("select count(*) from answerd.message") == len(ids)
    wait_until(lambda: pending(house) == 0, 60, "everything is acknowledged")
    house.verify()


def test_nothing_is_acknowledged_while_the_database_is_away(wire):
    """The page that cannot be committed comes again (I7)."""
    wire.wait_for(wire.town.post("ann", "one", "wire"))
    wait_until(lambda: pending(wire) == 0, 30, "acknowledged")
    wire.database.cluster.stop("immediate")
    try:
        ids = [wire.town.post("ann", f"while it is away {i}", "wire") for i in range(3)]
        start = wire.town.requests("wire")
        wait_until(lambda: not wire.worker.is_running() or wire.town.requests("wire") >= start, 3)
        assert pending(wire) == 3
    finally:
        wire.database.cluster.start()
    wire.wait_for(*ids, timeout=90)
    wait_until(lambda: pending(wire) == 0, 60, "acknowledged")
    assert wire.database.one("select count(*) from answerd.message") == 4


def test_another_poller_and_a_webhook_are_told_with_their_remedy(wire):
    wire.wait_for(wire.town.post("ann", "one", "wire"))
    wire.town.do("option", server="wire", poller=True)
    wait_until(lambda: "another program fetches" in wire.answer("sources", raw=True).out, 60, "the other poller is told")
    wire.town.do("option", server="wire", poller=False, webhook=True)
    wait_until(lambda: "deleteWebhook" in wire.answer("sources", raw=True).out, 90, "the webhook is told")
    q = wire.town.post("ann", "two", "wire")
    wire.town.do("option", server="wire", webhook=False)
    wire.worker.kill()              # a person has acted: begin again at once, not at the next probe
    wire.worker.start()
    wire.wait_for(q, timeout=60)


def test_poison_costs_only_itself_and_is_acknowledged(house):
    """An update that cannot be read is kept in quarantine, and the walk goes on behind it."""
    house.telegram("wire", own="shop", people=("ann",))
    ids = [house.town.post("ann", f"text {i}", "wire") for i in range(5)]
    house.town.fault("poison", server="wire", path="getUpdates", which=2, how="surrogate", field="text", count=0)
    house.begin(desk=False)
    house.wait_for(*(ids[:2] + ids[3:]), timeout=60)
    wait_until(lambda: pending(house) == 0, 30, "acknowledged")
    assert house.database.one("select count(*) from answerd.quarantine") == 1


def test_a_quiet_week_and_a_smaller_number(wire):
    """After a week without news the numbers begin anywhere; and what was not fetched for a day is told as a gap."""
    first = wire.town.post("ann", "one", "wire")
    wire.wait_for(first)
    wait_until(lambda: pending(wire) == 0, 30, "acknowledged")
    wire.worker.kill()
    wire.shift(8 * 86400)
    wire.town.do("option", server="wire", first_update=500)
    q = wire.town.post("bob", "two", "wire")
    wire.worker.start()
    wire.wait_for(q, timeout=60)
    wait_until(lambda: any(g["source"] == "updates" for g in wire.answer("gaps", code=None).items), 30, "the gap is told")
    wait_until(lambda: pending(wire) == 0, 30, "acknowledged")


def test_rate_limit_in_the_body_is_honoured(house):
    """retry_after stands in the body; nothing else tells it."""
    house.telegram("wire", own="shop", people=("ann",), options={"rate_limit": 8})
    house.begin(desk=False)
    wait_until(lambda: house.town.counters().get("wire 429", 0) >= 1, 60, "a 429")
    house.town.do("option", server="wire", rate_limit=10**9)
    house.wait_for(house.town.post("ann", "after it", "wire"), timeout=60)
    assert house.town.counters()["wire 429"] <= 10


# ---- replies from the queue

def asked(house, text="where is my parcel?", **more):
    """A question that waits; its conversation."""
    message = house.town.post("ann", text, "wire", **more)
    house.wait_for(message)
    return conversation(house, message)


def test_a_reply_is_there_once_and_ends_the_wait(wire):
    """The bot is never shown it: the platform's answer is the confirmation. In a private chat, in a group, in a business chat."""
    for n, more in enumerate(({}, {"chat": "bakers"}, {"business": "ann"})):
        c = asked(wire, f"@shop where is parcel {n}?", **more)
        wire.wait_waiting("ann")
        r = reply(wire, c, f"Parcel {n} <comes> *tomorrow*.")
        wait_state(wire, r, "sent")
        wire.wait_waiting()
        one, = posted(wire, f"Parcel {n} <comes> *tomorrow*.", "wire")
        assert one["parent"] is not None and one["id"] == wire.database.one("select external_id from answerd.reply where reply_id = %s", int(r))
    wire.verify()


def test_what_is_unknown_goes_to_a_person_and_is_never_sent_again(wire):
    c = asked(wire)
    fault = wire.town.fault("lie", server="wire", how="applied_reset")
    r = reply(wire, c, "It comes on Friday.")
    wait_state(wire, r, "needs_human", timeout=60)
    assert wire.town.hits(fault) == 1 and len(posted(wire, "It comes on Friday.", "wire")) == 1
    wire.wait_waiting("ann")        # nothing has confirmed it


def test_a_429_with_retry_after_has_sent_nothing(wire):
    c = asked(wire)
    words = '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}'
    fault = wire.town.fault("replace", server="wire", path="sendMessage", status=429, text=words, count=2)
    r = reply(wire, c, "It comes on Monday.")
    wait_state(wire, r, "sent", timeout=60)
    assert wire.town.hits(fault) == 2 and len(posted(wire, "It comes on Monday.", "wire")) == 1


def test_a_customer_who_blocked_us_is_told_in_telegrams_words(wire):
    c = asked(wire)
    wire.town.do("option", server="wire", blocked=["ann"])
    r = reply(wire, c, "Can you hear us?")
    wait_state(wire, r, "failed_visible", timeout=60)
    assert "blocked by the user" in wire.answer("replies", raw=True).out
    assert wire.sources()[0]["state"] != "refused"
