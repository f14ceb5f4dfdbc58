"""Fixtures of the browser tests: one house for all of them (a database into which the tests let people speak, and a desk), one Chromium a
person that is needed. A test leaves the queue empty: what it said is dismissed behind it."""
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

import psycopg
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rig import Cluster, Config, wait_until  # noqa: E402
from rig.browser import Browser  # noqa: E402
from rig.ears import free_port  # noqa: E402
from rig.front import Shop  # noqa: E402
from rig.office import open_office  # noqa: E402
from rig.programs import migrate  # noqa: E402
from rig.signing import seat  # noqa: E402


@pytest.fixture(scope="session")
def house():
    """PostgreSQL, a brand with one account into which tests let people speak (`house.say`), the desk and a door for browsers."""
    cluster = Cluster()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-page-"))
    folder.chmod(0o755)
    database = cluster.create()
    config = Config(folder, database.conninfo)
    config.brand()
    migrate(config)
    database.use_test_clock()
    shop = Shop(database, config)
    shop.port = free_port()
    config.desk["listen"] = [str(config.socket), f"127.0.0.1:{shop.port}"]
    shop.desk.start().wait_ready()
    open_office(database)
    shop.origin = f"http://127.0.0.1:{shop.port}"
    yield shop
    shop.desk.kill()
    cluster.destroy()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desk(house):
    """The house with an empty queue."""
    def empty():
        """The pages of the test before may still be asking: whom the database calls a deadlock tries again."""
        with contextlib.suppress(psycopg.errors.DeadlockDetected), house.db.connect() as conn:
            conn.execute("truncate answerd.message, answerd.conversation, answerd.identity, answerd.message_source, answerd.message_raw, "
                         "answerd.message_revision, answerd.answer_link, answerd.wanted_thread, answerd.note, answerd.note_mention, answerd.reply, "
                         "answerd.thread_join, answerd.saved_view, answerd.conversation_words cascade")
            return True
    wait_until(empty, 30, "an empty queue")
    return house


@pytest.fixture(scope="session")
def browsers():
    made = []
    yield made
    for browser in made:
        browser.quit()


def lend(browsers, n, house):
    while len(browsers) <= n:
        browsers.append(Browser())
    browsers[n].forget(house.origin)
    seat(browsers[n], "admin", house, "admin")
    return browsers[n]


@pytest.fixture
def browser(browsers, desk):
    """A fresh admin before a wide, light screen; sign_in() makes another person of them."""
    one = lend(browsers, 0, desk)
    yield one
    assert one.complaints() == []


@pytest.fixture
def second(browsers, desk):
    """Another person, at another machine."""
    one = lend(browsers, 1, desk)
    yield one
    assert one.complaints() == []
