"""Telegram: what we ask and what we read stands in the description of the Bot API (issue 5, "Proof"), and updates made of it are digested whole.
The description is no part of the repository."""
import json
import os
import re
import subprocess
import urllib.parse

import pytest

from rig.asked import POST, ask, recording
from rig.botapi import BotApi
from rig.made import Maker
from rig.place import FIXTURES, REPO, program, shared

N = 200 if "ANSWERD_SOAK" in os.environ else 2
KNOWN = {"server": "https://api.telegram.org", "token": "123456:AA-letters", "own-id": "1001", "own-handle": "shop_bot"}
EXCHANGE = '{"message":{"direct_messages_topic":{"topic_id":8}}}'
TOPIC = '{"message":{"is_topic_message":true,"message_thread_id":7}}'
CASES = {
    "who we are": ("identify", {}, "getMe"), "is there a webhook": ("identify", {"state": '{"id":1001,"username":"shop_bot","first_name":"S"}'}, "getWebhookInfo"),
    "first updates": ("poll", {"source": "updates"}, "getUpdates"),
    "more": ("poll", {"source": "updates", "state": '{"offset":870003,"heard":%d,"news":%d}' % ((498658,) * 2)}, "getUpdates"),
    "one at a time": ("poll", {"source": "updates", "page-limit": "1"}, "getUpdates"),
    "a private reply": ("reply", {**POST, "parent": "7:15", "visibility": "private"}, "sendMessage"),
    "a reply in a group": ("reply", {**POST, "parent": "-1001:15", "visibility": "followers"}, "sendMessage"),
    "a reply in a topic": ("reply", {**POST, "parent": "-1001:15", "visibility": "followers", "parent-raw": TOPIC}, "sendMessage"),
    "a reply for a channel": ("reply", {**POST, "parent": "-1009:61", "visibility": "private", "parent-raw": EXCHANGE}, "sendMessage"),
    "a reply for a business": ("reply", {**POST, "parent": "b:Kx4:7:15", "visibility": "private"}, "sendMessage"),
}
# Of our own states, and of the envelope around every answer, which the description has in words only.
OURS = {"offset", "heard", "news", "ok", "result", "description", "parameters", "error_code"}
GETTER = re.compile(r'(?:jx_\w+|number_id|seconds_or_none)\((?:[^()"]|\([^()]*\))*?"(\w+)"')
NAMES = re.compile(r'"([a-z]+(?:_[a-z]+)+)"')
# Not what Telegram says: hostile, broken, or from a time to come.
DISHONEST = {"09-unknown-kind", "13-hostile-author", "14-poison-in-the-middle", "15-number-that-cannot-be-read", "28-one-update-too-large", "22-garbage",
             "23-html", "29-something-else-answers"}
MESSAGES = ("message", "edited_message", "channel_post", "edited_channel_post", "business_message", "edited_business_message", "guest_message")


@pytest.fixture(scope="module")
def api():
    return BotApi(shared("specs", "telegram", "api.json"))


def typed(api, method, name, value):
    """A parameter of a query: numbers as such, and all but texts as JSON."""
    schema = api.parameters(method)["properties"].get(name, {})
    return value if schema.get("type") == "string" else json.loads(value)


@pytest.mark.parametrize("case", CASES)
def test_requests_are_those_of_the_description(api, tmp_path, case):
    op, known, method = CASES[case]
    request = ask(tmp_path, "telegram", op, {**KNOWN, **known})
    url = urllib.parse.urlsplit(request["url"])
    assert url.path == f"/bot{KNOWN['token']}/{method}"
    given = {n: typed(api, method, n, v) for n, v in urllib.parse.parse_qsl(url.query, strict_parsing=bool(url.query))}
    given.update(json.loads(request["body"]) if request["body"] else {})
    assert api.faults(given, api.parameters(method), method) == []
    assert set(given.get("allowed_updates", ())) <= {f["name"] for f in api.types["Update"]["fields"]}
    assert ("offset" in given) == (case == "more")
    assert ("message_thread_id" in given) == ("topic" in case)
    if "limit" in given:
        least, most = re.search(r"Values between (\d+)-(\d+)", str(api.methods["getUpdates"]["fields"])).groups()
        assert int(least) <= given["limit"] <= int(most)


def test_the_judge_refuses(api):
    good = {"chat_id": 7, "text": "Yes.", "reply_parameters": {"message_id": 15}}
    assert api.faults(good, api.parameters("sendMessage"), "it") == []
    for bad in ({"chat_id": 7}, {**good, "text": 5}, {**good, "reply_to_message_id": 15}, {**good, "reply_parameters": {"message_id": "15"}},
                {**good, "entities": [{"type": "bold"}]}):
        assert api.faults(bad, api.parameters("sendMessage"), "it"), bad


def test_a_reply_is_as_long_as_the_description_says(api):
    done = subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, timeout=60, check=True)
    ours = json.dumps([p for p in json.loads(done.stdout) if p.get("name") == "telegram"])
    text = next(f for f in api.methods["sendMessage"]["fields"] if f["name"] == "text")
    most = re.search(r"1-(\d+) characters", text["description"])[1]
    assert f" {most}," in ours or f" {most}}}" in ours, ours


def test_fields_that_we_read_are_in_the_description(api):
    read = set()
    for file in sorted((REPO / "connectors").glob("telegram*.c")):
        text = file.read_text(encoding="utf-8")
        read |= {*GETTER.findall(text), *NAMES.findall(text)}
    assert len(read) >= 60, read
    assert read - api.fields - api.words - OURS == set()


def test_fixtures_have_the_descriptions_shapes(api):
    """What we made up ourselves would prove nothing."""
    n = 0
    for path in sorted((FIXTURES / "telegram").glob("*.http")):
        head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        if path.stem in DISHONEST or b" 200 " not in head.split(b"\n")[0]:
            continue
        op = (re.search(rb"(?mi)^X-Answerd-Op: *(\w+)", head) or [b"", b"poll"])[1].decode()
        method = {"poll": "getUpdates", "reply": "sendMessage", "identify": "getWebhookInfo" if b"-State" in head else "getMe"}[op]
        try:
            answer = json.loads(body)
        except ValueError:
            continue        # cut on the way
        assert api.faults(answer["result"], api.answer(method), path.stem) == []
        n += 1
    assert n >= 12, n


def place(m):
    """Chats are no zero; "at most 52 significant bits"."""
    return m.random.choice([-1, 1]) * m.number(1, 2**52)


# Numbers of people, chats, messages and updates are counted from one; names and connections are words.
RULES = {"chat.id": place, "sender_chat.id": place, "date": lambda m: m.number(1, 2**31), "edit_date": lambda m: m.number(1, 2**31),
         **{n: lambda m: m.number(1, 2**31) for n in ("message_id", "user_id")}, "id": lambda m: m.number(1, 2**52), "username": lambda m: m.word(most=32),
         "message_ids": lambda m: [m.number(1, 2**31) for _ in range(m.random.randint(1, 5))], "business_connection_id": lambda m: m.word(least=4),
         "business_connection.id": lambda m: m.word(least=4)}


def updates(maker, api):
    """"At most one of the optional fields can be present in any given update.\""""
    made = []
    names = [f["name"] for f in api.types["Update"]["fields"] if f["name"] != "update_id"]
    for i in range(2 * len(names)):
        name = names[i % len(names)] if i % 3 else maker.random.choice(MESSAGES)
        made.append({"update_id": 870001 + i, name: maker.value(api.resolve({"$ref": "Update"})["properties"][name], ("result", name))})
        if name in MESSAGES and i % 2:
            made[-1][name]["text"] = f"where is order {i}?"
    return made


@pytest.mark.parametrize("i", range(N))
def test_updates_made_of_the_description_are_digested_whole(api, tmp_path, i):
    made = updates(Maker(api, f"telegram {i}", RULES, share=0.15, deep=5), api)
    path = tmp_path / "answer.http"
    path.write_bytes(recording("poll", {**KNOWN, "source": "updates"}, body=json.dumps({"ok": True, "result": made}).encode()))
    done = subprocess.run([program("answerd"), "digest", "telegram", "poll", str(path)], capture_output=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    bad = [line for line in lines if "quarantined" in line or "error" in line]
    assert not bad, (bad[:5], len(bad), len(lines))
    n_gone = sum(len(u["deleted_business_messages"]["message_ids"]) - 1 for u in made if "deleted_business_messages" in u)
    assert len(lines) == len(made) + n_gone
    # What a person wrote is never "other".
    heard = [line["body"] for line in lines if line.get("kind") not in (None, "other")]
    said = {u[name]["text"] for u in made for name in MESSAGES[:-1] if u.get(name, {}).get("text", "").startswith("where is order")}
    assert len(said) >= 5 and all(any(text in body for body in heard) for text in said)
