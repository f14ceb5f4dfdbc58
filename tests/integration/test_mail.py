"""Mail (issue 5 §5): a mailbox read by UID without marking anything, replies by SMTP; machines are told from people by their headers; nobody
speaks in our place; numbers that change, vanish or lie lose nothing silently."""
import email
import json
import random
import urllib.parse

import pytest

from rig import wait_until
from rig.hands_on import Connect, fetch
from test_outbox import conversation, posted, reply, wait_state


@pytest.fixture
def post(house):
    """A mailbox, and Ann, Bob and Cid who write to it."""
    house.mail("post", own="shop", people=("ann", "bob", "cid"))
    house.begin()
    return house


def row(house, ident):
    return house.database.rows("select * from answerd.message where external_id = %s", ident)[0]


def shop_of(house):
    return house.town.call("GET", "servers")[0]["own"][0]["id"]


def test_the_whole_path(post):
    """An answer to a newsletter waits with subject and words; what staff answer in their mail program ends it; a forwarded mail does not."""
    post.town.post("shop", "Ten new cups.", "post", subject="News")
    q = post.town.post("ann", "where is my order?\n\n-- \nAnn\n\nOn Monday the shop wrote:\n> Is everything fine?", "post", subject="Re: News")
    post.wait_waiting("ann")
    entry, = post.entries()
    assert entry["platform"] == "mail" and entry["kind"] == "direct" and entry["excerpt"].startswith("where is my order?")
    found = row(post, q)
    assert found["warning"] == "Re: News" and "[quoted:]\nOn Monday the shop wrote:\n> Is everything fine?" in found["body"]
    assert found["visibility"] == "private" and found["direction"] == "inbound"
    post.town.post("shop", "Can you see to this?", "post", parent=q, subject="Fwd: Re: News", headers={"To": "supplier@mill.example"})
    post.rounds("post")
    post.wait_waiting("ann")
    a = post.town.post("shop", "On its way.", "post", parent=q)
    post.wait_waiting()
    assert (row(post, a)["direction"], row(post, a)["parent_id"]) == ("outbound", q)
    post.lost_nothing()
    post.verify()


def test_a_reply_goes_to_who_wrote_and_nobody_else(post):
    """Threaded by Message-ID, dots and lines unharmed, no header can be brought in; the copy in Sent is the same message."""
    q = post.town.post("ann", "and now?", "post", subject="Caf\u00e9\u2026 order =?utf-8?Q?=0D=0ABcc:_evil@evil.example?=",
                       headers={"References": "<first@home.example> <second@home.example>", "Reply-To": "evil@evil.example", "Cc": "bob.at@home.example"})
    post.wait_waiting("ann")
    words = "It left us.\n.\n..\nFrom here on: \u00e4\u00f6\u00fc " + "x" * 200 + " \n\nYours"
    made = reply(post, conversation(post, q), words)
    wait_state(post, made, "sent")
    post.wait_waiting()
    sent, = posted(post, "It left us.", "post")
    assert sent["parent"] == q and sent["text"].rstrip() == words and sent["spoiler"].startswith("Re: Caf\u00e9\u2026 order")
    with open(post.town.book_path, encoding="utf-8", errors="surrogatepass") as book:
        raw = next(json.loads(line)["mail"] for line in book if '"via":"api"' in line)
    mail = email.message_from_string(raw)
    assert mail.keys() == ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type",
                           "Content-Transfer-Encoding"]
    assert mail["To"] == "ann.at@home.example" and mail["In-Reply-To"] == f"<{q}>"
    assert mail["References"].split() == ["<first@home.example>", "<second@home.example>", f"<{q}>"]
    post.rounds("post", 3)
    assert post.database.one("select count(*) from answerd.message where direction = 'outbound'") == 1
    back = post.town.post("ann", "thank you, but which day?", "post", parent=sent["id"])
    post.wait_waiting("ann")
    assert row(post, back)["root_id"] == q
    post.verify()


def test_machines_do_not_wait(post):
    """Bounces, out-of-office answers and lists are kept and nobody waits for them; a list that brings customers to us is no machine."""
    machines = [
        {"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X-Autoreply": "yes"}, {"Return-Path": "<>"},
        {"From": "MAILER-DAEMON@home.example"}, {"Content-Type": 'multipart/report; report-type=delivery-status; boundary="b"'},
        {"List-Id": "<news.mill.example>", "To": "news@mill.example"},
    ]
    for n, headers in enumerate(machines):
        post.town.post("bob", f"I am away {n}", "post", headers=headers)
    q = post.town.post("ann", "are you open?", "post", headers={"List-Id": "<help.shop.example>", "Precedence": "list", "Auto-Submitted": "no"})
    post.wait_for(q)
    post.rounds("post")
    post.wait_waiting("ann")
    assert post.database.one("select count(*) from answerd.message where kind = 'other' and is_automatic") == len(machines)
    post.lost_nothing()
    post.verify()


def test_nobody_speaks_in_our_place(post):
    """Our address in From answers nobody; an id of ours from outside is not believed; an id that comes again changes nothing and hides nothing."""
    q = post.town.post("ann", "where is it?", "post")
    post.wait_waiting("ann")
    own = shop_of(post)
    post.town.post("bob", "It is done.", "post", parent=q, headers={"From": own})
    made = reply(post, conversation(post, q), "It left us.")
    wait_state(post, made, "sent")
    sent, = posted(post, "It left us.", "post")
    post.town.post("bob", "We said something else.", "post", headers={"Message-ID": f"<{sent['id']}>"})
    post.town.post("bob", "Never mind.", "post", headers={"Message-ID": f"<{q}>"})
    last = post.town.post("cid", "hello?", "post")
    post.wait_for(last)
    assert row(post, sent["id"])["body"].strip() == "It left us." and row(post, q)["body"] == "where is it?"
    assert post.database.one("select kind::text from answerd.message where external_id like 'self:%%'") == "other"
    assert post.database.rows("select body from answerd.message where external_id like 'again:%%'") == [{"body": "Never mind."}]
    post.wait_waiting("bob", "bob", "cid")


def test_numbers_that_change_and_leap(post):
    """Another UIDVALIDITY: all is read again, nothing twice. A leap of a million numbers is crossed. Nothing is marked as read (the town knows no way to)."""
    first = post.town.post("ann", "one", "post")
    post.wait_for(first)
    post.town.do("option", server="post", gap=1_000_000)
    second = post.town.post("bob", "two", "post")
    post.wait_for(second)
    post.town.do("option", server="post", validity=2000)
    third = post.town.post("cid", "three", "post")
    post.wait_for(third)
    post.wait_waiting("ann", "bob", "cid")
    assert post.database.one("select count(*) from answerd.message") == 3
    assert post.database.one("select count(*) from answerd.gap") == 0
    post.verify()


def test_a_password_that_ends(post):
    post.wait_for(post.town.post("ann", "one", "post"))
    post.town.do("revoke", server="post", person="shop")
    wait_until(lambda: post.database.one("select state::text from answerd.account") == "refused", 30, "refused")
    assert "app password" in post.database.one("select state_reason from answerd.account")
    late = post.town.post("ann", "two", "post")
    post.town.do("restore", server="post", person="shop")
    post.wait_for(late, timeout=90)


def test_big_mails_and_odd_parts(post):
    """A big mail is cut and says so, its attachment has a name; HTML is made plain; a charset that is none loses no mail."""
    big = post.town.post("ann", "see the picture", "post", headers={"Content-Type": 'multipart/mixed; boundary="b"'}, mail=None)
    html = ("From: Bob <bob.at@home.example>\r\nTo: x\r\nMessage-ID: <html@home.example>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Is the caf\xe9 <b>open</b>?</p><script>x</script>\r\n--b--\r\n")
    post.town.post("bob", "x", "post", id="html@home.example", mail=html)
    attached = ("From: Cid <cid.at@home.example>\r\nTo: x\r\nMessage-ID: <big@home.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                "--b\r\nContent-Type: text/plain; charset=x-none\r\n\r\nWhat is this?\r\n--b\r\nContent-Type: image/png\r\n"
                "Content-Disposition: attachment; filename*=utf-8''t%C3%A4st.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + "QUJD" * 20 + "\r\n") + ("QUJD" * 19 + "\r\n") * 60_000 + "--b--\r\n"
    post.town.post("cid", "x", "post", id="big@home.example", mail=attached)
    post.wait_for(big, "html@home.example", "big@home.example")
    assert row(post, "html@home.example")["body"] == "Is the caf\u00e9 open?"
    body = row(post, "big@home.example")["body"]
    assert body.startswith("What is this?") and "t\u00e4st.png" in body and "not read to its end" in body
    post.worker.assert_small()


def test_kills_lose_and_double_nothing(house):
    """Ten kills while mails keep coming in bunches of every size, through connections that are cut: all are stored once."""
    house.mail("post", own="shop", people=("ann", "bob", "cid"))
    house.begin(desk=False)
    chance, ids = random.Random(5), []
    house.town.fault("cut", server="post", path="FETCH$", count=0, prob=0.1, seed=3)
    for n in range(10):
        ids += [r["id"] for r in house.town.bulk([{"author": chance.choice(("ann", "bob", "cid")), "text": f"{n}.{i}"}
                                                  for i in range(chance.choice((3, 30, 130)))], server="post")]
        goal = house.town.requests("post") + chance.randint(2, 12)
        wait_until(lambda goal=goal: house.town.requests("post") >= goal, 60, "the worker works")
        house.worker.kill()
        house.worker.start()
    house.town.heal()
    house.wait_for(*ids, timeout=90)
    assert house.database.one("select count(*) from answerd.message") == len(ids)
    house.lost_nothing()
    house.verify()


def test_what_was_filed_while_we_were_away_is_told(post):
    """Two days without us, in which a mail came and was deleted: a gap; the same within a minute: staff file mails all day."""
    post.wait_for(post.town.post("ann", "one", "post"))
    post.rounds("post")
    post.town.bulk([{"author": "bob", "text": "quickly gone", "key": "quick"}], server="post")
    post.town.delete("quick", "post")
    post.wait_for(post.town.post("cid", "two", "post"))
    assert post.database.one("select count(*) from answerd.gap") == 0
    post.worker.stop()
    post.shift(2 * 86_400)
    post.town.delete(post.town.post("ann", "never heard", "post"), "post")
    late = post.town.post("bob", "three", "post")
    post.worker.start()
    post.wait_for(late, timeout=60)
    wait_until(lambda: post.database.one("select count(*) from answerd.gap") == 1, 30, "the gap")


def test_a_copy_is_put_where_the_server_keeps_none(house):
    """Sent at once; then one copy stands in Sent, as it was sent, whatever lies about it, and nothing is posted twice. A server that keeps
    its own gets none, and nobody who says no."""
    house.mail("post", own="shop", people=("ann",), options={"copies": False}, settle="1s")
    house.mail("kept", own="kept", people=("bob",), settle="1s")
    house.mail("none", own="none", people=("cid",), options={"copies": False}, settle="1s", sent_copy="no")
    house.begin()
    asked = {who: house.town.post(who, f"where is it, says {who}?", place, id=f"{who}.q@home.example") for who, place in (("ann", "post"), ("bob", "kept"), ("cid", "none"))}
    house.wait_waiting("ann", "bob", "cid")
    house.town.fault("status", server="post", path="^/Sent/APPEND$", status=503)
    made = [reply(house, conversation(house, asked[who]), f"It left us, {who}.") for who in ("ann", "bob", "cid")]
    for r in made:
        wait_state(house, r, "sent")
    house.wait_waiting()

    def filing():
        return house.database.rows("select tries, reason from answerd.filing where tries > 0")
    wait_until(filing, 30, "it could not be put there")
    assert "UNAVAILABLE" in filing()[0]["reason"] and house.town.counters().get("appended post", 0) == 0
    # Now it is, and nobody says so; the worker dies over the next try.
    fault = house.town.fault("drop", server="post", path="^/Sent/APPEND$")
    house.shift(60)
    wait_until(lambda: house.town.hits(fault), 30, "put there, and the answer lost")
    wait_until(lambda: filing() and filing()[0]["tries"] == 2, 30, "nobody knows")
    fault = house.town.fault("stall", server="post", path="^/Sent/SEARCH$")
    house.shift(240)
    wait_until(lambda: house.town.hits(fault), 30, "it is looked for")
    house.worker.kill()
    house.worker.start()
    wait_until(lambda: house.database.one("select count(*) from answerd.filing") == 0, 60, "all copies are where they belong")
    house.rounds("post")
    counts = house.town.counters()
    assert {k: v for k, v in counts.items() if k.startswith("appended")} == {"appended post": 1}, counts
    assert [len(posted(house, f"It left us, {who}.", place)) for who, place in (("ann", "post"), ("bob", "kept"), ("cid", "none"))] == [1, 1, 1]
    assert house.database.column("select state::text from answerd.reply order by 1") == ["sent"] * 3
    assert house.database.one("select count(*) from answerd.message where direction = 'outbound'") == 3
    house.verify()


@pytest.mark.parametrize("login", ("google", "microsoft"))
def test_a_mailbox_by_oauth(house, login):
    """`answerd connect`, then XOAUTH2 on both servers; a session that ends is renewed once, by the mailbox and before a reply."""
    door = house.town.do("server", kind="google", name="door")["url"]
    house.town.person("shop", "door")
    house.mail("post", own="shop", people=("ann",), options={"oauth": "door"}, login=login, oauth=door + "/token")
    path = house.config.folder / "acme_post.token"
    path.write_text("town.apps.example:GOCSPX-town\n", encoding="utf-8")
    walk = Connect(house.config, "acme_post", "--port", "0")
    asked = urllib.parse.urlsplit(walk.address(person="shop"))
    assert asked.netloc == {"google": "accounts.google.com", "microsoft": "login.microsoftonline.com"}[login]
    status, headers, body = fetch(f"{door}/auth?{asked.query}")
    assert status == 302, body
    assert fetch(headers["Location"])[0] == 200
    said = walk.end()
    assert "acme_post is connected as shop.at@post.shop.example" in said and "to send what staff answer" in said
    house.begin()
    house.wait_for(house.town.post("ann", "are you open?", "post"))
    before = house.town.requests("door")
    house.town.do("option", server="door", expire=True)
    q = house.town.post("ann", "and on Sunday?", "post")
    house.wait_for(q)
    assert house.town.requests("door") == before + 1
    # A reply meets an ended session: nothing is sent, it is renewed, and then it goes, once.
    house.town.do("option", server="door", expire=True)
    made = reply(house, conversation(house, q), "On Sunday, too.")
    wait_state(house, made, "sent", timeout=60)
    assert len(posted(house, "On Sunday, too.", "post")) == 1
    assert house.town.counters().get("malformed sasl", 0) == 0
    assert house.database.one("select count(*) from answerd.alert where over_at is null") == 0
    house.verify()
