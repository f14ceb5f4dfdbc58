"""All networks at once, with all their faults, for a simulated day; for a week as a soak (./run test --soak all_networks). Customers and staff live
as they do (rig/life.py), every fault of the town strikes (rig/trouble.py), tokens are taken back, the worker dies, and time passes a thousand
times faster than the clock (rig/weeks.py). Now and then, and at the end, nobody speaks until the town's book and the ledger are equal."""
import os

from rig.platforms import connector_names
from rig.weeks import MINUTE, Weeks

DAYS = int(os.environ.get("ANSWERD_DAYS", "7" if "ANSWERD_SOAK" in os.environ else "1"))
# What a platform lets one account do, and what its server in the town is told to keep.
LIMITS = {"bluesky": 3000, "discourse": 300, "hackernews": 8000, "lemmy": 500, "mastodon": 300, "reddit": 600, "x": 300}


def test_all_networks(house):
    weeks = Weeks(house, {name: {"every": "30m", "options": {"rate_limit": LIMITS[name]} if name in LIMITS else None} for name in connector_names()})
    weeks.begin()
    for day in range(DAYS):
        for hour in range(24):
            weeks.step(60 * MINUTE)
            if hour == 11:
                weeks.kill()
        weeks.agree()
        weeks.replies_once()
    weeks.ledger_adds_up()
    weeks.budgets_kept()
    weeks.house.verify()
    weeks.gaps_declared()
    print(weeks.story())        # pytest -rP shows it
