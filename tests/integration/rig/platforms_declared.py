"""The platforms that need no C: described in connectors/networks, and heard by the declarative connector."""
from rig.platforms import Cannot, Wordpress


class Lemmy(Wordpress):
    """Everything stands below a post of ours."""
    news = "/user/replies$"
    dialects = ["seconds"]
    schema = [("published", "no_time"), ("published", "missing"), ("published", "year_1970"), ("published", "year_2099"), ("content", "number"), ("content", "missing"),
              ("path", "object"), ("path", "missing"), ("actor_id", "list"), ("display_name", "null"), ("recipient_id", "null"), ("deleted", "object")]

    def strange(self, under):
        raise Cannot("Lemmy has nothing but posts, comments and private messages")


__all__ = ["Lemmy"]
