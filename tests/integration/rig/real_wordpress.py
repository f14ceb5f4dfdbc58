"""A real WordPress (Debian's packages wordpress, php-cli, php-mysql, mariadb-server) as two processes on loopback and a socket of its own:
the database and php's web server (tests/real/wordpress/site.php). Nothing of the machine's own configuration is read or changed."""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from rig.place import REPO
from rig.wait import wait_until

SITE = REPO / "tests" / "real" / "wordpress" / "site.php"


class NotHere(Exception):
    """Why there is no real WordPress on this machine."""


class Site:
    def __init__(self):
        for program in ("php", "mariadbd", "mariadb-install-db", "mariadb"):
            if shutil.which(program) is None:
                raise NotHere(f"{program} is not installed")
        if not pathlib.Path("/usr/share/wordpress/wp-settings.php").exists():
            raise NotHere("Debian's package wordpress is not installed")
        # The database's own user must reach it, and a socket's path is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-wordpress-", dir="/var/tmp"))
        self.programs = []
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "ANSWERD_WORDPRESS": str(self.folder), "ANSWERD_WORDPRESS_URL": self.url}
        try:
            self.start_database()
            said = self.run(["php", "-d", "display_errors=stderr", str(SITE), "install"], 120)
            self.passwords = dict(line.split(":", 1) for line in said.split())
            self.begin(["php", "-S", f"127.0.0.1:{self.port}", str(SITE)], "php")
            wait_until(self.is_up, 60, "the site answers")
        except (subprocess.SubprocessError, OSError, AssertionError) as why:
            self.end()
            raise NotHere(str(why)) from None

    def is_up(self):
        try:
            return "id" in self.call("baker", "GET", "/users/me?context=edit")
        except urllib.error.URLError:
            return False

    def run(self, command, seconds):
        return subprocess.run(command, env=self.env, check=True, capture_output=True, text=True, timeout=seconds).stdout

    def begin(self, command, name):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.programs.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def start_database(self):
        """As user mysql where we are root: mariadbd refuses it, too."""
        data, who = self.folder / "data", []
        data.mkdir()
        if os.geteuid() == 0:
            who = ["setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups"]
            shutil.chown(self.folder, "mysql", "mysql")
            shutil.chown(data, "mysql", "mysql")
        self.run([*who, "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"], 120)
        self.begin([*who, shutil.which("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={self.folder}/socket", "--skip-networking",
                    f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=32M", "--performance-schema=OFF"], "mariadb")
        wait_until((self.folder / "socket").exists, 60, "the database listens")
        self.run(["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "-u", "root", "-e", "create database wordpress character set utf8mb4"], 30)

    def call(self, who, method, path, body=None):
        """One request of one person; the answer's JSON. Anybody may be nobody (None)."""
        request = urllib.request.Request(self.url + "/wp-json/wp/v2" + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        if who is not None:
            request.add_header("Authorization", "Basic " + base64.b64encode(self.token(who).encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return json.load(refusal)

    def token(self, who):
        return f"{who}:{self.passwords[who]}"

    def post(self, text, title="Bread"):
        return self.call("baker", "POST", "/posts", {"title": title, "content": text, "status": "publish"})["id"]

    def comment(self, who, text, post, parent=0, **more):
        """A comment; for customers written by the baker in their name, as an import does it, so that no flood stops it."""
        body = {"post": post, "parent": parent, "content": text, **more}
        if who != "baker":
            body["author"] = self.call(who, "GET", "/users/me")["id"]
        made = self.call("baker", "POST", "/comments", body)
        assert "id" in made, made
        return made["id"]

    def end(self):
        for program in reversed(self.programs):
            program.terminate()
        for program in self.programs:
            program.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
