"""GET events: what changes is told to every page that is open, and nothing is missed (daemon/desk/events.h)."""
import contextlib
import http.client
import json
import socket
import threading
import time

from rig import wait_until
from rig.door import newcomer
from rig.front import UnixConnection, closed_shop, shop  # noqa: F401 (fixtures)


class Listener:
    """One page: reads its stream in a thread."""

    def __init__(self, shop, last=None, query=""):
        self.conn = UnixConnection(shop.config.socket)
        self.conn.request("GET", "/api/v1/events" + query, headers={"Last-Event-ID": last} if last else {})
        self.sock = self.conn.sock
        self.answer = self.conn.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.heard, self.last, self.is_over = [], last, False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        try:
            while line := self.answer.readline():
                line = line.decode().rstrip("\n")
                if line == "" and event:
                    self.last = event.get("id", self.last)
                    self.heard.append((event.get("event"), json.loads(event.get("data", "{}"))))
                    event = {}
                elif not line.startswith(":") and line:
                    name, _, value = line.partition(": ")
                    event[name] = value
        except (OSError, http.client.HTTPException, ValueError, AttributeError):  # closed under it
            pass
        self.is_over = True

    def all(self, kind):
        return [what for name, what in self.heard if name == kind]

    def wait(self, kind, test=lambda what: True):
        return wait_until(lambda: next(([what] for what in self.all(kind) if test(what)), None), 30, f"an event {kind}; heard {self.heard}")[0]

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)  # its reader is in the middle of it
        self.conn.close()


def wave(shop, ids):
    shop.db.rows("select pg_notify('answerd_event', 'conversation:' || x) from unnest(%s::bigint[]) x", ids)


def test_acts_are_told(shop):
    """An act of staff reaches every page, as the ids of what changed; many in a moment are one event."""
    c = shop.conversation(shop.say("ann", "Where?"))
    one, two = Listener(shop), Listener(shop)
    one.wait("hello")
    two.wait("hello")
    assert one.answer.getheader("Content-Type") == "text/event-stream" and "script-src 'self'" in one.answer.getheader("Content-Security-Policy")
    shop.answer("take", c, code=0)
    for page in (one, two):
        for kind in ("queue", "conversation"):
            assert page.wait(kind, lambda what: c in what["conversations"])["all"] is False
    before = len(one.all("queue"))
    wave(shop, list(range(1000, 1100)))
    one.wait("queue", lambda what: len(what["conversations"]) == 100)
    wave(shop, list(range(2000, 2150)))
    one.wait("queue", lambda what: what["all"] is True)
    assert len(one.all("queue")) <= before + 4
    one.close()
    two.close()


def test_what_was_missed_is_caught_up(shop):
    """Who comes back with the id of the last event gets those since; who was away for too long, or over a restart, is told to reload."""
    page = Listener(shop)
    wave(shop, [7])
    page.wait("queue")
    wait_until(lambda: page.all("conversation"), 10)
    page.close()
    wave(shop, [8])
    wave(shop, [9])
    later = Listener(shop)
    later.wait("hello")
    wave(shop, [10])
    later.wait("queue", lambda what: "10" in what["conversations"])
    for again in (Listener(shop, last=page.last), Listener(shop, query="?last=" + page.last)):
        again.wait("queue", lambda what: "8" in what["conversations"])
        again.wait("queue", lambda what: "10" in what["conversations"])
        assert not again.all("reload") and not any("7" in what["conversations"] for what in again.all("queue"))
        again.close()
    for odd in ("1", "999999999999999999", "x"):
        lost = Listener(shop, last=odd)
        lost.wait("reload")
        lost.close()
    shop.desk.stop()
    wait_until(lambda: later.is_over, 10, "the desk's end ends its streams")
    shop.desk.start().wait_ready()
    after = Listener(shop, last=later.last)
    after.wait("reload")
    after.close()


def test_a_database_that_was_away_means_reload(shop):
    """What was notified meanwhile is lost: every page fetches again."""
    page = Listener(shop)
    page.wait("ping")
    shop.db.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'answerd desk ear'")
    page.wait("reload")
    page.close()


def test_who_may_not_any_more_hears_nothing(shop):
    """A stream ends with the right to it."""
    shop.staff("ann")
    listening = Listener(shop)
    listening.wait("ping")
    mine = shop.db.one("select staff_id from answerd.staff where login = 'admin'")
    shop.db.rows("update answerd.staff set disabled_at = now() where staff_id = %s", mine)
    shop.db.rows("select pg_notify('answerd_event', 'staff:1')")
    wait_until(lambda: listening.is_over, 10, "its stream ends")


def test_who_goes_while_all_are_judged_hears_nothing(shop):
    """A judgement that was on its way has not seen it: there is another one behind it."""
    ann = newcomer(shop, "ann")
    stream = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=30)
    stream.request("GET", "/api/v1/events", headers={"Cookie": f"__Host-session={ann.cookie}"})
    hear([stream.sock], b"event: ping")
    other = Listener(shop)
    other.wait("ping")
    shop.db.rows("create or replace function answerd.session_most() returns interval language plpgsql volatile as "
                 "$$ begin perform pg_advisory_xact_lock_shared(4711); return '12 hours'; end $$")
    judging = "select count(*) from pg_stat_activity where application_name = 'answerd desk' and wait_event = 'advisory'"
    with shop.db.connect() as gate, gate.transaction():
        gate.execute("select pg_advisory_xact_lock(4711)")     # in the middle of the statement: what it has read stays as it was
        shop.db.rows("select pg_notify('answerd_event', 'staff:1')")
        wait_until(lambda: shop.db.one(judging) == 1, 10, "it is on its way")
        shop.db.rows("update answerd.staff set disabled_at = now() where login = 'ann'")
        shop.db.rows("select pg_notify('answerd_event', 'staff:1 conversation:99')")
        other.wait("queue", lambda what: "99" in what["conversations"])
    wait_until(lambda: metrics_streams(shop) == 1, 10, "ann's stream ends")
    stream.close()
    other.close()


def test_a_slow_page_is_dropped_and_costs_nothing(shop):
    """One that does not read holds a bounded buffer, is dropped, and comes back for what it missed."""
    slow = socket.socket(socket.AF_UNIX)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(str(shop.config.socket))
    slow.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    quick = Listener(shop)
    quick.wait("ping")

    def wave_on():
        wave(shop, list(range(100_000_000_000_000, 100_000_000_000_100)))
        shop.db.rows("select pg_notify('answerd_event', 'reply:' || x || ' account:' || repeat(chr(97 + x % 16), 120)) from generate_series(1, 100) x")
        seen = len(quick.all("queue"))
        wait_until(lambda: len(quick.all("queue")) > seen, 10)
        return gone()

    def gone():
        return shop.db is not None and metrics_streams(shop) == 1
    wait_until(wave_on, 120, "the slow one is dropped")
    slow.close()
    quick.close()


def hear(pages, word):
    for s in pages:
        data = b""
        while word not in data:
            part = s.recv(4096)
            assert part, f"closed after {data[:200]}"
            data += part


def metrics_streams(shop):
    body = shop.raw("GET", "/metrics").body
    return next(int(float(line.split()[1])) for line in body.split("\n") if line.startswith("answerd_desk_streams "))


def test_a_page_that_was_left_is_noticed(shop):
    """Who goes away without a word does not hold a stream until the next beat: a person has 32 of them."""
    pages = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(shop.config.socket))
        s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        s.settimeout(30)
        pages.append(s)
    hear(pages, b"event: hello")
    assert metrics_streams(shop) == 40
    for s in pages[10:]:
        s.close()
    wait_until(lambda: metrics_streams(shop) == 10, 20, "those who left are gone")
    for s in pages[:10]:
        s.close()
    wait_until(lambda: metrics_streams(shop) == 0, 20, "all are gone")


def test_five_hundred_pages(shop):
    """500 streams at once: each hears within a second or so, the desk stays small, and goes at once."""
    begun = time.monotonic()
    pages = []
    for n in range(500):
        if n % 100 == 0:
            hear(pages[-100:], b"event: ping")  # more at once than the desk has statements waiting would be told to come again
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(shop.config.socket))
        s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        s.settimeout(30)
        pages.append(s)
    hear(pages[-100:], b"event: ping")
    sent = time.monotonic()
    wave(shop, [4711])
    hear(pages, b"4711")
    heard = time.monotonic()
    assert metrics_streams(shop) == 500
    print(f"opened in {sent - begun:.2f} s, all heard in {heard - sent:.2f} s")
    shop.desk.assert_small(80)
    assert shop.answer("queue").code == 0
    shop.desk.stop()
    for s in pages:
        s.close()
