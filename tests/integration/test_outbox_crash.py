"""The outbox when the worker is killed at a chosen place: before each system call that has an effect (RELIABILITY I8, §4)."""
import os
import pathlib
import shutil
import signal

import pytest

from rig import wait_until
from rig.platforms import capabilities
from rig.programs import Worker
from test_outbox import open_states
from test_outbox_lies import Site, answer_all, each_once

# What the world outside sees of a worker: connections, bytes, their ends; and each answer that it is about to read.
CALLS = ("connect", "sendto", "sendmsg", "write", "writev", "shutdown", "close", "recvfrom")
SOAK = "ANSWERD_SOAK" in os.environ


class Struck(Worker):
    """A worker under strace, which counts its calls, or kills it before one."""

    def begin(self, calls, more=""):
        wrapper = self.config.folder / "struck"
        program = Worker(self.config, self.config.folder).binary
        wrapper.write_text(f'#!/bin/sh\nexec strace -f -qq -o {self.counts} -e trace={calls} {more} {program} "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        self.binary = str(wrapper)
        return self.start()

    @property
    def counts(self):
        return self.config.folder / "calls.txt"

    def strike(self, call, n):
        """It will be killed before its n-th call of this name."""
        return self.begin(call, f"-e inject={call}:signal=SIGKILL:when={n}")

    def count(self):
        """{call: how often}, after it was killed; files and libraries that are closed at the start have no effect."""
        found = dict.fromkeys(CALLS, 0)
        for line in self.counts.read_text(encoding="utf-8", errors="replace").splitlines():
            call = line.split(maxsplit=1)[1].partition("(")[0]
            if call in found:
                found[call] += 1
        return found

    def kill(self):
        """strace and what it traces."""
        if self.is_running():
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            self.process.wait(20)


def some(points, n):
    """So many of them, evenly."""
    return points if SOAK else [points[i * len(points) // n] for i in range(min(n, len(points)))]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("connector, n_sample", (("mastodon", 12), ("telegram", 4), ("wordpress", 6)))
def test_crashpoints(house, connector, n_sample):
    """I8: from the start of the worker to the end of a reply, half of them under a lie, killed before the n-th call with an effect, for
    every call and every n (a sample outside of --soak crashpoints). Every reply once, or somebody is asked."""
    can = capabilities(connector)
    house.config.brand()["repeat_limit"] = 0
    site = Site(house, connector)
    house.config.brand()["accounts"]["acme_many"]["every"] = "5s"       # what listens has calls of its own
    house.begin(desk=False)
    struck = Struck(house.config, house.folder, "struck")
    house.workers.append(struck)
    lies = {"server": "many", "prob": 0.5, "how": ["applied_502", "applied_reset", "unapplied_reset", "unapplied_empty"]}

    # Counted first, with three replies of which nobody knows the first two at once.
    house.town.fault("lie", **{**lies, "prob": 1}, count=2)
    conversations = site.ask(3)
    house.worker.stop()
    texts = answer_all(house, conversations)
    struck.begin(",".join(CALLS))
    wait_until(lambda: not open_states(house), 60, "done without a kill")
    struck.kill()
    n_calls = struck.count()
    assert n_calls["sendto"] > 20 and n_calls["connect"] > 2, n_calls
    points = some([(call, n) for n in range(1, max(n_calls.values()) + 1) for call in CALLS if n <= n_calls[call]], n_sample)

    house.worker.start()
    conversations = site.ask(len(points), first=3)
    house.worker.stop()
    house.town.fault("lie", **lies, count=0, seed=7)
    n_struck = 0
    for i, (point, c) in enumerate(zip(points, conversations)):
        texts.update(answer_all(house, [c], first=3 + i))
        struck.strike(*point)
        wait_until(lambda: not struck.is_running() or not open_states(house), 120, f"killed before {point}, or done")
        n_struck += not struck.is_running()
        struck.kill()
    assert n_struck >= len(points) // 4, f"{n_struck} of {len(points)}"
    house.town.heal()
    house.worker.start()
    wait_until(lambda: not open_states(house), 180, "every reply ends")
    print(f"{connector}: killed at {n_struck} of {len(points)} points; {n_calls}")
    each_once(house, site, texts, can)
