"""./run test: builds and runs every suite that guards a change; the last line is 'N passed, N failed, N skipped'.

  --quick        the inner loop: unit, golden, SQL, a few integration scenarios (at most 3 minutes)
  --real         also against real third-party servers (skipped with a reason where they are not to be had)
  --soak NAME    a long proof, by hand: attacks, kills, fault, every_public, clock, conformance, all_networks, crashpoints, flat, hostile-page, quiet_days, reloads_under_load, ten_thousand_breaches, package, prism, spec, tidy
  --only SUITE   one suite: build unit sanitized sql town integration browser format tidy cppcheck arrows words page networks

The suites' own output goes to build/test/SUITE.log; what failed is printed. ANSWERD_BUILD names another build folder."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test"
ENV = {**os.environ, "PATH": "/usr/bin:" + os.environ.get("PATH", ""), "PYTHONPYCACHEPREFIX": str(LOGS / "pycache")}
ENV.pop("PYTHONDONTWRITEBYTECODE", None)      # what is compiled is kept, but not beside its source
PYTHON = "/usr/bin/python3"
SANITIZED = ROOT / "build-san"
# Leaks of a process that a test killed are nobody's; a finding ends the program, which the tests notice.
SAN_ENV = {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0:detect_stack_use_after_return=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
# The units' cut and spoilt answers go millions of times through the same functions that the programs run with the whole of it.
SAN_UNIT_ENV = {**SAN_ENV, "ASAN_OPTIONS": SAN_ENV["ASAN_OPTIONS"].replace("after_return=1", "after_return=0")}
PROGRAMS = ["daemon/answer", "daemon/answerd", "daemon/answerd-desk"]
LOCK = threading.Lock()


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped=0):
        with LOCK:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped


TALLY = Tally()


def tell(text):
    with LOCK:
        print(text, flush=True)


def call(name, command, timeout=2400, env=None, cwd=ROOT):
    """Runs a command with its output in a log; returns (exit code, output)."""
    path = LOGS / f"{name}.log"
    with open(path, "w", encoding="utf-8", errors="replace") as log:
        try:
            code = subprocess.run(command, cwd=cwd, env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, timeout=timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            log.write(f"\nended after {timeout} s\n")
            code = 124
    return code, path.read_text(encoding="utf-8", errors="replace")


def report(name, begun, passed, failed, skipped, output=""):
    TALLY.add(passed, failed, skipped)
    tell(f"{name:<12} {passed} passed, {failed} failed, {skipped} skipped ({time.monotonic() - begun:.0f} s)")
    if failed:
        tell("\n".join("    " + line for line in output.strip().split("\n")[-60:]))


def one(name, command, **more):
    """A suite that is one yes or no."""
    begun = time.monotonic()
    code, output = call(name, command, **more)
    report(name, begun, int(code == 0), int(code != 0), 0, output)
    return code == 0


def meson_build(name, folder, options, targets=()):
    begun = time.monotonic()
    output = ""
    if not (folder / "build.ninja").exists():
        code, output = call(name, ["meson", "setup", str(folder), *options])
        if code != 0:
            report(name, begun, 0, 1, 0, output)
            return False
    code, output = call(name, ["ninja", "-C", str(folder), *targets])
    report(name, begun, int(code == 0), int(code != 0), 0, output)
    return code == 0


def meson_test(name, folder, env=None):
    begun = time.monotonic()
    code, output = call(name, ["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", "4"], env=env)
    passed = failed = skipped = 0
    log = folder / "meson-logs" / "testlog.json"
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            result = json.loads(line)["result"]
            passed += result in ("OK", "EXPECTEDFAIL")
            skipped += result == "SKIP"
            failed += result not in ("OK", "EXPECTEDFAIL", "SKIP")
    if code != 0 and failed == 0:
        failed = 1
    report(name, begun, passed, failed, skipped, output)


def pytest(name, args, env=None, timeout=2400):
    begun = time.monotonic()
    xml_file = LOGS / f"{name}.xml"
    xml_file.unlink(missing_ok=True)
    code, output = call(name, [PYTHON, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={xml_file}", *args], env=env,
                        timeout=timeout)
    passed = failed = skipped = 0
    if xml_file.exists():
        for suite in xml.etree.ElementTree.parse(xml_file).getroot().iter("testsuite"):
            n, bad, skip = (int(suite.get(k, 0)) for k in ("tests", "failures", "skipped"))
            bad += int(suite.get("errors", 0))
            passed, failed, skipped = passed + n - bad - skip, failed + bad, skipped + skip
    if code not in (0, 1, 5) or (code == 1 and failed == 0):
        failed += 1
    report(name, begun, passed, failed, skipped, output)


def pgtap(name):
    begun = time.monotonic()
    code, output = call(name, ["sh", "tests/sql/run.sh"])
    counts = re.search(r"Files=\d+, Tests=(\d+)", output)
    failed = len(re.findall(r"^\s*Failed test", output, re.M)) if code != 0 else 0
    n = int(counts.group(1)) if counts else 0
    if code != 0:
        failed = max(failed, 1)
    report(name, begun, max(n - failed, 0), failed, 0, output)


def sources(*endings):
    listed = subprocess.run(["git", "ls-files", *[f"*.{e}" for e in endings]], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [f for f in listed.split("\n") if f]


def tidy(is_long=False):
    """The analyzer walks through each function in 75,000 steps of its graph; in 225,000, its own default and three times as long, by hand."""
    begun = time.monotonic()
    files = [f for f in sources("c") if f.startswith(("daemon/", "connectors/"))]
    less = [] if is_long else [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=75000")]
    code, output = call("tidy", ["nice", "clang-tidy", "-p", "build", "--quiet", *less, *files])
    report("tidy", begun, int(code == 0), int(code != 0), 0, "\n".join(line for line in output.split("\n") if "error:" in line or "warning:" in line))


def lints(wanted, is_long=False):
    files = sources("c", "h")
    suites = {
        "arrows": lambda: one("arrows", [PYTHON, "tests/lints/arrows.py"]),
        "words": lambda: one("words", [PYTHON, "tests/lints/words.py"]),
        "page": lambda: one("page", [PYTHON, "tests/lints/page.py"]) and one("page-units", [PYTHON, "tests/page/run.py", "build"]),
        "networks": lambda: one("networks", [PYTHON, "tests/lints/networks.py"]),
        "format": lambda: one("format", ["clang-format", "--dry-run", "--Werror", *files]),
        "cppcheck": lambda: one("cppcheck", ["cppcheck", "--quiet", "--error-exitcode=1", "--inline-suppr", "--std=c11", "-j1",
                                             "--enable=warning,performance,portability", "--suppressions-list=tests/lints/cppcheck.txt",
                                             "-Iinclude", "-I.", "daemon", "connectors"]),
        "tidy": lambda: tidy(is_long),
    }
    for name, suite in suites.items():
        if name in wanted:
            suite()


def fast(wanted):
    """What needs the plain build only, and little time."""
    if "unit" in wanted:
        meson_test("unit", ROOT / "build")
    if "sql" in wanted:
        pgtap("sql")
    if "town" in wanted:
        pytest("town", ["tests/sim"])


def main():
    parser = argparse.ArgumentParser(prog="./run test", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--soak")
    parser.add_argument("--only")
    args = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    everything = ["build", "unit", "sanitized", "sql", "town", "integration", "browser", "arrows", "words", "page", "networks", "format", "cppcheck", "tidy"]
    quick = ["build", "unit", "sql", "arrows", "words", "page", "networks", "format", "integration"]
    wanted = [args.only] if args.only else quick if args.quick else everything
    begun = time.monotonic()
    # The units are built and run once, with the sanitizers where those are wanted.
    has_sanitizers = "sanitized" in wanted
    is_built = meson_build("build", ROOT / "build", [], PROGRAMS if has_sanitizers else ())
    if has_sanitizers:
        wanted.remove("unit") if "unit" in wanted else None
    side = threading.Thread(target=lints, args=(wanted, args.soak == "tidy"))
    if is_built:
        side.start()
        plain = threading.Thread(target=fast, args=(wanted,))   # beside the sanitized build
        plain.start()
        binary, env = ROOT / "build", {}
        if has_sanitizers and meson_build("san-build", SANITIZED, ["-Db_sanitize=address,undefined", "-Db_lundef=false"]):
            meson_test("sanitized", SANITIZED, env=SAN_UNIT_ENV)
            binary, env = SANITIZED, {**SAN_ENV, "ANSWERD_SANITIZED": "1"}
        plain.join()
        env = {**env, "ANSWERD_BUILD": str(binary)}
        browser = threading.Thread(target=pytest, args=("browser", ["tests/browser"]), kwargs={"env": {"ANSWERD_BUILD": str(ROOT / "build")}})
        if args.soak == "tidy":
            pass                    # in `side`
        elif args.soak == "package":
            pytest("package", ["tests/package"])
        elif args.soak == "hostile-page":
            pytest("soak", ["tests/browser/test_hostile_page.py"], env={"ANSWERD_BUILD": str(ROOT / "build"), "ANSWERD_SOAK": "1"}, timeout=7200)
        elif args.soak:
            pytest("soak", ["tests/integration", "-k", args.soak], env={**env, "ANSWERD_SOAK": "1", "ANSWERD_KILLS": "200"}, timeout=7200)
        elif "integration" in wanted:
            some = ["-m", "quick"] if args.quick else []
            env.update({"ANSWERD_REAL": "1"} if args.real else {})
            parts = 1 if args.real else 7  # they wait more than they work; the real servers are installed once
            shards = [threading.Thread(target=pytest, args=(f"integration-{n + 1}", ["tests/integration", *some]),
                                       kwargs={"env": {**env, "ANSWERD_SHARD": f"{n}/{parts}"}}) for n in range(parts)]
            if "browser" in wanted:
                shards.append(browser)
            for shard in shards:
                shard.start()
            for shard in shards:
                shard.join()
        elif "browser" in wanted:
            browser.run()
        side.join()
    tell(f"took {time.monotonic() - begun:.0f} s; logs in build/test")
    tell(f"{TALLY.passed} passed, {TALLY.failed} failed, {TALLY.skipped} skipped")
    sys.exit(bool(TALLY.failed) or TALLY.passed == 0)


if __name__ == "__main__":
    main()
