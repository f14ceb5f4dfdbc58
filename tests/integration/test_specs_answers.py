"""Answers made from the own documents of X, Mastodon, Discourse and Google are digested whole: nothing is quarantined, nothing is an error, nothing is lost
(issue 5, "Proof"). They are made by a seed, from all that a schema allows: members that may be missing are, words are odd, members come that
nobody knows; rig/made_rules.py narrows where no server would go. ./run test --soak spec makes forty times as many."""
import json
import os
import subprocess
import urllib.parse

import pytest

from rig import made_rules as rules
from rig.asked import COMMON, D_CASES, M_CASES, M_SESSIONS, X_CASES, ask, recording, x_words
from rig.made import Maker
from rig.openapi import Discovery, Document
from rig.place import program, shared

N = 40 if "ANSWERD_SOAK" in os.environ else 1
# A thread that is read upwards was too large, which is told as an element that could not be read.
MASTODON = {name: case for name, case in {**M_CASES, **M_SESSIONS}.items() if name != "a thread, upwards"}
DOCUMENTS = {
    "x, tweets": ("x", "openapi-2.159.json", X_CASES, x_words("tweet"), rules.X_RULES, rules.X_NEEDED),
    "x, posts": ("x", "openapi-2.167.json", X_CASES, x_words("post"), rules.X_RULES, rules.X_NEEDED),
    "mastodon": ("mastodon", "openapi.json", MASTODON, {}, rules.M_RULES, ()),
    "discourse": ("discourse", "openapi.json", D_CASES, {}, rules.D_RULES, rules.D_NEEDED),
}
SHARES = (0.5, 0.2, 0.9)    # of members that may be missing
TIES = {"x": rules.x_tie, "mastodon": rules.m_tie, "discourse": rules.d_tie}
ELEMENTS = {"x": lambda answer: len(rules.x_posts(answer)), "mastodon": rules.m_elements, "discourse": rules.d_elements}


def digested(folder, network, op, known, answer):
    path = folder / "answer.http"
    path.write_bytes(recording(op, {**COMMON.get(network, {}), **known}, body=json.dumps(answer).encode()))
    done = subprocess.run([program("answerd"), "digest", network, op, str(path)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def fault(network, op, answer, lines):
    """What the connector refuses, or leaves out; None: nothing."""
    for line in lines:
        if "error" in line or "quarantined" in line or "reason" in line:
            return json.dumps(line)[:600]
    n = sum("external_id" in line or "gone" in line for line in lines)
    if op in ("poll", "sweep", "thread", "recheck"):
        return None if n >= ELEMENTS[network](answer) else f"{n} of {ELEMENTS[network](answer)} elements"
    if op == "reply":
        return None if lines[0]["sent_id"] else "not sent"
    if op == "identify":
        return None if any(line.get("own_id") for line in lines) else "nobody"
    return None


def faults(of, folder, narrowed, needed, n):
    """By name of the question; and how many elements there were."""
    network, file, cases, facts = DOCUMENTS[of][:4]
    document, wrong, n_elements = Document(shared("specs", network, file)), {}, 0
    for name, (op, known) in cases.items():
        known = {**facts, **known}
        request = ask(folder, network, op, known)
        path = urllib.parse.urlsplit(request["url"]).path
        if document.operation(request["method"], path) is None:
            continue        # test_prism.py lists those
        schema = document.answer(request["method"], path)
        schema = rules.m_schema(schema, op) if network == "mastodon" else schema
        here = {**narrowed, **rules.M_SEARCH} if path == "/api/v2/search" else narrowed
        for i in range(n):
            answer = Maker(document, f"{of} {name} {i}", here, needed, share=SHARES[(i + len(name)) % 3], deep=5).value(schema)
            TIES[network](answer, op, known)
            why = fault(network, op, answer, digested(folder, network, op, known, answer))
            n_elements += ELEMENTS[network](answer)
            if why is not None:
                wrong.setdefault(name, []).append(f"{i}: {why}")
    return wrong, n_elements


@pytest.mark.parametrize("of", DOCUMENTS)
def test_answers_of_the_documents_are_digested_whole(of, tmp_path):
    wrong, n_elements = faults(of, tmp_path, *DOCUMENTS[of][4:], N)
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)[:20000]
    assert n_elements >= 30 * N, f"{n_elements} elements are no proof"


def test_what_is_not_narrowed_is_told(tmp_path):
    """Ids that are any text can be none: the check sees it, and nothing crashes."""
    wrong, _n = faults("x, posts", tmp_path, {}, rules.X_NEEDED, 1)
    assert len(wrong) >= 5, wrong


GOOGLES = {
    "youtube": ("youtube-v3.discovery.json", "CommentThreadListResponse", rules.YOUTUBE_RULES, rules.YOUTUBE_NEEDED,
                {"own-id": "UCshopshopshopshopshop00", "own-handle": "shop", "source": "comments"}, lambda answer: len(answer["items"])),
    "blogger": ("blogger-v3.discovery.json", "CommentList", rules.BLOGGER_RULES, rules.BLOGGER_NEEDED,
                {"own-id": "1000", "source": "comments", "option": "blog=1"}, lambda answer: len(answer["items"])),
    "google-business": ("my-business-v4.openapi.json", "ListReviewsResponse", rules.REVIEW_RULES, rules.REVIEW_NEEDED,
                        {"own-id": "accounts/1", "source": "reviews", "facts": '{"locations":[{"id":"2","title":"East"},{"id":"3","title":"West"}]}'},
                        lambda answer: len(answer["reviews"])),
}


@pytest.mark.parametrize("network", GOOGLES)
def test_answers_of_googles_documents_are_digested_whole(network, tmp_path):
    file, name, narrowed, needed, known, elements = GOOGLES[network]
    document = Discovery(shared("specs", network, file))
    for i in range(2 * N):
        answer = Maker(document, f"{network} {i}", narrowed, needed, share=SHARES[i % 3]).value({"$ref": name})
        lines = digested(tmp_path, network, "poll", known, answer)
        assert not [line for line in lines if "error" in line or "quarantined" in line], (i, lines)
        assert sum("external_id" in line or "gone" in line for line in lines) >= elements(answer) >= 20
