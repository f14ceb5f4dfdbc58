"""The town as a process, and its control API as methods."""
import http.client
import json
import pathlib
import signal
import subprocess
import sys

from rig.place import SIM
from rig.wait import wait_until


class Town:
    def __init__(self, folder, *options):
        self.folder, self.options = pathlib.Path(folder), options
        self.folder.mkdir(parents=True, exist_ok=True)
        self.book_path = self.folder / "book.jsonl"
        self.port = 0
        self.process = self.conn = None
        self.offset = 0.0
        self.start()

    # ---- the process
    def start(self):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        with open(self.folder / "town.log", "ab") as log:
            self.process = subprocess.Popen([sys.executable, str(SIM / "town.py"), "--port", str(self.port), "--book", str(self.book_path),
                                             "--ready-file", str(ready), *self.options], stdout=subprocess.DEVNULL, stderr=log)

        def up():
            assert self.process.poll() is None, "the town ended: " + self.log()
            return ready.exists()
        wait_until(up, 20, "the town listens")
        self.port = int(ready.read_text(encoding="ascii"))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(20) == 0, self.log()

    def log(self):
        return (self.folder / "town.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    # ---- control
    def call(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        for attempt in (1, 2):
            if self.conn is None:
                self.conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self.conn.request(method, "/control/" + what, data, {"Content-Type": "application/json"})
                answer = self.conn.getresponse()
                text = answer.read()
                break
            except (ConnectionError, http.client.HTTPException):
                self.conn = None
                if attempt == 2:
                    raise
        value = json.loads(text)
        assert answer.status == 200, f"the town refuses: {value}"
        return value

    def do(self, op, **more):
        """One operation of tests/sim/README.md."""
        return self.call("POST", "do", {"op": op, **more})

    def bulk(self, ops, **defaults):
        return self.call("POST", "bulk", {"defaults": defaults, "ops": ops})

    def mastodon(self, name="social", **options):
        self.do("server", kind="mastodon", name=name, **{"rate_limit": 1_000_000, **options})
        return f"http://127.0.0.1:{self.port}/m/{name}"

    def bluesky(self, name="sky", **options):
        self.do("server", kind="bluesky", name=name, **{"rate_limit": 1_000_000, "session_limit": 100_000, **options})
        return f"http://127.0.0.1:{self.port}/b/{name}"

    def blog(self, name="blog", **options):
        self.do("server", kind="blog", name=name, **options)
        return f"http://127.0.0.1:{self.port}/f/{name}"

    def discourse(self, name="forum", **options):
        self.do("server", kind="discourse", name=name, **options)
        return f"http://127.0.0.1:{self.port}/d/{name}"

    def facebook(self, name="page", **options):
        self.do("server", kind="facebook", name=name, **options)
        return f"http://127.0.0.1:{self.port}/fb/{name}"

    def instagram(self, name="photos", **options):
        self.do("server", kind="instagram", name=name, **options)
        return f"http://127.0.0.1:{self.port}/ig/{name}"

    def threads(self, name="spool", **options):
        self.do("server", kind="threads", name=name, **options)
        return f"http://127.0.0.1:{self.port}/th/{name}"

    def lemmy(self, name="lemmy", **options):
        self.do("server", kind="lemmy", name=name, **options)
        return f"http://127.0.0.1:{self.port}/l/{name}"

    def wordpress(self, name="site", **options):
        self.do("server", kind="wordpress", name=name, **options)
        return f"http://127.0.0.1:{self.port}/w/{name}"

    def blogger(self, name="loaf", **options):
        self.do("server", kind="blogger", name=name, **options)
        return f"http://127.0.0.1:{self.port}/g/{name}"

    def youtube(self, name="tube", **options):
        self.do("server", kind="youtube", name=name, **options)
        return f"http://127.0.0.1:{self.port}/y/{name}"

    def google_business(self, name="maps", **options):
        self.do("server", kind="google-business", name=name, **options)
        return f"http://127.0.0.1:{self.port}/gb/{name}"

    def telegram(self, name="wire", **options):
        self.do("server", kind="telegram", name=name, **options)
        return f"http://127.0.0.1:{self.port}/t/{name}"

    def hackernews(self, name="orange", **options):
        self.do("server", kind="hackernews", name=name, **options)
        return f"http://127.0.0.1:{self.port}/h/{name}"

    def reddit(self, name="board", **options):
        self.do("server", kind="reddit", name=name, **{"rate_limit": 1_000_000, **options})
        return f"http://127.0.0.1:{self.port}/r/{name}"

    def mail(self, name="post", **options):
        """Where its mailbox is, and who takes mails."""
        return self.do("server", kind="mail", name=name, **options)["url"].split(" ")

    def x(self, name="bird", **options):
        self.do("server", kind="x", name=name, **{"rate_limit": 1_000_000, **options})
        return f"http://127.0.0.1:{self.port}/x/{name}"

    def person(self, key, server="social", **more):
        return self.do("person", server=server, key=key, **more)

    def post(self, author, text, server="social", **more):
        """Somebody says something; the platform's id of it."""
        return self.do("post", server=server, author=author, text=text, **more)["id"]

    def edit(self, post, text, server="social", **more):
        self.do("edit", server=server, post=post, text=text, **more)

    def delete(self, post, server="social"):
        self.do("delete", server=server, post=post)

    def fault(self, kind, **more):
        return self.call("POST", "fault", {"kind": kind, **more})["id"]

    def hits(self, fault):
        return next((f["hits"] for f in self.call("GET", "faults") if f["id"] == fault), 0)

    def heal(self, fault=None):
        self.call("POST", "heal", {} if fault is None else {"id": fault})

    def shift(self, seconds):
        """The town's clock is real time plus so many seconds."""
        self.call("POST", "time", {"offset_s": seconds})
        self.offset = seconds

    def now_ms(self):
        return self.call("GET", "time")["now"]

    # ---- looking
    def truth(self, server="social"):
        return self.call("GET", "truth?server=" + server)

    def served(self, server=None, who=None):
        query = "&".join(f"{k}={v}" for k, v in (("server", server), ("who", who)) if v)
        return self.call("GET", "served?" + query)

    def served_ids(self, server=None, who=None, kinds=("status", "mention", "post", "reply", "quote", "direct")):
        return {e["id"] for e in self.served(server, who) if e["kind"] in kinds}

    def applied(self, server=None):
        return self.call("GET", "applied" + (f"?server={server}" if server else ""))

    def counters(self):
        return self.call("GET", "counters")

    def requests(self, server="social"):
        """How many answers a server gave."""
        return sum(n for name, n in self.counters().items() if name.startswith(server + " "))

    def answers(self):
        """The `ans` lines of the book."""
        self.call("GET", "book")
        with open(self.book_path, encoding="utf-8", errors="surrogatepass") as file:
            for line in file:
                if line.startswith('{"k":"ans"') and line.endswith("\n"):
                    yield json.loads(line)

    def spoilt(self, server):
        """Ids of the elements that a fault spoilt."""
        self.call("GET", "book")
        with open(self.book_path, encoding="utf-8", errors="surrogatepass") as file:
            lines = [json.loads(line) for line in file if line.startswith('{"k":"el"') and '"spoilt":' in line and line.endswith("\n")]
        return {line["id"] for line in lines if line["server"] == server}

    def assert_well(self):
        assert self.call("GET", "health")["ok"], "the town crashed: " + self.log()
