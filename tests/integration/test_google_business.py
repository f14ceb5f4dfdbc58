"""Google Business Profile: the sheet's traps (platforms/google-business.md): several locations, pages that leave reviews out, stars without words, what is
changed after our reply, and the one reply that a review has."""
import json
import subprocess

import pytest

from rig import wait_until


@pytest.fixture
def maps(house):
    def open_(**more):
        house.google_business(people=("ann", "bob", "cid"), **more)
        return house
    return open_


def review(house, author, text, **more):
    return house.town.post(author, text, server="maps", **more)


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", ident)


def reply(house, who, words):
    entry = next(e for e in house.entries() if e["customer"]["handle"] == who)
    return int(house.answer("reply", entry["id"], "-m", words, code=0).json["id"])


def state(house, made):
    return house.database.one("select state::text from answerd.reply where reply_id = %s", made)


def standing(house, ident):
    """The replies of a review, oldest first."""
    return [r["text"] for r in house.town.truth("maps") if r["parent"] == ident and not r["deleted"]]


def test_reviews_of_several_locations_wait_until_we_answer(maps):
    """One of them is gone and one not verified: they stop no other."""
    house = maps(options={"places": ["1", "2", "3", "4"], "closed": ["2"], "unverified": ["3"]})
    house.begin()
    a = review(house, "ann", "Where is my order 42?", stars=2)
    b = review(house, "bob", "Stale bread", stars=1, location="4")
    house.wait_waiting("ann", "bob")
    assert {e["kind"] for e in house.entries()} == {"review"}
    assert (column(house, "warning", a), column(house, "warning", b)) == ("2 of 5 stars, Shop 1", "1 of 5 stars, Shop 4")
    missing = house.database.one("select coalesce(string_agg(a::text, ''), '') from answerd.account a")
    assert "verification of Shop 3" in missing
    made = reply(house, "ann", "On its way!")
    wait_until(lambda: state(house, made) == "sent", 30, "it is sent")
    house.wait_waiting("bob")
    sent, = house.town.applied("maps")
    assert sent["parent"] == a and column(house, "direction::text", sent["id"]) == "outbound"
    house.town.post("shop", "Sorry!", server="maps", parent=b)
    house.wait_waiting()
    house.lost_nothing()
    house.verify()


def test_what_one_walk_leaves_out_the_other_has(maps):
    """Pages behind the first miss one review in three, another one each time."""
    house = maps(options={"page": 5, "page_two_misses": 3})
    now = house.town.now_ms()
    ids = [review(house, "ann", f"review {i}", at=now - 20 * 86400_000 - i * 60_000) for i in range(60)]
    house.begin()
    house.wait_for(*ids, timeout=60)
    house.verify()


def test_what_is_changed_after_our_reply_waits_again(maps):
    """The new words are new; our second reply replaces the first, and both were said."""
    house = maps()
    a = review(house, "ann", "Never came.", stars=1)
    house.begin()
    house.wait_waiting("ann")
    made = reply(house, "ann", "We are looking for it.")
    house.wait_waiting()
    assert state(house, made) == "sent"
    house.town.edit(a, "Still not here!", server="maps", stars=1)
    house.wait_waiting("ann", timeout=60)
    entry, = house.entries()
    assert "Still not here!" in entry["excerpt"] and entry["kind"] == "review"
    told = house.database.one("select warning from answerd.message where external_id like '%%/edit.%%'")
    assert told.endswith("changed after our reply: a new one replaces it")
    second = reply(house, "ann", "It leaves today.")
    wait_until(lambda: state(house, second) == "sent", 30, "it is sent")
    house.wait_waiting()
    assert standing(house, a) == ["We are looking for it.", "It leaves today."]
    house.rounds("maps", 3)
    house.wait_waiting()
    house.verify()


def test_a_review_that_is_edited_before_we_answer_is_a_revision(maps):
    house = maps()
    a = review(house, "ann", "Order 41 never came.")
    house.begin()
    house.wait_waiting("ann")
    house.town.edit(a, "Order 42 never came.", server="maps", stars=1)
    wait_until(lambda: "42" in column(house, "body", a), 60, "the edit is seen")
    assert column(house, "warning", a) == "1 of 5 stars, Shop 1"
    assert house.database.one("select count(*) from answerd.message") == 1 and house.waiting() == ["ann"]


def test_a_reply_that_is_taken_back_and_a_review_that_is_deleted(maps):
    house = maps()
    a, b = review(house, "ann", "Late."), review(house, "bob", "Cold.")
    mine = house.town.post("shop", "Sorry!", server="maps", parent=a)
    house.begin()
    house.wait_waiting("bob")
    house.town.delete(mine, server="maps")
    house.wait_waiting("ann", "bob", timeout=60)
    house.town.delete(b, server="maps")
    house.wait_waiting("ann", timeout=60)
    assert column(house, "deleted_at is not null", b)


def test_a_reply_never_replaces_somebody_elses(maps):
    """We do not know whether ours arrived, and a colleague answers natively meanwhile: a person is asked, and the colleague's stands."""
    house = maps(settle="3s")
    a = review(house, "ann", "Late.")
    house.begin()
    house.wait_waiting("ann")
    fault = house.town.fault("lie", server="maps", how="unapplied_reset")
    made = reply(house, "ann", "We are on it.")
    wait_until(lambda: house.town.hits(fault) == 1, 20, "the attempt was made")
    house.town.post("shop", "So sorry, Ann!", server="maps", parent=a)
    reason = "select reason from answerd.reply where reply_id = %s"
    wait_until(lambda: "somebody else's reply stands there" in (house.database.one(reason, made) or ""), 60, "a look tells it")
    house.shift(13 * 60)
    wait_until(lambda: state(house, made) == "needs_human", 60, "a person is asked")
    assert standing(house, a) == ["So sorry, Ann!"] and house.waiting() == []


@pytest.mark.parametrize("what", (None, "quiet"))
def test_stars_without_words(maps, what):
    house = maps(stars_alone=what)
    a = review(house, "ann", "", stars=2)
    b = review(house, "bob", "Cold.")
    house.begin()
    house.wait_for(a, b)
    house.wait_waiting(*(["bob"] if what else ["ann", "bob"]))
    assert column(house, "body", a) == "★★☆☆☆"


def test_a_service_account_signs_its_claim(maps, tmp_path):
    """No refresh token: the worker signs with the key that Google made, by its own clock."""
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key], check=True, capture_output=True, timeout=60)
    house = maps()
    token = json.dumps({"type": "service_account", "client_email": "shop@project.example", "private_key_id": "k1", "private_key": key.read_text(encoding="ascii")})
    house.config.account("acme_maps", "google-business", f"http://127.0.0.1:{house.town.port}/gb/maps", token,
                         oauth=f"http://127.0.0.1:{house.town.port}/gb/maps/token")
    house.begin()
    review(house, "ann", "Late.")
    house.wait_waiting("ann")
