"""A streaming replica of the private PostgreSQL, to fail over to; and a backup to put in its place."""
import pathlib
import shutil
import tempfile

import psycopg

from rig.postgres import Cluster, Database, roomy_folder
from rig.wait import wait_until


class Standby(Cluster):
    """Follows `primary` until it is promoted. What the primary commits while we are stopped is lost to us, but where it follows
    synchronously (follow_synchronously)."""

    def __init__(self, primary):  # pylint: disable=super-init-not-called
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-pg-", dir=roomy_folder()))
        self.data, self.log, self.port = self.folder / "data", self.folder / "log", primary.port
        if self.folder.owner() != "postgres" and primary.folder.owner() == "postgres":
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        self.n_databases = 0
        copy(self, primary, self.data, "-R")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")
        self.start()

    def promote(self):
        self.run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def database(self, name):
        return Database(self, name)


class Backup:
    """What a server holds now."""

    def __init__(self, server):
        self.data = server.folder / "backup"
        copy(server, server, self.data)

    def replace(self, server):
        """Puts it where the server's data, stopped, was."""
        shutil.rmtree(server.data)
        self.data.rename(server.data)


def copy(who, server, folder, *options):
    who.run("pg_basebackup", "-D", str(folder), *options, "-X", "stream", "-c", "fast", "-h", str(server.folder), "-p", str(server.port), "-U", "postgres")


def follow_synchronously(primary):
    """From now on a commit is one when a replica has it."""
    primary.execute("alter system set synchronous_standby_names = '*'")
    primary.execute("select pg_reload_conf()")

    def follows():
        with psycopg.connect(primary.conninfo(), autocommit=True) as conn:
            return conn.execute("select count(*) from pg_stat_replication where sync_state = 'sync'").fetchone()[0] == 1
    wait_until(follows, 30, "it follows synchronously")
