"""What the town is made of: people and posts, ids, times and text. Shared by all platforms."""
import base64
import datetime
import hashlib
import html
import re
import unicodedata

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
NAME = re.compile(r"(?<![\w@/])@([A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*)(?:@([A-Za-z0-9.-]+[A-Za-z0-9]))?")
TAG = re.compile(r"(?<![\w&/#])#(\w+)")
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")


class Bad(Exception):
    """The control API was asked for something that cannot be."""


def iso(ms, millis=True):
    """RFC 3339 in UTC with 'Z'."""
    when = EPOCH + datetime.timedelta(milliseconds=ms)
    text = when.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{ms % 1000:03d}Z" if millis else text + "Z"


def parse_time(value, default=None):
    """Milliseconds since 1970 from a number or a text; what cannot be read gives `default`."""
    if value is None:
        return default
    if isinstance(value, (int, float)):
        return int(value)
    try:
        when = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return default
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - EPOCH) // datetime.timedelta(milliseconds=1)


def tid(micros, clock=7):
    """A 13-character Bluesky record key that sorts by time."""
    number = (max(micros, 0) << 10 | clock) & ((1 << 63) - 1)
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def cid(data):
    """A content id as Bluesky writes it (version 1, dag-cbor, SHA-256); ours hashes the JSON instead."""
    raw = b"\x01\x71\x12\x20" + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def did(name):
    digest = hashlib.sha256(name.encode()).digest()[:15]
    return "did:plc:" + base64.b32encode(digest).decode().lower()


def graphemes(text):
    """Near enough the number of characters a person sees."""
    count, joined, flags = 0, False, 0
    for ch in text:
        code = ord(ch)
        if ch == "\u200d":
            joined = True
            continue
        if unicodedata.category(ch) in ("Mn", "Me") or 0x1F3FB <= code <= 0x1F3FF or 0xFE00 <= code <= 0xFE0F:
            continue
        if 0x1F1E6 <= code <= 0x1F1FF:
            flags += 1
            if flags % 2 == 0:
                continue
        else:
            flags = 0
        if joined:
            joined = False
            continue
        count += 1
    return count


class Person:
    """Somebody with an account on one server; `own` marks the accounts of a brand."""

    def __init__(self, server, key, handle=None, name=None, domain=None, own=None, bot=False, filtered=False,
                 ident=None, created=0):
        self.server, self.key = server, key
        self.handle = handle or key
        self.name = self.handle if name is None else name
        self.domain, self.own, self.bot, self.filtered = domain, own, bot, filtered
        self.id = ident
        self.created = created
        self.posts = []             # in order of insertion
        self.notes = []             # notifications, in order of insertion
        self.boosts = []
        self.password = None
        self.cache = None

    @property
    def acct(self):
        return f"{self.handle}@{self.domain}" if self.domain else self.handle


class Post:
    """One thing somebody said. `at` is what its author's clock said, `arrived` when the server got it."""

    def __init__(self, server, key, ident, author, text, at, arrived):
        self.server, self.key, self.id, self.author = server, key, ident, author
        self.text, self.at, self.arrived = text, at, arrived
        self.parent_id = None       # platform id, also of a post that is not there (yet)
        self.mentions = []
        self.tags = []
        self.visibility = "public"
        self.lang = "en"
        self.spoiler = ""
        self.edited = None
        self.deleted = False
        self.html = None            # raw content instead of rendered text
        self.raw = {}               # fields that replace rendered ones
        self.likes = set()
        self.boosters = set()
        self.replies = []           # ids of posts below
        self.seq = 0
        self.via = "person"
        self.el = None              # number in the book of the cached form
        self.cache = None
        self.visible_at = arrived
        self.posting_key = None     # with which it came in through the API
        self.record = None          # Bluesky
        self.cid = None
        self.quote = None
        self.boosted = None         # Mastodon: the post that this one only repeats
        self.application = None

    def stale(self):
        self.cache = self.el = None


class Note:
    """A notification for one person."""

    def __init__(self, ident, kind, person, actor, post, arrived):
        self.id, self.kind, self.person, self.actor, self.post, self.arrived = ident, kind, person, actor, post, arrived
        self.gone = False
        self.el = None
        self.cache = None
        self.cache_of = None        # element number of the post at rendering
        self.sort_at = arrived
        self.visible_at = arrived
        self.subject = None
        self.uri = None


def to_html(text, server):
    """The HTML that Mastodon makes of a text: paragraphs, breaks, links, mentions, hashtags."""
    out = []
    for paragraph in text.split("\n\n"):
        out.append("<p>" + "<br />".join(_line(line, server) for line in paragraph.split("\n")) + "</p>")
    return "".join(out)


def _line(line, server):
    found = [(m.start(), m.end(), "link", m) for m in LINK.finditer(line)]
    found += [(m.start(), m.end(), "name", m) for m in NAME.finditer(line)]
    found += [(m.start(), m.end(), "tag", m) for m in TAG.finditer(line)]
    found.sort(key=lambda f: (f[0], -f[1]))
    out, pos = [], 0
    for start, end, kind, match in found:
        if start < pos:
            continue
        piece = _special(kind, match, server)
        if piece is None:
            continue
        out += [html.escape(line[pos:start], quote=False), piece]
        pos = end
    out.append(html.escape(line[pos:], quote=False))
    return "".join(out)


def _special(kind, match, server):
    if kind == "tag":
        tag = match[1]
        return f'<a href="{server.base}/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
    if kind == "name":
        person = server.find_handle(match[1], match[2])
        if person is None:
            return None
        return (f'<span class="h-card" translate="no"><a href="{server.profile_url(person)}" class="u-url mention">'
                f"@<span>{person.handle}</span></a></span>")
    url = match[0]
    scheme, _, rest = url.partition("://")
    shown, hidden = rest[:30], rest[30:]
    href = html.escape(url)
    return (f'<a href="{href}" target="_blank" rel="nofollow noopener noreferrer" translate="no">'
            f'<span class="invisible">{scheme}://</span><span class="{"ellipsis" if hidden else ""}">{html.escape(shown)}</span>'
            f'<span class="invisible">{html.escape(hidden)}</span></a>')
