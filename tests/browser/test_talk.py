"""The page of a conversation in a real browser: what was said, who is behind it, and everything one does there but the sending itself
(test_talk_sent.py). No platform is asked: people speak through ingest."""
import pytest
from selenium.webdriver.common.keys import Keys

from rig import wait_until
from rig.signing import sign_in


@pytest.fixture
def talk(desk):
    """A shop that can answer; Ann complains in a thread below our post, others speak there, too."""
    if desk.db.one("select count(*) from answerd.staff where login = 'lea'") == 0:
        desk.answer("staff", "add", "lea", "--name", "Lea Lime", "--role", "lead", code=0)
    desk.say("us", "Our new shop opens on Monday! https://shop.example/new", ago="2 days", ident="post")
    desk.say("ann", "Where is my parcel? It was due on Monday, and nobody answers the telephone.\n\nOrder 4711.", ago="3 hours", parent="post", ident="a1",
             nature="complaint", name="Ann Ashdown")
    desk.say("bob", "Mine came in time.", ago="170 min", parent="a1", ident="b1", named=False, nature="neutral")
    desk.say("us", "We are sorry, Ann! Which address?", ago="2 hours", parent="a1", ident="o1")
    desk.say("ann", "12 Park Lane. And now?", ago="50 min", parent="o1", ident="a2", nature="question", name="Ann Ashdown")
    desk.say("noa", "\u202eשלום, איפה החבילה שלי?", ago="40 min", ident="n1", name="נועה")
    desk.c = desk.conversation("a2")
    return desk


def test_the_whole_conversation_is_there(talk, browser):
    """What was said in order and by whom, what waits, what was answered, our post above, others as context; the person beside it."""
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.wait_text("12 Park Lane", ".thread")
    assert [e.get_attribute("data-id") for e in browser.all(".message")] == ["post", "a1", "b1", "o1", "a2"]
    assert "Waits" in browser.text('[data-id="a2"]') and "Answered" in browser.text('[data-id="a1"]') and "Overheard" in browser.text('[data-id="b1"]')
    browser.wait_text("2 messages · 1 answer of ours", ".talk-person")
    browser.shot("conversation")
    browser.axe()


def test_acts_have_keys_and_can_be_taken_back(talk, browser):
    """Taken, put to sleep, tagged, corrected, noted, dismissed, by keys; each is said, and what can be undone offers it."""
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.find(".thread")
    browser.keys("t")
    browser.wait_text("In your hands", ".hands")
    browser.keys("l")
    browser.fill("dialog input", "parcel")
    browser.keys(Keys.ENTER)
    browser.wait_text("parcel", ".tags")
    browser.keys("c")
    browser.find("dialog")
    browser.keys("2")
    browser.wait_text("Complaint", ".tags")
    browser.keys("n")
    browser.fill("dialog textarea", "She called as well. @le")
    browser.press("@lea")
    browser.shot("conversation-note")
    browser.axe(".dialog")
    browser.keys("Ctrl+" + Keys.ENTER)
    browser.wait_text("She called as well. @lea", ".notes")
    browser.keys("w")
    browser.wait_text("What happens next", ".dialog")
    browser.shot("conversation-why")
    browser.axe(".dialog")
    browser.keys(Keys.ESCAPE)
    browser.wait_gone(".dialog")
    browser.keys("d")
    browser.press("Answered elsewhere")
    browser.wait_text("נועה", ".talk h1")
    assert talk.answer("show", talk.c, code=0).json["waiting_since"] is None
    browser.js("[...document.querySelectorAll('.toast .button')].filter((b) => b.textContent.includes('Undo')).pop().click()")   # what was done last
    wait_until(lambda: talk.answer("show", talk.c, code=0).json["waiting_since"], 20, "it waits again")
    browser.keys("s")
    browser.find("dialog")
    browser.keys("3")
    browser.wait_text("Snoozed for 2 hours.", ".toasts")
    wait_until(lambda: [e["id"] for e in talk.answer("queue", code=0).items] == [talk.c], 20, "Noa's sleeps")
    assert talk.db.one("select count(*) from answerd.note_mention m join answerd.staff s using (staff_id) where s.login = 'lea'") == 1


def test_why_it_waits_is_said_in_german(talk, browser):
    """The desk's own sentences come in parts: the page says them in the reader's language, and nothing of ours is left in English."""
    talk.answer("dismiss", talk.conversation("n1"), "--reason", "told by telephone", code=0)
    with talk.db.connect() as conn:
        conn.execute("select answerd.reply_make(%s, answerd.desk_admin(), 'It is on its way.', null, true, false, array['It is on its way.'])", (talk.c,))
        conn.execute("select answerd.reply_unknown(r, answerd.parts_of('the platform took it and did not say under which id')) from answerd.reply r")
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.js("localStorage.setItem('answerd.language', JSON.stringify('de'))")
    for c, said in ((talk.c, ("Wartet seit", "an uns: Es nennt uns; wartet seit", "mitgehört: an jemand anderen", "Nach der Uhr des Kunden:", "(mitgeliefert), nach", "Warnung nach 45 Min., eine",
                              "; beantwortet um", "in der App der Plattform)")),
                    (talk.conversation("n1"), ("Niemand wartet: ", " sagte um ", ", dass keine Antwort nötig ist: told by telephone"))):
        browser.open(f"/conversation/{c}")
        browser.find(".thread")
        assert browser.js("return document.documentElement.lang") == "de"
        browser.keys("w")
        browser.wait_text("Nachricht für Nachricht", ".dialog")
        browser.js("document.querySelectorAll('.dialog details').forEach((d) => { d.open = true; })")
        words = browser.text(".dialog")
        assert all(part in words for part in said), words
        for english in (" waits", "Waits", "nobody waits", "answer ", "clock", "Policy", "is told", "it is for", "said."):
            assert english not in words, (english, words)
        titles = browser.js("return [...document.querySelectorAll('.message .badge[title]')].map((b) => b.title)")
        assert titles and not any("waits" in title for title in titles), titles
        assert browser.js("return document.querySelectorAll('.talk [lang=en], .dialog [lang=en]').length") == 0
        if c == talk.c:
            assert "die Plattform hat sie angenommen und nicht gesagt, unter welcher Kennung" in browser.text(".replies")
        else:
            assert "Keine Antwort nötig: told by telephone" in browser.text(".notes")
        if c == talk.c:
            browser.axe(".dialog")
            browser.shot("conversation-why-de")
        browser.keys(Keys.ESCAPE)
        browser.wait_gone(".dialog")


def test_the_next_is_of_the_list_as_it_is_filtered(talk, browser):
    cid = talk.conversation(talk.say("cid", "My parcel is wet.", ago="10 min", name="Cid"))
    for c in (talk.c, cid):
        talk.answer("tag", c, "wet", code=0)
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}?tag=wet")
    browser.find(".thread")
    browser.keys("g", "n")
    wait_until(lambda: browser.place.startswith("/conversation/") and str(talk.c) not in browser.place, 20, "the next is there")
    assert browser.place == f"/conversation/{cid}?tag=wet"


def test_the_box_counts_and_cuts_as_the_platform_does(talk, browser):
    """Too long: how much, and in which parts it would go; nothing is sent that the platform would not take."""
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.click(".box-words")
    browser.js("const box = document.querySelector('.box-words'); box.value = 'Dear Ann, we look for it. '.repeat(30); box.dispatchEvent(new Event('input', { bubbles: true }));")
    browser.wait_text("too many", ".box-count")
    browser.wait_text("Send it in 2 numbered parts", ".box")
    assert browser.find(".box button[type=submit]").get_attribute("aria-disabled") == "true"
    browser.click(".box-parts input")
    browser.wait_text("Send 2 parts", ".box")
    browser.click(".parts summary")
    browser.wait_text("(1/2)", ".parts")
    browser.shot("conversation-parts")
    browser.axe()
    browser.click(".box button[type=submit]")
    wait_until(lambda: talk.db.one("select count(*) from answerd.reply where state = 'queued'") == 2, 20, "both parts are queued")


def test_what_nobody_knows_is_a_task_with_two_buttons(talk, browser):
    """A reply that needs a person says so, loudly; there with a link, or not there and sent again."""
    with talk.db.connect() as conn:
        for words in ("It is on its way.", "Sorry again."):
            conn.execute("select answerd.reply_make(%s, answerd.desk_admin(), %s, null, true, false, array[%s])", (talk.c, words, words))
        conn.execute("select answerd.reply_needs_human(r, '[{\"code\": \"absent_no_key\"}]') from answerd.reply r")
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.wait_text("Needs a person", ".replies")
    browser.shot("conversation-task")
    browser.axe()
    browser.click(".reply .task-buttons button:nth-child(2)")
    browser.press("It is not there: send it again")
    wait_until(lambda: sorted(talk.db.column("select state::text from answerd.reply")) == ["needs_human", "queued"], 20, "it goes again")
    browser.wait_text("Queued", ".replies")
    browser.click(".reply.needs_human .task-buttons button")
    browser.fill("dialog input", "https://social.example/@acme/99")
    browser.keys(Keys.ENTER)
    wait_until(lambda: sorted(talk.db.column("select state::text from answerd.reply")) == ["queued", "sent"], 20, "it counts as sent")
    browser.wait_text("Sorry again.", ".thread")


def test_two_conversations_become_one(talk, browser):
    """Joined from the page; the address of the one that went leads to the one that stayed."""
    second = talk.conversation(talk.say("ann", "Nobody answers here, either!", ago="20 min"))
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{second}")
    browser.wait_text("Nobody answers here", ".thread")
    browser.wait_text("12 Park Lane", ".talk-person")
    browser.keys("m")
    browser.find("dialog")
    browser.shot("conversation-merge")
    browser.keys("1")
    wait_until(lambda: browser.place == f"/conversation/{talk.c}", 20, "the older one stays")
    browser.wait_text("2 messages wait", ".clocks")
    assert {"post", "a1", "a2"} < {e.get_attribute("data-id") for e in browser.all(".message")}


def test_edits_and_deletions_are_seen(talk, browser):
    """What a customer wrote before is there to be read; what they took away is gone, and that it was there is said."""
    with talk.db.connect() as conn:
        conn.execute("insert into answerd.message_revision (brand_id, account_id, replaced_at, hash, external_id, body) select brand_id, account_id, now(), 1, "
                     "external_id, '13 Park Lane.' from answerd.message where external_id = 'a2'")
        conn.execute("update answerd.message set deleted_at = now(), body = '' where external_id = 'b1'")
        conn.execute("update answerd.message set warning = 'parcels', visibility = 'private', language = 'en' where external_id = 'a2'")
    sign_in(browser, "rae", talk, role="lead", path=f"/conversation/{talk.c}")
    browser.wait_text("The words are gone.", '[data-id="b1"]')
    browser.click('[data-id="a2"] .message-edited summary')
    browser.wait_text("13 Park Lane.", '[data-id="a2"]')
    assert "Private" in browser.text('[data-id="a2"]') and "parcels" in browser.text('[data-id="a2"] .notice')
    assert "12 Park Lane" not in browser.text('[data-id="a2"]')
    browser.click('[data-id="a2"] .notice summary')
    browser.wait_text("12 Park Lane", '[data-id="a2"]')
    assert browser.find(".box-words").get_attribute("placeholder") == "Answer Ann Ashdown in private"
