"""Who sits before a browser."""
from rig.door import PASSWORD, Person, newcomer

known = {}


def person(desk, login, role="agent"):
    """A member of staff with a password and a session of their own; made once for all tests."""
    if login not in known:
        known[login] = newcomer(desk, login, role)
    elif known[login].get("session").status != 200:  # a test has ended it
        known[login] = Person(desk.port, login)
        assert known[login].sign_in().status == 200
    return known[login]


def sign_in(browser, login, desk, role="agent", path="/"):
    """Signed in without the form (that has a test of its own), and at a page."""
    who = person(desk, login, role)
    browser.cdp("Network.setCookie", name="__Host-session", value=who.cookie, url=browser.origin + "/", path="/", secure=True, httpOnly=True, sameSite="Strict")
    browser.open(path)
    browser.find(".top")
    return who


__all__ = ["PASSWORD", "person", "sign_in"]
