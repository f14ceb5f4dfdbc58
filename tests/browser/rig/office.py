"""What the worker of a shop that never closes would declare."""
import json


def open_office(db):
    """What a worker declares: an office that never closes, the shipped policies, an account that takes replies."""
    declared = {"brands": [{"name": "acme", "timezone": "Europe/London", "hours": ["Mon-Sun 00:00-24:00"], "holidays": [], "accounts": [
        {"name": "acme_social", "platform": "mastodon", "server": "https://social.example", "realm": "https://social.example", "is_time_authors": False,
         "every_us": 60000000, "sources": ["mentions", "own"]}]}], "policies": [], "health": {"notify": [], "silent_us": 0}}
    db.rows("select answerd.declare(%s::jsonb)", json.dumps(declared))
    while db.rows("select * from answerd.renewed(1000)"):
        pass
    db.rows("select answerd.declare_replies(%s)", json.dumps({"brands": [{"name": "acme", "sign": False, "approval": False, "repeat_limit": 5, "accounts": [
        {"name": "acme_social", "is_able": True, "answers": ["mention", "reply"], "window_s": 0, "key_valid_s": 3600, "has_lookup": True,
         "settle_us": 1000000, "every_us": 1000000}]}]}))
