"""An independent model of the queue, written from PRODUCT.md ("What counts as an answer") and nothing else of ours.

It is small and slow on purpose. It takes all messages that are known and computes for one account who waits since
when. It remembers nothing: run it again after every change.

A thread is followed by parents. A customer's message below a post of ours that answers nobody begins a thread of
its own; a message whose parent is not known is a thread's beginning as far as we can know."""
from dataclasses import dataclass, field

CUSTOMER, OURS, OTHER = "customer", "ours", "other business"


@dataclass
class Said:
    """One message as the platform has it. `at` is any number that grows with time."""
    id: str
    author: str
    at: int
    side: str = CUSTOMER
    parent: str | None = None
    names: frozenset = field(default_factory=frozenset)     # authors whom the text names
    names_us: bool = False
    is_direct: bool = False
    is_deleted: bool = False
    is_dismissed: bool = False
    is_person: bool = True                                  # false: a bot's or an automatic answer
    thread: str | None = None                               # where the platform itself says which exchange it is
    nature: str = "neutral"
    kind: str | None = None                                 # where it matters; else derived from what it is

    @property
    def what(self):
        return self.kind or ("direct" if self.is_direct else "reply" if self.parent else "mention" if self.names_us else "post")


@dataclass(frozen=True, order=True)
class Waiting:
    root: str
    customer: str
    since: int
    count: int
    kind: str = "other"         # of the oldest message that waits
    nature: str = "neutral"     # the weightiest of all that wait
    is_next: bool = False       # somebody of ours has answered here before


NATURES = ["thanks", "praise", "neutral", "question", "complaint"]     # what weighs more comes later
MINUTE, HOUR = 60, 3600


def promise(kind, nature, is_next):
    """PRODUCT, "Policies that ship", of what is to us: (warn, answer, hard stop) in seconds; the first two in office time."""
    if nature in ("praise", "thanks"):
        return None, None if is_next else 8 * HOUR, 72 * HOUR
    if kind == "direct":
        return 45 * MINUTE, (2 if is_next else 1) * HOUR, 20 * HOUR
    if nature in ("complaint", "question"):
        return 45 * MINUTE, HOUR, 24 * HOUR
    return (6 * HOUR, 8 * HOUR, 48 * HOUR) if kind == "review" else (3 * HOUR, 4 * HOUR, 24 * HOUR)


class Model:
    def __init__(self, messages):
        self.by_id = {m.id: m for m in messages}
        self.below = {}
        for m in messages:
            if m.parent is not None and m.parent != m.id:
                self.below.setdefault(m.parent, []).append(m)

    def above(self, m):
        """From the parent upwards, through what is known; a circle ends it."""
        seen = {m.id}
        while m.parent is not None and m.parent not in seen and m.parent in self.by_id:
            m = self.by_id[m.parent]
            seen.add(m.id)
            yield m

    def root(self, m):
        """The thread that a message is in. None: nobody's thread (our own post and what we add to it)."""
        if m.thread is not None:
            return m.thread
        chain = [m, *self.above(m)]
        top = chain[-1]
        ours_below_unseen = top.side != CUSTOMER and top.parent is not None and top.parent not in self.by_id
        if ours_below_unseen:
            return top.parent       # whoever it was that we answered, his message is the beginning
        for link in reversed(chain):
            if link.side == CUSTOMER:
                return link.id
        return None

    def customer_of(self, m):
        """Whom a message of ours answers: the nearest customer above it, through any number of our own."""
        for link in self.above(m):
            if link.side == CUSTOMER:
                return link.author
        return None

    def is_to_us(self, m):
        """Names us, direct, answers a message of ours, is answered by us directly, or continues its author's own
        message that was to us."""
        chain = [m]
        for link in self.above(m):
            if link.side != CUSTOMER or link.author != m.author:
                break
            chain.append(link)
        return any(self._stands_to_us(link) for link in chain)

    def _stands_to_us(self, m):
        if m.names_us or m.is_direct:
            return True
        parent = self.by_id.get(m.parent) if m.parent != m.id else None
        if parent is not None and parent.side == OURS:
            return True
        # Also when that answer was deleted: that puts the conversation back, it does not make it nobody's.
        return any(child.side == OURS for child in self.below.get(m.id, ()))

    def is_for(self, answer, author):
        """Do a person's words, still there, answer this customer?"""
        return not answer.is_deleted and answer.is_person and (self.customer_of(answer) == author or author in answer.names)

    def covers(self, answer, m):
        """Does this message of ours end the wait of that customer's message? Earlier is: platform time strictly
        earlier, or the answer lies below it in the thread."""
        if self.root(answer) != self.root(m) or not self.is_for(answer, m.author):
            return False
        return m.at < answer.at or any(link.id == m.id for link in self.above(answer))

    def waiting(self):
        """Everybody who waits, as a sorted list."""
        threads = {}
        for m in self.by_id.values():
            threads.setdefault(self.root(m), []).append(m)
        found = []
        for root, messages in threads.items():
            if root is None:
                continue
            answers = [m for m in messages if m.side == OURS]
            open_ones = {}
            for m in messages:
                if m.side == CUSTOMER and not m.is_deleted and not m.is_dismissed and self.is_to_us(m) \
                        and not any(self.covers(a, m) for a in answers):
                    open_ones.setdefault(m.author, []).append(m)
            for author, waiting in open_ones.items():
                oldest = min(waiting, key=lambda m: (m.at, m.id))
                found.append(Waiting(root, author, oldest.at, len(waiting), oldest.what, max((m.nature for m in waiting), key=NATURES.index),
                                     any(self.is_for(a, author) for a in answers)))
        return sorted(found)
