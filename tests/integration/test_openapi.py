"""The OpenAPI document is whole: every route says what it asks and answers, in schemas that are schemas. (That each answer fits its schema is
seen by the tap that the tests of the desk speak through: rig/tap.py.)"""
import jsonschema
import pytest

from rig.front import closed_shop, shop  # noqa: F401 (fixtures)

METHODS = {"get", "post", "put", "patch", "delete"}


def refs(of):
    if isinstance(of, dict):
        if "$ref" in of:
            yield of["$ref"]
        of = list(of.values())
    if isinstance(of, list):
        for one in of:
            yield from refs(one)


@pytest.mark.quick
def test_the_document_is_whole(shop):
    document = shop.raw("GET", "/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0" and document["info"]["title"] and document["servers"] == [{"url": "/api/v1"}]
    for ref in refs(document):
        at = document
        for name in ref.removeprefix("#/").split("/"):
            assert name in at, f"{ref} leads nowhere"
            at = at[name]
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert "$ref" not in schema, name
    silent = []
    for path, operations in document["paths"].items():
        assert set(operations) <= METHODS, path
        for method, operation in operations.items():
            assert operation["summary"].endswith((".", "…")), (path, method)
            names = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
            assert all("{" + n + "}" in path for n in names) and path.count("{") == len(names), (path, names)
            assert "default" in operation["responses"]
            done = [r for status, r in operation["responses"].items() if status.startswith("2")]
            if not any(r.get("content") for r in done):
                silent.append(f"{method.upper()} {path}")
    assert not silent, f"routes of which nobody says what they answer (daemon/desk/answers/): {', '.join(sorted(silent))}"
