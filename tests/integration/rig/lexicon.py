"""Bluesky's lexicons, in the shape of a schema (rig/made.py), and a judge of requests and values."""
import json
import re

BASE32 = "[a-z2-7]"
FORMATS = {"did": f"did:plc:{BASE32}{{24}}", "cid": f"bafyrei{BASE32}{{52}}", "tid": f"3{BASE32}{{12}}", "record-key": f"3{BASE32}{{12}}",
           "handle": r"[a-z]{3,12}\.example", "at-uri": f"at://did:plc:{BASE32}{{24}}/app\\.bsky\\.feed\\.post/3{BASE32}{{12}}", "language": "en",
           "at-identifier": f"did:plc:{BASE32}{{24}}", "nsid": r"app\.bsky\.feed\.post"}
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


class Lexicons:
    def __init__(self, folder):
        self.defs = {}
        for file in sorted(folder.glob("*.json")):
            whole = json.loads(file.read_text(encoding="utf-8"))
            for name, node in whole["defs"].items():
                self.defs[whole["id"] + ("" if name == "main" else f"#{name}")] = (whole["id"], node)

    def schema(self, node, home):
        """A node of a lexicon as a schema; home: whose "#name" it means."""
        kind = node["type"]
        if kind == "ref":
            return {"$ref": self.full(node["ref"], home)}
        if kind == "union":     # every element says in "$type" which one it is; what another lexicon describes is nobody's to make
            return {"oneOf": [{"$ref": f, "tag": f} for f in (self.full(r, home) for r in node["refs"]) if f in self.defs]} if node["refs"] else {}
        if kind == "record":
            return self.schema(node["record"], home)
        if kind in ("object", "params"):
            return {"type": "object", "required": node.get("required", []),
                    "properties": {n: self.maybe(self.schema(v, home), n in node.get("nullable", ())) for n, v in node.get("properties", {}).items()}}
        if kind == "array":
            return {"type": "array", "items": self.schema(node["items"], home), "minItems": node.get("minLength", 0), "maxItems": node.get("maxLength", 10**6)}
        if kind == "string" and node.get("format") in FORMATS:
            return {"type": "string", "pattern": FORMATS[node["format"]]}
        if kind == "string" and "knownValues" in node:
            return {"oneOf": [{"type": "string", "enum": node["knownValues"]}, {"type": "string"}]}
        if kind in ("string", "integer", "boolean"):
            return {k: v for k, v in node.items() if k in ("type", "enum", "const", "minimum", "maximum", "maxLength", "maxGraphemes")} | \
                ({"format": {"datetime": "date-time"}.get(node["format"], node["format"])} if "format" in node else {})
        return {}       # unknown, blob, bytes, cid-link, token

    @staticmethod
    def maybe(schema, is_nullable):
        return {"oneOf": [schema, {"type": "null"}]} if is_nullable else schema

    @staticmethod
    def full(ref, home):
        return (home + ref if ref.startswith("#") else ref).removesuffix("#main")

    def resolve(self, node):
        tag = None
        while "$ref" in node:
            tag = node.get("tag", tag)
            if node["$ref"] not in self.defs:
                return {}
            home, inner = self.defs[node["$ref"]]
            node = self.schema(inner, home)
        if tag is not None and node.get("type") == "object":
            node = {**node, "properties": {"$type": {"const": tag}, **node["properties"]}, "required": ["$type", *node["required"]]}
        return node

    def part(self, method, name):
        """The parameters, the input or the output of a method; None: it has none."""
        home, node = self.defs[method]
        part = node.get(name) or {}
        return self.schema(part.get("schema", part), home) if part.get("schema") or part.get("type") else None

    def faults(self, value, schema, where):
        schema = self.resolve(schema)
        if "oneOf" in schema:
            return min((self.faults(value, s, where) for s in schema["oneOf"]), key=len)
        if "const" in schema or "enum" in schema:
            return [] if value in schema.get("enum", [schema.get("const")]) else [f"{where} is {value!r}"]
        if not schema or "type" not in schema:
            return []
        if not isinstance(value, KINDS[schema["type"]]) or (schema["type"] == "integer" and isinstance(value, bool)):
            return [f"{where} is no {schema['type']}"]
        if schema["type"] == "array":
            return [f for i, v in enumerate(value) for f in self.faults(v, schema["items"], f"{where}[{i}]")] + \
                ([] if len(value) <= schema["maxItems"] else [f"{where} has {len(value)} elements"])
        if schema["type"] == "object":
            known = schema["properties"]
            return [f"{where} lacks {n}" for n in schema["required"] if n not in value] + [f"{where}.{n} is unknown" for n in value if n not in {*known, "$type"}] + \
                [f for n, v in value.items() if n in known for f in self.faults(v, known[n], f"{where}.{n}")]
        if schema["type"] == "integer":
            return [] if schema.get("minimum", value) <= value <= schema.get("maximum", value) else [f"{where} is {value}"]
        is_fit = len(str(value).encode()) <= schema.get("maxLength", 10**9)
        # A did of a test may be shorter than a real one: its form is what counts.
        pattern = schema.get("pattern", "").replace("{24}", "+").replace("{52}", "*").replace("{12}", "+")
        return [] if is_fit and re.fullmatch(pattern or ".*", str(value), re.S) else [f"{where} is {value!r}"]
