"""One's own account and the staff on the page: a second factor from its picture to its codes, tokens, people and their links."""
import re

from rig import wait_until
from rig.door import code, token_of
from rig.signing import PASSWORD, sign_in


def now(desk):
    return desk.db.one("select extract(epoch from answerd.now())::float8")


def secret_of(browser):
    return browser.js("return document.querySelector('code.secret').textContent").replace(" ", "")


def test_second_factor(desk, browser):
    """Set up from the picture, confirmed by a code, the recovery codes once; the next sign-in asks for the code; off again after a new proof."""
    sign_in(browser, "tess", desk, path="/settings")
    browser.wait_text("Second factor")
    browser.axe()
    browser.shot("settings")
    desk.db.rows("update answerd.staff_session x set fresh_at = now() - interval '1 hour' from answerd.staff s where s.staff_id = x.staff_id and s.login = 'tess'")
    browser.press("Set it up")
    browser.wait_text("Is it you?")
    browser.fill("dialog input[name=password]", PASSWORD)
    browser.press("Go on")
    browser.find("svg.qr")
    assert browser.js("return document.querySelector('svg.qr path').getBBox().width") >= 20, "the picture is drawn"
    browser.axe()
    browser.shot("second-factor")
    secret = secret_of(browser)
    browser.fill("input[name=code]", "000000")
    browser.press("Confirm")
    browser.find(".factor .error")
    browser.fill("input[name=code]", code(secret, now(desk)))
    browser.press("Confirm")
    browser.wait_text("Each of them signs you in once")
    codes = [e.text for e in browser.all(".codes code")]
    assert len(codes) == 10 and re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", codes[0])
    browser.axe()
    browser.shot("recovery-codes")
    browser.find(".factor .check").click()
    browser.press("Done")
    browser.wait_text("10 recovery codes are left")
    browser.press("tess")
    browser.press("Sign out")
    browser.wait_text("Nobody who speaks to us is ignored.")
    browser.fill("input[name=login]", "tess")
    browser.fill("input[name=password]", PASSWORD)
    browser.press("Sign in")
    browser.find("input[name=totp]")
    browser.fill("input[name=totp]", codes[0])
    browser.press("Sign in")
    browser.find(".top")
    browser.open("/settings")
    browser.wait_text("9 recovery codes are left")
    browser.press("Switch off the second factor")
    browser.find("dialog")
    browser.js("[...document.querySelectorAll('dialog .button.danger')].pop().click()")
    browser.wait_text("Not set up")
    assert not desk.db.one("select count(*) from answerd.staff_secret where totp is not null")


def test_tokens_and_staff(desk, browser):
    """A token is shown once and revoked; an admin lets a person in, whose link works, and changes their role."""
    sign_in(browser, "boss", desk, role="admin", path="/settings")
    browser.press("New token")
    browser.fill("dialog input[name=name]", "reports")
    browser.press("Make the token")
    token = browser.find("dialog input.secret").get_attribute("value")
    assert desk.raw("GET", "/api/v1/queue", headers={"Authorization": f"Bearer {token}"}, connection=desk.tcp()).status == 200
    browser.axe()
    browser.press("Close")
    browser.wait_text("reports")
    browser.press("Revoke")
    browser.wait_text("Revoked")
    assert desk.raw("GET", "/api/v1/queue", headers={"Authorization": f"Bearer {token}"}, connection=desk.tcp()).status == 401
    browser.open("/staff")
    browser.press("Add a person")
    browser.fill("dialog input[name=login]", "newt")
    browser.fill("dialog input[name=name]", "Newt Night")
    browser.js("document.querySelector('dialog form').requestSubmit()")
    link = browser.find("dialog input.secret").get_attribute("value")
    assert link.startswith(desk.origin + "/#/link/")
    browser.axe()
    browser.shot("staff-link")
    browser.press("Close")
    browser.wait_text("Newt Night")
    browser.axe()
    browser.shot("staff")
    browser.js("document.querySelector('button[title=\"Change newt\"], [aria-label=\"Change newt\"]')?.click() ?? [...document.querySelectorAll('tr')].find((r) => r.textContent.includes('newt')).querySelector('.menu button').click()")
    browser.press("Lead")
    wait_until(lambda: desk.db.one("select role from answerd.staff where login = 'newt'") == "lead", 10, "another role")
    assert desk.raw("POST", "/api/v1/session/link", {"token": token_of(link)}, connection=desk.tcp()).json["role"] == "lead"
