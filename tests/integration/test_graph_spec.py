"""Every address, field and parameter that facebook, instagram and threads ask Graph for stands in Meta's own machine-readable documents
(issue 5, proof 2): ../shared/specs, or where ANSWERD_SHARED says. The nodes Recommendation and UnifiedMessage are not among them."""
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

import pytest

from rig.place import REPO, build_dir

SPECS = pathlib.Path(os.environ.get("ANSWERD_SHARED", REPO.parent / "shared")) / "specs"
TOOL = build_dir() / "tests" / "tools" / "ask"
pytestmark = pytest.mark.skipif(not (SPECS / "facebook").is_dir() or not TOOL.exists(), reason="the specs are not here, or tests/tools/ask is not built")
COMMON = {"access_token", "appsecret_proof", "fields", "limit", "after", "id"}
FB_WALK = '{"begun":1795168800,"is_listed":true,"todo":[{"i":"%s","s":1,"e":"%s","w":false}]}'


class Node:
    def __init__(self, *files):
        self.fields, self.reads, self.posts = set(), {}, {}
        for file in files:
            spec = json.loads((SPECS / file).read_text(encoding="utf-8"))
            self.fields |= {f["name"] for f in spec.get("fields", ())}
            for api in spec.get("apis", ()):
                table = {"GET": self.reads, "POST": self.posts}.get(api["method"])
                if table is not None and "endpoint" in api:
                    table.setdefault(api["endpoint"].strip("/"), set()).update(p["name"] for p in api.get("params", ()))


def parts(text):
    """"a,b{c,d},e.limit(1)" as [(name, inside)]."""
    found, depth, word = [], 0, ""
    for ch in text + ",":
        if ch == "," and depth == 0:
            if word:
                name, _, inside = word.partition("{")
                found.append((name.split(".")[0], inside[:-1]))
            word = ""
            continue
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(ch, 0)
        word += ch
    return found


def ask(tmp_path, network, op, **known):
    lines = ["HTTP/1.1 200 OK", "Date: Fri, 20 Nov 2026 10:00:00 GMT", "X-Answerd-Own-Id: 1000", "X-Answerd-Own-Handle: shop",
             'X-Answerd-Session: {"token":"T","user":"","until":0}', "X-Answerd-Since: 2026-11-13T10:00:00Z"]
    lines += [f"X-Answerd-{k.replace('_', '-').title()}: {v}" for k, v in known.items()]
    path = tmp_path / "question.http"
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    done = subprocess.run([TOOL, network, op, path], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, (network, op, known, done.stderr)
    return json.loads(done.stdout)


def check_fields(node, text, where):
    for name, _inside in parts(text):
        assert name in node.fields or name in node.reads or name == "id", f"{where}: no such field as {name}"


def check(request, owner, node, where):
    """The edge is one of its owner's, its parameters are the edge's, the fields those of the nodes that it lists."""
    url = urllib.parse.urlsplit(request["url"])
    given = {**dict(urllib.parse.parse_qsl(url.query)), **dict(urllib.parse.parse_qsl(request["body"] or ""))}
    edge = url.path.split("/")[-1]
    table = owner.posts if request["method"] == "POST" else owner.reads
    if re.fullmatch(r"me|[\d_]+", edge):
        check_fields(owner, given.get("fields", ""), where)
        return
    assert edge in table, f"{where}: {edge} is no {request['method']} edge"
    unknown = set(given) - COMMON - table[edge]
    assert not unknown, f"{where}: {edge} knows no {unknown}"
    if request["method"] == "GET" and node is not None:
        check_fields(node, given.get("fields", ""), where)


REPLY = {"key": "3l4xyzabcdefg", "text": "Yes.", "begun": "2026-11-20T09:59:00Z", "author_id": "7001", "author_handle": "ann"}


def test_facebook(tmp_path):
    page, post, comment = Node("facebook/Page.json"), Node("facebook/PagePost.json"), Node("facebook/Comment.json")
    thread = Node("facebook/UnifiedThread.json")
    for source, node in (("posts", post), ("visitors", post), ("tagged", post), ("ratings", None), ("directs", thread)):
        check(ask(tmp_path, "facebook", "poll", source=source), page, node, source)
    below = ask(tmp_path, "facebook", "poll", source="posts", state=FB_WALK % ("1000_200", "c"))
    check(below, post, comment, "below a post")
    assert "filter=stream" in below["url"], "else nested replies are left out, silently"
    check(ask(tmp_path, "facebook", "thread", subject="1000_200/200_1"), comment, comment, "a comment")
    check(ask(tmp_path, "facebook", "thread", subject="1000_200/200_1", state="b"), comment, comment, "below a comment")
    check(ask(tmp_path, "facebook", "thread", subject="1000_200/200_1", state="p"), post, post, "a post")
    check(ask(tmp_path, "facebook", "identify"), page, page, "identify")
    for parent, owner in (("1000_200/200_1", comment), ("post:1000_200", post)):
        made = ask(tmp_path, "facebook", "reply", parent=parent, **REPLY)
        assert made["once"] and made["method"] == "POST"
        check(made, owner, None, "reply")
        check(ask(tmp_path, "facebook", "lookup", parent=parent, **REPLY), post, comment, "lookup")
    direct = {**REPLY, "parent": "dm:m_1", "thread": "t_1", "visibility": "private"}
    check(ask(tmp_path, "facebook", "reply", **direct), page, None, "direct")
    check(ask(tmp_path, "facebook", "lookup", **direct), thread, None, "lookup of a direct")


def test_instagram(tmp_path):
    medium, comment = Node("instagram/IGMedia.json"), Node("instagram/IGComment.json")
    thread = Node("facebook/UnifiedThread.json")
    for door, user in (({}, Node("instagram/IGUserForIGOnlyAPI.json")), ({"option": "login=facebook"}, None)):
        user = user or Node("instagram/IGUser.json")
        for source in ("media", "tags"):
            if source in user.reads:
                check(ask(tmp_path, "instagram", "poll", source=source, **door), user, medium, source)
        check(ask(tmp_path, "instagram", "poll", source="media", state=FB_WALK % ("17200", "c"), **door), medium, comment, "comments")
        check(ask(tmp_path, "instagram", "poll", source="media", state=FB_WALK % ("18300", "r"), **door), comment, comment, "replies")
        check(ask(tmp_path, "instagram", "thread", subject="17200/18300", **door), comment, comment, "a comment")
        check(ask(tmp_path, "instagram", "thread", subject="media:17200", **door), medium, medium, "a medium")
        check(ask(tmp_path, "instagram", "reply", parent="17200/18300", **REPLY, **door), comment, None, "reply")
    user = Node("instagram/IGUserForIGOnlyAPI.json")
    check(ask(tmp_path, "instagram", "identify"), user, user, "identify")
    check(ask(tmp_path, "instagram", "poll", source="directs"), user, thread, "directs")
    check(ask(tmp_path, "instagram", "reply", parent="media:17400", **REPLY), user, None, "reply to a mention")
    direct = {**REPLY, "parent": "dm:a==", "thread": "t1", "visibility": "private"}
    check(ask(tmp_path, "instagram", "reply", **direct), user, None, "direct")


def postman():
    """What Meta's own collection asks: (method, path) -> parameters, and its lists of fields."""
    collection = json.loads((SPECS / "threads" / "threads-api.postman_collection.json").read_text(encoding="utf-8"))
    found, fields = {}, {v["key"]: set(v.get("value", "").split(",")) for v in collection["variable"]}

    def walk(items):
        for item in items:
            if "item" in item:
                walk(item["item"])
            else:
                raw = item["request"]["url"]["raw"].replace("{{api_host}}", "")
                path, _, query = raw.partition("?")
                path = re.sub(r"\{\{\w+\}\}", "ID", path).rstrip("/")
                found.setdefault((item["request"]["method"], path), set()).update(p.split("=")[0] for p in query.split("&") if p)
    walk(collection["item"])
    return found, set().union(*(v for k, v in fields.items() if k.startswith("fields_")))


def test_threads(tmp_path):
    known, fields = postman()
    asked = [ask(tmp_path, "threads", "poll", source=s) for s in ("threads", "replies", "mentions", "search:acme")]
    asked.append(ask(tmp_path, "threads", "poll", source="threads", state=FB_WALK % ("18200", "c")))
    asked += [ask(tmp_path, "threads", "thread", subject="18301"), ask(tmp_path, "threads", "identify"), ask(tmp_path, "threads", "refresh")]
    asked += [ask(tmp_path, "threads", op, parent="18301", **REPLY) for op in ("reply", "lookup")]
    for request in asked:
        url = urllib.parse.urlsplit(request["url"])
        path = re.sub(r"/\d+", "/ID", re.sub(r"^/v1\.0", "", url.path))
        given = {**dict(urllib.parse.parse_qsl(url.query)), **dict(urllib.parse.parse_qsl(request["body"] or ""))}
        assert (request["method"], path) in known, f"{request['method']} {path} is not in the collection"
        params = set().union(*(known[k] for k in known if k == (request["method"], path)))
        unknown = set(given) - COMMON - params - {"limit", "after", "reply_to_id"}
        assert not unknown, f"{path}: {unknown}"
        absent = {name for name, _ in parts(given.get("fields", ""))} - fields
        assert not absent, f"{path}: no such fields as {absent}"
