"""A desk in front of a database into which tests let people speak, without a worker; and who may stand at it."""
import contextlib
import hashlib
import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from rig.config import Config
from rig.ears import free_port
from rig.place import program
from rig.programs import Answer, Desk
from rig.tap import Tap

# Users that every Debian has: staff members of other people's.
PEOPLE = {"ann": "daemon", "bob": "games", "lea": "man", "odo": "news"}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answered:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, dict(response.getheaders()), response.read().decode()

    @property
    def json(self):
        return json.loads(self.body)


class Shop:
    """A database with one account into which tests let people speak, and a desk in front of it."""

    def __init__(self, database, config):
        self.db, self.config = database, config
        self.tap = Tap(config.socket, config.folder / "tap.sock")      # every answer is held against the OpenAPI document
        self.answer = Answer(config, self.tap.at)
        self.desk = Desk(config, config.folder)
        self.n = 0
        with database.connect() as conn:
            conn.execute("insert into answerd.brand (name, timezone) values ('acme', 'Europe/London')")
            conn.execute("insert into answerd.account (brand_id, name, platform, server, realm, every_us, own_id, own_handle, state, holder, "
                         "held_until, declared_at) select brand_id, 'acme_social', 'mastodon', 'https://social.example', 'https://social.example', "
                         "60000000, 'us', 'acme', 'listening', 'w1', now(), now() - interval '30 days' from answerd.brand")
            conn.execute("insert into answerd.source (brand_id, account_id, name, imported_at, heard_at, heard_until) select brand_id, account_id, "
                         "unnest(array['mentions', 'own']), now() - interval '29 days', now(), now() from answerd.account")
            conn.execute("insert into answerd.worker values ('w1', 1, now(), now() + interval '1 hour')")

    def say(self, who, text, ago="10 min", parent=None, kind=None, nature="question", named=True, about=False, name=None,
            ident=None, conn=None):
        """One message through ingest, as a page of its own (in the transaction of `conn`, if given); returns its id."""
        self.n += 1
        ident = ident or f"m{self.n}"
        own = who == "us"
        with contextlib.nullcontext(conn) if conn is not None else self.db.connect() as conn:
            v = conn.execute("select a.brand_id, a.account_id, a.epoch, s.source_id, s.poll_seq, answerd.us(answerd.now() - %s::interval) "
                             "from answerd.account a join answerd.source s using (account_id, brand_id) where s.name = %s",
                             (ago, "own" if own else "mentions")).fetchone()
            state = conn.execute(
                "select o_state from answerd.ingest(%s, %s, %s, %s, 'poll', %s, 'x', true, 0, %s::text[], %s::text[], array[null]::text[], "
                "array[null]::text[], %s::text[], %s::text[], array['public'], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], array[null]::text[], "
                "array[null]::text[], array[null]::text[], %s::bigint[], array[0]::bigint[], array[null]::text[], %s::text[], %s::bigint[], array['{}'], '{}', '{}', "
                "'{}', '{}', '{}', '{}')",
                (v[0], v[1], v[3], v[2], v[4], [ident], [parent],
                 [kind or ("reply" if parent else "post" if own else "mention")], ["outbound" if own else "inbound"],
                 [(1 if named and not own else 0) + (2 if about else 0)], [who], [who], [name or who.title()], [text], [v[5]], [nature],
                 [int.from_bytes(hashlib.md5(text.encode()).digest()[:7], "big")])).fetchone()[0]
        assert state == "ok"
        return ident

    def conversation(self, ident):
        return str(self.db.one("select c.conversation_id from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, "
                               "brand_id) where m.external_id = %s", ident))

    def staff(self, login, role="agent"):
        self.answer("staff", "add", login, "--name", login.title(), "--role", role, "--os-user", PEOPLE[login], code=0)

    def answer_as(self, login, *args):
        """The answer command as another user of this machine."""
        done = subprocess.run(["setpriv", f"--reuid={PEOPLE[login]}", "--clear-groups", program("answer"), "--desk", str(self.config.socket),
                               "--json", *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
        return done

    def raw(self, method, path, body=None, headers=None, connection=None):
        conn = connection or UnixConnection(self.config.socket)
        head = {"Content-Type": "application/json"} if body is not None else {}
        conn.request(method, path, body=None if body is None else json.dumps(body), headers={**head, **(headers or {})})
        return Answered(conn.getresponse())

    def tcp(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)


@pytest.fixture
def closed_shop(database):
    """Not opened yet. In a folder that other users of the machine can reach."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-desk-"))
    folder.chmod(0o755)
    config = Config(folder, database.conninfo)
    config.brand()
    shop = Shop(database, config)
    shop.port = free_port()
    config.desk["listen"] = [str(config.socket), f"127.0.0.1:{shop.port}"]
    yield shop
    shop.desk.kill()
    shutil.rmtree(folder, ignore_errors=True)
    shop.tap.done()


@pytest.fixture
def shop(closed_shop):
    closed_shop.desk.start().wait_ready()
    return closed_shop
