"""Blogger (issue 4 §4): comments of our own blog wait until we answer on the blog; pending ones too; the interface takes no replies, and
the house says so."""
import pytest

from rig import wait_until


def post_of(house, **more):
    return house.town.post("shop", "Fresh bread at eight.", server="loaf", title="Bread & butter", **more)


def comment(house, author, text, parent, **more):
    return house.town.post(author, text, server="loaf", parent=parent, **more)


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", ident)


def test_a_comment_on_blogger_waits_until_we_answer_there(house):
    """The whole path, in a session that was made from a refresh token; the way to the blog is in the entry."""
    house.blogger(people=("ann", "bob"))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    c = comment(house, "ann", "Where is my order 42? It's late & I'm waiting <3", post)
    house.wait_waiting("ann")
    entry, = house.entries()
    assert entry["platform"] == "blogger" and entry["kind"] == "comment" and entry["nature"] == "question"
    assert "It's late & I'm waiting <3" in entry["excerpt"] and entry["permalink"].endswith("#c" + c.split("/")[1])
    r = comment(house, "bob", "I think it is.", c)
    house.wait_for(r)
    a = comment(house, "shop", "On its way!", c)
    house.wait_waiting()
    assert {(m["external_id"], m["kind"], m["direction"]) for m in house.messages()} == {
        (post, "post", "outbound"), (c, "comment", "inbound"), (r, "reply", "inbound"), (a, "reply", "outbound")}
    house.lost_nothing()
    house.verify()


def test_pending_ones_are_heard_and_approved(house):
    """Approved days later it keeps its time: it is the same one, without the warning."""
    house.blogger(people=("ann",))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    c = comment(house, "ann", "Do you sell gift cards?", post, status="PENDING", at=house.town.now_ms() - 3 * 86400_000)
    house.wait_waiting("ann", timeout=60)
    assert column(house, "warning", c) == "awaiting moderation"
    house.town.do("edit", server="loaf", post=c, status="LIVE")
    wait_until(lambda: column(house, "warning", c) is None, 60, "it is approved")
    assert house.waiting() == ["ann"]


@pytest.mark.parametrize("how", ("SPAM", "EMPTIED", "delete"))
def test_a_comment_on_blogger_that_is_gone_waits_no_more(house, how):
    house.blogger(people=("ann", "bob"))
    post = post_of(house)
    c, d = comment(house, "ann", "Where is it?", post), comment(house, "bob", "And mine?", post)
    house.begin()
    house.wait_waiting("ann", "bob")
    if how == "delete":
        house.town.delete(c, server="loaf")
    else:
        house.town.do("edit", server="loaf", post=c, status=how)
    house.wait_waiting("bob", timeout=60)
    assert column(house, "deleted_at is not null", c) and not column(house, "deleted_at is not null", d)
    house.verify()


def test_an_edit_on_blogger_is_a_revision(house):
    house.blogger(people=("ann",))
    post = post_of(house)
    c = comment(house, "ann", "Where is order 41?", post)
    house.begin()
    house.wait_waiting("ann")
    house.town.edit(c, "Where is order 42?", server="loaf")
    wait_until(lambda: "42" in column(house, "body", c), 60, "the edit is seen")
    assert house.database.one("select count(*) from answerd.message_revision where external_id = %s", c) == 1


@pytest.mark.parametrize("page", (100, 7))
def test_the_history_of_a_blog_is_read_whole(house, page):
    """130 comments of one and the same time over many pages, anonymous ones among them."""
    house.blogger(people=("ann",), options={"page": page})
    house.town.person("nobody", "loaf", name="Anonymous", anonymous=True)
    post = post_of(house)
    at = house.town.now_ms() - 3600_000
    ids = [r["id"] for r in house.town.bulk([{"author": ("ann", "nobody")[i % 2], "text": f"old {i}", "parent": post, "at": at} for i in range(130)],
                                            server="loaf")]
    house.begin(desk=False)
    house.wait_for(*ids, timeout=40)
    house.wait_for(comment(house, "ann", "new", post))
    house.lost_nothing()
    assert house.database.column("select reason from answerd.gap") == []


def test_a_session_that_ended_is_made_anew(house):
    """Access tokens live for seconds here: nobody is told, nothing is lost. A refresh token that was taken back is told. (A source
    that is refused in a session which is seconds old is let alone for a while, and a Google project has a hundred questions in as
    many seconds: so we ask slowly.)"""
    house.blogger(people=("ann",), options={"access_ttl_s": 6}, every="3s")
    post = post_of(house)
    house.begin(desk=False)
    house.wait_for(post)
    start = house.town.counters().get("loaf 401", 0)
    wait_until(lambda: house.town.counters().get("loaf 401", 0) > start, 30, "a session ends")
    house.wait_for(comment(house, "ann", "question?", post), timeout=60)
    house.town.do("revoke", server="loaf", person="shop")
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "refused", 60, "the account is refused")
    assert "refresh token" in house.database.one("select state_reason from answerd.account")


@pytest.mark.parametrize("fault", ({"kind": "replace", "status": 403, "text": '{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}'},
                                   {"kind": "status", "status": 503, "body": "html"}, {"kind": "limited", "dialect": "seconds"},
                                   {"kind": "cut_json"}, {"kind": "empty"}, {"kind": "again"}), ids=lambda f: f["kind"])
def test_a_blog_in_trouble_is_heard_afterwards(house, fault):
    house.blogger(people=("ann",))
    post = post_of(house)
    c = comment(house, "ann", "first?", post)
    house.begin(desk=False)
    house.wait_for(c)
    number = house.town.fault(server="loaf", path="/blogs/1/comments$", count=2, **fault)
    d = comment(house, "ann", "second?", post)
    wait_until(lambda: house.town.hits(number) >= 1, 30, "it struck")
    house.town.heal()
    house.wait_for(d, timeout=90)
    house.lost_nothing()


@pytest.mark.parametrize("how, field", (("dup", "id"), ("missing", "id"), ("rtl_id", "id"), ("nul", "content"), ("list", "displayName"), ("no_time", "published")))
def test_one_bad_comment_of_a_blog_costs_only_itself(house, how, field):
    house.blogger(people=("ann",))
    post = post_of(house)
    ids = [comment(house, "ann", f"comment {i}", post) for i in range(5)]
    house.town.fault("poison", server="loaf", path="/blogs/1/comments$", how=how, field=field, which=2, count=0)
    house.begin(desk=False)
    house.wait_for(*(ids[:2] + ids[3:]))
    wait_until(lambda: house.database.one("select count(*) from answerd.message where kind = 'comment'") +
               house.database.one("select count(*) from answerd.quarantine") >= 5, 20, "the fifth is a message or in quarantine")


def test_a_reply_on_blogger_is_refused_with_the_reason(house):
    """Nothing is queued that can never leave; `answerd platforms` says why."""
    house.blogger(people=("ann",))
    post = post_of(house)
    comment(house, "ann", "Is it vegan?", post)
    house.begin()
    house.wait_waiting("ann")
    entry, = house.entries()
    said = house.answer("reply", entry["id"], "-m", "Yes.", code=None)
    assert said.code != 0 and "answer on the blog itself" in said.err
    assert house.database.one("select count(*) from answerd.reply") == 0 and house.waiting() == ["ann"]
