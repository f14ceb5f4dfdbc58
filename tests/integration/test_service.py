"""answerd as a service: readiness, watchdog, stop (I12), units and their fences (S15), credentials (S1), completion."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest

from rig import wait_until
from rig.place import REPO, program
from rig.programs import Desk, Worker

UNITS = REPO / "systemd"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


class Manager:
    """What a service manager hears on $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def wait(self, word, n=1, timeout=20):
        wait_until(lambda: sum(line.startswith(word) for line in self.listen()) >= n, timeout, f"{n} times {word}, heard {self.heard}")


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.socket.close()


def under(manager, house, kind, label):
    """A program under this manager, with a watchdog of three seconds."""
    process = kind(house.config, house.folder, label, env={"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "3000000"})
    house.workers.append(process)
    return process


@pytest.mark.parametrize("kind", [Worker, Desk])
def test_ready_reload_watchdog_stop(house, manager, kind):
    """READY once database and schema are right, then pings; RELOADING with the manager's clock, then READY again; STOPPING, and exit 0."""
    house.mastodon("social", own="shop", people=("ann",))
    program_ = under(manager, house, kind, "managed").start()
    manager.wait("READY=1")
    manager.wait("WATCHDOG=1", 2)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    program_.reload()
    manager.wait("READY=1", 2)
    stamps = [int(line.split("=")[1]) for line in manager.heard if line.startswith("MONOTONIC_USEC=")]
    assert len(stamps) == 1 and before <= stamps[0] <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    order = [line for line in manager.heard if line in ("READY=1", "RELOADING=1")]
    assert order == ["READY=1", "RELOADING=1", "READY=1"]
    program_.stop()
    manager.wait("STOPPING=1")


@pytest.mark.parametrize("kind", [Worker, Desk])
def test_a_reload_while_it_starts(house, kind):
    """Asked for before anything is read: no death, and the file is read as it is then."""
    house.mastodon("social", own="shop", people=("ann",))
    for n in range(5):
        early = kind(house.config, house.folder, f"early{n}").start()
        house.workers.append(early)
        early.reload()
        wait_until(lambda: early.assert_alive() or "event=reloaded" in early.log(), 20, "it was taken")
        early.stop()


@pytest.mark.parametrize("kind", [Worker, Desk])
def test_not_ready_without_a_database(house, manager, kind):
    """A database that is away is waited for, without READY, whatever reloads come; SIGTERM ends the wait with 0; when it is there, READY."""
    house.mastodon("social", own="shop", people=("ann",))
    house.database.cluster.stop("immediate")
    try:
        waiting = under(manager, house, kind, "patient").start()
        manager.wait("STATUS=waiting for the database")
        waiting.reload()
        waiting.stop()
        n = sum(line.startswith("STATUS=waiting for the database") for line in manager.listen())
        again = under(manager, house, kind, "again").start()
        manager.wait("STATUS=waiting for the database", n + 1)
        again.process.send_signal(signal.SIGHUP)
        assert "READY=1" not in manager.listen()
    finally:
        house.database.cluster.start()
    manager.wait("READY=1", timeout=45)
    again.stop()


@pytest.mark.parametrize("kind", [Worker, Desk])
def test_not_ready_on_another_schema(house, manager, kind):
    """A schema of another version: never READY, exit 1 and a sentence that says what to do."""
    house.mastodon("social", own="shop", people=("ann",))
    house.database.rows("insert into answerd.schema_version (version, name) values (9999, 'from the future')")
    process = under(manager, house, kind, "refused").start()
    assert process.process.wait(20) == 1
    assert "READY=1" not in manager.listen()
    assert "9999" in process.log() and ("install the newer answerd" in process.log() or "answerd migrate" in process.log())


def test_a_stop_does_not_wait_for_a_slow_platform(shop):
    """SIGTERM while an answer drips: what is being stored is stored, the rest is let go; exit 0, well within 30 s."""
    shop.wait_for(shop.town.post("ann", "@shop one"))
    fault = shop.town.fault("stall", server="social", path="", count=0)
    wait_until(lambda: shop.town.hits(fault) > 0, 20, "an answer stalls")
    begun = time.monotonic()
    shop.worker.stop()
    assert time.monotonic() - begun < 15
    shop.town.heal()


def test_a_second_sigterm_ends_it_at_once(shop):
    """With the database frozen the first one waits for pages (25 s at most); the second one does not."""
    shop.wait_for(shop.town.post("ann", "@shop one"))
    pids = shop.database.column("select pid from pg_stat_activity where application_name like 'answerd%%' and datname = current_database()")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        shop.worker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "event=stopping" in shop.worker.log(), 10, "it stops")
        begun = time.monotonic()
        shop.worker.process.send_signal(signal.SIGTERM)
        assert shop.worker.process.wait(10) == 0 and time.monotonic() - begun < 5
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


# ---- units

@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units as installed, with the programs that were built."""
    folder = tmp_path_factory.mktemp("units")
    build = pathlib.Path(program("answerd")).parent
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.socket")]:
        (folder / unit.name).write_text(unit.read_text(encoding="utf-8").replace("@sbindir@", str(build)), encoding="utf-8")
    return folder


@needs_systemd
def test_units_verify(units):
    """systemd-analyze verify has nothing to say."""
    names = sorted(str(u) for u in units.iterdir())
    assert len(names) == 5
    done = subprocess.run([ANALYZE, "verify", "--man=no", *[n.replace("@.service", "@x.service") for n in names if "@" not in n], *[n for n in names if "@" in n]],
                          capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "answerd" in line]
    assert done.returncode == 0 and not ours, done.stdout + done.stderr


@needs_systemd
@pytest.mark.parametrize("unit,most", [("answerd.service", 1.5), ("answerd-desk.service", 0.5), ("answerd-migrate.service", 0.5), ("answerd-failed@.service", 1.5)])
def test_units_are_fenced(units, unit, most):
    """systemd-analyze security, offline: at most 1.5 for the worker, 0.5 for the desk."""
    done = subprocess.run([ANALYZE, "security", "--offline=true", "--no-pager", f"--threshold={round(most * 10)}", str(units / unit)],
                          capture_output=True, text=True, timeout=120, check=False)
    rating = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert rating and float(rating.group(1)) <= most and done.returncode == 0, done.stdout[-3000:] + done.stderr


def allowed(unit):
    """The system calls that a unit's filter lets through."""
    def calls(group):
        text = subprocess.run([ANALYZE, "syscall-filter", group], capture_output=True, text=True, timeout=60, check=True).stdout
        found = set()
        for line in text.splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                found |= calls(word)
            elif word and not word.startswith("#"):
                found.add(word)
        return found
    result = calls("@default")
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line.startswith("SystemCallFilter="):
            for word in line.partition("=")[2].lstrip("~").split():
                result = result - calls(word) if "=~" in line else result | calls(word)
    return result


@needs_systemd
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif("ANSWERD_SANITIZED" in os.environ, reason="a sanitizer has system calls of its own")
def test_the_filter_lets_through_what_they_need(house, units):
    """Every system call of a working worker and desk, from start to stop, passes the filter of its unit."""
    house.mastodon("social", own="shop", people=("ann",))
    traced = {}
    for kind, unit in ((Worker, "answerd.service"), (Desk, "answerd-desk.service")):
        process = kind(house.config, house.folder)
        out = house.folder / f"{process.name}.strace"
        wrapper = house.folder / f"traced-{process.name}"
        wrapper.write_text(f'#!/bin/sh\nexec strace -f -qq --seccomp-bpf -o {out} {process.binary} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        process.binary = str(wrapper)
        house.workers.append(process)
        process.start()
        traced[unit] = (process, out)
    house.desk = house.workers[1]
    house.desk.wait_ready(30)
    house.wait_for(house.town.post("ann", "@shop one"), timeout=30)
    house.wait_waiting("ann")
    for process, _ in traced.values():
        process.process.send_signal(signal.SIGHUP)
    house.wait_for(house.town.post("ann", "@shop two"), timeout=30)
    for process in list(house.workers):
        child = pathlib.Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(child[0]), signal.SIGTERM)
        assert process.process.wait(30) == 0
    for unit, (_, out) in traced.items():
        used = set(re.findall(r"^\d+ +([a-z0-9_]+)\(", out.read_text(encoding="utf-8", errors="replace"), re.M))
        assert len(used) > 20 and not used - allowed(units / unit), f"{unit}: {sorted(used - allowed(units / unit))}"
    house.desk = None
    house.workers.clear()


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed")
def test_users_and_folders(tmp_path):
    """sysusers makes three users, of whom worker and desk share a group only; tmpfiles makes folders that strangers cannot read."""
    (tmp_path / "etc").mkdir()
    done = subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(UNITS / "sysusers.conf")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    users = (tmp_path / "etc" / "passwd").read_text(encoding="utf-8")
    assert set(re.findall(r"^(answerd\w*):", users, re.M)) == {"answerd", "answerd_worker", "answerd_desk"}
    group = re.search(r"^answerd:[^:]*:\d+:(.*)$", (tmp_path / "etc" / "group").read_text(encoding="utf-8"), re.M).group(1)
    assert set(group.split(",")) == {"answerd_worker", "answerd_desk"}
    if os.geteuid() == 0:
        done = subprocess.run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(UNITS / "tmpfiles.conf")], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "etc" / "answerd" / "credentials").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "etc" / "answerd").stat().st_mode & 0o777 == 0o750


def test_a_folder_of_credentials(house):
    """LoadCredential=answerd:FOLDER hands FOLDER/NAME over as answerd_NAME: "credential:NAME" finds it, and it is nowhere else."""
    house.mastodon("social", own="shop", people=("ann",))
    account = house.config.brands["acme"]["accounts"]["acme_social"]
    token = pathlib.Path(account["token"].removeprefix("file:")).read_text(encoding="utf-8").strip()
    account["token"] = "credential:acme_social"
    folder = house.folder / "credentials"
    folder.mkdir()
    (folder / "answerd_acme_social").write_text(token + "\n", encoding="utf-8")
    worker = Worker(house.config, house.folder, env={"CREDENTIALS_DIRECTORY": str(folder)})
    house.workers.append(worker)
    worker.start()
    house.wait_for(house.town.post("ann", "@shop hello"))
    assert token not in worker.log(1_000_000)
    for place in ("environ", "cmdline"):
        try:
            assert token.encode() not in pathlib.Path(f"/proc/{worker.process.pid}/{place}").read_bytes()
        except PermissionError:
            assert os.geteuid() != 0    # nobody but root may look


# ---- package (the rest: ./run test --soak package)

def test_the_package_names_what_it_is_built_with():
    """What ./run installs for building is what the package says it is built with."""
    run = (REPO / "run").read_text(encoding="utf-8")
    ours = set(re.search(r"packages_build=\(([^)]*)\)", run).group(1).split()) - {"gcc", "ninja-build"}
    control = (REPO / "systemd" / "debian" / "control").read_text(encoding="utf-8")
    theirs = {re.split(r"[ (:]", d.strip())[0] for d in re.search(r"^Build-Depends: (.*?)\n(?! )", control, re.M | re.S).group(1).split(",")}
    assert ours == theirs - {"debhelper-compat", "dh-sequence-installsysusers"}


# ---- completion

def complete(name, *words):
    """What bash offers behind these words."""
    script = f"""
        PATH={pathlib.Path(program(name)).parent}:$PATH
        . {UNITS / 'completion' / name}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        $(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", name, *words], capture_output=True, text=True, timeout=30, check=False)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


def test_completion_knows_every_command():
    """What the programs' own tables say, and nothing else."""
    table = (REPO / "daemon" / "answer" / "commands.c").read_text(encoding="utf-8")
    commands = set(re.findall(r'^\t\{ "([a-z-]+)",', table, re.M))
    assert {"queue", "show", "staff", "verify"} <= commands and complete("answer", "") == commands
    assert complete("answer", "staff", "") == {"list", "add", "link", "role", "email", "disable"}
    assert "--os-user" in complete("answer", "staff", "add", "eve", "--") and "--json" in complete("answer", "queue", "--")
    assert complete("answer", "que") == {"queue"}
    said = subprocess.run([program("answerd"), "--help"], capture_output=True, text=True, timeout=10, check=True).stdout
    assert complete("answerd", "") == set(re.findall(r"^  answerd ([a-z][a-z-]*)", said, re.M)) >= {"migrate", "check-config", "platforms", "digest"}
    assert complete("answerd", "check-config", "--") >= {"--show", "--config"}
    assert complete("answerd", "connect", "x", "--") >= {"--brand", "--code", "--credentials", "--port", "--redirect", "--replace", "--write"}
    platforms = {p["name"] for p in json.loads(subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, text=True, timeout=10,
                                                             check=True).stdout) if p["status"] == "live"}
    assert complete("answerd", "digest", "") == platforms
    assert complete("answerd-desk", "--") == {"--config", "--version", "--help"}


class Zsh:
    """A shell that a person sits at: what stands in the line after a tab."""

    def __init__(self, folder):
        functions = folder / "zsh"
        functions.mkdir(exist_ok=True)
        for name in ("answer", "answerd", "answerd-desk"):
            shutil.copy(UNITS / "completion" / name, functions / f"_{name}")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(PATH=f"{pathlib.Path(program('answer')).parent}:{os.environ['PATH']}", TERM="dumb", PS1="> ", COLUMNS="200")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.said = ""
        self.until("> ")
        self.line(f"fpath=({functions} $fpath); autoload -U compinit && compinit -u -D; LISTMAX=500; echo rea''dy", "ready\r\n")

    def until(self, words, timeout=20):
        def there():
            if select.select([self.terminal], [], [], 0)[0]:
                self.said += os.read(self.terminal, 4096).decode("utf-8", "replace")
            return words in self.said
        wait_until(there, timeout, lambda: f"{words!r} in {self.said!r}")

    def line(self, typed, wanted, timeout=20):
        self.said = ""
        os.write(self.terminal, typed.encode() + (b"" if typed.endswith("\t") else b"\n"))
        self.until(wanted, timeout)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_completion_in_zsh(tmp_path):
    """The same file, found by compinit: a tab completes, or shows what there is with what it means."""
    for typed, wanted in (("answer que\t", "answer queue "), ("answer staff d\t", "answer staff disable "), ("answer reply --al\t", "--also "),
                          ("answer staff \t", "add      -- A new member of staff"), ("answerd mig\t", "answerd migrate "),
                          ("answerd digest bluesk\t", "answerd digest bluesky "), ("answerd-desk --vers\t", "--version "),
                          (f"answerd --config {tmp_path}/zs\t", "/zsh/")):
        shell = Zsh(tmp_path)
        try:
            shell.line(typed, wanted)
            assert "_answer" not in shell.said and "not found" not in shell.said, shell.said
        finally:
            shell.close()
