"""What platforms allow in any stretch of time, from their sheets (../shared/platforms), kept apart from what our connectors believe."""
ALLOWED = {                         # requests, seconds
    "blogger": (100, 100), "bluesky": (3000, 300), "discourse": (60, 60), "facebook": (200, 3600), "google-business": (300, 60),
    "hackernews": (10_000, 3600), "instagram": (200, 3600), "lemmy": (100, 60), "mail": (600, 300), "mastodon": (300, 300), "reddit": (1000, 600),
    "rss": (300, 300), "telegram": (1800, 60), "threads": (4800, 86_400), "wordpress": (300, 300), "x": (300, 900), "youtube": (10_000, 86_400),
}
COSTS = {"youtube": 50}             # of what posts there; whatever else is asked costs one


def most_in(times, seconds):
    """The most of these (time in ms, cost) that lie within so many seconds."""
    most = total = first = 0
    for at, cost in times:
        total += cost
        while at - times[first][0] >= 1000 * seconds:
            total -= times[first][1]
            first += 1
        most = max(most, total)
    return most


def used(town):
    """server -> its answers, (time, cost) each, in order."""
    found = {}
    kinds = {s["name"]: s["kind"] for s in town.call("GET", "servers")}
    for answer in town.answers():
        cost = COSTS.get(kinds.get(answer["server"]), 1) if answer["m"] != "GET" and "/token" not in answer["p"] else 1
        found.setdefault(answer["server"], []).append((answer["t"], cost))
    return {server: sorted(times) for server, times in found.items()}
