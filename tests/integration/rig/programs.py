"""Our programs as processes: start, kill, freeze, read what they say."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess

from rig.place import program
from rig.wait import wait_until


class Program:
    """A long-running one."""
    name = ""

    def __init__(self, config, folder, label=None, env=None):
        self.config = config
        self.label = label or self.name
        self.log_path = pathlib.Path(folder) / f"{self.label}.log"
        self.env = {**os.environ, "TZ": "UTC", **(env or {})}
        self.binary = program(self.name)
        self.process = None
        self.n_starts = 0

    def start(self):
        assert not self.is_running()
        self.config.write()
        self.n_starts += 1
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, "--config", str(self.config.path)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.env)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, at any instruction."""
        if self.is_running():
            self.process.kill()
        if self.process is not None:
            self.process.wait(10)

    def stop(self):
        """SIGTERM; must end by itself with 0."""
        if self.is_running():
            wait_until(lambda: self.catches(signal.SIGTERM), 10, f"{self.label} can be stopped")
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(30)
            assert code == 0, f"{self.label} ended with {code}:\n{self.log()}"

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def catches(self, number):
        """Whether it has come far enough to be told something; true too when it has ended."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            caught = next((int(line.split()[1], 16) for line in file if line.startswith("SigCgt:")), 0)
        return caught >> (number - 1) & 1 or not self.is_running()

    def reload(self):
        self.config.write()
        wait_until(lambda: self.catches(signal.SIGHUP), 10, f"{self.label} listens for SIGHUP")
        self.process.send_signal(signal.SIGHUP)

    def assert_small(self, mib=80):
        """Resident memory stays below I10's bound; sanitizers have needs of their own."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            rss = next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:"))
        assert rss < mib or "ANSWERD_SANITIZED" in os.environ, f"{self.label} holds {rss:.0f} MiB"

    def log(self, last=4000):
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-last:] if self.log_path.exists() else ""

    def assert_alive(self):
        """Ends a wait at once: a dead program does not come back."""
        if not self.is_running():
            raise RuntimeError(f"{self.label} ended with {self.process and self.process.returncode}:\n{self.log()}")


class Worker(Program):
    name = "answerd"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Desk(Program):
    name = "answerd-desk"

    def ask(self, path):
        """Status and words of what it answers on its socket; a test that only waits needs no command for each look."""
        connection = UnixConnection(self.config.socket)
        try:
            connection.request("GET", "/api/v1/" + path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"the desk does not answer: {error}") from error
        finally:
            connection.close()

    def get(self, path):
        status, body = self.ask(path)
        assert status == 200, f"{path}: {status}, {body[:500]}"
        return json.loads(body)

    def wait_ready(self, timeout=10):
        def up():
            self.assert_alive()
            return self.ask("queue?limit=1")[0] == 200
        wait_until(up, timeout, "the desk answers")
        return self


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"not JSON (exit {self.code}): {self.out[:500]!r} {self.err[:500]!r}") from None

    @property
    def items(self):
        return self.json["items"]


class Answer:
    """The `answer` command: `answer("queue", "--all").items`."""

    def __init__(self, config, socket=None):
        self.config, self.socket = config, socket or config.socket
        self.binary = program("answer")

    def __call__(self, *args, raw=False, text=None, timeout=60, code=None):
        command = [self.binary, "--desk", str(self.socket), *map(str, args)] + ([] if raw else ["--json"])
        done = subprocess.run(command, **({"input": text} if text is not None else {}), capture_output=True, text=True, timeout=timeout, check=False,
                              **({} if text is not None else {"stdin": subprocess.DEVNULL}))
        if code is not None:
            assert done.returncode == code, f"answer {args}: exit {done.returncode}, {done.stdout[:500]} {done.stderr[:500]}"
        return Result(done.returncode, done.stdout, done.stderr)

    def queue(self, *args):
        return self("queue", "--limit", "0", "--all", *args, code=0).items

    def verify(self):
        """Zero findings, or the test fails with their names."""
        result = self("verify", timeout=300)
        assert result.code == 0 and result.json["ok"], f"answer verify: exit {result.code}, {result.out[:2000]} {result.err[:500]}"


def migrate(config):
    """`answerd migrate`."""
    done = subprocess.run([program("answerd"), "migrate", "--config", str(config.write())], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, f"migrate: exit {done.returncode}\n{done.stdout}{done.stderr}"
