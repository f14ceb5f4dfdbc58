"""What the documents allow, and no server says: each narrowing with its reason. And what makes a made answer one to the question."""
import string

from rig.asked import COMMON, POST

HANDLE = string.ascii_lowercase + string.digits + "_"


def number_id(m):
    """A number as text. Mastodon's guide: "String (cast from an integer)"; other servers have letters, too. X: snowflakes have 63 bits."""
    return m.digits()


def status_id(m):
    return m.digits() if m.chance(0.7) else m.word(least=4, most=26)


def handle(m):
    """A name that is none could stand in no text."""
    return m.word(HANDLE)


def acct(m):
    return handle(m) + (f"@{m.word(string.ascii_lowercase)}.example" if m.chance(0.5) else "")


def conversation(m):
    return f"44-{m.digits()}" if m.chance(0.8) else m.digits(10**14)


def positive(m):
    """Rows of a database are counted from one."""
    return m.number(1, 2**53)


def ids(m):
    return [positive(m) for _ in range(m.random.randint(0, 40))]


# ---- x: in the words of both documents, in which ids may be any text (2.167), or larger than 63 bits and zero (2.159) ----
X_IDS = ("id", "author_id", "conversation_id", "sender_id", "dm_event_id", "in_reply_to_user_id", "edit_history_tweet_ids", "edit_history_post_ids")
X_LISTS = ("edit_history_tweet_ids", "edit_history_post_ids")
X_RULES = {**{n: number_id for n in X_IDS}, "dm_conversation_id": conversation, "username": handle,
           **{n: lambda m: [m.digits() for _ in range(m.random.randint(0, 3))] for n in X_LISTS}}
# Asked for by tweet.fields, expansions and dm_event.fields, or always given ("meta": every list has it).
X_NEEDED = ("id", "text", "data", "meta", "author_id", "sender_id", "dm_conversation_id", "event_type")


def x_tie(answer, op, known):
    """Every version of a post names itself among its versions, which no schema can say."""
    for post in x_posts(answer):
        for name in X_LISTS:
            if name in post:
                post[name].append(post["id"])
    if op == "reply" and "thread" in known:
        answer["data"]["dm_conversation_id"] = known["thread"]
    elif op == "reply":
        answer["data"]["text"] = POST["text"]


def x_posts(answer):
    data = answer.get("data")
    more = answer.get("includes", {})
    return [*(data if isinstance(data, list) else []), *more.get("tweets", []), *more.get("posts", [])]


# ---- mastodon ----
M_RULES = {"id": status_id, "in_reply_to_id": lambda m: None if m.chance(0.5) else status_id(m), "acct": acct, "username": handle,
           "in_reply_to_account_id": lambda m: None if m.chance(0.5) else status_id(m),
           # A client and a token are words of RFC 6749 (A.1, A.12), without spaces and colons.
           "client_id": handle, "client_secret": handle, "access_token": handle}
M_SEARCH = {"accounts": lambda m: [], "hashtags": lambda m: []}     # asked with type=statuses


def m_schema(schema, op):
    """A scheduled status answers only who has asked for one."""
    return schema["oneOf"][0] if op == "reply" else schema


def m_tie(answer, op, known):
    if op == "reply":
        answer.update(reblog=None, in_reply_to_id=known["parent"], content=f"<p>@ann {POST['text']}</p>")
        answer["account"]["id"] = COMMON["mastodon"]["own-id"]
    if op == "connect" and "scope" in answer:
        answer["scope"] = "read:accounts read:notifications read:statuses read:search write:statuses"


def m_elements(answer):
    if isinstance(answer, list):
        return len(answer)
    lists = [answer[n] for n in ("ancestors", "descendants", "statuses") if n in answer]
    return sum(len(part) for part in lists) if lists else int("content" in answer)


# ---- discourse: its schemas are those of its tests' examples, in which null stands for "a text" ----
D_RULES = {n: positive for n in ("posts.id", "latest_posts.id", "topic_id", "post_number", "user_id", "user.id", "id")}
D_RULES.update({"username": handle, "stream": ids, "reply_to_post_number": lambda m: m.number(1, 10**6) if m.chance(0.5) else None})
# Where a schema demands nothing at all, though no post is without them.
D_NEEDED = ("id", "user_id", "post_stream", "posts", "topic_id", "post_number", "username")


def d_tie(answer, op, known):
    if op == "reply":
        answer.update(topic_id=int(known["parent"].removeprefix("pm:").split("/")[0]), user_id=int(COMMON["discourse"]["own-id"]), deleted_at=None,
                      user_deleted=False)
        answer.pop("action", None)


def d_elements(answer):
    posts = answer.get("latest_posts", answer.get("post_stream", {}).get("posts"))
    return len(posts) if posts is not None else 0


# ---- google: its documents demand nothing at all, so what no element is without is needed ----
def google_id(m):
    return m.word(string.ascii_letters + string.digits + "-", least=4, most=26)


def below(m):
    """Of a reply, the thread's id stands before the dot."""
    return f"{google_id(m)}.{google_id(m)}" if m.chance(0.5) else google_id(m)


def review_name(m):
    return f"accounts/1/locations/{m.random.randint(2, 3)}/reviews/{google_id(m)}"


YOUTUBE_RULES = {"id": google_id, "comments.id": below, "authorChannelId.value": lambda m: "UC" + m.word(least=22, most=22), "videoId": google_id,
                 "publishedAt": lambda m: m.time(), "updatedAt": lambda m: m.time()}
YOUTUBE_NEEDED = ("kind", "id", "snippet", "topLevelComment", "authorChannelId", "value", "items", "videoId", "textDisplay")
BLOGGER_RULES = {"id": lambda m: m.digits(), "published": lambda m: m.time(), "updated": lambda m: m.time()}
BLOGGER_NEEDED = ("kind", "id", "post", "items", "author", "content")
# Google takes no review without stars; the document's "unspecified" is what an enumeration must begin with.
REVIEW_RULES = {"reviews.name": review_name, "reviewId": google_id, "starRating": lambda m: m.random.choice(["ONE", "TWO", "THREE", "FOUR", "FIVE"])}
REVIEW_NEEDED = ("reviews", "name", "reviewer", "reviewId", "starRating")
