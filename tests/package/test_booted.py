"""The package in a Debian that is booted: systemd as process 1 of a namespace of its own starts, watches, restarts, reloads and stops what it
installed, with every fence of the units, and tells when it cannot (S15, I4, I11, I12)."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from shell import ENV, call

CONF = """
database = "host=/run/postgresql dbname=answerd";
desk = { listen = ["/run/answerd/desk.sock"]; };
brands = { acme = { timezone = "Europe/London"; accounts = {
  acme_social = { platform = "mastodon"; server = "http://127.0.0.1:9"; insecure_loopback = true; token = "credential:acme_social"; every = "2s"; };
}; }; };
channels = { log = { type = "journal"; }; };
health = { notify = ["log"]; heartbeat = { channel = "log"; every = "1h"; }; };
"""
CANARY = "canary-of-the-credentials"


def wait_until(condition, timeout, what):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not within {timeout} s: {what() if callable(what) else what}"
        time.sleep(0.3)


class Machine:
    """A Debian that runs."""

    def __init__(self, root, cgroup, folder):
        self.root, self.cgroup, self.pid = root, cgroup, 0
        with open(folder / "boot.log", "wb") as log:
            self.process = subprocess.Popen(["sh", str(pathlib.Path(__file__).with_name("boot.sh")), str(root), str(cgroup)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=ENV, start_new_session=True)
        wait_until(self.is_booted, 90, lambda: (folder / "boot.log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def is_booted(self):
        assert self.process.poll() is None, "systemd ended"
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
        self.pid = int(children[0]) if children else 0
        return self.pid and self.run("systemctl", "is-system-running")[1].strip().splitlines()[-1:] in (["running"], ["degraded"])

    def run(self, *command, timeout=120):
        return call("nsenter", "-t", self.pid, "-m", "-p", "-u", "-i", "-n", "-C", *command, timeout=timeout)

    def must(self, *command, **more):
        code, output = self.run(*command, **more)
        assert code == 0, f"{command}: {output[-3000:]}\n{self.journal()[-3000:]}"
        return output

    def journal(self, *units):
        return self.run("journalctl", "--no-pager", "-o", "cat", *[x for u in units for x in ("-u", u)])[1]

    def show(self, unit, name):
        return self.must("systemctl", "show", unit, "-p", name, "--value").strip()

    def status(self, unit):
        """What the kernel says of its main process."""
        pid = self.show(unit, "MainPID")
        return dict(line.split(":\t", 1) for line in self.must("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)

    def signal(self, name, pid):
        self.must("sh", "-c", f"kill -{name} {pid}")    # a small Debian has no /bin/kill

    def wait_active(self, *units, timeout=60):
        wait_until(lambda: all(self.run("systemctl", "is-active", u)[0] == 0 for u in units), timeout,
                   lambda: self.run("systemctl", "--no-pager", "status", *units)[1])

    def off(self):
        self.process.kill()     # unshare takes process 1 with it, and process 1 all the others
        self.process.wait(20)
        wait_until(lambda: not (self.cgroup / "cgroup.procs").read_text(encoding="ascii").strip() and self.remove_cgroups(), 20, "its processes end")

    def remove_cgroups(self):
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True


@pytest.fixture(scope="module")
def machine(package, debian, tmp_path_factory):
    trees = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines() if line.split()[2] == "cgroup2"]
    if os.geteuid() != 0 or shutil.which("nsenter") is None or not trees or call("unshare", "--mount", "--pid", "--fork", "--cgroup", "true")[0] != 0:
        pytest.skip("another systemd needs root, namespaces and a tree of cgroups")
    root = debian("systemd", "systemd-sysv", "dbus", "postgresql-15")
    shutil.copy(package, root / "root" / "answerd.deb")
    machine = Machine(root, pathlib.Path(trees[0]) / f"answerd-test-{os.getpid()}", tmp_path_factory.mktemp("boot"))
    try:
        # As README.Debian says.
        machine.must("dpkg", "-i", "/root/answerd.deb")
        for line in ("createuser --createrole answerd", "createuser answerd_worker", "createuser answerd_desk", "createdb answerd --owner=answerd"):
            machine.must("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *line.split())
        (root / "etc/answerd/answerd.conf").write_text(CONF, encoding="utf-8")
        secret = root / "etc/answerd/credentials/acme_social"
        secret.write_text(CANARY + "\n", encoding="utf-8")
        secret.chmod(0o600)
        machine.must("answerd", "check-config")
        yield machine
    finally:
        machine.off()


def test_it_starts_behind_its_fences(machine):
    """Migrated, started, ready; without a capability, with its filter of system calls; the credential is the worker's alone."""
    assert machine.run("systemctl", "is-active", "answerd")[0] != 0, "nothing starts before there is a configuration"
    machine.must("systemctl", "restart", "answerd-desk.socket", "answerd-desk", "answerd")
    machine.wait_active("answerd", "answerd-desk", "answerd-desk.socket")
    wait_until(lambda: "1 of 1 accounts" in machine.show("answerd", "StatusText"), 30, "it says what it does")
    assert machine.show("answerd-migrate", "Result") == "success"
    for unit, user in (("answerd", "answerd_worker"), ("answerd-desk", "answerd_desk")):
        status = machine.status(unit)
        assert (status["CapEff"], status["CapBnd"], status["NoNewPrivs"], status["Seccomp"]) == ("0" * 16, "0" * 16, "1", "2"), status
        assert status["Uid"].split()[0] == machine.must("id", "-u", user).strip()
    pid = machine.show("answerd", "MainPID")
    inside = machine.must("nsenter", "-t", pid, "-m", "sh", "-c", "touch /etc/x 2>&1; touch /usr/x 2>&1; ls /home 2>&1; ls -d /proc/1 2>&1; ls /dev/kmsg 2>&1; true")
    assert inside.count("Read-only file system") == 2 and "/dev/kmsg" not in inside.replace("cannot access '/dev/kmsg'", ""), inside
    assert machine.run("setpriv", "--reuid=answerd_desk", "--regid=answerd", "--clear-groups", "cat", "/run/credentials/answerd.service/answerd_acme_social")[0] != 0
    assert "acme_social mentions" in machine.must("answer", "sources")
    machine.must("answer", "verify")
    code, output = machine.run("setpriv", "--reuid=nobody", "--clear-groups", "answer", "queue")
    assert code == 4 and "answer staff add" in output
    assert CANARY not in machine.journal()


def test_a_reload(machine):
    """A changed configuration is taken, a broken one refused and told, and the unit stays as it is."""
    pid, conf = machine.show("answerd", "MainPID"), machine.root / "etc/answerd/answerd.conf"
    machine.must("systemctl", "reload", "answerd")
    wait_until(lambda: "event=reloaded" in machine.journal("answerd"), 20, "it is taken")
    conf.write_text(CONF + "brands = 3;\n", encoding="utf-8")
    machine.must("systemctl", "reload", "answerd")
    wait_until(lambda: "The changed configuration was refused" in machine.journal("answerd"), 30, "the refusal is told")
    conf.write_text(CONF, encoding="utf-8")
    machine.must("systemctl", "reload", "answerd", "answerd-desk")
    wait_until(lambda: "what was wrong with it is over" in machine.journal("answerd"), 30, "its end is told")
    assert machine.show("answerd", "MainPID") == pid and machine.show("answerd", "NRestarts") == "0"


def test_a_dead_and_a_frozen_worker_come_back(machine):
    """Killed: it is there again in seconds. Frozen: the watchdog ends it, and it is there again."""
    pid = machine.show("answerd", "MainPID")
    machine.signal("KILL", pid)
    wait_until(lambda: machine.show("answerd", "MainPID") not in (pid, "0"), 20, "it is started again")
    machine.wait_active("answerd")
    pid = machine.show("answerd", "MainPID")
    machine.signal("STOP", pid)
    wait_until(lambda: machine.show("answerd", "MainPID") not in (pid, "0"), 90, "the watchdog has ended it")
    assert "Watchdog timeout" in machine.journal("answerd")
    machine.wait_active("answerd")
    wait_until(lambda: "acme_social mentions" in machine.run("answer", "sources")[1], 30, "it works")


def test_without_its_database(machine):
    """It stays, tells after half a minute without the database, and goes on when it is back."""
    pid = machine.show("answerd", "MainPID")
    machine.must("systemctl", "stop", "postgresql")
    wait_until(lambda: "event=database_away" in machine.journal("answerd"), 90, "it is told")
    machine.must("systemctl", "start", "postgresql")
    wait_until(lambda: "reaches its database again" in machine.journal("answerd"), 90, "its end is told")
    machine.wait_active("answerd", "answerd-desk")
    assert machine.show("answerd", "MainPID") == pid
    wait_until(lambda: machine.run("answer", "verify")[0] == 0, 30, "the desk answers")


def test_what_cannot_start_is_told(machine):
    """A schema of the future: after its attempts the unit fails, and the teller says so on the channels of health.notify."""
    psql = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "psql", "-qd", "answerd", "-c")
    machine.must(*psql, "insert into answerd.schema_version (version, name) values (9999, 'from the future')")
    machine.run("systemctl", "restart", "answerd")
    wait_until(lambda: re.search(r"answerd\.service failed on \S+: look at it with systemctl status answerd\.service", machine.journal()), 240,
               lambda: machine.journal()[-3000:])
    assert machine.run("systemctl", "is-failed", "answerd")[0] == 0
    machine.must(*psql, "delete from answerd.schema_version where version = 9999")
    machine.must("systemctl", "reset-failed", "answerd")
    machine.must("systemctl", "start", "answerd")
    machine.wait_active("answerd")


def test_it_stops_and_goes(machine):
    """A stop is a stop, in time and in order; the socket starts the desk for whoever knocks; removed, nothing of it runs."""
    begun = time.monotonic()
    machine.must("systemctl", "stop", "answerd", "answerd-desk")
    assert time.monotonic() - begun < 30 and machine.show("answerd", "Result") == "success" and machine.show("answerd-desk", "Result") == "success"
    assert "! " in machine.must("answer", "queue"), "the socket starts the desk"
    machine.wait_active("answerd-desk")
    machine.must("systemctl", "start", "answerd")
    machine.must("dpkg", "-r", "answerd", timeout=180)
    assert not [p for p in machine.must("sh", "-c", "cat /proc/[0-9]*/comm").split("\n") if p.startswith("answerd")]
    machine.must("dpkg", "--purge", "answerd")
    assert not (machine.root / "etc/answerd").exists() and not (machine.root / "run/answerd").exists()
