"""The lively day that ./run shows: everything of it is heard, on all platforms, and the queue is the model's."""
import datetime

import pytest

from model import CUSTOMER, OTHER, OURS, Model, Said
from rig import Town, wait_until
from rig.house import House

SERVERS = {"kettle_social": ("social", "town-kettle-and-crumb"), "kettle_sky": ("sky", "kett-lean-dcru-mbxx")}


@pytest.fixture
def day(tmp_path, database):
    town = Town(tmp_path / "town", "--day", "lively")
    house = House(town, database, tmp_path)
    for account, (server, token) in SERVERS.items():
        kind = "m" if server == "social" else "b"
        more = {"identifier": "kettleandcrumb.example"} if kind == "b" else {}
        house.add(account, "mastodon" if kind == "m" else "bluesky", f"http://127.0.0.1:{town.port}/{kind}/{server}", token, "kettle", server,
                  "kettle", max_per_host=8, **more)
        house.config.brands["kettle"]["businesses"] = ["tregarthen_mill"]
    house.add("kettle_journal", "rss", f"http://127.0.0.1:{town.port}/f/journal", None, "kettle", "journal", "kettle",
              ["own:/feed/", "comments:/comments/feed/"], authors="Morwenna at Kettle & Crumb")
    house.config.brands.pop("acme")
    yield house
    house.end()
    town.assert_well()
    town.stop()


def wanted(house):
    """(account, handle, since) of all who wait in public, by the model over what was served."""
    found = []
    for account, (server, own) in house.accounts.items():
        is_blog = server == "journal"
        served = house.served_ids(server, own)
        said, handles = [], {}
        for row in house.town.truth(server):
            handles[row["author"]] = row["handle"]
            if row["id"] in served and row["boosted"] is None:
                side = OURS if row["author"] == own else OTHER if row["own"] else CUSTOMER
                said.append(Said(row["id"], row["author"], row["at"], side, row["parent"], frozenset(row["mentions"]),
                                 own in row["mentions"] or (is_blog and "#comment-" in row["id"] and "#comment-" not in row["parent"]),
                                 row["visibility"] == "direct", row["deleted"]))
        found += [(account, handles[w.customer], w.since, w.count) for w in Model(said).waiting()]
    return sorted(found)


def observed(house):
    found = []
    for entry in house.entries():
        if entry["kind"] == "direct" and entry["platform"] == "bluesky":
            continue            # chats are not posts
        when = datetime.datetime.fromisoformat(entry["waiting_since"].replace("Z", "+00:00"))
        found.append((entry["account"], entry["customer"]["handle"], round(when.timestamp() * 1000), entry["messages"]))
    return sorted(found)


def test_a_lively_day_is_heard_whole(day):
    day.begin()

    def agree():
        day.worker.assert_alive()
        for server, own in day.accounts.values():
            must = {r["id"] for r in day.town.truth(server)
                    if not r["deleted"] and (r["author"] == own or own in r["mentions"] or server == "journal")}
            late = must - day.known()
            assert not late, f"{server}: {len(late)} are not heard, such as {sorted(late)[:3]}"
        want, have = wanted(day), observed(day)
        assert have == want, f"only in the model: {sorted(set(want) - set(have))[:5]}; only in the queue: {sorted(set(have) - set(want))[:5]}"
        return True
    wait_until(agree, 60, "the queue is the model's")

    def chats():
        """Asked for more rarely than posts."""
        names = {e["customer"]["name"] for e in day.entries() if e["kind"] == "direct" and e["platform"] == "bluesky"}
        assert names >= {"Maya", "Chidi Okafor", "Kat"}, names
        assert "Sue Penrose" not in names, "Morwenna answered Sue in the app"
        return True
    wait_until(chats, 60, "who wrote in chats")
    day.lost_nothing()
    day.verify()
