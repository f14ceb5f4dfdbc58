"""The package, built once; a fresh Debian to put it in."""
import os
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import build  # noqa: E402
from shell import call, must  # noqa: E402


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    for program in ("dpkg-buildpackage", "dh", "lintian"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return build.build(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def debian(package, tmp_path_factory):
    """Makes fresh Debians 12 with what the package depends on and more; skipped where none is to be had."""
    roots = []

    def make(*more):
        if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
            pytest.skip("a fresh root needs mmdebstrap and root")
        names = [*more] + [re.split(r"[ (|]", d.strip())[0] for d in must("dpkg-deb", "-f", package, "Depends").split(",")]
        root = pathlib.Path(tmp_path_factory.mktemp("fresh") / "root")
        code, output = call("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(sorted(set(names)))}", "bookworm", root, timeout=900)
        if code != 0 and re.search(r"Failed to fetch|Could not|Temporary failure|Unable to (fetch|connect)|not signed", output):
            pytest.skip("no Debian mirror can be reached: " + output.strip().splitlines()[-1])
        assert code == 0, output[-3000:]
        roots.append(root)
        return root
    yield make
    for root in roots:
        shutil.rmtree(root)
