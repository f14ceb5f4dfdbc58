"""A person who runs `answerd connect` and opens what it prints."""
import http.client
import os
import re
import select
import subprocess
import time
import urllib.parse

from rig.place import program


class Connect:
    """The command as a process. Its standard input stays open until end()."""

    def __init__(self, config, account, *options, stdin=None):
        config.write()
        self.process = subprocess.Popen([program("answerd"), "--config", str(config.path), "connect", account, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TZ": "UTC"})
        self.said = b""
        if stdin is not None:
            self.paste(stdin)

    def paste(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def until(self, pattern, timeout=30):
        """What it has said, once the pattern stands in it."""
        end = time.monotonic() + timeout
        while not (match := re.search(pattern, self.said.decode())):
            assert time.monotonic() < end, f"{pattern} never came: {self.said.decode()}"
            if select.select([self.process.stdout], [], [], 0.5)[0]:
                more = os.read(self.process.stdout.fileno(), 65536)
                assert more, f"it ended without {pattern}: {self.said.decode()}"
                self.said += more
        return match

    def address(self, **more):
        """What it prints to be opened, and what the town is told about the person who opens it."""
        return self.until(r"(?m)^(https?://\S+[?&]state=\S+)$")[1] + "".join(f"&town_{k}={urllib.parse.quote(str(v))}" for k, v in more.items())

    def allow(self, person, **more):
        """The person signs in and consents; the address to which the browser is sent back."""
        status, headers, body = fetch(self.address(person=person, **more))
        assert status == 302, body
        return headers["Location"]

    def come_back(self, person, **more):
        """… and the browser goes there."""
        return fetch(self.allow(person, **more))

    def end(self, code=0, timeout=60):
        """Everything that it said; it must end so."""
        try:
            rest, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.said += rest
        assert self.process.returncode == code, f"{self.process.returncode}: {self.said.decode()}"
        return self.said.decode()


def fetch(url):
    parts = urllib.parse.urlsplit(url)
    conn = http.client.HTTPConnection(parts.netloc, timeout=20)
    conn.request("GET", f"{parts.path}?{parts.query}")
    answer = conn.getresponse()
    body = answer.read().decode(errors="replace")
    conn.close()
    return answer.status, answer.headers, body
