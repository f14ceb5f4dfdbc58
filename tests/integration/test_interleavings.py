"""Two transactions on one reply, in every order: each begins, the other runs into it, the first commits (I2, I3). Whatever comes of it, there
is one attempt at a time, one message of ours, and clocks that follow from the messages."""
import itertools
import threading

import psycopg
import pytest

from rig.front import closed_shop  # noqa: F401 (a fixture)

SENDERS = {}


class Case:
    """One question with one reply that is queued, being posted, or of which nobody knows."""

    def __init__(self, shop, base):
        self.shop, self.db = shop, shop.db
        self.question = shop.say(f"ann{shop.n}", f"question {shop.n}?")
        self.conversation = shop.conversation(self.question)
        self.posted = f"p{shop.n}"
        self.brand, self.account = self.db.rows("select brand_id, account_id from answerd.account")[0].values()
        self.reply = self.db.one("select answerd.reply_make(%s, %s, %s, null, false, false, array['words'])", self.conversation, SENDERS["ann"],
                                 f"Some words for {self.question} alone")["id"]
        self.attempt = 0
        if base != "queued":
            self.claim_by(self.db, SENDERS["one"])
            self.attempt = self.db.one("select max(attempt_id) from answerd.attempt where reply_id = %s", int(self.reply))
        if base == "unknown":
            self.db.one("select answerd.reply_outcome(%s, %s, %s, 'unknown', null, null, 'reset', null)", self.brand, int(self.reply), self.attempt)
            self.db.rows("update answerd.reply set not_before = null where reply_id = %s", int(self.reply))
            self.claim_by(self.db, SENDERS["one"])
        if base == "orphan":
            self.db.rows("update answerd.attempt set sender_id = 999999 where attempt_id = %s", self.attempt)

    @staticmethod
    def claim_by(conn, sender):
        sql = "select * from answerd.respond_claim(%s, array['acme'], array['acme_social'], array[8])"
        return conn.rows(sql, sender) if hasattr(conn, "rows") else conn.execute(sql, (sender,)).fetchall()

    # ---- what can happen to it
    def claim(self, conn):
        self.claim_by(conn, SENDERS["two"])

    def outcome_sent(self, conn):
        conn.execute("select answerd.reply_outcome(%s, %s, %s, 'sent', %s, null, null, null)", (self.brand, self.reply, self.attempt, self.posted))

    def outcome_unknown(self, conn):
        conn.execute("select answerd.reply_outcome(%s, %s, %s, 'unknown', null, null, 'reset', null)", (self.brand, self.reply, self.attempt))

    def look_found(self, conn):
        conn.execute("select answerd.reply_looked(%s, %s, %s, %s, null, null)", (self.brand, self.reply, SENDERS["one"], self.posted))

    def look_vain(self, conn):
        conn.execute("select answerd.reply_looked(%s, %s, %s, null, null, null)", (self.brand, self.reply, SENDERS["one"]))

    def another_reply(self, conn):
        conn.execute("select answerd.reply_make(%s, %s, 'Quite other words from Bob', null, false, false, array['other'])", (self.conversation, SENDERS["bob"]))

    def dismiss(self, conn):
        conn.execute("select answerd.dismiss(%s, %s, 'they called')", (self.conversation, SENDERS["bob"]))

    def heard(self, conn, who, text, ident=None):
        """A page; one that came behind another is asked for again, as the worker does."""
        for attempt in (1, 2):
            try:
                self.shop.say(who, text, ago="0 min", parent=self.question, ident=ident, conn=conn)
                return
            except AssertionError:
                if attempt == 2:
                    raise

    def our_own_message(self, conn):
        if self.attempt:
            self.heard(conn, "us", "words", self.posted)

    def the_customer_again(self, conn):
        self.heard(conn, f"ann{self.question[1:]}", "hello?")

    # ---- what must be so
    def finish(self):
        """Drives it to its end as a worker would, and judges."""
        live = "select count(*) from answerd.attempt where reply_id = %s and ended_at is null"
        assert self.db.one(live, int(self.reply)) <= 1
        for _ in range(12):
            state = self.db.one("select state::text from answerd.reply where reply_id = %s", int(self.reply))
            if state == "sent":
                break
            self.db.rows("update answerd.reply set not_before = null, look_until = null, unknown_at = unknown_at - interval '2 min' where reply_id = %s",
                         int(self.reply))
            self.claim_by(self.db, SENDERS["one"])
            assert self.db.one(live, int(self.reply)) <= 1
            self.attempt = self.db.one("select max(attempt_id) from answerd.attempt where reply_id = %s", int(self.reply))
            state = self.db.one("select state::text from answerd.reply where reply_id = %s", int(self.reply))
            (self.outcome_sent if state == "posting" else self.look_found)(self.db.hand())
        assert state == "sent", state
        ours = self.db.column("select external_id from answerd.message where direction = 'outbound' and parent_id = %s and body = 'words'", self.question)
        assert ours == [self.posted]


OPS = ["claim", "outcome_sent", "outcome_unknown", "look_found", "look_vain", "another_reply", "dismiss", "our_own_message", "the_customer_again"]


@pytest.fixture
def place(closed_shop):  # noqa: F811
    shop, db = closed_shop, closed_shop.db
    db.rows("select answerd.declare_replies(%s)", '{"brands": [{"name": "acme", "sign": false, "approval": false, "repeat_limit": 0, "accounts": [{"name": '
            '"acme_social", "is_able": true, "answers": ["mention", "reply"], "window_s": 0, "key_valid_s": 3600, "has_lookup": true, "settle_us": 1000000, '
            '"every_us": 1000000}]}]}')
    for name in ("ann", "bob"):
        SENDERS[name] = db.one("insert into answerd.staff (login, name) values (%s, %s) returning staff_id", name, name.title())
    with db.connect() as one, db.connect() as two:
        SENDERS["one"], SENDERS["two"] = (c.execute("select o_sender from answerd.respond_begin('w', 0)").fetchone()[0] for c in (one, two))
        yield shop


@pytest.mark.parametrize("base", ["queued", "posting", "unknown", "orphan"])
def test_every_pair_in_every_order(place, base):
    """81 pairs on four starts: no lost end, no second attempt, no wrong clock; a refusal is the only error there is."""
    db = place.db
    with psycopg.connect(db.conninfo) as a, psycopg.connect(db.conninfo) as b:
        for conn in (a, b):
            conn.execute("set statement_timeout = '20s'")
            conn.commit()
        for first, second in itertools.product(OPS, OPS):
            case = Case(place, base)
            for error in collide(case, first, a, second, b):
                assert (getattr(error, "sqlstate", None) or "").startswith("AN"), (base, first, second, error)
            try:
                case.finish()
            except AssertionError as error:
                raise AssertionError(f"{base}: {first} and {second}: {error}") from error
            # What is left of this case does not disturb the next one.
            db.rows("update answerd.reply set state = 'failed_visible' where state not in ('sent', 'failed_visible')")
            db.rows("update answerd.attempt set ended_at = now(), outcome = 'refused' where ended_at is null")
            if second == OPS[-1]:
                found = db.one("select answerd.verify()")["findings"]
                assert not found, (base, first, found)


def collide(case, first, a, second, b):
    """The first acts, the second runs into it, the first commits; what went wrong."""
    failures = []

    def act(op, conn):
        try:
            getattr(case, op)(conn)
            return True
        except (psycopg.Error, AssertionError) as error:
            conn.rollback()
            failures.append(error)
            return False

    def late():
        if act(second, b):
            b.commit()
    act(first, a)
    other = threading.Thread(target=late)
    other.start()
    other.join(0.01)
    a.commit()
    other.join(30)
    assert not other.is_alive(), (first, second)
    return failures
