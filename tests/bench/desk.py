"""The desk under 1,000 requests a second for the queue at 50,000 waiting, with 500 event streams open, while messages go on being stored."""
import contextlib
import re
import selectors
import socket
import statistics
import subprocess
import threading
import time

import office

N_STREAMS, RATE, SECONDS, CONNECTIONS = 500, 1000, 10, 24
# A message every so often; what a stream hears of them is collected by the desk for 200 ms.
EVERY_S = 0.1


class Streams:
    """Pages that listen, and when each of them heard of what was told last."""

    def __init__(self, path, n):
        self.poll, self.heard, self.n_events = selectors.DefaultSelector(), {}, 0
        self.is_over = False
        for i in range(n):
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(path))
            one.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            one.setblocking(False)
            self.poll.register(one, selectors.EVENT_READ, i)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.is_over:
            for key, _ in self.poll.select(0.2):
                with contextlib.suppress(BlockingIOError):
                    while data := key.fileobj.recv(1 << 16):
                        n = len(re.findall(rb"event: queue\n", data))
                        self.n_events += n
                        if n or b"event: hello" in data:
                            self.heard[key.data] = time.monotonic()

    def wait_all(self, since, n):
        """How long until all of them have heard of something that was said then."""
        for _ in range(600):
            if len(self.heard) == n and min(self.heard.values()) >= since:
                return max(self.heard.values()) - since
            time.sleep(0.02)
        return float("nan")

    def end(self):
        self.is_over = True
        self.thread.join()


def store(shop, conn, seconds):
    """As a worker does, a message at a time: milliseconds of each."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        shop.say(f"guest{shop.n % 50}", f"Where is my parcel {shop.n}?", ago="1 min", conn=conn)
        took.append((time.monotonic() - begun) * 1000)
        conn.execute("select pg_notify('answerd_event', 'account:acme0_mastodon')")
        time.sleep(EVERY_S)
    return took


def part(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def run(cluster, folder, load, cpu_of, say, runs):
    """True: p99 under 20 ms, and what is stored takes at most twice as long."""
    found = []
    with office.office(cluster, folder, 50_000) as shop:
        who = shop.person("load")
        streams = Streams(shop.config.socket, N_STREAMS)
        try:
            with shop.db.connect() as conn:
                streams.wait_all(0, N_STREAMS)
                sessions = {r["pid"]: r["application_name"] for r in shop.db.rows("select pid, application_name from pg_stat_activity where application_name like 'answerd desk%%'")}
                for path in ["queue?limit=50", "queue?clocks=1&limit=50"] * runs:
                    quiet = store(shop, conn, 5)
                    before = cpu_of(shop.desk.process.pid), sum(map(cpu_of, sessions))
                    asking = subprocess.Popen([str(load), "127.0.0.1", str(shop.port), "/api/v1/" + path, who.cookie, str(RATE), str(SECONDS), str(CONNECTIONS)],
                                              stdout=subprocess.PIPE, text=True)
                    busy = store(shop, conn, SECONDS - 1)
                    n, bad, p50, p99, most, size, rate = (float(x) for x in asking.communicate(timeout=120)[0].split())
                    desk, server = cpu_of(shop.desk.process.pid) - before[0], sum(map(cpu_of, sessions)) - before[1]
                    said = time.monotonic()
                    conn.execute("select pg_notify('answerd_event', 'account:acme0_mastodon')")
                    told = streams.wait_all(said, N_STREAMS)
                    found.append((p99, part(busy, 0.5) / part(quiet, 0.5), bad))
                    say(f"  {path}: {rate:.0f} answers a second of {size / 1024:.0f} KiB, {bad:.0f} refused; p50 {p50:.1f}, p99 {p99:.1f}, longest {most:.0f} ms; CPU each: desk {desk / n * 1000:.2f}, "
                        f"PostgreSQL {server / n * 1000:.2f} ms; a message is stored in {part(busy, 0.5):.1f} ms (p99 {part(busy, 0.99):.1f}), without the load {part(quiet, 0.5):.1f} "
                        f"({part(quiet, 0.99):.1f}); {N_STREAMS} streams have an event after {told * 1000:.0f} ms")
        finally:
            streams.end()
    p99, slower = (statistics.median(column) for column in list(zip(*found))[:2])
    say(f"desk: {RATE} requests a second for the queue at 50,000 waiting, {N_STREAMS} streams open: p99 {p99:.1f} ms (goal < 20); storing takes {slower:.2f} × what it takes "
        "without (goal ≤ 2)")
    return p99 < 20 and slower <= 2 and not any(f[2] for f in found)
