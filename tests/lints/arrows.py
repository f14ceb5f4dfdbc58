"""The arrows between rooms (DESIGN §3, STYLE §1): a room includes only what stands above it, and the libraries of the doors
are seen in the doors only. Prints every arrow that points the wrong way; exit 1 on any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What each room may include from, apart from itself.
CONTRACT = ["include/answerd"]
ALLOWED = {
    "include/answerd": [],
    "connectors": CONTRACT,
    "daemon/base": CONTRACT + ["connectors"],  # the registry's list, made from connectors/meson.build
    "daemon/conf": CONTRACT + ["daemon/base"],
    "daemon/io": CONTRACT + ["daemon/base"],
    "daemon/store": CONTRACT + ["daemon/base", "daemon/io"],
    "daemon/listen": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/respond": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/alert": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/vouch": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/connect": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/desk": CONTRACT + ["daemon/base", "daemon/conf", "daemon/io", "daemon/store"],
    "daemon/answer": CONTRACT + ["daemon/base", "daemon/conf"],
    "daemon": None,  # the mains know everybody
}
MACHINES = ["listen", "respond", "alert", "vouch", "desk"]
# A library's header, and the rooms that may see it.
LIBRARIES = {
    "ev.h": ["daemon/io"],
    "curl/curl.h": ["daemon/io", "daemon/answer"],
    "libpq-fe.h": ["daemon/io"],
    "microhttpd.h": ["daemon/io"],
    "jansson.h": ["daemon/base", "daemon/answer"],
    "gmime/": ["daemon/base"],
    "libxml/": ["daemon/base"],
    "openssl/": ["daemon/base"],
    "unigbrk.h": ["daemon/base"],
    "libconfig.h": ["daemon/conf"],
    "libical/": ["daemon/conf"],
    "systemd/": ["daemon/io"],
}
GENERATED = {"store_sql.h": "daemon/store", "registry_list.h": "connectors", "network_list.h": "connectors"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    parts = pathlib.PurePath(path).parts
    if parts[0] == "answerd":
        return "include/answerd"
    if parts[0] == "include":
        return "include/answerd"
    if parts[0] == "daemon" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def wrong_arrows(root):
    found = []
    files = [p for d in ("include", "connectors", "daemon") for p in sorted((root / d).rglob("*.[ch]"))]
    for path in files:
        here = path.relative_to(root)
        room = room_of(here)
        if room not in ALLOWED:
            found.append(f"{here}: a room that tests/lints/arrows.py does not know")
            continue
        for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            for header, rooms in LIBRARIES.items():
                if (name == header or (header.endswith("/") and name.startswith(header))) and room not in rooms:
                    found.append(f"{here} sees {name}, which belongs to {' and '.join(rooms)} only")
            if kind == "<":
                continue
            there = GENERATED.get(name) or (room_of(name) if "/" in name else room)
            if ALLOWED[room] is not None and there != room and there not in ALLOWED[room]:
                found.append(f"{here} includes {name}: {room} must not know {there}")
    return found


def main():
    found = wrong_arrows(ROOT)
    print("\n".join(found) or "All arrows between rooms point the right way.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
