"""`answerd connect` for Meta's networks (issue 5 §2, §8): a code becomes a short-lived token, a long-lived one, and for a page its own; what a
person did not grant is said; the account is heard and answers with what was stored."""
import pytest

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


def test_a_code_that_is_none(house):
    name = empty(house, "threads")
    walk = Connect(house.config, f"acme_{name}", "--port", "0")
    walk.address()
    walk.paste("code-nobody")
    said = walk.end(code=1)
    assert "s3cret" not in said and house.database.one("select count(*) from answerd.credential where sealed is not null") == 0
