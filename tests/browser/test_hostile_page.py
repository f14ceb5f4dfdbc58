"""A thousand hostile texts in every place of the page where words of others show (RELIABILITY S7), with the page's policy and with none: no
script runs, nothing is made of them but text, nothing is asked for anywhere else, and they stay where they belong.

In every run all of them stand in the queue, both ways, and half of them or fewer in the other places, without the policy: what is made of a
text does not depend on it. `./run test --soak hostile-page` moves every text through every kind of place, and looks at everything both ways."""
import os
import pathlib
import urllib.parse

import pytest
from rig.browser import PHONE, Browser
from rig.hostile_house import Filled
from rig.hostile_texts import texts
from rig.signing import person, seat
from rig.trap import Trap
from rig.wait import wait_until

LOOK = (pathlib.Path(__file__).parent / "rig" / "hostile_look.js").read_text(encoding="utf-8")
IS_SOAK = bool(os.environ.get("ANSWERD_SOAK"))
TURNS = range(0, 1000, 50) if IS_SOAK else [0]
both = pytest.mark.parametrize("page", ["bare", "policy"], indirect=True)
bare = pytest.mark.parametrize("page", ["bare", "policy"] if IS_SOAK else ["bare"], indirect=True)
# What a hostile script would call is counted; so is what the well-known list of naughty strings calls.
COUNT = """Object.defineProperty(window, "ran", { value: [] });
for (const name of ["hostile", "alert", "confirm", "prompt", "print"]) {
	Object.defineProperty(window, name, { value: (...said) => { window.ran.push(`${name}(${said})`); return null; }, writable: false });
}
Object.defineProperty(Document.prototype, "vulnerable", { set(v) { window.ran.push("vulnerable"); } });
/* A browser's word that it measures again in the next frame is no script's. */
addEventListener("error", (e) => e.message.startsWith("ResizeObserver loop") || window.ran.push(`error: ${e.message}`));
addEventListener("unhandledrejection", (e) => window.ran.push(`rejected: ${e.reason}`));"""


class Guest:
    """Hanna, a lead, before a browser whose every request is seen."""

    def __init__(self, house):
        self.house = house
        self.trap = Trap(house.port)
        self.browser = Browser(*self.trap.arguments)
        self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=COUNT)
        self.browser.forget(house.origin)

    def sit(self, is_bare):
        self.trap.is_bare = is_bare
        seat(self.browser, "hanna", self.house, "lead")
        self.trap.strangers.clear()
        self.trap.policies = 0

    def see(self, path, css, least=1):
        """The page at `path`, when `least` of `css` are there."""
        self.browser.open(path)
        self.wait(css, least)

    def go(self, path):
        """As a link within the page does."""
        self.browser.js("history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))", path)
        self.browser.settle()

    def wait(self, css, least=1):
        wait_until(lambda: self.browser.js("return document.querySelectorAll(arguments[0]).length", css) >= least, 60, f"{least} of {css} at {self.browser.driver.current_url}")

    def judge(self, boxes, least=1):
        said = self.browser.js(LOOK, boxes)
        assert said["findings"] == [], "\n".join(said["findings"])
        assert said["words"] >= least, (said["words"], self.browser.text()[:300])
        assert self.browser.js("return window.ran") == []
        assert self.trap.strangers == []

    def done(self):
        self.judge("nothing", 0)
        assert self.trap.policies > 0, "the desk sends its policy"
        assert self.browser.complaints() == []


@pytest.fixture(scope="module")
def guest(house):
    person(house, "hanna", "lead")
    one = Guest(house)
    yield one
    one.browser.quit()
    one.trap.close()


@pytest.fixture(scope="module", params=TURNS)
def filled(request, house, guest):
    there = Filled(house, texts(), request.param, threads=4 if IS_SOAK else 2).fill()
    yield there
    there.empty()


@pytest.fixture
def page(request, filled, guest):
    guest.filled = filled
    guest.sit(request.param == "bare")
    yield guest
    guest.browser.look()


@both
def test_the_queue(page):
    """Each of the thousand, in its row of one height; wide, narrow, and on a telephone."""
    page.browser.look(size=(1280, 7400))
    page.see("/", ".row", 90)
    seen = set()
    skeletons = set()
    for _ in range(30):
        page.judge(".row, .row-name, .row-excerpt, .queue-tabs, .filters", 500)
        part = page.browser.js("""const shape = (e) => e.classList.contains("row-tag") || e.localName === "svg" ? "" : e.localName + [...e.children].map(shape).join("");
            const all = [...document.querySelectorAll(".row")];
            return [all.map((e) => e.querySelector("a").dataset.id), [...new Set(all.map(shape))], [...new Set(all.map((e) => Math.round(e.getBoundingClientRect().height)))],
                all.filter((e) => e.querySelector(".row-name").innerText.trim() === "").map((e) => e.querySelector("a").dataset.id)]""")
        seen |= set(part[0])
        skeletons |= set(part[1])
        assert len(part[2]) == 1, part[2]
        assert part[3] == [], "rows without a name"
        is_end = page.browser.js("const l = document.querySelector('.queue-list'); const before = l.scrollTop; l.scrollTop += l.clientHeight - 200; return l.scrollTop === before && l.scrollHeight > 70000")
        page.browser.settle()
        if is_end and len(seen) >= page.filled.n:
            break
        wait_until(lambda: page.browser.js("return document.querySelectorAll('.row').length > 60"), 30, "rows")
    assert len(seen) >= page.filled.n, len(seen)
    # A row that nobody holds has one element more than one that is held.
    assert len(skeletons) <= 4, skeletons
    for name, size in (("narrow", (900, 1200)), ("phone", PHONE)) if page.trap.is_bare else ():
        page.browser.look(size=size)
        page.browser.settle()
        page.judge(".row, .row-name, .row-excerpt", 20)
        page.browser.snap_as(f"hostile-queue-{name}")
    page.done()


@bare
def test_search(page):
    """As hits, with what was searched for marked."""
    most = page.filled.n if IS_SOAK else 200
    page.see("/search?q=kettle", ".found li", 10)
    page.browser.driver.execute_async_script("""const [most, done] = arguments;
        (async () => {
            for (let i = 0; i < 60; i++) {
                const more = [...document.querySelectorAll(".search-page > button, .search-page > p > button")].at(-1), n = document.querySelectorAll(".found li").length;
                if (!more || n >= most) break;
                more.click();
                for (let w = 0; w < 200 && document.querySelectorAll(".found li").length === n; w++) await new Promise((r) => setTimeout(r, 20));
            }
            done();
        })();""", most)
    # A few have no words of their own: what looks like a tag, a search does not read.
    page.wait(".found li", int(most * 0.95))
    page.judge(".found li, .found .row-name, .found .row-excerpt", 3 * int(most * 0.9))
    assert page.browser.js("return document.querySelectorAll('.found mark').length") >= most * 0.9
    page.browser.snap_as("hostile-search")
    page.done()


@bare
def test_conversations(page):
    """In threads: what was said, above what, by whom, before it was edited; the person, notes, tags, replies in trouble, a draft."""
    for k, c in enumerate(page.filled.threads[:-1]):
        who = person(page.house, "hanna", "lead")
        if k < 2:
            assert who.post(f"conversations/{c}/draft", {"text": page.filled.text(k * 71 + 3, 900)}).status == 200
            assert person(page.house, "mallory").post(f"conversations/{c}/presence", {"typing": True}).status == 200
        page.see(f"/conversation/{c}", ".message", 251)
        page.wait(".note", 60)
        page.wait(".others-list, .facts")
        page.judge(".message > article, .note, .reply, .talk-head, .talk-person, .box, .row, .tags li, .identities li, .timeline li, .terms p, .message-to", 900)
        if k == 0:
            page.browser.snap_as("hostile-conversation")
            page.browser.js("document.querySelector('.talk-scroll').scrollTop = 0")
            page.browser.snap_as("hostile-conversation-top")
            page.browser.look(size=PHONE)
            page.browser.settle()
            page.judge(".message > article, .note, .reply, .tags li", 600)
            page.browser.snap_as("hostile-conversation-phone")
            page.browser.look()
    page.done()


@bare
def test_dialogs(page):
    """Why somebody waits, with which conversation to merge, words to begin with, whom to give it to, notes for me, what was done."""
    page.see(f"/conversation/{page.filled.threads[-1]}", ".message", 41)
    page.wait(".note", 60)
    inside = "dialog .dialog-inner, dialog li, dialog label, dialog .button"
    for keys, css, least in (("w", ".why-list li", 40), ("m", "dialog .talk-choice, dialog .hint", 1), ("i", "dialog .talk-choice li", 20), ("a", "dialog .check", 8), ("n", "dialog .choices .button", 5),
                             ("l", "dialog input", 1), ("Ctrl+k", "dialog [role=option]", 5)):
        page.browser.js("document.querySelector('.talk-scroll').focus()")
        page.browser.keys(keys)
        page.wait(css, least)
        page.judge(inside, 3)
        page.browser.snap_as(f"hostile-dialog-{keys.replace('Ctrl+', 'ctrl-')}")
        page.browser.keys("\ue00c")
        page.browser.wait_gone("dialog")
    page.browser.open("/")
    page.wait(".row", 5)
    page.browser.press("Views")
    page.wait("[role=menu] [role^=menuitem]", 20)
    page.judge("[role=menu], [role=menu] button", 20)
    page.browser.snap_as("hostile-views")
    page.done()


@bare
def test_watching(page):
    """Alerts with what a webhook's receiver answered, replies in trouble, sources and their holes, the ledger, the team."""
    for show, css, least, boxes in (("now", ".card", 150, ".card"), ("sources", ".source", 20, ".source, td, th"), ("ledger", "td li", 5, "td, th, .ledger"), ("team", ".person", 8, ".person, td, .person h2")):
        page.see(f"/watch?show={show}", css, least)
        page.judge(boxes, 20)
        page.browser.snap_as(f"hostile-watch-{show}")
        page.browser.look(size=PHONE)
        page.browser.settle()
        page.judge(boxes, 20)
        page.browser.look()
    page.done()


@bare
def test_reports(page):
    """Tables of reports, with names of customers, and of staff."""
    for show, css, least in (("never", "td a", 100), ("where", "table", 1), ("staff", "#pane h1", 1), ("talk", "table", 1)):
        page.see(f"/reports?show={show}", css, least)
        page.judge("td, th, .figures > div", 5)
        page.browser.snap_as(f"hostile-reports-{show}")
    page.see("/audit?brand=acme", ".audit h1")
    page.wait(".audit table, .audit .empty")
    page.judge("td, th, .audit-chain", 5)
    page.done()


@bare
def test_toasts(page):
    """What is said of an act, with names and tags in it; a refusal in the desk's words, with what was typed in them."""
    page.see("/", ".row", 5)
    for n in range(8 if IS_SOAK else 4):
        words = page.filled.text(n * 97 + 4, 60).replace("\n", " ").replace("\r", " ")
        page.browser.js("document.querySelector('.row-link').focus()")
        page.browser.keys("l")
        page.wait("dialog input")
        page.browser.js("""const i = document.querySelector("dialog input"); i.value = arguments[0]; i.dispatchEvent(new Event("input", { bubbles: true }));""", words)
        page.browser.js("document.querySelector('dialog form').requestSubmit()")
        page.browser.wait_gone("dialog")
        page.wait(".toast")
        page.judge(".toast, .row", 5)
    page.browser.snap_as("hostile-toasts")
    page.done()


@bare
def test_addresses(page):
    """In the page's own address: filters, what is searched for, a place that is not there."""
    page.see("/", ".row", 5)
    quoted = [urllib.parse.quote(page.filled.text(n * 61 + 2, 150), safe="") for n in range(6 if IS_SOAK else 3)]
    for n, words in enumerate([*quoted, "%ff%fe", "%3Cimg%20src%3Dx%20onerror%3Dhostile(1)%3E", "%E2%80%AEevil"]):
        for path in (f"/?tag={words}&assignee={words}", f"/?brand={words}&platform={words}&by={words}", f"/search?q={words}", f"/conversation/{words}", f"/watch?show={words}&span={words}&brand={words}",
                     f"/reports?show={words}&from={words}&to={words}", f"/watch/{words}?x={words}#{words}")[n % 2::2]:
            page.go(path)
            page.wait("#content h1, #content .empty, #content .banner, #content p")
            page.judge(".chip, .empty, .banner, h1", 1)
    page.done()
