"""A lively day (filled in by the next commit)."""
DAYS = {"lively": None}


class Life:
    def __init__(self, town, name, fresh):
        self.town, self.name, self.fresh = town, name, fresh

    async def run(self):
        return
