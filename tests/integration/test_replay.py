"""Real conversations through the real worker: what waits is what an independent model says, at every instant, in every
order of arrival, with the worker killed on the way (I1, I2, I8).

ANSWERD_KILLS (50) kills are spread over the orders; ANSWERD_REPLAY_ROWS (1200) rows of the public conversations."""
import os
import random

import pytest

from rig import shared, wait_until
from rig.place import FIXTURES
from rig.replay import SERVER, Replay, busiest, read_csv

ORDERS = ["chronological", "newest first", "random"]
KILLS = int(os.environ.get("ANSWERD_KILLS", "50"))
ROWS = int(os.environ.get("ANSWERD_REPLAY_ROWS", "1200"))
INSTANTS = 20


def kill_once(house, chance):
    """Kill the worker after it got a few answers more, and start it again."""
    goal = house.town.requests(SERVER) + chance.randint(1, 25)
    wait_until(lambda: house.town.requests(SERVER) >= goal, 20, "the worker works")
    house.worker.kill()
    house.worker.start()


def play(house, rows, order, kills):
    replay = Replay(house, rows, order)
    chance = random.Random(len(order))
    house.begin()
    left = kills
    for n, piece in enumerate(replay.pieces(INSTANTS)):
        replay.load(piece)
        share = round(left / (INSTANTS - n))
        for _ in range(share):
            kill_once(house, chance)
        left -= share
        replay.wait_agree()
    assert replay.wanted(), "a replay in which nobody waits proves nothing"
    assert house.database.one("select count(*) from answerd.message") > len(rows) / 2
    house.verify()
    house.worker.stop()


@pytest.mark.parametrize("order", ORDERS)
def test_our_own_cases(house, order):
    """Every rule of PRODUCT that the public conversations do not exercise."""
    play(house, read_csv(FIXTURES / "conversations" / "cases.csv"), order, kills=0)


@pytest.mark.parametrize("order", ORDERS)
def test_public_conversations(house, order):
    """Threads of real customers and brands."""
    rows = busiest(read_csv(shared("data", "twcs", "conversations_dev.csv")), 12, ROWS)
    play(house, rows, order, kills=KILLS // len(ORDERS) + (order == "random") * (KILLS % len(ORDERS)))


@pytest.mark.parametrize("order", ORDERS[:1])
def test_follow_ups_with_missing_beginnings(house, order):
    """The first message of each thread is not there, and never will be."""
    rows = read_csv(shared("data", "twcs", "spotify_followups_dev.csv"))[:ROWS]
    play(house, rows, order, kills=0)
