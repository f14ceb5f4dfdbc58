"""The Debian package: lintian has nothing to say, the same bytes come out twice, it goes into a fresh Debian and out again without a trace."""
import hashlib
import os
import pathlib
import re
import shutil

import build
from shell import call, must


def test_lintian_is_silent(package):
    """No error, no warning, nothing pedantic, and no override that hides one."""
    changes = next(package.parent.glob("*.changes"))
    code, output = call("lintian", "--pedantic", "--allow-root", "--fail-on", "error,warning,pedantic", changes)
    assert code == 0 and not re.search(r"^[EWPO]:", output, re.M), output
    assert not list(package.parent.glob("answerd/debian/*lintian-overrides"))


def test_the_same_bytes_twice(package, tmp_path):
    """In another folder, at another time, with another number of jobs."""
    again = build.build(tmp_path / "somewhere" / "else", jobs=3)
    assert hashlib.sha256(package.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_what_is_in_it(package, tmp_path):
    """Programs, units, users, folders, manuals, completion, examples; hardened; nothing of the machine that built it; no secrets, no suites."""
    must("dpkg-deb", "-x", package, tmp_path)
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    wanted = {"usr/sbin/answerd", "usr/sbin/answerd-desk", "usr/bin/answer", "lib/systemd/system/answerd.service", "lib/systemd/system/answerd-desk.socket",
              "lib/systemd/system/answerd-desk.service", "lib/systemd/system/answerd-migrate.service", "lib/systemd/system/answerd-failed@.service",
              "usr/lib/sysusers.d/answerd.conf", "usr/lib/tmpfiles.d/answerd.conf", "usr/share/man/man1/answer.1.gz", "usr/share/man/man8/answerd.8.gz",
              "usr/share/man/man8/answerd-desk.8.gz", "usr/share/man/man5/answerd.conf.5.gz", "usr/share/bash-completion/completions/answer",
              "usr/share/bash-completion/completions/answerd", "usr/share/zsh/vendor-completions/_answer",
              "usr/share/zsh/vendor-completions/_answerd", "usr/share/zsh/vendor-completions/_answerd-desk", "usr/share/doc/answerd/examples/answerd.conf.example",
              "usr/share/doc/answerd/examples/nginx.example", "usr/share/doc/answerd/DECLARATIVE.md.gz", "usr/share/answerd/networks/lemmy.json", "usr/share/doc/answerd/README.Debian"}
    assert wanted <= files, wanted - files
    assert not [f for f in files if "test" in f or f.startswith("etc/")]
    for name in ("usr/sbin/answerd", "usr/sbin/answerd-desk", "usr/bin/answer"):
        content = (tmp_path / name).read_bytes()
        assert str(build.ROOT).encode() not in content and str(package.parent).encode() not in content
        headers = must("readelf", "-lWd", tmp_path / name)
        assert "GNU_RELRO" in headers and "BIND_NOW" in headers and "PIE" in headers and "RWE" not in headers
    units = [p.read_text(encoding="utf-8") for p in (tmp_path / "lib" / "systemd" / "system").iterdir()]
    assert not [u for u in units if "@sbindir@" in u] and sum("ExecStart=/usr/sbin/answerd" in u for u in units) == 4


# ---- a fresh Debian

def inside(root, *command):
    """Runs it in there, with a /proc that only it sees."""
    return call("unshare", "--mount", "sh", "-c", 'mount --bind /proc "$0/proc" && exec chroot "$0" "$@"', root, *command)


def must_inside(root, *command):
    code, output = inside(root, *command)
    assert code == 0, f"{command}: {output[-3000:]}"
    return output


def tree(root):
    """Every file with what it is; what apt and dpkg write about themselves apart."""
    own = re.compile(r"^(var/lib/(dpkg|apt|systemd/(catalog|deb-systemd))|var/cache|var/log|tmp|etc/ld\.so\.cache|proc|sys|dev|run/(systemd|lock))(/|$)|"
                     r"^etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|^etc/\.pwd\.lock$")
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = pathlib.Path(folder) / name
            here = str(path.relative_to(root))
            if own.match(here):
                continue
            info = path.lstat()
            found[here] = (info.st_mode, os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None)
    return found


def test_in_and_out_of_a_fresh_debian(package, debian):
    """Installed, it has its users and folders and its programs speak; removed, the configuration stays; purged, no trace is left."""
    fresh = debian("systemd")
    before = tree(fresh)
    shutil.copy(package, fresh / "tmp" / "answerd.deb")
    must_inside(fresh, "dpkg", "-i", "/tmp/answerd.deb")
    assert "answerd 0.1.0" in must_inside(fresh, "answerd", "--version")
    assert "bluesky" in must_inside(fresh, "answerd", "platforms", "--json")
    ids = {n: must_inside(fresh, "id", "-u", n).strip() for n in ("answerd", "answerd_worker", "answerd_desk")}
    assert len(set(ids.values())) == 3 and all(0 < int(i) < 1000 for i in ids.values())
    assert (fresh / "etc/answerd/credentials").stat().st_mode & 0o777 == 0o700
    code, output = inside(fresh, "answerd", "check-config")
    assert code == 2 and "/etc/answerd/answerd.conf" in output
    shutil.copy(fresh / "usr/share/doc/answerd/examples/answerd.conf.example", fresh / "etc/answerd/answerd.conf")
    must_inside(fresh, "answerd", "check-config")
    must_inside(fresh, "setpriv", "--reuid", "answerd_desk", "--regid", "answerd", "--clear-groups", "answerd", "check-config")
    code, output = inside(fresh, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "answerd", "check-config")
    assert code == 2 and "denied" in output
    links = {p.name for p in (fresh / "etc/systemd/system").rglob("answerd*")}
    assert links == {"answerd.service", "answerd-desk.service", "answerd-desk.socket"}
    verified = inside(fresh, "systemd-analyze", "verify", "--man=no", "answerd.service", "answerd-desk.service", "answerd-migrate.service")[1]
    assert "answerd" not in verified, verified
    must_inside(fresh, "dpkg", "-r", "answerd")
    assert (fresh / "etc/answerd/answerd.conf").exists() and not (fresh / "usr/sbin/answerd").exists()
    must_inside(fresh, "dpkg", "--purge", "answerd")
    (fresh / "tmp" / "answerd.deb").unlink()
    after = tree(fresh)
    assert set(after) == set(before), (set(after) - set(before), set(before) - set(after))
    assert not [n for n in after if after[n] != before[n]]
