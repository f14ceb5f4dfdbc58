"""The model says what PRODUCT.md says: one line of its table each, no programs needed."""
import pytest

from model import CUSTOMER, OTHER, OURS, Model, Said


def said(text):
    """`id author at [> parent] [flags]`; author US is ours, SHOP2 another business. Flags: us (names us), @NAME,
    direct, deleted, dismissed, bot."""
    messages = []
    for line in text.strip().split("\n"):
        words = line.split()
        ident, author, at, *rest = words
        parent = rest[rest.index(">") + 1] if ">" in rest else None
        flags = {w for w in rest if w not in (">", parent)}
        messages.append(Said(ident, author, int(at), {"US": OURS, "SHOP2": OTHER}.get(author, CUSTOMER), parent,
                             frozenset(w[1:] for w in flags if w[0] == "@"), "us" in flags, "direct" in flags, "deleted" in flags,
                             "dismissed" in flags, "bot" not in flags))
    return messages


CASES = {
    "a message to us waits": ("q ann 1 us", "q/ann 1 1"),
    "writing again resets nothing": ("q ann 1 us\nr ann 5 > q us", "q/ann 1 2"),
    "our reply ends it": ("q ann 1 us\na US 2 > q", ""),
    "a follow-up waits from its own time": ("q ann 1 us\na US 2 > q\nf ann 9 > a", "q/ann 9 1"),
    "overheard": ("p US 1\nx ann 2\ny bob 3 > x", ""),
    "top comment below our post": ("p US 1\nc ann 2 > p", "c/ann 2 1"),
    "talk below it among customers is overheard": ("p US 1\nc ann 2 > p\nd bob 3 > c", "c/ann 2 1"),
    "reply to somebody else does not end it": ("q ann 1 us\nr bob 2 > q us\na US 3 > r", "q/ann 1 1"),
    "unless it names them": ("q ann 1 us\nr bob 2 > q us\na US 3 > r @ann", ""),
    "through our own messages to the nearest customer": ("q ann 1 us\na US 2 > q\nm ann 3 > q us\nb US 4 > a", ""),
    "our direct answer makes it to us": ("q ann 1\nf ann 2 > q\na US 3 > q deleted", "q/ann 1 2"),
    "and its follow-up": ("q ann 1\na US 3 > q\nf ann 4 > q", "q/ann 4 1"),
    "self-continuation": ("q ann 1 us\nc ann 2 > q\nd ann 3 > c", "q/ann 1 3"),
    "of somebody else's is not": ("q bob 1\nc ann 2 > q", ""),
    "equal second": ("q ann 5 us\na US 5 > q", ""),
    "wrong clock: below is earlier": ("q ann 9 us\na US 5 > q", ""),
    "equal second, not below": ("q ann 5 us\na US 6 > q\nr ann 6 > q us", "q/ann 6 1"),
    "another business is context": ("q ann 1 us\nx SHOP2 2 > q us\nr ann 3 > x us", "q/ann 1 2"),
    "and answers nobody": ("q ann 1 us\nx SHOP2 2 > q", "q/ann 1 1"),
    "deleted answer puts it back": ("q ann 1 us\na US 2 > q deleted", "q/ann 1 1"),
    "deleted message waits no more": ("q ann 1 us deleted", ""),
    "dismissed": ("q ann 1 us dismissed\nr ann 2 > q us", "q/ann 2 1"),
    "bot does not end": ("q ann 1 us\na US 2 > q bot", "q/ann 1 1"),
    "unseen parent is its own root": ("r ann 2 > gone us", "r/ann 2 1"),
    "our answer to an unseen one": ("a US 2 > gone\nr ann 3 > a", "gone/ann 3 1"),
    "late parent joins": ("r ann 2 > q us\nq ann 1 us", "q/ann 1 2"),
    "our answer names a customer of another thread": ("q ann 1 us\nz bob 1 us\na US 2 > q @bob", "z/bob 1 1"),
    "self-parent": ("q ann 1 > q us", "q/ann 1 1"),
    "direct": ("q ann 1 direct", "q/ann 1 1"),
}


@pytest.mark.parametrize("case", CASES)
def test_model(case):
    text, wanted = CASES[case]
    found = " ".join(f"{w.root}/{w.customer} {w.since} {w.count}" for w in Model(said(text)).waiting())
    assert found == wanted
