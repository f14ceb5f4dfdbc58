"""A sender of one page, written from RELIABILITY I3 alone: it asks a connector for the request, sends it, shows the
connector the answer, and looks before it sends again. It proves connectors and town without the machine that posts."""
import http.client
import json
import subprocess
import urllib.parse

import pytest

from rig.place import build_dir, program

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


def key_of(micros):
    """A reply's key: a TID of that time."""
    number = micros << 10
    return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


class Poster:
    def __init__(self, folder, platform, key_valid=True, **account):
        """`account`: server, own_id, own_handle, session, facts as the connector knows them, and `token`, or a whole
        `authorization`."""
        self.folder, self.platform, self.key_valid = folder, platform, key_valid
        self.token, self.authorization = account.pop("token", None), account.pop("authorization", None)
        self.account = account
        self.tool = build_dir() / "tests" / "tools" / "ask"
        if not self.tool.exists():
            pytest.skip("tests/tools/ask is not built")
        self.timeout = 0.7          # of what posts; a lie may take its time

    # ---- one question
    def question(self, op, posting, state="", answer=None):
        """The file that the connector reads: what it knows, and the answer if there is one."""
        status, headers, body = answer or (200, [], b"")
        known = {"op": op, "state": state, **self.account, **posting}
        lines = [f"HTTP/1.1 {status} X"] + [f"{k}: {v}" for k, v in headers]
        lines += [f"X-Answerd-{k.replace('_', '-').title()}: {v}" for k, v in known.items() if v]
        path = self.folder / f"{op}.http"
        path.write_bytes("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return str(path)

    def ask(self, op, posting, state=""):
        done = subprocess.run([self.tool, self.platform, op, self.question(op, posting, state)], capture_output=True, timeout=30, check=True)
        return json.loads(done.stdout)

    def send(self, request, timeout):
        """(status, headers, body), or None where no whole answer came."""
        url = urllib.parse.urlsplit(request["url"])
        headers = {**request["headers"], "Authorization": self.authorization or "Bearer " + (self.token or request["bearer"]), "Connection": "close"}
        if request["content_type"]:
            headers["Content-Type"] = request["content_type"]
        conn = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        try:
            conn.request(request["method"], url.path + ("?" + url.query if url.query else ""), request["body"].encode() or None, headers)
            answer = conn.getresponse()
            return answer.status, [(k, v) for k, v in answer.getheaders() if k.lower() not in ("transfer-encoding",)], answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            conn.close()

    def digest(self, op, posting, answer, state=""):
        path = self.question(op, posting, state, answer)
        done = subprocess.run([program("answerd"), "digest", self.platform, op, path], capture_output=True, timeout=30, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    # ---- I3
    def post(self, posting):
        """sent ID, or unsure, limited, auth, data with the connector's words."""
        request = self.ask("reply", posting)
        assert request.get("once"), request
        answer = self.send(request, self.timeout)
        if answer is None:
            return "unsure", "no answer"
        line = self.digest("reply", posting, answer)[0]
        return ("sent", line["sent_id"]) if "error" not in line else (line["error"]["kind"], line["error"]["text"])

    def look(self, posting):
        state = ""
        for _ in range(20):
            request = self.ask("lookup", posting, state)
            answer = self.send(request, timeout=20)
            assert answer is not None, "a look got no answer"
            lines = self.digest("lookup", posting, answer, state)
            assert "error" not in lines[0], lines
            if lines[0]["sent_id"] or len(lines) < 2:
                return lines[0]["sent_id"]
            state = lines[1]["state"]
        raise AssertionError("a look never ends")

    def reply(self, posting, wait):
        """Until it ends: the id, or needs_human. `wait` lets the settle time pass."""
        for _ in range(5):
            what, about = self.post(posting)
            if what == "sent":
                return about
            assert what in ("unsure", "limited"), (what, about)
            if what == "unsure":
                for _ in range(2):
                    wait()
                    found = self.look(posting)
                    if found:
                        return found
                if not self.key_valid:
                    return "needs_human"
            else:
                wait()
        raise AssertionError(f"it never ends: {what} {about}")
