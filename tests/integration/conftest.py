"""Fixtures of the integration tests (the rig itself is in rig/)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rig import Cluster, Config, Town, wait_until  # noqa: E402
from rig.house import House  # noqa: E402
from rig.programs import migrate  # noqa: E402


@pytest.fixture(scope="session")
def cluster():
    """A private PostgreSQL for the whole session."""
    cluster = Cluster()
    yield cluster
    cluster.destroy()


@pytest.fixture(scope="session")
def template(cluster, tmp_path_factory):
    """A database after `answerd migrate`, to be copied."""
    database = cluster.create()
    config = Config(tmp_path_factory.mktemp("migrate"), database.conninfo)
    config.brand()
    migrate(config)
    return database.name


@pytest.fixture
def database(cluster, template):
    database = cluster.create(template)
    database.use_test_clock()
    yield database
    database.drop()


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path / "town")
    yield town
    if town.process.poll() is None:
        town.assert_well()
        town.stop()


@pytest.fixture
def house(town, database, tmp_path):
    """Everything wired: town, database, configuration, worker and desk (started by the test)."""
    house = House(town, database, tmp_path)
    yield house
    house.end()


@pytest.fixture
def shop(house):
    """A brand with one Mastodon account, customers Ann, Bob and Cid, the worker listening and the desk open."""
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"))
    house.begin()
    return house


@pytest.fixture
def sky(house):
    """The same on Bluesky."""
    house.bluesky("sky", own="shop", people=("ann", "bob", "cid"))
    house.begin()
    return house


__all__ = ["wait_until"]


# ./run test --quick: one test a promise, in a minute or two.
QUICK = {
    "test_a_question_waits_and_a_native_answer_ends_it", "test_history_on_connect_is_imported_whole", "test_nested_replies_that_never_notify_are_found",
    "test_a_deletion_is_a_tombstone_and_ends_the_wait", "test_killed_worker_loses_nothing", "test_two_workers_one_database", "test_the_whole_path",
    "test_a_comment_waits_until_we_answer_on_the_blog", "test_entries_have_exactly_the_promised_keys",
    "test_every_act_through_the_command", "test_a_reply_is_posted_once_and_ends_the_wait", "test_exit_codes", "test_first_rows_of_an_empty_database",
}


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: part of ./run test --quick")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.originalname in QUICK:
            item.add_marker(pytest.mark.quick)
    # Most tests wait more than they work: ./run test runs seven parts side by side, ANSWERD_SHARD says which (0/5).
    part, _, parts = os.environ.get("ANSWERD_SHARD", "0/1").partition("/")
    # What shares a house stays together.
    places, n_of = {}, {}
    for item in items:
        one = item.callspec.params.get("connector") if "plays" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec") else None
        n_of[item] = places.setdefault(one or item.nodeid, len(places))
    mine = [item for item in items if n_of[item] % int(parts) == int(part)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(mine)])
    items[:] = mine
