"""A private PostgreSQL: one cluster a session, one database a test, copied from a migrated template."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg

from rig.wait import wait_until

BIN = pathlib.Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
SETTINGS = {
    "listen_addresses": "''", "unix_socket_permissions": "0777", "max_connections": "200", "shared_buffers": "64MB",
    "fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB", "min_wal_size": "32MB", "log_min_messages": "warning",
    "log_line_prefix": "'%m %d [%p] '", "timezone": "'UTC'",
    # What costs processor time and proves nothing here: compiled plans, and a look at every database every few seconds.
    "jit": "off", "autovacuum_naptime": "30s", "checkpoint_timeout": "1h",
}


def roomy_folder():
    """Where clusters live: in memory where there is plenty of it (a new database is a thousand files), else in /var/tmp."""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable"))
    shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    return "/dev/shm" if shm and available > 8 << 30 and shm.f_bavail * shm.f_frsize > 6 << 30 else "/var/tmp"


def as_postgres(command):
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]


class Cluster:
    def __init__(self, settings=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-pg-", dir=roomy_folder()))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.port = 5432
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        text = "".join(f"{k} = {v}\n" for k, v in {**SETTINGS, **(settings or {})}.items())
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(text + f"unix_socket_directories = '{self.folder}'\n")
        self.n_databases = 0
        self.start()

    def run(self, name, *args):
        done = subprocess.run(as_postgres([str(BIN / name), *args]), capture_output=True, text=True, cwd="/", check=False)
        assert done.returncode == 0, f"{name}: {done.stderr or done.stdout}"
        return done.stdout

    def start(self):
        subprocess.run(as_postgres([str(BIN / "pg_ctl"), "-D", str(self.data), "-l", str(self.log), "-w", "start"]), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def destroy(self):
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, dbname="postgres"):
        return f"host={self.folder} port={self.port} dbname={dbname} user=postgres"

    def execute(self, sql):
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            conn.execute(sql)

    def create(self, template="template0"):
        """A fresh database."""
        self.n_databases += 1
        name = f"t{self.n_databases}"
        self.execute(f"create database {name} template {template} strategy file_copy")
        return Database(self, name)


class Database:
    """One database with a connection for looking."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.conninfo = cluster.conninfo(name)
        self.conn = None

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True)

    def rows(self, sql, *args):
        """All rows as dicts. Reconnects after a restart of the server."""
        for _ in range(2):
            try:
                if self.conn is None or self.conn.closed:
                    self.conn = self.connect()
                with self.conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
                    cursor.execute(sql, args or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self.conn = None
        raise AssertionError("the database is gone")

    def one(self, sql, *args):
        """The first column of the first row."""
        rows = self.rows(sql, *args)
        return next(iter(rows[0].values())) if rows else None

    def column(self, sql, *args):
        return [next(iter(row.values())) for row in self.rows(sql, *args)]

    # ---- the test clock (DESIGN §5)
    def use_test_clock(self):
        self.cluster.execute(f"alter database {self.name} set answerd.test_clock = 'on'")
        if self.conn is not None:
            self.conn.close()
        self.conn = None

    def shift(self, seconds):
        """`answerd.now()` is now() plus so many seconds; at no instant it is anything else than before or after."""
        self.rows("with old as (delete from answerd.test_clock) insert into answerd.test_clock (shift) values (make_interval(secs => %s))", float(seconds))

    def drop(self):
        if self.conn is not None:
            self.conn.close()
        self.cluster.execute(f"drop database if exists {self.name} with (force)")

    def wait_idle(self, timeout=10):
        """Until nobody but us is connected."""
        sql = "select count(*) = 0 from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        wait_until(lambda: self.one(sql, self.name), timeout, "no other connection to the database")
