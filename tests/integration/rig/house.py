"""A whole house for one test: the town, a database, a configuration, a worker, a desk, and what all tests ask of them."""
from rig.config import Config
from rig.place import build_dir
from rig.programs import Answer, Desk, Worker
from rig.wait import wait_until

PLATFORM_KINDS = ("status", "mention", "post", "reply", "quote", "direct", "comment", "review")


class House:
    def __init__(self, town, database, folder):
        self.town, self.database, self.folder = town, database, folder
        self.config = Config(folder / "house", database.conninfo)
        self.config.brand()
        self.workers, self.desk = [], None
        self.accounts = {}          # account name -> (server, key of its person in the town)

    # ---- making it
    def mastodon(self, name="social", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.mastodon(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "mastodon", url, made["token"], brand, name, own, listen, **config)
        return url

    def bluesky(self, name="sky", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.bluesky(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "bluesky", url, made["password"], brand, name, own, listen, identifier=made["handle"], **config)
        return url

    def blog(self, name="blog", own="shop", people=(), brand="acme", account=None, listen=("own:/feed/", "comments:/comments/feed/"),
             options=None, **config):
        url = self.town.blog(name, **(options or {}))
        for key in (own, *people):
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "rss", url, None, brand, name, own, list(listen), **{"authors": own, **config})
        return url

    def discourse(self, name="forum", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.discourse(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "discourse", url, made["token"], brand, name, own, listen, **{"username": own, "every": "2s", **config})
        return url

    def facebook(self, name="page", own="shop", people=(), brand="acme", account=None, options=None, **config):
        url = self.town.facebook(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "facebook", url, made["token"], brand, name, own, **{"every": "2s", **config})
        return url

    def instagram(self, name="photos", own="shop", people=(), brand="acme", account=None, options=None, **config):
        url = self.town.instagram(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "instagram", url, made["token"], brand, name, own, **{"every": "2s", **config})
        return url

    def threads(self, name="spool", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.threads(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "threads", url, made["token"], brand, name, own, listen, **{"every": "2s", **config})
        return url

    def lemmy(self, name="lemmy", own="shop", people=(), brand="acme", account=None, listen=None, options=None, platform="lemmy", **config):
        url = self.town.lemmy(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", platform, url, made["token"], brand, name, own, listen, **config)
        return url

    def wordpress(self, name="site", own="shop", people=(), brand="acme", account=None, options=None, **config):
        url = self.town.wordpress(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "wordpress", url, made["token"], brand, name, own, **config)
        return url

    def blogger(self, name="loaf", own="shop", people=(), brand="acme", account=None, options=None, **config):
        url = self.town.blogger(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "blogger", url, made["token"], brand, name, own, blog="1", oauth=url + "/token", **{"every": "2s", **config})
        return url

    def youtube(self, name="tube", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        return self.google("youtube", self.town.youtube(name, **(options or {})), name, own, people, brand, account, listen, **config)

    def google_business(self, name="maps", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        return self.google("google-business", self.town.google_business(name, **(options or {})), name, own, people, brand, account, listen, **config)

    def google(self, platform, url, name, own, people, brand, account, listen, **config):
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", platform, url, made["token"], brand, name, own, listen, oauth=url + "/token", **config)
        return url

    def telegram(self, name="wire", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.telegram(name, **(options or {}))
        made = self.town.person(own, name, own=brand, bot=True)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "telegram", url, made["token"], brand, name, own, listen, **config)
        return url

    def hackernews(self, name="orange", own="shop", people=(), brand="acme", account=None, listen=("own", "comments"), options=None, **config):
        url = self.town.hackernews(name, **(options or {}))
        self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "hackernews", url, None, brand, name, own, list(listen), **{"items": url, "username": own, **config})
        return url

    def reddit(self, name="board", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url = self.town.reddit(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "reddit", url, made["token"], brand, name, own, listen,
                 **{"oauth": url + "/api/v1/access_token", "username": own, **config})
        return url

    def mail(self, name="post", own="shop", people=(), brand="acme", account=None, listen=None, options=None, **config):
        url, smtp = self.town.mail(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "mail", url, made["token"], brand, name, own, listen,
                 **{"address": made["address"], "smtp": smtp, "every": "1s", **config})
        return url

    def x(self, name="bird", own="shop", people=(), brand="acme", account=None, listen=None, options=None, token="token", **config):
        """`token`: "token" (OAuth 2) or "keys" (OAuth 1.0a)."""
        url = self.town.x(name, **(options or {}))
        made = self.town.person(own, name, own=brand)
        for key in people:
            self.town.person(key, name)
        self.add(account or f"acme_{name}", "x", url, made[token], brand, name, own, listen, **config)
        return url

    def add(self, account, platform, url, token, brand, server, own, listen=None, **config):
        if listen is not None:
            config["listen"] = listen
        self.config.account(account, platform, url, token, brand, **config)
        self.accounts[account] = (server, own)

    def begin(self, desk=True):
        """Start the worker (and the desk)."""
        self.worker.start()
        if desk and self.has_answer:
            self.open_desk()
        return self

    @property
    def has_answer(self):
        """Where the command is not built yet, the views speak."""
        return (build_dir() / "daemon" / "answer").exists()

    def entries(self):
        """Everything that waits, as queue entries."""
        if self.desk is not None:
            return self.desk.get("queue?all=true&limit=0")["items"]
        return self.database.column("select e.entry from answerd.entry_json e join answerd.queue q using (brand_id, conversation_id) "
                                    "order by q.waiting_since, q.conversation_id")

    @property
    def worker(self):
        return self.workers[0] if self.workers else self.another_worker()

    def another_worker(self):
        worker = Worker(self.config, self.folder, f"worker{len(self.workers)}")
        self.workers.append(worker)
        return worker

    def open_desk(self):
        self.desk = Desk(self.config, self.folder).start().wait_ready()
        return self.desk

    @property
    def answer(self):
        return Answer(self.config)

    def shift(self, seconds):
        """Town and database live so many seconds from now; the worker follows by itself."""
        self.town.shift(seconds)
        self.database.shift(seconds)

    def end(self):
        for program in self.workers + ([self.desk] if self.desk else []):
            if program.process is not None and program.is_running():
                program.wake()
            program.kill()

    # ---- looking
    def messages(self, where="true", *args):
        return self.database.rows(f"select external_id, kind::text, direction::text, posted_at from answerd.message where {where} "
                                  "order by posted_at, external_id", *args)

    def known(self):
        """External ids stored, or seen in quarantine."""
        return (set(self.database.column("select regexp_replace(external_id, '^dm:', '') from answerd.message"))
                | set(self.database.column("select external_id from answerd.quarantine where external_id is not null")))

    def missing(self):
        """What the book says was served to our accounts and the database does not have."""
        n_nameless = self.database.one("select count(*) from answerd.quarantine where external_id is null")
        known, served = self.known(), set()
        for server, own in self.accounts.values():
            served |= self.served_ids(server, own)
        absent = {i for i in served if i not in known}
        return absent if len(absent) > n_nameless else set()

    def served_ids(self, server, own):
        """What left the town for an account of ours; a feed's reader has no name."""
        is_feed = any(a["platform"] == "rss" and a["server"].endswith("/f/" + server)
                      for b in self.config.brands.values() for a in b["accounts"].values())
        return self.town.served_ids(server, None if is_feed else own, PLATFORM_KINDS)

    def wait_for(self, *ids, timeout=20):
        """Until the messages with these ids are stored."""
        def there():
            for worker in self.workers:
                worker.assert_alive()
            known = set(self.database.column("select external_id from answerd.message where external_id = any(%s)", list(ids)))
            assert known >= set(ids), f"missing {set(ids) - known}\n{self.worker.log(1500)}"
            return True
        wait_until(there, timeout, f"stored: {ids}")

    def queue(self):
        """(account, customer's handle) -> entry, of everything that waits."""
        found = {}
        for entry in self.entries():
            key = entry["account"], entry["customer"]["handle"]
            found.setdefault(key, []).append(entry)
        return found

    def waiting(self):
        """Handles of the customers who wait, sorted."""
        return sorted(e["customer"]["handle"].split(".")[0].split("@")[0] for e in self.entries())

    def wait_waiting(self, *handles, timeout=20):
        def so():
            found = self.waiting()
            assert found == sorted(handles), f"waiting: {found}, wanted: {sorted(handles)}\n{self.worker.log(1500)}"
            return True
        wait_until(so, timeout, "the queue")

    def rounds(self, server, n=2, timeout=30):
        """Until the worker has asked this server n times more for news: everything said before was served."""
        def count():
            return self.town.counters().get("polls " + server, 0)
        start = count()
        wait_until(lambda: count() >= start + n, timeout, f"{n} polls of {server}")

    def lost_nothing(self, timeout=20):
        """The book = message + quarantine."""
        def so():
            absent = self.missing()
            assert not absent, f"served, not stored: {sorted(absent)[:10]}\n{self.worker.log(1500)}"
            return True
        wait_until(so, timeout, "nothing is lost")

    def verify(self):
        if self.desk is not None:
            self.answer.verify()
            return
        after = None
        while True:
            part = self.database.one("select answerd.verify(%s)", after)
            assert not part["findings"], part
            after = part["next"]
            if after is None:
                return

    def sources(self):
        return self.answer("sources", code=0).items

    def conversation(self, message):
        """Its conversation's id."""
        return str(self.database.one("select c.conversation_id from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, "
                                     "brand_id) where m.external_id = %s", message))

    def ask(self, who, words, **more):
        """Somebody asks us, and waits; the conversation's id."""
        message = self.town.post(who, "@shop " + words, **more)
        self.wait_for(message)
        return self.conversation(message)

    def posted(self, words, server="social"):
        """The platform's own book: posts of ours with these words."""
        return [p for p in self.town.truth(server) if p["via"] == "api" and words in p["text"] and not p["deleted"]]

    def state(self, reply):
        return self.database.one("select state::text from answerd.reply where reply_id = %s", int(reply))

    def actors(self, entry):
        """Who ended the waits of that conversation."""
        return self.database.column("select actor from answerd.response_times where conversation_id = %s order by answered_at", int(entry))

    # ---- answering
    def reply(self, entry, text, *left, timeout=60):
        """`answer reply`, until only those are left who wait: then it is sent; its place on the platform."""
        r = self.answer("reply", entry, "-m", text, code=0).json["id"]
        self.wait_waiting(*left, timeout=timeout)
        sent = self.answer("replies", r, code=0).json
        assert sent["state"] == "sent" and sent["history"][-1]["what"] == "sent", sent
        return sent["external_id"]
