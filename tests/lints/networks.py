"""README's table of networks is what the connectors say of themselves (`answerd platforms --markdown`). Compares; with --write puts it there.
ANSWERD_BUILD names another build folder. Exit 1 where they disagree."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN = "<!-- made of the connectors by ./run networks: do not edit -->\n"
END = "<!-- end of what ./run networks made -->\n"


def table():
    program = pathlib.Path(os.environ.get("ANSWERD_BUILD", ROOT / "build")) / "daemon" / "answerd"
    return subprocess.run([program, "platforms", "--markdown"], capture_output=True, text=True, timeout=30, check=True).stdout


def replaced(text, said):
    """README with the table of now; ValueError where the place for it is gone."""
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has lost the lines between which the table of networks stands: {BEGIN.strip()} and {END.strip()}")
    return before + begin + said + end + after, old


def rows(text):
    return {line.split(":")[0]: line for line in text.splitlines() if line.startswith("| `")}


def main():
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    try:
        wanted, old = replaced(text, table())
    except ValueError as error:
        sys.exit(str(error))
    if wanted == text:
        print("README's table of networks is what the connectors say.")
        return
    if "--write" in sys.argv[1:]:
        path.write_text(wanted, encoding="utf-8")
        print("README's table of networks is written.")
        return
    there, here = rows(old), rows(table())
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name):
            print(f"README.md disagrees with the connector in the row {name.strip('| ')}\n  it has   {there.get(name, 'nothing')}\n  it wants {here.get(name, 'nothing')}")
    sys.exit("README's table of networks is not what the connectors say: ./run networks writes it anew.")


if __name__ == "__main__":
    main()
