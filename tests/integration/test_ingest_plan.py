"""Protects the first import: on an empty database without statistics every probe of ingest goes by its own key (INGEST §3.1).
Counted in index entries read, not in seconds."""
import pathlib
import sys

import psycopg
import pytest

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


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_a_large_page_costs_no_more_a_message(database, mode):
    """A thousand messages in one page (I10) cost about what ten pages of a hundred cost, on a database without statistics, whatever the
    connection has switched on: nothing is quadratic, and no plan is compiled."""
    with psycopg.connect(database.conninfo, autocommit=True) as conn:
        conn.execute("set jit = on")
        conn.execute(f"set plan_cache_mode = {mode}")
        pages = Pages(conn)
        pages.new(6)
        small, large = 0.0, 0.0
        for _ in range(3):
            large += pages.cost(1, lambda: pages.fresh(1000))
            small += 10 * pages.cost(10, lambda: pages.fresh(100))
    assert large <= 4 * small + 0.05, f"three pages of 1,000: {large:.2f} s of processor; thirty of 100: {small:.2f} s"
