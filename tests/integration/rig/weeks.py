"""A house on all networks at once, and time that passes a thousand times faster than the clock: days and weeks of it.

Town, database and worker live in one simulated time. The worker's clocks, the monotonic ones too, are moved by libfaketime: to it, each step is a
machine that slept. Time moves on when the worker has nothing more to ask."""
import collections
import json
import os
import random
import time

from rig.allowed import ALLOWED, most_in, used
from rig.faketime import WallClock
from rig.front import UnixConnection
from rig.life import Site
from rig.wait import wait_until

MINUTE, HOUR, DAY = 60, 3600, 86400
FATES = ("answered", "dismissed", "deleted", "spam", "waiting", "overheard")
TICK = os.sysconf("SC_CLK_TCK")


def is_runnable(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in "RD"
    except OSError:
        return False                # it has ended


class Clock(WallClock):
    def env(self):
        """The monotonic clocks too."""
        return {k: v for k, v in super().env().items() if k != "FAKETIME_DONT_FAKE_MONOTONIC"}


class Weeks:
    def __init__(self, house, sites, seed=1):
        self.house, self.town, self.database, self.seed = house, house.town, house.database, seed
        self.chance = random.Random(seed)
        self.clock = Clock(house.folder)
        self.offset = 0             # seconds that have passed beyond the clock's
        house.config.brand()["repeat_limit"] = 0
        self.sites = [Site(house, connector, seed, **more) for connector, more in sites.items()]
        house.worker.env.update(self.clock.env())
        self.begun, self.steps = time.monotonic(), 0
        self.desk, self.keys, self.refused = None, 0, []
        self.replies, self.judged, self.refusals = {}, 0, 0
        self.away = {}              # site -> steps until its token works again
        self.cpu_before = 0.0       # of workers that were killed

    # ---- time
    def pass_time(self, seconds):
        """For everybody at once; whoever sleeps is woken."""
        for _ in range(100):            # a machine that sleeps in the middle of a statement loses its connection: that is another test
            if self.is_idle():
                break
            time.sleep(0.01)
        self.offset += seconds
        self.town.shift(self.offset)
        self.database.shift(self.offset)
        self.clock.jump(self.offset)
        self.database.rows("notify answerd_reply")

    def in_town(self, seconds):
        """The town is ahead; the others follow with the next pass_time()."""
        self.offset += seconds
        self.town.shift(self.offset)

    def is_idle(self):
        """The worker sleeps and nothing that it asked is under way: nobody has anything to read that a busy machine has not let them read yet."""
        backends = self.database.rows("select pid, state = 'active' as busy from pg_stat_activity where datname = %s and pid <> pg_backend_pid()", self.database.name)
        return not any(row["busy"] for row in backends) and not any(
            is_runnable(pid) for pid in [self.house.worker.process.pid, self.town.process.pid] + [row["pid"] for row in backends])

    def settle(self, most=3.0, calm=4):
        """Until the worker asks nothing more: that is when time goes on. Somebody who never answers does not hold it up for long."""
        end, before, still = time.monotonic() + most, -1, 0
        while still < calm and time.monotonic() < end:
            self.house.worker.assert_alive()
            asked = sum(n for name, n in self.town.counters().items() if name.rpartition(" ")[2].isdigit())
            still = still + 1 if asked == before and self.is_idle() else 0
            before = asked
            time.sleep(0.012)

    # ---- the house
    def begin(self):
        self.house.begin()
        self.pin()
        self.desk = UnixConnection(self.house.config.socket)
        self.started = time.monotonic()
        for site in self.sites:
            site.deck.lies()
        wait_until(lambda: all(self.town.counters().get("polls " + s.name, 0) > 0 for s in self.sites), 60, "all networks are asked")

    def pin(self):
        """One worker on one core."""
        os.sched_setaffinity(self.house.worker.process.pid, {max(os.sched_getaffinity(0))})

    def kill(self):
        self.cpu_before = self.cpu()
        self.house.worker.kill()
        self.house.worker.start()
        self.pin()

    def cpu(self):
        with open(f"/proc/{self.house.worker.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return self.cpu_before + (int(fields[11]) + int(fields[12])) / TICK

    # ---- staff
    def ask_desk(self, method, path, **body):
        """A staff member's act through the desk; what came of it, or None where it was refused."""
        self.keys += 1
        self.desk.request(method, "/api/v1/" + path, json.dumps(body) if method == "POST" else None,
                          {"Content-Type": "application/json", "Idempotency-Key": f"w{self.keys}", "Host": "localhost"})
        answer = self.desk.getresponse()
        value = json.loads(answer.read())
        self.desk.close()           # the desk closes what is idle
        if answer.status != 200:
            self.refused.append((path, answer.status, value.get("detail")))
            return None
        return value

    def queue(self):
        found, after = [], ""
        while True:
            page = self.ask_desk("GET", "queue?all=true&limit=200" + (f"&after={after}" if after else ""))
            found += page["items"]
            after = page.get("next")
            if not after:
                return found

    def staff(self, share=0.3):
        """They answer some of those who wait, and dismiss a few; what a person must look at, they look at."""
        busy = collections.Counter()
        for entry in self.queue():
            dice, site = self.chance.random(), self.site_of(entry["account"])
            if dice < share and entry["can_reply"] and busy[site] < 2:
                busy[site] += 1
                text = self.reply_text(site)
                made = self.ask_desk("POST", f"conversations/{entry['id']}/replies", text=text, also=True)
                if made is not None:
                    self.replies[made["id"]] = (site, text)
            elif share <= dice < share + 0.03:
                spam = dice < share + 0.01
                if self.ask_desk("POST", f"conversations/{entry['id']}/dismiss", reason="spam" if spam else "said by phone") is not None:
                    self.remember_settled(site, entry["id"], "spam" if spam else "dismissed")
        self.judge_unknown()

    def reply_text(self, site):
        return site.words(("Dear customer, about {n}: it is on its way.",))

    def remember_settled(self, site, conversation, what):
        """What they dismissed is what waited there."""
        for ident in self.database.column("select m.external_id from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, brand_id) "
                                          "where c.conversation_id = %s and m.settled is not null", int(conversation)):
            site.settled.setdefault(ident.removeprefix("dm:"), what)

    def judge_unknown(self):
        """Nobody can know what became of a post: staff look at the platform, which is the town's book."""
        for row in self.database.rows("select reply_id::text as id from answerd.reply where state = 'needs_human'"):
            site, text = self.replies[row["id"]]
            there = [r["id"] for r in self.town.applied(site.name) if text in r["text"]]
            self.judged += 1
            if there:
                self.ask_desk("POST", f"replies/{row['id']}/replied", link="https://platform.example/" + there[0])
            else:
                self.ask_desk("POST", f"replies/{row['id']}/not-there")

    def site_of(self, account):
        return next(s for s in self.sites if s.account == account)

    def trouble(self):
        """On each network, as soon as the last thing that went wrong is over, another does; now and then a token is taken back for an hour or two."""
        hits = {f["id"]: f["hits"] for f in self.town.call("GET", "faults")}
        for site in self.sites:
            site.deck.order(hits)
            if site in self.away:
                self.away[site] -= 1
                if self.away[site] == 0:
                    del self.away[site]
                    self.town.do("restore", server=site.name, person=site.has_token)
            elif site.has_token and self.chance.random() < 0.03:
                self.away[site] = self.chance.choice((1, 2))
                self.town.do("revoke", server=site.name, person=site.has_token)
                self.refusals += 1

    # ---- one step: life goes on, then time
    def step(self, seconds, rounds=3):
        self.trouble()
        part = max(seconds // (rounds + 1), 2)
        for _ in range(rounds):         # never in the second in which something else was said: some platforms tell no less
            self.in_town(part)
            for site in self.sites:
                site.live()
        self.pass_time(seconds - rounds * part)
        self.settle()
        self.staff()
        self.settle()
        self.steps += 1

    # ---- what must hold
    def heard(self, site):
        """id -> (fate, body) of the ledger."""
        return {r["id"].removeprefix("dm:"): r for r in self.database.rows(
            "select l.external_id as id, l.fate, m.body from answerd.ledger_message l join answerd.message m using (external_id, account_id, brand_id) "
            "join answerd.account a using (account_id, brand_id) where a.name = %s", site.account)}

    def outbound(self, site):
        """id -> since when it counts, of what is ours."""
        return {r["id"].removeprefix("dm:"): r["at"] for r in self.database.rows(
            "select m.external_id as id, (extract(epoch from m.at) * 1000)::bigint as at from answerd.message m join answerd.account a using (account_id, brand_id) "
            "where a.name = %s and m.direction = 'outbound'", site.account)}

    def differences(self, site):
        """Between the town's book and the ledger."""
        ledger, ours = self.heard(site), self.outbound(site)
        truth = site.truth(ledger)
        if site.connector == "telegram":    # shown once: what was spoilt then nobody can hear; it is kept, or told
            lost = self.town.spoilt(site.name)
            n_told = self.database.one("select count(*) from answerd.quarantine q join answerd.account a using (account_id, brand_id) where a.name = %s", site.account)
            absent = {i for i in lost if i not in self.database.column("select external_id from answerd.message")}
            assert len(absent) <= n_told, f"neither kept nor told: {absent}"
            truth, ledger = [r for r in truth if r["id"] not in lost], {k: v for k, v in ledger.items() if k not in lost}
        judged = {self.replies[i.removeprefix("replied:")][1] for i in ours if i.startswith("replied:")}     # theirs is the town's word, not the id
        known = [r for r in truth if r["id"] in ledger or r["id"] in ours or any(text in r["text"] for text in judged)]
        wanted = site.fates(known, ours)
        found = [f"{i}: {ledger[i]['fate'] if i in ledger else 'not inbound'}, wanted {fate}: {self.tell(site, i)}" for i, fate in wanted.items()
                 if i not in ledger or ledger[i]["fate"] != fate]
        found += [f"{i}: not heard: {self.tell(site, i)}" for i, fate in site.fates(truth, ours).items() if i not in wanted and fate not in ("overheard", "deleted")]
        found += [f"{i}: nobody said that: {ledger[i]}" for i in ledger if i not in {r["id"] for r in truth}]
        return found

    def ledger_adds_up(self):
        """What the desk says of each account is what the book says."""
        for site in self.sites:
            said = self.ask_desk("GET", "ledger?account=" + site.account)
            assert said["received"] == sum(said[k] for k in ("answered", "dismissed", "deleted", "spam", "waiting")), said
            heard, ours = self.heard(site), self.outbound(site)
            book = collections.Counter(site.fates([r for r in site.truth(heard) if r["id"] in heard or r["id"] in ours], ours).values())
            # In private chats of Telegram staff told us of replies whose ids nobody knows.
            assert site.connector == "telegram" or {k: said[k] for k in FATES} == {k: book[k] for k in FATES}, (site.name, said, book)

    def tell(self, site, ident):
        """What both say of its thread."""
        truth = {r["id"]: r for r in site.truth()}
        chain, at = [], ident
        while at in truth and at not in chain:
            chain.append(at)
            at = truth[at]["parent"]
        chain += [i for i, r in truth.items() if r["parent"] in chain and i not in chain]
        rows = {r["id"].removeprefix("dm:"): r for r in self.database.rows(
            "select m.external_id as id, m.parent_id, m.root_id, m.direction::text, m.kind::text, m.ord_at, m.is_to_us, m.is_owed, m.deleted_at is not null as gone "
            "from answerd.message m join answerd.account a using (account_id, brand_id) where a.name = %s", site.account)}
        roots = {r["root_id"] for i in chain for r in rows.values() if r["id"] == i}
        more = [list(r.values()) for r in rows.values() if r["root_id"] in roots and r["id"] not in chain]
        more += [list(r.values()) for r in self.database.rows(
            "select c.conversation_id, c.root_id, c.answered_ord, c.waiting_since, r.reply_id, r.state::text, r.external_id, r.parent_id, r.body, r.state_since, r.begun_at from "
            "answerd.conversation c join answerd.account a using (account_id, brand_id) left join answerd.reply r using (conversation_id, brand_id) "
            "where a.name = %s and c.root_id = any(%s)", site.account, list(roots))]
        return "".join(f"\n      {m}" for m in more) + "".join(f"\n      {i} book: {[truth.get(i, {}).get(k) for k in ('author', 'parent', 'at', 'deleted', 'via', 'text')]} ledger: {list(rows.get(i, {}).values())}"
                       for i in chain)

    def quiet(self):
        """Nothing goes wrong any more but what is said of replies."""
        for site in list(self.away):
            self.town.do("restore", server=site.name, person=site.has_token)
        self.away.clear()
        for site in self.sites:
            site.deck.leave()

    def has_open_reply(self, site):
        return self.database.one("select count(*) > 0 from answerd.reply r join answerd.account a using (account_id, brand_id) where a.name = %s "
                                 "and r.state not in ('sent', 'failed_visible', 'draft')", site.account)

    def agree(self, most_steps=200):
        """Nobody speaks; time goes on until book and ledger are equal."""
        self.quiet()
        left = self.sites               # who is equal once stays so: nobody speaks
        for _ in range(most_steps // 5):
            wrong = {s.name: d for s in left if (d := self.differences(s))}
            left = [s for s in self.sites if s.name in wrong or self.has_open_reply(s)]
            open_replies = self.database.one("select count(*) from answerd.reply where state not in ('sent', 'failed_visible', 'draft')")
            gaps = self.database.rows("select a.name, g.* from answerd.gap g join answerd.account a using (account_id, brand_id) where g.closed_at is null")
            if not wrong and open_replies == 0 and not gaps:
                return
            for _ in range(5):
                self.pass_time(3 * MINUTE)
                self.settle()
            self.judge_unknown()
        raise AssertionError("\n".join(f"{name}: {len(d)} such as\n  " + "\n  ".join(d[:4]) for name, d in wrong.items()) + f"\nopen replies: {open_replies}, open gaps: {gaps}")

    def replies_once(self):
        book = {}
        for row in self.town.applied():
            book.setdefault(row["server"], []).append(row["text"])
        for ident, (site, text) in self.replies.items():
            n = sum(text in t for t in book.get(site.name, ()))
            state = self.database.rows("select state::text, reason from answerd.reply where reply_id = %s", int(ident))[0]
            assert (n, state["state"]) in ((1, "sent"), (0, "failed_visible")), (site.name, text, n, state)

    def budgets_kept(self):
        spent = used(self.town)
        self.most = {s.name: (most_in(spent.get(s.name, []), ALLOWED[s.connector][1]), ALLOWED[s.connector][0]) for s in self.sites}
        over = {name: n for name, n in self.most.items() if n[0] > n[1]}
        assert not over, f"more than is allowed: {over}"

    def gaps_declared(self):
        """None is open; what was lost says why."""
        wrong = self.database.rows("select * from answerd.gap where closed_at is null or (lost_at is not null and coalesce(lost_reason, '') = '')")
        assert not wrong, wrong
        assert self.database.one("select count(*) from answerd.source_health where is_configured and not is_heard and source not in ('threads', 'rechecks')") == 0

    def story(self):
        """A row for SOAK.md."""
        fates = {r["fate"]: r["n"] for r in self.database.rows("select fate, count(*) as n from answerd.ledger_message group by 1 order by 1")}
        gaps = self.database.rows("select count(*) as n, count(lost_at) as lost from answerd.gap")[0]
        struck = {}
        for site in self.sites:
            for name, n in site.deck.struck.items():
                struck[name] = struck.get(name, 0) + n
        counters = self.town.counters()
        wall = time.monotonic() - self.started
        return (f"{self.offset / DAY:.1f} days in {wall:.0f} s; ledger {fates}; {len(self.replies)} replies, {self.judged} judged by a person, "
                f"{sum(n for k, n in counters.items() if k.startswith('lie '))} lies; {sum(struck.values())} faults of {len(struck)} kinds, {self.refusals} tokens "
                f"taken back; gaps {gaps}; {self.town.call('GET', 'book')['lines']} lines in the book, "
                f"{sum(n for k, n in counters.items() if k.rpartition(' ')[2].isdigit())} answers; most of what was allowed: "
                f"{max((n / of, name) for name, (n, of) in self.most.items())}; worker: {self.cpu():.1f} s of one core, {100 * self.cpu() / wall:.0f} %; refused acts "
                f"{len(self.refused)}: {self.refused[:3]}; not struck: {sum(len(s.deck.missing()) for s in self.sites)} of "
                f"{sum(len(s.deck.cards) for s in self.sites)}")


__all__ = ["DAY", "HOUR", "MINUTE", "Weeks"]
