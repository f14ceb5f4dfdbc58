"""A worker whose wall clock jumps while everybody else keeps the true time (RELIABILITY I6): Debian's libfaketime, told by a file."""
import calendar
import pathlib
import subprocess
import time

import pytest

from rig.place import program

LIBRARY = "faketime/libfaketime.so.1"


def library():
    found = next(pathlib.Path("/usr/lib").glob("*/" + LIBRARY), None)
    if found is None:
        pytest.skip("libfaketime is not installed (./run test does it)")
    return str(found)


def preloads(binary):
    """A sanitizer's runtime wants to be first; then the clock."""
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    runtimes = [line.split("=>")[1].split()[0] for line in linked.splitlines() if "=>" in line and ("libasan" in line or "libubsan" in line)]
    return runtimes + [library()]


class WallClock:
    """Makes one program's wall clock wrong; its monotonic clocks stay true."""

    def __init__(self, folder):
        self.path = folder / "wall.clock"
        self.jump(0)

    def env(self):
        return {"LD_PRELOAD": " ".join(preloads(program("answerd"))), "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}

    def jump(self, seconds):
        """From now on it is wrong by so much. The file is replaced whole: a reader sees the old or the new one."""
        new = self.path.with_suffix(".new")
        new.write_text(f"{'-' if seconds < 0 else '+'}{abs(int(seconds))}\n", encoding="ascii")
        new.rename(self.path)

    def jump_to(self, text):
        """It believes that this is now: '2038-01-19 03:14:06' (UTC)."""
        self.jump(calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")) - time.time())
