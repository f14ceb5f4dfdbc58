"""Bluesky: what we ask stands in its lexicons (methods, parameters with their limits, bodies, records), and answers made of them are digested whole.
The lexicons are no part of the repository."""
import json
import os
import subprocess
import urllib.parse

import pytest

from rig.asked import POST, ask, recording
from rig.lexicon import Lexicons
from rig.made import Maker
from rig.place import program, shared

N = 60 if "ANSWERD_SOAK" in os.environ else 1
US = "did:plc:brand2brand2brand2brand2"
ANN = "at://did:plc:cust2/app.bsky.feed.post/3n2tvjemetk2g"
KNOWN = {"server": "https://pds.example", "own-id": US, "own-handle": "shop.example", "token": "aaaa-bbbb-cccc-dddd", "option": "identifier=shop.example",
         "session": json.dumps({"access": "a", "refresh": "r", "did": US, "pds": ""})}
PUBLIC = {**POST, "text": "It left us: https://shop.example/7 @ann.example", "parent": ANN, "parent-revision": "bafyreiparent", "visibility": "public",
          "author-id": "did:plc:cust2", "author-handle": "ann.example", "language": "en"}
DIRECT = {**PUBLIC, "parent": "dm:3m5xkaaaaaa2b", "thread": "convo:3abcdefghijklmnopqrstu", "visibility": "private"}
WALK = ('{"walked":false,"walk":{"pages":1,"stepped":false,"high":"2026-11-21T20:04:35.000000Z","cursor":"2026-11-21T20:04:33.000Z","own":"","turtle":"",'
        '"seen":[]}}')
CONVOS = '{"walked":false,"walk":{"pages":0,"messages":"","list":"","convos":[{"id":"3convo1","peer":"did:plc:cust2","handle":"ann.example","name":"Ann"}]}}'
CASES = {
    "a session": ("refresh", {"session": ""}), "a newer session": ("refresh", {}), "who we are": ("identify", {}),
    "mentions": ("poll", {"source": "mentions"}), "their next page": ("poll", {"source": "mentions", "state": WALK}),
    "one at a time": ("poll", {"source": "mentions", "page-limit": "1"}), "own": ("poll", {"source": "own"}), "a sweep": ("sweep", {"source": "own"}),
    "directs": ("poll", {"source": "directs"}), "their messages": ("poll", {"source": "directs", "state": CONVOS}),
    "a search": ("poll", {"source": "search:acme \"big shop\""}), "its next page": ("poll", {"source": "search:acme", "state": WALK}),
    "a thread": ("thread", {"subject": ANN}), "a recheck": ("recheck", {"subject": ANN}), "a reply": ("reply", PUBLIC), "a direct reply": ("reply", DIRECT),
    "a look": ("lookup", PUBLIC), "a direct look": ("lookup", DIRECT), "its next page of a look": ("lookup", {**DIRECT, "state": "1 3m5xkq3aaaa2c"}),
}


@pytest.fixture(scope="module")
def lexicons():
    return Lexicons(shared("specs", "bluesky", "lexicons"))


def typed(schema, values):
    """Parameters of a query: numbers and lists as such."""
    one = values[0]
    if schema.get("type") == "array":
        return values
    assert len(values) == 1, values
    return int(one) if schema.get("type") == "integer" else one == "true" if schema.get("type") == "boolean" else one


@pytest.mark.parametrize("case", CASES)
def test_requests_are_those_of_the_lexicons(lexicons, tmp_path, case):
    op, known = CASES[case]
    request = ask(tmp_path, "bluesky", op, {**KNOWN, **known})
    url = urllib.parse.urlsplit(request["url"])
    method = url.path.removeprefix("/xrpc/")
    assert method in lexicons.defs, url.path
    assert lexicons.defs[method][1]["type"] == {"GET": "query", "POST": "procedure"}[request["method"]]
    parameters, body = lexicons.part(method, "parameters"), lexicons.part(method, "input")
    given = {n: typed((parameters or {"properties": {}})["properties"].get(n, {}), v)
             for n, v in urllib.parse.parse_qs(url.query, strict_parsing=bool(url.query)).items()}
    assert lexicons.faults(given, parameters or {"type": "object", "properties": {}, "required": []}, method) == []
    assert bool(request["body"]) == (body is not None)
    if request["body"]:
        sent = json.loads(request["body"])
        assert lexicons.faults(sent, body, method) == []
        assert "record" not in sent or lexicons.faults(sent["record"], {"$ref": sent["record"]["$type"], "tag": sent["record"]["$type"]}, "record") == []
    assert ("atproto-proxy" in request["headers"]) == method.startswith("chat.bsky.")


def test_the_judge_refuses(lexicons):
    limits = lexicons.part("app.bsky.notification.listNotifications", "parameters")
    assert lexicons.faults({"limit": 100}, limits, "it") == []
    for bad in ({"limit": 101}, {"limit": "many"}, {"since": "now"}):
        assert lexicons.faults(bad, limits, "it"), bad
    post = {"$type": "app.bsky.feed.post", "text": "Hi", "createdAt": "2026-11-20T10:00:00Z"}
    record = {"$ref": "app.bsky.feed.post"}
    assert lexicons.faults(post, record, "it") == []
    for bad in ({**post, "text": "x" * 3001}, {"text": "Hi"}, {**post, "reply": {"root": {"uri": ANN, "cid": "b"}}}, {**post, "mood": "good"}):
        assert lexicons.faults(bad, record, "it"), bad


def test_a_reply_is_as_long_as_the_lexicons_say(lexicons):
    done = subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, timeout=60, check=True)
    ours = json.dumps(next(p for p in json.loads(done.stdout) if p["name"] == "bluesky"))
    most = lexicons.defs["app.bsky.feed.post"][1]["record"]["properties"]["text"]
    assert most["maxLength"] >= 10 * most["maxGraphemes"] and f" {most['maxGraphemes']}" in ours


def record(m):
    return m.value({"$ref": "app.bsky.feed.post", "tag": "app.bsky.feed.post"}, ("a", "post", "of", "somebody"))


RULES = {"record": record, "record.value": record, "value": record, "cursor": lambda m: m.word(), "convo.id": lambda m: m.word(least=13, most=13),
         "convos.id": lambda m: m.word(least=13, most=13), "id": lambda m: m.word(least=13, most=13), "email": lambda m: "shop@shop.example",
         "accessJwt": lambda m: m.word(), "refreshJwt": lambda m: m.word(), "did": lambda m: m.value({"type": "string", "pattern": "did:plc:[a-z2-7]{24}"})}
# Whom a session is for, and which record is looked at, are said by the question.
OURS = {"session": {"did": lambda m: US, "handle": lambda m: "shop.example", "active": lambda m: True}}
LISTS = ("notifications", "feed", "posts", "convos", "messages")


@pytest.mark.parametrize("case", [c for c, (op, _) in CASES.items() if op in ("poll", "sweep", "thread", "recheck", "identify", "refresh")])
def test_answers_of_the_lexicons_are_digested_whole(lexicons, tmp_path, case):
    op, known = CASES[case]
    request = ask(tmp_path, "bluesky", op, {**KNOWN, **known})
    schema = lexicons.part(urllib.parse.urlsplit(request["url"]).path.removeprefix("/xrpc/"), "output")
    rules = {**RULES, **OURS["session"]} if op in ("identify", "refresh") else RULES
    for i in range(N):
        answer = Maker(lexicons, f"bluesky {case} {i}", rules, share=(0.4, 0.15)[(i + len(case)) % 2], deep=4).value(schema)
        path = tmp_path / "answer.http"
        path.write_bytes(recording(op, {**KNOWN, **known}, body=json.dumps(answer).encode()))
        done = subprocess.run([program("answerd"), "digest", "bluesky", op, str(path)], capture_output=True, timeout=60, check=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        bad = [line for line in lines if "quarantined" in line or "error" in line]
        assert not bad, (i, len(bad), bad[:3])
        n = sum(len(answer[name]) for name in LISTS if isinstance(answer.get(name), list))
        assert op not in ("poll", "sweep") or "convos" in answer or len(lines) >= n > 0, (i, len(lines), n)
