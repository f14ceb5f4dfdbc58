"""Every request that we build for X, Discourse and Mastodon is taken by a strict mock made from the platform's own document (issue 5, "Proof").

Only with ./run test --real or ./run test --soak prism: the mock is npm's, installed once into build/real/. It judges path, security, parameters
and body. It does not mind parameters that the document does not know, so that is judged here, in every run. Its answers are no part of the proof: the examples
of the documents break their own schemas (what answers may look like is test_specs_answers.py's)."""
import json
import os
import urllib.parse

import pytest

from rig.asked import D_CASES, M_CASES, M_SESSIONS, X_CASES, X_SESSIONS, X_SIGNED, ask, consent, x_words
from rig.openapi import Document
from rig.place import shared
from rig.prism import NotHere, Prism

NEEDS_NPM = pytest.mark.skipif("ANSWERD_REAL" not in os.environ and "ANSWERD_SOAK" not in os.environ,
                               reason="a mock from npm: ./run test --real, or --soak prism")

DOCUMENTS = {
    "x, tweets": ("x", "openapi-2.159.json", {**X_CASES, **X_SESSIONS, **X_SIGNED}, x_words("tweet")),
    "x, posts": ("x", "openapi-2.167.json", {**X_CASES, **X_SESSIONS, **X_SIGNED}, x_words("post")),
    "mastodon": ("mastodon", "openapi.json", {**M_CASES, **M_SESSIONS}, {}),
    "discourse": ("discourse", "openapi.json", D_CASES, {}),
}
# Requests that a document does not know.
UNKNOWN = {
    ("x", "POST /2/oauth2/token"): "stands in the document as the tokenUrl of its security scheme only: that is checked instead",
    ("discourse", "GET /private-posts.json"): "the document leaves it out; Discourse has it in its routes beside /posts.json, with the same form, and the topics "
                                              "that the document lists instead do not say what was said in them",
    ("discourse", "GET /posts/by_number/77/2.json"): "the document knows posts by their number in the whole forum only; topic and number are what a permalink has",
}
# Parameters that a document does not know, though it knows the operation.
STRANGE = {
    ("discourse", "/t/{id}.json", "include_raw"): "a look must know the words as they were typed; Discourse's own clients ask so",
    ("discourse", "/t/{id}/posts.json", "include_raw"): "the same",
    ("discourse", "/t/{id}/posts.json", "post_ids"): "the document wants them in the body of a GET, which things between us may drop; Rails reads both",
}
# Bodies that a document knows as JSON only: their members are judged as JSON.
FORMS = {
    ("mastodon", "/api/v1/apps"): "all servers take the form that Mastodon's guide shows; some that speak like it take nothing else",
    ("mastodon", "/oauth/token"): "RFC 6749, 4.1.3 says that it is a form",
}


@pytest.fixture(scope="module", params=DOCUMENTS)
def mock(request, tmp_path_factory):
    network, file, cases, facts = DOCUMENTS[request.param]
    document = Document(shared("specs", network, file))
    try:
        prism = Prism(document, tmp_path_factory.mktemp("prism"))
    except NotHere as why:
        pytest.skip(f"no prism here: {why}")
    yield network, document, prism, cases, facts
    prism.end()


def without_brackets(request):
    """Rails wants "types[]", the document says "types": so its values are judged, too."""
    return {**request, "url": request["url"].replace("[]=", "=")}


def as_json(document, found, request):
    """What a form says, in JSON; a list of one is written as its element there."""
    known = document.resolve(found[1]["requestBody"])["content"]["application/json"]["schema"]["properties"]
    body = {n: [v] if known.get(n, {}).get("type") == "array" else v for n, v in urllib.parse.parse_qsl(request["body"], strict_parsing=True)}
    assert set(body) <= set(known), body
    return {**request, "content_type": "application/json", "body": json.dumps(body)}


def as_bearer(found, request):
    """The mock cannot judge OAuth 1.0a: that the document knows it here is judged, and the rest with a token in its place."""
    if not request["headers"].get("Authorization", "").startswith("OAuth oauth_consumer_key="):
        return request
    assert {"UserToken": []} in found[1]["security"], found[0]
    return {**request, "bearer": "at", "headers": {}}


def strange_names(network, found, url):
    """Names of the query that the document does not know, nor we by name."""
    template, _, parameters = found
    known = {p["name"] for p in parameters if p["in"] == "query"}
    names = {n.removesuffix("[]") for n, _ in urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))}
    return {n for n in names - known if (network, template, n) not in STRANGE}


def faults(network, document, prism, request):
    """What is wrong with a request; what is listed above is not."""
    url = urllib.parse.urlsplit(request["url"])
    found = document.operation(request["method"], url.path)
    if found is None and (network, url.path) == ("x", "/2/oauth2/token"):
        flow = document.whole["components"]["securitySchemes"]["OAuth2UserToken"]["flows"]["authorizationCode"]
        assert flow["tokenUrl"] == request["url"] and request["content_type"].endswith("form-urlencoded")
    if found is None:
        status, why = prism.judge(request)
        assert status == 404, f"the mock knows {request['url']}: take it from the list"
        return [] if (network, f"{request['method']} {url.path}") in UNKNOWN else why
    if request["content_type"].endswith("form-urlencoded") and (network, found[0]) in FORMS:
        assert prism.judge(request)[0] != 200, f"the document knows the form of {found[0]} now: take it from the list"
        request = as_json(document, found, request)
    request = as_bearer(found, request)
    wrong = [w for r in (request, without_brackets(request)) for w in prism.judge(r)[1]]
    return wrong + sorted(strange_names(network, found, url))


@NEEDS_NPM
def test_a_strict_mock_takes_what_we_ask(mock, tmp_path):
    network, document, prism, cases, facts = mock
    wrong, templates = {}, set()
    for name, (op, known) in cases.items():
        request = ask(tmp_path, network, op, {**facts, **known})
        if request["url"]:
            why = faults(network, document, prism, request)
            wrong.update({name: (request["url"], why)} if why else {})
            templates.add((document.operation(request["method"], urllib.parse.urlsplit(request["url"]).path) or ["none"])[0])
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(templates) >= 5, f"the cases ask different things: {templates}"


SPOILT = {
    "no token": lambda r: {**r, "bearer": "", "headers": {}},
    "a word that is none": lambda r: {**r, "url": r["url"].replace("name%2Cusername", "name%2Cnickname").replace("limit=80", "limit=many")},
    "no such path": lambda r: {**r, "url": r["url"].replace("/2/", "/3/").replace("/api/v1/", "/api/v0/").replace("/t/", "/tt/")},
}


@NEEDS_NPM
@pytest.mark.parametrize("spoil", SPOILT)
def test_the_mock_refuses(mock, tmp_path, spoil):
    """Else the proof would prove nothing."""
    network, document, prism, _cases, facts = mock
    op, known = {"x": X_CASES["mentions"], "mastodon": M_CASES["mentions"], "discourse": D_CASES["a thread"]}[network]
    request = ask(tmp_path, network, op, {**facts, **known})
    assert prism.judge(request) == (200, [])
    spoilt = SPOILT[spoil](request)
    if spoilt != request:
        status, found = prism.judge(spoilt)
        assert status != 200 and found, spoilt


@NEEDS_NPM
def test_the_mock_refuses_a_body(mock, tmp_path):
    network, document, prism, _cases, facts = mock
    op, known = {"x": X_CASES, "mastodon": M_CASES, "discourse": D_CASES}[network]["a reply"]
    request = ask(tmp_path, network, op, {**facts, **known})
    body = json.loads(request["body"])
    for spoilt in ({**body, "in_reply_to_id": 5, "raw": 5, "text": 5}, {**body, "reply": {"to": 1}, "visibility": "everybody", "topic_id": "first"}):
        status, found = prism.judge({**request, "body": json.dumps(spoilt)})
        assert status != 200 and found, spoilt


def test_the_documents_know_what_we_ask(tmp_path):
    """Addresses and names of parameters; and each entry of the lists above is asked for."""
    asked, wrong = set(), []
    for network, file, cases, facts in DOCUMENTS.values():
        document = Document(shared("specs", network, file))
        for name, (op, known) in cases.items():
            if name in X_SIGNED:
                continue        # the same requests
            request = ask(tmp_path, network, op, {**facts, **known})
            url = urllib.parse.urlsplit(request["url"])
            found = document.operation(request["method"], url.path)
            asked.add((network, f"{request['method']} {url.path}"))
            if found is not None:
                asked.add((network, found[0]))
                asked |= {(network, found[0], n.removesuffix("[]")) for n, _ in urllib.parse.parse_qsl(url.query)}
                wrong += [(network, name, n) for n in strange_names(network, found, url)]
            elif request["url"] and (network, f"{request['method']} {url.path}") not in UNKNOWN:
                wrong.append((network, name, url.path))
    assert not wrong
    assert {*UNKNOWN, *STRANGE, *FORMS} <= asked


def test_the_documents_know_the_rights_that_we_ask_for(tmp_path):
    for network, file, scheme, known in (("x", "openapi-2.159.json", "OAuth2UserToken", {}), ("x", "openapi-2.167.json", "OAuth2UserToken", {}),
                                         ("mastodon", "openapi.json", "OAuth2", {"token": "client:secret"})):
        flow = Document(shared("specs", network, file)).whole["components"]["securitySchemes"][scheme]["flows"]["authorizationCode"]
        address = urllib.parse.urlsplit(consent(tmp_path, network, known))
        rights = set(dict(urllib.parse.parse_qsl(address.query))["scope"].split())
        assert len(rights) >= 5 and rights <= set(flow["scopes"]), rights - set(flow["scopes"])
