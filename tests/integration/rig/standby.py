"""A streaming replica of the private PostgreSQL, to fail over to."""
import pathlib
import shutil
import tempfile

from rig.postgres import Cluster, Database


class Standby(Cluster):
    """Follows `primary` until it is promoted. What the primary commits while we are stopped is lost to us."""

    def __init__(self, primary):  # pylint: disable=super-init-not-called
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="answerd-pg-", dir="/var/tmp"))
        self.data, self.log, self.port = self.folder / "data", self.folder / "log", primary.port
        if self.folder.owner() != "postgres" and primary.folder.owner() == "postgres":
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        self.n_databases = 0
        self.run("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "-h", str(primary.folder), "-p", str(primary.port), "-U",
                 "postgres")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")
        self.start()

    def promote(self):
        self.run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def database(self, name):
        return Database(self, name)
