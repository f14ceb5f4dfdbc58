"""A strict mock (npm's @stoplight/prism-cli, tests/real/prism/) made from a platform's own document, on loopback."""
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import urllib.parse

from rig.ears import free_port
from rig.place import REPO
from rig.wait import wait_until

SOURCE = REPO / "tests" / "real" / "prism" / "package.json"
PLACE = REPO / "build" / "real" / "prism"


class NotHere(Exception):
    """Why there is no such mock on this machine."""


def install():
    """The package, once; returns its program."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise NotHere("npm is not installed")
    PLACE.mkdir(parents=True, exist_ok=True)
    stamp, wanted = PLACE / "installed", hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        shutil.copy(SOURCE, PLACE / "package.json")
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        try:
            done = subprocess.run(command, cwd=PLACE, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500, check=False)
        except subprocess.TimeoutExpired:
            raise NotHere("npm did not end in 500 s") from None
        if done.returncode != 0:
            raise NotHere(f"npm install: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        stamp.write_text(wanted, encoding="ascii")
    return PLACE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"


class Prism:
    def __init__(self, document, folder):
        program = install()
        folder.mkdir(parents=True, exist_ok=True)
        judged = folder / "document.json"
        judged.write_text(json.dumps(document.without_answers()), encoding="utf-8")
        self.port, self.log = free_port(), folder / "prism.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["node", str(program), "mock", "--errors", "-m", "false", "-h", "127.0.0.1", "-p", str(self.port), str(judged)],
                                            cwd=folder, env={**os.environ, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(self.is_listening, timeout=180, what="prism listens", every=0.2)
        except AssertionError:
            self.end()
            raise

    def is_listening(self):
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8", errors="replace")[-1000:]
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def judge(self, request):
        """(status, what is wrong with a request as tests/tools/ask prints it), sent as the program would send it."""
        url = urllib.parse.urlsplit(request["url"])
        headers = dict(request["headers"])
        headers.update({"Authorization": "Bearer " + request["bearer"]} if request["bearer"] else {})
        headers.update({"Content-Type": request["content_type"]} if request["content_type"] else {})
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(request["method"], url.path + ("?" + url.query if url.query else ""), request["body"].encode() or None, headers)
            answer = line.getresponse()
            body = answer.read()
            found = json.loads(answer.headers["sl-violations"]) if "sl-violations" in answer.headers else []
        finally:
            line.close()
        if answer.status != 200 and not found:
            problem = json.loads(body)
            found = problem.get("validation") or [problem["detail"]]
        return answer.status, found

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
