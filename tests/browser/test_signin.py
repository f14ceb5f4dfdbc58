"""Signing in and out on the page."""
from rig import wait_until
from rig.door import token_of
from rig.signing import PASSWORD, leave, person, sign_in


def test_link_password_and_form(desk, browser):
    """A one-time link, a first password, the queue; out, a wrong password, in again by the form. The token leaves the address at once."""
    desk.say("ann", "Where?", ago="1 hour")
    link = desk.answer("staff", "add", "nora", "--name", "Nora Nest", code=0).json["link"]
    leave(browser)
    browser.open("/#/link/" + token_of(link))
    browser.wait_text("Choose a password")
    assert "link" not in browser.driver.current_url
    browser.axe()
    browser.shot("first-password")
    browser.fill("input[name=new-password]", PASSWORD)
    browser.fill("input[name=new-password-twice]", PASSWORD + "x")
    browser.press("Set this password")
    browser.wait_text("not the same")
    browser.fill("input[name=new-password-twice]", PASSWORD)
    browser.press("Set this password")
    browser.wait_text("Where?")
    browser.press("Nora Nest")
    browser.press("Sign out")
    browser.wait_text("Nobody who speaks to us is ignored.")
    browser.axe()
    browser.shot("sign-in")
    browser.fill("input[name=login]", "nora")
    browser.fill("input[name=password]", "wrong horse")
    browser.press("Sign in")
    browser.find(".error")
    browser.fill("input[name=password]", PASSWORD)
    browser.press("Sign in")
    browser.wait_text("Where?")


def test_a_session_that_ends_in_the_middle(desk, browser):
    """The form stands over the page; what stood there is still there, and what was asked for is done."""
    desk.say("ann", "Where?", ago="1 hour")
    sign_in(browser, "bea", desk)
    browser.wait_text("Where?")
    browser.js("document.querySelector('.row-link').focus()")
    desk.db.rows("delete from answerd.staff_session")
    browser.keys("t")
    browser.wait_text("Your session has ended")
    browser.wait_text("Where?", ".queue")
    browser.axe()
    browser.shot("session-ended")
    browser.fill("dialog input[name=password]", PASSWORD)
    browser.press("Sign in")
    browser.wait_text("It is yours.")
    wait_until(lambda: "you" in browser.text(".row-holder"), 10)
    person(desk, "bea")
