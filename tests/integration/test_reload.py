"""A changed configuration: at the next start, and on SIGHUP, where the whole new file is checked, then swapped (I11)."""
import pytest

from rig import wait_until


def restart(house):
    house.worker.stop()
    house.worker.start()


def sighup(house):
    house.worker.reload()


LATER = pytest.mark.xfail(strict=True, reason="the worker says itself that a changed configuration takes effect at the next start")


@pytest.mark.parametrize("apply", [restart, pytest.param(sighup, marks=LATER)])
def test_a_new_account_is_listened_to(shop, apply):
    q = shop.town.post("ann", "@shop before")
    shop.wait_for(q)
    shop.mastodon("second", own="shop2", people=("zed",))
    z = shop.town.post("zed", "@shop2 hello there", "second")
    apply(shop)
    shop.wait_for(z, timeout=10)
    shop.wait_for(shop.town.post("ann", "@shop after"))
    shop.verify()


def test_an_account_that_is_taken_out_is_left_alone_and_kept(shop):
    shop.mastodon("second", own="shop2", people=("zed",))
    restart(shop)
    z = shop.town.post("zed", "@shop2 hello", "second")
    shop.wait_for(z, timeout=20)
    del shop.config.brands["acme"]["accounts"]["acme_second"]
    restart(shop)
    wait_until(lambda: not shop.database.one("select is_configured from answerd.account where name = 'acme_second'"), 20, "left alone")
    shop.wait_for(shop.town.post("ann", "@shop still here"))
    start = shop.town.requests("second")
    shop.rounds("social", 3)
    assert shop.town.requests("second") == start and z in shop.known()


def test_a_broken_file_changes_nothing(shop):
    """Half of the reloads bring a file that does not parse: listening goes on, and the log says what is wrong."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    good = shop.config.path.read_text(encoding="utf-8")
    for n in range(8):
        if n % 2:
            shop.worker.reload()
        else:
            shop.config.path.write_text(good[:len(good) * (n + 1) // 10], encoding="utf-8")
            shop.worker.process.send_signal(1)
        shop.wait_for(shop.town.post("ann", f"@shop {n}"))
    assert "answerd.conf" in shop.worker.log(20_000)
    assert shop.database.one("select count(*) from answerd.message") == 9
    shop.verify()
