"""Memory stays flat (issue 6's last proof): worker and desk under everything at once, for an hour; what they hold is sampled, and its slope judged."""
import contextlib
import json
import os
import re
import socket
import threading
import time

import pytest
from rig.front import Answered, UnixConnection

SECONDS = int(os.environ.get("ANSWERD_FLAT_SECONDS", "3600"))
# Until rings are full, plans are made, and every kind of page was asked for once.
WARM = max(60, SECONDS // 4)
STREAMS, PEOPLE, PACE_S = 50, 3, 0.5
MOST_KIB = 1024


def resident(program):
    """KiB, without what is shared with the file it runs from."""
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))


def slope(samples):
    """What the straight line through [(s, KiB)] gains over their span."""
    mean_t, mean_m = (sum(column) / len(samples) for column in zip(*samples))
    rise = sum((t - mean_t) * (m - mean_m) for t, m in samples) / sum((t - mean_t) ** 2 for t, _ in samples)
    return rise * (samples[-1][0] - samples[0][0])


class Load:
    """People at the desk, pages that come and go, customers who write."""

    def __init__(self, house):
        self.house, self.until, self.errors = house, time.monotonic() + SECONDS, []
        self.n = dict.fromkeys(("requests", "refused", "questions", "replies", "streams", "pages"), 0)

    def run(self, does, pace):
        def loop():
            try:
                while time.monotonic() < self.until and not self.errors:
                    does()
                    time.sleep(pace)  # a pace, no wait for a state
            except Exception as e:  # noqa: BLE001 (told by the test)
                self.errors.append(repr(e))
        thread = threading.Thread(target=loop)
        thread.start()
        return thread

    def ask(self, method, path, body=None, good=(200,)):
        conn = UnixConnection(self.house.config.socket)
        try:
            conn.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"} if body is not None else {})
            answer = Answered(conn.getresponse())
        finally:
            conn.close()
        assert answer.status in good, (method, path, answer.status, answer.body[:300])
        self.n["requests"] += 1
        self.n["refused"] += answer.status != 200
        return answer

    def api(self, path, body=None, good=(200,)):
        return self.ask("GET" if body is None else "POST", "/api/v1/" + path, body, good).json

    def customer(self):
        n = self.n["questions"] = self.n["questions"] + 1
        self.house.town.post(("ann", "bob", "cid")[n % 3], f"@shop question number {n}: where is my parcel?")

    def person(self):
        """One round: the queue in several ways, the oldest conversation, some of all acts, an answer."""
        items = self.api("queue?clocks=1&limit=50")["items"]
        for path in ("queue/counts", "queue?by=due&limit=200", "queue?mine=1", "sources", "alerts", "views", "session", "openapi.json", "queue?limit=x"):
            self.api(path, good=(200, 400))
        self.api("search?q=parcel&limit=20")
        self.api("reports/times", good=(200, 400, 404))
        for entry in items[:2]:
            at = f"conversations/{entry['id']}"
            self.api(at)
            self.api(f"customers/{entry['customer']['id']}", good=(200, 404))
            some = (200, 400, 404, 409, 422)
            self.api(f"{at}/claim", {}, some)
            self.api(f"{at}/notes", {"text": "I have asked the depot."}, some)
            self.api(f"{at}/tags", {"add": ["parcel"]}, some)
            self.api(f"{at}/presence", {"typing": True}, some)
            self.api(f"{at}/measure", {"text": "It left us today."}, some)
            done = self.api(f"{at}/replies", {"text": f"It left us today, {entry['id']} {time.monotonic():.3f}."}, some)
            self.n["replies"] += "id" in done
        for entry in items[20:]:    # the queue does not grow for ever
            self.api(f"conversations/{entry['id']}/dismiss", {"reason": "spam"}, (200, 400, 404, 409, 422))

    def page(self):
        """A page opens: index, its modules, some of them once more with their tag."""
        index = self.ask("GET", "/")
        for path in re.findall(r'"(/static/[^"]+)"', index.body)[:8]:
            answer = self.ask("GET", path)
            assert answer.body
        self.ask("GET", "/metrics")
        self.ask("GET", "/healthz", good=(200, 503))
        self.n["pages"] += 1


class Streams:
    """Pages that listen: the oldest few are left and opened anew."""

    def __init__(self, load):
        self.load, self.open = load, []

    def turn(self):
        while len(self.open) > STREAMS - 3:
            self.open.pop(0).close()
        while len(self.open) < STREAMS:
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(self.load.house.config.socket))
            one.sendall(b"GET /api/v1/events?last=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            one.setblocking(False)
            self.open.append(one)
            self.load.n["streams"] += 1
        for one in self.open:
            with contextlib.suppress(BlockingIOError):
                while one.recv(65536):
                    pass


@pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak flat")
def test_an_hour_is_flat(shop):
    """After a warm-up of a quarter the line through what worker and desk hold gains less than one MiB."""
    load = Load(shop)
    streams = Streams(load)
    threads = [load.run(load.customer, 1.0), load.run(load.page, 2.0), load.run(streams.turn, 0.5)] + [load.run(load.person, PACE_S) for _ in range(PEOPLE)]
    begun, samples = time.monotonic(), {"worker": [], "desk": []}
    while time.monotonic() < load.until and not load.errors:
        time.sleep(5)  # a sample every so often
        at = time.monotonic() - begun
        for name, program in (("worker", shop.worker), ("desk", shop.desk)):
            program.assert_alive()
            samples[name].append((at, resident(program)))
        if len(samples["desk"]) % 12 == 0:
            print(f"{at:.0f} s: worker {samples['worker'][-1][1]} KiB, desk {samples['desk'][-1][1]} KiB, {load.n}", flush=True)
    for thread in threads:
        thread.join(60)
    assert load.errors == []
    late = {name: [s for s in all_ if s[0] > WARM] for name, all_ in samples.items()}
    gained = {name: round(slope(some)) for name, some in late.items()}
    held = {name: (some[0][1], max(m for _, m in some)) for name, some in late.items()}
    print(f"{SECONDS} s, after {WARM} s of warming up: gained {gained} KiB by the line; first and most {held} KiB; {load.n}")
    assert all(g < MOST_KIB for g in gained.values()), gained
    assert load.n["replies"] > 0 and load.n["streams"] > STREAMS
