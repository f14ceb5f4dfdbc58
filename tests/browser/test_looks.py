"""Every page at 360 px and at 200 %, in both languages, with long names, long words and right-to-left text: nothing scrolls sideways, no
button is cut, and the desk's own sentences are in the reader's language."""
from rig import wait_until
from rig.browser import PHONE
from rig.signing import leave, person, sign_in
from selenium.webdriver.common.keys import Keys
from test_watch import busy  # noqa: F401 (a fixture)

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PAGES = ["/", "/?all=1&by=due", "/?mine=1", "/search?q=parcel", "/search?q=zebra", "/watch", "/watch?show=sources", "/watch?show=ledger", "/watch?show=team", "/reports", "/reports?show=where",
         "/reports?show=hours", "/reports?show=waiting", "/reports?show=never", "/reports?show=talk", "/reports?show=staff", "/staff", "/settings", "/conversation/999999", "/nowhere"]
# What is wider than the page, and which buttons are wider than what one sees of them.
MEASURE = """const wide = document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1
	&& !e.closest('.table-frame')).slice(0, 3).map((e) => e.outerHTML.slice(0, 90)) : [];
const cut = [...document.querySelectorAll('.button, .top nav a')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.innerText);
return document.documentElement.scrollWidth > innerWidth || cut.length > 0 ? [location.pathname + location.search, document.documentElement.scrollWidth, innerWidth, wide, cut] : null;"""


def speak(desk):
    desk.say("prof", f"Sehr geehrte Damen und Herren, meine {LONG}sbestellung fehlt!", "26 hours", nature="complaint", name="Prof. Dr. Maximiliane-Charlotte von Hohenstein-Ehrenberg")
    desk.say("samir", "الطلب لم يصل بعد، أين هو؟ https://shop.example/" + "x" * 120, "2 hours", name="سيد محمد عبد الرحمن")
    c = desk.conversation(desk.say("noa", f"{LONG} {LONG} שלום", "50 min", name="נועה בן־דוד"))
    lea = person(desk, "lea", "lead")
    assert lea.post(f"conversations/{c}/tags", {"add": LONG[:60]}).status == 200
    assert lea.post(f"conversations/{c}/notes", {"text": f"{LONG} @admin"}).status == 200
    assert lea.post(f"conversations/{c}/claim", {}).status == 200
    return c


def test_nothing_is_cut(busy, browser):  # noqa: F811
    c = speak(busy)
    sign_in(browser, "boss", busy, role="admin")
    found = []
    for language in ("en", "de"):
        browser.js("localStorage.setItem('answerd.language', JSON.stringify(arguments[0]))", language)
        browser.open("/")
        for page in [*PAGES, f"/conversation/{c}"]:
            browser.look(size=PHONE)
            browser.js("history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))", page)
            browser.settle()
            wait_until(lambda: browser.js("return document.querySelectorAll('.loading').length === 0 && document.querySelector('h1, .empty') !== null"), 30, f"{page} is there")
            for zoom in (None, 2):
                if zoom:
                    browser.look(zoom=zoom)
                browser.settle()
                found.append(browser.js(MEASURE))
        for how in ({}, {"size": PHONE}):
            browser.look(**how)
            browser.click(".talk-acts .menu button")
            found.append(browser.js("const m = document.querySelector('.menu-list'), r = m.getBoundingClientRect(), p = m.closest('.pane').getBoundingClientRect(); "
                                    "return r.left >= p.left && r.right <= p.right && r.bottom <= innerHeight ? null : [r.left, r.right, r.bottom]"))
            browser.keys(Keys.ESCAPE)
            browser.wait_gone(".menu-list")
    assert [f for f in found if f] == []
    leave(browser)
    browser.open("/")
    browser.find("form.sign-in")
    for how in ({"size": PHONE}, {"zoom": 2}):
        browser.look(**how)
        browser.settle()
        assert browser.js(MEASURE) is None


def test_the_desk_speaks_the_readers_language(busy, browser):  # noqa: F811
    """Refusals by their name, what needs somebody, what is not heard; an address that is none is a page."""
    c = speak(busy)
    busy.db.rows("update answerd.worker set beat_at = now() - interval '2 hours'")
    sign_in(browser, "boss", busy, role="agent")
    browser.js("localStorage.setItem('answerd.language', '\"de\"')")
    browser.open(f"/conversation/{c}")
    browser.find(".box-words")
    browser.keys("t")
    browser.wait_text("lea hat es schon.", ".toasts")
    browser.wait_text("1 Antwort braucht einen Menschen.", ".queue")
    wait_until(lambda: "Der Dienst läuft nicht" in browser.text(".queue .banner.bad"), 30, "the worker is away")
    said = person(busy, "boss").post(f"conversations/{c}/claim", {})
    assert (said.status, said.json["code"], said.json["with"][0]) == (409, "held", "lea")
    browser.open("/no/such/place")
    browser.wait_text("Unter dieser Adresse ist nichts.")
    assert busy.raw("GET", "/no/such/place", headers={"Accept": "text/html"}, connection=busy.tcp()).status == 404
    assert busy.raw("GET", "/no/such/place", connection=busy.tcp()).json["status"] == 404
