"""Our connector against a real WordPress, on loopback (rig/real_wordpress.py). Only with ./run test --real; skipped with a reason where
Debian's packages are not installed."""
import os

import pytest

from rig import wait_until
from rig.house import House
from rig.real_wordpress import NotHere, Site

pytestmark = pytest.mark.skipif(not os.environ.get("ANSWERD_REAL"), reason="real servers: only with ./run test --real")


@pytest.fixture(scope="module")
def site():
    try:
        site = Site()
    except NotHere as why:
        pytest.skip(f"no real WordPress here: {why}")
    yield site
    site.end()


@pytest.fixture
def shop(site, database, tmp_path):
    house = House(None, database, tmp_path)
    house.config.account("acme_site", "wordpress", site.url, site.token("baker"), settle="1s")
    yield house
    house.end()


def column(house, what, ident):
    return house.database.one(f"select {what} from answerd.message where external_id = %s", str(ident))


def test_the_whole_path_on_a_real_site(site, shop):
    """History, a held comment, an edit, trash, a deletion; a reply from the queue is there for the customer once, and one that was typed
    natively closes the entry with actor "native"."""
    post = site.post("Fresh bread at eight.")
    c = site.comment("ann", "Is it \"vegan\"?", post)
    d = site.comment("bob", "Do you deliver?", post)
    held = site.comment("bob", "Do you sell gift cards?", post, status="hold")
    shop.begin()
    shop.wait_for(f"post:{post}", str(c), str(d), str(held), timeout=60)
    shop.wait_waiting("ann", "bob", "bob", timeout=30)
    assert column(shop, "warning", held) == "awaiting moderation"
    site.call("baker", "POST", f"/comments/{held}", {"status": "approved"})
    wait_until(lambda: column(shop, "warning", held) is None, 60, "it is approved")

    vegan, deliver = (next(e["id"] for e in shop.entries() if word in e["excerpt"]) for word in ("vegan", "deliver"))
    text = "Yes :) all of it, <promised> & \"signed\" -- it's at https://shop.example/?a=1&b=2"
    sent = shop.reply(vegan, text, "bob", "bob")
    wait_until(lambda: column(shop, "hash <> 0", sent), 60, "our own reply comes back by listening")
    below = site.call(None, "GET", f"/comments?parent={c}")
    assert [str(x["id"]) for x in below] == [sent] and below[0]["author_name"] == "baker"
    assert "&lt;promised&gt; &amp;" in below[0]["content"]["rendered"]

    native = site.comment("baker", "Up to five kilometres.", post, parent=d)
    shop.wait_for(str(native), timeout=60)
    shop.wait_waiting("bob", timeout=30)
    assert shop.actors(vegan) == [shop.answer("replies", code=0).items[0]["author"]]
    assert shop.actors(deliver) == ["native"]
    for place, said, by in ((vegan, c, sent), (deliver, d, native)):
        thread = shop.answer("explain", place, code=0).json["thread"]
        assert f" by our message {by}" in next(m for m in thread if m["id"] == str(said))["why"]

    site.call("baker", "POST", f"/comments/{c}", {"content": "Is it vegan and sweet?"})
    wait_until(lambda: "sweet" in column(shop, "body", c), 60, "the edit is seen")
    site.call("baker", "DELETE", f"/comments/{held}")
    shop.wait_waiting(timeout=60)
    site.call("baker", "DELETE", f"/comments/{d}?force=true")
    wait_until(lambda: column(shop, "deleted_at is not null", d), 60, "the deletion is seen")
    shop.verify()


def test_a_wrong_password_is_told(site, shop):
    shop.config.account("acme_site", "wordpress", site.url, "baker:wrong")
    shop.begin(desk=False)
    wait_until(lambda: shop.database.one("select state::text from answerd.account") == "refused", 60, "the account is refused")
    assert "APPLICATION PASSWORD" in shop.database.one("select state_reason from answerd.account")
