"""Runs the page's own unit tests (*.test.mjs) under node, in a copy of the page with its modules beside it. run.py BUILD_DIR"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WEB = HERE.parents[1] / "daemon" / "desk" / "web"


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parents[1] / "build")
    preact = build / "daemon" / "desk" / "web" / "modules" / "node_modules" / "htm" / "preact" / "standalone.module.js"
    with tempfile.TemporaryDirectory(prefix="answerd-page-") as folder:
        page = pathlib.Path(folder)
        for name in ("lib", "lang", "pages"):
            shutil.copytree(WEB / name, page / name)
        shutil.copyfile(WEB / "first.js", page / "first.js")
        (page / "modules").mkdir()
        shutil.copyfile(preact, page / "modules" / "preact.js")
        (page / "package.json").write_text('{"type": "module"}', encoding="utf-8")
        for test in HERE.glob("*.mjs"):
            shutil.copyfile(test, page / test.name)
        sys.exit(subprocess.run(["node", "--test", "--test-reporter=spec", *sorted(p.name for p in page.glob("*.test.mjs"))], cwd=page, check=False).returncode)


if __name__ == "__main__":
    main()
