"""Every request that we build for X is one that X's own documents allow: path, names of parameters, their values and the body, in the words of
2.159 (tweet) and of 2.167 (post). The documents are no part of the repository."""
import json
import re
import urllib.parse

import pytest

from rig.asked import X_CASES as CASES
from rig.asked import ask, x_words
from rig.place import shared

WORDS = {"tweet": "openapi-2.159.json", "post": "openapi-2.167.json"}


@pytest.fixture(scope="module", params=WORDS)
def spec(request):
    return request.param, json.loads(shared("specs", "x", WORDS[request.param]).read_text(encoding="utf-8"))


def resolve(document, node):
    while "$ref" in node:
        path, node = node["$ref"].removeprefix("#/").split("/"), document
        for part in path:
            node = node[part]
    return node


def check_value(document, schema, value, name):
    schema = resolve(document, schema)
    if schema.get("type") == "array":
        one = resolve(document, schema["items"])
        values = value.split(",")
        assert len(values) == len(set(values)) and schema.get("minItems", 0) <= len(values) <= schema.get("maxItems", 10**9), (name, value)
        for v in values:
            assert "enum" not in one or v in one["enum"], f"{name}: {v} is none of {one['enum']}"
            check_value(document, one, v, name)
    elif schema.get("type") == "integer":
        assert schema.get("minimum", 0) <= int(value) <= schema.get("maximum", 10**9), (name, value)
    else:
        assert "pattern" not in schema or re.search(schema["pattern"], value), (name, value)
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9), (name, value)
        if schema.get("format") == "date-time":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), (name, value)


def check_body(document, schema, value, name="body"):
    schema = resolve(document, schema)
    if "allOf" in schema or "oneOf" in schema or "anyOf" in schema:
        return
    if isinstance(value, dict):
        known = schema.get("properties", {})
        assert set(schema.get("required", [])) <= set(value), f"{name} lacks {schema['required']}"
        for key, inner in value.items():
            assert key in known, f"{name}.{key} is none of {sorted(known)}"
            check_body(document, known[key], inner, f"{name}.{key}")
    else:
        assert schema.get("type", "string") == "string" and isinstance(value, str), (name, value)
        assert "pattern" not in schema or re.search(schema["pattern"], value), (name, value)


@pytest.mark.parametrize("case", CASES)
def test_x_allows_what_we_ask(spec, tmp_path, case):
    words, document = spec
    op, known = CASES[case]
    request = ask(tmp_path, "x", op, {**x_words(words), **known})
    url = urllib.parse.urlsplit(request["url"])
    found = [(template, ops) for template, ops in document["paths"].items()
             if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), url.path) and request["method"].lower() in ops]
    exact = [f for f in found if f[0] == url.path] or found
    assert exact, f"{request['method']} {url.path} is in no path of the document"
    template, ops = exact[0]
    operation = ops[request["method"].lower()]
    parameters = [resolve(document, p) for p in [*ops.get("parameters", []), *operation.get("parameters", [])]]
    queries = {p["name"]: p for p in parameters if p["in"] == "query"}
    pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    assert len(pairs) == len({k for k, _ in pairs}), "a name stands twice"
    for name, value in pairs:
        assert name in queries, f"{template} knows no {name}"
        check_value(document, queries[name]["schema"], value, name)
    missing = {n for n, p in queries.items() if p.get("required")} - {k for k, _ in pairs}
    assert not missing, f"{template} wants {missing}"
    if request["method"] == "POST":
        content = resolve(document, operation["requestBody"])["content"]
        check_body(document, content[request["content_type"]]["schema"], json.loads(request["body"]))
