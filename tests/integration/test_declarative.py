"""A network without C: the example of connectors/DECLARATIVE.md as it stands there, against a forum that no test of ours knows otherwise; what a
description that is wrong is told; what a changed one does."""
import copy
import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest

from rig import wait_until
from rig.place import REPO, program
from test_check_config import REMEDY, check

GUIDE = (REPO / "connectors" / "DECLARATIVE.md").read_text(encoding="utf-8")


def example():
    """(the account of the guide, its description)"""
    account, description = re.search(r"```\n(.*?)```\n```json\n(.*?)```", GUIDE, re.S).groups()
    return account, json.loads(description)


class Kiosk:
    """A forum of some fifty lines: a list that goes back from `before`, one message, who we are, and a form to post."""

    def __init__(self):
        self.messages, self.posted, self.lock = {}, [], threading.Lock()
        kiosk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass        # the worker was ended while it waited

            def do_GET(self):
                kiosk.serve(self, None)

            def do_POST(self):
                kiosk.serve(self, urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def say(self, nick, html, answers=None, **more):
        with self.lock:
            number = len(self.messages) + 1
            ids = {"shop": 1, "ann": 2, "bob": 3}
            self.messages[number] = {"number": number, "answers": answers, "user": {"number": ids[nick], "nick": nick}, "html": html, "board": "shop",
                                     "said": int(time.time()), "changed": None, "hidden": False, **more}
        return str(number)

    def serve(self, request, form):
        url = urllib.parse.urlsplit(request.path)
        query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query).items()}
        status, body = self.answer(url.path, query, form, request.headers.get("X-Key"))
        data = json.dumps(body).encode()
        request.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data)))):
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    def answer(self, path, query, form, key):
        if key != "our-key":
            return 403, {"error": "no_key"}
        if path == "/api/me":
            return 200, {"user": {"number": 1, "nick": "shop"}}
        if path == "/api/messages" and form is not None:
            self.posted.append(form)
            number = self.say("shop", form["text"][0], int(form["answers"][0]))
            return 201, {"message": self.messages[int(number)]}
        if path == "/api/messages":
            before = int(query.get("before", 10**9))
            found = [m for n, m in sorted(self.messages.items(), reverse=True) if n < before and not m["hidden"]]
            return 200, {"messages": found[:int(query["count"])]}
        found = self.messages.get(int(path.rpartition("/")[2]))
        return (404, {"error": "no_such_message"}) if found is None or found["hidden"] else (200, {"message": found})

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def kiosk(house):
    """The house with an account on the forum, described by the guide's example."""
    kiosk = Kiosk()
    account, description = example()
    assert 'platform = "declarative"' in account
    description["can"]["requests"] = 6000       # a forum asked every second; the guide's sixty a minute are for one asked every minute
    house.file = house.folder / "kiosk.json"
    house.file.write_text(json.dumps(description), encoding="utf-8")
    house.config.brand()
    house.config.account("kiosk", "declarative", kiosk.url, "our-key", description=str(house.file))
    house.kiosk = kiosk
    yield house
    house.end()
    kiosk.end()


def state(house, ident):
    return house.database.rows("select kind::text, direction::text, body, is_to_us, deleted_at is not null as gone, parent_id, posted_at from answerd.message where external_id = %s",
                               ident)[0]


def test_the_guides_example_is_a_network(kiosk):
    """History over several pages, a question that waits, words among customers, our reply by the form, its clock, an edit, a deletion."""
    forum = kiosk.kiosk
    old = [forum.say("bob", f"<p>old {i}</p>", board="cups", said=int(time.time()) - 3 * 86400) for i in range(50)]
    kiosk.begin()
    kiosk.wait_for(*old)
    q = forum.say("ann", "<p>Where is my <b>order</b>?</p>")
    between = forum.say("bob", "mine too", int(q))
    kiosk.wait_for(q, between)
    entry = next(e for e in kiosk.entries() if e["customer"]["handle"] == "ann")
    assert (entry["platform"], entry["kind"], entry["permalink"]) == ("kiosk", "comment", f"{forum.url}/m/{q}") and "Where is my order?" in entry["excerpt"]
    assert entry["can_reply"] is True and not state(kiosk, between)["is_to_us"]
    made = kiosk.answer("reply", entry["id"], "-m", "On its way & soon.", code=0).json["id"]
    wait_until(lambda: kiosk.database.one("select state::text from answerd.reply where reply_id = %s", int(made)) == "sent", 30, "it is sent")
    assert forum.posted == [{"text": ["On its way & soon."], "answers": [q]}]
    kiosk.wait_for(str(len(forum.messages)))
    wait_until(lambda: not [e for e in kiosk.entries() if e["customer"]["handle"] == "ann"], 20, "the wait ends")
    later = forum.say("ann", "Thanks! When exactly?", len(forum.messages))
    kiosk.wait_for(later)
    forum.messages[int(later)].update(html="Thanks! On which day?", changed=int(time.time()))
    wait_until(lambda: state(kiosk, later)["body"] == "Thanks! On which day?", 30, "the edit is seen")
    forum.messages[int(later)]["hidden"] = True
    wait_until(lambda: state(kiosk, later)["gone"], 30, "the deletion is seen")
    kiosk.verify()


def test_too_long_for_the_network_is_refused_before_it_is_queued(kiosk):
    """The desk measures by the description, too."""
    kiosk.begin()
    q = kiosk.kiosk.say("ann", "how?")
    kiosk.wait_for(q)
    entry = kiosk.entries()[0]
    refused = kiosk.answer("reply", entry["id"], "-m", "x" * 2001)
    assert refused.code != 0 and "2000" in refused.out + refused.err and kiosk.kiosk.posted == []


def test_a_changed_description_is_taken_and_a_broken_one_refused(kiosk):
    """SIGHUP reads the file anew; what is wrong is told with file and place, and the old one stays in force."""
    description = example()[1]
    kiosk.begin()
    kiosk.wait_for(kiosk.kiosk.say("ann", "before"))
    changed = copy.deepcopy(description)
    changed["elements"]["message"]["html"] = ["changed: {html}"]
    kiosk.file.write_text(json.dumps(changed), encoding="utf-8")
    kiosk.worker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "event=reloaded" in kiosk.worker.log(10**7), 20, "it is taken")
    after = kiosk.kiosk.say("ann", "after")
    kiosk.wait_for(after)
    assert state(kiosk, after)["body"] == "changed: after"
    changed["sources"]["messages"]["paging"]["by"] = "magic"
    kiosk.file.write_text(json.dumps(changed), encoding="utf-8")
    kiosk.worker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload_failed" in kiosk.worker.log(10**7), 20, "it is refused")
    assert f"{kiosk.file}: sources.messages.paging.by: 'magic'" in kiosk.worker.log(10**7)
    kiosk.wait_for(kiosk.kiosk.say("ann", "still here"))


def at(description, path, value):
    """A copy with something else at that place; None takes it away."""
    changed = copy.deepcopy(description)
    *way, last = path
    inner = changed
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return changed


WRONG = [
    (["network"], "Kiosk 7"), (["network"], "mastodon"), (["network"], None), (["about"], 7), (["auth", "by"], "cookie"), (["auth", "headers"], {"Host": "{@token}"}),
    (["auth", "headers"], {"X-Key": "{@own.id}"}), (["auth", "headers"], {"X-Key\r\nY": "z"}), (["can", "hears"], "letters"), (["can", "length"], -1),
    (["can", "rhythm"], "soon"), (["can", "magic"], True), (["identify"], None), (["identify", "get"], "https://elsewhere.example/"),
    (["identify", "get"], "//elsewhere.example/api"), (["identify", "get"], "/../admin"), (["identify", "get"], "api/me"), (["identify", "get"], "/api?x=1"),
    (["identify", "get"], "/api/{@token}"), (["errors", "means"], {"x": "explode"}), (["elements", "message", "id"], "{number"),
    (["elements", "message", "id"], "{a.}"), (["elements", "message", "id"], "{number|magic}"), (["elements", "message", "id"], "{@token}"),
    (["elements", "message", "id"], "{a}" * 17), (["elements", "message", "id"], "x" * 2000), (["elements", "message", "kind"], None),
    (["elements", "message", "author"], {"handle": "x"}), (["elements", "message", "plain"], "{html}"), (["elements", "message", "time"], "moon"),
    (["elements", "message", "to_us"], []), (["elements", "message", "to_us"], [{"all": [{"all": [{"all": [{"all": [{"all": ["{a}"]}]}]}]}]}]),
    (["elements"], {}), (["sources"], {}), (["sources", "messages", "list"], {"messages": "nothing"}), (["sources", "messages", "list"], None),
    (["sources", "messages", "paging"], None), (["sources", "messages", "paging", "key"], None), (["sources", "messages", "paging", "most"], 99999),
    (["sources", "messages", "paging", "by"], "cursor"), (["sources", "messages", "query", "before"], "{number}"), (["sources"], {f"s{i}": {} for i in range(17)}),
    (["recheck"], [{"get": "/x"}]), (["reply", "calls"], []), (["reply", "calls", 0, "post"], "http://elsewhere.example/"), (["reply", "calls", 0, "form"], None),
    (["reply", "calls", 0, "one"], None), (["reply", "key"], {"header": "Content-Length", "valid": "1h"}), (["reply", "write"], "pdf"), (["lookup", 0, "one"], {"a": "message"}),
    (["unknown"], 1),
]


def test_every_wrong_description_is_told_with_its_place_and_a_remedy(tmp_path):
    """check-config names the line of the configuration, the file, the place in it, and what to do; JSON that is none by line and column."""
    description = example()[1]
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    lines = ['database = "host=/run/postgresql dbname=answerd";', "brands = { acme = { accounts = { kiosk = {", '  platform = "declarative";',
             f'  description = "{tmp_path}/kiosk.json";', '  server = "https://kiosk.example";', f'  token = "file:{tmp_path}/token";', "}; }; }; };"]
    path = tmp_path / "kiosk.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    assert check(tmp_path, lines) == (0, [])
    remedy = re.compile(REMEDY.pattern + r"|must (?:be|name|say|stand|start|have|describe)|: (?:write|add|remove|choose|begin|mend|describe)|cannot be set|is no kind|is walked by|needs |must stand|at most")
    for where, value in WRONG:
        path.write_text(json.dumps(at(description, where, value)), encoding="utf-8")
        code, errors = check(tmp_path, lines)
        assert code == 2 and len(errors) == 1, (where, value, errors)
        head = f"error: {tmp_path}/answerd.conf:4: {path}: "
        assert errors[0].startswith(head) and remedy.search(errors[0]), errors
        said = errors[0][len(head):]
        assert said.startswith(where[0]) or where[0] in said or len(where) == 1, (where, said)
    for text in ("", "{", "[]", "7", '{"network": "kiosk", "network": "kiosk"}', json.dumps(description)[:-20], '{"a":' * 40 + "1" + "}" * 40, " " * 70_000):
        path.write_text(text, encoding="utf-8")
        code, errors = check(tmp_path, lines)
        assert code == 2 and errors[0].startswith(f"error: {tmp_path}/answerd.conf:4: {path}"), (text[:40], errors)
    path.unlink()
    assert "put the description there" in check(tmp_path, lines)[1][0]
    path.mkdir()
    assert "is it a file?" in check(tmp_path, lines)[1][0]
    assert "description is missing: " in check(tmp_path, [line for line in lines if "description" not in line])[1][0]


def test_sources_of_a_description_are_checked(tmp_path):
    """`listen` knows what the description describes, and nothing else."""
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    (tmp_path / "token").chmod(0o600)

    def errors(listen):
        return check(tmp_path, ['database = "host=/run/postgresql dbname=answerd";', "brands = { acme = { accounts = { x = {", '  platform = "lemmy"; server = "https://lemmy.example";',
                                f'  token = "file:{tmp_path}/token"; listen = {listen};', "}; }; }; };"])[1]
    assert errors('["search:kettle", "own"]') == []
    for wrong in ('["search:"]', '["feed"]', '["repliesx"]'):
        assert "cannot be listened to: there are replies (always read)" in errors(wrong)[0]


def test_lemmy_with_its_file_and_by_its_name_is_the_same(house, tmp_path):
    """A private message is heard and answered in private; the installed file and the network that comes with us are one."""
    copied = tmp_path / "lemmy.json"
    shutil.copy(REPO / "connectors" / "networks" / "lemmy.json", copied)
    house.lemmy("one", people=("ann",))
    house.lemmy("two", people=("ann",), platform="declarative", description=str(copied))
    house.begin()
    for name in ("one", "two"):
        q = house.town.post("ann", "my number is 555, where is it?", name, to="shop")
        house.wait_for(q)
        entry = wait_until(lambda name=name: next((e for e in house.entries() if e["account"] == f"acme_{name}"), None), 20, "she waits")
        assert (entry["platform"], entry["kind"]) == ("lemmy", "direct")
        house.answer("reply", entry["id"], "-m", "We call you *today*.", code=0)
        wait_until(lambda name=name: not [e for e in house.entries() if e["account"] == f"acme_{name}"], 30, "it is answered")
        applied = house.town.applied(name)
        assert [(a["text"], a["visibility"]) for a in applied] == [("We call you \\*today\\*.", "private")]
    house.verify()


def test_the_program_lists_it():
    """`answerd platforms` knows a described network as it knows the others."""
    said = json.loads(subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, timeout=30, check=True).stdout)
    lemmy = next(p for p in said if p["name"] == "lemmy")
    assert lemmy["status"] == "live" and lemmy["can"]["lookup"] and "direct" in lemmy["can"]["answers"]
