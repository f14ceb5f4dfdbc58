"""A real Postfix (Debian's package postfix) on loopback, with a configuration, queue and folders of its own; it needs root, as Postfix does. What it
takes lands in a Maildir; nothing leaves the machine, and nothing of the machine's own configuration is read or changed."""
import os
import pathlib
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile

from rig.wait import wait_until

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.shop.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_mynetworks, reject
virtual_mailbox_domains = home.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/people
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = error:nothing leaves this machine
alias_maps =
local_recipient_maps =
smtpd_tls_security_level = none
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
smtputf8_enable = no
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class NotHere(Exception):
    """Why there is no Postfix on this machine."""


class Postfix:
    def __init__(self, *people):
        if os.geteuid() != 0:
            raise NotHere("Postfix starts as root only")
        if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None:
            raise NotHere("Debian's package postfix is not installed")
        owner = pwd.getpwnam("nobody")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-postfix-", dir="/var/tmp"))
        self.process = None
        os.chmod(self.folder, 0o755)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        for name in ("conf", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        fields = {"folder": self.folder, "port": self.port, "uid": owner.pw_uid, "gid": owner.pw_gid}
        (self.folder / "people").write_text("".join(f"{p} {p}/\n" for p in people), encoding="ascii")
        (self.folder / "conf" / "main.cf").write_text(MAIN.format(**fields), encoding="ascii")
        (self.folder / "conf" / "master.cf").write_text(MASTER.format(**fields), encoding="ascii")
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/postfix", "-c", str(self.folder / "conf"), "start-fg"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(self.is_up, 30, "Postfix answers")
        except AssertionError:
            said = (self.folder / "out.log").read_text(errors="replace")[-500:]
            self.end()
            raise NotHere(f"Postfix does not start: {said}") from None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def is_up(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except OSError:
            return False

    def mails(self, person):
        """What landed in somebody's mailbox, as bytes."""
        return [f.read_bytes() for f in sorted((self.folder / "mail" / person / "new").glob("*"))]

    def end(self):
        if self.process is not None and self.process.poll() is None:
            subprocess.run(["/usr/sbin/postfix", "-c", str(self.folder / "conf"), "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False)
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
