"""/metrics and /healthz of the desk: the text format of Prometheus to the letter, and numbers that say what is so."""
import http.client
import re
import socket

import pytest

from rig import wait_until

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)$")


def parse(text):
    """Format 0.0.4, strictly: HELP, TYPE, then the samples of one family together; no family and no sample twice. → {name: {labels: value}}"""
    families, name, head = {}, None, []
    assert text.endswith("\n") and "\n\n" not in text
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in families and len(line.split(" ", 3)[3]) > 10, line
            families[name], head = {}, ["help"]
        elif line.startswith("# TYPE "):
            assert head == ["help"] and line.split(" ")[2:] == [name, "gauge"], line
            head.append("type")
        else:
            match = SAMPLE.match(line)
            assert match and match.group(1) == name and head == ["help", "type"], line
            labels = tuple(re.findall(rf"({NAME})=\"((?:[^\"\\]|\\.)*)\"", match.group(2) or ""))
            assert labels not in families[name], line
            families[name][labels] = float(match.group(3))
    assert all(families.values())
    return families


@pytest.fixture
def watched(house):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        house.port = probe.getsockname()[1]
    house.config.desk = {"listen": [str(house.config.socket), f"127.0.0.1:{house.port}"]}
    house.mastodon("social", own="shop", people=("ann", "bob"), listen=['search:kettle "and" \\crumb'])
    house.mastodon("other", own="shop2", people=("zed",), brand="bolt")
    return house.begin()


def ask(house, path):
    conn = http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)
    conn.request("GET", path)
    answer = conn.getresponse()
    text = answer.read().decode()
    conn.close()
    return answer, text


def metrics(house):
    answer, text = ask(house, "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return parse(text)


def test_numbers_say_what_is_so(watched):
    """Waits by brand, workers, sources with their lag, sizes; a source of a strange name is one sample all the same."""
    house = watched
    house.wait_for(house.town.post("ann", "@shop where is it?"), house.town.post("bob", "@shop and mine?"), house.town.post("zed", "@shop2 hello?", "other"))
    acme, bolt = (("brand", "acme"),), (("brand", "bolt"),)
    wait_until(lambda: metrics(house)["answerd_waiting"] == {acme: 2, bolt: 1}, 20, "three people wait")
    wait_until(lambda: all(v == 1 for v in metrics(house)["answerd_source_listening"].values()), 30, "every source is heard")
    ratios = wait_until(lambda: metrics(house).get("answerd_account_rate_left_ratio"), 20, "what the platform allows, with the next heartbeat")
    assert all(0 <= v <= 1 for v in ratios.values())
    house.shift(3600)
    wait_until(lambda: metrics(house)["answerd_oldest_wait_seconds"][acme] >= 3600, 20, "an hour later")
    found = metrics(house)
    assert found["answerd_mean_wait_seconds"][bolt] >= 3600 and found["answerd_database_up"] == {(): 1}
    assert found["answerd_workers"] == {(): 1} and 0 <= found["answerd_worker_beat_age_seconds"][()] < 30
    assert found["answerd_accounts"][(("state", "listening"),)] == 2 and found["answerd_alerts_open"][(("event", "quarantine"),)] == 0
    sources = {dict(labels)["source"] for labels in found["answerd_source_failures"]}
    assert 'search:kettle \\"and\\" \\\\crumb' in sources and {"mentions", "threads"} <= sources
    assert all(v >= 0 for v in found["answerd_source_lag_seconds"].values()) and len(found["answerd_source_lag_seconds"]) >= 4
    tables = {dict(labels)["table"]: n for labels, n in found["answerd_table_bytes"].items()}
    assert tables["message"] > 8192 and {"message_raw", "conversation", "audit"} <= set(tables) and not [t for t in tables if re.search(r"_20\d\d", t)]


def test_trouble_shows(watched):
    """A refused account, an element in quarantine, a second worker, then none; the database away."""
    house = watched
    house.wait_for(house.town.post("ann", "@shop one"))
    assert ask(house, "/healthz")[0].status in (200, 503)
    house.town.fault("poison", server="social", path="notifications", how="nul", count=1)
    house.town.post("bob", "@shop two")
    wait_until(lambda: sum(metrics(house).get("answerd_quarantine_open", {}).values()) >= 1, 30, "quarantine")
    house.another_worker().start()
    wait_until(lambda: metrics(house)["answerd_workers"] == {(): 2}, 20, "two workers")
    for worker in house.workers:
        worker.kill()
    wait_until(lambda: metrics(house)["answerd_workers"] == {(): 0}, 20, "none")
    house.database.cluster.stop("immediate")
    try:
        wait_until(lambda: metrics(house) == {"answerd_database_up": {(): 0}, "answerd_desk_streams": {(): 0}}, 20, "the database is away")
        assert ask(house, "/healthz")[0].status == 503
    finally:
        house.database.cluster.start()
    wait_until(lambda: metrics(house)["answerd_database_up"] == {(): 1}, 45, "it is back")
