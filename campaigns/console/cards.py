"""What the console's first page is made of: cards with lines, each with a colour and a word for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from pecportal import clock

GOOD: Final = "success"
LOOK: Final = "warning"
ACT: Final = "danger"
PLAIN: Final = "plain"
WORDS: Final[dict[str, Promise]] = {
    GOOD: gettext_lazy("In order"),
    LOOK: gettext_lazy("To be looked at"),
    ACT: gettext_lazy("Act now"),
}
MANY: Final = 8  # lines of a card
OLD: Final = timedelta(hours=1)
QUIET: Final = timedelta(minutes=10)
SOON: Final = timedelta(days=30)
BAD_RATE: Final = 5.0  # percent of calls
TERRIBLE_RATE: Final = 25.0
STALE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, what is told of it, how bad it is, where it is mended, and a time.

    `said` is what the time means, a text with `%(time)s`.
    """

    title: str
    text: str = ""
    tone: str = GOOD
    url: str = ""
    at: datetime | None = None
    word: str = ""
    said: str = ""

    @property
    def when(self) -> str:
        """The time with what it means; "" without one."""
        return (self.said or "%(time)s") % {"time": clock.shown(self.at)} if self.at else ""

    @property
    def badge(self) -> str:
        """The word beside the colour."""
        return self.word or str(WORDS.get(self.tone, ""))


@dataclass(frozen=True, slots=True)
class Card:
    """Some lines under a title; `url` is the page with all of it."""

    name: str
    title: str
    lines: tuple[Line, ...]
    url: str = ""

    @property
    def tone(self) -> str:
        """That of its worst line."""
        return max((line.tone for line in self.lines), key=(PLAIN, GOOD, LOOK, ACT).index, default=GOOD)


def number(value: int) -> str:
    """A whole number for people."""
    return str(number_format(value, force_grouping=True))
