"""How people speak on Meta's networks in the town, for the conformance suite (platforms.py)."""
from rig.platforms import Cannot, Wordpress


class Facebook(Wordpress):
    """Questions are comments below a post of our page."""
    news = "/comments$"
    schema = [("created_time", "missing"), ("created_time", "no_time"), ("created_time", "year_1970"), ("created_time", "year_2099"),
              ("message", "number"), ("message", "missing"), ("message", "null"), ("name", "list"), ("from", "missing"), ("permalink_url", "object")]
    dialects = []

    def op(self, who, words, parent=None, **more):
        return {"author": who, "text": words, "parent": parent or self.root, **more}

    def open(self, connector, **account):
        super(Wordpress, self).open(connector, **account)
        self.root = self.town.post("shop", "Fresh bread at eight.", self.place.name)

    def publish(self, words):
        return self.town.post("shop", words, self.place.name)

    def hang(self, ids):
        """Comments have two levels: what answers a reply hangs below the one on top."""
        return [ids[0]] * (len(ids) - 1)

    def can_backdate(self):
        raise Cannot("nobody can date a comment: the server writes its time")

    def strange(self, under):
        raise Cannot("a page has nothing but posts, comments, recommendations and messages")


class Instagram(Facebook):
    """Questions are comments below a medium of ours."""
    schema = [("timestamp", "missing"), ("timestamp", "no_time"), ("timestamp", "year_1970"), ("timestamp", "year_2099"), ("text", "number"),
              ("text", "missing"), ("text", "null"), ("username", "list"), ("from", "missing"), ("hidden", "object")]


class Threads(Facebook):
    """Questions are replies below a post of ours; they nest to any depth."""
    many_replies = 1000         # in a day
    news = "/conversation$"
    schema = [("timestamp", "missing"), ("timestamp", "no_time"), ("timestamp", "year_1970"), ("timestamp", "year_2099"), ("text", "number"),
              ("text", "missing"), ("text", "null"), ("username", "list"), ("hide_status", "object"), ("permalink", "null")]

    def hang(self, ids):
        return ids[:-1]

    def strange(self, under):
        self.town.post("shop", "", self.place.name, repost=True)
