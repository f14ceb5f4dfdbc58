"""The page of the audit log in a real browser: who did what, filtered, page by page, and whether anybody has changed it."""
import csv
import io

from rig.signing import person, sign_in
from rig.wait import wait_until


def shown(browser, column):
    """The words of one column of the table, from the top."""
    return browser.js("return [...document.querySelectorAll('tbody tr')].map((r) => r.cells[arguments[0]].innerText.trim())", column)


def test_who_did_what(desk, browser):
    """Sign-ins, staff, acts, with where from; filters stand in the address; older pages by key; the chain is said to be whole."""
    who = person(desk, "odette", "auditor")
    person(desk, "ann").post("session/end")
    person(desk, "ann")
    c = desk.conversation(desk.say("zoe", "Where is my parcel?"))
    assert person(desk, "ann").post(f"conversations/{c}/claim").status == 200
    person(desk, "ann").post(f"conversations/{c}/dismiss", {"reason": "settled"})
    for n in range(60):
        desk.db.rows("select answerd.audited(0, 'staff:1', 'view', 'view:' || %s)", n)
    sign_in(browser, "odette", desk, role="auditor", path="/audit")
    browser.wait_text("Unbroken since")
    browser.wait_text("Saved a view", "tbody")
    assert browser.text(".top nav a[aria-current]") == "Audit log" and len(shown(browser, 0)) == 50
    rows = desk.db.one("select count(*) from answerd.audit where brand_id = 0")
    browser.wait_text(f"Each of its {rows:,} rows is as it was written")
    browser.keys("]")
    browser.wait_text("Set a password", "tbody")
    assert "after=" in browser.place
    at = next(i for i, act in enumerate(shown(browser, 3)) if act == "Set a password")
    assert shown(browser, 4)[at] == "their own account" and len(shown(browser, 5)[at]) == 8
    browser.keys("[")
    browser.wait_text("Saved a view", "tbody")
    browser.js("const s = document.querySelectorAll('.picker select')[2]; s.value = 'sign_out'; s.dispatchEvent(new Event('change', { bubbles: true }))")
    wait_until(lambda: set(shown(browser, 3)) == {"Signed out"}, 20, "only one act")
    assert "act=sign_out" in browser.place and "ann" in shown(browser, 2)
    # It is the address that says what is shown.
    browser.open("/audit?brand=acme&who=ann")
    wait_until(lambda: shown(browser, 3)[:2] == ["Dismissed: no reply needed", "Took"], 20, "what Ann did")
    assert shown(browser, 4)[0] == f"Conversation {c}"
    browser.axe()
    browser.shot("audit")
    link = browser.js("return document.querySelector('a[download]').getAttribute('href')")
    file = who.get(link.removeprefix("/api/v1/"))
    assert file.status == 200, (link, file.body)
    assert file.headers["Content-Disposition"].startswith("attachment;") and "answerd-audit-" in file.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(file.body)))
    assert [(x["login"], x["act"]) for x in lines][:2] == [("ann", "dismiss"), ("ann", "take")] and "messages" in lines[0]["detail"]
    browser.open("/audit?who=nobody-there")
    browser.wait_text("There is nobody called nobody-there here.")


def test_a_changed_row_is_named(desk, browser):
    """Whoever owns the database and changes a row is seen by everybody who looks."""
    for n in range(5):
        desk.db.rows("select answerd.audited(0, 'staff:1', 'view', 'view:' || %s)", n)
    seq, was = desk.db.one("select max(seq) - 2 from answerd.audit where brand_id = 0"), "staff:1"
    desk.db.rows("update answerd.audit set actor = 'staff:2' where brand_id = 0 and seq = %s", seq)
    try:
        sign_in(browser, "odette", desk, role="auditor", path="/audit")
        browser.wait_text("Somebody has changed this log: one row is not as it was written.", ".banner")
        browser.wait_text(f"row {seq} of the audit log", ".banner")
        browser.axe()
        browser.shot("audit-changed")
    finally:
        desk.db.rows("update answerd.audit set actor = %s where brand_id = 0 and seq = %s", was, seq)


def test_agents_do_not_read_it(desk, browser):
    """It is not in their bar, and its address says why not; in German it is there with all its words."""
    sign_in(browser, "ann", desk, path="/audit")
    browser.wait_text("Your role does not allow that.", ".banner")
    assert "Audit log" not in browser.text(".top nav")
    sign_in(browser, "odette", desk, role="auditor", path="/")
    browser.js("localStorage.setItem('answerd.language', '\"de\"')")
    browser.open("/audit")
    browser.wait_text("Lückenlos seit")
    browser.wait_text("Neueste zuerst")
    browser.snap_as("audit-german")
    browser.js("localStorage.removeItem('answerd.language')")
