"""Mail goes by TLS or not at all (S3, S18); the journal's entries have fields. Both in a mount namespace of their own: with a list of
authorities and a journal that belong to the test."""
import os
import socket
import ssl
import subprocess
import threading

import pytest

from rig import Hook, Mailbox, wait_until
from rig.floor import Floor
from rig.place import build_dir

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def in_namespace(script, *args, **kwargs):
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script + '\nexec "$@"', "sh", *map(str, args)]


@pytest.fixture(scope="module", autouse=True)
def may_unshare():
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespace may be made here")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Our own authority, and a certificate of it for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=test authority")
    for name, san in (("good", "IP:127.0.0.1"), ("other", "DNS:mail.example")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={san}\n", encoding="ascii")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem",
                "-extfile", f"{name}.ext")

    def context(name):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        return made
    return folder / "ca.pem", context


def send(server, bundle=None, *login):
    tool = build_dir() / "tests" / "tools" / "mail"
    if not tool.exists():
        pytest.skip("the tool is not built")
    script = f'mount --bind "{bundle}" {BUNDLE}' if bundle else "true"
    return subprocess.run(in_namespace(script, tool, server, *login), capture_output=True, text=True, timeout=30, check=False).stdout.strip()


@pytest.mark.parametrize("how", ["smtps", "starttls"])
def test_mail_goes_by_tls_or_not_at_all(authority, how):
    """Trusted: taken, with a login. Unknown authority, another name, no TLS offered: nothing was said that matters."""
    bundle, context = authority

    def box(name):
        return Mailbox(tls=context(name), login=("u", "p")) if how == "smtps" else Mailbox(starttls=context(name), login=("u", "p"))
    scheme = "smtps" if how == "smtps" else "smtp"
    boxes = [box("good"), box("good"), box("other")]
    try:
        good, unknown, other = boxes
        assert send(f"{scheme}://127.0.0.1:{good.port}", bundle, "u", "p") == "taken"
        assert len(good.all()) == 1 and not good.faults
        assert "its certificate is not trusted" in send(f"{scheme}://127.0.0.1:{unknown.port}", None, "u", "p")
        assert "its certificate is not trusted" in send(f"{scheme}://127.0.0.1:{other.port}", bundle, "u", "p")
        for ear in (unknown, other):
            assert not {"MAIL", "AUTH", "DATA"} & set(ear.commands), ear.commands
    finally:
        for ear in boxes:
            ear.destroy()


def test_without_starttls_nothing_is_said(authority):
    """Somebody in the middle who strips the offer gets neither login nor mail."""
    box = Mailbox(login=("u", "p"))
    try:
        assert "offers no STARTTLS" in send(box.server_url, authority[0], "u", "p")
        assert not {"MAIL", "AUTH", "DATA"} & set(box.commands), box.commands
    finally:
        box.destroy()


def test_the_journal_gets_fields(database, tmp_path):
    """A structured entry; how loud it is depends on what it says; no customer's words."""
    floor = Floor(database, tmp_path)
    entries = []
    folder = tmp_path / "journal"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(folder / "socket"))
        os.chmod(folder / "socket", 0o666)

        def listen():
            while (raw := journal.recv(1 << 20)) != b"stop":
                entries.append(raw)
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        floor.config.channels["care"] = {"type": "journal", "group_interval": "1s"}
        floor.channel("owner", Hook())
        binary = floor.worker.binary
        wrapper = tmp_path / "answerd-with-journal"
        wrapper.write_text("#!/bin/sh\nexec unshare -m --propagation private sh -ec 'mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; "
                           f"mkdir /run/systemd/journal; mount --bind \"{folder}\" /run/systemd/journal; exec \"{binary}\" \"$@\"' sh \"$@\"\n", encoding="utf-8")
        wrapper.chmod(0o755)
        floor.worker.binary = str(wrapper)
        try:
            floor.begin()
            floor.say(floor.account(), 1, -1.0, text="a very private question", handle="carl")
            wait_until(lambda: len(entries) >= 2, 20, "warn and due are in the journal")
            due = next(e for e in entries if b"longer than we promised" in e)
            for line in (b"PRIORITY=4", b"SYSLOG_IDENTIFIER=answerd", b"ANSWERD_EVENT=waiting", b"ANSWERD_COUNT=1"):
                assert line in due.split(b"\n"), due
            assert b"MESSAGE=1 customer waits longer than we promised (fast): acme_social" in due.split(b"\n"), due
            assert not any(b"private" in e or b"carl" in e for e in entries)
        finally:
            floor.end()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as us:
                us.connect(str(folder / "socket"))
                us.send(b"stop")
            thread.join(5)
