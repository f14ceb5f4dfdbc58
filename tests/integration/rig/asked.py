"""What the connectors ask: questions by name, and the requests that tests/tools/ask makes of them."""
import json
import subprocess

import pytest

from rig.place import build_dir

NOW = "2026-11-20T10:00:00Z"
POST = {"key": "3m5xkq2yrs22a", "text": "It left us.", "begun": "2026-11-20T09:59:30Z", "author-id": "77", "author-handle": "ann"}
GRANT = {"redirect": "http://127.0.0.1:8710/", "grant-state": "st4711", "verifier": "v" * 43, "challenge": "c" * 43}

# ---- x ----
X_PUBLIC = {**POST, "parent": "1900000000000000001", "visibility": "public"}
X_DIRECT = {**POST, "parent": "dm:1900000000000000001", "thread": "44-77", "visibility": "private"}
X_LATE = ('{"since":"2123702889477046272","walk":{"broken":0,"met":false,"newest":"","pages":1,"read":2,'
          '"next":"7140dibdnow9c7btw423i3sy3u5zupmk","turtle":""}}')
X_SEARCHING = '{"depth":1,"pages":0,"conversation":"1900000000000000001","look":"","next":"","turtle":""}'
X_SEARCHED = X_SEARCHING.replace('"next":""', '"next":"b26v89c19zqg8o3fpzbkk1"')
X_CASES = {
    "who we are": ("identify", {}), "mentions": ("poll", {"source": "mentions", "since": "2026-10-21T09:00:00Z"}),
    "their next page": ("poll", {"source": "mentions", "state": X_LATE}), "one at a time": ("poll", {"source": "mentions", "page-limit": "1"}),
    "own": ("poll", {"source": "own"}), "directs": ("poll", {"source": "directs", "state": X_LATE}),
    "a search": ("poll", {"source": "search:acme OR \"acme shop\"", "since": "2026-11-19T09:00:00Z", "page-limit": "1"}),
    "its next page": ("poll", {"source": "search:acme", "state": X_LATE}), "a sweep": ("sweep", {"source": "own", "since": "2026-11-18T09:00:00Z"}),
    "a thread": ("thread", {"subject": "1900000000000000001"}), "its search": ("thread", {"subject": "1", "state": X_SEARCHING}),
    "the search's next page": ("thread", {"subject": "1", "state": X_SEARCHED}),
    "a recheck": ("recheck", {"subject": "1900000000000000001"}), "a reply": ("reply", X_PUBLIC), "a direct reply": ("reply", X_DIRECT),
    "a look": ("lookup", X_PUBLIC), "a direct look": ("lookup", X_DIRECT), "its next look": ("lookup", {**X_PUBLIC, "state": "1 7140dibdnow9c7btw423"}),
}
X_SESSIONS = {"a new session": ("refresh", {"session": '{"access":"at","refresh":"rt"}'}),
              "being let in": ("connect", {**GRANT, "code": "c4711", "session": ""})}
X_SIGNED = {f"{name}, with signed keys": (op, {**known, "token": "ck:cs:44-t:ts", "session": ""}) for name, (op, known) in X_CASES.items()}

# ---- mastodon ----
M_ID = "103186126728896492"
M_PUBLIC = {**POST, "parent": M_ID, "visibility": "public", "warning": "about parcels", "language": "en"}
M_BACK = '{"walked":true,"known":["34975861"],"walk":{"way":"back","at":"34975900","first":"34975999","last":"34975900","pages":1,"turtle":"","fresh":[]}}'
M_OWN_LOOK = '{"own":true,"gone":false,"pages":1,"at":"103186200000000011"}'
M_STEP = '{"old":%s,"id":"14715","handle":"shop","name":"Shop"}'
M_CASES = {
    "who we are": ("identify", {}), "which server": ("identify", {"state": M_STEP % "false"}), "which old server": ("identify", {"state": M_STEP % "true"}),
    "mentions": ("poll", {"source": "mentions"}), "their news": ("poll", {"source": "mentions", "state": '{"walked":true,"known":["34975861"]}'}),
    "their next page back": ("poll", {"source": "mentions", "state": M_BACK}), "one at a time": ("poll", {"source": "mentions", "page-limit": "1"}),
    "without quotes": ("poll", {"source": "mentions", "state": '{"walked":true,"plain":true,"known":[]}'}),
    "own": ("poll", {"source": "own"}), "their next page": ("poll", {"source": "own", "state": M_BACK}), "a sweep": ("sweep", {"source": "own"}),
    "directs": ("poll", {"source": "directs"}), "directs, next page": ("poll", {"source": "directs", "state": M_BACK}),
    "a hashtag": ("poll", {"source": "search:#café"}), "its next page": ("poll", {"source": "search:#café", "state": M_BACK}),
    "words": ("poll", {"source": "search:acme & sons"}),
    "words, next page": ("poll", {"source": "search:acme", "state": M_BACK.replace('"at":"34975900"', '"at":"40"')}),
    "a thread": ("thread", {"subject": M_ID}), "a thread, upwards": ("thread", {"subject": M_ID, "page-limit": "1"}),
    "a recheck": ("recheck", {"subject": M_ID}), "a recheck of one": ("recheck", {"subject": M_ID, "state": f'["{M_ID}"]'}),
    "a reply": ("reply", M_PUBLIC), "an unlisted reply": ("reply", {**M_PUBLIC, "visibility": "unlisted"}),
    "a reply to followers": ("reply", {**M_PUBLIC, "visibility": "followers"}), "a direct reply": ("reply", {**M_PUBLIC, "visibility": "private"}),
    "a look": ("lookup", M_PUBLIC), "a look at our own": ("lookup", {**M_PUBLIC, "state": M_OWN_LOOK}),
}
M_SESSIONS = {"a client of ours": ("connect", GRANT), "being let in": ("connect", {**GRANT, "code": "c4711", "token": "client:secret"})}

# ---- discourse ----
D_REPLY = {**POST, "parent": "77/2"}
D_CASES = {
    "who we are": ("identify", {}), "posts": ("poll", {"source": "posts"}),
    "their next page": ("poll", {"source": "posts", "state": '{"known":950,"at":990,"newest":993,"empty":0,"pages":1}'}),
    "a sweep": ("sweep", {"source": "posts"}), "directs": ("poll", {"source": "directs"}),
    "a thread": ("thread", {"subject": "77/2"}), "its rest": ("thread", {"subject": "77/2", "state": "[992,995]"}),
    "a recheck of a topic": ("recheck", {"subject": "77/1"}), "a recheck of a post": ("recheck", {"subject": "77/2"}),
    "a reply": ("reply", D_REPLY), "a reply to a topic": ("reply", {**D_REPLY, "parent": "77/1"}),
    "a direct reply": ("reply", {**D_REPLY, "parent": "pm:80/2", "visibility": "private"}),
    "a look": ("lookup", D_REPLY), "its rest of a look": ("lookup", {**D_REPLY, "state": "[1030,1031]"}),
}

COMMON = {
    "x": {"server": "https://api.x.com", "own-id": "44", "own-handle": "shop", "token": "id:secret:rt", "session": '{"access":"at"}'},
    "mastodon": {"server": "https://social.example", "own-id": "14715", "own-handle": "shop", "token": "at"},
    "discourse": {"server": "https://forum.example", "own-id": "5", "own-handle": "shop", "token": "at", "option": "username=shop"},
}


def x_words(words):
    """The facts of an account whose X speaks of tweets, or of posts."""
    return {"facts": f'{{"directs":"yes","tried":true,"words":"{words}"}}'}


def recording(op, known, status="200 OK", body=b""):
    """A recording of daemon/base/digest.h: what would be known, and an answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json; charset=utf-8", f"X-Answerd-Op: {op}"]
    lines += [f"X-Answerd-{k}: {v}" for k, v in {"now": NOW, **known}.items()]
    return ("\n".join(lines) + "\n\n").encode() + body


def printed(folder, network, op, known):
    tool = build_dir() / "tests" / "tools" / "ask"
    if not tool.exists():
        pytest.skip("tests/tools/ask is not built")
    path = folder / "question.http"
    path.write_bytes(recording(op, {**COMMON.get(network, {}), **known}))
    done = subprocess.run([tool, network, op, str(path)], capture_output=True, timeout=30, check=True)
    return json.loads(done.stdout)


def ask(folder, network, op, known):
    """The request that the connector makes, as tests/tools/ask prints it."""
    request = printed(folder, network, op, known)
    assert "error" not in request, (network, op, known, request)
    return request


def consent(folder, network, known):
    """The address that a person opens to let us in."""
    return printed(folder, network, "connect", {**GRANT, **known})["address"]
