"""Every request that we build for YouTube, Google Business and Blogger is one that Google's own documents describe, and every field that we read
or write is in them (issue 5, "Proof"). What is known from elsewhere only is listed here by name."""
import json
import re
import subprocess
import urllib.parse

import pytest

from rig.place import FIXTURES, REPO, build_dir, shared

# Not in the documents that we have: platforms/google-business.md says where it is from.
UNVERIFIED = {"google-business": {"reviewReplyState"}, "youtube": set(), "blogger": set()}
# Of our own states, facts and sessions; of Google's errors, which no document describes.
OURS = {"busy", "due", "seen", "walk", "known", "videos", "locations", "posts", "n", "id", "title", "url", "token", "unverified", "error"}
READERS = {
    "youtube": ["youtube.c", "youtube_comment.c", "youtube_reply.c", "youtube_thread.c"],
    "google-business": ["google_business_identify.c", "google_business_reply.c", "google_business_review.c"],
    "blogger": ["blogger_comment.c"],
}
GETTER = re.compile(r'(?:jx_\w+|\w+_read|page_\w+_or_none|slice_id)\((?:[^()"]|\([^()]*\))*?"(\w+)"')
# Fixtures that show what an honest server says.
HONEST = {
    "youtube": ["01-first-page", "05-own-reply", "10-held", "18-community-post", "40-identify", "53-thread-video", "60-reply-sent"],
    "google-business": ["01-first-page", "05-own-reply", "09-stars-alone", "11-anonymous", "40-identify", "44-identify-locations"],
    "blogger": ["01-first-page", "27-posts"],
}


def load(*parts):
    return json.loads(shared("specs", *parts).read_text(encoding="utf-8"))


class Discovery:
    """A document of Google's discovery service."""

    def __init__(self, document):
        self.schemas, self.methods = document["schemas"], []
        self.take(document, document.get("servicePath", ""))

    def take(self, node, prefix):
        for method in node.get("methods", {}).values():
            path = prefix + method["path"]
            pattern = "/" + re.sub(r"\\\{(?:\\\+)?\w+\\\}", lambda m: ".+" if "+" in m[0] else "[^/]+", re.escape(path))
            self.methods.append((method["httpMethod"], re.compile(pattern + "$"), method.get("parameters", {}), method.get("request", {}).get("$ref")))
        for child in node.get("resources", {}).values():
            self.take(child, prefix)


class OpenApi:
    """The document of My Business v4, in the same shape."""

    def __init__(self, document):
        self.schemas, self.methods = document["components"]["schemas"], []
        for path, node in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(path)) + "$")
            for verb in ("get", "put", "post", "delete"):
                if verb in node:
                    parameters = {p["name"]: {"required": p.get("required"), "location": p.get("in")} for p in node[verb].get("parameters", []) if "name" in p}
                    body = node[verb].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
                    self.methods.append((verb.upper(), pattern, parameters, body.rpartition("/")[2] or None))


@pytest.fixture(scope="module")
def documents():
    return {
        "youtube": [Discovery(load("youtube", "youtube-v3.discovery.json"))],
        "blogger": [Discovery(load("blogger", "blogger-v3.discovery.json"))],
        "google-business": [OpenApi(load("google-business", "my-business-v4.openapi.json")),
                            Discovery(load("google-business", "mybusinessaccountmanagement-v1.discovery.json")),
                            Discovery(load("google-business", "mybusinessbusinessinformation-v1.discovery.json"))],
    }


def asked(name):
    """Each request that a fixture leads to, with the file's name."""
    tool = build_dir() / "tests" / "tools" / "ask"
    if not tool.exists():
        pytest.skip("tests/tools/ask is not built")
    for path in sorted((FIXTURES / name).glob("*.http")):
        head = path.read_bytes().partition(b"\n\n")[0]
        op = (re.search(rb"(?mi)^X-Answerd-Op: *(\w+)", head) or [b"", b"poll"])[1].decode()
        if op in ("refresh", "connect"):
            continue        # RFC 6749's: test_oauth.c
        done = subprocess.run([tool, name, op, path], capture_output=True, timeout=30, check=False)
        if done.returncode == 0 and done.stdout.startswith(b'{"method"'):
            request = json.loads(done.stdout)
            if request["url"]:
                yield path.stem, request


def names_below(schemas, schema, seen=None):
    """All members of a schema, as far down as it goes."""
    seen = set() if seen is None else seen
    found = set()
    for name, value in schemas[schema].get("properties", {}).items():
        found.add(name)
        for ref in re.findall(r'"\$ref": "(?:#/components/schemas/)?(\w+)"', json.dumps(value)):
            if ref not in seen:
                found |= names_below(schemas, ref, seen | {ref})
        found |= set(value.get("properties", {}))
    return found


def members(node):
    """The names of all members, at any depth."""
    if not isinstance(node, dict):
        return set()
    own = node.get("properties")
    return (set(own) if isinstance(own, dict) else set()) | {n for v in node.values() for n in members(v)}


def keys_of(value):
    if isinstance(value, dict):
        return set(value) | {k for v in value.values() for k in keys_of(v)}
    return {k for v in value for k in keys_of(v)} if isinstance(value, list) else set()


def judge(document, request):
    """Why this request is none of the document's; None: it is one."""
    url = urllib.parse.urlsplit(request["url"])
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    why = "no such address"
    for verb, pattern, parameters, body in document.methods:
        if verb != request["method"] or not pattern.match(url.path):
            continue
        unknown = set(query) - set(parameters)
        absent = {n for n, p in parameters.items() if p.get("required") and p.get("location") != "path"} - set(query)
        wrong = [n for n, v in query.items() if n in parameters and not fits(parameters[n], v)]
        strange = keys_of(json.loads(request["body"])) - names_below(document.schemas, body) if body and request["body"] else set()
        if not (unknown or absent or wrong or strange):
            return None
        why = f"unknown {unknown}, absent {absent}, wrong {wrong}, strange in the body {strange}"
    return why


def fits(parameter, value):
    if parameter.get("type") == "integer":
        return value.isdigit() and int(value) <= int(parameter.get("maximum", 10**9)) and int(value) >= int(parameter.get("minimum", 0))
    if parameter.get("type") == "boolean":
        return value in ("true", "false")
    return "enum" not in parameter or value in parameter["enum"]


@pytest.mark.parametrize("name", sorted(READERS))
def test_requests_are_those_of_the_documents(documents, name):
    """Addresses, parameters with their limits, bodies."""
    seen = set()
    for stem, request in asked(name):
        reasons = [judge(d, request) for d in documents[name]]
        assert None in reasons, (stem, request["method"], request["url"], reasons)
        seen.add((request["method"], re.sub(r"\d+", "N", urllib.parse.urlsplit(request["url"]).path)))
    assert len(seen) >= 2, "the fixtures ask different things"


@pytest.mark.parametrize("path", ["comments?part=snippet&parent=x", "comments?parentId=x", "comments?part=snippet&maxResults=101", "likes?part=snippet",
                                  "commentThreads?part=snippet&order=newest"])
def test_the_judge_refuses(documents, path):
    """An unknown parameter, an absent one, one beyond its limit, an address that is none, a value that is none."""
    request = {"method": "GET", "url": "https://x.example/youtube/v3/" + path, "body": ""}
    assert judge(documents["youtube"][0], request)
    assert judge(documents["youtube"][0], {**request, "url": "https://x.example/youtube/v3/comments?part=snippet&parentId=x"}) is None


@pytest.mark.parametrize("name", sorted(READERS))
def test_fields_that_we_read_are_in_the_documents(documents, name):
    known = {n for d in documents[name] for n in members(d.schemas)}
    read = {n for file in READERS[name] for n in GETTER.findall((REPO / "connectors" / file).read_text(encoding="utf-8"))}
    assert len(read) >= 5, read
    assert read - known - OURS - UNVERIFIED[name] == set()
    assert UNVERIFIED[name] <= read, "it is read no more: take it from the list"


@pytest.mark.parametrize("name", sorted(READERS))
def test_fixtures_have_the_documents_fields(documents, name):
    """What we made up ourselves would prove nothing."""
    known = {n for d in documents[name] for n in members(d.schemas)}
    for stem in HONEST[name]:
        body = json.loads((FIXTURES / name / f"{stem}.http").read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2])
        assert keys_of(body) - known == set(), stem
