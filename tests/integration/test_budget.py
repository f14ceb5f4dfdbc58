"""Budgets: what a platform allows is enough for what matters, and never overdrawn (I14)."""
import time

import pytest

from rig import wait_until


@pytest.mark.parametrize("platform,limit", [("mastodon", 300), ("bluesky", 300)])
def test_news_is_heard_while_history_is_read(house, platform, limit):
    """A thousand old questions to import and their threads to read, 300 requests in five minutes: news is heard all the
    same, and nobody earns a 429."""
    getattr(house, platform)("busy", own="shop", people=("ann", "bob"), options={"rate_limit": limit})
    now = house.town.now_ms()
    ops = [{"author": "ann", "text": f"@shop old {i}", "at": now - 86_400_000 + i * 1000} for i in range(1000)]
    ids = [r["id"] for r in house.town.bulk(ops, server="busy")]
    house.begin()
    wait_until(lambda: set(ids) <= house.known(), 60, "history is imported")
    heard = []
    for i in range(10):
        q, begun = house.town.post("bob", f"@shop news {i}", "busy"), time.monotonic()
        house.wait_for(q, timeout=45)
        heard.append(time.monotonic() - begun)
    assert house.town.counters().get("busy 429", 0) == 0, house.town.counters()
    assert sorted(heard)[5] < 30, heard
    house.verify()


def test_a_quiet_account_asks_little(shop):
    """Once all is read, an account of one-second rhythm costs about its polls, and no storm."""
    ids = [r["id"] for r in shop.town.bulk([{"author": "ann", "text": f"@shop {i}"} for i in range(50)], server="social")]
    shop.wait_for(*ids)
    shop.rounds("social", 8, timeout=60)
    polls, requests = shop.town.counters()["polls social"], shop.town.requests()
    shop.rounds("social", 8, timeout=60)
    assert (shop.town.requests() - requests) / max(shop.town.counters()["polls social"] - polls, 1) < 25


def test_a_small_budget_is_spread(house):
    """120 requests in five minutes and a rhythm of one second: slower everywhere, deaf nowhere."""
    house.mastodon("busy", own="shop", people=("ann", "bob"), options={"rate_limit": 120})
    house.begin()
    begun = time.monotonic()
    while time.monotonic() - begun < 75:
        house.wait_for(house.town.post("bob", "@shop news", "busy"), timeout=20)
        house.rounds("busy", 1, timeout=20)
    assert house.town.counters().get("busy 429", 0) == 0


def test_replies_are_counted_where_listening_is(house):
    """Two workers post for one account and only one of them listens there: whatever was asked stands in its counts."""
    house.config.brand()["repeat_limit"] = 0
    house.mastodon("social", own="shop", people=("ann",), every="5s", settle="1s", options={"dialect": ["norate"]})
    house.begin(desk=False)
    house.another_worker().start()
    ids = [r["id"] for r in house.town.bulk([{"author": "ann", "text": f"@shop Where is my order {i}?"} for i in range(12)], server="social")]
    house.wait_for(*ids)
    house.town.fault("lie", server="social", how=["applied_502"], prob=0.3, count=0, seed=3)      # these are looked for
    admin = house.database.one("select answerd.desk_admin()")
    for i in ids:
        text = f"Dear customer, about {i}: it is on its way."
        house.database.one("select answerd.reply_make(c.conversation_id::text, %s, %s, null, false, false, array[%s]) from answerd.conversation c "
                           "join answerd.message m using (root_id, customer_id, account_id, brand_id) where m.external_id = %s", admin, text, text, i)
    wait_until(lambda: house.database.one("select count(*) from answerd.reply where state = 'sent'") == 12, 60, "all are sent")
    senders = house.database.one("select count(distinct sender_id) from answerd.attempt")

    def counted():
        asked = house.town.requests("social")
        return house.database.one("select coalesce(sum(n::int), 0) from answerd.account, unnest(string_to_array(budget_used, ',')) n") >= asked
    wait_until(counted, 40, "everything is counted")
    print(f"{senders} senders, {house.town.requests()} requests")
    house.verify()
