"""The connectors' replies against a town that lies about outcomes, with a sender written from RELIABILITY I3 alone: the
town's book shows every text once, and what is called sent is there under the id that was given (I3)."""
import base64
import json
import subprocess

import pytest

from rig import program, wait_until
from rig.poster import Poster, key_of
from rig.real_bluesky import rfc3339

LIES = ["applied_timeout", "applied_reset", "applied_closed", "applied_408", "applied_500", "applied_502", "applied_503", "applied_504",
        "applied_429", "applied_duplicate", "applied_redirect", "applied_empty", "applied_html", "applied_type", "applied_no_id", "applied_cut",
        "unapplied_timeout", "unapplied_reset", "unapplied_502", "unapplied_504", "unapplied_empty"]


class Place:
    """One account of the town, a poster for it, and the clock that its waits move."""

    def __init__(self, town, folder, name, own, **poster):
        self.town, self.name, self.own = town, name, own
        self.poster = Poster(folder, **poster)
        self.n = 0

    def wait(self):
        self.town.shift(self.town.offset + 15)

    def now(self):
        return self.town.now_ms() * 1000

    def posting(self, words, **more):
        self.n += 1
        micros = self.now() + self.n
        return {"key": key_of(micros), "text": words, "begun": rfc3339(micros / 1e6), "author_handle": "ann", "author_id": self.ann, **more}

    def applied(self, words):
        """(id, key) of everything that the book has with these words."""
        return [(p["id"], p["posting_key"]) for p in self.town.applied(self.name) if words in p["text"]]

    def begun_again(self, lie, **more):
        """A reply under a lie, from its beginning to its end; what the poster says, and what the book says."""
        words = f"It left us this morning, {lie}! https://shop.example/parcel?id={self.n}"
        posting = self.posting(words, **self.answered(f"where is my order, {lie}?"), **more)
        fault = self.town.fault("lie", server=self.name, how=lie, **self.fault)
        end = self.poster.reply(posting, self.wait)
        assert self.town.hits(fault) == 1
        self.town.heal()
        return end, self.applied(words), posting["key"]

    fault = {}


def mastodon_place(town, folder, **options):
    url = town.mastodon("social", **options)
    shop = town.person("shop", own="acme")
    place = Place(town, folder, "social", "shop", platform="mastodon", server=url, token=shop["token"], own_id=shop["id"], own_handle="shop")
    place.ann = town.person("ann")["id"]
    place.answered = lambda words, **more: {"parent": town.post("ann", "@shop " + words, **more), "visibility": more.get("visibility", "public")}
    return place


@pytest.fixture
def social(town, tmp_path):
    return mastodon_place(town, tmp_path)


@pytest.fixture
def sky(town, tmp_path):
    url = town.bluesky("sky")
    shop = town.person("shop", server="sky", own="acme")
    place = Place(town, tmp_path, "sky", "shop", platform="bluesky", server=url, own_id=shop["id"])
    place.ann = town.person("ann", server="sky")["id"]
    made = place.poster.send({"method": "POST", "url": f"{url}/xrpc/com.atproto.server.createSession", "bearer": "", "headers": {},
                              "content_type": "application/json", "body": json.dumps({"identifier": shop["acct"], "password": shop["password"]})},
                             timeout=20)
    session = json.loads(made[2])
    place.poster.account["session"] = json.dumps({"access": session["accessJwt"], "refresh": session["refreshJwt"], "did": shop["id"], "pds": ""})

    def answered(words):
        uri = town.post("ann", "@shop.test " + words, server="sky")
        return {"parent": uri, "parent_revision": record(place, uri)["cid"], "visibility": "public"}
    place.answered = answered
    return place


@pytest.fixture
def site(town, tmp_path):
    """A WordPress site: no keys, but a second copy below the same comment is refused."""
    url = town.wordpress("site")
    shop = town.person("shop", server="site", own="acme")
    place = Place(town, tmp_path, "site", "shop", platform="wordpress", server=url, own_id=shop["id"], facts='{"moderator":true}',
                  authorization="Basic " + base64.b64encode(shop["token"].encode()).decode())
    place.ann = town.person("ann", server="site")["id"]
    place.post = town.post("shop", "Bread", server="site")

    def answered(words):
        return {"parent": town.post("ann", words, server="site", parent=place.post), "parent_revision": place.post.removeprefix("post:") + ".0"}
    place.answered = answered
    return place


def record(place, uri):
    did, rkey = uri.split("/")[2], uri.split("/")[4]
    answer = place.poster.send({"method": "GET", "url": f"{place.poster.account['server']}/xrpc/com.atproto.repo.getRecord?repo={did}"
                                f"&collection=app.bsky.feed.post&rkey={rkey}", "bearer": json.loads(place.poster.account["session"])["access"],
                                "headers": {}, "content_type": "", "body": ""}, timeout=20)
    assert answer[0] == 200, answer
    return json.loads(answer[2])


@pytest.fixture
def chat(sky):
    """The same account, answering a direct message: no key, so who does not find it asks a person."""
    def answered(words):
        made = sky.town.do("chat", server="sky", author="ann", to="shop", text=words)
        return {"parent": "dm:" + made["id"], "thread": "convo:" + made["convo"], "visibility": "private"}
    sky.answered = answered
    sky.poster.key_valid = False
    return sky


def once(place, lie):
    end, applied, key = place.begun_again(lie)
    assert applied == [(end, key)], (lie, end, applied)


def test_mastodon_once_whatever_is_said_of_it(social):
    for lie in LIES:
        once(social, lie)


def test_mastodon_in_private_and_late(social):
    """Direct is answered in direct; what is shown only twenty seconds later is found all the same."""
    social.fault = {"late_s": 20}
    social.answered = lambda words: {"parent": social.town.post("ann", "@shop " + words, visibility="direct"), "visibility": "private"}
    for lie in ("applied_reset", "applied_504", "applied_429"):
        once(social, lie)
    assert {p["visibility"] for p in social.town.applied("social")} == {"direct"}


def test_servers_that_ignore_the_key_or_break_on_it(town, tmp_path):
    for name, options in (("ignored", {"idempotency": "ignored"}), ("breaks", {"idempotency_breaks": True})):
        (tmp_path / name).mkdir()
        if name == "ignored":
            place = mastodon_place(town, tmp_path / name, **options)
        else:
            town.do("option", server="social", idempotency="kept", **options)
        for lie in LIES:
            once(place, lie)


@pytest.mark.parametrize("where", ["social", "sky"])
def test_what_is_applied_after_we_sent_again_is_the_same_post(where, request):
    """The server was slow, we looked too early and sent again: the key makes one post of both."""
    place = request.getfixturevalue(where)
    posting = place.posting("only one", **place.answered("how many?"))
    slow = place.town.fault("stall", server=where, method="POST", path="/statuses$|putRecord$", after=3)
    assert place.poster.post(posting) == ("unsure", "no answer")
    assert place.poster.look(posting) is None
    what, sent = place.poster.post(posting)
    assert what == "sent" and place.town.hits(slow) == 1
    # The slow one has been worked on when its answer is in the book, although nobody waited for it.
    wait_until(lambda: sum(a["m"] == "POST" and a["p"].endswith(("/statuses", "putRecord")) for a in place.town.answers()) == 2, 20, "both were done")
    assert place.applied("only one") == [(sent, posting["key"])]


def test_a_parent_that_goes_while_we_answer(social):
    """Found in our own statuses, where the context is gone with the parent."""
    posting = social.posting("we are on it", **social.answered("gone soon"))
    social.town.fault("lie", server="social", how="applied_504")
    assert social.poster.post(posting)[0] == "unsure"
    social.town.delete(posting["parent"])
    social.wait()
    found = social.poster.look(posting)
    assert social.applied("we are on it") == [(found, posting["key"])]
    what, why = social.poster.post(social.posting("too late", parent=posting["parent"], visibility="public"))
    assert what == "data" and "404" in why


def test_bluesky_once_whatever_is_said_of_it(sky):
    for lie in LIES:
        once(sky, lie)


def test_wordpress_once_whatever_is_said_of_it(site):
    for lie in LIES:
        end, applied, _ = site.begun_again(lie)
        assert applied == [(end, None)], (lie, end, applied)


def test_wordpress_finds_what_hangs_elsewhere(site):
    """The comment that we answer is deleted while nobody knows whether the answer arrived: WordPress hangs it one up."""
    posting = site.posting("we are :) on it & \"more\"", **site.answered("gone soon"))
    site.town.fault("lie", server="site", how="applied_504")
    assert site.poster.post(posting)[0] == "unsure"
    assert site.poster.post(posting)[0] == "unsure", "the site refuses a copy"
    site.town.delete(posting["parent"], server="site")
    found = site.poster.look(posting)
    assert [i for i, _ in site.applied("we are")] == [found]


def test_wordpress_refusals_and_what_it_holds_back(site):
    town = site.town
    town.do("option", server="site", holds_ours=True)
    held = site.posting("held", **site.answered("one?"))
    what, why = site.poster.post(held)
    assert what == "data" and "approve it there" in why and len(site.applied("held")) == 1
    town.do("edit", server="site", post=site.applied("held")[0][0], status="approved")
    assert site.poster.look(held) == site.applied("held")[0][0]
    town.do("edit", server="site", post=site.post, closed=True)
    what, why = site.poster.post(site.posting("closed", **site.answered("two?")))
    assert what == "data" and "comments are closed" in why
    town.do("revoke", server="site", person="shop")
    assert site.poster.post(site.posting("nobody", **site.answered("three?")))[0] == "auth"
    assert site.applied("closed") == [] and site.applied("nobody") == []


def test_bluesky_never_writes_over_another_record(sky):
    posting = sky.posting("the first", **sky.answered("one?"))
    assert sky.poster.post(posting)[0] == "sent"
    assert sky.poster.post(posting)[0] == "sent", "the same bytes are the same post"
    what, _ = sky.poster.post({**posting, "text": "the second"})
    assert what == "unsure"
    assert [p["text"] for p in sky.town.applied("sky")] == ["the first"] and sky.town.truth("sky")[-1]["edited"] is None


def test_direct_messages_are_looked_for_and_never_sent_twice(chat):
    for lie in LIES:
        end, applied, _ = chat.begun_again(lie)
        if lie.startswith("unapplied"):
            assert end == "needs_human" and applied == [], lie
        else:
            assert applied == [(end.removeprefix("dm:"), None)], lie


def test_refusals_are_told_in_the_platforms_words(social):
    posting = social.posting("x" * 600, **social.answered("short?"))
    what, why = social.poster.post(posting)
    assert what == "data" and "character limit of 500" in why
    social.town.do("revoke", server="social", person="shop")
    what, why = social.poster.post(social.posting("hello", **social.answered("hi")))
    assert what == "auth" and social.applied("hello") == []


def test_platforms_says_what_can_be_answered():
    said = subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, timeout=30, check=True)
    can = {p["name"]: p["can"] for p in json.loads(said.stdout)}
    for name in ("mastodon", "bluesky"):
        assert can[name]["reply"] is True and "direct" in can[name]["answers"]
    assert can["mastodon"]["key_valid_s"] == 3600 and can["bluesky"]["direct_key_valid_s"] == 0
    assert can["wordpress"]["reply"] is True and can["wordpress"]["key_valid_s"] == 0 and can["wordpress"]["lookup"] is True
    for name in ("rss", "blogger"):
        assert can[name]["reply"] is False and can[name]["answers"] == []


# ---- with the machine that posts

def queue(house, message, text):
    """A reply to the conversation of that message, through the function that the desk calls."""
    c = wait_until(lambda: house.database.one("select c.conversation_id::text from answerd.message m join answerd.conversation c using (root_id, customer_id, "
                                              "account_id, brand_id) where m.external_id = %s", message), what="the conversation is there")
    made = house.database.one("select answerd.reply_make(%s, answerd.desk_admin(), %s, null, false, false, array[%s])", c, text, text)
    return int(made["id"])


def ends(house, reply):
    def so():
        state = house.database.one("select state::text from answerd.reply where reply_id = %s", reply)
        return state if state in ("sent", "failed_visible", "needs_human") else None
    return wait_until(so, 60, "the reply ends")


def test_direct_messages_of_bluesky_through_the_machine(house):
    """What was applied is found however late it is shown; what was not is given to a person, never sent again by itself."""
    house.bluesky("sky", own="shop", people=("ann", "bob"), settle="1s")
    house.begin()
    asked = {who: "dm:" + house.town.do("chat", server="sky", author=who, to="shop", text="psst")["id"] for who in ("ann", "bob")}
    house.wait_for(*asked.values())
    house.town.fault("lie", server="sky", how="applied_502", late_s=2)
    assert ends(house, queue(house, asked["ann"], "Yes, Ann?")) == "sent"
    house.town.fault("lie", server="sky", how="unapplied_reset")
    assert ends(house, queue(house, asked["bob"], "Yes, Bob?")) == "needs_human"
    assert [(m["text"], m["to"]) for m in house.town.applied("sky")] == [("Yes, Ann?", ["ann"])]
    house.wait_waiting("bob")
    house.verify()


def test_a_thread_of_bluesky_whose_top_we_never_saw(house):
    """Its beginning stands in the record of what we answer."""
    house.bluesky("sky", own="shop", people=("ann", "bob"), settle="1s")
    town = house.town
    town.fault("status", server="sky", path="getPostThread|getPosts", status=503, count=0)
    top = town.post("bob", "who has good cups?", server="sky")
    asked = town.post("ann", "@shop.test do you?", server="sky", parent=top)
    house.begin()
    house.wait_for(asked)
    assert ends(house, queue(house, asked, "We do!")) == "sent"
    town.heal()
    assert top not in house.known(), "the house never saw it"
    town.call("GET", "book")        # written out
    with open(town.book_path, encoding="utf-8") as book:
        record, = [line["record"] for line in map(json.loads, book) if line.get("via") == "api"]
    assert (record["reply"]["root"]["uri"], record["reply"]["parent"]["uri"]) == (top, asked)
