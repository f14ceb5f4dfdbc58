"""The town keeps its own promises: what it serves, forgets, spoils and remembers. No answerd needed."""
import base64
import gzip
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import quote, urlencode

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PROXY = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}


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


def notes(town, **query):
    return town.get("/m/social/api/v1/notifications", town.token, **query)


def xrpc(town, method, status=200, headers=None, **query):
    return town.get("/b/sky/xrpc/" + method, town.token, status, headers, **query)


def say(town, server, text, author="ann", **more):
    return town.do(op="post", server=server, author=author, text=text, **more)["id"]


# ---- Mastodon
def test_mention_becomes_a_notification(social):
    ident = say(social, "social", "@shop where is it?", at="2020-01-02T03:04:05.678Z")
    note, = notes(social, types__="mention")
    assert (note["type"], note["status"]["id"], note["status"]["created_at"]) == ("mention", ident, "2020-01-02T03:04:05.678Z")
    assert note["status"]["mentions"][0]["acct"] == "shop" and note["id"] != ident
    assert social.last.headers["X-RateLimit-Reset"].endswith("Z")


def test_ids_grow_with_insertion_not_with_time(social):
    first = say(social, "social", "@shop a", at="2030-01-01T00:00:00Z")
    second = say(social, "social", "@shop b", at="2010-01-01T00:00:00Z")
    assert int(first) < int(second)


def test_paging_by_min_id_and_by_link(social):
    for i in range(7):
        say(social, "social", f"@shop {i}")
    newest = notes(social, limit=3)
    assert [n["status"]["content"][-5] for n in newest] == ["6", "5", "4"]
    older = social.last.headers["Link"].split(">")[0].split("?")[1]
    assert [n["status"]["content"][-5] for n in social.get("/m/social/api/v1/notifications?" + older, social.token)] == ["3", "2", "1"]
    first = notes(social, limit=80)[-1]["id"]
    assert [n["status"]["content"][-5] for n in notes(social, min_id=first, limit=2)] == ["2", "1"]
    assert [n["status"]["content"][-5] for n in notes(social, since_id=first, limit=2)] == ["6", "5"]


def test_a_reply_that_names_nobody_notifies_nobody_but_stands_in_the_context(social):
    top = say(social, "social", "@shop help", key="q")
    say(social, "social", "me too", author="bob", parent="q", key="r")
    assert len(notes(social)) == 1
    context = social.get(f"/m/social/api/v1/statuses/{top}/context", social.token)
    assert [s["content"] for s in context["descendants"]] == ["<p>me too</p>"] and context["ancestors"] == []


def test_parent_may_arrive_after_its_child(social):
    child = say(social, "social", "@shop child", parent="later", key="child")
    status = social.get(f"/m/social/api/v1/statuses/{child}", social.token)
    social.get("/m/social/api/v1/statuses/" + status["in_reply_to_id"], social.token, 404)
    assert say(social, "social", "@shop parent", key="later") == status["in_reply_to_id"]
    assert len(social.get(f"/m/social/api/v1/statuses/{child}/context", social.token)["ancestors"]) == 1


def test_post_with_idempotency_key_is_one_post_and_bad_ones_are_refused(social):
    q = say(social, "social", "@shop ?")
    body = {"status": "@ann yes", "in_reply_to_id": q}
    one = social.post("/m/social/api/v1/statuses", body, social.token, headers={"Idempotency-Key": "k"})
    two = social.post("/m/social/api/v1/statuses", body, social.token, headers={"Idempotency-Key": "k"})
    assert one["id"] == two["id"] and len(social.get("/control/applied")) == 1
    assert "blank" in social.post("/m/social/api/v1/statuses", {"status": " "}, social.token, 422)["error"]
    assert "500" in social.post("/m/social/api/v1/statuses", {"status": "x" * 501}, social.token, 422)["error"]
    social.post("/m/social/api/v1/statuses", {"status": "x", "in_reply_to_id": "1"}, social.token, 404)
    social.post("/m/social/api/v1/statuses", body, "wrong", 401)


def test_edit_delete_direct_and_conversations(social):
    ident = say(social, "social", "@shop old", visibility="direct")
    social.do(op="edit", server="social", post=ident, text="@shop new")
    status = social.get(f"/m/social/api/v1/statuses/{ident}", social.token)
    assert "new" in status["content"] and status["edited_at"]
    social.get(f"/m/social/api/v1/statuses/{ident}", None, 404)
    assert social.get("/m/social/api/v1/conversations", social.token)[0]["last_status"]["id"] == ident
    social.do(op="delete", server="social", post=ident)
    social.get(f"/m/social/api/v1/statuses/{ident}", social.token, 404)
    assert notes(social) == []


def test_tag_timeline_needs_no_token_and_search_finds(social):
    ident = say(social, "social", "lost my #Umbrella today")
    assert social.get("/m/social/api/v1/timelines/tag/umbrella")[0]["id"] == ident
    found = social.get("/m/social/api/v2/search", social.token, q="umbrella", type="statuses")
    assert [s["id"] for s in found["statuses"]] == [ident]


def test_dialects(town):
    for name in ("snac", "pixelfed", "old"):
        town.do(op="server", kind="mastodon", name=name, dialect=[name])
        token = town.do(op="person", server=name, key="shop", own="acme")["token"]
        town.do(op="person", server=name, key="ann")
        ids = [say(town, name, f"@shop {i}") for i in range(3)]
        page = town.get(f"/m/{name}/api/v1/notifications", token)
        again = town.get(f"/m/{name}/api/v1/notifications", token, min_id=page[0]["id"])
        if name == "snac":
            assert again == page and "Link" not in town.last.headers and not ids[0].isdigit()
            assert "." not in page[0]["status"]["created_at"]
            assert town.get("/m/snac/api/v1/notifications", "wrong", 401) == b""
        else:
            assert len(again) == (1 if name == "pixelfed" else 0)
        town.get(f"/m/{name}/api/v1/statuses", token, 404 if name == "old" else 200, id__=ids)


def test_rate_limit_and_time(town):
    town.do(op="server", kind="mastodon", name="social", rate_limit=3)
    town.token = town.do(op="person", server="social", key="shop", own="acme")["token"]
    for _ in range(3):
        notes(town)
    notes(town, status=429)
    town.post("/control/time", {"add_s": 301})
    notes(town)


def test_revoked_and_restored(social):
    social.do(op="revoke", server="social", person="shop")
    notes(social, status=401)
    social.do(op="restore", server="social", person="shop")
    notes(social)


# ---- Bluesky
def test_equal_times_across_a_page_edge_are_lost(sky):
    for i in range(5):
        say(sky, "sky", f"@shop {i}", at="2026-01-01T00:00:00.000Z")
    page = xrpc(sky, "app.bsky.notification.listNotifications", limit=2)
    assert len(page["notifications"]) == 2
    assert xrpc(sky, "app.bsky.notification.listNotifications", limit=2, cursor=page["cursor"])["notifications"] == []


def test_backdated_post_lies_deep_and_a_future_one_carries_its_arrival(sky):
    say(sky, "sky", "@shop now")
    say(sky, "sky", "@shop old", at="2019-01-01T00:00:00Z")
    say(sky, "sky", "@shop future", at="2099-01-01T00:00:00Z")
    found = xrpc(sky, "app.bsky.notification.listNotifications")["notifications"]
    assert [n["record"]["text"] for n in found] == ["@shop future", "@shop now", "@shop old"]
    assert found[2]["indexedAt"].startswith("2019") and found[0]["indexedAt"] < "2090"


def test_thread_is_a_tree_with_parents_and_missing_ones(sky):
    say(sky, "sky", "@shop q", key="q")
    say(sky, "sky", "a", author="shop", parent="q", key="a")
    b = say(sky, "sky", "b", parent="a", key="b")
    say(sky, "sky", "c", author="bob", parent="b", key="c")
    thread = xrpc(sky, "app.bsky.feed.getPostThread", uri=b)["thread"]
    assert thread["parent"]["post"]["record"]["text"] == "a" and thread["parent"]["parent"]["post"]["record"]["text"] == "@shop q"
    assert [r["post"]["record"]["text"] for r in thread["replies"]] == ["c"]
    sky.do(op="delete", server="sky", post="a")
    assert xrpc(sky, "app.bsky.feed.getPostThread", uri=b)["thread"]["parent"]["notFound"] is True
    feed = xrpc(sky, "app.bsky.feed.getAuthorFeed", actor="ann.test")["feed"]
    assert len(feed) == 2 and feed[0]["reply"]["root"]["record"]["text"] == "@shop q"


def test_sessions_expire_as_400_and_refresh(sky):
    sky.post("/control/time", {"add_s": 7201})
    assert xrpc(sky, "app.bsky.notification.listNotifications", 400)["error"] == "ExpiredToken"
    new = sky.post("/b/sky/xrpc/com.atproto.server.refreshSession", None, sky.refresh)
    sky.token = new["accessJwt"]
    xrpc(sky, "app.bsky.notification.listNotifications")
    sky.token = "garbage"
    assert xrpc(sky, "app.bsky.notification.listNotifications", 400)["error"] == "InvalidToken"
    sky.token = None
    assert xrpc(sky, "app.bsky.notification.listNotifications", 401)["error"] == "AuthMissing"
    assert xrpc(sky, "app.bsky.feed.searchPosts", 403, q="x").startswith(b"<html")


def test_put_record_twice_is_one_post_and_create_twice_fails(sky):
    record = {"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-11-21T00:00:00Z"}
    body = {"repo": sky.did, "collection": "app.bsky.feed.post", "rkey": "3n2u5xjnras2b", "record": record}
    one = sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", body, sky.token)
    two = sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", body, sky.token)
    assert one["cid"] == two["cid"] and len(sky.get("/control/applied")) == 1
    sky.post("/b/sky/xrpc/com.atproto.repo.createRecord", body, sky.token, 500)
    body["record"]["text"] = "x" * 301
    assert "grapheme too big" in sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", body, sky.token, 400)["message"]
    assert xrpc(sky, "com.atproto.repo.getRecord", repo=sky.did, collection="app.bsky.feed.post", rkey="3n2u5xjnras2b")["cid"] == one["cid"]


def test_appview_lags_behind_the_repository(sky):
    sky.do(op="option", server="sky", lag_s=60)
    uri = say(sky, "sky", "@shop hello")
    assert xrpc(sky, "app.bsky.notification.listNotifications")["notifications"] == []
    assert xrpc(sky, "app.bsky.feed.getPosts", uris=uri)["posts"] == []
    xrpc(sky, "com.atproto.repo.getRecord", repo="ann.test", collection="app.bsky.feed.post", rkey=uri.split("/")[-1])
    sky.post("/control/time", {"add_s": 61})
    assert len(xrpc(sky, "app.bsky.feed.getPosts", uris=uri)["posts"]) == 1
    xrpc(sky, "app.bsky.feed.getPosts", 400, uris=[uri] * 26)


def test_search_pages_over_equal_times(sky):
    for i in range(5):
        say(sky, "sky", f"@shop {i}", at="2026-01-01T00:00:00.000Z")
    seen, cursor = set(), None
    for _ in range(4):
        more = {"cursor": cursor} if cursor else {}
        page = xrpc(sky, "app.bsky.feed.searchPosts", q="*", mentions=sky.did, limit=2, sort="latest", **more)
        seen |= {p["uri"] for p in page["posts"]}
        cursor = page.get("cursor")
    assert len(seen) == 5


def test_chat(sky):
    made = sky.do(op="chat", server="sky", author="ann", to="shop", text="psst")
    xrpc(sky, "chat.bsky.convo.listConvos", 404)
    convo, = xrpc(sky, "chat.bsky.convo.listConvos", headers=PROXY)["convos"]
    assert convo["lastMessage"]["text"] == "psst" and convo["id"] == made["convo"]
    sky.post("/b/sky/xrpc/chat.bsky.convo.sendMessage", {"convoId": convo["id"], "message": {"text": "yes?"}}, sky.token, headers=PROXY)
    texts = [m["text"] for m in xrpc(sky, "chat.bsky.convo.getMessages", headers=PROXY, convoId=convo["id"])["messages"]]
    assert texts == ["yes?", "psst"]
    log = xrpc(sky, "chat.bsky.convo.getLog", headers=PROXY)
    assert len(log["logs"]) == 2 and xrpc(sky, "chat.bsky.convo.getLog", headers=PROXY, cursor=log["cursor"])["logs"] == []


# ---- the book, faults
def test_book_knows_every_element_byte_for_byte_and_survives_a_restart(social):
    ident = say(social, "social", "@shop ¿dónde? 🦆")
    answer, data = social.call("GET", "/m/social/api/v1/notifications", token=social.token)
    served, = social.get("/control/served", who="shop")
    assert served["id"] == ident and served["sha"] == hashlib.sha256(data[1:-1]).hexdigest()
    social.do(op="edit", server="social", post=ident, text="@shop changed")
    truth = social.get("/control/truth", server="social")
    social.stop()
    social.start()
    assert social.get("/control/truth", server="social") == truth
    assert social.get("/control/served", who="shop") == [served]
    assert "changed" in notes(social)[0]["status"]["content"]
    with open(social.book, encoding="utf-8") as file:
        assert any(json.loads(line).get("sha1") == hashlib.sha1(data).hexdigest() for line in file)


def test_cut_answers_do_not_count_as_served(social):
    say(social, "social", "@shop a")
    social.fault(kind="cut", path="notifications")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        notes(social)
    assert social.get("/control/served", who="shop") == []
    notes(social)
    assert len(social.get("/control/served", who="shop")) == 1


@pytest.mark.parametrize("how", ["nul", "utf8", "surrogate", "bigint", "huge_float", "dup", "empty", "long", "missing", "bad_escape"])
def test_poison_spoils_exactly_one_element(social, how):
    for i in range(3):
        say(social, "social", f"@shop {i}")
    clean = social.call("GET", "/m/social/api/v1/notifications", token=social.token)[1]
    social.fault(kind="poison", how=how, which=1, path="notifications")
    spoilt = social.call("GET", "/m/social/api/v1/notifications", token=social.token)[1]
    assert spoilt != clean and spoilt[:500] == clean[:500] and spoilt[-500:] == clean[-500:]
    assert social.call("GET", "/m/social/api/v1/notifications", token=social.token)[1] == clean


def test_applied_then_lost(social):
    social.fault(kind="drop", path="statuses", method="POST", apply=True)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        social.post("/m/social/api/v1/statuses", {"status": "hello"}, social.token)
    assert [p["text"] for p in social.get("/control/applied")] == ["hello"]


@pytest.mark.parametrize("how", ["applied_reset", "applied_502", "applied_504", "applied_429", "applied_empty", "applied_type", "applied_no_id",
                                 "applied_duplicate", "applied_html", "unapplied_reset", "unapplied_502"])
def test_lies_about_outcomes(social, how):
    """What a lie did to the world is in the book under its key, whatever the answer says."""
    social.fault(kind="lie", how=how)
    body = json.dumps({"status": "hello"}).encode()
    try:
        answer, data = social.call("POST", "/m/social/api/v1/statuses", body, {"Idempotency-Key": "k", "Content-Type": "application/json"}, social.token)
        honest = answer.status == 200 and "json" in answer.headers["Content-Type"] and b'"id"' in data
    except (ConnectionError, http.client.HTTPException):
        honest = False
    assert not honest
    wanted = [("hello", "k")] if how.startswith("applied") else []
    assert [(p["text"], p["posting_key"]) for p in social.get("/control/applied")] == wanted
    again = social.post("/m/social/api/v1/statuses", {"status": "hello"}, social.token, headers={"Idempotency-Key": "k"})
    assert [(p["id"], p["posting_key"]) for p in social.get("/control/applied")] == [(again["id"], "k")], "the key holds"
    assert social.get("/control/counters")[f"lie {how}"] == 1


def test_a_client_that_has_gone_is_served_all_the_same(social):
    """applied_late: the answer never came, and only later the post is there."""
    social.fault(kind="stall", path="statuses", method="POST", after=0.5)
    conn = http.client.HTTPConnection("127.0.0.1", social.port, timeout=0.1)
    with pytest.raises(TimeoutError):
        conn.request("POST", "/m/social/api/v1/statuses", b'{"status":"late"}',
                     {"Authorization": "Bearer " + social.token, "Content-Type": "application/json"})
        conn.getresponse()
    conn.close()
    assert social.get("/control/applied") == []
    end = time.monotonic() + 10
    while not social.get("/control/applied"):
        assert time.monotonic() < end, "the post never came"
        time.sleep(0.02)


def test_what_is_applied_may_be_shown_late(social):
    q = say(social, "social", "@shop ?", key="q")
    social.fault(kind="late", path="statuses", method="POST", late_s=60)
    post = social.post("/m/social/api/v1/statuses", {"status": "@ann yes", "in_reply_to_id": q}, social.token)
    own = f"/m/social/api/v1/accounts/{post['account']['id']}/statuses"
    assert social.get(own, social.token) == [] == social.get(f"/m/social/api/v1/statuses/{q}/context", social.token)["descendants"]
    social.stop()
    social.start()
    assert social.get(own, social.token) == [], "a new start knows it too"
    social.post("/control/time", {"add_s": 61})
    assert [p["id"] for p in social.get(own, social.token)] == [post["id"]]
    assert len(social.get(f"/m/social/api/v1/statuses/{q}/context", social.token)["descendants"]) == 1


def test_keys_may_be_ignored_or_break(social):
    def twice(status=200):
        for code in (200, status):
            social.post("/m/social/api/v1/statuses", {"status": "x"}, social.token, code, headers={"Idempotency-Key": "k%d" % status})
    social.do(op="option", server="social", idempotency_breaks=True)
    twice(500)
    assert len(social.get("/control/applied")) == 1
    social.do(op="option", server="social", idempotency="ignored", idempotency_breaks=False)
    twice()
    assert len(social.get("/control/applied")) == 3


def test_put_record_swaps_with_nothing_only_where_nothing_is(sky):
    record = {"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-11-21T00:00:00Z"}
    body = {"repo": sky.did, "collection": "app.bsky.feed.post", "rkey": "3n2u5xjnras2b", "record": record, "swapRecord": None}
    one = sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", body, sky.token)
    assert sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", body, sky.token)["cid"] == one["cid"]
    other = {**body, "record": {**record, "text": "goodbye"}}
    assert sky.post("/b/sky/xrpc/com.atproto.repo.putRecord", other, sky.token, 400)["error"] == "InvalidSwap"
    assert [(p["text"], p["posting_key"]) for p in sky.get("/control/applied")] == [("hello", "3n2u5xjnras2b")]


def test_direct_messages_that_came_in_through_the_api_are_in_the_book(sky):
    convo = sky.do(op="chat", server="sky", author="ann", to="shop", text="psst")["convo"]
    sky.fault(kind="lie", how="applied_503", late_s=60)
    sky.post("/b/sky/xrpc/chat.bsky.convo.sendMessage", {"convoId": convo, "message": {"text": "yes?"}}, sky.token, 503, headers=PROXY)
    assert [(m["text"], m["convo"], m["to"]) for m in sky.get("/control/applied")] == [("yes?", convo, ["ann"])]
    read = "/b/sky/xrpc/chat.bsky.convo.getMessages"
    assert [m["text"] for m in sky.get(read, sky.token, headers=PROXY, convoId=convo)["messages"]] == ["psst"]
    sky.post("/control/time", {"add_s": 61})
    assert [m["text"] for m in sky.get(read, sky.token, headers=PROXY, convoId=convo)["messages"]] == ["yes?", "psst"]


def test_other_faults_do_what_they_say(social):
    say(social, "social", "@shop a")
    social.fault(kind="limited", dialect="date", seconds=60)
    notes(social, status=429)
    social.fault(kind="html", status=403)
    assert notes(social, status=403).startswith(b"<!DOCTYPE")
    social.fault(kind="redirect")
    notes(social, status=302)
    assert social.last.headers["Location"].endswith("/m/social/api/v1/notifications")
    social.fault(kind="bomb", mib=3)
    assert len(gzip.decompress(notes(social))) == (3 << 20) + 4
    social.fault(kind="again", count=0, path="notifications")
    assert notes(social, limit=1) == notes(social, limit=1, max_id="5")
    social.post("/control/heal", {})
    for how in ("length", "endless_body", "endless_headers", "garbage", "bad_chunks", "cut"):
        social.fault(kind=how, mib=16 if how == "endless_headers" else 1)
        with pytest.raises((http.client.HTTPException, ConnectionError, ValueError)):
            notes(social)
            raise ConnectionError("an endless body that ends counts as well") if how == "endless_body" else AssertionError(how)


def test_stall_is_ended_by_healing(social):
    fault = social.fault(kind="stall")
    sock = socket.create_connection(("127.0.0.1", social.port), timeout=10)
    sock.sendall(b"GET /m/social/api/v1/instance HTTP/1.1\r\nHost: x\r\n\r\n")
    while not social.get("/control/faults")[0]["hits"]:
        time.sleep(0.01)
    social.post("/control/heal", {"id": fault})
    with pytest.raises(ConnectionError):
        if sock.recv(1) == b"":
            raise ConnectionError
    sock.close()


def test_deep_and_circular_threads(social, sky):
    for server in ("social", "sky"):
        ops = [{"key": "n0", "text": "@shop top"}] + [{"key": f"n{i}", "parent": f"n{i - 1}", "text": "x"} for i in range(1, 3000)]
        last = sky.post("/control/bulk", {"defaults": {"server": server, "author": "ann", "quiet": True}, "ops": ops})
        top, last = last[5]["id"], last[-1]["id"]
        sky.do(op="post", server=server, author="bob", key="me", text="x", parent="n5")
        sky.do(op="reparent", server=server, post="me", parent="me")
        if server == "social":
            circle = top
            sky.do(op="reparent", server=server, post="n0", parent="n2999")
    for path in (f"/b/sky/xrpc/app.bsky.feed.getPostThread?parentHeight=1000&uri={quote(last)}", f"/m/social/api/v1/statuses/{circle}/context"):
        answer, data = sky.call("GET", path, token=sky.token if path[1] == "b" else None)
        assert answer.status == 200 and len(data) > 10_000


def test_lively_day(tmp_path):
    town = Client(str(tmp_path), "--day", "lively")
    found = town.get("/m/social/api/v1/notifications", "town-kettle-and-crumb", limit=80, types__="mention")
    assert len(found) > 35
    session = town.post("/b/sky/xrpc/com.atproto.server.createSession",
                        {"identifier": "kettleandcrumb.example", "password": "kett-lean-dcru-mbxx"})
    page = town.get("/b/sky/xrpc/app.bsky.notification.listNotifications", session["accessJwt"], limit=100)
    assert len(page["notifications"]) > 20
    n = len(town.get("/control/truth", server="social"))
    town.stop()
    town.start()
    assert len(town.get("/control/truth", server="social")) >= n
    assert town.get("/control/health")["ok"]
    town.stop()


def test_boosts_quotes_and_applications(social):
    p = say(social, "social", "new cups", author="shop", key="p", application="Auto")
    q = say(social, "social", "look", quote="p")
    social.do(op="boost", server="social", person="shop", post=q)
    assert notes(social, types__="quote")[0]["status"]["quote"]["quoted_status"]["id"] == p
    own = social.get("/control/servers")[0]["own"][0]["id"]
    boost, post = social.get(f"/m/social/api/v1/accounts/{own}/statuses", social.token)
    assert boost["reblog"]["id"] == q and post["application"]["name"] == "Auto" and post["reblog"] is None


def test_poison_is_what_it_says(social):
    """An escaped NUL is one in JSON, a lone surrogate too."""
    say(social, "social", "@shop x")
    for how, text in (("nul", b'"content":"\\u0000'), ("surrogate", b'"content":"\\ud800')):
        social.fault(kind="poison", how=how, path="notifications")
        assert text in social.call("GET", "/m/social/api/v1/notifications", token=social.token)[1]


def test_a_blog_shows_its_window_and_says_when_nothing_changed(town):
    """Feeds: the newest entries only, 304 to who knows them, another answer after a change, in three formats."""
    town.do(op="server", kind="blog", name="loaf", window=3)
    for who in ("baker", "ann"):
        town.do(op="person", server="loaf", key=who)
    post = town.do(op="post", server="loaf", author="baker", text="Bread")["id"]
    ids = [town.do(op="post", server="loaf", author="ann", text=f"comment {i}", parent=post)["id"] for i in range(5)]
    for form, mark in (("rss", b"<rss"), ("rdf", b"<rdf:RDF"), ("atom", b"<feed")):
        town.do(op="option", server="loaf", format=form)
        answer, data = town.call("GET", "/f/loaf/comments/feed/")
        assert answer.status == 200 and mark in data and data.count(b"#comment-") >= 3
        assert ids[4].encode() in data and ids[1].encode() not in data
        again, nothing = town.call("GET", "/f/loaf/comments/feed/", headers={"If-None-Match": answer.getheader("ETag")})
        assert again.status == 304 and nothing == b""
    town.do(op="edit", server="loaf", post=ids[4], text="changed")
    answer, data = town.call("GET", "/f/loaf/comments/feed/", headers={"If-None-Match": answer.getheader("ETag")})
    assert answer.status == 200 and b"changed" in data
    assert town.call("GET", "/f/loaf/post/1/feed/")[0].status == 200 and town.call("GET", "/f/loaf/nothing")[0].status == 404


def test_telegram_gives_an_update_until_it_is_confirmed(town):
    town.do(op="server", kind="telegram", name="wire")
    bot = town.do(op="person", server="wire", key="shop", own="acme", bot=True)
    town.do(op="person", server="wire", key="ann")
    ids = [town.do(op="post", server="wire", author="ann", text=f"hello {i} @shop", chat="bakers" if i else None)["id"] for i in range(3)]

    def call(method, query=""):
        return town.get(f"/t/wire/bot{bot['token']}/{method}{query}")
    for _ in range(2):
        found = call("getUpdates", "?limit=2")["result"]
        assert [u["message"]["chat"]["type"] for u in found] == ["private", "supergroup"]
        assert f"{found[0]['message']['chat']['id']}:{found[0]['message']['message_id']}" == ids[0]
        assert found[1]["message"]["entities"] == [{"type": "mention", "offset": 8, "length": 5}]
    last = found[1]["update_id"]
    assert len(call("getUpdates", f"?offset={last + 1}")["result"]) == 1
    town.stop()
    town.start()
    assert [u["update_id"] for u in call("getUpdates")["result"]] == [last + 1]
    town.do(op="delete", server="wire", post=ids[0])
    assert len(call("getUpdates")["result"]) == 1


def basic(person):
    return {"Authorization": "Basic " + base64.b64encode(person["token"].encode()).decode()}


def test_a_wordpress_site_keeps_its_own_rules(town):
    """What a real one does: states of moderation, its own clock, 409 for a copy, children of a deleted comment, wrong passwords."""
    town.do(op="server", kind="wordpress", name="site", zone_h=-5)
    shop = town.do(op="person", server="site", key="shop", own="acme")
    for who in ("ann", "bob"):
        town.do(op="person", server="site", key=who)
    plain = town.do(op="person", server="site", key="plain", token=True)
    post = town.do(op="post", server="site", author="shop", text="Bread")["id"]
    c = town.do(op="post", server="site", author="ann", text="one", parent=post)["id"]
    d = town.do(op="post", server="site", author="bob", text="two", parent=c)["id"]
    held = town.do(op="post", server="site", author="bob", text="three", parent=post, status="hold")["id"]

    def ask(query, headers=None, path="/comments"):
        answer, data = town.call("GET", "/w/site/wp-json/wp/v2" + path + query, headers=headers)
        return answer.status, json.loads(data)
    assert [e["id"] for e in ask("?orderby=id")[1]] == [int(d), int(c)]
    assert ask("?status=all")[1]["code"] == "rest_forbidden_param"
    status, found = ask("?status=all&orderby=id&order=desc", basic(shop))
    assert status == 200 and [(e["id"], e["status"], e["parent"]) for e in found] == [
        (int(held), "hold", 0), (int(d), "approved", int(c)), (int(c), "approved", 0)]
    assert [e["author"] for e in found] == [0, 0, 0] and "author_email" not in found[0]
    now = time.time()
    utc = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - 60))
    assert len(ask(f"?after={utc}Z")[1]) == 2 and ask(f"?after={utc}")[1] == [], "without a zone it is the site's local time"
    assert ask("", path="/comments/" + held)[1]["code"] == "rest_cannot_read" and ask("", path="/comments/99")[1]["code"] == "rest_comment_invalid_id"

    def say(text, parent, who):
        answer, data = town.call("POST", "/w/site/wp-json/wp/v2/comments", {"post": int(post[5:]), "parent": int(parent), "content": text}, headers=basic(who))
        return answer.status, json.loads(data)
    status, said = say("yes", c, shop)
    assert status == 201 and said["author"] == int(shop["id"]) and say("yes", c, shop)[1]["code"] == "comment_duplicate"
    assert say("quick", c, plain)[0] == 201 and say("quicker", c, plain)[1]["code"] == "comment_flood"
    assert say("x", c, {"token": "shop:wrong"})[1]["code"] == "rest_comment_login_required"
    town.do(op="delete", server="site", post=c)
    assert {e["id"]: e["parent"] for e in ask("?include=" + d)[1]} == {int(d): 0}
    town.do(op="option", server="site", plain=True)
    assert town.call("GET", "/w/site/wp-json/wp/v2/comments")[0].status == 404
    assert town.call("GET", "/w/site/?rest_route=/wp/v2/comments")[0].status == 200


def test_a_blogger_blog_keeps_its_own_rules(town):
    """Sessions of a refresh token; lists by time whose tokens belong to one question; pending ones for admins; nothing can be written."""
    town.do(op="server", kind="blogger", name="loaf", page=2)
    shop = town.do(op="person", server="loaf", key="shop", own="acme")
    town.do(op="person", server="loaf", key="nobody", name="Anonymous", anonymous=True)
    post = town.do(op="post", server="loaf", author="shop", text="Bread")["id"]
    ids = [town.do(op="post", server="loaf", author="nobody", text=f"comment {i}", parent=post, at=1795000000000)["id"] for i in range(5)]
    pending = town.do(op="post", server="loaf", author="nobody", text="held", parent=post, status="PENDING")["id"]
    client, secret, refresh = shop["token"].split(":")
    form = urlencode({"grant_type": "refresh_token", "client_id": client, "client_secret": secret, "refresh_token": refresh}).encode()
    token = json.loads(town.call("POST", "/g/loaf/token", form, headers={"Content-Type": "application/x-www-form-urlencoded"})[1])["access_token"]
    found, more = [], ""
    while True:
        data = town.get("/g/loaf/v3/blogs/1/comments", token, status=200, maxResults=100, **({"pageToken": more} if more else {}))
        found += [e["post"]["id"] + "/" + e["id"] for e in data.get("items", [])]
        more = data.get("nextPageToken")
        if not more:
            break
        assert len(data["items"]) == 2
        assert town.get("/g/loaf/v3/blogs/1/comments", token, status=400, startDate="2020-01-01T00:00:00Z", pageToken=more)["error"]["code"] == 400
    assert sorted(found) == sorted(ids), "equal times across the edges of pages"
    assert "id" not in data["items"][0]["author"] and data["items"][0]["published"].endswith("-08:00")
    held = town.get("/g/loaf/v3/blogs/1/comments?status=PENDING", token)["items"]
    assert [e["id"] for e in held] == [pending.split("/")[1]]


def test_a_forum_gives_pages_by_id_and_refuses_what_is_too_similar(town):
    town.do(op="server", kind="discourse", name="talk", window=50)
    key = {"Api-Key": town.do(op="person", server="talk", key="shop", own="acme")["token"], "Api-Username": "shop"}
    for who in ("ann", "bob"):
        town.do(op="person", server="talk", key=who)
    first = town.do(op="post", server="talk", author="ann", text="hello @shop", title="Hello")["id"]
    for i in range(60):
        town.do(op="post", server="talk", author="ann", to="bob", text=f"private {i}")

    def get(path, status=200):
        return town.get("/d/talk" + path, headers=key, status=status)
    assert get("/posts.json")["latest_posts"] == [] and get("/private-posts.json")["private_posts"] == []
    post, = get("/posts.json?before=11")["latest_posts"]
    assert f"{post['topic_id']}/{post['post_number']}" == first and 'href="/u/shop"' in post["cooked"]
    town.do(op="option", server="talk", window=None)
    assert get("/posts.json")["latest_posts"] == [post]
    town.do(op="edit", server="talk", post=first, text="hello again")
    assert get("/posts/by_number/1/1.json")["version"] == 2
    reply = {"topic_id": 1, "raw": "Hello Ann, what can we do for you?"}
    made = town.post("/d/talk/posts.json", reply, headers=key)
    assert (made["topic_id"], made["post_number"], made["username"]) == (1, 2, "shop")
    assert "similar" in town.post("/d/talk/posts.json", reply, headers=key, status=422)["errors"][0]
    assert [p["post_number"] for p in get(f"/t/1/posts.json?post_ids[]={made['id']}")["post_stream"]["posts"]] == [2]
    town.do(op="delete", server="talk", post=first)
    get("/t/1.json", status=404)
    assert town.get("/d/talk/posts.json", headers={"Api-Key": "no"}, status=403)["error_type"] == "invalid_access"
