"""What must not stand in our sources: banned functions (STYLE §6), SQL in C (STYLE §10), unfinished marks, over-long files,
events that nobody described; and lists in READMEs that miss what is there, or say it twice. Prints each with file and line; exit 1 on any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|atoi|atol|atoll|atof|strtol|strtoul|strtoll|sscanf|"
                    r"alloca|localtime|gmtime|rand|srand|gets|system|popen|mktemp|tmpnam)\s*\(")
SQL = re.compile(r'"\s*(select|insert into|update|delete from|with|create table|alter)\s', re.I)
SQL_ALLOWED = {"daemon/store/store.c", "daemon/io/db_link.c", "daemon/io/db_target.c", "daemon/io/db_sync.c", "daemon/io/db.c",
               "daemon/io/db_unit.c"}
MARKS = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
EVENT = re.compile(r'\blog_(?:err|warn|info|debug)\(\s*"(\w+)"')
MAX_LINES = 600


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def look(root):
    found = []
    events = set(re.findall(r"^EVENT\((\w+)", (root / "daemon/base/log_events.h").read_text(encoding="utf-8"), re.M))
    files = [p for d in ("include", "connectors", "daemon") for p in sorted((root / d).rglob("*.[ch]"))]
    for path in files:
        here = str(path.relative_to(root))
        text = path.read_text(encoding="utf-8")
        code = strip_comments(text)
        for number, line in enumerate(code.split("\n"), 1):
            if BANNED.search(line):
                found.append(f"{here}:{number}: {BANNED.search(line).group(1)}() is banned (STYLE §6)")
            if here not in SQL_ALLOWED and SQL.search(line):
                found.append(f"{here}:{number}: SQL in C; it belongs into daemon/store/queries")
        for name in EVENT.findall(code):
            if name not in events:
                found.append(f"{here}: event '{name}' is not described in daemon/base/log_events.h")
    for path in files + sorted((root / "tests").rglob("*.py")) + sorted((root / "daemon").rglob("*.sql")):
        here = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        n = text.count("\n")
        if n > MAX_LINES:
            found.append(f"{here}: {n} lines; over {MAX_LINES} it wants to be two files")
        if here.parts[1] != "lints" and MARKS.search(text):
            found.append(f"{here}: an unfinished mark without an issue number")
    return found


def rows_of(path, heading):
    """What the first column of the table below `heading` names, as often as it does."""
    table = path.read_text(encoding="utf-8").partition(heading)[2].partition("\n\n")[0]
    return [name for first in re.findall(r"^\|([^|]*)\|", table, re.M) for name in re.findall(r"`([\w-]+)`", first)]


def look_at_lists(root):
    connectors = re.search(r"^connector_names = \[(.*?)\]", (root / "connectors/meson.build").read_text(encoding="utf-8"), re.M | re.S)[1]
    lists = {
        ("daemon/store/README.md", "| rules | job |"): [p.stem for p in (root / "daemon/store/rules").glob("*.sql")],
        ("connectors/README.md", "| connector | worth knowing |"): re.findall(r"'([\w-]+)'", connectors) + ["oauth", "google"],
    }
    found = []
    for (path, heading), there in lists.items():
        said = rows_of(root / path, heading)
        found += [f"{path}: the table does not name `{name}`" for name in sorted(set(there) - set(said))]
        found += [f"{path}: the table names `{name}`, which is not there" for name in sorted(set(said) - set(there))]
        found += [f"{path}: the table names `{name}` more than once" for name in sorted({n for n in said if said.count(n) > 1})]
    return found


def main():
    found = look(ROOT) + look_at_lists(ROOT)
    print("\n".join(found) or "No banned words.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
