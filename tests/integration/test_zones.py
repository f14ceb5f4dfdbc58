"""A time zone that this machine knows and the database does not: one brand has the wrong hours and says so, nobody goes unheard."""
import os
import shutil
import subprocess
import time

import pytest

from rig import Hook, wait_until
from rig.programs import Desk

ZONES = "/usr/share/zoneinfo"
CAN_HIDE = os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def newer(house):
    """Worker and desk live on a machine with newer time zones than the database's."""
    if not CAN_HIDE:
        pytest.skip("another /usr/share/zoneinfo for one process needs root and a mount namespace")
    zones = house.folder / "zoneinfo"
    shutil.copytree(ZONES, zones, symlinks=True)
    shutil.copy(f"{ZONES}/Europe/Paris", zones / "Europe" / "New_Town")
    house.desk = Desk(house.config, house.folder)
    for one in (house.worker, house.desk):
        wrapper = house.folder / f"newer-{one.name}"
        wrapper.write_text(f'#!/bin/sh\nexec unshare --mount sh -c \'mount --bind {zones} {ZONES} && exec {one.binary} "$@"\' sh "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        one.binary = str(wrapper)
    house.hook = Hook()
    house.config.channels["owner"] = {"type": "webhook", "url": house.hook.url, "insecure_loopback": True, "group_interval": "1s"}
    house.config.health = {"notify": ["owner"]}
    yield house
    house.hook.destroy()


def test_a_zone_that_the_database_does_not_know(newer):
    newer.config.brands["acme"]["timezone"] = "Europe/London"
    newer.config.brand("newtown", timezone="Europe/New_Town", hours=["Mon-Sun 00:00-24:00"])
    newer.mastodon("social", own="shop", people=("ann",))
    newer.mastodon("other", own="bakery", people=("bob",), brand="newtown", account="newtown_other")
    newer.worker.start()
    newer.desk.start().wait_ready()
    newer.wait_for(newer.town.post("ann", "@shop hello?"), newer.town.post("bob", "@bakery hello?", "other"))
    newer.wait_waiting("ann", "bob")
    told = wait_until(lambda: newer.hook.all("deaf"), 40, "told")
    assert len(told) == 1 and told[0].body["brand"] == "newtown", told
    for word in ("newtown", "'Europe/New_Town'", "counted in UTC", "apt-get install tzdata"):
        assert word in told[0].body["text"], told[0].body
    alert, = newer.answer("alerts", code=0).items
    assert alert["brand"] == "newtown" and alert["account"] is None and alert["state"] == "open"
    log = newer.worker.log(100_000)
    assert log.count("event=zone_unknown brand=newtown zone=Europe/New_Town") == 1 and "declare_failed" not in log, log
    due = {e["customer"]["handle"].split("@")[0]: e["due_at"] for e in newer.entries()}
    assert due["ann"] and due["bob"], due
    # Seldom: heartbeats and looks for accounts go on, the declaration is not repeated.
    beats = newer.database.one("select beat_at from answerd.worker where stopped_at is null")
    wait_until(lambda: newer.database.one("select max(beat_at) > %s + interval '9 s' from answerd.worker", beats), 30, "two heartbeats")
    assert newer.worker.log(100_000).count("event=zone_unknown") == 1
    newer.config.brands["newtown"]["timezone"] = "Europe/Paris"
    newer.worker.reload()
    over = wait_until(lambda: newer.hook.all("hearing"), 40, "its end is told")
    assert "newtown: the database knows its time zone" in over[0].body["text"] and len(newer.hook.all("deaf")) == 1
    assert newer.database.one("select timezone from answerd.brand where name = 'newtown'") == "Europe/Paris"
    newer.verify()


def test_a_declaration_that_fails_is_repeated_ever_rarer(shop):
    """Whatever keeps the database from taking the configuration: no storm of attempts, and it is taken when it can be."""
    def failures():
        return shop.worker.log(100_000).count("event=declare_failed")
    shop.database.rows("alter function answerd.declare(jsonb) rename to declared")
    shop.worker.reload()
    wait_until(lambda: failures() == 3, 20, "three failures")
    begun = time.monotonic()
    wait_until(lambda: failures() == 4, 20, "a fourth")
    assert time.monotonic() - begun > 3, shop.worker.log()      # 1 s, 2 s, 4 s …
    shop.wait_for(shop.town.post("ann", "@shop do you listen?"))
    shop.database.rows("alter function answerd.declared(jsonb) rename to declare")
    shop.config.brand("another")
    shop.worker.reload()
    wait_until(lambda: shop.database.one("select count(*) = 1 from answerd.brand where name = 'another'"), 20, "a reload is tried at once")
