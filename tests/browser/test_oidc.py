"""Signing in by a service, in a browser: the button, the service's own pages (npm's oidc-provider), and what is said when it goes wrong."""
import pytest
from rig import Worker, wait_until
from rig.office import open_office
from rig.oidc import REAL_CLIENT, REAL_SECRET, Real, offer
from rig.signing import leave


@pytest.fixture
def served(desk, tmp_path):
    """The house with a service in its configuration, and a worker that asks it."""
    real = Real(desk.origin, tmp_path)
    offer(desk.config, desk.origin, real, "acme", REAL_SECRET, REAL_CLIENT, label="Acme")
    worker = Worker(desk.config, tmp_path)
    try:
        worker.start()
        desk.desk.reload()
        wait_until(lambda: desk.db.rows("select * from answerd.oidc_provider where reason is null"), 30, f"the service is usable: {worker.log()}")
        yield real
    finally:
        del desk.config.oidc["acme"]
        desk.desk.reload()
        worker.kill()
        open_office(desk.db)            # the worker has hours and accounts of its own
        real.end()


def at_the_service(browser, login):
    browser.find("input[name=login]").send_keys(login)
    browser.fill("input[name=password]", "whatever")
    browser.find("button[type=submit]").click()
    wait_until(lambda: "prompt" in browser.driver.page_source and "consent" in browser.driver.page_source or browser.driver.current_url.startswith(browser.origin), 30, "asked to agree")
    if not browser.driver.current_url.startswith(browser.origin):
        browser.find("button[type=submit]").click()


def test_the_button(desk, served, browser):
    """From where one was, to the service and back there; the address keeps nothing; a stranger hears what to do, and comes in with a password."""
    desk.say("ann", "Where is my parcel?", ago="1 hour")
    desk.answer("staff", "add", "olga", "--name", "Olga Oak", code=0)
    browser.open("/staff")
    browser.wait_text("Olga Oak")
    browser.js("[...document.querySelectorAll('tr')].find((r) => r.textContent.includes('olga')).querySelector('.menu button').click()")
    browser.press("Address for sign-in services")
    browser.fill("dialog input", "Olga@acme.example")
    browser.axe()
    browser.press("Set the address")
    browser.wait_text("Services name olga by that address now.")
    leave(browser)
    browser.open("/?by=due")
    browser.wait_text("Sign in with Acme")
    browser.axe()
    browser.shot("sign-in-by")
    browser.press("Sign in with Acme")
    wait_until(lambda: browser.driver.current_url.startswith(served.issuer), 30, "at the service")
    at_the_service(browser, "olga@acme.example")
    browser.wait_text("Where is my parcel?")
    assert browser.place == "/?by=due" and "code=" not in browser.js("return JSON.stringify(performance.getEntriesByType('navigation').map((e) => location.href))")
    # What matters wants a proof of now; who has no password proves it there, and is back where they were.
    browser.open("/settings")
    browser.press("Set it up")
    browser.wait_text("Is it you?")
    assert not browser.all("dialog input[name=password]")
    browser.axe()
    browser.shot("sign-in-by-again")
    browser.press("Prove it with Acme")
    wait_until(lambda: browser.driver.current_url.startswith(served.issuer), 30, "at the service")
    at_the_service(browser, "olga@acme.example")
    browser.wait_text("Second factor")
    assert browser.place == "/settings"
    browser.press("Set it up")
    browser.find("svg.qr")
    browser.press("Olga Oak")
    browser.press("Sign out")
    browser.wait_text("Sign in with Acme")
    # Somebody whom the service knows and the desk does not.
    browser.cdp("Network.clearBrowserCookies")
    browser.press("Sign in with Acme")
    wait_until(lambda: browser.driver.current_url.startswith(served.issuer), 30, "at the service")
    at_the_service(browser, "stranger@acme.example")
    browser.wait_text("stranger@acme.example")
    browser.wait_text("add you", ".error")
    assert browser.place == "/oidc"
    browser.axe()
    browser.shot("sign-in-by-stranger")
    # The page on the way back, with nothing, and with something made up.
    browser.open("/oidc")
    browser.wait_text("it sent nothing")
    browser.open("/oidc?state=made-up&code=x")
    browser.wait_text("not known here")
    assert browser.place == "/oidc"
