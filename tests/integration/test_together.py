"""What the page of a conversation asks of the desk: words measured as the platform counts, a draft kept while one types, who else is there,
and a reply taken back in time: never both taken back and sent, whatever the moment (I3)."""
import json
import threading
import time

import pytest

from rig import wait_until
from rig.front import UnixConnection
from rig.house import House


class Talk(House):
    def call(self, method, path, key=None, **body):
        """(status, JSON) of one request at the desk's socket."""
        connection = UnixConnection(self.config.socket)
        headers = {"Content-Type": "application/json", "Host": "localhost", **({"Idempotency-Key": key} if key else {})}
        connection.request(method, "/api/v1/" + path, json.dumps(body) if method == "POST" else None, headers)
        answer = connection.getresponse()
        status, value = answer.status, json.loads(answer.read())
        connection.close()
        return status, value

    def post(self, path, **body):
        status, value = self.call("POST", path, **body)
        assert status == 200, (path, status, value)
        return value


@pytest.fixture
def talk(town, database, tmp_path):
    house = Talk(town, database, tmp_path)
    house.config.desk["undo"] = "1s"
    house.mastodon("social", own="shop", people=("ann", "bob"), options={"max_characters": 500})
    house.begin()
    yield house
    house.end()


def test_words_are_measured_as_the_platform_counts(talk):
    """A link counts 23 however long it is; the parts are those that would be posted; a reply is refused exactly where the measure says so."""
    c = talk.ask("ann", "where is my parcel?")
    shown = talk.call("GET", f"conversations/{c}")[1]
    assert shown["counting"]["limit"] == 500 and shown["counting"]["unit"] == "characters", shown["counting"]
    empty = talk.post(f"conversations/{c}/measure", text="")
    short, longer = (talk.post(f"conversations/{c}/measure", text="See https://shop.example/" + "x" * n) for n in (10, 300))
    assert short["length"] == longer["length"] == empty["length"] + 4 + 23 and longer["fits"]
    room = 500 - empty["length"]
    just, over = (talk.post(f"conversations/{c}/measure", text="é" * n) for n in (room, room + 1))
    assert (just["length"], just["fits"], len(just["parts"])) == (500, True, 1)
    assert (over["length"], over["fits"], len(over["parts"])) == (501, False, 2) and all(p["length"] <= 500 for p in over["parts"])
    assert talk.call("POST", f"conversations/{c}/replies", text="é" * (room + 1))[0] == 422
    status, value = talk.call("POST", f"conversations/{c}/replies", text="é" * (room + 1), parts=True)
    assert (status, value["parts"]) == (200, 2)
    words = talk.database.column("select words from answerd.reply order by part")
    assert words == [p["text"] for p in over["parts"]]
    assert talk.call("POST", "conversations/4711/measure", text="x")[0] == 404


def test_who_else_is_there(talk):
    """Colleagues see each other at a conversation, and who types; whoever leaves is gone; one is never shown oneself."""
    c = talk.ask("ann", "where is my parcel?")
    assert talk.post(f"conversations/{c}/presence", typing=True) == {"others": []}
    assert talk.call("GET", f"conversations/{c}")[1]["others"] == []
    assert talk.call("POST", "conversations/4711/presence", typing=True)[0] == 404


def test_a_draft_is_kept_and_goes(talk):
    """What one types is there again in another window; it goes under its own name, compared with the conversation's version."""
    c = talk.ask("ann", "where is my parcel?")
    talk.post(f"conversations/{c}/draft", text="It is on")
    r = talk.post(f"conversations/{c}/draft", text="It is on its way.")["draft"]["id"]
    shown = talk.call("GET", f"conversations/{c}")[1]
    assert shown["answering"]["draft"]["text"] == "It is on its way."
    talk.post(f"conversations/{c}/tags", add="parcel")
    status, value = talk.call("POST", f"replies/{r}/send", version=shown["version"])
    assert status == 409 and "changed meanwhile" in value["detail"]
    sent = talk.post(f"replies/{r}/send", text="It is on its way, Ann.", version=shown["version"] + 1)["id"]
    wait_until(lambda: talk.state(sent) == "sent", 30, "sent")
    talk.wait_waiting()
    assert len(talk.posted("It is on its way, Ann.")) == 1
    assert talk.call("GET", f"conversations/{c}")[1]["answering"]["draft"] is None
    shown = talk.call("GET", f"conversations/{c}")[1]
    assert [m["staff"]["login"] for m in shown["thread"] if m["role"] == "answer"] == ["admin"]
    assert talk.call("POST", f"replies/{sent}/undo")[0] == 409
    talk.verify()


def test_taken_back_or_sent_never_both(talk):
    """Replies are taken back at moments all around the one in which the worker claims them: each is a draft of which the platform has
    nothing, or it is there once and was refused to be taken back."""
    ids = [r["id"] for r in talk.town.bulk([{"author": ("ann", "bob")[i % 2], "text": f"@shop question {i}"} for i in range(30)], server="social")]
    talk.wait_for(*ids, timeout=60)
    made, ends = [], {}
    for n, ident in enumerate(ids):
        word = "answer " + "abcdefghijklmnopqrstuvwxyz"[n % 26] * (1 + n // 26) * 3 + "."
        reply = talk.post(f"conversations/{talk.conversation(ident)}/replies", text=word, undo=True)
        assert reply["state"] == "queued" and reply["can_undo"]
        made.append((reply["id"], word, time.monotonic() + 0.9 + 0.02 * (n % 20)))

    def take_back(reply, at):
        time.sleep(max(0, at - time.monotonic()))       # the moment is what is tested
        ends[reply] = talk.call("POST", f"replies/{reply}/undo")[0]
    hands = [threading.Thread(target=take_back, args=(reply, at)) for reply, _, at in made]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    first = talk.post(f"conversations/{talk.ask('ann', 'one more?')}/replies", text="At once.", undo=True)["id"]
    assert talk.post(f"replies/{first}/undo")["state"] == "draft"

    def settled():
        return {talk.state(reply) for reply, _, _ in made} <= {"draft", "sent"}
    wait_until(settled, 60, "every reply has come to its end")
    talk.rounds("social", 2)
    for reply, word, _ in made:
        wanted = ("draft", 0) if ends[reply] == 200 else ("sent", 1)
        assert ends[reply] in (200, 409) and (talk.state(reply), len(talk.posted(word))) == wanted, (reply, word, ends[reply])
    assert talk.posted("At once.") == []
    talk.verify()


def test_two_conversations_become_one_and_one_answer_ends_both(talk):
    """Merged at the terminal; what is said later below either stays with it; one reply, counted once, ends the wait."""
    first = talk.town.post("ann", "@shop where is my parcel?")
    second = talk.town.post("ann", "@shop nobody answers here!")
    talk.wait_for(first, second)
    a, b = talk.conversation(first), talk.conversation(second)
    assert talk.answer("merge", b, a, code=0).json["id"] == min(a, b, key=int)
    assert len(talk.entries()) == 1 and talk.entries()[0]["messages"] == 2
    third = talk.town.post("ann", "@shop hello?", parent=second)
    talk.wait_for(third)
    assert talk.conversation(third) == min(a, b, key=int) and talk.entries()[0]["messages"] == 3
    talk.verify()
    talk.reply(a, "All of it is on its way.")
    assert talk.answer("ledger", code=0).json["answered"] == 3
    talk.verify()
