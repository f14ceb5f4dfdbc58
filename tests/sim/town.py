#!/usr/bin/python3
"""The town: simulated Mastodon servers, Bluesky, Telegram, forums and blogs, on one port of 127.0.0.1, with a book of all they did.

    town.py --port 0 --book /tmp/book.jsonl [--day lively] [--ready-file F]

README.md beside this file describes the control API. SIGTERM ends it cleanly; started again on the same book
it is the same town."""
import argparse
import asyncio
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import control  # noqa: E402
import day  # noqa: E402
from blog import Blog, BlogApi  # noqa: E402
from blogger import Blogger, BloggerApi  # noqa: E402
from bluesky import Bluesky  # noqa: E402
from bluesky_api import BlueskyApi  # noqa: E402
from book import Book  # noqa: E402
from discourse import Discourse, DiscourseApi  # noqa: E402
from facebook import Facebook, FacebookApi  # noqa: E402
from faults import Faults  # noqa: E402
from google import Google, GoogleApi  # noqa: E402
from google_business import GoogleBusiness, GoogleBusinessApi  # noqa: E402
from instagram import Instagram, InstagramApi  # noqa: E402
from lemmy import Lemmy, LemmyApi  # noqa: E402
from hackernews import Hackernews, HackernewsApi  # noqa: E402
from mail import Mail  # noqa: E402
from mastodon import Mastodon  # noqa: E402
from mastodon_api import MastodonApi  # noqa: E402
from reddit import Reddit, RedditApi  # noqa: E402
from telegram import Telegram, TelegramApi  # noqa: E402
from threads import Threads, ThreadsApi  # noqa: E402
from wire import Connection, Reply  # noqa: E402
from wordpress import Wordpress, WordpressApi  # noqa: E402
from world import World  # noqa: E402
from x import X, XApi  # noqa: E402
from youtube import Youtube, YoutubeApi  # noqa: E402

APIS = {
    "blog": BlogApi,
    "blogger": BloggerApi,
    "bluesky": BlueskyApi,
    "discourse": DiscourseApi,
    "facebook": FacebookApi,
    "instagram": InstagramApi,
    "google": GoogleApi,
    "google-business": GoogleBusinessApi,
    "lemmy": LemmyApi,
    "hackernews": HackernewsApi,
    "mastodon": MastodonApi,
    "reddit": RedditApi,
    "telegram": TelegramApi,
    "threads": ThreadsApi,
    "wordpress": WordpressApi,
    "x": XApi,
    "youtube": YoutubeApi,
}
PREFIX = {
    "b": "bluesky",
    "d": "discourse",
    "f": "blog",
    "fb": "facebook",
    "g": "blogger",
    "ig": "instagram",
    "gb": "google-business",
    "go": "google",
    "l": "lemmy",
    "h": "hackernews",
    "m": "mastodon",
    "r": "reddit",
    "t": "telegram",
    "th": "threads",
    "w": "wordpress",
    "x": "x",
    "y": "youtube",
}
KINDS = {
    "blog": Blog,
    "blogger": Blogger,
    "bluesky": Bluesky,
    "discourse": Discourse,
    "facebook": Facebook,
    "instagram": Instagram,
    "google": Google,
    "google-business": GoogleBusiness,
    "lemmy": Lemmy,
    "hackernews": Hackernews,
    "mail": Mail,
    "mastodon": Mastodon,
    "reddit": Reddit,
    "telegram": Telegram,
    "threads": Threads,
    "wordpress": Wordpress,
    "x": X,
    "youtube": Youtube,
}
# Where a worker asks for news.
POLLS = (
    "/comments/feed/",
    "/getUpdates",
    "/me/media",
    "/me/threads",
    "/mentions",
    "/message/inbox",
    "/notifications",
    "/posts.json",
    "/reviews",
    "/published_posts",
    "/search_by_date",
    "/user/replies",
    "/v3/blogs/1/comments",
    "/wp/v2/comments",
    "/youtube/v3/commentThreads",
    "listNotifications",
)
# The same addresses ask for other things, too.
NO_POLL = ("&id=", "heldForReview")


class Town:
    """Joins the parts: takes a request to the right server, and every answer to the book."""

    def __init__(self, book_path, sync=True, answers=True):
        self.world = World(KINDS)
        self.world.town = self
        self.book = Book(book_path, sync, answers)
        self.world.book = self.book
        self.faults = Faults(self)
        self.control = control.Control(self)
        self.apis = {}
        self.connections = set()
        self.tasks = set()
        self.counters = {}

    def now_ms(self):
        return self.world.now_ms()

    def count(self, name):
        self.counters[name] = self.counters.get(name, 0) + 1

    def reload(self):
        """Do again what the book says was done."""
        n = 0
        for line in Book.read(self.book.path):
            if line["k"] == "do":
                op = {k: v for k, v in line.items() if k != "k"}
                self.world.do(op, record=False)
                n += 1
            self.book.recall(line)
        return n

    def api(self, kind, name):
        api = self.apis.get(name)
        if api is None:
            server = self.world.servers.get(name)
            if server is None or server.kind != kind:
                return None
            api = self.apis[name] = APIS[kind](server)
        return api

    def handle(self, request):
        _, letter, *rest = request.path.split("/", 3)
        if letter == "control":
            return self.control.handle(request)
        api = self.api(PREFIX.get(letter), rest[0]) if rest else None
        if api is None:
            self.count("no such place")
            return Reply(404, b"The town has no such place.\n", "text/plain")
        name = rest[0]
        path = "/" + rest[1] if len(rest) > 1 else "/"
        request.endpoint = name
        if not self.faults.list:
            return api.handle(request, path)
        if not request.viewer:
            self.guess_viewer(api.s, request)
        fault = self.faults.find(name, request, path)
        if fault is None:
            return api.handle(request, path)
        self.count(f"fault {fault.kind}")
        return self.faults.play(fault, request, lambda: api.handle(request, path))

    @staticmethod
    def guess_viewer(server, request):
        if server.kind in ("blogger", "google", "google-business", "youtube"):
            entry = server.access.get(request.bearer())
            request.viewer = entry[0].key if entry is not None else ""
            return
        if server.kind in ("reddit", "wordpress", "x"):
            viewer = server.viewer(request)
            request.viewer = viewer.key if viewer is not None else ""
            return
        if server.kind in ("facebook", "instagram", "threads"):
            entry = server.tokens.get(request.arg("access_token") or request.form().get("access_token"))
            request.viewer = entry[0].key if entry is not None else ""
            return
        entry = server.tokens.get(request.bearer()) or getattr(server, "sessions", {}).get(request.bearer())
        if entry and not isinstance(entry, str):
            request.viewer = entry[0].key

    def note_answer(self, request, reply, body, cut=False):
        if not request.endpoint:
            return
        self.count(f"{request.endpoint} {reply.status}")
        if reply.status in (200, 304) and request.path.endswith(POLLS) and not any(n in request.query for n in NO_POLL):
            self.count(f"polls {request.endpoint}")
        self.book.answer(self.now_ms(), request.endpoint, request, reply, body, cut)


async def run(options):
    town = Town(options.book, sync=not options.no_sync, answers=not options.no_answers)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(town), "127.0.0.1", options.port, backlog=512)
    port = server.sockets[0].getsockname()[1]
    town.world.base = f"http://127.0.0.1:{port}"
    again = town.reload()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if options.day:
        life = day.Life(town, options.day, fresh=not again)
        task = asyncio.ensure_future(life.run())
        town.tasks.add(task)
    if options.ready_file:
        with open(options.ready_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.replace(options.ready_file + ".new", options.ready_file)
    print(f"The town listens on http://127.0.0.1:{port}, its book is {options.book}", flush=True)
    await stop.wait()
    server.close()
    for task in list(town.tasks):
        task.cancel()
    for connection in list(town.connections):
        connection.abort()
    await asyncio.gather(*town.tasks, return_exceptions=True)
    town.book.close()


def main():
    parser = argparse.ArgumentParser(description="The town of simulated platforms.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks one")
    parser.add_argument("--book", required=True, help="the book (JSON lines); an existing one is continued")
    parser.add_argument("--day", choices=sorted(day.DAYS), help="fill the town with a day in the life of a small business")
    parser.add_argument("--ready-file", help="written with the port when the town listens")
    parser.add_argument("--no-sync", action="store_true", help="do not fsync the book (benchmarks)")
    parser.add_argument("--no-answers", action="store_true", help="keep single answers out of the book (benchmarks)")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
