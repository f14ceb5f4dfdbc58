"""Conversations that change after they were told: edits and deletions, found by re-reading (I1, I2, pain 4); the same
conversations on Bluesky."""
import random

import pytest

from rig.place import FIXTURES
from rig.replay import SERVER, BlueskyReplay, Replay, read_csv


def test_edits_and_deletions_in_the_middle_of_things(house):
    """A third of the conversations' messages vanish or change: after the re-read the queue is the model's again."""
    rows = read_csv(FIXTURES / "conversations" / "cases.csv")
    first = min(r["at"] for r in rows)
    for row in rows:                # what is older than two days is not read again without a reason
        row["at"] = min(row["at"], first + 7200_000)
    replay = Replay(house, rows, "chronological")
    house.begin()
    replay.load(replay.rows)
    replay.wait_agree()
    chance = random.Random(3)
    chosen = chance.sample(replay.rows, len(replay.rows) // 3)
    for n, row in enumerate(chosen):
        if n % 2 == 0:
            house.town.delete(row["id"], SERVER)
        else:
            house.town.edit(row["id"], row["text"] + " (edited)", SERVER)
    replay.wait_agree(60)
    edited = {replay.ids[r["id"]] for r in chosen[1::2]}
    told = set(house.database.column("select external_id from answerd.message where body like '%%(edited)%%' and external_id = any(%s)",
                                     list(edited)))
    known = edited & house.known()
    assert told == known, f"{len(known - told)} edits were not noticed"
    house.verify()


@pytest.mark.parametrize("order", ["chronological", "random"])
def test_our_own_cases_on_bluesky(house, order):
    """The same cases as posts of Bluesky, whatever the order of their arrival."""
    rows = read_csv(FIXTURES / "conversations" / "cases.csv")
    replay = BlueskyReplay(house, rows, order)
    house.begin()
    for piece in replay.pieces(6):
        replay.load(piece)
        replay.wait_agree(90)
    assert replay.wanted()
    house.verify()
