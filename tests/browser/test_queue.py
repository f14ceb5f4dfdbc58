"""The queue's page in a real browser."""
from rig import wait_until
from rig.signing import person, sign_in
from selenium.webdriver.common.keys import Keys


def names(browser):
    """Who is shown, from the top."""
    return browser.js("return [...document.querySelectorAll('.row:not(.gone) .row-name')].map((e) => e.innerText)")


def wait_names(browser, *wanted):
    wait_until(lambda: names(browser) == list(wanted) or None, 30, f"{wanted} in the list; there is {names(browser)}")


def at(browser):
    """Whose row has the focus."""
    return browser.js("return document.activeElement.closest('.row')?.querySelector('.row-name').innerText ?? null")


def speak(desk):
    desk.say("ann", "Where is my parcel? It was due on Monday, and nobody answers the telephone.", ago="3 hours")
    desk.say("bob", "Do you open on Sundays?", ago="50 min")
    desk.say("cid", "الطلب لم يصل بعد — where is it?", ago="10 min", name="سيد \u202eevil")


def test_who_waits_is_shown(desk, browser):
    """Oldest first, with both clocks, state in words, platform, who has it and why it stands there; looked at by axe, in all looks."""
    speak(desk)
    sign_in(browser, "ann", desk)
    wait_until(lambda: len(names(browser)) == 3, 30, "three rows")
    first = browser.text(".row:nth-of-type(2)")
    for words in ("Ann", "Mastodon", "Where is my parcel?", "Overdue", "3 h", "office 3 h", "Question", "mention", "nobody yet"):
        assert words in first, (words, first)
    browser.wait_text("Due in", ".row:nth-of-type(3)")
    assert "\u202e" not in browser.text(".queue")
    wait_until(lambda: browser.text(".queue-tabs a[aria-current]").split() == ["Waiting", "3"], 30, "counted, after the rows")
    browser.wait_text("Live")
    browser.axe()
    browser.shot("queue")


def test_it_is_live(desk, browser):
    """What happens elsewhere is seen at once; what is gone does not make the list jump; who comes in between is announced."""
    ids = [desk.conversation(desk.say(who, f"{who} asks?", ago=ago)) for who, ago in (("ann", "3 hours"), ("bob", "50 min"))]
    sign_in(browser, "ann", desk)
    wait_names(browser, "Ann", "Bob")
    browser.wait_text("Live")
    desk.say("cid", "And me?", ago="1 min")
    desk.db.rows("select pg_notify('answerd_event', 'account:acme_social')")
    wait_names(browser, "Ann", "Bob", "Cid")
    desk.answer("take", ids[1], code=0)
    browser.wait_text("admin", ".row:nth-of-type(3)")
    browser.hover(".row-link")
    desk.answer("dismiss", ids[0], "--reason", "settled", code=0)
    browser.wait_text("No longer waits here", ".row.gone")
    assert browser.text(".row:nth-of-type(2) .row-name") == "Ann", "it stays where it was, until nobody's hand is on the list"
    desk.say("dan", "I wrote long ago", ago="2 hours")
    desk.db.rows("select pg_notify('answerd_event', 'account:acme_social')")
    browser.wait_text("1 more waits further up")
    browser.keys(".")
    wait_names(browser, "Dan", "Bob", "Cid")


def test_the_keyboard_is_enough(desk, browser):
    """j, k, take with undo, snooze, dismiss with a reason, filters, the list of keys and the command bar."""
    speak(desk)
    sign_in(browser, "ann", desk)
    wait_until(lambda: len(names(browser)) == 3, 30, "three rows")
    browser.keys("j")
    wait_until(lambda: at(browser) == "Ann", 10)
    browser.keys("j")
    wait_until(lambda: at(browser) == "Bob", 10)
    browser.keys("k")
    wait_until(lambda: at(browser) == "Ann", 10)
    browser.keys("t")
    browser.wait_text("It is yours.")
    browser.wait_text("you", ".row:nth-of-type(2) .row-holder")
    browser.press("Undo")
    browser.wait_text("nobody yet", ".row:nth-of-type(2) .row-holder")
    browser.js("document.querySelector('.row-link').focus()")
    browser.keys("s")
    browser.find("dialog[open]")
    browser.press("2 hours")
    wait_until(lambda: "Ann" not in names(browser), 10, "it sleeps")
    wait_until(lambda: at(browser) == "Bob", 10, "the next one is there")
    browser.keys("d")
    browser.find("dialog[open]")
    browser.axe("dialog")
    browser.keys("told by telephone", Keys.ENTER)
    browser.wait_text("Dismissed, with your reason.")
    assert desk.db.one("select count(*) from answerd.note where body like '%told by telephone%'") == 1
    browser.keys("4")
    wait_until(lambda: "all=1" in browser.place and "Ann" in names(browser), 10, "all lanes show who sleeps")
    browser.keys("?")
    browser.wait_text("Next row", "dialog")
    browser.axe("dialog")
    browser.snap_as("keys")
    browser.keys(Keys.ESCAPE)
    browser.wait_gone("dialog")
    browser.keys("Ctrl+k")
    browser.keys("overd", Keys.ENTER)
    wait_until(lambda: "overdue=1" in browser.place, 10, "the command bar goes there")
    # A person who speaks to the computer switches single letters off.
    browser.keys("?")
    browser.press("Single letters are keys")
    browser.keys(Keys.ESCAPE)
    browser.wait_gone("dialog")
    browser.keys("1")
    browser.keys("Ctrl+k")
    browser.find("dialog[open]")
    assert "overdue=1" in browser.place


def test_several_at_once(desk, browser):
    """Bulk acts tag, assign and dismiss; there is none that replies."""
    for n in range(5):
        desk.say(f"p{n}", f"Question {n}?", ago=f"{50 - n} min")
    sign_in(browser, "lea", desk, role="lead")
    wait_until(lambda: len(names(browser)) == 5, 30, "five rows")
    for box in browser.all(".row-check input")[:3]:
        box.click()
    browser.wait_text("3 selected")
    assert "eply" not in browser.text(".bulk").replace("No reply needed", "")
    browser.shot("queue-bulk")
    browser.press("Tag")
    browser.fill("dialog input", "parcel")
    browser.keys(Keys.ENTER)
    wait_until(lambda: browser.text(".row-tag").split() == ["parcel"] * 3, 20, "three tags")
    browser.open("/?tag=parcel")
    wait_names(browser, "P0", "P1", "P2")
    browser.wait_text("tag: parcel", ".chips")
    browser.keys("x", "j", "x")
    wait_until(lambda: "selected" in browser.text(".bulk"), 10)
    browser.keys(Keys.ESCAPE)
    browser.wait_gone(".bulk")


def test_views_are_saved(desk, browser, second):
    """A view stands in the address and under a name; a lead shares one with everybody."""
    speak(desk)
    sign_in(browser, "lea", desk, role="lead", path="/?overdue=1&by=due")
    wait_names(browser, "Ann")
    browser.press("Views")
    browser.press("Save this view")
    browser.fill("dialog input", "Burning")
    browser.press("For everybody")
    browser.axe("dialog")
    browser.keys(Keys.TAB)
    browser.press("Save this view")
    browser.wait_text("“Burning” is saved.")
    sign_in(second, "ann", desk)
    wait_until(lambda: len(names(second)) == 3, 30)
    second.press("Views")
    second.press("Burning")
    wait_names(second, "Ann")
    assert "overdue=1" in second.place and "by=due" in second.place


def test_what_empty_means(desk, browser):
    """An empty list says what that means; and when listening is not whole, that it may not be empty at all."""
    desk.db.rows("update answerd.worker set beat_at = now(), stopped_at = null")
    desk.db.rows("update answerd.source set heard_at = now() where heard_at is not null")       # another test's worker heard them, and is gone
    sign_in(browser, "ann", desk)
    browser.wait_text("Nobody is waiting.")
    browser.axe()
    browser.shot("queue-empty")
    browser.open("/?mine=1")
    browser.wait_text("Nobody waits in this view.")
    desk.db.rows("update answerd.worker set beat_at = now() - interval '2 hours'")
    wait_until(lambda: not person(desk, "ann").get("queue").json["listening"]["ok"], 10, "the desk knows")
    browser.open("/")
    browser.wait_text("Nobody is known to wait, but we are not hearing everything.")
    browser.wait_text("Nobody listens since", ".banner")
    browser.axe()
    browser.shot("queue-deaf")
    desk.db.rows("update answerd.worker set beat_at = now() + interval '1 hour'")


def test_many_wait(desk, browser):
    """A long queue: the first rows at once, more as one scrolls, and only what can be seen is drawn."""
    with desk.db.connect() as conn:
        conn.execute("insert into answerd.conversation (brand_id, account_id, customer_id, waiting_since, unanswered, oldest_id, kind, nature, platform, root_id, excerpt, "
                     "customer_name, customer_handle) select a.brand_id, a.account_id, n, now() - interval '30 days' + n * interval '1 min', 1, 'x' || n, 'mention', 'question', "
                     "'mastodon', 'x' || n, 'Question number ' || n, 'Person ' || n, 'p' || n from answerd.account a, generate_series(1, 20000) n")
        conn.execute("analyze answerd.conversation")
    sign_in(browser, "ann", desk)
    browser.wait_text("Person 1")
    browser.open("/")
    browser.wait_text("Person 1")
    took = browser.js("const e = performance.getEntriesByName('rows')[0]; return e ? e.startTime : null")
    print(f"rows after {took:.0f} ms")
    browser.wait_text("999+", ".queue-tabs")
    # Down through several pages: everybody once, in order, and never more in the document than can be seen.
    found = browser.driver.execute_async_script("""
        const [most, done] = arguments, list = document.querySelector(".queue-list"), seen = new Map();
        let rows = 0, begun = performance.now();
        function step() {
            for (const e of list.querySelectorAll(".row")) {
                seen.set(Number(e.getAttribute("aria-posinset")), e.querySelector(".row-name").innerText);
            }
            rows = Math.max(rows, list.querySelectorAll(".row").length);
            if (seen.size >= most || performance.now() - begun > 50000) {
                done({ rows, names: [...seen.entries()].sort((a, b) => a[0] - b[0]).map((e) => e[1]) });
                return;
            }
            list.scrollTop += list.clientHeight;
            requestAnimationFrame(() => requestAnimationFrame(step));
        }
        step();""", 700)
    assert found["names"] == [f"Person {n + 1}" for n in range(len(found["names"]))] and len(found["names"]) >= 700, found["names"][-20:]
    assert found["rows"] < 80, "only what can be seen is drawn"
    # What was asked for at once, beside the modules, was used: nobody asked twice.
    asked = browser.js("return performance.getEntriesByType('resource').map((e) => e.name.split('/api/v1/')[1]).filter((n) => ['session', 'queue?clocks=1&limit=50'].includes(n))")
    assert len(asked) == 2, asked


def test_the_phone_and_large_letters(desk, browser):
    """360 px and 200 %: nothing is cut off, nothing scrolls sideways."""
    speak(desk)
    from rig.browser import PHONE
    sign_in(browser, "ann", desk)
    wait_until(lambda: len(names(browser)) == 3, 30)
    for how in ({"size": PHONE}, {"zoom": 2}, {"size": (320, 640)}):
        browser.look(**how)
        browser.settle()
        assert browser.js("return document.documentElement.scrollWidth <= innerWidth"), how
        assert names(browser)[0] == "Ann" and browser.all(".row-link")[0].is_displayed()
    browser.look(zoom=2)
    browser.settle()
    browser.snap_as("queue-zoom")


def test_search(desk, browser):
    """Words are found whatever their accents and case, marked where they stand, and lead to the conversation; from the keyboard."""
    speak(desk)
    desk.say("eve", "Mein Paket nach München ist noch nicht da <b>fett</b>", ago="20 min")
    desk.db.rows("select answerd.words_catch_up()")
    sign_in(browser, "ann", desk)
    wait_until(lambda: len(names(browser)) == 4, 30)
    browser.keys("/")
    wait_until(lambda: browser.js("return document.activeElement.type") == "search", 10)
    browser.keys("munch PAKET", Keys.ENTER)
    browser.wait_text("Eve", ".found")
    assert browser.js("return [...document.querySelectorAll('mark')].map((m) => m.innerText)") == ["Paket", "München"]
    browser.wait_text("<b>fett</b>", ".found")
    assert "q=munch" in browser.place
    browser.axe()
    browser.shot("search")
    browser.open("/search?q=nowhere")
    browser.wait_text("Nothing was found.")


def selected(browser):
    return browser.js("return [...document.querySelectorAll('.row.selected .row-name')].map((e) => e.innerText)")


def test_several_by_key(desk, browser):
    """From one to another with Shift, all with one key; given, tagged and dismissed at once; what was refused says why, and the rest is done."""
    ids = [desk.conversation(desk.say(f"p{n}", f"Question {n}?", ago=f"{50 - n} min")) for n in range(6)]
    sign_in(browser, "ann", desk)
    wait_until(lambda: len(names(browser)) == 6, 30, "six rows")
    for key in ("j", "x", "j", "j"):
        browser.keys(key)
    wait_until(lambda: at(browser) == "P2", 10)
    browser.keys("X")
    wait_until(lambda: selected(browser) == ["P0", "P1", "P2"], 10, "from the first to here")
    browser.keys("a")
    browser.find("dialog[open]")
    browser.fill("dialog input", "ann")
    browser.keys(Keys.ENTER)
    browser.wait_text("ann has 3 conversations now.")
    wait_until(lambda: desk.db.one("select count(*) from answerd.conversation where assigned_until > now()") == 3, 10, "they are Ann's")
    # Somebody else has the fourth: it is left, with the reason, and the others are done.
    assert person(desk, "bob").post(f"conversations/{ids[3]}/claim").status == 200
    browser.wait_text("bob", ".row-holder")
    browser.js("document.querySelector('.row-link').focus()")
    browser.keys("*")
    wait_until(lambda: len(selected(browser)) == 6, 10, "all")
    browser.axe()
    browser.press("Take")
    browser.wait_text("5 conversations are yours.")
    browser.wait_text("One was left as it is:", ".toast.bad")
    browser.press("Close")
    # With the mouse: one, then another with Shift.
    browser.js("for (const [n, shiftKey] of [[1, false], [4, true]]) document.querySelectorAll('.row-check input')[n].dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey }))")
    wait_until(lambda: selected(browser) == ["P1", "P2", "P3", "P4"], 10, "from the second to the fifth")
    browser.press("No reply needed")
    browser.find("dialog[open]")
    browser.keys("told by telephone", Keys.ENTER)
    browser.wait_text("conversations dismissed, with your reason.")
    wait_until(lambda: desk.db.one("select count(*) from answerd.note where body like '%told by telephone%'") == 4, 10, "each has its reason")
    acts = desk.db.column("select distinct act from answerd.audit where object = any(%s)", [f"conversation:{c}" for c in ids])
    assert set(acts) == {"give", "take", "dismiss"}, "nobody was answered from here"


# Who is first and last in the list as it is seen, whether some of it is drawn empty, and whether the open one is seen.
SEEN = """
const list = document.querySelector(".queue-list"), box = list.getBoundingClientRect();
const rows = [...list.querySelectorAll(".row")].filter((row) => { const r = row.getBoundingClientRect(); return r.bottom > box.top + 1 && r.top < box.bottom - 1; });
const last = rows.at(-1)?.getBoundingClientRect().bottom ?? 0;
return { first: rows[0]?.querySelector(".row-name").innerText, is_full: last >= box.bottom - 1, is_open_seen: rows.some((row) => row.matches(".chosen")) };
"""


def test_a_long_list_keeps_its_place(desk, browser):
    """Whoever opens somebody from the middle of a long list finds the list beside the conversation, drawn wherever one scrolls, at the same place; and goes back to it."""
    with desk.db.connect() as conn:
        for n in range(60):
            desk.say(f"p{n}", f"Question {n}?", ago=f"{100 - n} min", conn=conn)
    sign_in(browser, "ann", desk)
    browser.find(".row")
    scroll = "document.querySelector('.queue-list').scrollTop = arguments[0]"

    def seen(what, wanted):
        wait_until(lambda: wanted(browser.js(SEEN)), 30, f"{what}: {browser.js(SEEN)}")

    browser.js(scroll, 72 * 20)
    seen("scrolled", lambda s: s["is_full"] and s["first"] == "P20")
    browser.js("[...document.querySelectorAll('.row')].find((row) => row.innerText.includes('P27')).querySelector('a').click()")
    browser.wait_text("Question 27?", "#pane")
    seen("beside", lambda s: s["is_full"] and s["is_open_seen"] and s["first"] in ("P20", "P21", "P22", "P23"))
    browser.js(scroll, 104 * 40)
    seen("scrolled beside", lambda s: s["is_full"] and s["first"] == "P40")
    browser.keys("J")
    browser.wait_text("Question 28?", "#pane")
    seen("the next one is open", lambda s: s["is_full"] and s["is_open_seen"])
    browser.js(scroll, 104 * 30)
    seen("before going back", lambda s: s["is_full"] and s["first"] == "P30")
    browser.keys("u")
    seen("back", lambda s: s["is_full"] and s["first"] == "P30")
    browser.js(scroll, 72 * 51)
    browser.wait_text("P55", ".rows")
    browser.js("[...document.querySelectorAll('.row')].find((row) => row.innerText.includes('P55')).querySelector('a').click()")
    browser.wait_text("Question 55?", "#pane")
    browser.keys("g", "n")
    browser.wait_text("Question 56?", "#pane")


def test_who_points_at_a_time_reads_the_exact_one(desk, browser):
    speak(desk)
    sign_in(browser, "ann", desk)
    browser.find(".row")
    for css in (".row-clocks time", ".row-state .badge"):
        browser.hover(css)
        wait_until(lambda: browser.js("return / · \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$/.test(document.querySelector(arguments[0]).title)", css), 30, f"{css}: {browser.js('return document.querySelector(arguments[0]).title', css)}")
