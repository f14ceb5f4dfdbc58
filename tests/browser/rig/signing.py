"""Who sits before a browser."""
from rig.door import PASSWORD, Person, newcomer, token_of

known = {}


def at_home(desk, login):
    """One who is there already (the built-in admin): a new link, and a password."""
    who = Person(desk.port, login)
    link = desk.answer("staff", "link", login, code=0).json["link"]
    assert who.post("session/link", {"token": token_of(link)}, key=False).status == 200
    assert who.post("session/password", {"password": PASSWORD}).status == 200
    return who


def person(desk, login, role="agent"):
    """A member of staff with a password and a session of their own; made once for all tests."""
    if login not in known:
        known[login] = at_home(desk, login) if desk.db.one("select count(*) from answerd.staff where login = %s", login) else newcomer(desk, login, role)
    elif known[login].get("session").status != 200:  # a test has ended it
        known[login] = Person(desk.port, login)
        assert known[login].sign_in().status == 200
    return known[login]


def seat(browser, login, desk, role="agent"):
    """Their session in this browser."""
    who = person(desk, login, role)
    browser.cdp("Network.setCookie", name="__Host-session", value=who.cookie, url=browser.origin + "/", path="/", secure=True, httpOnly=True, sameSite="Strict")
    return who


def leave(browser):
    """Nobody sits there."""
    browser.cdp("Network.clearBrowserCookies")


def sign_in(browser, login, desk, role="agent", path="/"):
    """Signed in without the form (that has a test of its own), and at a page."""
    who = seat(browser, login, desk, role)
    browser.open(path)
    browser.find(".top")
    return who


__all__ = ["PASSWORD", "leave", "person", "seat", "sign_in"]
