"""The page of a conversation in a real browser: what was said, who is behind it, and everything one does there but the sending itself
(test_talk_sent.py). No platform is asked: people speak through ingest."""
import pytest

from rig import wait_until

DECLARED = """select answerd.declare_replies('{"brands": [{"name": "acme", "sign": true, "approval": false, "repeat_limit": 5, "accounts": [
    {"name": "acme_social", "is_able": true, "answers": ["mention", "reply", "comment"], "window_s": 0, "key_valid_s": 3600, "has_lookup": true,
    "settle_us": 30000000, "every_us": 60000000}]}]}')"""


@pytest.fixture
def talk(desk):
    """A shop that can answer; Ann complains in a thread below our post, others speak there, too."""
    desk.db.one(DECLARED)
    desk.say("us", "Our new shop opens on Monday! https://shop.example/new", ago="2 days", ident="post")
    desk.say("ann", "Where is my parcel? It was due on Monday, and nobody answers the telephone.\n\nOrder 4711.", ago="3 hours", parent="post", ident="a1",
             nature="complaint", name="Ann Ashdown")
    desk.say("bob", "Mine came in time.", ago="170 min", parent="a1", ident="b1", named=False, nature="neutral")
    desk.say("us", "We are sorry, Ann! Which address?", ago="2 hours", parent="a1", ident="o1")
    desk.say("ann", "12 Park Lane. And now?", ago="50 min", parent="o1", ident="a2", nature="question")
    desk.say("noa", "\u202eשלום, איפה החבילה שלי?", ago="40 min", ident="n1", name="נועה")
    desk.c = desk.conversation("a2")
    return desk


def test_the_whole_conversation_is_there(talk, browser):
    """What was said in order and by whom, what waits, what was answered, our post above, others as context; the person beside it."""
    browser.open(f"/conversation/{talk.c}")
    browser.wait_text("12 Park Lane", ".thread")
    assert [e.get_attribute("data-id") for e in browser.all(".message")] == ["post", "a1", "b1", "o1", "a2"]
    assert "Waits" in browser.text('[data-id="a2"]') and "Answered" in browser.text('[data-id="a1"]') and "Overheard" in browser.text('[data-id="b1"]')
    browser.wait_text("2 messages, 1 answers of ours", ".person")
    browser.shot("conversation")
    browser.axe()
