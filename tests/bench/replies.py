"""Replies on loopback against `curl`, which posts the same requests to the same server (the town, which keeps its book in memory): one after another
over one connection, and one a process as a person would. The requests are those that the connector builds."""
import json
import pathlib
import shutil
import subprocess
import sys
import time

from rig.house import House
from rig.poster import Poster, key_of
from rig.programs import migrate
from rig.town import Town
from rig.wait import wait_until

N_AT_ONCE, N_SINGLE = 500, 200


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def ask(house, n, first):
    """n customers with a question each: [(conversation, message)]."""
    guests = range(first, first + n)
    house.town.call("POST", "do", [{"op": "person", "server": "social", "key": f"guest{i}"} for i in guests])
    ids = [r["id"] for r in house.town.bulk([{"author": f"guest{i}", "text": f"@shop question {i}?"} for i in guests], server="social")]
    known = "select m.external_id, c.conversation_id::text from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, " \
            "brand_id) where c.waiting_since is not null"

    def there():
        found = {r["external_id"]: r["conversation_id"] for r in house.database.rows(known)}
        return [(found[i], i) for i in ids] if set(ids) <= set(found) else None
    return wait_until(there, 120, "all questions wait")


def at_once(house, asked, cpu):
    """(replies a second, CPU seconds of the worker and of its sessions for each): all are queued, then let go."""
    house.database.one("select answerd.panic(answerd.desk_admin(), true)")
    for i, (c, _) in enumerate(asked):
        text = f"It left us today, with number {i}."
        house.database.rows("select answerd.reply_make(%s, answerd.desk_admin(), %s, null, false, false, array[%s])", c, text, text)
    sessions = house.database.column("select pid from pg_stat_activity where application_name like 'answerd%%' and datname = current_database()")
    before = cpu(house.worker.process.pid), sum(map(cpu, sessions))
    begun = time.monotonic()
    house.database.one("select answerd.panic(answerd.desk_admin(), false)")
    open_ = "select not exists (select from answerd.reply where state not in ('sent', 'failed_visible', 'needs_human'))"
    wait_until(lambda: house.database.one(open_), 300, "all are sent")
    took = time.monotonic() - begun
    if house.database.column("select distinct state::text from answerd.reply") != ["sent"]:
        sys.exit("a reply was not sent; the bench is worth nothing")
    return len(asked) / took, (cpu(house.worker.process.pid) - before[0]) / len(asked), (sum(map(cpu, sessions)) - before[1]) / len(asked)


def one_by_one(house, asked):
    """Milliseconds from `answer reply` to the platform's acknowledgement, as the house wrote it down."""
    found = []
    for i, (c, _) in enumerate(asked):
        begun = time.time()
        reply = house.answer("reply", c, "-m", f"Yours is on its way, I saw it myself: {i}", code=0).json["id"]
        sent = wait_until(lambda reply=reply: house.database.one("select extract(epoch from ended_at)::float8 from answerd.attempt where reply_id = %s "
                                                                 "and outcome = 'sent'", int(reply)), 30, "it is sent", every=0.005)
        found.append((sent - begun) * 1000)
    return found


def curl_words(request, token):
    """The same request for curl's own configuration file."""
    quoted = json.dumps(request["body"])
    headers = {**request["headers"], "Content-Type": request["content_type"], "Authorization": "Bearer " + token}
    return "\n".join([f'url = "{request["url"]}"', "request = \"POST\"", f"data-raw = {quoted}", 'output = "/dev/null"', "silent", "http1.1",
                      'write-out = "%{http_code} "'] + [f'header = "{k}: {v}"' for k, v in headers.items()]) + "\n"


def curl(house, folder, own, asked_at_once, asked_single):
    """(requests a second over one connection, milliseconds of each with a process of its own)."""
    poster = Poster(folder, "mastodon", server=house.town_url, token=own["token"], own_id=own["id"], own_handle="shop")

    def words(i, message):
        posting = {"key": key_of(time.time_ns() // 1000 + i), "text": f"It left us today, with number {i}.", "parent": message, "visibility": "public",
                   "begun": "2026-01-01T00:00:00Z", "author_handle": f"guest{i}", "author_id": "1"}
        return curl_words(poster.ask("reply", posting), own["token"])
    many, single = folder / "many.curl", folder / "one.curl"
    many.write_text("next\n".join(words(i, m) for i, (_, m) in enumerate(asked_at_once)), encoding="utf-8")
    begun = time.monotonic()
    done = subprocess.run(["curl", "-q", "-K", str(many)], capture_output=True, text=True, check=True)
    rate = len(asked_at_once) / (time.monotonic() - begun)
    if set(done.stdout.split()) != {"200"}:
        sys.exit(f"curl was refused: {done.stdout[:200]}")
    found = []
    for i, (_, m) in enumerate(asked_single):
        single.write_text(words(1000 + i, m), encoding="utf-8")
        begun = time.monotonic()
        subprocess.run(["curl", "-q", "-K", str(single)], capture_output=True, check=True)
        found.append((time.monotonic() - begun) * 1000)
    return rate, found


def run(cluster, folder, cpu, n_at_once=N_AT_ONCE, n_single=N_SINGLE):
    """One run; a dict of figures."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)  # the town keeps its book
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(folder / "town", "--no-sync", "--no-answers")
    database = cluster.create()
    house = House(town, database, folder)
    try:
        house.config.brand()["repeat_limit"] = 0
        house.town_url = house.mastodon("social", own="shop", max_per_host=16, options={"rate_limit": 1_000_000})
        own = next(s for s in town.call("GET", "servers") if s["name"] == "social")["own"][0]
        migrate(house.config)
        house.begin()
        asked, singles = ask(house, n_at_once, 0), ask(house, n_single, n_at_once)
        rate, worker_s, server_s = at_once(house, asked, cpu)
        ours = one_by_one(house, singles)
        house.worker.stop()
        curl_rate, theirs = curl(house, folder, own, asked, singles)
    finally:
        house.end()
        town.stop()
        database.drop()
    return {"rate": rate, "curl_rate": curl_rate, "worker_ms": worker_s * 1000, "server_ms": server_s * 1000, "p50": percentile(ours, 0.5),
            "p99": percentile(ours, 0.99), "curl_p50": percentile(theirs, 0.5), "curl_p99": percentile(theirs, 0.99)}
