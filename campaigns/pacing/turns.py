"""Whose message is next: a mailbox's campaigns take turns, and single messages go before the many of a campaign."""

from collections import deque
from typing import TypeVar

T = TypeVar("T")

SINGLES_OF = 4  # turns, of which one is a campaign's although single messages wait: neither waits for ever


def next_turn(singles: "deque[T]", others: "deque[T]", turn: int) -> T:
    """Take whose turn the `turn`-th is (counted from 1), and leave the two in the order of the turns to come.

    A single message has been sent then, and goes; a campaign stands behind the others. One of the two must not be
    empty.
    """
    if others and (not singles or turn % SINGLES_OF == 0):
        others.rotate(-1)
        return others[-1]
    return singles.popleft()
