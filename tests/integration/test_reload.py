"""A changed configuration: at the next start, and on SIGHUP, where the whole new file is checked, then swapped (I11)."""
import os
import random
import signal
import socket

import pytest

from rig import wait_until


def restart(house):
    house.worker.stop()
    house.worker.start()


def sighup(house):
    n = house.worker.log(10_000_000).count("event=reloaded")
    house.worker.reload()

    def taken():
        house.worker.assert_alive()
        return house.worker.log(10_000_000).count("event=reloaded") > n
    wait_until(taken, 20, "the file is taken")


BOTH = pytest.mark.parametrize("apply", [restart, sighup])


@BOTH
def test_a_new_account_is_listened_to(shop, apply):
    q = shop.town.post("ann", "@shop before")
    shop.wait_for(q)
    shop.mastodon("second", own="shop2", people=("zed",))
    z = shop.town.post("zed", "@shop2 hello there", "second")
    apply(shop)
    shop.wait_for(z, timeout=10)
    shop.wait_for(shop.town.post("ann", "@shop after"))
    shop.verify()


@BOTH
def test_an_account_that_is_taken_out_is_left_alone_and_kept(shop, apply):
    shop.mastodon("second", own="shop2", people=("zed",))
    apply(shop)
    z = shop.town.post("zed", "@shop2 hello", "second")
    shop.wait_for(z, timeout=20)
    gone = shop.config.brands["acme"]["accounts"].pop("acme_second")
    apply(shop)
    wait_until(lambda: not shop.database.one("select is_configured from answerd.account where name = 'acme_second'"), 20, "left alone")
    shop.wait_for(shop.town.post("ann", "@shop still here"))
    shop.rounds("social", 1)        # what was under way has ended
    start = shop.town.requests("second")
    shop.rounds("social", 3)
    assert shop.town.requests("second") == start and z in shop.known()
    later = shop.town.post("zed", "@shop2 are you there?", "second")
    shop.config.brands["acme"]["accounts"]["acme_second"] = gone
    apply(shop)
    shop.wait_for(later)
    shop.verify()


@BOTH
def test_sources_come_and_go(shop, apply):
    """A search that is added is read; one that is taken out is asked for no more, the others go on."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    account = shop.config.brands["acme"]["accounts"]["acme_social"]
    account["listen"] = ["search:#kettle"]
    apply(shop)
    found = shop.town.post("bob", "my #kettle is broken, who helps?")
    shop.wait_for(found)
    del account["listen"]
    apply(shop)
    shop.rounds("social", 2)
    unheard = shop.town.post("bob", "my #kettle is broken again, who helps?")
    shop.wait_for(shop.town.post("ann", "@shop after"))
    shop.rounds("social", 2)
    assert unheard not in shop.known()
    assert shop.database.column("select name from answerd.source where not is_configured") == ["search:#kettle"]
    shop.verify()


@BOTH
def test_a_rhythm_changes(shop, apply):
    """From once an hour to once a second: the next poll does not wait for the hour."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    account = shop.config.brands["acme"]["accounts"]["acme_social"]
    account["every"] = "1h"
    apply(shop)
    if apply is sighup:             # a start asks once, then waits
        shop.rounds("social", 1)
    wait_until(lambda: shop.database.one("select every_us from answerd.account") == 3_600_000_000, 10)
    account["every"] = "1s"
    apply(shop)
    shop.wait_for(shop.town.post("bob", "@shop quick"), timeout=10)
    shop.rounds("social", 3)


def test_a_new_token_lets_a_refused_account_in_at_once(shop):
    """A refused account probes once a minute; who gives it a new token and reloads does not wait for that."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    secret = shop.config.folder / "acme_social.token"
    good = secret.read_text(encoding="utf-8")
    secret.write_text("revoked\n", encoding="utf-8")
    sighup(shop)
    wait_until(lambda: shop.database.one("select state::text from answerd.account") == "refused", 20, "refused")
    q = shop.town.post("bob", "@shop in between")
    secret.write_text(good, encoding="utf-8")
    sighup(shop)
    shop.wait_for(q, timeout=15)
    assert shop.database.one("select state::text from answerd.account") == "listening"
    shop.verify()


def test_word_lists_change(shop):
    """natures: what the lists say is in force for messages from then on."""
    shop.wait_for(shop.town.post("ann", "@shop zorblax"))
    from rig.place import REPO
    lists = (REPO / "daemon" / "base" / "nature.words").read_text(encoding="utf-8")
    path = shop.config.folder / "nature.words"
    path.write_text(lists.replace("[complaint", "[complaint", 1), encoding="utf-8")
    text = shop.config.text
    shop.config.text = lambda: text() + f'nature = "{path}";\n'
    sighup(shop)
    shop.wait_for(shop.town.post("ann", "@shop still heard"))
    path.write_text("this is no list\x00", encoding="utf-8")
    n = shop.worker.log(1_000_000).count("event=reload_failed")
    shop.worker.reload()
    wait_until(lambda: shop.worker.log(1_000_000).count("event=reload_failed") > n, 10, "refused")
    assert "nature.words" in shop.worker.log(3000)
    shop.wait_for(shop.town.post("ann", "@shop and still"))


def test_a_missing_secret_keeps_the_old_configuration(shop):
    """Secrets are part of the check: nothing is swapped when one cannot be read, and the log says which."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    shop.mastodon("second", own="shop2", people=("zed",))
    (shop.config.folder / "acme_second.token").unlink()
    shop.worker.reload()
    wait_until(lambda: "reload_failed" in shop.worker.log(20_000), 10, "it says so")
    assert "acme_second.token" in shop.worker.log(20_000)
    shop.wait_for(shop.town.post("ann", "@shop after"))
    assert shop.database.one("select count(*) from answerd.account") == 1


def spoil(text, chance):
    """A file that must be refused: cut, misspelt, or of a wrong kind."""
    return chance.choice((
        lambda: text[:chance.randrange(20, len(text) - 20)],
        lambda: text.replace("every", "evry", 1),
        lambda: text.replace('"1s"', '"soon"', 1),
        lambda: text.replace('platform = "mastodon"', 'platform = "mastodom"', 1),
        lambda: text.replace("timezone", "timezone = 7; was", 1),
        lambda: text + "\nbrands = { };\n",
        lambda: text.replace("file:", "file:/nowhere", 1),
        lambda: "",
    ))()


def test_reloads_under_load_half_of_them_broken(shop):
    """100 reloads (1,000 as soak) while customers speak: nothing is lost or doubled, no answer is asked for that nobody needs,
    the worker is the same process and does not grow."""
    shop.mastodon("second", own="shop2", people=("zed",))
    accounts = shop.config.brands["acme"]["accounts"]
    second = accounts["acme_second"]
    sighup(shop)
    shop.wait_for(shop.town.post("zed", "@shop2 hello", "second"))
    n_reloads = 1000 if "ANSWERD_SOAK" in os.environ else 100
    chance, ids, log, pid = random.Random(7), [], "", shop.worker.process.pid
    n_good, n_bad = 1, 0
    for n in range(n_reloads):
        ids += [r["id"] for r in shop.town.bulk([{"author": chance.choice(("ann", "bob", "cid")), "text": f"@shop {n}.{i}"}
                                                 for i in range(chance.randrange(4))], server="social")]
        if n % 2:
            shop.config.path.write_text(spoil(shop.config.text(), chance), encoding="utf-8")
        else:
            accounts["acme_social"]["every"] = chance.choice(("1s", "2s"))
            accounts["acme_social"]["listen"] = ["search:#x"] if chance.random() < 0.5 else []
            accounts["acme_second"] = {**second, "history": chance.choice(("1d", "30d"))}
            if chance.random() < 0.3:
                del accounts["acme_second"]
            shop.config.write()
        shop.worker.process.send_signal(signal.SIGHUP)

        def seen():
            nonlocal log
            shop.worker.assert_alive()
            log = shop.worker.log_path.read_text(encoding="utf-8", errors="replace")
            return log.count("event=reloaded") + len(refusals(log)) > n_good + n_bad
        wait_until(seen, 20, "the reload is judged")
        n_good, n_bad = log.count("event=reloaded"), len(refusals(log))
    accounts["acme_social"].update(every="1s", listen=[])
    accounts["acme_second"] = second
    sighup(shop)
    ids.append(shop.town.post("zed", "@shop2 last", "second"))
    shop.wait_for(*ids, timeout=60)
    shop.lost_nothing()
    assert shop.worker.process.pid == pid and shop.worker.is_running()
    assert shop.database.one("select count(*) from answerd.message where direction = 'inbound'") == len(ids) + 1
    assert n_bad >= n_reloads * 2 // 5
    shop.worker.assert_small()
    shop.verify()


def refusals(log):
    """Of several lines about one file, one."""
    lines, runs, was = log.splitlines(), [], False
    for line in lines:
        now = "event=reload_failed" in line
        if now and not was:
            runs.append(line)
        was = now
    return runs


def test_a_broken_file_changes_nothing(shop):
    """Half of the reloads bring a file that does not parse: listening goes on, and the log says what is wrong."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    good = shop.config.path.read_text(encoding="utf-8")
    for n in range(8):
        if n % 2:
            shop.worker.reload()
        else:
            shop.config.path.write_text(good[:len(good) * (n + 1) // 10], encoding="utf-8")
            shop.worker.process.send_signal(signal.SIGHUP)
        shop.wait_for(shop.town.post("ann", f"@shop {n}"))
    assert "answerd.conf" in shop.worker.log(20_000)
    assert shop.database.one("select count(*) from answerd.message") == 9
    shop.verify()


def test_a_reload_while_the_database_is_away(shop):
    """The new file is taken when the database is back."""
    shop.wait_for(shop.town.post("ann", "@shop before"))
    shop.mastodon("second", own="shop2", people=("zed",))
    z = shop.town.post("zed", "@shop2 hello there", "second")
    shop.database.cluster.stop("immediate")
    try:
        sighup(shop)
    finally:
        shop.database.cluster.start()
    shop.wait_for(z, shop.town.post("ann", "@shop after"), timeout=45)
    shop.verify()


def test_the_desk_reloads_hosts(house):
    """desk.hosts changes with SIGHUP; a broken file keeps the old ones."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    house.config.desk = {"listen": [str(house.config.socket), f"127.0.0.1:{port}"]}
    house.mastodon("social", own="shop", people=("ann",))
    house.begin()

    def status(host):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
            s.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return int(s.makefile("rb").readline().split()[1])

    assert status("inbox.example") == 421 and status("localhost") in (200, 503)
    house.config.desk["hosts"] = ["inbox.example"]
    house.desk.reload()
    wait_until(lambda: status("inbox.example") != 421, 10, "the new host")
    house.config.path.write_text("desk = {", encoding="utf-8")
    house.desk.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload_failed" in house.desk.log(), 10, "refused")
    assert status("inbox.example") != 421
    house.config.desk["hosts"] = []
    house.desk.reload()
    wait_until(lambda: status("inbox.example") == 421, 10, "gone again")
