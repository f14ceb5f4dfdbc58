"""An independent model of office hours, written from the words of PRODUCT and daemon/store/README.md ("Business time") and nothing
else of ours: it steps through minutes and looks at the clock on the office's wall.

The office is open in a minute when the wall then shows a day and a time within one of its frames ("Mon-Fri 22:00-02:00" goes on
past midnight, and belongs to the day on which it begins) and no holiday covers it. All times here are whole minutes, UTC."""
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MINUTE = timedelta(minutes=1)


class Office:
    def __init__(self, zone, hours, holidays=()):
        """holidays: pairs (begins, ends) of dates, of wall times (naive datetimes) or of UTC times (aware)."""
        self.zone, self.holidays = ZoneInfo(zone), list(holidays)
        self.frames = [frame for text in hours for frame in parse(text)]

    def is_open(self, instant):
        wall = instant.astimezone(self.zone).replace(tzinfo=None)
        for frame in self.frames:
            if shows(wall, frame):
                return not any(covers(h, wall, instant) for h in self.holidays)
        return False

    def minutes(self, begin, end):
        """Every minute of a span in which the office is open."""
        while begin < end:
            if self.is_open(begin):
                yield begin
            begin += MINUTE

    def between(self, begin, end):
        return sum(1 for _ in self.minutes(begin, end))

    def deadline(self, begin, seconds):
        """The instant when so many seconds of office time have passed since `begin` (any second)."""
        minute = begin.replace(second=0, microsecond=0)
        while True:
            if self.is_open(minute):
                since = max(begin, minute)
                if seconds <= (minute + MINUTE - since).total_seconds():
                    return since + timedelta(seconds=seconds)
                seconds -= (minute + MINUTE - since).total_seconds()
            minute += MINUTE


def parse(text):
    """(day of the week, from, until) in minutes; until over 1440 goes on the next day."""
    days, frames = text.lower().split(" ", 1)
    numbers = set()
    for part in days.split(","):
        first, _, last = part.partition("-")
        n = DAYS.index(first)
        numbers.add(n)
        while DAYS[n] != (last or first):
            n = (n + 1) % 7
            numbers.add(n)
    for frame in frames.split(","):
        begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in frame.strip().split("-"))
        for n in sorted(numbers):
            yield n, begin, end if end > begin else end + 1440


def shows(wall, frame):
    day, begin, end = frame
    at = wall.hour * 60 + wall.minute
    return (wall.weekday() == day and begin <= at < end) or (wall.weekday() == (day + 1) % 7 and at + 1440 < end)


def covers(holiday, wall, instant):
    begins, ends = holiday
    if not isinstance(begins, datetime):
        return begins <= wall.date() < ends
    return begins <= (wall if begins.tzinfo is None else instant) < ends


def transitions(zone, first=2010, last=2030):
    """Every minute in which the zone's clocks change."""
    info = ZoneInfo(zone)
    at, end, step = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC), timedelta(hours=6)
    while at < end:
        if at.astimezone(info).utcoffset() != (at + step).astimezone(info).utcoffset():
            low, high = at, at + step
            while high - low > MINUTE:
                middle = low + (high - low) // 2 // MINUTE * MINUTE
                if middle.astimezone(info).utcoffset() == low.astimezone(info).utcoffset():
                    low = middle
                else:
                    high = middle
            yield high
        at += step


def declared(holiday):
    """A holiday as the worker declares it."""
    return [t.isoformat() if not isinstance(t, datetime) else t.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if t.tzinfo else "") for t in holiday] + ["x"]


def day(d):
    """A holiday of one day."""
    return (d, d + timedelta(days=1))


__all__ = ["Office", "UTC", "date", "datetime", "day", "declared", "time", "timedelta", "transitions"]
