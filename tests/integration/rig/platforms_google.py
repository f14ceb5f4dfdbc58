"""What the conformance suite must know of Google's platforms."""
from rig.platforms import Cannot, Mastodon, Wordpress


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


class GoogleBusiness(Mastodon):
    """Reviews of one location; only we answer, and once."""
    news = r"/reviews$"
    dialects = ["seconds"]
    schema = [("createTime", "missing"), ("createTime", "no_time"), ("createTime", "year_1970"), ("createTime", "year_2099"), ("updateTime", "no_time"),
              ("updateTime", "missing"), ("comment", "number"), ("comment", "missing"), ("displayName", "list"), ("displayName", "null"),
              ("starRating", "object"), ("reviewId", "null")]

    def words(self, words):
        return words

    def op(self, who, words, parent=None, **more):
        if parent and who != self.own:
            raise Cannot("nobody but the business answers a review")
        return {"author": who, "text": words, **({"parent": parent} if parent else {}), **more}

    def publish(self, words):
        raise Cannot("a business writes no reviews")

    def strange(self, under):
        raise Cannot("there is nothing but reviews")

    def can_backdate(self):
        raise Cannot("nobody can date a review: Google writes its time, and its lists go by that")

    def overheard(self, under):
        raise Cannot("nobody but the business answers a review")

    def said(self, row):
        said = super().said(row)
        said.names_us = row["parent"] is None or "/edit." in row["id"]
        return said

    def more(self, rows):
        """What is changed after our reply waits again, as a message of its own."""
        replies = {}
        for row in rows:
            if row["parent"]:
                replies.setdefault(row["parent"], []).append(row["at"])
        return [{**row, "id": f"{row['id']}/edit.{row['edited'] * 1000}", "parent": row["id"], "at": row["edited"]} for row in rows
                if row["edited"] and any(at < row["edited"] for at in replies.get(row["id"], ()))]


__all__ = ["GoogleBusiness", "Youtube"]
