"""Real conversations through the real worker: what waits is what an independent model says, at every instant, in every
order of arrival, with the worker killed on the way (I1, I2, I8).

ANSWERD_KILLS (50) kills are spread over the orders; ANSWERD_REPLAY_ROWS (1200) rows of the public conversations, half as many on
Bluesky, there in one order (`--soak on_bluesky`: in all). All of them, with every brand: `./run test --soak every_public`."""
import os
import random

import pytest

from rig import shared, wait_until
from rig.place import FIXTURES
from rig.replay import SERVER, BlueskyReplay, Replay, busiest, read_csv

ORDERS = ["chronological", "newest first", "random"]
KILLS = int(os.environ.get("ANSWERD_KILLS", "50"))
ROWS = int(os.environ.get("ANSWERD_REPLAY_ROWS", "1200"))
INSTANTS = 20


def kills_of(order):
    return KILLS // len(ORDERS) + (order == "random") * (KILLS % len(ORDERS))


def kill_once(house, chance):
    """Kill the worker after it got a few answers more, and start it again."""
    goal = house.town.requests(SERVER) + chance.randint(1, 25)
    wait_until(lambda: house.town.requests(SERVER) >= goal, 20, "the worker works")
    house.worker.kill()
    house.worker.start()


def play(house, replay, kills, patience=60):
    rows = replay.rows
    chance = random.Random(len(rows))
    house.begin()
    left = kills
    for n, piece in enumerate(replay.pieces(INSTANTS)):
        replay.load(piece)
        share = round(left / (INSTANTS - n))
        for _ in range(share):
            kill_once(house, chance)
        left -= share
        replay.wait_agree(patience)
    assert replay.wanted(), "a replay in which nobody waits proves nothing"
    assert house.database.one("select count(*) from answerd.message") > len(rows) / 2
    house.verify()
    house.worker.stop()


@pytest.mark.parametrize("order", ORDERS)
def test_our_own_cases(house, order):
    """Every rule of PRODUCT that the public conversations do not exercise."""
    play(house, Replay(house, read_csv(FIXTURES / "conversations" / "cases.csv"), order), kills=0)


@pytest.mark.parametrize("order", ORDERS)
def test_public_conversations(house, order):
    """Threads of real customers and brands."""
    rows = busiest(read_csv(shared("data", "twcs", "conversations_dev.csv")), 12, ROWS)
    play(house, Replay(house, rows, order), kills_of(order))


# The order of arrival is the rules' and the ingest's, whatever the network: here one, all with ANSWERD_SOAK=1 (-k on_bluesky).
@pytest.mark.parametrize("order", ORDERS if "ANSWERD_SOAK" in os.environ else ["random"])
def test_public_conversations_on_bluesky(house, order):
    """The same as posts of Bluesky."""
    rows = busiest(read_csv(shared("data", "twcs", "conversations_dev.csv")), 6, ROWS // 2)
    play(house, BlueskyReplay(house, rows, order), kills=6)


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak every_public")
@pytest.mark.parametrize("order", ORDERS)
def test_every_public_conversation(house, order):
    """All threads of all ninety brands, each brand an account of its own."""
    rows = read_csv(shared("data", "twcs", "conversations_dev.csv"))
    play(house, Replay(house, rows, order), kills_of(order), patience=600)


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak every_public")
def test_every_public_conversation_on_bluesky(house):
    """All of them, told in the order in which they were said."""
    rows = read_csv(shared("data", "twcs", "conversations_dev.csv"))
    play(house, BlueskyReplay(house, rows, "chronological", is_told_as_said=True), kills=KILLS // 4, patience=600)


@pytest.mark.parametrize("order", ORDERS[:1])
def test_follow_ups_with_missing_beginnings(house, order):
    """The first message of each thread is not there, and never will be."""
    rows = read_csv(shared("data", "twcs", "spotify_followups_dev.csv"))[:ROWS]
    play(house, Replay(house, rows, order), kills=0)
