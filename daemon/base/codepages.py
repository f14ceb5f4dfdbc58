"""Writes OUT.h: what the upper half of each one-byte encoding means, as Python's own codecs know it.

codepages.py OUT.h
A byte that an encoding leaves undefined keeps its number (a control character), as browsers do."""
import sys

NAMES = {"windows_1250": "cp1250", "windows_1251": "cp1251", "windows_1252": "cp1252", "latin_2": "iso8859-2", "latin_9": "iso8859-15", "koi8_r": "koi8-r"}


def meaning(byte, codec):
    try:
        return ord(bytes([byte]).decode(codec))
    except UnicodeDecodeError:
        return byte


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write("/* Made by codepages.py. */\n")
    for name, codec in NAMES.items():
        codes = ", ".join(f"0x{meaning(byte, codec):04x}" for byte in range(128, 256))
        out.write(f"static const uint16_t {name}[128] = {{ {codes} }};\n")
