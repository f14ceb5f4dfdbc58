"""Two people at two machines, and a platform: they see each other, take, write, collide, answer and take back. A real worker posts to the
town, whose book says what the customer got."""
import pytest
from selenium.webdriver.common.keys import Keys

from rig import Town, wait_until
from rig.browser import Browser
from rig.door import PASSWORD, newcomer
from rig.ears import free_port
from rig.house import House
from rig.programs import migrate


class Office(House):
    def settle(self):
        """Nobody waits any more."""
        for entry in self.answer("queue", "--all", "--limit", 0, code=0).items:
            self.answer("dismiss", entry["id"], "--reason", "the test is over", code=0)


@pytest.fixture(scope="module")
def office(house, tmp_path_factory):
    """Ruth and Sam, who may answer; a brand in the town, a worker, a desk that browsers reach by themselves."""
    folder = tmp_path_factory.mktemp("office")
    database = house.db.cluster.create()
    town = Town(folder / "town")
    office = Office(town, database, folder)
    migrate(office.config)
    database.use_test_clock()
    office.port = free_port()
    office.config.desk.update({"listen": [str(office.config.socket), f"127.0.0.1:{office.port}"], "undo": "20s"})  # machines may be slow
    office.mastodon("social", own="shop", people=("ann", "bob", "cid"))
    office.begin()
    office.origin = f"http://127.0.0.1:{office.port}"
    for login in ("ruth", "sam"):
        newcomer(office, login)
    yield office
    office.end()
    town.assert_well()
    town.stop()


def sign_in(browsers, n, office, login):
    while len(browsers) <= n:
        browsers.append(Browser())
    browser = browsers[n]
    browser.forget(office.origin)
    browser.open("/")
    browser.fill("input[name=login]", login)
    browser.fill("input[name=password]", PASSWORD)
    browser.click("form.sign-in button[type=submit]")
    browser.find(".queue")
    return browser


@pytest.fixture(scope="module")
def people(browsers, office):
    """Each at their own machine, signed in once."""
    return sign_in(browsers, 0, office, "ruth"), sign_in(browsers, 1, office, "sam")


@pytest.fixture
def ruth(people, office):
    browser = people[0]
    browser.open("/")
    yield browser
    assert browser.complaints() == []
    browser.open("/")
    office.settle()


@pytest.fixture
def sam(people):
    browser = people[1]
    browser.open("/")
    yield browser
    assert browser.complaints() == []
    browser.open("/")


def write(browser, words):
    browser.click(".box-words")
    browser.keys(words)


def value(browser):
    return browser.js("return document.querySelector('.box-words')?.value ?? null")


def test_two_people_see_take_write_and_collide(office, ruth, sam):
    """Sam sees at once who has it and who writes; what Ruth sends while he writes stops him, once; the customer gets what he then wants."""
    c = office.ask("ann", "where is my parcel?")
    other = office.ask("bob", "do you open on Sunday?")
    for browser in (ruth, sam):
        browser.open(f"/conversation/{c}")
        browser.wait_text("where is my parcel?", ".thread")
    ruth.keys("t")
    ruth.wait_text("In your hands", ".hands")
    sam.wait_text("With ruth", ".hands")
    sam.wait_text("ruth is looking at this, too.", ".box")
    write(ruth, "It comes tomorrow, Ann.")
    sam.wait_text("ruth is writing an answer.", ".box")
    write(sam, "We look for it.")
    ruth.wait_text("sam is writing an answer.", ".box")
    sam.shot("conversation-together")
    ruth.keys("Ctrl+" + Keys.ENTER)
    ruth.wait_text("leaves in", ".toasts")
    ruth.wait_text("You have just answered", f'.row:has([data-id="{c}"])')
    seen = set()
    wait_until(lambda: seen.add(ruth.text(".toast-left")) or len(seen - {""}) > 1, 20, "the seconds are counted")
    wait_until(lambda: ruth.place == f"/conversation/{other}", 20, "the next who waits is there")
    sam.wait_text("Something has changed since you began", ".box")
    sam.keys("Ctrl+" + Keys.ENTER)
    sam.wait_text("changed meanwhile", ".box-trouble")
    assert value(sam) == "We look for it."
    sam.press("I have seen it")
    sam.wait_gone(".box-news")
    wait_until(lambda: len(office.posted("It comes tomorrow, Ann.")) == 1, 60, "it is posted")
    sam.wait_text("written by ruth", ".thread")
    assert office.posted("We look for it.") == []
    sam.click(".box-words")
    sam.keys("Ctrl+" + Keys.ENTER)
    sam.wait_text("any more", ".box-trouble")
    sam.press("Send mine as well")
    wait_until(lambda: len(office.posted("We look for it.")) == 1, 60, "his is posted, too")
    assert len(office.posted("It comes tomorrow, Ann.")) == 1
    office.answer("note", c, "-m", "@ruth she called as well", code=0)
    ruth.wait_text("@1", ".top")
    ruth.keys(Keys.ESCAPE, "g", "m")
    ruth.wait_text("she called as well", ".notes")
    ruth.wait_gone(".mentions")


def test_what_was_sent_is_taken_back(office, ruth):
    """For some seconds: then it is a draft again, in the box, and the platform has heard nothing; sent again, it is there once."""
    c = office.ask("cid", "is it open?")
    ruth.open(f"/conversation/{c}")
    ruth.find(".box-words")
    write(ruth, "Yes, untill six.")
    ruth.keys("Ctrl+" + Keys.ENTER)
    ruth.wait_text("Nobody else waits for you.", ".toasts")
    ruth.press("Take back")
    wait_until(lambda: ruth.place == f"/conversation/{c}", 20, "back at the conversation")
    wait_until(lambda: value(ruth) == "Yes, untill six.", 20, "the words are in the box")
    wait_until(lambda: office.database.one("select count(*) from answerd.reply where conversation_id = %s and state = 'draft'", int(c)) == 1, 20, "a draft")
    ruth.click(".box-words")
    ruth.js("const box = document.querySelector('.box-words'); box.setSelectionRange(9, 10);")
    ruth.keys(Keys.BACKSPACE)
    ruth.keys("Ctrl+" + Keys.ENTER)
    wait_until(lambda: len(office.posted("Yes, until six.")) == 1, 60, "it is posted")
    assert office.posted("untill") == []
    office.wait_waiting()


def test_a_draft_survives_what_happens_to_the_page(office, ruth):
    """Kept on the desk while one types; with the network away in this browser, and on the desk as soon as it is back."""
    c = office.ask("ann", "and my second parcel?")
    ruth.open(f"/conversation/{c}")
    ruth.find(".box-words")
    write(ruth, "Dear Ann,")
    ruth.wait_text("Draft kept.", ".box")
    ruth.open("/")
    ruth.open(f"/conversation/{c}")
    wait_until(lambda: ruth.all(".box-words") and value(ruth) == "Dear Ann,", 20, "the words are there again")
    ruth.offline()
    ruth.click(".box-words")
    ruth.keys(Keys.END, " we")
    ruth.wait_text("Draft kept in this browser", ".box")
    ruth.online()
    ruth.wait_text("Draft kept.", ".box")
    assert office.database.one("select body from answerd.reply where conversation_id = %s and state = 'draft'", int(c)) == "Dear Ann, we"
