"""The page's modules, as package-lock.json names them with their hashes, into FOLDER/node_modules, by `npm ci`. They are no part of
the repository. Nothing is asked of anybody when they are there already.

modules.py FOLDER    (ANSWERD_WEB_MODULES names a folder where they were put before; then nothing is fetched at all)"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("package.json", "package-lock.json", ".npmrc")
HELP = """The modules of the desk's page could not be had: {why}

  They are {names}, with the hashes of daemon/desk/web/package-lock.json, fetched once
  by npm from the registry that it is configured for. Without a network, fetch them on a machine that has one
      python3 daemon/desk/web/modules.py FOLDER
  carry FOLDER over, and build with ANSWERD_WEB_MODULES=FOLDER.
"""


def lock_digest(source):
    return hashlib.sha256(b"".join((source / name).read_bytes() for name in FILES)).hexdigest()


def fetch(folder, source=HERE):
    """Returns the folder node_modules."""
    folder = pathlib.Path(os.environ.get("ANSWERD_WEB_MODULES") or folder)
    stamp = folder / "fetched"
    digest = lock_digest(source)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return folder / "node_modules"
    if "ANSWERD_WEB_MODULES" in os.environ:
        give_up(source, f"{folder} holds others, or none.")
    npm = shutil.which("npm")
    if npm is None:
        give_up(source, "npm is not installed (Debian: nodejs, npm).")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
    try:
        done = subprocess.run([npm, "ci", "--prefer-offline", "--loglevel=error"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=False, text=True)
    except subprocess.TimeoutExpired:
        give_up(source, "npm did not end in five minutes.")
    if done.returncode != 0:
        give_up(source, "npm says:\n" + "\n".join("    " + line for line in done.stdout.strip().split("\n")[-15:]))
    stamp.write_text(digest, encoding="ascii")
    return folder / "node_modules"


def give_up(source, why):
    wanted = json.loads((source / "package.json").read_text(encoding="utf-8"))["dependencies"]
    sys.exit(HELP.format(why=why, names=" and ".join(f"{k} {v}" for k, v in wanted.items())))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    fetch(sys.argv[1])
