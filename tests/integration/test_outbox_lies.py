"""The outbox on every platform that takes replies (issue 4, Proof): three hundred answers to three hundred customers while a third of the platform's
answers are lost, late or lies, the worker is killed and the database stops at once. Each text is at the platform once, or somebody is
asked, and what they say is done."""
import os
import random
import sys

import pytest

from rig import wait_until
from rig.place import SIM
from rig.platforms import capabilities, connector_names, described
from test_outbox import open_states

sys.path.insert(0, str(SIM))
from faults import LIES  # noqa: E402  the town's own list

N, KILLS, STOPS = (2000, 100, 10) if "ANSWERD_SOAK" in os.environ else (120, 8, 1)


class Site:
    """One server of a platform, with as many customers as are wanted, each of whom asks once."""

    def __init__(self, house, connector, is_direct=False):
        self.house, self.town, self.connector, self.name, self.ids = house, house.town, connector, "many", {}
        self.platform, self.is_direct = described(connector)(self), is_direct
        self.platform.open(connector, settle="1s", max_per_host=8)

    def ask(self, n, first=0):
        """[conversation] of n customers, no more at once than the platform shows in its lists."""
        at_once = self.platform.many_questions
        return [c for at in range(first, first + n, at_once) for c in self.ask_some(min(at_once, first + n - at), at)]

    def ask_some(self, n, first):
        guests = range(first, first + n)
        self.town.call("POST", "do", [{"op": "person", "server": self.name, "key": f"guest{i}"} for i in guests])
        ids = [r["id"] for r in self.town.bulk([self.question(i) for i in guests], server=self.name)]
        there = "select c.conversation_id::text as c, m.external_id as m from answerd.message m join answerd.conversation c using (root_id, customer_id, " \
                "account_id, brand_id) where c.waiting_since is not null"

        def all_wait():
            self.house.worker.assert_alive()
            known = {r["m"].removeprefix("dm:"): r["c"] for r in self.house.database.rows(there)}
            absent = [i for i in ids if i not in known]
            assert not absent, f"{len(absent)} of {n} do not wait, such as {absent[:3]}"
            return [known[i] for i in ids]
        return wait_until(all_wait, 120, "all wait")

    def question(self, i):
        return {"author": f"guest{i}", "text": f"question {i}?", "to": "shop"} if self.is_direct else self.platform.op(f"guest{i}", f"question {i}?")

    def book(self):
        return [p["text"] for p in self.town.applied(self.name)]


def answer_all(house, conversations, first=0):
    """A reply to each, through the same function that the desk calls; {reply: text}."""
    texts = [f"Dear customer, answer number {first + i} of today." for i in range(len(conversations))]
    made = house.database.rows("select answerd.reply_make(c, answerd.desk_admin(), t, null, false, false, array[t]) ->> 'id' as id, t "
                               "from unnest(%s::text[], %s::text[]) u (c, t)", conversations, texts)
    return {int(r["id"]): r["t"] for r in made}


def blows(house, can, seed, n_kills, n_stops):
    """Kills of the worker and stops of the database, while there is work. Where nothing can be read back, what was queued before a database
    came back is a person's to judge: there one stop comes at the end, or nothing would be posted."""
    chance = random.Random(seed)
    order = chance.sample(["kill"] * n_kills + ["stop"] * n_stops, n_kills + n_stops) if can["lookup"] else ["kill"] * n_kills + ["stop"]
    for blow in order:
        goal = house.town.requests("many") + chance.randint(3, 40)
        wait_until(lambda goal=goal: house.town.requests("many") >= goal or not open_states(house), 60, "the worker works")
        if blow == "kill":
            house.worker.kill()
            house.worker.start()
        else:
            house.database.cluster.stop("immediate")
            house.database.cluster.start()


@pytest.mark.parametrize("connector", [c for c in connector_names() if c != "mastodon"])    # whose are in test_outbox
def test_each_once_or_somebody_is_asked(house, connector):
    can = capabilities(connector)
    if not can["reply"]:
        pytest.skip(can["why_no_reply"])
    play(house, connector, can, is_direct=False)


@pytest.mark.parametrize("connector", ["facebook", "instagram"])
def test_each_direct_message_once_or_somebody_is_asked(house, connector):
    """They go another way than what is public, and are looked for in another place."""
    if "ANSWERD_SOAK" not in os.environ:
        pytest.skip("long: ./run test --soak direct_message_once")
    can = capabilities(connector)
    play(house, connector, {**can, "key_valid_s": can["direct_key_valid_s"]}, is_direct=True)


def play(house, connector, can, is_direct):
    house.config.brand()["repeat_limit"] = 0
    site = Site(house, connector, is_direct)
    n = min(N // 4 if is_direct else N, site.platform.many_replies)
    house.begin(desk=False)
    conversations = site.ask(n)
    # What is done after all windows nobody can know but a key, or a person who looks again.
    lies = [how for how in LIES if how != "applied_late" or can["key_valid_s"] > 0]
    fault = house.town.fault("lie", server="many", prob=0.3, count=0, seed=len(connector), how=lies)
    texts = answer_all(house, conversations)
    blows(house, can, len(connector), KILLS * n // N, max(1, STOPS * n // N))
    wait_until(lambda: all_over(house), 240 + n, "every reply ends visibly", every=0.2)
    assert house.town.hits(fault) > 0.15 * house.database.one("select count(*) from answerd.attempt") > 0.05 * n
    house.town.heal()
    each_once(house, site, texts, can)


def all_over(house):
    left = house.database.rows("select state::text, reason, count(*), min(state_since) from answerd.reply where state not in "
                               "('sent', 'failed_visible', 'needs_human') group by 1, 2 order by 3 desc limit 5")
    assert not left, left
    return True


def each_once(house, site, texts, can):
    """What became of them: at the platform once, or a person is asked, who looks there."""
    ended = {r["reply_id"]: r for r in house.database.rows("select reply_id, state::text, reason from answerd.reply")}
    book = site.book()
    counts = {reply: sum(text in b for b in book) for reply, text in texts.items()}
    wrong = {reply: (counts[reply], r) for reply, r in ended.items() if counts[reply] > 1 or r["state"] not in ("sent", "needs_human") or
             (r["state"] == "sent" and counts[reply] != 1)}
    assert not wrong, list(wrong.items())[:5]
    asked = [reply for reply, r in ended.items() if r["state"] == "needs_human"]
    # Who keeps keys, or has names of our choice for what we post, needs nobody; who can be read is asked before a person is.
    assert not asked or can["key_valid_s"] == 0, [ended[r] for r in asked][:3]
    assert not can["lookup"] or not any(counts[reply] for reply in asked), [ended[r] for r in asked if counts[r]][:3]

    for reply in asked:         # what a person sees there is what the book says
        if counts[reply]:
            house.database.rows("select answerd.reply_replied(%s, %s, answerd.desk_admin())", str(reply), f"https://platform.example/{reply}")
        else:
            house.database.rows("select answerd.reply_not_there(%s, answerd.desk_admin())", str(reply))
    wait_until(lambda: not open_states(house), 120, "all are sent")
    assert house.database.column("select distinct state::text from answerd.reply") == ["sent"]
    book = site.book()
    assert {text: sum(text in b for b in book) for text in texts.values()} == dict.fromkeys(texts.values(), 1)
    wait_until(lambda: house.database.one("select count(*) from answerd.conversation where waiting_since is not null") == 0, 60, "nobody waits")
    house.verify()
