"""The simulated interfaces of Google keep the rules of the real ones (platforms/youtube.md, platforms/google-business.md)."""
import json
from urllib.parse import urlencode

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def session(town, place, grant):
    client, secret, refresh = grant.split(":")
    form = urlencode({"grant_type": "refresh_token", "client_id": client, "client_secret": secret, "refresh_token": refresh}).encode()
    return json.loads(town.call("POST", f"/{place}/token", form, headers=FORM)[1])["access_token"]


def pages(town, path, token, items, **query):
    """All elements of a list, and how many pages it took."""
    found, n, more = [], 0, {}
    while True:
        data = town.get(path, token, status=200, **query, **more)
        found, n = found + data.get(items, []), n + 1
        if "nextPageToken" not in data:
            return found, n
        more = {"pageToken": data["nextPageToken"]}


def test_youtube_bumps_nothing_and_has_one_level(town):
    """Threads by time, a few replies shown, all of them by parentId; held ones for the owner; what is read by its id has no state of moderation."""
    town.do(op="server", kind="youtube", name="tube", page=2)
    shop = town.do(op="person", server="tube", key="shop", own="acme")
    town.do(op="person", server="tube", key="ann")
    video = town.do(op="post", server="tube", author="shop", text="Bread")["id"]
    ids = [town.do(op="post", server="tube", author="ann", text=f"c {i}", parent=video, at=1795000000000)["id"] for i in range(5)]
    held = town.do(op="post", server="tube", author="ann", text="held", parent=video, status="heldForReview")["id"]
    replies = [town.do(op="post", server="tube", author="shop", text=f"r {i}", parent=ids[0])["id"] for i in range(3)]
    nested = town.do(op="post", server="tube", author="ann", text="below", parent=replies[0])["id"]
    token = session(town, "y/tube", shop["token"])
    base, me = "/y/tube/youtube/v3/", {"part": "snippet,replies", "allThreadsRelatedToChannelId": shop["id"], "order": "time", "maxResults": 100}
    found, n = pages(town, base + "commentThreads", token, "items", **me)
    assert [t["id"] for t in found] == ids[::-1] and n == 3, "equal times across the edges of pages; a reply moves none up"
    assert found[-1]["snippet"]["totalReplyCount"] == 4 and len(found[-1]["replies"]["comments"]) == 2
    below, _ = pages(town, base + "comments", token, "items", part="snippet", parentId=ids[0], maxResults=100)
    assert {c["id"] for c in below} == {*replies, nested} and {c["snippet"]["parentId"] for c in below} == {ids[0]}
    waiting = town.get(base + "commentThreads", token, status=200, moderationStatus="heldForReview", **me)["items"]
    assert [t["id"] for t in waiting] == [held] and waiting[0]["snippet"]["topLevelComment"]["snippet"]["moderationStatus"] == "heldForReview"
    one, = town.get(base + "comments", token, status=200, part="snippet", id=held + ",nothing")["items"]
    assert "moderationStatus" not in one["snippet"]
    body = {"snippet": {"parentId": replies[0], "textOriginal": "x"}}
    assert town.post(base + "comments", body, token, status=400)["error"]["errors"][0]["reason"] == "parentIdMissing"
    town.do(op="option", server="tube", disabled=[video])
    body["snippet"]["parentId"] = ids[0]
    assert town.post(base + "comments", body, token, status=403)["error"]["errors"][0]["reason"] == "commentsDisabled"
    town.do(op="option", server="tube", disabled=[], quota=0)
    assert town.get(base + "commentThreads", token, status=403, **me)["error"]["errors"][0]["reason"] == "quotaExceeded"


def test_google_business_has_one_reply_a_review(town):
    """Lists by time of change; pages behind the first leave one in three out, another one each walk; writing a reply again replaces it."""
    town.do(op="server", kind="google-business", name="maps", places=["1", "2"], page_two_misses=3)
    shop = town.do(op="person", server="maps", key="shop", own="acme")
    town.do(op="person", server="maps", key="ann")
    ids = [town.do(op="post", server="maps", author="ann", text=f"review {i}", at=1795000000000 + i)["id"] for i in range(9)]
    town.do(op="post", server="maps", author="ann", text="", stars=5, location="2")
    token = session(town, "gb/maps", shop["token"])
    base = "/gb/maps/v4/accounts/1/locations/"
    assert [x["name"] for x in town.get("/gb/maps/v1/accounts/1/locations", token, status=200, readMask="name")["locations"]] == ["locations/1", "locations/2"]
    walks = [{r["reviewId"] for r in pages(town, base + "1/reviews", token, "reviews", pageSize=3)[0]} for _ in range(2)]
    assert all(len(w) < 9 for w in walks) and walks[0] | walks[1] == {i.partition("/")[2] for i in ids}
    alone, = town.get(base + "2/reviews", token, status=200)["reviews"]
    assert "comment" not in alone and alone["starRating"] == "FIVE"
    one = base + "1/reviews/" + ids[0].partition("/")[2]
    put = [json.loads(town.call("PUT", one + "/reply", {"comment": c}, token=token)[1])
           for c in ("Sorry!", "Sorry!", "Very sorry!")]
    assert put[0] == put[1] and put[2]["comment"] == "Very sorry!"
    assert town.get(one, token, status=200)["reviewReply"] == put[2] and [r["text"] for r in town.get("/control/applied?server=maps")] == ["Sorry!", "Very sorry!"]
    town.do(op="delete", server="maps", post=ids[0])
    assert town.get(one, token, status=404)["error"]["status"] == "NOT_FOUND"
