"""A platform's own OpenAPI document: which operation a request is, and what its parameters are called."""
import json
import re


class Document:
    def __init__(self, path):
        self.whole = json.loads(path.read_text(encoding="utf-8"))

    def resolve(self, node):
        while "$ref" in node:
            path, node = node["$ref"].removeprefix("#/").split("/"), self.whole
            for part in path:
                node = node[part]
        return node

    def operation(self, method, path):
        """(template, operation, parameters) of the most exact path that fits; None: the document knows no such request."""
        found = [(t, ops) for t, ops in self.whole["paths"].items()
                 if method.lower() in ops and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(t)), path)]
        if not found:
            return None
        template, ops = min(found, key=lambda f: f[0].count("{"))
        operation = ops[method.lower()]
        return template, operation, [self.resolve(p) for p in [*ops.get("parameters", []), *operation.get("parameters", [])]]

    def without_answers(self):
        """The same document for a mock that judges requests only: its examples do not fit its own schemas."""
        whole = json.loads(json.dumps(self.whole))
        for ops in whole["paths"].values():
            for operation in ops.values():
                if isinstance(operation, dict) and "responses" in operation:
                    operation["responses"] = {"200": {"description": "taken"}}
        return whole

    def answer(self, method, path):
        """The schema of the answer to a request that went well."""
        responses = self.operation(method, path)[1]["responses"]
        good = self.resolve(next(responses[s] for s in ("200", "201", "202") if s in responses))
        return next(c["schema"] for kind, c in good["content"].items() if "json" in kind)


class Discovery:
    """A document of Google's discovery service, as far as answers go; its schemas have bare names."""

    def __init__(self, path):
        whole = json.loads(path.read_text(encoding="utf-8"))
        self.schemas = whole.get("schemas") or whole["components"]["schemas"]
        for schema in self.schemas.values():
            kind = schema.get("properties", {}).get("kind", {})
            fixed = re.search(r"[a-z]+#[a-zA-Z]+", kind.get("description", ""))     # "Always blogger#comment."
            kind.update({"const": fixed[0]} if fixed else {})

    def resolve(self, node):
        while "$ref" in node:
            node = self.schemas[node["$ref"].rpartition("/")[2]]
        return node
