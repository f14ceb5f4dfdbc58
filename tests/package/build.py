"""./run package: the Debian package, built from what git knows, into build/package/.

The same bytes come out each time: the time in the package is that of debian/changelog, and no path of this machine is in it."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a build of the programs needs; suites and the like stay away.
PARTS = ("README.md", "CONTRIBUTING.md", "LICENSE", "meson.build", "connectors", "daemon", "include", "systemd")


def build(out, jobs=None):
    """Builds into the folder `out`; returns the path of the package."""
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    tree = out / "answerd"
    tree.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
            (tree / name).chmod(0o755 if os.access(ROOT / name, os.X_OK) else 0o644)
    (tree / "systemd" / "debian").rename(tree / "debian")
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR", "LOGNAME", "USER")}
    env["PATH"] = "/usr/bin:" + env.get("PATH", "/usr/sbin:/sbin:/bin")
    env["LC_ALL"] = "C.UTF-8"
    # debhelper's builds have no home, so npm would not find how it is configured: the modules are fetched before.
    subprocess.run([sys.executable, "-B", "daemon/desk/web/modules.py", str(out / "modules")], cwd=tree, env=env, check=True)
    env["ANSWERD_WEB_MODULES"] = str(out / "modules")
    with open(out / "build.log", "wb") as log:
        done = subprocess.run(["dpkg-buildpackage", "-us", "-uc", "-b", f"-j{jobs or os.cpu_count()}"], cwd=tree, env=env, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=subprocess.STDOUT, timeout=1500, check=False)
    if done.returncode != 0:
        sys.exit((out / "build.log").read_text(encoding="utf-8", errors="replace")[-4000:])
    return next(out.glob("answerd_*.deb"))


if __name__ == "__main__":
    print(build(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "package"))
