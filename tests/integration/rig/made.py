"""Answers made from a schema, by a seed: everything that the document allows, as far as the rules of a platform (rig/made_rules.py) do not narrow it."""
import random
import re._constants as sre
import re._parser as sre_parser
import string

WORDS = ["", " ", "where is my order?", "<p>still <b>not</b> here &amp; waiting</p>", "naïve café 名前 👩‍👩‍👧", "שלום \u202eabc", "a" * 3000,
         '"quoted\\" {[', "line\none\r\n\ttwo", "null", "0", "@shop", "<script>alert(1)</script>", "\u0001\u007f\ufeff", "https://shop.example/a?b=c#d"]
STRANGE = [None, True, 0, -1, 1.5, "", "new", [], [1, "two"], {}, {"a": {"b": None}}]
SIMPLE = ("string", "integer", "number", "boolean")
LONG = 3    # elements of an inner list


class Maker:
    """rules: the end of a path of member names, joined by dots ("account.id"), to a function of this maker that gives the value.
    needed: members that the request asks for, so that they are there though the schema does not demand them. page: elements of an outer list.
    share: of the members that may be missing, those that are there. deep: what is below is left out where it may be."""

    def __init__(self, document, seed, rules, needed=(), page=20, share=0.6, deep=7):
        self.document, self.random, self.rules, self.needed = document, random.Random(seed), rules, set(needed)
        self.page, self.share, self.deep = page, share, deep

    def chance(self, part):
        return self.random.random() < part

    def digits(self, least=1, most=2**63 - 1):
        """A whole number as text; all lengths are as likely."""
        return str(self.number(least, most))

    def number(self, least, most):
        top = max(abs(least), abs(most), 1)
        near = self.random.randint(0, 10 ** self.random.randint(0, len(str(top))))
        return self.random.choice([least, most]) if self.chance(0.02) else min(max(least, near if self.chance(0.8) else -near), most)

    def word(self, letters=string.ascii_letters + string.digits + "_", least=1, most=20):
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(least, most)))

    def time(self):
        whole = f"20{self.random.randint(10, 26)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}T{self.random.randint(0, 23):02}:"
        return whole + f"{self.random.randint(0, 59):02}:{self.random.randint(0, 59):02}" + self.random.choice(["Z", ".000Z", ".123456Z", "+00:00", "-08:00"])

    def value(self, schema, path=()):
        ends = [".".join(path[i:]) for i in range(len(path))]
        rule = next((self.rules[e] for e in ends if e in self.rules), None)
        if rule is not None:
            return rule(self)
        schema = self.document.resolve(schema)
        if schema is True or not schema:
            return self.random.choice(STRANGE)
        if "const" in schema:
            return schema["const"]
        if schema.get("nullable") and self.chance(0.3):
            return None
        for many in ("oneOf", "anyOf"):
            if many in schema:
                return self.merged(schema, self.value(self.one_of(schema[many], path), path), path)
        if "allOf" in schema:
            whole = {}
            for part in schema["allOf"]:
                made = self.value(part, path)
                if not isinstance(made, dict):
                    return made
                whole.update(made)
            return self.merged(schema, whole, path)
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        return self.of_type(schema, path)

    def one_of(self, choices, path):
        """Where it is deep, null, if that is one of them, or else what needs least: no server nests without end, and we read 32 levels."""
        nothing = [c for c in choices if c.get("type") == "null"]
        if len(path) > self.deep:
            return nothing[0] if nothing else min(choices, key=lambda c: self.demands(self.document.resolve(c)))
        return nothing[0] if nothing and self.chance(0.3) else self.random.choice(choices)

    @staticmethod
    def demands(schema):
        return 0 if schema.get("type") in SIMPLE else 1 + len(schema.get("required", ()))

    def merged(self, schema, made, path):
        return {**self.object(schema, path), **made} if "properties" in schema and isinstance(made, dict) else made

    def of_type(self, schema, path):
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
        if isinstance(kind, list):
            kind = "null" if "null" in kind and self.chance(0.3) else self.random.choice([k for k in kind if k != "null"])
        if kind is None:
            return self.random.choice(STRANGE)
        return {"object": self.object, "array": self.array, "string": self.text, "integer": self.integer, "number": self.integer,
                "boolean": lambda *_: self.chance(0.5), "null": lambda *_: None}[kind](schema, path)

    def object(self, schema, path):
        whole, required = {}, set(schema.get("required", ()))
        for name, inner in schema.get("properties", {}).items():
            if name in required or name in self.needed or (len(path) <= self.deep and self.chance(self.share)):
                whole[name] = self.value(inner, (*path, name))
        if schema.get("additionalProperties", True) and self.chance(0.1):
            whole["x_new"] = self.random.choice(STRANGE)
        names = list(whole)
        self.random.shuffle(names)
        return {n: whole[n] for n in names}

    def array(self, schema, path):
        least, most = schema.get("minItems", 0), schema.get("maxItems", 10**6)
        n = self.page if len(path) <= 1 else least if len(path) > self.deep else self.random.randint(least, max(least, LONG))
        return [self.value(schema.get("items", {}), path) for _ in range(min(max(n, least), most))]

    def text(self, schema, path):
        form, pattern = schema.get("format"), schema.get("pattern")
        if pattern:
            return "".join(self.spelled(sre_parser.parse(pattern)))
        if form in ("date-time", "google-datetime"):
            return self.time()
        if form == "date":
            return self.time()[:10]
        if form in ("uri", "url"):
            return f"https://{self.word(string.ascii_lowercase)}.example/{self.word()}"
        return (self.random.choice(WORDS) if self.chance(0.7) else self.word()).ljust(schema.get("minLength", 0), "x")[:schema.get("maxLength", 10**6)]

    def integer(self, schema, path):
        return self.number(schema.get("minimum", -2**31), schema.get("maximum", 2**31))

    def spelled(self, parts):
        """Something that fits a pattern without anything that looks around."""
        for op, arg in parts:
            if op is sre.LITERAL:
                yield chr(arg)
            elif op is sre.IN:
                choices = [c for o, a in arg for c in ([chr(a)] if o is sre.LITERAL else [chr(x) for x in range(a[0], a[1] + 1)] if o is sre.RANGE else "aZ9 ")]
                yield self.random.choice(choices)
            elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                for _ in range(self.random.randint(arg[0], min(arg[1], arg[0] + 19))):
                    yield from self.spelled(arg[2])
            elif op is sre.SUBPATTERN:
                yield from self.spelled(arg[3])
            elif op is sre.BRANCH:
                yield from self.spelled(self.random.choice(arg[1]))
            elif op is sre.ASSERT:
                yield "https://x.example"
            elif op is not sre.AT:
                raise NotImplementedError(op)
