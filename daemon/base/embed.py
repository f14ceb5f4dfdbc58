"""Makes a C file of a text file: embed.py IN OUT NAME."""
import sys

source, target, name = sys.argv[1:]
data = open(source, "rb").read()
with open(target, "w", encoding="ascii") as out:
    out.write("/* Made by embed.py. */\n#include <stddef.h>\n")
    out.write(f"extern const char {name}[];\nextern const size_t {name}_bytes;\n")
    out.write(f"const char {name}[] = {{\n")
    signed = [b if b < 128 else b - 256 for b in data]
    for i in range(0, len(signed), 20):
        out.write("".join(f"{b}," for b in signed[i:i + 20]) + "\n")
    out.write(f"0}};\nconst size_t {name}_bytes = {len(data)};\n")
