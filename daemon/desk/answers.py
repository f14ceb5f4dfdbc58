"""What the desk answers, from its short notation to OpenAPI 3.1: answers/*.json → desk_answers.c, desk_answers.h.

answers.py OUT.c OUT.h OUT.d SOURCE_DIR

A file has "answers" (method and path of a route → shape, or a media type where it is no JSON) and "shapes":
  "Name": { "about": a sentence, "extends": another shape, "key": "type; what it is", … }    all keys always there, and no other
    ("*": of what type others may be)
  "Name": "one|of|these"
Types: text int num bool time id any · a shape's name · [T] a list · {T} an object of T by name · one|of|these · T? or null ·
a '=' at the end: the key may be absent."""
import json
import pathlib
import re
import sys

SCALARS = {
    "text": {"type": "string"}, "int": {"type": "integer"}, "num": {"type": "number"}, "bool": {"type": "boolean"}, "any": {},
    "time": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
    "id": {"type": "string", "pattern": r"^\d{1,19}$"},
}


def fail(text):
    sys.exit(f"answers: {text}")


def schema(kind, shapes, where):
    if kind.endswith("?"):
        of = schema(kind[:-1], shapes, where)
        if "$ref" in of:
            return {"anyOf": [of, {"type": "null"}]}
        if "enum" in of:
            return {**of, "type": ["string", "null"], "enum": [*of["enum"], None]}
        return {**of, "type": [of["type"], "null"]} if "type" in of else of
    if kind.startswith("[") and kind.endswith("]"):
        return {"type": "array", "items": schema(kind[1:-1], shapes, where)}
    if kind.startswith("{") and kind.endswith("}"):
        return {"type": "object", "additionalProperties": schema(kind[1:-1], shapes, where)}
    if "|" in kind:
        return {"type": "string", "enum": kind.split("|")}
    if kind in SCALARS:
        return dict(SCALARS[kind])
    if kind not in shapes:
        fail(f"{where}: there is no type or shape {kind!r}")
    return {"$ref": f"#/components/schemas/{kind}"}


def properties(name, shapes):
    shape = shapes[name]
    all_, required = properties(shape["extends"], shapes) if "extends" in shape else ({}, [])
    for key, said in shape.items():
        if key == "*" or key in ("about", "extends") and not re.match(r"[^ ]+;", said):
            continue
        kind, _, about = said.partition(";")
        if not kind.endswith("="):
            required = [*required, key]
        of = schema(kind.removesuffix("="), shapes, f"{name}.{key}")
        all_ = {**all_, key: {**of, "description": about.strip()} if about else of}
    return all_, required


def component(name, shapes):
    shape = shapes[name]
    if isinstance(shape, str):
        return schema(shape, shapes, name)
    props, required = properties(name, shapes)
    about = {"description": shape["about"]} if "about" in shape else {}
    return {"type": "object", **about, "properties": props, "required": required, "additionalProperties": schema(shape["*"], shapes, name) if "*" in shape else False}


def literal(text):
    """A C string of many lines."""
    pieces = [text[i:i + 120] for i in range(0, len(text), 120)] or [""]
    return "\n".join("\t" + json.dumps(p, ensure_ascii=True) for p in pieces)


def main():
    out_c, out_h, out_d, source = (pathlib.Path(a) for a in sys.argv[1:5])
    files = sorted((source / "answers").glob("*.json"))
    answers, shapes = {}, {}
    for path in files:
        read = json.loads(path.read_text(encoding="utf-8"))
        for what, into in (("answers", answers), ("shapes", shapes)):
            twice = set(read[what]) & set(into)
            if twice:
                fail(f"{path.name}: {', '.join(sorted(twice))} stands in another file already")
            into.update(read[what])
    made = {name: component(name, shapes) for name in sorted(shapes)}
    for route, name in answers.items():
        if "/" not in name and name not in shapes:
            fail(f"{route}: there is no shape {name!r}")
    out_h.write_text("/* Made by answers.py from daemon/desk/answers/. */\n#ifndef ANSWERD_DESK_ANSWERS_H\n#define ANSWERD_DESK_ANSWERS_H\n#include <stddef.h>\n\n"
                     "/* of: a shape's name, or a media type. */\nstruct desk_answer { const char *method, *path, *of; };\n"
                     "extern const struct desk_answer desk_answers[];\nextern const size_t n_desk_answers;\n"
                     "/* Their schemas, as the members of a JSON object. */\nextern const char desk_shapes[];\n\n#endif\n")
    rows = "".join("\t{ %s, %s, %s },\n" % tuple(json.dumps(s) for s in (*route.split(" ", 1), name)) for route, name in sorted(answers.items()))
    members = json.dumps(made, separators=(",", ":"))[1:-1]
    out_c.write_text(f'#include "desk_answers.h"\n\nconst struct desk_answer desk_answers[] = {{\n{rows}}};\nconst size_t n_desk_answers = {len(answers)};\n\n'
                     f"const char desk_shapes[] =\n{literal(members)};\n")
    out_d.write_text(f"{out_c}: " + " ".join(str(p) for p in [*files, source / "answers"]) + "\n")


main()
