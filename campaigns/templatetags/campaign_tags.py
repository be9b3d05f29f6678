"""The one place that says which colour and which words a message's status has, and how shares become a bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from campaigns import readiness, sentences
from campaigns.models import ListProblem, Message
from campaigns.states import Shown
from campaigns.tracking.progress import Progress

register = template.Library()

TONES = {
    Shown.QUEUED: "secondary",
    Shown.SENDING: "secondary",
    Shown.SUBMITTED: "info",
    Shown.ACCEPTED: "primary",
    Shown.DELAYED: "warning",
    Shown.DELIVERED: "success",
    Shown.ORDINARY_MAIL: "warning",
    Shown.NO_OUTCOME: "warning",
    Shown.UNCERTAIN: "warning",
    Shown.UNDELIVERED: "danger",
    Shown.EXPIRED: "danger",
    Shown.NOT_ACCEPTED: "danger",
    Shown.FAILED: "danger",
    Shown.CANCELLED: "secondary",
}
# best news first: the order of the bar and of the counts
ORDER = (
    Shown.DELIVERED,
    Shown.ACCEPTED,
    Shown.SUBMITTED,
    Shown.ORDINARY_MAIL,
    Shown.DELAYED,
    Shown.NO_OUTCOME,
    Shown.UNCERTAIN,
    Shown.UNDELIVERED,
    Shown.EXPIRED,
    Shown.NOT_ACCEPTED,
    Shown.FAILED,
    Shown.SENDING,
    Shown.QUEUED,
    Shown.CANCELLED,
)
WIDTH = 1000  # of a bar, in units of its drawing


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a bar and one line of its legend."""

    status: Shown
    tone: str
    count: int
    start: str
    width: str


@register.filter
def tone(status: str) -> str:
    """The colour of a message's status."""
    return TONES[Shown(status)]


@register.filter
def status_label(message: Message) -> str:
    """The words of a message's status."""
    return str(Shown(message.status).label)


@register.filter
def segments(progress: Progress) -> Sequence[Segment]:
    """The shares of a campaign's messages as stretches of a bar that is exactly full."""
    found, before, total = [], 0, progress.total or 1
    counts = {share.status: share.count for share in progress.shares}
    for status in ORDER:
        count = counts.get(status, 0)
        if count:
            start, end = WIDTH * before / total, WIDTH * (before + count) / total
            found.append(Segment(status, TONES[status], count, f"{start:.2f}", f"{end - start:.2f}"))
        before += count
    return found


@register.filter
def sentence(problem: ListProblem) -> str:
    """What is wrong with a row."""
    return sentences.of_row(problem)


@register.filter
def visible(value: str) -> str:
    """A cell's text in which line breaks, tabs and other invisible characters can be seen."""
    signs = {"\n": "⏎", "\r": "⏎", "\t": "⇥", "\xa0": "␣"}
    return "".join(signs.get(char, char if char.isprintable() else "�") for char in value)


@register.filter
def value_of(values: dict[str, Any], field: str) -> str:
    """One merge field's value."""
    return str(values.get(field, ""))


@register.filter
def braces(field: str) -> str:
    """A merge field as it is written in the text."""
    return f"{{{{ {field} }}}}"


@register.filter
def is_heavy(weight: int) -> bool:
    """Whether some providers would refuse a message of so many bytes."""
    return weight > readiness.HEAVY
