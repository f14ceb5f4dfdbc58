"""WordPress (issue 4 §4): comments of our own site wait until we answer, held ones too; what is edited, deleted, spam or trash is
seen; a site's odd lists (short portions, plain links, no totals, its own clock) lose nothing."""
import pytest

from rig import wait_until


def post_of(house, **more):
    return house.town.post("shop", "Fresh bread at eight.", server="site", title="Bread & butter", **more)


def comment(house, author, text, parent, **more):
    return house.town.post(author, text, server="site", parent=parent, **more)


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", ident)


def test_a_comment_on_the_site_waits_until_we_answer_there(house):
    """The whole path: our post is the context, a comment waits, our native answer ends it."""
    house.wordpress(people=("ann", "bob"))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    c = comment(house, "ann", "Where is my order 42? It's \"late\" & I'm waiting <3", post)
    house.wait_waiting("ann")
    entry, = house.entries()
    assert entry["platform"] == "wordpress" and entry["kind"] == "comment" and entry["nature"] == "question"
    assert "late\u201d & I\u2019m waiting <3" in entry["excerpt"] and entry["permalink"].startswith("http")
    a = comment(house, "shop", "On its way!", c)
    house.wait_waiting()
    assert {(m["external_id"], m["kind"], m["direction"]) for m in house.messages()} == {
        (post, "post", "outbound"), (c, "comment", "inbound"), (a, "reply", "outbound")}
    house.lost_nothing()
    house.verify()


def test_customers_among_themselves_on_the_site_are_overheard(house):
    """A reply to another customer makes nobody wait; a reply to ours does, however deep."""
    house.wordpress(people=("ann", "bob", "cid"))
    post = post_of(house)
    c = comment(house, "ann", "Is it vegan?", post)
    house.begin()
    house.wait_waiting("ann")
    r = comment(house, "bob", "I think it is.", c)
    house.wait_for(r)
    a = comment(house, "shop", "Yes, all of it.", r)
    house.wait_for(a)
    comment(house, "cid", "The butter too?", a)
    wait_until(lambda: "cid" in house.waiting(), 20, "cid waits")
    assert "bob" not in house.waiting()
    house.verify()


def test_what_awaits_moderation_is_heard(house):
    """A held comment waits with that in its warning; when it is approved, it is the same one without."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    c = comment(house, "ann", "First visit: do you sell gift cards?", post, status="hold")
    house.wait_waiting("ann")
    assert column(house, "warning", c) == "awaiting moderation"
    before, = house.entries()
    house.town.do("edit", server="site", post=c, status="approved")
    wait_until(lambda: column(house, "warning", c) is None, 40, "it is approved")
    after, = house.entries()
    assert (after["id"], after["waiting_since"]) == (before["id"], before["waiting_since"])


def test_our_held_comment_answers_nobody_yet(house):
    """Only moderators see it: the customer goes on waiting until it is approved."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    c = comment(house, "ann", "Do you deliver?", post)
    house.begin()
    house.wait_waiting("ann")
    a = comment(house, "shop", "We do.", c, status="hold")
    house.wait_for("held:" + a)
    assert house.waiting() == ["ann"]
    house.town.do("edit", server="site", post=a, status="approved")
    house.wait_waiting(timeout=60)


@pytest.mark.parametrize("how", ("trash", "spam", "delete"))
def test_a_comment_that_is_gone_waits_no_more(house, how):
    """Trash and spam are states of a comment that is still there; deleted for good is a 404 with WordPress's own code."""
    house.wordpress(people=("ann", "bob"))
    post = post_of(house)
    c, d = comment(house, "ann", "Where is it?", post), comment(house, "bob", "And mine?", post)
    house.begin()
    house.wait_waiting("ann", "bob")
    if how == "delete":
        house.town.delete(c, server="site")
    else:
        house.town.do("edit", server="site", post=c, status=how)
    house.wait_waiting("bob", timeout=60)
    assert column(house, "deleted_at is not null", c) and not column(house, "deleted_at is not null", d)
    if how != "delete":
        house.town.do("edit", server="site", post=c, status="approved")
        house.wait_waiting("ann", "bob", timeout=60)
    house.verify()


def test_an_edit_on_the_site_is_a_revision(house):
    """WordPress says nothing of edits: the words tell."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    c = comment(house, "ann", "Where is order 41?", post)
    house.begin()
    house.wait_waiting("ann")
    house.town.edit(c, "Where is order 42?", server="site")
    wait_until(lambda: "42" in column(house, "body", c), 40, "the edit is seen")
    assert house.database.one("select count(*) from answerd.message_revision where external_id = %s", c) == 1
    assert house.waiting() == ["ann"]


@pytest.mark.parametrize("options", ({}, {"no_total": True}, {"plain": True}, {"hides": 7}, {"zone_h": -5}, {"zone_h": 13}), ids=str)
def test_the_history_of_a_site_is_read_whole(house, options):
    """260 comments at one and the same time, in portions of a hundred, then new ones; links that are not pretty, elements that this user
    may not see, a site's own clock."""
    house.wordpress(people=("ann",), options=options)
    post = post_of(house)
    at = house.town.now_ms() - 3600_000
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"old {i}", "parent": post, "at": at} for i in range(260)], server="site")]
    ids += [comment(house, "ann", "six hours ago", post, at=house.town.now_ms() - 6 * 3600_000)]
    house.begin(desk=False)
    hidden = {i for i in ids if options.get("hides") and int(i) % 7 == 0}
    house.wait_for(*(set(ids) - hidden), timeout=40)
    new = [comment(house, "ann", f"new {i}", post) for i in range(3)]
    house.wait_for(*(i for i in new if not (options.get("hides") and int(i) % 7 == 0)))
    house.lost_nothing()
    assert house.database.column("select reason from answerd.gap") == []
    house.verify()


def test_a_backdated_comment_is_heard(house):
    """Imported with an old date while we listen: numbers grow, whatever its date says."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    late = comment(house, "ann", "Do you bake on Sundays?", post, at=house.town.now_ms() - 20 * 3600_000)
    house.wait_for(late)


def test_a_refused_password_is_told(house):
    """WordPress reads a wrong password as nobody: 401 with codes that speak of something else."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    house.begin()
    house.wait_for(post)
    house.town.do("revoke", server="site", person="shop")
    wait_until(lambda: house.database.one("select state::text from answerd.account") == "refused", 30, "the account is refused")
    assert "APPLICATION PASSWORD" in house.database.one("select state_reason from answerd.account")
    house.town.do("restore", server="site", person="shop")
    c = comment(house, "ann", "Anybody there?", post)
    house.wait_for(c, timeout=90)


@pytest.mark.parametrize("fault", ({"kind": "status", "status": 403, "body": "html"}, {"kind": "status", "status": 503, "body": "html"},
                                   {"kind": "limited", "dialect": "seconds"}, {"kind": "replace", "text": "<br />\n<b>Warning</b>: plugin\n[]"},
                                   {"kind": "cut_json"}, {"kind": "empty"}, {"kind": "again"}, {"kind": "huge", "mib": 4}), ids=lambda f: f["kind"])
def test_a_site_in_trouble_is_heard_afterwards(house, fault):
    """Nothing that a host, a plugin or a wall in between answers loses a comment."""
    house.wordpress(people=("ann",))
    post = post_of(house)
    c = comment(house, "ann", "first?", post)
    house.begin(desk=False)
    house.wait_for(c)
    number = house.town.fault(server="site", path="/wp/v2/comments$", count=3, **fault)
    d = comment(house, "ann", "second?", post)
    wait_until(lambda: house.town.hits(number) >= 1, 30, "it struck")
    house.town.heal()
    house.wait_for(d, timeout=60)
    house.lost_nothing()


@pytest.mark.parametrize("how, field", (("dup", "id"), ("missing", "id"), ("bigint", "id"), ("nul", "rendered"), ("surrogate", "rendered"),
                                        ("list", "author_name"), ("object", "status"), ("no_time", "date_gmt"), ("long", "author_name")))
def test_one_bad_comment_costs_only_itself(house, how, field):
    house.wordpress(people=("ann",))
    post = post_of(house)
    ids = [comment(house, "ann", f"comment {i}", post) for i in range(5)]
    house.town.fault("poison", server="site", path="/wp/v2/comments$", how=how, field=field, which=2, count=0)
    house.begin(desk=False)
    house.wait_for(*(ids[:2] + ids[3:]))
    wait_until(lambda: house.database.one("select count(*) from answerd.message where kind = 'comment'") +
               house.database.one("select count(*) from answerd.quarantine") >= 5, 20, "the fifth is a message or in quarantine")


def test_killed_worker_loses_nothing_of_a_site(house):
    """Six kills while comments come and go, over portions of a hundred."""
    house.wordpress(people=("ann", "bob"))
    post = post_of(house)
    house.begin(desk=False)
    ids = [post]
    for n in range(6):
        new = [r["id"] for r in house.town.bulk([{"author": ("ann", "bob")[i % 2], "text": f"{n}.{i}?", "parent": post} for i in range(130)], server="site")]
        house.town.delete(new[100], server="site")
        ids += new[:100] + new[101:]
        goal = house.town.requests("site") + 1 + n % 5
        wait_until(lambda: house.town.requests("site") >= goal, 20, "the worker works")
        house.worker.kill()
        house.worker.start()
    house.wait_for(*ids, timeout=60)
    house.lost_nothing()
    house.verify()


def test_a_reply_from_the_queue_is_on_the_site_once(house):
    """The whole way of an answer; the post that it stands below is known from the comment itself. While the site is away it waits."""
    house.wordpress(people=("ann", "bob"), settle="1s")
    post = post_of(house)
    c, d = comment(house, "ann", "Is it vegan?", post), comment(house, "bob", "Do you deliver?", post)
    house.begin()
    house.wait_waiting("ann", "bob")
    of = {e["customer"]["handle"]: e["id"] for e in house.entries()}
    house.answer("reply", of["ann"], "-m", "Yes :) all of it, <promised> & \"signed\".", code=0)
    house.wait_waiting("bob", timeout=40)
    house.town.fault("lie", server="site", how="applied_502")
    house.answer("reply", of["bob"], "-m", "We do, up to 5 km.", code=0)
    house.wait_waiting(timeout=60)
    applied = {p["parent"]: p["text"] for p in house.town.applied("site")}
    assert applied == {c: "Yes :) all of it, &lt;promised&gt; &amp; \"signed\".", d: "We do, up to 5 km."}
    wait_until(lambda: [x["state"] for x in house.answer("replies", code=0).items] == ["sent", "sent"], 60, "both are sent")
    assert len(house.town.applied("site")) == 2
    house.rounds("site", 3)
    assert house.database.one("select count(*) from answerd.message where direction = 'outbound' and kind = 'reply'") == 2
    house.verify()
