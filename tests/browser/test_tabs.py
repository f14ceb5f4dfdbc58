"""Many tabs of one browser: one stream of events for all of them, whichever tab is closed, crashes or falls asleep."""
import re

import pytest
from rig import wait_until
from rig.signing import sign_in

# A tab that comes to the front asks for its rows anyway; how many there are, before the page's name, is asked for when an event says so, seen or not.
SHOWN = "return [[...document.querySelectorAll('.row:not(.gone) .row-name')].map((e) => e.innerText), Number(/\\((\\d+)\\)/.exec(document.title)?.[1])]"


def streams(desk):
    return int(re.search(r"^answerd_desk_streams (\d+)", desk.raw("GET", "/metrics").body, re.M).group(1))


@pytest.fixture
def tabs(browser):
    """Closes what the test has opened."""
    driver, first = browser.driver, browser.driver.current_window_handle
    yield driver
    for handle in driver.window_handles:
        if handle != first:
            driver.switch_to.window(handle)
            driver.close()
    driver.switch_to.window(first)


def speak(desk, who, text, ago):
    """As a worker does: stored, then told."""
    desk.say(who, text, ago=ago)
    desk.db.rows("select pg_notify('answerd_event', 'account:acme_social')")


def all_show(browser, handles, names):
    for handle in handles:
        browser.driver.switch_to.window(handle)
        wait_until(lambda: browser.js(SHOWN) == [names, len(names)], 30, f"{names} in each of {len(handles)} tabs; number {handles.index(handle)} shows {browser.js(SHOWN)}")


def test_eight_tabs_live_on_one_stream(desk, browser, tabs):
    """A browser opens six connections to one place: eight tabs with a stream each could ask nothing. The tab that listens is closed, again and again: another takes over,
    and nothing is missed."""
    speak(desk, "ann", "Where is my parcel?", ago="3 hours")
    sign_in(browser, "ann", desk)
    handles = [tabs.current_window_handle]
    for _ in range(7):
        tabs.switch_to.new_window("tab")
        handles.append(tabs.current_window_handle)
        browser.open("/")
    all_show(browser, handles, ["Ann"])
    wait_until(lambda: streams(desk) == 1, 30, "one stream")
    speak(desk, "bob", "And mine?", ago="2 hours")
    all_show(browser, handles, ["Ann", "Bob"])
    for handle in handles:
        tabs.switch_to.window(handle)
        assert browser.js("return document.querySelector('.live').className").endswith("is-live")
    # The second one is closed while it waits for its turn, then the one that listens: said in between, it is not missed.
    names = ["Ann", "Bob"]
    for n, (at, who) in enumerate(((1, "Cid"), (-1, "Eve"))):
        tabs.switch_to.window(handles.pop(at))
        tabs.close()
        tabs.switch_to.window(handles[0])
        speak(desk, who.lower(), f"And mine, {n}?", ago=f"{60 - n} min")
        names.append(who)
        all_show(browser, handles, names)
    # The first tab listens (the rig needs it): put aside, it hands on.
    tabs.switch_to.window(handles[0])
    browser.open("/conversation/0")
    browser.driver.get("about:blank")
    speak(desk, "joe", "Hello, is anybody there?", ago="10 min")
    all_show(browser, handles[1:], [*names, "Joe"])
    wait_until(lambda: streams(desk) == 1, 30, "still one stream")


def test_a_tab_that_says_nothing_is_replaced(desk, browser, tabs):
    """It holds the lock and is stuck: another one takes it, and it follows when it is there again."""
    speak(desk, "ann", "Where is my parcel?", ago="3 hours")
    sign_in(browser, "ann", desk)
    first = tabs.current_window_handle
    tabs.switch_to.new_window("tab")
    second = tabs.current_window_handle
    browser.open("/")
    all_show(browser, [first, second], ["Ann"])
    took = browser.driver.execute_async_script("""
        const done = arguments[0];
        navigator.locks.query().then(async (all) => {
            const held = all.held.find((l) => l.name.startsWith("answerd.events."));
            navigator.locks.request(held.name, { steal: true }, () => new Promise(() => {}));   // as look() does, and then is stuck
            done(held.name);
        });""")
    assert took == "answerd.events.ann"
    wait_until(lambda: streams(desk) == 0, 30, "who lost the lock does not listen")
    browser.driver.refresh()    # the stuck one is gone: the first takes its turn again
    wait_until(lambda: streams(desk) == 1, 30, "one of them listens")
    speak(desk, "bob", "And mine?", ago="2 hours")
    all_show(browser, [first, second], ["Ann", "Bob"])
