"""A shop floor without a town: a worker that tells people, and customers who wait since whenever a test says. Pages go
straight into answerd.ingest, so that a wait falls due at a known instant."""
import hashlib

from rig.config import Config
from rig.programs import Answer, Desk, Worker, migrate
from rig.wait import wait_until

TYPES = (["int"] * 3 + ["bigint", "text", "bigint", "text", "bool", "bigint"] + ["text[]"] * 7 + ["int[]"] + ["text[]"] * 7
         + ["bigint[]"] * 2 + ["text[]"] * 2 + ["bigint[]", "text[]", "int[]"] + ["text[]"] * 5)
PAGE = 80           # as platforms serve them
CALL = "select * from answerd.ingest(" + ", ".join(f"%s::{t}" for t in TYPES) + ")"


class Floor:
    def __init__(self, database, folder):
        self.database, self.folder = database, folder
        self.config = Config(folder / "floor", database.conninfo)
        self.config.brand(hours=["Mon-Sun 00:00-24:00"])
        self.config.policies = [{"name": "fast", "kinds": ["mention", "reply", "direct"], "warn": "20m", "first": "30m", "stop": "2h",
                                 "clock": "calendar", "notify": ["care"], "escalate": ["owner"]}]
        self.worker = Worker(self.config, folder, "worker")
        self.desk, self.ears, self.n = None, [], 0

    # ---- making it
    def channel(self, name, ear, **options):
        """A webhook or a mail channel that goes to this ear."""
        self.ears.append(ear)
        if hasattr(ear, "url"):
            made = {"type": "webhook", "url": ear.url}
        else:
            made = {"type": "smtp", "server": ear.server_url, "from": "answerd@shop.example", "to": ["care@shop.example"]}
        self.config.channels[name] = {**made, "insecure_loopback": True, "group_interval": "1s", **options}
        return ear

    def secret(self, name, text):
        path = self.config.folder / f"{name}.secret"
        path.write_text(text + "\n", encoding="utf-8")
        path.chmod(0o600)
        return f"file:{path}"

    def begin(self, health=("owner",), **more):
        self.config.health = {"notify": list(health), **more}
        self.worker.start()
        wait_until(lambda: self.database.one("select count(*) from answerd.policy where name = 'fast'") == 1
                   and self.database.one("select holder from answerd.alert_house") and self.worker.is_running(), 20, "the worker has declared and speaks")
        return self

    def account(self, name="acme_social", is_imported=True):
        """An account that nobody asks: the configuration does not name it."""
        brand = self.database.one("select brand_id from answerd.brand where name = 'acme'")
        account = self.database.one("insert into answerd.account (brand_id, name, platform, server, realm, every_us, own_id) values (%s, %s, 'mastodon', "
                                    "'https://x.example', %s, 60000000, 'us') returning account_id", brand, name, name)
        source = self.database.one("insert into answerd.source (brand_id, account_id, name, imported_at) values (%s, %s, 'mentions', case when %s then now() end) "
                                   "returning source_id", brand, account, is_imported)
        return brand, account, source

    def say(self, place, n, due_in, first="30 min", text="Where is my parcel?", handle=None, kind="mention", nature="question", about=False, last=True,
            history=0):
        """n customers, one question each; they fall due in so many seconds (a number, or a list of them). Returns ids of conversations."""
        due = due_in if isinstance(due_in, list) else [due_in] * n
        ids = [f"m{self.n + i}" for i in range(n)]
        self.n += n
        with self.database.connect() as conn:
            now, lead = conn.execute("select answerd.us(answerd.now()), (extract(epoch from %s::interval) * 1000000)::bigint", (first,)).fetchone()
            at = [now - lead + int(d * 1_000_000) for d in due]
            for i in range(0, n, PAGE):
                self.page(conn, place, ids[i:i + PAGE], at[i:i + PAGE], text, handle, kind, nature, 2 if about else 1, last, history)
        rows = self.database.rows("select m.external_id, c.conversation_id::text as id from answerd.message m join answerd.conversation c "
                                  "using (root_id, customer_id, account_id, brand_id) where m.external_id = any(%s)", ids)
        found = {r["external_id"]: r["id"] for r in rows}
        return [found[i] for i in ids]

    @staticmethod
    def page(conn, place, ids, at, text, handle, kind, nature, flags, last, history):
        brand, account, source = place
        n, hashed = len(ids), int.from_bytes(hashlib.md5(text.encode()).digest()[:7], "big")
        seq = conn.execute("select poll_seq from answerd.source where source_id = %s", (source,)).fetchone()[0]
        state = conn.execute(CALL, [
            brand, account, source, 1, "poll", seq, "x", last, history, ids, [None] * n, [None] * n, [None] * n, [kind] * n, ["inbound"] * n,
            ["public"] * n, [flags] * n, ids, [handle or i for i in ids], ids, [text] * n, [None] * n, [None] * n, [None] * n, at, [0] * n, [None] * n,
            [nature] * n, [hashed] * n, ["{}"] * n, [], [], [], [], [], []]).fetchone()
        assert state[0] == "ok", state

    def open_desk(self):
        self.desk = Desk(self.config, self.folder).start().wait_ready()
        return self

    @property
    def answer(self):
        return Answer(self.config)

    def migrate(self):
        migrate(self.config)

    # ---- looking
    def untold(self, step="due"):
        """Alerts of a step that no channel has taken yet."""
        return self.database.one("select count(*) from answerd.delivery d join answerd.alert a using (alert_id, brand_id) "
                                 "where a.step = %s and d.state <> 'told'", step)

    def end(self):
        for program in (self.worker, self.desk):
            if program is not None:
                program.kill()
        for ear in self.ears:
            ear.destroy()
