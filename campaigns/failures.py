"""The messages of a campaign that did not arrive, by their cause, and which of them nobody has dealt with yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from campaigns.models import Campaign, Closing, Message, Receipt, Recipient
from campaigns.states import CampaignState, Shown


class Cause(models.TextChoices):
    """Why a message did not arrive."""

    FULL = "mailbox_full", _("The recipient's mailbox is full")
    UNKNOWN = "unknown_address", _("The address does not exist")
    NOT_CERTIFIED = "not_certified", _("The address is not a certified one")
    VIRUS = "virus", _("A virus was found")
    REFUSED = "refused", _("Refused by a provider in its own words")
    EXPIRED = "expired", _("Not delivered in time")
    PROVIDER = "provider", _("Not taken by our provider")


STEPS: Final[Mapping[str, StrOrPromise]] = {
    Cause.FULL.value: _(
        "Again after at least 7 days, as the law asks for tax documents: the new campaign does not begin before."
    ),
    Cause.UNKNOWN.value: _(
        "Look the addresses up in the public registers (INI-PEC, IPA, INAD), and correct them in the new campaign."
    ),
    Cause.NOT_CERTIFIED.value: _(
        "Look for their certified addresses in the public registers (INI-PEC, IPA, INAD); for whoever has none, "
        "choose another way, such as registered post."
    ),
    Cause.VIRUS.value: _(
        "Do not send it again as it is: check the attachments and replace them. The new campaign has none."
    ),
    Cause.REFUSED.value: _("Read the provider's words in each message, put right what they name, and send it anew."),
    Cause.EXPIRED.value: _("Send it anew, or choose another way."),
    Cause.PROVIDER.value: _("Nothing was sent: put right what the provider's words name, and send it anew."),
}
_NAMED = (Cause.FULL.value, Cause.UNKNOWN.value, Cause.VIRUS.value, Cause.NOT_CERTIFIED.value)
_FAILED = (Shown.UNDELIVERED, Shown.NOT_ACCEPTED, Shown.ORDINARY_MAIL, Shown.EXPIRED, Shown.FAILED)


@dataclass(frozen=True, slots=True)
class Group:
    """The messages that failed for one cause: all, and those that are in no new campaign and have no note."""

    cause: Cause
    total: int
    open: int

    @property
    def step(self) -> str:
        """What to do next."""
        return str(STEPS[self.cause.value])


def of(campaign: Campaign) -> list[Group]:
    """The causes that a campaign's messages failed for, in a fixed order."""
    counts = _failed(campaign).order_by().values("why", "dealt_with").annotate(n=Count("pk"))
    total, dealt_with = dict.fromkeys(Cause.values, 0), dict.fromkeys(Cause.values, 0)
    for row in counts:
        total[row["why"]] += row["n"]
        dealt_with[row["why"]] += row["n"] if row["dealt_with"] else 0
    return [Group(cause, total[cause], total[cause] - dealt_with[cause]) for cause in Cause if total[cause]]


def waiting(campaigns: Iterable[Campaign]) -> dict[int, int]:
    """How many messages of each of these campaigns failed and were not dealt with yet, by pk; none where it is 0."""
    rows = _anew_or_noted(Message.objects.filter(campaign__in=list(campaigns), status__in=_FAILED))
    return dict(rows.filter(dealt_with=0).order_by().values_list("campaign").annotate(n=Count("pk")))


def left(campaign: Campaign, cause: Cause) -> QuerySet[Message]:
    """The messages that failed for a cause, and that nobody has dealt with, in the order of the list."""
    return _failed(campaign).filter(why=cause.value, dealt_with=0).order_by("line")


def _failed(campaign: Campaign) -> QuerySet[Any]:
    told = Receipt.objects.filter(message=OuterRef("pk")).exclude(cause="").order_by("-pk")
    named = Coalesce(Subquery(told.values("cause")[:1]), Value(""))
    rows = _anew_or_noted(Message.objects.filter(campaign=campaign, status__in=_FAILED))
    found: QuerySet[Any] = rows.annotate(
        named=named,
        why=Case(
            When(status=Shown.FAILED, then=Value(Cause.PROVIDER.value)),
            When(status=Shown.EXPIRED, then=Value(Cause.EXPIRED.value)),
            When(status=Shown.ORDINARY_MAIL, then=Value(Cause.NOT_CERTIFIED.value)),
            When(Q(named__in=_NAMED), then=models.F("named")),
            default=Value(Cause.REFUSED.value),
            output_field=models.CharField(),
        ),
    )
    return found


def _anew_or_noted(rows: QuerySet[Message]) -> QuerySet[Any]:
    anew = (
        Recipient.objects.of_present_lists()
        .filter(follows=OuterRef("pk"))
        .exclude(campaign__state=CampaignState.STOPPED)
    )
    noted = Closing.objects.filter(message=OuterRef("pk"))
    return rows.annotate(dealt_with=Case(When(Exists(anew) | Exists(noted), then=Value(1)), default=Value(0)))
