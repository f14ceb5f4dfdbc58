"""What leads watch and ask over a span of time: reports, their CSV (S19), coverage, team, and one act for many conversations."""
import concurrent.futures
import csv
import io
import json

import pytest

from rig import wait_until
from rig.front import closed_shop, shop  # noqa: F401 (fixtures)

REPORTS = {"response-times", "waiting", "never-answered", "talk-listen"}


@pytest.fixture
def busy(shop):     # noqa: F811
    """Carl was answered after an hour, Dora waits since two, and a hostile name waits since yesterday."""
    shop.say("carl", "Where is my parcel?", "3 hours")
    shop.say("us", "On its way", "2 hours", parent="m1")
    shop.say("dora", "Open on Sunday?", "2 hours")
    shop.say("eve", "Hello?", "26 hours", name='=HYPERLINK("x")')
    return shop


def report(shop, name, code=200, **query):     # noqa: F811
    said = shop.raw("GET", f"/api/v1/reports/{name}?" + "&".join(f"{k}={v}" for k, v in query.items()))
    assert said.status == code, said.body
    return said


def test_every_report_is_an_object_and_a_table(busy):
    """The same items both ways; CSV is RFC 4180, sent as a file, and no field of it begins like a formula."""
    with busy.db.connect() as conn:
        conn.execute("update answerd.conversation set stop_at = now() where waiting_since < now() - interval '1 day'")
    for name in sorted(REPORTS):
        said = report(busy, name)
        assert {"from", "to", "now", "zone", "items"} <= set(said.json) and said.headers["Content-Type"] == "application/json; charset=utf-8"
        table = report(busy, name, format="csv")
        assert table.headers["Content-Type"].startswith("text/csv") and table.headers["X-Content-Type-Options"] == "nosniff"
        assert table.headers["Content-Disposition"].startswith(f'attachment; filename="answerd-{name}-20')
        assert table.body.endswith("\r\n") and "\n" not in table.body.replace("\r\n", "")
        rows = list(csv.reader(io.StringIO(table.body, newline="")))
        assert len(rows) == len(said.json["items"]) + 1 and len({len(r) for r in rows}) == 1
        assert not [f for r in rows for f in r if f[:1] in ("=", "+", "-", "@", "\t", "\r")]
        assert name != "talk-listen" or rows[1][0] == "acme_social"
    names = [r["customer"]["name"] for r in report(busy, "never-answered").json["items"]]
    assert names == ['=HYPERLINK("x")']
    assert "\"'=HYPERLINK(\"\"x\"\")\"" in report(busy, "never-answered", format="csv").body


def test_a_report_that_takes_too_long_says_what_to_do(busy):
    """PostgreSQL ends what takes longer than its line may: to ask again would take as long. (Here it waits for a lock, and is
    ended at once.)"""
    with concurrent.futures.ThreadPoolExecutor() as pool, busy.db.connect() as conn, conn.transaction():
        conn.execute("lock answerd.message in access exclusive mode")
        asked = pool.submit(report, busy, "response-times", 503)
        wait_until(lambda: busy.db.one("select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' limit 1"), 30, "it waits")
        said = asked.result(30)
    assert said.json["code"] == "too_much" and "shorter" in said.json["detail"]
    report(busy, "response-times")


def test_response_times(busy):
    """One answered after an hour, who waits is counted beside; by staff only where it is allowed, and says so."""
    said = report(busy, "response-times").json
    assert [i["key"] for i in said["items"]] == ["mastodon"] and said["total"]["count"] == 1 and said["total"]["open"] == 2
    assert abs(said["total"]["first"]["p50_s"] - 3600) <= 2 and said["total"]["next"] == {
        "count": 0, "p50_s": None, "p90_s": None, "p99_s": None, "office_p50_s": None, "office_p90_s": None, "office_p99_s": None}
    for by, status in (("account", 200), ("hour", 200), ("day", 200), ("mood", 400), ("staff", 403)):
        report(busy, "response-times", status, by=by)
    assert "staff_reports" in report(busy, "response-times", 403, by="staff").json["detail"]
    for query in ({"from": "2026-11-20", "to": "2026-11-19"}, {"format": "xls"}, {"brand": "none"}, {"from": "soon"}):
        report(busy, "response-times", 400, **query)
    assert report(busy, "response-times", **{"from": "2020-01-01", "to": "2020-02-01"}).json["items"] == []


def test_staff_are_told_apart_where_they_agreed(closed_shop):     # noqa: F811
    """desk.staff_reports is the operator's word; it is in force after a reload."""
    closed_shop.config.desk["staff_reports"] = True
    closed_shop.config.write()
    closed_shop.desk.start().wait_ready()
    closed_shop.say("carl", "Where is my parcel?", "3 hours")
    closed_shop.say("us", "On its way", "2 hours", parent="m1")
    assert [i["key"] for i in report(closed_shop, "response-times", by="staff").json["items"]] == ["native"]


def test_waiting_over_time(busy):
    """Hour by hour: how many waited, and how long the oldest had."""
    with busy.db.connect() as conn:
        start = conn.execute("select to_char((now() - interval '5 hours') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')").fetchone()[0]
    said = report(busy, "waiting", **{"from": start}).json
    assert said["step"] == "hour" and said["items"][-1]["waiting"] == 2 and said["items"][0]["waiting"] == 1
    assert sum(i["began"] for i in said["items"]) == 2 and sum(i["answered"] for i in said["items"]) == 1
    assert abs(said["items"][-1]["oldest_s"] - 26 * 3600) < 60


def test_report_command(busy):
    """answer report: a table, the desk's JSON, or CSV as the desk sends it."""
    text = busy.answer("report", raw=True, code=0).out
    assert "half by" in text and "first answers" in text and "all" in text
    assert json.loads(busy.answer("report", "--by", "day", code=0).out)["by"] == "day"
    table = busy.answer("report", "--csv", "--by", "account", raw=True, code=0).out
    assert table.splitlines()[0].startswith("key,brand,platform,count,open,first_count") and "acme_social,acme,mastodon,1,2," in table
    assert "staff_reports" in busy.answer("report", "--by", "staff", raw=True, code=4).err
    busy.answer("report", "--by", "mood", code=2)


def test_coverage_and_team(busy):
    """Spans and holes of each source; who holds what, since and until when."""
    with busy.db.connect() as conn:
        conn.execute("update answerd.source set heard_from = now() - interval '2 hours', heard_until = now()")
        conn.execute("insert into answerd.heard_span select brand_id, account_id, source_id, now() - interval '9 hours', now() - interval '3 hours' from answerd.source")
        conn.execute("insert into answerd.gap (brand_id, account_id, source_id, from_at, until_at, reason, found_at) select brand_id, account_id, source_id, "
                     "now() - interval '3 hours', now() - interval '2 hours', 'the worker was away', now() from answerd.source where name = 'mentions'")
        start = conn.execute("select to_char((now() - interval '10 hours') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')").fetchone()[0]
    said = busy.raw("GET", f"/api/v1/coverage?from={start}").json
    mentions, = [i for i in said["items"] if i["source"] == "mentions"]
    assert len(mentions["spans"]) == 2 and [g["state"] for g in mentions["gaps"]] == ["before", "open"]
    assert mentions["gaps"][1]["reason"] == "the worker was away" and mentions["gaps"][0]["id"] is None
    assert busy.raw("GET", "/api/v1/coverage?from=2100-01-01").status == 400
    c = busy.conversation(busy.say("fred", "Me too", "5 min"))
    assert busy.raw("POST", f"/api/v1/conversations/{c}/claim", {}).status == 200
    team = busy.raw("GET", "/api/v1/team").json
    me, = [m for m in team["items"] if m["holds"]]
    assert me["login"] == "admin" and me["conversations"][0]["id"] == c and me["conversations"][0]["since"] and me["conversations"][0]["until"]
    assert team["free"]["waiting"] == 2


def test_one_act_for_many(busy):
    """Each has its own result, each is audited, and the same key does it once; replies are never among them."""
    ids = [busy.conversation(busy.say(f"p{i}", "hello?", "30 min")) for i in range(3)]
    gone = busy.conversation(busy.say("gone", "hi", "30 min"))
    assert busy.raw("POST", f"/api/v1/conversations/{gone}/dismiss", {"reason": "a greeting"}).status == 200

    def bulk(status=200, **body):
        said = busy.raw("POST", "/api/v1/conversations/bulk", body, {"Idempotency-Key": f"k{json.dumps(body)[:150]}".replace(" ", "")})
        assert said.status == status, said.body
        return said.json

    audits = busy.db.one("select count(*) from answerd.audit")
    said = bulk(ids=[*ids, gone, "999", "x", ids[0]], act="dismiss", reason="a wave of greetings")
    assert (said["done"], said["refused"]) == (3, 3)
    assert [(i["id"], i["is_done"], i["status"]) for i in said["items"]] == [
        *((i, True, 200) for i in ids), (gone, False, 409), ("999", False, 404), ("x", False, 404)]
    assert bulk(ids=[*ids, gone, "999", "x", ids[0]], act="dismiss", reason="a wave of greetings") == said
    assert busy.db.one("select count(*) from answerd.audit") == audits + 3
    more = [busy.conversation(busy.say(f"q{i}", "hello?", "30 min")) for i in range(3)]
    assert bulk(ids=more, act="tag", tag="wave")["done"] == 3 and bulk(ids=more, act="take")["done"] == 3
    assert {tuple(e["tags"]) for e in busy.answer("queue", "--mine", code=0).items} == {("wave",)}
    assert bulk(ids=more, act="give", who=None)["done"] == 3 and bulk(ids=more, act="snooze", **{"for": "2h"})["done"] == 3
    for body in ({"act": "reply", "ids": more, "text": "no"}, {"act": "dismiss", "ids": more}, {"act": "dismiss", "ids": [], "reason": "x"}, {"act": "tag", "ids": more},
                 {"act": "tag", "ids": "1", "tag": "x"}, {"act": "tag", "ids": [str(i) for i in range(201)], "tag": "x"}, {"ids": more}):
        bulk(400, **body)
    assert busy.answer("verify", code=0)


def test_many_at_once_do_not_wait_for_each_other_in_a_circle(busy):
    """Two waves over the same conversations in opposite order, beside single acts: locks are taken in one order, so all come to an end."""
    ids = [busy.conversation(busy.say(f"p{i}", "hello?", "30 min")) for i in range(12)]

    def act(n):
        some = ids if n % 2 else ids[::-1]
        if n % 3 == 0:
            return busy.raw("POST", f"/api/v1/conversations/{some[n % 12]}/tags", {"add": f"t{n}"}).status
        body = {"ids": some, "act": "dismiss", "reason": f"wave {n}"} if n % 3 == 1 else {"ids": some, "act": "tag", "tag": f"w{n}"}
        return busy.raw("POST", "/api/v1/conversations/bulk", body).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(act, range(24))) == {200}
    assert busy.db.one("select count(*) from answerd.conversation where conversation_id::text = any(%s) and waiting_since is null", ids) == 12
    assert busy.db.one("select count(*) from answerd.audit where act = 'dismiss'") == 12
    assert busy.answer("verify", code=0)
