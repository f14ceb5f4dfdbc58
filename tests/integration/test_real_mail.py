"""Our mail connector against a real Dovecot and a real Postfix, on loopback (rig/real_dovecot.py, rig/real_postfix.py). Only with ./run test --real;
skipped with a reason where Debian's packages are not installed."""
import email
import email.policy
import os

import pytest

from rig import wait_until
from rig.real_dovecot import Dovecot, NotHere
from rig.real_postfix import NotHere as NoPostfix
from rig.real_postfix import Postfix
from test_outbox import conversation, posted, reply, wait_state

pytestmark = pytest.mark.skipif(not os.environ.get("ANSWERD_REAL"), reason="real servers: only with ./run test --real")


@pytest.fixture
def shop(house):
    """A mailbox on Dovecot; what we send is taken by the town."""
    try:
        dovecot = Dovecot("real-dovecot-password")
    except NotHere as why:
        pytest.skip(f"no Dovecot here: {why}")
    smtp = house.town.mail("post")[1]
    made = house.town.person("shop", "post", own="acme", token="real-dovecot-password")
    house.town.person("ann", "post")
    house.add("acme_post", "mail", dovecot.url, made["token"], "acme", "post", "shop", address=made["address"], smtp=smtp, settle="1s")
    house.own, house.dovecot = made["address"], dovecot
    yield house
    house.end()
    dovecot.end()


def mail(ident, author, words, more="", to="us@shop.example"):
    return (f"From: {author}\r\nTo: {to}\r\nSubject: Re: News\r\nMessage-ID: <{ident}>\r\n{more}MIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n").encode()


def test_the_whole_path_on_a_real_server(shop):
    """History and news, a native answer in Sent, a reply of ours; nothing is marked as read; another UIDVALIDITY doubles nothing."""
    dovecot = shop.dovecot
    for n in range(130):
        dovecot.put(mail(f"old{n}@home.example", "bob@home.example", f"old {n} \u00e4"))
    shop.begin()
    wait_until(lambda: shop.database.one("select count(*) from answerd.message") == 130, 60, "history")
    dovecot.put(mail("q@home.example", "Ann <ann.at@home.example>", "where is it?"))
    shop.wait_for("q@home.example")
    box = dovecot.box()
    box.select("INBOX", readonly=True)
    assert box.search(None, "SEEN")[1] == [b""] and len(box.search(None, "UNSEEN")[1][0].split()) == 131
    box.logout()
    q = conversation(shop, "q@home.example")
    made = reply(shop, q, "It left us \u2026 \U0001f35e")
    wait_state(shop, made, "sent")
    sent, = posted(shop, "It left us \u2026 \U0001f35e", "post")
    # Dovecot keeps no copy by itself: one stands in Sent soon, seen, as it was sent.
    wait_until(lambda: shop.database.one("select count(*) from answerd.filing") == 0, 30, "a copy of it")
    box = dovecot.box()
    box.select("Sent", readonly=True)
    assert box.search(None, "HEADER", "Message-ID", sent["id"])[1] == [b"1"] and box.search(None, "SEEN")[1] == [b"1"]
    copy = email.message_from_bytes(box.fetch("1", "(BODY.PEEK[])")[1][0][1], policy=email.policy.default)
    assert copy.get_content().rstrip() == "It left us \u2026 \U0001f35e" and copy["In-Reply-To"] == "<q@home.example>"
    box.logout()
    assert shop.database.one("select count(*) from answerd.message where direction = 'outbound'") == 1
    dovecot.put(mail("q2@home.example", "Ann <ann.at@home.example>", "and now?"))
    shop.wait_for("q2@home.example")
    dovecot.put(mail("a2@shop.example", shop.own, "Now too.", "In-Reply-To: <q2@home.example>\r\n", to="ann.at@home.example"), "Sent")
    wait_until(lambda: "ann" not in shop.waiting(), 30, "a native answer ends the wait")
    # Mails are gone and others come under leaping numbers.
    box = dovecot.box()
    box.select("INBOX")
    box.store("1:50", "+FLAGS", r"(\Deleted)")
    box.expunge()
    box.logout()
    dovecot.put(mail("q3@home.example", "cid@home.example", "still there?"))
    shop.wait_for("q3@home.example")
    # A folder that is made anew has another UIDVALIDITY.
    for name in (dovecot.folder / "mail").glob("dovecot-uidlist*"):
        name.unlink()
    dovecot.put(mail("q4@home.example", "dan@home.example", "hello?"))
    shop.wait_for("q4@home.example", timeout=60)
    assert shop.database.one("select count(*) from answerd.message where direction = 'inbound'") == 134
    shop.verify()


def test_a_reply_that_nobody_confirmed_is_found_in_sent(shop):
    """The server's copy in Sent says that it left."""
    shop.begin()
    shop.dovecot.put(mail("q@home.example", "Ann <ann.at@home.example>", "where is it?"))
    shop.wait_for("q@home.example")
    shop.town.fault("lie", server="post", how="applied_reset")
    made = reply(shop, conversation(shop, "q@home.example"), "It left us.")
    wait_until(lambda: posted(shop, "It left us.", "post"), 30, "it was taken")
    sent, = posted(shop, "It left us.", "post")
    shop.dovecot.put(mail(sent["id"], shop.own, "It left us.", "In-Reply-To: <q@home.example>\r\n", to="ann.at@home.example"), "Sent")
    wait_state(shop, made, "sent", timeout=60)
    assert len(posted(shop, "It left us.", "post")) == 1


def test_replies_through_a_real_server(shop):
    """Taken and delivered as it was written, to one person; an unknown receiver is refused visibly, with the server's words."""
    try:
        postfix = Postfix("ann.at@home.example")
    except NoPostfix as why:
        pytest.skip(f"no Postfix here: {why}")
    try:
        shop.config.brand()["accounts"]["acme_post"].update({"smtp": postfix.url, "smtp_user": "none", "name": "Th\u00e9 Shop"})
        shop.begin()
        shop.dovecot.put(mail("q@home.example", "Ann <ann.at@home.example>", "where is it?", "References: <news@shop.example>\r\n"))
        shop.dovecot.put(mail("g@home.example", "Gone <gone@home.example>", "and mine?"))
        shop.wait_for("q@home.example", "g@home.example")
        words = "It left us.\n.\n..\nFrom now on: \u00e4\u20ac \U0001f35e " + "y" * 300 + "\n\n> quoted\nYours "
        made = reply(shop, conversation(shop, "q@home.example"), words)
        refused = reply(shop, conversation(shop, "g@home.example"), "To nobody.")
        wait_state(shop, made, "sent")
        wait_state(shop, refused, "failed_visible")
        assert "5.1.1" in shop.database.one("select reason from answerd.reply where reply_id = %s", int(refused))
        wait_until(lambda: postfix.mails("ann.at@home.example"), 30, "delivered")
        raw, = postfix.mails("ann.at@home.example")
        got = email.message_from_bytes(raw, policy=email.policy.default)
        assert got.get_content().rstrip("\n") == words.rstrip() or got.get_content().rstrip("\n") == words
        assert got["From"] == f"Th\u00e9 Shop <{shop.own}>" and got["To"] == "ann.at@home.example" and got["Subject"] == "Re: News"
        assert got["In-Reply-To"] == "<q@home.example>" and got["References"].split() == ["<news@shop.example>", "<q@home.example>"]
        assert got["Message-ID"] == "<" + shop.database.one("select external_id from answerd.reply where reply_id = %s", int(made)) + ">"
        assert got["Bcc"] is None and got["Return-Path"] == f"<{shop.own}>"
    finally:
        postfix.end()
