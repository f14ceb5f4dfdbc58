"""What the conformance suite must know of Google's platforms."""
from model import Model
from rig.platforms import CUSTOMERS, Cannot, Wordpress


class Youtube(Wordpress):
    """Everything stands below a video of ours, which is heard when somebody comments on it."""
    news, asks = "/youtube/v3/commentThreads$", r"allThreadsRelatedToChannelId=[^&]*&maxResults=\d+(&pageToken=.*)?$"
    dialects = ["seconds"]
    schema = [("publishedAt", "no_time"), ("publishedAt", "missing"), ("publishedAt", "year_1970"), ("publishedAt", "year_2099"), ("textDisplay", "number"),
              ("textDisplay", "missing"), ("authorDisplayName", "list"), ("authorDisplayName", "null"), ("videoId", "object"), ("kind", "null"),
              ("authorChannelId", "list"), ("totalReplyCount", "null")]

    def publish(self, words):
        """The channel's own comment below its video."""
        return self.town.post("shop", words, self.place.name, parent=self.root)

    def can_backdate(self):
        raise Cannot("nobody can date a comment on YouTube: the server writes its time, and its lists go by that")

    def strange(self, under):
        raise Cannot("YouTube's interface has nothing but comments")

    def hang(self, ids):
        """There is one level of replies."""
        return [ids[0]] * (len(ids) - 1)

    def said(self, row):
        said = super().said(row)
        said.at = row["at"] // 1000
        return said


__all__ = ["CUSTOMERS", "Model", "Youtube"]
