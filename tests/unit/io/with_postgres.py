#!/usr/bin/python3
"""Runs a test program beside a PostgreSQL of its own: with_postgres.py PROGRAM [ARG…]

The server lives in a new folder below /var/tmp, listens on a Unix socket only and is gone
afterwards. The program finds ANSWERD_TEST_DATABASE (a conninfo) and ANSWERD_TEST_PG (a command
that takes `restart` or `stop` or `start`). Exit 77 (skipped) where there is no PostgreSQL.
"""
import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile


def find_tools():
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if os.path.exists(os.path.join(folder, "initdb")):
            return folder
    return None


def as_server_user(command):
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command


def main():
    if len(sys.argv) >= 3 and sys.argv[1] == "--control":
        return control(sys.argv[2], sys.argv[3])
    tools = find_tools()
    if tools is None:
        print("skipped: no PostgreSQL server is installed")
        return 77
    folder = tempfile.mkdtemp(prefix="answerd-test-", dir="/var/tmp")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = os.path.join(folder, "data")
        subprocess.run(
            as_server_user([f"{tools}/initdb", "-D", data, "-U", user, "-A", "trust", "-N",
                            "--encoding=UTF8", "--locale=C"]),
            check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\n"
                       "fsync = off\nmax_connections = 30\n")
        control("start", folder)
        environment = dict(os.environ)
        environment["ANSWERD_TEST_DATABASE"] = f"host={folder} dbname=postgres user={user}"
        environment["ANSWERD_TEST_PG"] = (
            f"{sys.executable} {os.path.abspath(__file__)} --control %s {folder}")
        environment["ANSWERD_TEST_FOLDER"] = folder
        result = subprocess.run(sys.argv[1:], env=environment, check=False)
        control("stop", folder)
        return result.returncode if result.returncode >= 0 else 128 - result.returncode
    finally:
        if os.path.exists(os.path.join(folder, "data", "postmaster.pid")):
            control("stop", folder)
        shutil.rmtree(folder, ignore_errors=True)


def control(action, folder):
    tools = find_tools()
    data = os.path.join(folder, "data")
    command = {
        "start": [f"{tools}/pg_ctl", "-D", data, "-w", "-l", os.path.join(folder, "log"), "start"],
        "stop": [f"{tools}/pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"],
    }
    actions = ["stop", "start"] if action == "restart" else [action]
    for one in actions:
        subprocess.run(as_server_user(command[one]), check=True, stdout=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, cwd="/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
