"""`answerd connect` for Meta's networks (issue 5 §2, §8): a code becomes a short-lived token, a long-lived one, and for a page its own; what a
person did not grant is said; the account is heard and answers with what was stored."""
import time

import pytest

from rig import wait_until
from rig.hands_on import Connect
from test_outbox import conversation, reply, wait_state

PLACES = {"facebook": ("page", "ann"), "instagram": ("photos", "shop"), "threads": ("spool", "shop")}


def empty(house, network, **options):
    """An account with an app's id and secret, and no token."""
    name, _who = PLACES[network]
    getattr(house, network)(name, own="shop", people=("ann", "bob"), options={"app_secret": "s3cret", **options})
    (house.config.folder / f"acme_{name}.token").write_text("77:s3cret\n", encoding="utf-8")
    return name


@pytest.mark.parametrize("network", PLACES)
def test_from_a_code_to_an_answer(house, network):
    name, who = empty(house, network), PLACES[network][1]
    root = house.town.post("shop", "Fresh bread at eight.", name)
    walk = Connect(house.config, f"acme_{name}", "--port", "0")
    address = walk.address()
    assert "client_id=77" in address and "s3cret" not in address
    walk.paste(f"code-{who}")
    said = walk.end()
    assert f"acme_{name} is connected as {'1000' if network == 'facebook' else 'shop'}" in said and "s3cret" not in said
    house.begin()
    asked = house.town.post("bob", "when?", name, parent=root)
    house.wait_for(asked, timeout=40)
    wait_state(house, reply(house, conversation(house, asked), "At eight, Bob."), "sent")
    house.verify()


def test_what_was_not_granted_is_said(house):
    """A right that was unticked, and a task on the page: both in plain words, with what they are for."""
    name = empty(house, "facebook", granted=["pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"],
                 tasks=["MODERATE"])
    walk = Connect(house.config, f"acme_{name}", "--port", "0")
    walk.address()
    walk.paste("code-ann")
    said = " ".join(walk.end(code=1).split())
    assert "pages_messaging: to read and answer Messenger" in said and "the task MESSAGING on the page" in said


def test_instagram_by_facebook(house):
    """The person signs in at Facebook, with the rights of that way; the page's token hears and answers for the account that is linked to it."""
    name = empty(house, "instagram")
    account = house.config.brands["acme"]["accounts"][f"acme_{name}"]
    account.update(login="facebook", account=house.town.call("GET", "servers")[0]["own"][0]["id"])
    root = house.town.post("shop", "Fresh bread at eight.", name)
    walk = Connect(house.config, f"acme_{name}", "--port", "0")
    address = walk.address()
    assert "instagram_manage_comments" in address and "pages_show_list" in address and "instagram_business" not in address
    walk.paste("code-ann")
    said = walk.end()
    assert f"acme_{name} is connected as shop" in said and "to find the page that the account is linked to" in said
    house.begin()
    asked = house.town.post("bob", "when?", name, parent=root)
    house.wait_for(asked, timeout=40)
    wait_state(house, reply(house, conversation(house, asked), "At eight, Bob."), "sent")
    house.verify()


def test_a_code_that_is_none(house):
    name = empty(house, "threads")
    walk = Connect(house.config, f"acme_{name}", "--port", "0")
    walk.address()
    walk.paste("code-nobody")
    said = walk.end(code=1)
    assert "s3cret" not in said and house.database.one("select count(*) from answerd.credential where sealed is not null") == 0


def test_a_pasted_token_is_asked_about_itself(house):
    """What it lacks and when it ends stands at the account, whoever may ask: the app, or the token itself. Where nobody may, nothing is lost."""
    now = int(time.time())
    few = ["pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"]
    house.facebook("page", people=("ann",), options={"granted": few, "expires_at": now + 40 * 86_400, "data_access_expires_at": now + 20 * 86_400})
    house.facebook("app", own="shop2", people=("bob",), options={"app_secret": "s3cret", "expires_at": now + 30 * 86_400})
    house.facebook("mute", own="shop3", people=("cid",), options={"no_inspection": True})
    path = house.config.folder / "acme_app.token"
    path.write_text("77:s3cret:" + path.read_text(encoding="utf-8"), encoding="utf-8")
    house.begin(desk=False)

    def said():
        rows = house.database.rows("select name, state::text, missing, extract(epoch from token_until)::bigint as ends from answerd.account")
        return {r["name"]: (r["missing"], r["ends"]) for r in rows if r["state"] == "listening"}
    wait_until(lambda: len(said()) == 3, 40, "all three listen")
    assert said() == {"acme_page": ("pages_messaging: to read and answer Messenger", now + 20 * 86_400), "acme_app": (None, now + 30 * 86_400),
                      "acme_mute": (None, None)}
    log = house.worker.log(200_000)
    assert "s3cret" not in log and path.read_text(encoding="utf-8").strip().split(":")[2] not in log
