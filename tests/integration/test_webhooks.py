"""Events for programs of others: signed, in order, at least once under the same id whatever dies, and told again on demand (issue: API;
RELIABILITY S16)."""
import collections
import time

import pytest

from rig import Hook, wait_until
from rig.floor import Floor

ITEM = ["id", "event", "at", "brand", "account", "platform", "by", "how", "message", "reply", "conversation"]


@pytest.fixture
def floor(database, tmp_path):
    floor = Floor(database, tmp_path)
    yield floor
    floor.end()


def open_floor(floor, **options):
    """A floor with one receiver of events beside the one of alerts."""
    crm = floor.channel("crm", Hook(secrets=["s3cret"]), secret=floor.secret("crm", "s3cret"), events=["message", "wait", "conversation"], **options)
    owner, _ = floor.channel("owner", Hook()), floor.channel("care", Hook())
    floor.begin(health=("owner",))
    floor.open_desk()
    wait_until(lambda: floor.database.one("select count(*) from answerd.channel where name = 'crm' and events <> '{}'") == 1, 20, "the channel is declared")
    return crm, owner


def items(crm):
    return [item for told in list(crm.heard) for item in told.body["items"]]


def test_what_happens_is_told_in_order(floor):
    """A message, its wait, an act: each once, signed, with the entry of the queue; alerts go elsewhere."""
    crm, owner = open_floor(floor)
    conversation, = floor.say(floor.account(), 1, 3600.0, handle="carl")
    floor.answer("tag", conversation, "+parcel", code=0)
    floor.answer("dismiss", conversation, "--reason", "told by phone", code=0)
    wait_until(lambda: len(items(crm)) >= 5, 20, "five events are told")
    assert [i["event"] for i in items(crm)] == ["message.received", "wait.began", "conversation.tag", "wait.ended", "conversation.dismiss"]
    first = items(crm)[0]
    assert list(first) == ITEM and first["message"]["text"] == "Where is my parcel?" and first["conversation"]["id"] == conversation
    assert items(crm)[2]["by"] == "admin" and items(crm)[3]["how"] == "settled"
    assert not crm.faults, crm.faults
    assert all(t.body["event"] == "events" and t.delivery for t in crm.heard)
    assert not [t for t in owner.heard if t.body["event"] == "events"] and not [t for t in crm.heard if t.body["event"] != "events"]


def test_a_receiver_that_fails_misses_nothing(floor):
    """It is down, and the worker is killed meanwhile; then everything comes, in order, and the desk knew that it was behind."""
    crm, _ = open_floor(floor)
    place = floor.account()
    crm.status = 503
    said = floor.say(place, 30, 3600.0)
    for conversation in said[:5]:
        floor.answer("tag", conversation, "+seen", code=0)

    def behind():
        hook, = floor.answer("webhooks", code=0).items
        return hook["failures"] > 0 and hook["failure"]
    wait_until(behind, 20, "the desk knows that it fails")
    floor.worker.kill()
    said += floor.say(place, 30, 3600.0)
    floor.worker.start()
    crm.status = 200
    wait_until(lambda: len({i["id"] for i in items(crm)}) >= 125, 60, "all events are told")
    numbers = [int(i["id"]) for i in items(crm)]
    first = list(dict.fromkeys(numbers))
    assert first == sorted(first), "they come in order"
    kinds = collections.Counter(i["event"] for i in {i["id"]: i for i in items(crm)}.values())
    assert kinds == {"message.received": 60, "wait.began": 60, "conversation.tag": 5}, kinds
    assert {i["conversation"]["id"] for i in items(crm)} == set(said)
    repeated = collections.Counter(t.delivery for t in crm.heard)
    assert all(len({str(t.body) for t in crm.heard if t.delivery == d}) == 1 for d in repeated), "a repeated delivery says the same"


def test_replay_tells_again(floor):
    """By an admin, from an instant on; the ids are the same, so that a receiver knows which it has seen."""
    crm, _ = open_floor(floor)
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    floor.say(floor.account(), 3, 3600.0)
    wait_until(lambda: len(items(crm)) == 6, 20, "six events are told")
    before = [i["id"] for i in items(crm)]
    assert floor.answer("replay", "owner", "--from", begun).code == 4
    floor.answer("replay", "crm", "--from", begun, code=0)
    wait_until(lambda: len(items(crm)) == 12, 20, "they are told again")
    assert [i["id"] for i in items(crm)[6:]] == before
    assert len({t.delivery for t in crm.heard}) == len(crm.heard), "as new deliveries"
    assert floor.database.one("select count(*) from answerd.audit where act = 'replay'") == 1
    floor.answer.verify()
