"""A real Dovecot (Debian's package dovecot-imapd) on loopback, with a configuration and folders of its own, as an ordinary user. Nothing of the
machine's own configuration is read or changed."""
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from rig.wait import wait_until

CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class NotHere(Exception):
    """Why there is no Dovecot on this machine."""


class Dovecot:
    def __init__(self, password):
        program = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
        if program is None:
            raise NotHere("Debian's package dovecot-imapd is not installed")
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-dovecot-", dir="/var/tmp"))
        self.password, self.process = password, None
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        conf = self.folder / "dovecot.conf"
        conf.write_text(CONF.format(folder=self.folder, user=user.pw_name, group=grp.getgrgid(user.pw_gid).gr_name, uid=user.pw_uid, gid=user.pw_gid,
                                    password=password, port=self.port), encoding="ascii")
        if os.geteuid() == 0:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen([program, "-F", "-c", str(conf)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_user)
        try:
            wait_until(self.is_up, 20, "Dovecot answers")
        except AssertionError:
            said = (self.folder / "out.log").read_text(errors="replace")[-500:]
            self.end()
            raise NotHere(f"Dovecot does not start: {said}") from None

    @property
    def url(self):
        return f"imap://127.0.0.1:{self.port}"

    def is_up(self):
        try:
            self.box().logout()
            return True
        except (OSError, imaplib.IMAP4.error):
            return False

    def box(self):
        box = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        box.login("shop", self.password)
        return box

    def put(self, data, folder="INBOX", at=None):
        """A mail arrives."""
        box = self.box()
        assert box.append(folder, None, imaplib.Time2Internaldate(at or time.time()), data)[0] == "OK"
        box.logout()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
