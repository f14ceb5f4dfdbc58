"""The pages for watching and for reports in a real browser."""
import json

import pytest
from rig.signing import sign_in
from rig.wait import wait_until


@pytest.fixture
def busy(desk):
    """A few days of talk, a hole in what was heard, alerts, and a reply in trouble."""
    for i, (who, ago, after) in enumerate((("carl", 120, 0.9), ("dora", 99, 9), ("eve", 75, 30), ("fred", 50, 0.3), ("gina", 27, 3), ("hugo", 26, 5), ("ida", 8, 0.9))):
        first = desk.say(who, f"Where is my parcel number {i}?", f"{ago} hours")
        desk.say("us", f"On its way, {who}, number {i}.", f"{ago - after} hours", parent=first)
    desk.say("jan", "Nobody has answered me since yesterday.", "30 hours")
    desk.say("kim", "Open on Sunday?", "20 min", name="Kim <img src=x onerror=alert(1)>")
    with desk.db.connect() as conn:
        conn.execute("update answerd.source set heard_at = now(), heard_until = now(), heard_from = now() - interval '20 hours'")
        conn.execute("update answerd.worker set beat_at = now() + interval '1 hour'")
        conn.execute("insert into answerd.heard_span select brand_id, account_id, source_id, now() - interval '6 days', now() - interval '30 hours' from answerd.source where name = 'mentions'")
        conn.execute("insert into answerd.heard_span select brand_id, account_id, source_id, now() - interval '6 days', now() - interval '20 hours' from answerd.source where name = 'own'")
        conn.execute("insert into answerd.gap (brand_id, account_id, source_id, from_at, until_at, reason, found_at, closed_at, lost_at, lost_reason) select brand_id, account_id, source_id, "
                     "now() - interval '30 hours', now() - interval '20 hours', 'the worker was away', now(), now(), now(), 'the platform keeps less' from answerd.source where name = 'mentions'")
        conn.execute("update answerd.conversation set stop_at = now() - interval '6 hours' where waiting_since < now() - interval '1 day'")
        conn.execute("insert into answerd.alert (brand_id, account_id, event, key, channels, text, at, since) select brand_id, account_id, 'gap', 'gap:1', '{}', "
                     "'acme_social: something was not heard.', now(), now() - interval '2 hours' from answerd.account")
        conn.execute("insert into answerd.reply (brand_id, account_id, conversation_id, customer_id, author_id, seen_version, state, state_since, created_at, queued_at, key, fingerprint, parent_id, "
                     "reason, body, words) select c.brand_id, c.account_id, c.conversation_id, c.customer_id, (select min(staff_id) from answerd.staff), 1, 'needs_human', now(), now(), now(), 'k1', 'f', "
                     "c.oldest_id, 'The platform hung up, and it cannot be read back.', 'We are open on Sunday.', 'We are open on Sunday.' from answerd.conversation c where c.customer_handle = 'kim'")
    yield desk
    with desk.db.connect() as conn:
        conn.execute("update answerd.respond_house set is_panic = false")
        conn.execute("truncate answerd.alert, answerd.delivery, answerd.gap, answerd.heard_span cascade")


def enter(browser, desk, path):
    """Lea, a lead, before a page; signed in once."""
    if browser.place.startswith("/"):
        browser.open(path)
    else:
        sign_in(browser, "lea", desk, role="lead", path=path)


def test_what_needs_somebody_now(busy, browser):
    """Alerts that stand with their ack, and a reply that needs a person with its two buttons."""
    enter(browser, busy, "/watch")
    browser.wait_text("something was not heard.")
    browser.wait_text("We are open on Sunday.")
    assert {"It is there", "It is not there"} <= set(browser.text(".card-acts button").split("\n"))
    browser.axe()
    browser.shot("watch-now")
    browser.keys("a")
    browser.wait_text("lea deals with it")
    assert busy.db.one("select acked_at is not null from answerd.alert where key = 'gap:1'")
    browser.press("It is there")
    browser.fill("dialog input", "https://social.example/@acme/1")
    browser.axe("dialog")
    browser.click("dialog [type=submit]")
    browser.wait_text("Every reply has come to its end.")


def test_a_hole_is_seen(busy, browser):
    """The line of time shows what was lost, in shape and words; the table behind it names it."""
    enter(browser, busy, "/watch?show=sources")
    browser.wait_text("the worker was away")
    assert len(browser.all(".line .hole-lost")) == 1 and len(browser.all(".line .heard")) >= 3
    assert "one hole" in browser.find("svg.line").get_attribute("aria-label") + browser.all("svg.line")[-1].get_attribute("aria-label")
    browser.axe()
    browser.shot("watch-sources", full=True)


def test_the_ledger_adds_up(busy, browser):
    """received = answered + dismissed + deleted + spam + waiting, for any span, and the sum is shown."""
    busy.raw("POST", f"/api/v1/conversations/{busy.conversation(busy.say('lou', 'Hi!', '1 hour'))}/dismiss", {"reason": "a greeting"})
    enter(browser, busy, "/watch?show=ledger")
    browser.wait_text("It adds up: each of the 10 messages")
    assert browser.text(".ledger-part b").split("\n") == ["10", "7", "1", "0", "0", "2"]
    browser.axe()
    browser.shot("watch-ledger")
    browser.press("Today")
    wait_until(lambda: "span=1d" in browser.place, 10, "the span is in the address")


def test_the_team(busy, browser):
    """Who has what; what nobody has is a number; the page follows."""
    c = busy.db.one("select conversation_id from answerd.conversation where customer_handle = 'jan'")
    assert busy.raw("POST", f"/api/v1/conversations/{c}/claim", {}).status == 200
    enter(browser, busy, "/watch?show=team")
    browser.wait_text("Holds one conversation.")
    browser.wait_text("past the hard stop")
    browser.axe()
    browser.shot("watch-team")


def test_reports(busy, browser):
    """Each view counts right, has its chart with a table behind it and CSV; keys lead from one to the next."""
    enter(browser, busy, "/reports")
    browser.wait_text("Half of the first answers within")
    browser.wait_text("3 of 8 answered in time")
    wait_until(lambda: browser.all(".plot canvas"), 20, "the chart is drawn")
    assert browser.text(".behind summary").startswith("The table behind it")
    browser.js("document.querySelector('.behind').open = true")
    browser.wait_text("Answered", ".behind table")
    browser.axe()
    browser.js("document.querySelector('.behind').open = false")
    browser.shot("reports-times", full=True)
    link = browser.find(".chart-acts a").get_attribute("href")
    said = busy.raw("GET", link[len(browser.origin):])
    assert said.status == 200 and said.body.startswith("key,brand,platform,count,open,first_count")
    for n, (view, words) in enumerate((("where", "First answers by platform"), ("hours", "By the hour in which people began to wait"), ("waiting", "Who waited, over time"),
                                       ("never", "Who waits past the hard stop"), ("talk", "Replies per post"), ("staff", "Staff are not told apart here.")), 2):
        browser.keys(str(n))
        browser.wait_text(words)
        assert browser.place == f"/reports?show={view}"
        wait_until(lambda: not browser.all(".loading"), 20, "all of it is there")
        browser.axe()
        browser.shot(f"reports-{view}", full=True)
    assert "Jan" not in browser.text()
    enter(browser, busy, "/reports?show=never")
    browser.wait_text("Jan")


def test_a_picture_of_a_chart(busy, browser):
    """PNG: the chart with its title and legend on a ground; nothing of it is refused by the page's policy."""
    enter(browser, busy, "/reports?show=waiting")
    browser.wait_text("Who waited, over time")
    browser.js("window.pictures = []; HTMLAnchorElement.prototype.click = function () { window.pictures.push([this.download, this.href]); }")
    browser.press("Picture (PNG)")
    wait_until(lambda: browser.js("return window.pictures.length"), 10, "a picture")
    name, address = browser.js("return window.pictures[0]")
    assert name == "answerd-waiting.png" and address.startswith("blob:")
    assert browser.js("return [...document.querySelectorAll('.legend svg')].length") >= 3
    # The hours of the week are a table; its picture is drawn from that.
    browser.js("history.pushState(null, '', '/reports?show=hours'); dispatchEvent(new PopStateEvent('popstate'))")
    browser.find(".heat")
    browser.js("const make = HTMLCanvasElement.prototype.toBlob; HTMLCanvasElement.prototype.toBlob = function (...all) { window.drawn = this; return make.apply(this, all); }")
    browser.press("Picture (PNG)")
    wait_until(lambda: browser.js("return window.pictures.length") == 2, 10, "another picture")
    assert browser.js("return window.pictures[1][0]") == "answerd-hours.png"
    colours = browser.js("const c = window.drawn, d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, all = new Set(); "
                         "for (let i = 0; i < d.length; i += 4) { all.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); } return [c.width, all.size]")
    assert colours[0] > 24 * 30 and colours[1] > 20, "cells of several shades, with words in them"


def test_in_german_and_for_all_spans(busy, browser):
    """Both languages are whole; a span of days is that of the brand's zone."""
    enter(browser, busy, "/reports")
    browser.js("localStorage.setItem('answerd.language', JSON.stringify('de'))")
    enter(browser, busy, "/reports?from=2026-03-28&to=2026-03-29&show=talk")
    browser.wait_text("Tage sind die von Europe/London.")
    asked = wait_until(lambda: json.loads(browser.js("return JSON.stringify(performance.getEntriesByType('resource').map((e) => e.name).filter((n) => n.includes('talk-listen')))")), 30,
                       "the report is asked for")
    assert all("from=2026-03-28T00%3A00%3A00.000Z" in a and "to=2026-03-29T23%3A00%3A00.000Z" in a for a in asked), asked
    with busy.db.connect() as conn:
        conn.execute("select answerd.panic(staff_id, true) from answerd.staff where login = 'lea'")
        conn.execute("select answerd.raise_said('gap', 'gap:2', a.brand_id, a.account_id, null, jsonb_build_array(jsonb_build_object('code', 'gap_told', 'account', 'acme_social', 'source', 'own', "
                     "'span', jsonb_build_object('code', 'span_to', 'until_at', answerd.rfc3339(now())), 'why', answerd.part_of('the platform does not show everything behind its first page'), "
                     "'todo', jsonb_build_object('code', 'gap_is_open')))) from answerd.account a")
    enter(browser, busy, "/watch")
    browser.wait_text("Braucht einen Menschen")
    browser.wait_text("hat alles Senden angehalten.")
    browser.wait_text("die Plattform zeigt nicht alles, was hinter ihrer ersten Seite liegt. Es wird versucht")
    # What was kept before there were parts is English, and says so; nothing else is.
    assert {e.text for e in browser.all("main [lang=en]")} <= {"acme_social: something was not heard.", "The platform hung up, and it cannot be read back."}
    browser.shot("watch-german")
