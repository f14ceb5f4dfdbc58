"""How people speak on X, for the conformance suite (platforms.py)."""
from rig import platforms


class X(platforms.Mastodon):
    news = "/mentions$"
    schema = [("created_at", "missing"), ("created_at", "no_time"), ("created_at", "year_1970"), ("created_at", "year_2099"), ("text", "missing"),
              ("text", "number"), ("author_id", "missing"), ("author_id", "list"), ("edit_history_tweet_ids", "null"), ("lang", "object"),
              ("conversation_id", "number")]

    def can_backdate(self):
        raise platforms.Cannot("nobody can date a post of X: the id itself tells when it was made")
