"""Telegram's Bot API as its machine-readable description has it, in the shape of a schema (rig/made.py), and a judge of values."""
import json
import re

SIMPLE = {"Integer": {"type": "integer"}, "String": {"type": "string"}, "Boolean": {"type": "boolean"}, "True": {"const": True}, "Float": {"type": "number"}}
KINDS = {"integer": int, "string": str, "boolean": bool, "number": (int, float)}


def schema_of(types):
    def one(name):
        if name.startswith("Array of "):
            return {"type": "array", "items": one(name.removeprefix("Array of "))}
        return SIMPLE.get(name) or {"$ref": name}
    return one(types[0]) if len(types) == 1 else {"oneOf": [one(t) for t in types]}


def field(f):
    """What only the words say: a type that is always the same, or one of a few."""
    always = re.search(r'(?i)(?:type|status|state|source)[^.]*, (?:always|must be) ["“](\w+)["”]', f["description"])
    either = re.search(r"can be (.*)", f["description"])
    if f["types"] == ["String"] and always:
        return {"const": always[1]}
    if f["types"] == ["String"] and f["name"] == "type" and either:
        return {"enum": re.findall(r'["“](\w+)["”]', either[1])}
    return schema_of(f["types"])


class BotApi:
    def __init__(self, path):
        whole = json.loads(path.read_text(encoding="utf-8"))
        self.methods, self.types = whole["methods"], whole["types"]
        self.fields = {f["name"] for t in self.types.values() for f in t.get("fields", ())}
        self.words = set(re.findall(r'[“\\"](\w+)[”\\"]', json.dumps([t.get("fields") for t in self.types.values()], ensure_ascii=False)))

    def resolve(self, node):
        while "$ref" in node:
            about = self.types[node["$ref"]]
            node = schema_of(about["subtypes"]) if "subtypes" in about else self.object(about)
        return node

    def object(self, about):
        return {"type": "object", "additionalProperties": False, "properties": {f["name"]: field(f) for f in about.get("fields", ())},
                "required": [f["name"] for f in about.get("fields", ()) if f["required"]]}

    def answer(self, method):
        """What stands in "result"."""
        return schema_of(self.methods[method]["returns"])

    def parameters(self, method):
        return self.object(self.methods[method])

    def faults(self, value, schema, where):
        """What is wrong with a value."""
        schema = self.resolve(schema)
        if "oneOf" in schema:
            return min((self.faults(value, s, where) for s in schema["oneOf"]), key=len)
        if "const" in schema or "enum" in schema:
            return [] if value in schema.get("enum", [schema.get("const")]) else [f"{where} is {value!r}"]
        if schema["type"] == "array":
            if not isinstance(value, list):
                return [f"{where} is no list"]
            return [f for i, v in enumerate(value) for f in self.faults(v, schema["items"], f"{where}[{i}]")]
        if schema["type"] != "object":
            is_good = isinstance(value, KINDS[schema["type"]]) and (schema["type"] == "boolean" or not isinstance(value, bool))
            return [] if is_good else [f"{where} is no {schema['type']}"]
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        found = [f"{where} lacks {n}" for n in schema["required"] if n not in value] + [f"{where}.{n} is unknown" for n in value if n not in schema["properties"]]
        return found + [f for n, v in value.items() if n in schema["properties"] for f in self.faults(v, schema["properties"][n], f"{where}.{n}")]
