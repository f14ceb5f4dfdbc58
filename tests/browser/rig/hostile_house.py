"""The house of the browser tests, filled with hostile texts: in every column whose words a page shows, by whoever they were written."""
from rig.wait import wait_until

LONG_THREAD, SHORT_THREAD = 250, 40
STATES = ("needs_human", "failed_visible", "unknown", "queued", "reconciling")
EMPTIED = ("message", "conversation", "identity", "message_source", "message_raw", "message_revision", "answer_link", "wanted_thread", "note", "note_mention", "reply", "thread_join",
           "saved_view", "conversation_words", "alert", "delivery", "telling", "gap", "heard_span", "snippet", "silence", "trouble")


class Filled:
    """`turn` moves every text one kind of place on: with enough turns each of them stood everywhere."""

    def __init__(self, house, texts, turn=0, threads=4):
        self.house, self.db, self.texts = house, house.db, texts
        self.n, self.turn = len(texts), turn
        self.n_threads, self.threads = threads, []

    def text(self, i, most=None):
        """The i-th, cut where the place it is for is short; never blank, which no table takes."""
        words = self.texts[(i + self.turn) % self.n]
        words = words if most is None else words[:most]
        return words if words.strip() else "blank"

    def empty(self):
        with self.db.connect() as conn:
            conn.execute(f"truncate {', '.join('answerd.' + t for t in EMPTIED)} cascade")
            conn.execute("delete from answerd.source where name like 'search:%'")
            conn.execute("delete from answerd.channel where name like 'hook%'")
            conn.execute("update answerd.source set failure = null, failures = 0, failing_since = null, heard_at = now(), heard_until = now()")
            conn.execute("update answerd.staff set name = initcap(login) where login like 'rogue%'")

    def fill(self):
        self.empty()
        self.queue()
        for k in range(self.n_threads):
            self.thread(k, k * LONG_THREAD, LONG_THREAD)
        self.thread(self.n_threads, self.n_threads * LONG_THREAD, SHORT_THREAD)  # for what is opened over it, again and again
        with self.db.connect() as conn:
            self.house_says(conn)
            self.staff_says(conn)
        while self.db.one("select answerd.words_catch_up(500)"):
            pass
        wait_until(lambda: self.db.one("select count(*) from answerd.conversation where waiting_since is not null") >= self.n, 60, "all of them wait")
        return self

    def page(self, rows):
        """One page of a listener: dicts of columns, through ingest like all others."""
        self.house.n += len(rows)
        with self.db.connect() as conn:
            v = conn.execute("select a.brand_id, a.account_id, a.epoch, s.source_id, s.poll_seq, answerd.us(answerd.now()) from answerd.account a join answerd.source s using (account_id, brand_id) "
                             "where s.name = 'mentions'").fetchone()
            col = lambda name, other=None: [r.get(name, other) for r in rows]  # noqa: E731
            state = conn.execute(
                "select o_state from answerd.ingest(%s, %s, %s, %s, 'poll', %s, 'x', true, 0, %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], "
                "%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], "
                "'{}', '{}', '{}', '{}', '{}', '{}')",
                (v[0], v[1], v[3], v[2], v[4], col("id"), col("parent"), col("thread"), col("peer"), col("kind"), col("direction", "inbound"), col("visibility", "public"), col("flags", 1),
                 col("author"), col("handle"), col("name"), col("body"), col("warning"), col("language"), col("permalink"), [v[5] - r["ago"] * 1_000_000 for r in rows],
                 col("edited", 0), col("revision"), col("nature", "question"), [abs(hash(r["body"])) >> 2 for r in rows], ["{}"] * len(rows))).fetchone()[0]
        assert state == "ok"

    def who(self, i):
        return {"handle": self.text(i + 1, 100), "name": self.text(i + 2, 200), "permalink": self.text(i + 3, 500), "language": self.text(i + 4, 20)}

    def queue(self):
        """Each text waits by itself; its writer has a hostile name and handle, its address is one, too."""
        rows = [{"id": f"q{i}", "kind": "mention", "author": f"a{i}", "body": f"{self.text(i)} kettle k{i:04d}", "ago": 60 * (self.n - i) + 600, **self.who(i)} for i in range(self.n)]
        for k in range(0, self.n, 250):
            self.page(rows[k:k + 250])
        with self.db.connect() as conn:
            conn.cursor().executemany("update answerd.conversation set tags = %s where root_id = %s", [([self.text(i + 5 + t, 60) for t in range(1 + i % 3)], f"q{i}") for i in range(self.n)])
            conn.execute("update answerd.conversation set stop_at = now() - interval '6 hours' where root_id in (select 'q' || g from generate_series(0, 149) g)")

    def thread(self, k, first, n):
        """A customer and many others below a post of ours, each with a text of their own; edited, warned of, noted, answered badly."""
        top = f"top{k}"
        self.page([{"id": top, "kind": "post", "direction": "outbound", "flags": 0, "author": "us", "handle": "acme", "name": self.text(first + 9, 200), "body": self.text(first + 8), "ago": 90_000}])
        rows = []
        for j in range(n):
            i = first + j
            by = {"author": f"customer{k}", "flags": 1} if j % 2 == 0 else {"author": f"other{i}", "flags": 0}
            rows.append({"id": f"t{i}", "kind": "reply", "parent": top if j == 0 else f"t{i - 1 - (j % 5 == 0)}", "body": self.text(i), "ago": 80_000 - 60 * j, **self.who(i), **by,
                         "warning": self.text(i + 6, 300) if j % 4 == 3 else None, "nature": "complaint"})
        self.page(rows)
        with self.db.connect() as conn:
            conn.cursor().executemany(
                "insert into answerd.message_revision (brand_id, account_id, replaced_at, hash, external_id, body, warning) select brand_id, account_id, now(), 1, external_id, %s, %s "
                "from answerd.message where external_id = %s", [(self.text(i + 7), self.text(i + 8, 200), f"t{i}") for i in range(first, first + n, 3)])
            conn.execute("update answerd.message set edited_at = now() where external_id = any(%s)", ([f"t{i}" for i in range(first, first + n, 3)],))
            c = conn.execute("select c.conversation_id from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, brand_id) where m.external_id = %s", (f"t{first}",)).fetchone()[0]
            self.threads.append(str(c))
            conn.execute("update answerd.conversation set tags = %s where conversation_id = %s", ([self.text(first + t, 60) for t in range(12)], c))

    def house_says(self, conn):
        """What remote servers and configurations made the house say: reasons, failures, names of sources, alerts."""
        sources = conn.execute("insert into answerd.source (brand_id, account_id, name, failure, failures, failing_since, failed_at, heard_until) select a.brand_id, a.account_id, 'search:' || x, x, 3, now(), now(), now() "
                               "from answerd.account a, unnest(%s::text[]) x on conflict do nothing returning source_id", ([self.text(i * 37, 80) for i in range(25)],)).fetchall()
        for n, (source,) in enumerate(sources):
            conn.execute("insert into answerd.gap (brand_id, account_id, source_id, from_at, until_at, reason, found_at, closed_at, lost_at, lost_reason) select brand_id, account_id, %s, "
                         "now() - interval '30 hours', now() - interval '20 hours', %s, now(), now(), now(), %s from answerd.account", (source, self.text(n * 31 + 1), self.text(n * 31 + 2)))
            conn.execute("insert into answerd.trouble (brand_id, account_id, source_id, reason, is_deaf, since, text) select brand_id, account_id, %s, 'refused', true, now(), %s from answerd.account",
                         (source, self.text(n * 31 + 3, 400)))
        conn.execute("insert into answerd.channel (name, type) values ('hook', 'webhook')")
        for i in range(0, self.n, 10):
            alert = conn.execute("insert into answerd.alert (brand_id, account_id, event, key, channels, text, at, since) select brand_id, account_id, 'gap', %s, '{hook}', %s, now(), "
                                 "now() - interval '2 hours' from answerd.account returning brand_id, alert_id", (f"gap:{i}", self.text(i, 500))).fetchone()
            telling = conn.execute("insert into answerd.telling (channel, group_key, event, n_alerts, title, text, body, attempts, failure, ended_at) values "
                                   "('hook', %s, 'gap', 1, 'x', 'x', '{}', 3, %s, now()) returning telling_id", (f"g{i}", self.text(i + 1, 300))).fetchone()[0]
            conn.execute("insert into answerd.delivery (brand_id, alert_id, channel, group_key, state, telling_id, kept_until, kept_by) values (%s, %s, 'hook', 'g', %s, %s, %s, %s)",
                         (*alert, *(("telling", telling, None, None) if i % 20 else ("kept", None, "2099-01-01", self.text(i + 2, 200)))))

        # Half of it within sentences of ours.
        conn.execute("update answerd.alert set text_parts = jsonb_build_array(jsonb_build_object('code', 'doubt_source', 'account', left(text, 90), 'source', text, 'why', answerd.part_of(text))) "
                     "where alert_id %% 2 = 0", ())

    def staff_says(self, conn):
        """A staff account may be stolen: names, notes, tags, views, snippets, drafts, and what became of replies."""
        for n in range(8):
            conn.execute("insert into answerd.staff (login, name, role) values (%s, %s, 'agent') on conflict (login) do update set name = excluded.name", (f"rogue{n}", self.text(n * 53 + 6, 200)))
        rogues = [r[0] for r in conn.execute("select staff_id from answerd.staff where login like 'rogue%' order by login").fetchall()]
        conn.execute("update answerd.conversation set assignee_id = (%s::bigint[])[1 + conversation_id %% 8], assigned_until = now() + interval '1 day' where conversation_id %% 3 = 0 and root_id like 'q%%'", (rogues,))
        viewer = conn.execute("select staff_id from answerd.staff where login = 'hanna'").fetchone()[0]
        for k, c in enumerate(self.threads):
            for j in range(60):
                i = k * 60 + j
                note = conn.execute("insert into answerd.note (brand_id, conversation_id, staff_id, at, body) select brand_id, conversation_id, %s, now(), %s from answerd.conversation "
                                    "where conversation_id = %s returning brand_id, note_id", (rogues[i % 8], self.text(i + 11), c)).fetchone()
                if j < 3:
                    conn.execute("insert into answerd.note_mention (brand_id, note_id, staff_id) values (%s, %s, %s)", (*note, viewer))
            for j in range(25):
                i = k * 25 + j
                conn.execute(
                    "insert into answerd.reply (brand_id, account_id, conversation_id, customer_id, author_id, seen_version, state, state_since, created_at, queued_at, key, fingerprint, parent_id, reason, "
                    "permalink, body, words) select c.brand_id, c.account_id, c.conversation_id, c.customer_id, %s, 1, %s, now(), now(), now(), %s, 'f', c.oldest_id, %s, %s, %s, %s "
                    "from answerd.conversation c where c.conversation_id = %s",
                    (rogues[i % 8], STATES[j % 5], f"h{i}", self.text(i * 3, 400), self.text(i * 3 + 1, 300), self.text(i * 3 + 2), self.text(i * 3 + 2), c))
        conn.execute("update answerd.reply set reason_parts = jsonb_build_array(jsonb_build_object('code', 'look_failed', 'failure', answerd.part_of(reason))) where reply_id %% 2 = 0", ())
        conn.cursor().executemany("insert into answerd.saved_view (name, query, by_staff, changed_at) values (%s, 'all=1', %s, now()) on conflict do nothing",
                                  [(self.text(i * 29, 60), viewer) for i in range(30)])
        conn.cursor().executemany("insert into answerd.snippet (brand_id, name, body, by_staff, changed_at) select brand_id, %s, %s, %s, now() from answerd.brand",
                                  [(f"s{i}", "{customer} " + self.text(i * 23), viewer) for i in range(40)])
