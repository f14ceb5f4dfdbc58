"""Feeds (issue 3 §6): comments on our blog wait, what others publish is about us, a window that overflowed is a gap, hostile XML
ends in quarantine or a clear error, and asking again costs nothing."""
import pytest

from rig import wait_until

FORMATS = ("rss", "rdf", "atom")


def answers(house, server, path):
    """Statuses of what a server answered to requests of this path, in order."""
    return [line["s"] for line in house.town.answers() if line["server"] == server and line["p"].split("?")[0].endswith(path)]


def wait_for_body(house, ident, text):
    wait_until(lambda: text in (house.database.one("select body from answerd.message where external_id = %s", ident) or ""), 20, f"{text!r} in {ident}")


@pytest.mark.parametrize("form", FORMATS)
def test_a_comment_waits_until_we_answer_on_the_blog(house, form):
    """The whole path in all three formats; our own post is outbound, and our comment ends the wait."""
    house.blog("blog", own="shop", people=("ann", "bob"), options={"format": form})
    post = house.town.post("shop", "Fresh bread at eight.", server="blog", title="Bread & butter")
    house.begin()
    house.wait_for(post)
    c = house.town.post("ann", "Where is my order 42? \u2019tis late & I\u2019m waiting <3", server="blog", parent=post)
    house.wait_waiting("ann")
    entry, = house.entries()
    assert entry["platform"] == "rss" and entry["kind"] == "comment" and entry["nature"] == "question"
    assert "\u2019tis late & I\u2019m waiting <3" in entry["excerpt"] and entry["permalink"].startswith("http")
    a = house.town.post("shop", "On its way!", server="blog", parent=c)
    house.wait_waiting()
    assert {(m["external_id"], m["kind"], m["direction"]) for m in house.messages()} == {
        (post, "post", "outbound"), (c, "comment", "inbound"), (a, "reply", "outbound")}
    assert house.database.one("select body from answerd.message where external_id = %s", a).strip() == "On its way!"
    house.lost_nothing()
    house.verify()


def test_waiting_since_is_the_feeds_time_or_when_it_was_seen(house):
    """pubDate where there is one; without a date the wait starts when we saw it."""
    house.blog("blog", own="shop", people=("ann",))
    post = house.town.post("shop", "Bread", server="blog")
    house.begin()
    house.town.post("ann", "When do you open?", server="blog", parent=post, at=house.town.now_ms() - 2 * 3600_000)
    house.wait_waiting("ann")
    assert abs(house.entries()[0]["waiting_s"] - 7200) < 60
    house.town.do("option", server="blog", dates="none")
    house.town.post("ann", "And on Sunday?", server="blog", parent=post, at=house.town.now_ms() - 5 * 3600_000)
    wait_until(lambda: len(house.entries()) == 2, 20, "both wait")
    assert min(e["waiting_s"] for e in house.entries()) < 300


def test_customers_among_themselves_are_overheard(house):
    """A reply to another customer's comment makes nobody wait; a reply to ours does."""
    house.blog("blog", own="shop", people=("ann", "bob", "cid"))
    post = house.town.post("shop", "Bread", server="blog")
    c = house.town.post("ann", "Is it vegan?", server="blog", parent=post)
    house.begin()
    house.wait_waiting("ann")
    r = house.town.post("bob", "I think it is.", server="blog", parent=c)
    house.wait_for(r)
    a = house.town.post("shop", "Yes, all of it.", server="blog", parent=c)
    house.wait_for(a)
    q = house.town.post("cid", "The butter too?", server="blog", parent=a)
    house.wait_waiting("cid")
    assert house.database.one("select kind::text from answerd.message where external_id = %s", q) == "reply"
    house.verify()


@pytest.mark.parametrize("form", FORMATS)
def test_an_edit_is_a_revision(house, form):
    """Atom says when, RSS says nothing: the words themselves tell."""
    house.blog("blog", own="shop", people=("ann",), options={"format": form})
    post = house.town.post("shop", "Bread", server="blog")
    c = house.town.post("ann", "Where is order 41?", server="blog", parent=post)
    house.begin()
    house.wait_waiting("ann")
    before, = house.entries()
    house.town.edit(c, "Where is order 42?", server="blog")
    wait_for_body(house, c, "42")
    after, = house.entries()
    assert (after["waiting_since"], after["id"]) == (before["waiting_since"], before["id"])
    assert house.database.one("select count(*) from answerd.message_revision where external_id = %s", c) == 1
    assert house.database.one("select count(*) from answerd.message where kind = 'comment'") == 1


@pytest.mark.parametrize("validators", ("both", "etag", "modified"))
def test_asking_again_costs_nothing(house, validators):
    """ETag and Last-Modified go back as they came: the book shows 304, and the database hears of no page."""
    house.blog("blog", own="shop", people=("ann",), options={"validators": validators})
    post = house.town.post("shop", "Bread", server="blog")
    c = house.town.post("ann", "Where is it?", server="blog", parent=post)
    house.begin()
    house.wait_for(post, c)
    start = len(answers(house, "blog", "/comments/feed/"))
    wait_until(lambda: answers(house, "blog", "/comments/feed/")[start:].count(304) >= 3, 30, "three answers without a body")
    # Sweeps ask without conditions, one in ten.
    assert answers(house, "blog", "/comments/feed/")[start:].count(200) <= 2
    d = house.town.post("ann", "Hello?", server="blog", parent=post)
    house.wait_for(d)


def gaps(house):
    return house.answer("gaps", code=None).items


def test_a_window_that_overflowed_is_a_gap(house):
    """25 comments in a window of 10 between two polls: what the feed shows is stored, and the rest is told as a gap."""
    house.blog("blog", own="shop", people=("ann",), listen=("comments:/comments/feed/",))
    post = house.town.post("shop", "Bread", server="blog")
    first = house.town.post("ann", "one", server="blog", parent=post)
    house.begin()
    house.wait_for(first)
    assert gaps(house) == []
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"more {i}", "parent": post} for i in range(25)], server="blog")]
    house.wait_for(*ids[-10:])
    wait_until(lambda: [g["source"] for g in gaps(house)] == ["comments:/comments/feed/"], 20, "the gap is told")
    house.lost_nothing()


def test_older_pages_fill_what_the_window_lost(house):
    """A feed with pages (RFC 5005): the walk goes on until something known, and there is no gap; history comes the same way."""
    house.blog("blog", own="shop", people=("ann",), listen=("comments:/comments/feed/",), options={"paged": True})
    post = house.town.post("shop", "Bread", server="blog")
    old = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"old {i}", "parent": post} for i in range(35)], server="blog")]
    house.begin()
    house.wait_for(*old)
    new = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"new {i}", "parent": post} for i in range(45)], server="blog")]
    house.wait_for(*new)
    house.rounds("blog", 2)
    assert gaps(house) == []
    house.lost_nothing()


def test_late_comments_are_found_in_the_posts_own_feed(house):
    """What fell out of the blog's feed still stands in the feed of its post, which known conversations are read in."""
    house.blog("blog", own="shop", people=("ann", "bob"), options={"window": 5})
    post = house.town.post("shop", "Bread", server="blog")
    other = house.town.post("shop", "Cake", server="blog")
    first = house.town.post("ann", "Is it sweet?", server="blog", parent=post)
    house.begin()
    house.wait_for(post, other, first)
    late = house.town.post("ann", "Hello?", server="blog", parent=first)
    house.town.bulk([{"author": "bob", "text": f"cake {i}", "parent": other} for i in range(8)], server="blog")
    house.wait_for(late, timeout=60)


def test_new_ids_at_every_reading_make_no_doubles(house):
    """A feed whose guids change: what says the same is the same."""
    house.blog("blog", own="shop", people=("ann",), listen=("comments:/comments/feed/",), options={"guids": "changing", "validators": "none"})
    post = house.town.post("shop", "Bread", server="blog")
    for i in range(3):
        house.town.post("ann", f"question {i}?", server="blog", parent=post)
    house.begin()
    wait_until(lambda: house.database.one("select count(*) from answerd.message where kind = 'comment'") == 3, 20, "the comments are there")
    house.rounds("blog", 3)
    house.town.post("ann", "question 3?", server="blog", parent=post)
    wait_until(lambda: house.database.one("select count(*) from answerd.message where body = 'question 3?'") == 1, 20, "the new one is there")
    house.rounds("blog", 3)
    assert house.database.one("select count(*) from answerd.message where kind = 'comment'") == 4
    assert gaps(house) == []


def test_what_others_publish_is_about_us(house):
    """A foreign feed: a question about us waits in the softer lane, beside the queue; praise waits for nobody."""
    house.blog("magazine", own="editor", people=("reader",), listen=("feed:/feed/",), authors=None)
    house.begin()
    house.town.post("reader", "Does Kettle and Crumb still bake on Sundays?", server="magazine", title="A question")
    house.wait_waiting("reader")
    entry, = house.entries()
    assert house.answer("queue", code=0).items == []
    assert house.database.one("select is_about from answerd.conversation where conversation_id = %s", int(entry["id"])) is True
    assert entry["kind"] == "post"


HOSTILE = {
    "billion laughs": '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
                      "<rss><channel><item><guid>http://x/1</guid><title>&c;</title></item></channel></rss>",
    "a file": '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><channel><item><guid>http://x/1</guid><title>&f;</title></item></channel></rss>',
    "an address": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:PORT/f/blog/evil"> %p;]><rss><channel><item><guid>http://x/1</guid>'
                  "<title>&q;</title></item></channel></rss>",
    "deep": "<rss><channel><item>" + "<x>" * 5000 + "</x>" * 5000 + "</item></channel></rss>",
    "cut": "<rss><channel><item><title>hello</title></item><item><tit",
    "a web page": "<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>",
    "not known encoding": "HEX:" + b'<?xml version="1.0" encoding="x-unknown"?><rss><channel><item><title>\xff\xfe\xfd</title></item></channel></rss>'.hex(),
    "empty": "",
    "json": '{"version": "https://jsonfeed.org/version/1"}',
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_xml_ends_in_quarantine_or_a_clear_error(house, name):
    """Issue 3's proof: and the neighbour source stays healthy (I10). Nothing that the page names is asked for."""
    house.blog("blog", own="shop", people=("ann",))
    post = house.town.post("shop", "Bread", server="blog")
    c = house.town.post("ann", "first?", server="blog", parent=post)
    house.begin()
    house.wait_for(post, c)
    text = HOSTILE[name].replace("PORT", str(house.town.port))
    body = {"hex": text[4:]} if text.startswith("HEX:") else {"text": text}
    fault = house.town.fault("replace", server="blog", path="^/comments/feed/", ctype="application/rss+xml", count=0, **body)
    said = "select failure from answerd.source where name = 'comments:/comments/feed/'"
    wait_until(lambda: house.database.one("select count(*) from answerd.quarantine") > 0 or house.database.one(said), 20, "it is told")
    other = house.town.post("shop", "Cake", server="blog")
    house.wait_for(other)
    assert house.database.one("select failures from answerd.source where name = 'own:/feed/'") == 0
    assert not [line for line in house.town.answers() if line["p"].endswith("/evil")]
    assert "root:x:0" not in str(house.database.rows("select body from answerd.message")) + house.worker.log(10**6)
    house.worker.assert_small()
    house.town.heal(fault)
    d = house.town.post("ann", "second?", server="blog", parent=post)
    house.wait_for(d, timeout=60)
    house.verify()


POISON = {"unclosed": True, "entity": False, "deep": True, "utf8": False, "control": False, "nul": False, "twice": True, "lone": False, "cdata": True,
          "number": False}


@pytest.mark.parametrize("how", sorted(POISON))
def test_one_bad_entry_costs_only_itself(house, how):
    """An entry that cannot be read is quarantined; what can be mended without inventing anything is read."""
    house.blog("blog", own="shop", people=("ann",), listen=("comments:/comments/feed/",))
    post = house.town.post("shop", "Bread", server="blog")
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"comment {i}", "parent": post} for i in range(5)], server="blog")]
    house.town.fault("poison", server="blog", path="comments", how=how, which=2, count=0)
    house.begin()
    house.wait_for(*(ids[:2] + ids[3:]))
    if POISON[how]:
        wait_until(lambda: house.database.one("select count(*) from answerd.quarantine") == 1, 20, "quarantined")
    else:
        house.wait_for(ids[2])
        assert house.database.one("select count(*) from answerd.quarantine") == 0


def test_a_refused_feed_is_told_and_the_other_goes_on(house):
    """401 on one feed: that source says so; nobody is locked out."""
    house.blog("blog", own="shop", people=("ann",))
    post = house.town.post("shop", "Bread", server="blog")
    house.town.fault("status", status=401, server="blog", path="^/comments/feed/", count=0)
    house.begin()
    house.wait_for(post)
    said = "select failure from answerd.source where name = 'comments:/comments/feed/'"
    wait_until(lambda: "401" in (house.database.one(said) or ""), 20, "the refusal is told")
    other = house.town.post("shop", "Cake", server="blog")
    house.wait_for(other)
    assert house.database.one("select state::text from answerd.account") == "listening"


def test_killed_worker_loses_nothing_of_a_feed(house):
    """Ten kills while comments keep coming, over pages of ten: nothing is lost, nothing doubled."""
    house.blog("blog", own="shop", people=("ann", "bob"), options={"paged": True})
    post = house.town.post("shop", "Bread", server="blog")
    house.begin()
    ids = [post]
    for n in range(10):
        ids += [r["id"] for r in house.town.bulk([{"author": ("ann", "bob")[i % 2], "text": f"{n}.{i}?", "parent": post} for i in range(14)], server="blog")]
        goal = house.town.requests("blog") + 1 + n % 5
        wait_until(lambda: house.town.requests("blog") >= goal, 20, "the worker works")
        house.worker.kill()
        house.worker.start()
    house.wait_for(*ids, timeout=60)
    house.lost_nothing()
    assert house.database.one("select count(*) from answerd.message") == len(ids)
    assert gaps(house) == []
    house.verify()
