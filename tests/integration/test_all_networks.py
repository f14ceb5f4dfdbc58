"""All networks at once, for a simulated day (RELIABILITY, issue 5); for a week as a soak: ./run test --soak all_networks."""
import os
import time

import pytest

from rig.weeks import DAY, HOUR, MINUTE, Weeks

from rig.platforms import connector_names
NETS = os.environ["NETS"].split(",") if "NETS" in os.environ else connector_names()


def test_all_networks(house):
    weeks = Weeks(house, {n: {"every": "15m"} for n in NETS})
    weeks.begin()
    begun = time.monotonic()
    weeks.trouble_share = float(os.environ.get("TROUBLE", "0.4"))
    for site in weeks.sites:
        site.deck.lies()
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
    print({s.name: s.deck.struck for s in weeks.sites})
    print(weeks.database.rows("select event, left(text, 200) as text from answerd.alert where event <> 'waiting'"))
    import subprocess
    print("self", os.times(), "town", open(f"/proc/{house.town.process.pid}/stat").read().split()[13:15])
    print(subprocess.run("ps -eo pid,ppid,cputime,args --sort=-cputime | grep -E 'postgres:|answerd' | grep -v grep | head -12", shell=True, capture_output=True, text=True).stdout)
