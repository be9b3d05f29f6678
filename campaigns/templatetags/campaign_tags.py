"""The one place that says which colour and which words a message's status has, and how shares become a bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from campaigns import outlook, readiness, sentences, states
from campaigns import standing as standings
from campaigns.console import jobs
from campaigns.models import Campaign, Choice, ContactChange, ListProblem, Message
from campaigns.states import Shown, Standing
from campaigns.tracking.progress import Progress
from campaigns.tracking.suggestions import Suggestion

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
STANDING_TONES = {
    Standing.CHECKED: "info",
    Standing.WAITING: "warning",
    Standing.APPROVED: "info",
    Standing.LAUNCHING: "primary",
    Standing.SCHEDULED: "primary",
    Standing.RUNNING: "primary",
    Standing.PAUSING: "warning",
    Standing.PAUSED: "warning",
    Standing.STOPPING: "warning",
    Standing.COMPLETED: "success",
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
CONSEQUENCES = {
    Choice.WAIT: _("Nothing changes. The portal goes on looking for its receipts for 10 days."),
    Choice.SEND_AGAIN: _(
        "It leaves once more, under a reference of its own. If the first one was sent after all, the recipient gets "
        "two."
    ),
    Choice.NOT_SENT: _(
        "The portal takes it for not sent and does nothing more. If a receipt comes after all, it counts, and you are "
        "told."
    ),
    Choice.SENT: _(
        "You have its receipt, for instance from the mailbox's webmail: hand it in below. The message is shown as "
        "declared by a person, since the portal itself has no receipt."
    ),
}
KINDS = {
    "acceptance": _("Acceptance receipt"),
    "non_acceptance": _("Notice of non-acceptance"),
    "non_acceptance_virus": _("Notice of non-acceptance for a virus"),
    "delivery": _("Delivery receipt"),
    "non_delivery": _("Notice of non-delivery"),
    "non_delivery_virus": _("Notice of non-delivery for a virus"),
    "timeout_notice": _("Notice of non-delivery in time"),
    "taking_charge": _("Notice that the message was taken charge of"),
    "virus_notice": _("Notice of a security problem"),
    "incoming": _("Certified message"),
    "anomaly": _("Ordinary e-mail"),
    "unknown": _("Of unknown kind"),
}
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
def at(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """What a mapping has for a key; None where it has nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def tone(status: str) -> str:
    """The colour of a message's status."""
    return TONES[Shown(status)]


@register.filter
def day_named(at: date) -> str:
    """A day with its name and its month's."""
    return outlook.day_named(at)


@register.filter
def standing(campaign: Campaign) -> Standing:
    """Where a campaign stands."""
    return standings.of(campaign)


@register.filter
def standing_tone(standing: str) -> str:
    """The colour of where a campaign stands."""
    return STANDING_TONES.get(Standing(standing), "secondary")


@register.filter
def standing_label(standing: str) -> str:
    """The words of where a campaign stood; the value itself for one that is not known any more."""
    return str(Standing(standing).label) if standing in Standing.values else standing


@register.filter
def status_label(message: Message) -> str:
    """The words of a message's status."""
    return states.label(message.status, message.declared)


@register.filter
def consequence(choice: str) -> str:
    """What a choice about a message in doubt brings about."""
    return str(CONSEQUENCES[Choice(choice)])


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
def moment(at: datetime) -> str:
    """An instant as a person says it."""
    return outlook.moment(at)


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


@register.filter
def kind_title(kind: str) -> str:
    """What an item of an inbox is, in a few words."""
    return str(KINDS.get(kind, kind))


@register.filter
def unmatched(problem: str) -> str:
    """Why an item could be given to no message."""
    return sentences.of_unmatched(problem)


@register.filter
def reasons(suggestion: Suggestion) -> str:
    """What speaks for a suggested message."""
    return "; ".join(str(sentences.REASONS[reason]) for reason in suggestion.reasons)


@register.filter
def numbered(ref: str) -> str:
    """The reference of an attempt with its number, which that of a first one does not carry."""
    return ref if "-" in ref else f"{ref}-1"


@register.filter
def facts(change: ContactChange) -> list[str]:
    """What an act on the contacts changed, a line for each field or count."""
    return sentences.of_change(change)


@register.filter
def job_words(name: str) -> str:
    """What a job of the queue does, by its function's name, behind which its arguments may stand."""
    return jobs.words(name.partition(" ")[0])
