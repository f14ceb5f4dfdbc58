"""Protects the first import: on an empty database without statistics every probe of ingest goes by its own key (INGEST §3.1).
Counted in index entries read, not in seconds."""
import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench import Pages  # noqa: E402

N_PAGES = 200


def entries_read(conn, table):
    conn.execute("select pg_stat_force_next_flush()")
    return conn.execute("select coalesce(sum(idx_tup_read), 0)::bigint from pg_stat_user_indexes where schemaname = 'answerd' and relname = %s",
                        (table,)).fetchone()[0]


def test_first_rows_of_an_empty_database(database):
    with psycopg.connect(database.conninfo, autocommit=True) as admin:
        admin.execute("alter system set autovacuum = off")
        admin.execute("select pg_reload_conf()")
        try:
            with psycopg.connect(database.conninfo, autocommit=True) as conn:
                conn.execute("set plan_cache_mode = force_generic_plan")
                pages = Pages(conn)
                pages.new(N_PAGES)
                rows = N_PAGES * 100
                read = {table: entries_read(admin, table) / rows for table in ("message", "identity", "conversation", "message_source")}
        finally:
            admin.execute("alter system reset autovacuum")
            admin.execute("select pg_reload_conf()")
    # A probe that scans an account instead of looking up one message reads thousands.
    assert all(n < 40 for n in read.values()), f"index entries read per message: {read}"


def test_a_known_page_is_cheap(database):
    """A page of which nothing is new reads its keys once and writes nothing but the walk."""
    with psycopg.connect(database.conninfo, autocommit=True) as conn:
        pages = Pages(conn)
        pages.new(20)
        before = conn.execute("select pg_current_wal_insert_lsn()").fetchone()[0]
        for _ in range(10):
            pages.send(pages.again(100))
        wal = conn.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", (before,)).fetchone()[0]
    assert wal / 10 < 20_000, f"{wal / 10:.0f} bytes of WAL for a page that brought nothing"
