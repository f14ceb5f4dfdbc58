"""Attack tools by name against the desk on loopback, with a session that is signed in (RELIABILITY S6, S22): slowhttptest, wapiti, sqlmap,
all of them Debian's. By hand: ./run test --soak attacks."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse

import pytest

from rig.door import newcomer
from rig.front import closed_shop, shop  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif("ANSWERD_SOAK" not in os.environ, reason="a long proof: ./run test --soak attacks")
CONNECTIONS, HELD, HOLD_S, RATE = 4000, 900, 25, 400
# What each name of a parameter is, so that requests go past the first look at them.
VALUES = {"brand": "acme", "platform": "mastodon", "account": "acme_social", "assignee": "ann", "who": "ann", "tag": "parcel", "q": "parcel", "query": "all=1", "by": "day", "limit": "5", "kind": "mention",
          "nature": "question", "from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "act": "take", "text": "Soon.", "reason": "settled", "name": "x", "for": "1h", "add": "parcel", "format": "csv", "after": "1"}


def tool(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return path


def run(command, timeout, cwd):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=timeout, cwd=cwd, check=False,
                          env={**os.environ, "HOME": str(cwd), "COLUMNS": "200"})
    return done.stdout + done.stderr


def fill(shop):  # noqa: F811
    """A desk with something to say, and Ann, who is signed in."""
    for n in range(200):
        shop.say(f"c{n}", f"Where is parcel {n}?", ago=f"{n + 10} min")
    shop.db.rows("select answerd.words_catch_up(500)")
    shop.ann = newcomer(shop, "ann", "admin")
    shop.bearer = shop.ann.post("tokens", {"scope": "act"}).json["token"]
    return shop


@pytest.fixture
def busy(shop):  # noqa: F811
    return fill(shop)


class Colleague:
    """Works on from another machine (another address of loopback), a request each 20 ms, each on a connection of its own: how long it takes."""

    def __init__(self, shop):  # noqa: F811
        self.shop, self.took, self.bad, self.is_over = shop, [], [], threading.Event()
        self.thread = threading.Thread(target=self.work)

    def ask(self):
        begun = time.monotonic()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=20, source_address=("127.0.0.2", 0))) as conn:
            conn.request("GET", "/api/v1/queue?limit=50", headers={"Cookie": f"__Host-session={self.shop.ann.cookie}"})
            answer = conn.getresponse()
            answer.read()
        self.took.append(time.monotonic() - begun)
        if answer.status != 200:
            self.bad.append(answer.status)

    def work(self):
        while not self.is_over.wait(0.02):
            try:
                self.ask()
            except OSError as e:
                self.bad.append(repr(e))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def p(self, share):
        return sorted(self.took)[int(len(self.took) * share)]


def memory(shop):  # noqa: F811
    with open(f"/proc/{shop.desk.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) // 1024


@pytest.mark.parametrize("how,connections", [("-H", CONNECTIONS), ("-B", CONNECTIONS), ("-R", CONNECTIONS), ("-X", CONNECTIONS), ("-H", HELD)])
def test_slowhttptest(closed_shop, tmp_path, how, connections):  # noqa: F811
    """S22: four thousand slow headers, bodies, ranges or readers from one machine, of which 32 are let in; nine hundred that are all let in, as
    from many machines (a proxy has no limit of its own). Everybody else is served as before."""
    program = tool("slowhttptest")
    if connections == HELD:
        closed_shop.config.desk["trusted_proxies"] = ["127.0.0.1"]
    closed_shop.desk.start().wait_ready()
    busy = fill(closed_shop)
    with Colleague(busy) as before:
        time.sleep(4)
    page = json.loads(busy.ann.get("openapi.json").body) and "/api/v1/openapi.json"
    more = {"-H": ["-i", 2], "-B": ["-i", 2, "-s", 8192, "-t", "POST", "-f", "application/json"], "-R": ["-a", 10, "-b", 3000, "-t", "HEAD"], "-X": ["-w", 512, "-y", 1024, "-n", 5, "-z", 32, "-k", 3]}[how]
    command = [program, how, "-c", connections, "-r", RATE, "-l", HOLD_S, "-p", 3, "-u", f"http://127.0.0.1:{busy.port}{page}", "-j", f"__Host-session={busy.ann.cookie}", *more]
    with Colleague(busy) as during:
        said = run(command, HOLD_S + 60, tmp_path)
    with Colleague(busy) as after:
        time.sleep(4)
    print(f"{how} {connections}: p50 {before.p(.5) * 1000:.0f} ms before, {during.p(.5) * 1000:.0f} during; p99 {before.p(.99) * 1000:.0f} before, {during.p(.99) * 1000:.0f} during, {after.p(.99) * 1000:.0f} after; "
          f"{len(during.took)} requests; desk {memory(busy)} MiB; {[line.strip() for line in said.splitlines() if 'closed' in line or 'connected' in line or 'Exit' in line][-4:]}")
    assert during.bad == [] and after.bad == [] and len(during.took) > 100, (during.bad[:5], len(during.took))
    assert during.p(.99) < max(1.5, 5 * before.p(.99)), (before.p(.99), during.p(.99))
    assert memory(busy) < 96
    assert busy.ann.get("queue").status == 200


def questions(shop):  # noqa: F811
    """Each GET of the document with all its parameters filled in."""
    paths = shop.ann.get("openapi.json").json["paths"]
    c = str(shop.db.one("select min(conversation_id) from answerd.conversation"))
    made = []
    for path, methods in paths.items():
        if "get" not in methods or path == "/events":
            continue
        at = path[:path.index("{")] + c + path[path.index("}") + 1:] if "{" in path else path
        named = [p["name"] for p in methods["get"].get("parameters", []) if p["in"] == "query"]
        made.append(f"http://127.0.0.1:{shop.port}/api/v1{at}" + ("?" + urllib.parse.urlencode({n: VALUES.get(n, "1") for n in named}) if named else ""))
    return made


def acts(shop):  # noqa: F811
    """Each POST that a token may send, with all of its body filled in."""
    paths = shop.ann.get("openapi.json").json["paths"]
    c = str(shop.db.one("select min(conversation_id) from answerd.conversation"))
    made = []
    for path, methods in paths.items():
        operation = methods.get("post")
        if operation is None or set(operation["x-asks"]) & {"open", "fresh", "session", "person"} or path.startswith("/session") or "501" in operation["responses"]:
            continue
        at = path[:path.index("{")] + c + path[path.index("}") + 1:] if "{" in path else path
        of = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("properties", {})
        words = {n: VALUES.get(n, "1") for n, kind in of.items() if kind.get("type") in ("string", ["string", "null"])}
        if words:
            made.append((f"http://127.0.0.1:{shop.port}/api/v1{at}", json.dumps(words)))
    return made


def database_errors(cluster, begun):
    """What a statement that was put together wrongly leaves in the server's log."""
    text = cluster.log.read_text(encoding="utf-8", errors="replace")[begun:]
    return [line for line in text.splitlines() if any(w in line for w in ("syntax error", "unterminated", "does not exist", "invalid input syntax", "operator does not"))]


@pytest.mark.parametrize("of", ["questions", "acts"])
def test_sqlmap(busy, cluster, tmp_path, of):
    """S6: every question and every act of the API, each parameter of it: nothing can be injected, and no statement ever fails to parse."""
    program = tool("sqlmap")
    begun = len(cluster.log.read_bytes())
    asked = [(url, None) for url in questions(busy)] if of == "questions" else acts(busy)
    level = os.environ.get("ANSWERD_SQLMAP_LEVEL", "1")

    def attack(n, url, body):
        command = [program, "-u", url, "--batch", "--disable-coloring", "--level", level, "--risk", "1", "--technique", "BEUSQ", "--dbms", "PostgreSQL", "--output-dir", tmp_path / f"{n}", "--timeout", "20",
                   "--retries", "1", "--skip-waf", "--ignore-code", "400,403,404,409,422,429,503", "--headers", f"Authorization: Bearer {busy.bearer}"]
        command += ["--data", body, "--headers", f"Authorization: Bearer {busy.bearer}\nContent-Type: application/json"] if body else []
        command += [] if body or "?" in url else ["--test-filter", "generic"]
        # Without a parameter the path itself is one.
        if body is None and "?" not in url:
            command[command.index("-u") + 1] = url + "*"
        said = run(command, 500, tmp_path)
        return url, said

    with Colleague(busy) as during, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda a: attack(*a), [(n, *one) for n, one in enumerate(asked)]))
    found = [(url, said[-1500:]) for url, said in results if "identified the following injection point" in said or "is vulnerable" in said]
    tested = [url for url, said in results if "do not appear to be injectable" in said or "does not seem to be injectable" in said]
    odd = [(url, said[-400:]) for url, said in results if url not in tested]
    n_asked = sum(said.count("testing '") for _, said in results)
    print(f"sqlmap, {of}: {len(results)} routes, {len(tested)} tested to the end, {n_asked} kinds of tests; beside it p99 {during.p(.99) * 1000:.0f} ms; desk {memory(busy)} MiB")
    assert found == []
    assert len(tested) >= 0.9 * len(results), odd[:5]
    assert database_errors(cluster, begun) == []
    assert during.bad == [] and busy.ann.get("queue").status == 200


# What wapiti says of every page, and why it is as it is.
KNOWN = {"X-Frame-Options is not set": "the policy's frame-ancestors 'none' says it to all browsers of these years", "Strict-Transport-Security is not set": "plain HTTP on loopback: whoever ends TLS before the desk sets it "
         "(systemd/nginx.example)", "X-XSS-Protection is not set": "the auditor that it switched is gone from all browsers"}


def test_wapiti(busy, cluster, tmp_path):
    """S7, S22: the page and every question of the API with all their parameters, by wapiti's modules that need nobody else's server."""
    program = tool("wapiti")
    seconds = int(os.environ.get("ANSWERD_WAPITI_SECONDS", "30"))  # of each module
    begun = len(cluster.log.read_bytes())
    report = tmp_path / "report.json"
    starts = [arg for url in questions(busy) for arg in ("-s", url)]
    command = [program, "-u", f"http://127.0.0.1:{busy.port}/", *starts, "--scope", "domain", "-m", "backup,blindsql,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,redirect,shellshock,sql,xss",
               "-H", f"Cookie: __Host-session={busy.ann.cookie}", "-f", "json", "-o", report, "--flush-session", "-S", "normal", "--max-scan-time", 2 * seconds, "--max-attack-time", seconds, "-t", "20", "--no-bugreport", "--store-session", tmp_path / "session",
               "--store-config", tmp_path / "config"]
    with Colleague(busy) as during:
        said = run(command, 20 * seconds + 120, tmp_path)
    assert report.exists(), said[-2000:]
    judged = json.loads(report.read_text(encoding="utf-8"))
    found = {f"{kind}: {one['info']} ({one['method']} {one['path'][:120]})" for part in ("vulnerabilities", "anomalies") for kind, all_ in judged[part].items() for one in all_
             if not any(known in one["info"] for known in KNOWN)}
    print(f"wapiti: {judged['infos'].get('crawled_pages', judged['infos'])}; {len(found)} findings; beside it p99 {during.p(.99) * 1000:.0f} ms; desk {memory(busy)} MiB")
    assert found == set(), "\n".join(sorted(found)[:40])
    assert database_errors(cluster, begun) == []
    assert during.bad == [] and busy.ann.get("queue").status == 200
