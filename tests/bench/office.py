"""An office of care whose queue is long: PostgreSQL with durable settings, a desk on a port of TCP, people who have signed in. For benches."""
import contextlib
import json
import pathlib
import shutil

from rig.config import Config
from rig.door import newcomer
from rig.front import Shop, free_port
from rig.programs import migrate

SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "2GB", "autovacuum_naptime": "60s"}
# Five brands of different sizes, two accounts each.
BRANDS = 5
FILL = """
insert into answerd.identity (brand_id, realm, external_id, handle, name)
select b.brand_id, 'r', 'u' || i, 'user' || i, 'User ' || i from answerd.brand b, generate_series(1, 1000) i;
insert into answerd.conversation (brand_id, account_id, customer_id, waiting_since, unanswered, oldest_id, kind, nature, platform, root_id, excerpt,
	customer_name, customer_handle, due_at, warn_at, alarm_at, tags)
select a.brand_id, a.account_id, u.identity_id, now() - interval '30 days' + n * interval '30 days' / {n}, 1, 'x' || n, 'mention', 'question', a.platform, 'x' || n,
	'My parcel with the number ' || n || ' has not arrived, and nobody tells me where it is. Could somebody please look?', u.name, u.handle,
	now() - interval '29 days' + n * interval '30 days' / {n}, now() - interval '29 days 2 hours' + n * interval '30 days' / {n}, null,
	case when n % 10 = 0 then '{{parcel}}'::text[] else '{{}}' end
from generate_series(1, {n}) n
join lateral (select (floor({brands} * power((n * 7919 % 1000) / 1000.0, 2)))::int as b) x on true
join lateral (select * from answerd.account where brand_id = (select min(brand_id) from answerd.brand) + x.b order by account_id offset n % 2 limit 1) a on true
join answerd.identity u on u.brand_id = a.brand_id and u.external_id = 'u' || (1 + n % 1000);
"""


def declared():
    brands, replies = [], []
    for b in range(BRANDS):
        accounts = [{"name": f"acme{b}_{name}", "platform": name, "server": "https://social.example", "realm": "r", "is_time_authors": False, "every_us": 60000000,
                     "sources": ["mentions", "own"]} for name in ("mastodon", "bluesky")]
        brands.append({"name": f"acme{b}", "timezone": "Europe/London", "hours": ["Mon-Sat 08:00-20:00"], "holidays": [], "accounts": accounts})
        replies.append({"name": f"acme{b}", "sign": False, "approval": False, "repeat_limit": 5, "accounts": [
            {"name": a["name"], "is_able": True, "answers": ["mention", "reply"], "window_s": 0, "key_valid_s": 3600, "has_lookup": True, "settle_us": 1000000,
             "every_us": 1000000} for a in accounts]})
    return {"brands": brands, "policies": [], "health": {"notify": [], "silent_us": 0}}, {"brands": replies}


def furnish(database, n):
    """Brands, accounts that listen, and n conversations that wait."""
    house, replies = declared()
    database.rows("select answerd.declare(%s::jsonb)", json.dumps(house))
    while database.rows("select * from answerd.renewed(1000)"):
        pass
    database.rows("select answerd.declare_replies(%s)", json.dumps(replies))
    with database.connect() as conn:
        conn.execute("update answerd.account set state = 'listening', holder = 'bench', held_until = now() + interval '1 day', own_id = 'us', own_handle = 'acme'")
        conn.execute("update answerd.source set imported_at = now(), heard_at = now() + interval '1 day', heard_until = now() + interval '1 day'")
        conn.execute("insert into answerd.worker values ('bench', 1, now(), now() + interval '1 day')")
        conn.execute(FILL.format(n=n, brands=BRANDS))
        conn.execute("vacuum analyze answerd.conversation")
        conn.execute("analyze answerd.identity")


class Office(Shop):
    """A shop that is not tapped: what it answers is measured, not judged."""

    def __init__(self, database, folder):
        shutil.rmtree(folder, ignore_errors=True)
        pathlib.Path(folder).mkdir(parents=True)
        config = Config(folder, database.conninfo)
        config.brand()
        migrate(config)
        super().__init__(database, config)
        database.rows("truncate answerd.brand, answerd.worker cascade")
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        config.desk["listen"] = [str(config.socket), f"127.0.0.1:{self.port}"]

    def person(self, login, role="agent"):
        return newcomer(self, login, role)


@contextlib.contextmanager
def office(cluster, folder, n):
    database = cluster.create()
    shop = Office(database, folder)
    furnish(database, n)
    shop.desk.start().wait_ready()
    try:
        yield shop
    finally:
        shop.desk.kill()
        shop.tap.done()
        database.drop()
