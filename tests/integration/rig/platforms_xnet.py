"""How people speak on X, Reddit and Hacker News, for the conformance suite (platforms.py)."""
from rig import platforms


class X(platforms.Mastodon):
    news = "/mentions$"
    dialects = ["x_epoch"]
    many_questions = 500        # its list of mentions ends after 800
    many_replies = 900          # a look reads a thousand of our own posts
    schema = [("created_at", "missing"), ("created_at", "no_time"), ("created_at", "year_1970"), ("created_at", "year_2099"), ("text", "missing"),
              ("text", "number"), ("author_id", "missing"), ("author_id", "list"), ("edit_history_tweet_ids", "null"), ("lang", "object"),
              ("conversation_id", "number")]

    def can_backdate(self):
        raise platforms.Cannot("nobody can date a post of X: the id itself tells when it was made")


class Reddit(platforms.Wordpress):
    """Everything stands below a post of ours."""
    news = "/message/inbox$"
    dialects = []
    many_questions = 500        # its lists end after a thousand
    many_replies = 900          # and so does what a look can read of ours
    schema = [("author", "missing"), ("author", "list"), ("body", "missing"), ("body", "number"), ("created_utc", "null"), ("created_utc", "object"),
              ("parent_id", "number"), ("edited", "object"), ("permalink", "list"), ("link_id", "null"), ("type", "object"), ("kind", "number")]

    def can_backdate(self):
        raise platforms.Cannot("nobody can date what is said on Reddit: the server writes its time")

    def strange(self, under):
        raise platforms.Cannot("Reddit has nothing but posts, comments and messages")


class Hackernews(platforms.Wordpress):
    """Everything stands below a story of ours."""
    news = "/search_by_date$"
    dialects = []
    schema = [("author", "missing"), ("author", "list"), ("comment_text", "missing"), ("comment_text", "number"), ("created_at_i", "null"),
              ("created_at_i", "object"), ("parent_id", "object"), ("story_id", "null"), ("_tags", "null"), ("title", "number")]

    def can_backdate(self):
        raise platforms.Cannot("nobody can date what is said on Hacker News: the server writes its time, and the search goes by that")

    def strange(self, under):
        self.town.post("bob", "an option", self.place.name, parent=under, type="pollopt")

    def can_refuse(self):
        raise platforms.Cannot("Hacker News has no token")
