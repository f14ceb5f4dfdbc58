"""Turns the SQL files into one C source and one header, so that no SQL stands in C and no file is read at run time.

embed.py OUT.c OUT.h OUT.d SOURCE_DIR
  migrations/NNNN_verb_noun.sql  → sql_migrations[] in order, with their number
  rules/*.sql                    → sql_rules[] in order of their names
  queries/queue_oldest.sql       → const char SQL_QUEUE_OLDEST[] and SQL_NAME_… "queue_oldest"
"""
import hashlib
import pathlib
import re
import sys


def literal(text):
    lines = text.split("\n")
    return "\n".join('\t"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in lines)


def main():
    out_c, out_h, out_d, source = (pathlib.Path(a) for a in sys.argv[1:5])
    migrations = sorted((source / "migrations").glob("*.sql"))
    rules = sorted((source / "rules").glob("*.sql"))
    queries = sorted((source / "queries").glob("*.sql"))
    numbers = [int(p.name[:4]) for p in migrations]
    # Numbers grow and are never used twice; one may be left out (a branch that was given up).
    if len(set(numbers)) != len(numbers) or numbers[0] != 1:
        sys.exit(f"migrations are not numbered 0001, 0002, …: {[p.name for p in migrations]}")
    digest = hashlib.sha256()
    for path in rules:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    c = ['#include "store_sql.h"', ""]
    h = ["#ifndef ANSWERD_STORE_SQL_H", "#define ANSWERD_STORE_SQL_H", "",
         "/* Made by embed.py from daemon/store/{migrations,rules,queries}. */", "#include <stddef.h>", "",
         "struct sql_file { int number; const char *name; const char *sql; };", "",
         "extern const struct sql_file sql_migrations[];", "extern const size_t n_sql_migrations;",
         "extern const struct sql_file sql_rules[];", "extern const size_t n_sql_rules;",
         f"#define SQL_VERSION {numbers[-1]}", f'#define SQL_RULES_DIGEST "{digest.hexdigest()[:32]}"', ""]
    for name, files in (("migrations", migrations), ("rules", rules)):
        c.append(f"const struct sql_file sql_{name}[] = {{")
        for path in files:
            number = int(re.match(r"\d+", path.name).group())
            c.append(f'{{ {number}, "{path.name}",\n{literal(path.read_text())} }},')
        c.append("};")
        c.append(f"const size_t n_sql_{name} = {len(files)};\n")
    for path in queries:
        macro = path.stem.upper()
        h.append(f"extern const char SQL_{macro}[];")
        c.append(f"const char SQL_{macro}[] =\n{literal(path.read_text())};\n")
    h += ["", "#endif", ""]
    out_c.write_text("\n".join(c) + "\n")
    out_h.write_text("\n".join(h))
    # Folders too: their time changes when a file comes or goes.
    read = [*migrations, *rules, *queries, source / "migrations", source / "rules", source / "queries"]
    out_d.write_text(f"{out_c}: " + " ".join(str(p) for p in read) + "\n")


main()
