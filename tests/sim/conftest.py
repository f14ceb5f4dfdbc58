"""A town for each test, and a way to talk to it."""
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlencode

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


class Client:
    """A town process and a way to talk to it."""

    def __init__(self, folder, *options):
        self.folder, self.options = folder, options
        self.book = os.path.join(folder, "book.jsonl")
        self.port = 0
        self.start()

    def start(self):
        ready = os.path.join(self.folder, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "town.py"), "--port", str(self.port), "--book", self.book,
                                         "--ready-file", ready, *self.options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not os.path.exists(ready):
            assert self.process.poll() is None and time.monotonic() < end, "the town did not start"
            time.sleep(0.01)
        with open(ready, encoding="ascii") as file:
            self.port = int(file.read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0

    def call(self, method, path, body=None, headers=None, token=None):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        conn.request(method, path, body, headers)
        answer = conn.getresponse()
        data = answer.read()
        conn.close()
        return answer, data

    def get(self, path, token=None, status=200, headers=None, **query):
        if query:
            path += "?" + urlencode({k.replace("__", "[]"): v for k, v in query.items()}, doseq=True)
        answer, data = self.call("GET", path, token=token, headers=headers)
        assert answer.status == status, (answer.status, data[:300])
        self.last = answer
        return json.loads(data) if data[:1] in (b"{", b"[") else data

    def post(self, path, body, token=None, status=200, headers=None):
        answer, data = self.call("POST", path, body, headers, token)
        assert answer.status == status, (answer.status, data[:300])
        self.last = answer
        return json.loads(data) if data else None

    def do(self, op=None, /, **more):
        return self.post("/control/do", op if op is not None else more)

    def fault(self, **order):
        return self.post("/control/fault", order)["id"]


@pytest.fixture
def town(tmp_path):
    client = Client(str(tmp_path))
    yield client
    if client.process.poll() is None:
        assert client.get("/control/health")["ok"], "the town crashed"
        client.stop()


@pytest.fixture
def social(town):
    town.do(op="server", kind="mastodon", name="social", rate_limit=100000)
    town.token = town.do(op="person", server="social", key="shop", own="acme")["token"]
    for key in ("ann", "bob"):
        town.do(op="person", server="social", key=key)
    return town


@pytest.fixture
def sky(town):
    town.do(op="server", kind="bluesky", name="sky", rate_limit=100000)
    town.password = town.do(op="person", server="sky", key="shop", own="acme")["password"]
    for key in ("ann", "bob"):
        town.do(op="person", server="sky", key=key)
    session = town.post("/b/sky/xrpc/com.atproto.server.createSession", {"identifier": "shop.test", "password": town.password})
    town.token, town.refresh, town.did = session["accessJwt"], session["refreshJwt"], session["did"]
    return town
