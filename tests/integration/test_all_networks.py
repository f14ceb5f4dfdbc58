"""All networks at once, for a simulated day (RELIABILITY, issue 5); for a week as a soak: ./run test --soak all_networks."""
import os
import time

import pytest

from rig.weeks import DAY, HOUR, MINUTE, Weeks

NETS = os.environ.get("NETS", "mastodon,wordpress,rss").split(",")


def test_all_networks(house):
    weeks = Weeks(house, {n: {"every": "15m"} for n in NETS})
    weeks.begin()
    begun = time.monotonic()
    hours = float(os.environ.get("HOURS", "1"))
    while weeks.steps * 30 < hours * 60:
        weeks.step(30 * MINUTE)
    print("lived", time.monotonic() - begun, weeks.cpu(), weeks.town.counters())
    weeks.agree()
    print("agreed", time.monotonic() - begun, weeks.cpu(), len(weeks.replies), weeks.judged, weeks.refused[:10])
    weeks.replies_once()
    house.verify()
    print(weeks.database.rows("select fate, count(*) from answerd.ledger_message group by 1"))
    print(weeks.database.rows("select * from answerd.gap"))
