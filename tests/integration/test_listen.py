"""Listening on Mastodon: what customers say is stored once, whole, threaded, and waits (I1, I2)."""
import json
import time

import pytest

from rig import shared, wait_until

DIALECTS = {"plain": [], "snac": ["snac"], "pixelfed": ["pixelfed"], "old": ["old"], "no rate headers": ["norate"]}


def test_a_question_waits_and_a_native_answer_ends_it(shop):
    """The whole path: said on the platform, in the queue, answered in the platform's own app, gone."""
    q = shop.town.post("ann", "@shop where is my parcel?")
    shop.wait_waiting("ann")
    entry, = shop.entries()
    assert (entry["brand"], entry["account"], entry["platform"]) == ("acme", "acme_social", "mastodon")
    assert "parcel" in entry["excerpt"] and entry["customer"]["name"] == "ann" and entry["messages"] == 1
    assert entry["permalink"].startswith("http") and entry["waiting_since"].endswith("Z")
    a = shop.town.post("shop", "@ann on its way", parent=q)
    shop.wait_waiting()
    assert {(m["external_id"], m["kind"], m["direction"]) for m in shop.messages()} == {(q, "mention", "inbound"), (a, "reply", "outbound")}
    shop.lost_nothing()
    shop.verify()


def test_waiting_since_is_the_platforms_time(shop):
    """A wait starts when it was said, not when we heard of it."""
    at = shop.town.now_ms() - 3 * 3600_000
    shop.town.post("ann", "@shop said three hours ago", at=at)
    shop.wait_waiting("ann")
    entry, = shop.entries()
    assert abs(entry["waiting_s"] - 3 * 3600) < 60


def test_writing_again_counts_up_and_resets_nothing(shop):
    q = shop.town.post("ann", "@shop one")
    shop.wait_waiting("ann")
    before, = shop.entries()
    shop.town.post("ann", "@shop two", parent=q)
    wait_until(lambda: shop.entries()[0]["messages"] == 2, 15, "the count goes up")
    after, = shop.entries()
    assert (after["waiting_since"], after["id"]) == (before["waiting_since"], before["id"])


def test_history_on_connect_is_imported_whole(house):
    """What was said before we were connected waits as well, over many pages."""
    house.mastodon("social", own="shop", people=("ann",))
    now = house.town.now_ms()
    ops = [{"author": "ann", "text": f"@shop history {i}", "at": now - (300 - i) * 60_000} for i in range(250)]
    ids = [r["id"] for r in house.town.bulk(ops, server="social")]
    house.begin()
    house.wait_for(*ids, timeout=30)
    wait_until(lambda: len(house.entries()) == 250, 15, "all of it waits")
    house.verify()


def test_history_beyond_the_window_is_left(house):
    """`history` says how far back to import (default 30 days): the walk ends there, not at the beginning of time."""
    house.mastodon("social", own="shop", people=("ann",), history="2d")
    day = 86_400_000
    now = house.town.now_ms()
    house.town.bulk([{"author": "ann", "text": f"@shop ancient {i}", "at": now - 40 * day, "t": now - 40 * day} for i in range(400)],
                    server="social")
    new = house.town.do("post", server="social", author="ann", text="@shop recent", at=now - day, t=now - day)["id"]
    house.begin()
    house.wait_for(new)
    house.rounds("social", 3)
    assert len(house.messages()) < 200


def test_nested_replies_that_never_notify_are_found(shop):
    """A reply that names nobody tells nobody; only reading the thread finds it (pain 4)."""
    q = shop.town.post("ann", "@shop broken on arrival", key="q")
    a = shop.town.post("shop", "@ann which part?", parent="q", key="a")
    shop.wait_for(q, a)
    f = shop.town.post("ann", "the handle", parent="a", key="f", mentions=[])
    g = shop.town.post("ann", "and the lid", parent="f", mentions=[])
    shop.wait_for(f, g, timeout=60)
    shop.wait_waiting("ann")
    assert shop.entries()[0]["messages"] == 2


def test_ancestors_are_read_up_to_the_root(shop):
    """Somebody calls us into an old conversation: we see what it is about."""
    a = shop.town.post("bob", "my kettle sings", key="a")
    b = shop.town.post("cid", "mine too", parent="a", key="b")
    c = shop.town.post("ann", "@shop is that normal?", parent="b")
    shop.wait_for(a, b, c)
    shop.wait_waiting("ann")


def test_an_edit_is_a_revision_with_the_same_start(shop):
    q = shop.town.post("ann", "@shop I hate the new cups")
    shop.wait_waiting("ann")
    since = shop.entries()[0]["waiting_since"]
    shop.town.edit(q, "@shop I have the new cups. Are they dishwasher safe?")
    wait_until(lambda: "dishwasher" in shop.database.one("select body from answerd.message where external_id = %s", q), 60, "the edit")
    assert shop.entries()[0]["waiting_since"] == since
    assert "hate" in shop.database.one("select body from answerd.message_revision where external_id = %s", q)
    shop.verify()


def test_a_deletion_is_a_tombstone_and_ends_the_wait(shop):
    """A "not found" is believed of a server that has once shown a status by its id: the deletion comes after that."""
    q = shop.town.post("ann", "@shop forget it")
    shop.wait_waiting("ann")
    wait_until(lambda: shop.database.one("select facts::json->>'status' from answerd.account") == "true", 60, "shown by its id")
    shop.town.delete(q)
    shop.wait_waiting(timeout=90)
    assert shop.database.one("select deleted_at from answerd.message where external_id = %s", q) is not None
    shop.verify()


def test_a_deleted_answer_puts_the_conversation_back(shop):
    q = shop.town.post("ann", "@shop open today?")
    shop.wait_for(q)
    a = shop.town.post("shop", "@ann yes", parent=q)
    shop.wait_for(a)
    shop.wait_waiting()
    shop.town.delete(a)
    shop.wait_waiting("ann", timeout=90)


def test_direct_messages_wait_as_direct(shop):
    q = shop.town.post("ann", "@shop my card number is…", visibility="direct")
    shop.wait_waiting("ann")
    assert shop.entries()[0]["kind"] == "direct"
    assert shop.messages()[0]["kind"] == "direct"
    shop.town.post("shop", "@ann please call us", parent=q, visibility="direct")
    shop.wait_waiting()


def test_customers_among_themselves_are_overheard(shop):
    """Below our post a comment is to us; talk among customers there is not."""
    p = shop.town.post("shop", "New cups are in.", key="p")
    c = shop.town.post("bob", "@shop how much?", parent="p", key="c")
    shop.wait_for(p, c)
    d = shop.town.post("cid", "@bob nine pounds I think", parent="c", key="d")
    shop.wait_for(d, timeout=60)
    shop.wait_waiting("bob")
    shop.town.post("shop", "@bob Nine fifty.", parent="c")
    shop.wait_waiting()


def test_likes_and_boosts_neither_wait_nor_answer(shop):
    q = shop.town.post("ann", "@shop the bread is stale", key="q")
    p = shop.town.post("shop", "Good morning!", key="p")
    shop.wait_for(q, p)
    shop.town.do("like", server="social", person="shop", post="q")
    shop.town.do("boost", server="social", person="bob", post="p")
    shop.town.do("like", server="social", person="cid", post="p")
    shop.rounds("social")
    assert shop.waiting() == ["ann"]
    shop.verify()


@pytest.mark.parametrize("paging", ("pages", "one page"))
def test_a_search_without_a_token_pages_on_or_tells_the_gap(house, paging):
    """Words are searched for without an account: over all pages where the server shows them to strangers, else with a gap."""
    url = house.town.mastodon("social", open_search="one page" if paging == "one page" else True)
    house.town.person("ann")
    house.add("watch", "mastodon", url, None, "acme", "social", "", ["search:kettle"])
    first = house.town.post("ann", "does anybody know the kettle shop?")
    house.begin()
    house.wait_waiting("ann")
    assert house.answer("queue", code=0).items == [], "about us: beside the queue"
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"kettle {i}?"} for i in range(95)], server="social")]
    if paging == "pages":
        house.wait_for(first, *ids)
        assert house.answer("gaps", code=None).items == []
    else:
        house.wait_for(*ids[-40:])
        wait_until(lambda: [g["source"] for g in house.answer("gaps", code=None).items] == ["search:kettle"], 20, "the gap is told")
    house.verify()


def test_a_search_finds_our_own_words_too_and_nobody_waits(house):
    """Own posts among the hits are outbound; who names us is to us, whatever found it."""
    house.mastodon("social", own="shop", people=("ann", "bob", "cid"), listen=["search:#kettle", "search:teapot"])
    own = house.town.post("shop", "our new #kettle and teapot")
    about = house.town.post("ann", "is the #kettle any good?")
    named = house.town.post("bob", "@shop is the teapot any good?")
    praise = house.town.post("cid", "love my teapot")
    house.begin()
    house.wait_for(own, about, named, praise)
    house.wait_waiting("ann", "bob")
    assert [e["customer"]["handle"] for e in house.answer("queue", code=0).items] == ["bob"]
    assert house.database.one("select direction::text from answerd.message where external_id = %s", own) == "outbound"
    about_us = "select is_about from answerd.message where external_id = %s"
    assert house.database.one(about_us, about) is True and house.database.one(about_us, named) is False
    house.verify()


def test_a_search_hears_what_is_said_about_us(house):
    """`search:#tag` is a softer lane: seen with --all."""
    house.mastodon("social", own="shop", people=("ann",), listen=["mentions", "search:#kettle"])
    house.begin()
    hit = house.town.post("ann", "why does my #kettle leak?")
    house.wait_for(hit, timeout=30)
    wait_until(lambda: house.waiting() == ["ann"], 15, "about us, with --all")
    assert house.answer("queue", "--limit", "0", code=0).items == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_of_paging(house, dialect):
    """Servers that page wrongly, or say nothing of limits, neither lose a message nor make us walk for ever."""
    house.mastodon("social", own="shop", people=("ann", "bob"), options={"dialect": DIALECTS[dialect]})
    n = 15 if dialect == "snac" else 130
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop old {i}"} for i in range(n)], server="social")]
    house.begin()
    house.wait_for(*ids, timeout=30)
    late = [house.town.post("bob", f"@shop new {i}") for i in range(3)]
    house.wait_for(*late)
    house.rounds("social")
    begun = time.monotonic()
    house.rounds("social", 4)
    assert time.monotonic() - begun > 1.5, "a quiet server is asked over and over"
    house.lost_nothing()
    house.verify()


def test_late_arrivals_with_old_times(shop):
    """Federation brings a post hours late: its id is new, its time is old."""
    shop.wait_for(shop.town.post("bob", "@shop now"))
    old = shop.town.post("ann", "@shop said yesterday", at=shop.town.now_ms() - 86_400_000)
    shop.wait_for(old)
    assert [e["customer"]["handle"] for e in shop.entries()] == ["ann", "bob"]


def test_a_filtered_stranger_is_heard(shop):
    """A server's notification policy hides strangers unless one asks for them."""
    shop.town.person("stranger", filtered=True)
    shop.wait_for(shop.town.post("stranger", "@shop I have never written to you before"), timeout=60)


def test_our_own_account_in_two_threads_is_never_a_customer(shop):
    p = shop.town.post("shop", "@shop talks to itself", key="p")
    r = shop.town.post("shop", "and goes on", parent="p")
    shop.wait_for(p, r)
    assert {m["direction"] for m in shop.messages()} == {"outbound"} and shop.waiting() == []


# ---- faithful text
def test_naughty_strings_are_stored_faithfully(shop):
    """485 strings that break programs: all arrive, and read as they were written."""
    strings = json.loads(shared("data", "naughty_strings", "blns.json").read_text(encoding="utf-8"))
    strings = [s for s in strings if s.strip()]
    ops = [{"author": "ann", "text": s, "html": "<p>" + s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</p>",
            "mentions": ["shop"]} for s in strings]
    ids = [r["id"] for r in shop.town.bulk(ops, server="social")]
    wait_until(lambda: set(ids) <= shop.known(), 60, "all are stored or in quarantine")
    rows = {r["external_id"]: r["body"] for r in shop.database.rows("select external_id, body from answerd.message")}
    wrong = []
    for ident, text in zip(ids, strings):
        want = " ".join(text.replace("\0", "\ufffd").split())
        if ident in rows and " ".join(rows[ident].split()) != want:
            wrong.append((text, rows[ident]))
    assert not wrong, f"{len(wrong)} of {len(strings)} differ, such as {wrong[:5]!r}"
    assert len(rows) >= len(strings) - 5
    shop.verify()


def test_the_element_is_kept_byte_for_byte(shop):
    """message_raw holds the element as it was served."""
    import hashlib
    q = shop.town.post("ann", "@shop ¿dónde? 🦆 \u202e txet")
    shop.wait_for(q)
    shop.lost_nothing()
    shas = {e["sha"] for e in shop.town.served("social", "shop") if e["id"] == q}
    raws = shop.database.column("select raw from answerd.message_raw where external_id = %s", q)
    assert raws and all(hashlib.sha256(r.encode()).hexdigest() in shas for r in raws)


def test_two_accounts_of_one_brand_are_no_customers_of_each_other(house):
    """Sister accounts on one server talk to customers and to each other: neither ever waits in the other's queue (pain 5)."""
    house.mastodon("social", own="shop", people=("ann",))
    sister = house.town.person("repairs", own="acme")
    url = f"http://127.0.0.1:{house.town.port}/m/social"
    house.add("acme_repairs", "mastodon", url, sister["token"], "acme", "social", "repairs")
    house.begin()
    q = house.town.post("ann", "@shop @repairs who mends my kettle?", key="q")
    wait_until(lambda: house.waiting() == ["ann", "ann"], 20, "Ann waits in both")
    a = house.town.post("repairs", "@ann @shop We do! Bring it in.", parent="q")
    wait_until(lambda: a in house.known(), 20)
    house.rounds("social", 4)
    assert "repairs" not in house.waiting(), "our own sister account stands in the queue as a customer"
    house.verify()
    assert q in house.known()


def test_a_customer_who_changes_name_stays_the_same_person(shop):
    """Handles and display names change; the person and the conversation do not."""
    q = shop.town.post("ann", "@shop one", key="q")
    shop.wait_waiting("ann")
    before, = shop.entries()
    shop.town.do("rename", server="social", person="ann", handle="ann_married", name="Ann M.")
    shop.town.post("ann", "@shop two", parent="q")
    wait_until(lambda: shop.entries()[0]["messages"] == 2, 20, "the second message")
    after, = shop.entries()
    assert after["id"] == before["id"] and after["customer"]["id"] == before["customer"]["id"]
    assert (after["customer"]["handle"], after["customer"]["name"]) == ("ann_married", "Ann M.")
    assert q in shop.known()


def test_show_is_the_thread_as_the_customer_sees_it(shop):
    """Our post on top, other people's words as context, each with whom it answers; our answer below its question whatever its clock says."""
    now = shop.town.now_ms()
    post = shop.town.post("shop", "New cups!", at=now - 50_000)
    ann = shop.town.post("ann", "@shop do they break?", parent=post, at=now - 40_000)
    bob = shop.town.post("bob", "@ann mine did", parent=ann, mentions=["ann"], at=now - 30_000)
    cid = shop.town.post("cid", "@ann not mine", parent=ann, mentions=["ann"], at=now - 20_000)
    early = shop.town.post("shop", "@ann never!", parent=ann, at=now - 3600_000)
    again = shop.town.post("ann", "@shop really?", parent=bob, at=now - 10_000)
    shop.wait_for(post, ann, bob, cid, early, again)
    shop.wait_waiting("ann")
    key, = [e["id"] for e in shop.entries()]
    shown = shop.answer("show", key, code=0).json
    assert [(m["id"], m["role"]) for m in shown["thread"]] == [(post, "ours"), (ann, "customer"), (early, "answer"), (bob, "other"), (cid, "other"),
                                                               (again, "customer")]
    lines = [line.strip() for line in shop.answer("show", key, raw=True, code=0).out.splitlines()]

    def above(words):
        return lines[lines.index(words) - 1]
    assert above("@ann mine did").startswith("answers ") and "ann" in above("@ann mine did")
    assert above("@shop really?").startswith("answers ") and "bob" in above("@shop really?")
    assert not above("@shop do they break?").startswith("answers "), "it stands right below"


def test_a_recheck_that_fails_is_asked_again_soon(house):
    """A round of rechecks is every ten polls; what failed once on the way is not left for the next round."""
    house.mastodon("social", own="shop", people=("ann",), every="3s")
    house.begin(desk=False)
    q = house.town.post("ann", "@shop never mind")
    house.wait_for(q)

    def rechecks():
        return [a for a in house.town.answers() if a["p"].startswith("/m/social/api/v1/statuses?")]
    wait_until(lambda: len(rechecks()) >= 1, 40, "it is rechecked")
    fault = house.town.fault("status", status=500, path="/api/v1/statuses$", count=1)
    house.town.delete(q)
    wait_until(lambda: house.town.hits(fault) == 1, 60, "a recheck fails")
    wait_until(lambda: house.database.one("select deleted_at is not null from answerd.message where external_id = %s", q), 60, "the deletion is heard")
    asked = rechecks()
    failed = next(i for i, a in enumerate(asked) if a["s"] == 500)
    assert asked[failed + 1]["t"] - asked[failed]["t"] < 20_000, asked


def test_a_sweep_that_fails_goes_on_soon(house):
    """A round of sweeps is every ten polls, too; a page of one that failed once is asked again, not left for the next round."""
    house.mastodon("social", own="shop", people=("ann",), every="3s")
    house.begin(desk=False)
    house.wait_for(house.town.post("ann", "@shop good morning"))

    def sweeps():
        """A poll goes on behind what it knows, a sweep begins with the newest."""
        return [a for a in house.town.answers() if a["p"].startswith("/m/social/api/v1/notifications?") and "min_id" not in a["p"]]
    fault = house.town.fault("status", status=500, path="/api/v1/notifications$", query="^(?!.*min_id)", count=1)
    wait_until(lambda: house.town.hits(fault) == 1, 60, "a sweep fails")

    def failed_and_next():
        asked = sweeps()
        failed = next((i for i, a in enumerate(asked) if a["s"] == 500), len(asked))
        return asked[failed:failed + 2] if failed + 1 < len(asked) else None
    failed, again = wait_until(failed_and_next, 60, "it is asked again")
    assert again["t"] - failed["t"] < 20_000, (failed, again)
