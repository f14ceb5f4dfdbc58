"""Turns the page into one C source: every file of this folder and its modules, with type, hash and a packed variant.

embed.py OUT.c OUT.d MODULES_FOLDER

All addresses begin with /static/HASH/, where HASH is that of everything together: what a browser has kept is right for ever, and a
new version of the desk is a new address. index.html alone has none; it stands at the places that the History API knows."""
import gzip
import hashlib
import pathlib
import posixpath
import re
import sys

import modules

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8",
         ".txt": "text/plain; charset=utf-8"}
FOLDERS = ("lib", "pages", "lang")
# What is taken of the modules, and what it is called in the page.
TAKEN = {"htm/preact/standalone.module.js": "modules/preact.js", "uplot/dist/uPlot.esm.js": "modules/uplot.js",
         "htm/LICENSE": "modules/htm-license.txt", "uplot/LICENSE": "modules/uplot-license.txt"}


def own_files():
    """Name in the page → bytes."""
    files = {"app.js": (HERE / "app.js").read_bytes(), "icon.svg": (HERE / "icon.svg").read_bytes()}
    for folder in FOLDERS:
        for path in sorted((HERE / folder).rglob("*.js")):
            files[str(path.relative_to(HERE))] = path.read_bytes()
    return files


def styles(node_modules):
    """One style sheet: the base first, then one a page, then that of the charts."""
    parts = sorted((HERE / "style").glob("*.css"), key=lambda p: (p.name != "base.css", p.name))
    return b"\n".join([p.read_bytes() for p in parts] + [(node_modules / "uplot/dist/uPlot.min.css").read_bytes()])


def imports_of(files, name, seen=None):
    """The modules that a module needs before it runs, in the order in which they are met."""
    seen = [] if seen is None else seen
    for target in re.findall(rb'^(?:import|export)[^;]*?from "(\.[^"]+)";', files[name], re.M):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target.decode()))
        if path not in files:
            sys.exit(f"daemon/desk/web/{name} imports {target.decode()}, which is not there.")
        if path not in seen:
            seen.append(path)
            imports_of(files, path, seen)
    return seen


def collect(node_modules):
    files = own_files()
    files["style.css"] = styles(node_modules)
    for source, name in TAKEN.items():
        # A map that is not there would be asked for.
        files[name] = re.sub(rb"\n?//# sourceMappingURL=.*", b"", (node_modules / source).read_bytes())
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    index = (HERE / "index.html").read_bytes()
    base = "/static/" + hashlib.sha256(digest.digest() + index).hexdigest()[:16] + "/"
    for name in [n for n in files if n.endswith(".js")]:
        imports_of(files, name)
    first = imports_of(files, "app.js") + [n for n in ("pages/queue.js",) if n in files]
    loads = "".join(f'\n\t<link rel="modulepreload" href="{base}{name}">' for name in first)
    out = {base + name: data for name, data in sorted(files.items())}
    out["/"] = index.replace(b"\n\t<!-- modules -->", loads.encode()).replace(b'"static/', b'"' + base.encode())
    return out


def literal(data):
    """Three octal digits each for what is not plain, so that a digit behind it is no part of it."""
    plain = {i: chr(i) for i in range(32, 127) if chr(i) not in '"\\?'}
    lines = (data[i:i + 100] for i in range(0, len(data), 100))
    return "\n".join('\t"' + "".join(plain.get(b, f"\\{b:03o}") for b in line) + '"' for line in lines) or '\t""'


def main():
    out_c, out_d, folder = (pathlib.Path(a) for a in sys.argv[1:4])
    node_modules = modules.fetch(folder, HERE)
    rows, c = [], ['#include "daemon/desk/static.h"', ""]
    for n, (name, data) in enumerate(sorted(collect(node_modules).items())):
        packed = gzip.compress(data, 9, mtime=0)
        packed = packed if len(packed) < len(data) * 9 // 10 else b""
        c += [f"static const char plain_{n}[] =\n{literal(data)};", f"static const char packed_{n}[] =\n{literal(packed)};"]
        rows.append(f'\t{{ "{name}", "{TYPES[pathlib.PurePosixPath(name).suffix or ".html"]}", "\\"{hashlib.sha256(data).hexdigest()[:32]}\\"",\n'
                    f"\t  {{ plain_{n}, {len(data)} }}, {{ packed_{n}, {len(packed)} }} }},")
    c += ["", "const struct static_file static_files[] = {", *rows, "};", f"const size_t n_static_files = {len(rows)};", ""]
    out_c.write_text("\n".join(c), encoding="utf-8")
    read = [p for p in HERE.rglob("*") if "node_modules" not in p.parts and "__pycache__" not in p.parts]
    out_d.write_text(f"{out_c}: " + " ".join(str(p) for p in [HERE, *read]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
