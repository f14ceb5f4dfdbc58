"""Blogs, forums and bots of the town do as the real ones do."""
import base64
import json
import time
from urllib.parse import urlencode


def say(town, server, text, author="ann", **more):
    return town.do(op="post", server=server, author=author, text=text, **more)["id"]


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


def test_a_lemmy_server_tells_whom_it_concerns(town):
    """The inbox has who answers us or names us with our host, and nobody else; what is deleted stays in the tree without words; private stays private."""
    town.do(op="server", kind="lemmy", name="lem")
    shop = town.do(op="person", server="lem", key="shop", own="acme")
    bob = town.do(op="person", server="lem", key="bob", token=True)
    town.do(op="person", server="lem", key="ann")
    post = say(town, "lem", "Bread at eight.", "shop", title="Bread")
    top = say(town, "lem", "one", parent=post)
    below = say(town, "lem", "mine too", "bob", parent=top)
    named = say(town, "lem", "ask @shop@127.0.0.1, not @shop@elsewhere.example", "bob", parent=top)
    secret = say(town, "lem", "555", to="shop")

    def get(path, person=shop):
        return json.loads(town.call("GET", "/l/lem/api/v3/" + path, headers={"Authorization": "Bearer " + person["token"]})[1])
    assert [r["comment"]["content"] for r in get("user/replies")["replies"]] == ["one"]
    assert [f"{r['comment']['post_id']}/{r['comment']['id']}" for r in get("user/mention")["mentions"]] == [named]
    assert get("user/replies", bob) == {"replies": []}
    assert [m["private_message"]["content"] for m in get("private_message/list")["private_messages"]] == ["555"] and secret == "message/1"
    assert get("private_message/list", bob) == {"private_messages": []}
    tree = {c["comment"]["path"] for c in get(f"comment/list?post_id={post}&limit=50")["comments"]}
    assert tree == {"0.1", "0.1.2", "0.1.3"} and below == f"{post}/2"
    town.do(op="delete", server="lem", post=top)
    assert get("user/replies") == {"replies": []}
    assert get("comment?id=1")["comment_view"]["comment"]["deleted"] is True and get("comment?id=1")["comment_view"]["comment"]["content"] == ""
    assert get("comment?id=99") == {"error": "couldnt_find_comment"}
    made = town.call("POST", "/l/lem/api/v3/comment", {"content": "hello", "post_id": int(post)}, headers={"Authorization": "Bearer " + bob["token"]})
    assert made[0].status == 200 and json.loads(made[1])["comment_view"]["comment"]["path"] == "0.4"
    assert town.call("GET", "/l/lem/api/v3/site", headers={"Authorization": "Bearer nothing"})[0].status == 401
