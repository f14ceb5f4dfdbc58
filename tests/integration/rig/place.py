"""Where things are."""
import os
import pathlib

import pytest

REPO = pathlib.Path(__file__).resolve().parents[3]
SHARED = pathlib.Path(os.environ.get("ANSWERD_SHARED") or REPO.parent / "shared")
SIM = REPO / "tests" / "sim"
FIXTURES = REPO / "tests" / "fixtures"


def build_dir():
    return pathlib.Path(os.environ.get("ANSWERD_BUILD") or REPO / "build")


def program(name):
    """Path of one of our binaries; the test is skipped where it was not built."""
    path = build_dir() / "daemon" / name
    if not path.exists():
        pytest.skip(f"{name} is not built in {build_dir()}")
    return str(path)


def shared(*parts):
    """A file of the shared data; the test is skipped where there is none."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"there is no shared data {'/'.join(parts)} (ANSWERD_SHARED)")
    return path
