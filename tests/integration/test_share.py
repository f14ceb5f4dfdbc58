"""Who asks for the same page of the queue at the same time shares an answer (daemon/desk/share.h): never an older one, and never another person's."""
import threading

from rig import wait_until
from rig.door import newcomer
from rig.front import closed_shop, shop  # noqa: F401 (fixtures)

CROWD, ROUNDS = 12, 25


def test_the_crowd_shares_and_nobody_is_misled(shop):
    """Many ask the same all the time. Each question said is in the next answer of whoever asks after it, and what is "mine" is mine, however it is spelt."""
    ann, bob = newcomer(shop, "ann"), newcomer(shop, "bob")
    ids = {who.login: shop.conversation(shop.say(f"guest_{who.login}", f"A question for {who.login}?", ago="2 hours")) for who in (ann, bob)}
    for who in (ann, bob):
        assert who.post(f"conversations/{ids[who.login]}/claim").status == 200
    over, wrong, n = threading.Event(), [], [0]

    def crowd(who, query, good):
        while not over.is_set():
            answer = who.get(query)
            n[0] += 1
            found = [e["id"] for e in answer.json["items"]] if answer.status == 200 else answer.body
            if not good(found):
                wrong.append((who.login, query, found))
                return
    asked = []
    for i in range(CROWD):
        who = (ann, bob)[i % 2]
        query = ("queue?limit=200", "queue?mine=1&limit=200", "queue?%6dine=1&limit=200")[i // 2 % 3]
        good = (lambda found, mine=ids[who.login]: found == [mine]) if "limit" in query and "ine=1" in query else (lambda found: set(ids.values()) <= set(found))
        asked.append(threading.Thread(target=crowd, args=(who, query, good)))
        asked[-1].start()
    try:
        wait_until(lambda: n[0] > 2 * CROWD or wrong, 30, "the crowd asks")
        for i in range(ROUNDS):
            said = shop.conversation(shop.say(f"guest{i}", f"Question {i}?", ago="10 min"))
            for who in (ann, bob):
                assert said in [e["id"] for e in who.get("queue?limit=200").json["items"]], f"round {i}: an answer from before the question"
    finally:
        over.set()
        for thread in asked:
            thread.join(60)
    assert wrong == [], wrong[:3]


def test_a_refusal_is_shared_too(shop):
    """What cannot be asked is refused for each who asks it, and the desk goes on."""
    ann = newcomer(shop, "ann")
    found = []
    asked = [threading.Thread(target=lambda: found.append(ann.get("queue?brand=nowhere").status)) for _ in range(8)]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join(60)
    assert found == [400] * 8 and ann.get("queue").status == 200
