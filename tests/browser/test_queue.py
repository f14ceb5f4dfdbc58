"""The queue's page in a real browser."""


def test_who_waits_is_shown(desk, browser):
    """The page opens, and says who waits."""
    desk.say("ann", "Where is my parcel? It was due on Monday.", ago="3 hours")
    browser.open("/")
    browser.wait_text("Where is my parcel?")
    assert "Ann" in browser.text(".queue")
