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
