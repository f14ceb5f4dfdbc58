"""The rig itself: PostgreSQL, the town and the configuration writer work without our programs."""
from rig import Config, wait_until


def test_cluster_gives_fresh_databases(cluster):
    one, two = cluster.create(), cluster.create()
    one.rows("create table t (i int)")
    assert two.one("select count(*) from pg_class where relname = 't'") == 0
    third = cluster.create(one.name) if one.conn is None or not one.conn.close() else None
    assert third.one("select count(*) from t") == 0
    for database in (one, two, third):
        database.drop()


def test_town_in_the_rig(town):
    url = town.mastodon("social")
    assert url.endswith("/m/social")
    town.person("shop", own="acme")
    town.person("ann")
    ident = town.post("ann", "@shop hello")
    assert [p["id"] for p in town.truth()] == [ident]
    assert town.served_ids() == set() and list(town.answers()) == []
    town.shift(3600)
    assert wait_until(town.now_ms, 1)


def test_config_is_libconfig(tmp_path):
    config = Config(tmp_path, "host=/x dbname=y user=postgres")
    config.account("acme_social", "mastodon", "http://127.0.0.1:1/m/x", "secret", listen=["mentions", "search:#acme"])
    config.policies.append({"name": "p", "kinds": ["direct"], "warn": "45m"})
    text = config.write().read_text(encoding="utf-8")
    assert 'listen = ["mentions", "search:#acme"];' in text and 'policies = ( { name = "p";' in text
    assert "secret" not in text and (tmp_path / "acme_social.token").read_text(encoding="utf-8") == "secret\n"
