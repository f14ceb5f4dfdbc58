"""Canary secrets (S1): what is secret is nowhere but in its file and on the wire: no log, no environment, no argument, no dump, no page, no core."""
import http.client
import os
import pathlib
import signal
import socket
import subprocess

from rig import wait_until
from rig.postgres import BIN, as_postgres


def dump(house):
    """The whole database as text."""
    conninfo = dict(part.split("=", 1) for part in house.database.conninfo.split())
    done = subprocess.run(as_postgres([str(BIN / "pg_dump"), "-h", conninfo["host"], "-p", conninfo.get("port", "5432"), "-U", conninfo.get("user", "postgres"),
                                       house.database.name]), capture_output=True, timeout=120, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_no_core(house):
    """The worker dies of SIGSEGV with every limit open, and leaves nothing."""
    subprocess.run(["prlimit", "--pid", str(house.worker.process.pid), "--core=unlimited"], check=False, capture_output=True)
    before = set(house.folder.rglob("core*")) | set(pathlib.Path(".").glob("core*"))
    house.worker.process.send_signal(signal.SIGSEGV)
    assert house.worker.process.wait(20) in (-signal.SIGSEGV, -signal.SIGABRT), "a sanitizer makes an abort of it"
    assert set(house.folder.rglob("core*")) | set(pathlib.Path(".").glob("core*")) == before


def test_canaries_are_nowhere(house):
    """Tokens that work, one that is refused, one that a reload brings; a hook's. In logs, /proc, dump, pages, answers; and a core of our own making."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    house.config.desk = {"listen": [str(house.config.socket), f"127.0.0.1:{port}"]}
    house.mastodon("social", own="shop", people=("ann",))
    house.bluesky("sky", own="shop2", people=("bob",))
    house.mastodon("third", own="shop3", people=("cid",))
    refused = house.config.folder / "acme_third.token"
    good = refused.read_text(encoding="utf-8").strip()
    canaries = {p.read_text(encoding="utf-8").strip() for p in house.config.folder.glob("*.token")} | {"canary-that-is-refused-4711", "canary-of-a-hook-4712"}
    refused.write_text("canary-that-is-refused-4711\n", encoding="utf-8")
    hook = house.config.folder / "hook"
    hook.write_text("canary-of-a-hook-4712\n", encoding="utf-8")
    hook.chmod(0o600)
    house.config.channels = {"owner": {"type": "webhook", "url": f"http://127.0.0.1:{port}/nobody", "secret": f"file:{hook}", "insecure_loopback": True}}
    house.config.health = {"notify": ["owner"]}
    house.begin()
    house.wait_for(house.town.post("ann", "@shop hello"))
    wait_until(lambda: house.database.one("select count(*) from answerd.account where state = 'refused'") == 1, 30, "one is refused")
    wait_until(lambda: house.database.one("select count(*) from answerd.credential") == 1, 30, "a session is kept")
    refused.write_text(good + "\n", encoding="utf-8")
    house.worker.reload()
    house.wait_for(house.town.post("cid", "@shop3 hello", "third"))
    # A broken file with a secret where none belongs: it is refused, and not repeated.
    house.config.path.write_text(house.config.text().replace(f"file:{hook}", "canary-of-a-hook-4712"), encoding="utf-8")
    house.worker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "event=reload_failed" in house.worker.log(1_000_000), 20, "refused")
    house.config.write()
    places = {"dump": dump(house)}
    for program in (house.worker, house.desk):
        places[program.label + " log"] = program.log_path.read_bytes()
        for what in ("environ", "cmdline"):
            try:
                places[f"{program.label} {what}"] = pathlib.Path(f"/proc/{program.process.pid}/{what}").read_bytes()
            except PermissionError:
                assert os.geteuid() != 0    # nobody but root may look
        # Not dumpable: no core, and its files in /proc are root's.
        assert pathlib.Path(f"/proc/{program.process.pid}/environ").stat().st_uid == 0
    for path in ("/metrics", "/healthz", "/api/v1/nowhere", "/"):
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        conn.request("GET", path)
        answer = conn.getresponse()
        places[path] = str(answer.headers).encode() + answer.read()
        conn.close()
    for command in (("sources",), ("queue", "--all"), ("alerts",), ("verify",), ("quarantine",)):
        result = house.answer(*command)
        places["answer " + command[0]] = (result.out + result.err).encode()
    shown = subprocess.run([house.worker.binary, "check-config", "--show", "--config", str(house.config.path)], capture_output=True, timeout=30, check=False)
    places["check-config --show"] = shown.stdout + shown.stderr
    assert shown.returncode == 0 and b"file:" in shown.stdout
    assert_no_core(house)
    found = [(place, secret[:6]) for place, content in places.items() for secret in canaries if secret.encode() in content]
    assert not found, found
    assert len(canaries) == 5 and all(len(c) >= 8 for c in canaries) and len(places["dump"]) > 50_000
