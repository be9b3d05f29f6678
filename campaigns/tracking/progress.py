"""What the campaign's page shows: counts that add up, what holds the sending up, and the story of one message."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Attempt, Campaign, Message, Receipt, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, MessageState, Outcome, Phase, Shown
from campaigns.tracking import receipts

# not gone yet; gone, or proven to have been taken; may still change by itself
WAITING = frozenset({Shown.QUEUED, Shown.SENDING})
NOT_GONE = WAITING | {Shown.UNCERTAIN, Shown.FAILED, Shown.CANCELLED}
OPEN = WAITING | {Shown.SUBMITTED, Shown.ACCEPTED, Shown.DELAYED, Shown.UNCERTAIN}
# what somebody has to look at
TROUBLE = (Shown.UNCERTAIN, Shown.UNDELIVERED, Shown.EXPIRED, Shown.NOT_ACCEPTED, Shown.NO_OUTCOME, Shown.FAILED)

TITLES = {
    receipts.Kind.ACCEPTANCE.value: gettext_lazy("Acceptance receipt: the sender's provider has sent the message on"),
    receipts.Kind.NON_ACCEPTANCE.value: gettext_lazy("Notice of non-acceptance: the message was not sent"),
    receipts.Kind.NON_ACCEPTANCE_VIRUS.value: gettext_lazy(
        "Notice of non-acceptance for a virus: the message was not sent"
    ),
    receipts.Kind.DELIVERY.value: gettext_lazy("Delivery receipt: the message is in the recipient's mailbox"),
    receipts.Kind.NON_DELIVERY.value: gettext_lazy("Notice of non-delivery"),
    receipts.Kind.NON_DELIVERY_VIRUS.value: gettext_lazy("Notice of non-delivery for a virus"),
    receipts.Kind.TIMEOUT_NOTICE.value: gettext_lazy("Notice of non-delivery in time"),
    receipts.Kind.TAKING_CHARGE.value: gettext_lazy("The recipient's provider took charge of the message"),
    receipts.Kind.VIRUS_NOTICE.value: gettext_lazy("Notice of a security problem"),
    receipts.Kind.INCOMING.value: gettext_lazy("A certified message came in"),
    receipts.Kind.ANOMALY.value: gettext_lazy("An ordinary e-mail came in"),
    receipts.Kind.UNKNOWN.value: gettext_lazy("A message of unknown kind came in"),
}
HELD = {
    Hold.ACCOUNT: gettext_lazy(
        "The provider does not accept the portal's own account just now. Sending goes on by itself once it does."
    ),
    Hold.WALLET: gettext_lazy(
        "The credit with the provider is used up. Sending goes on by itself once there is credit again."
    ),
    Hold.RATE: gettext_lazy("The provider asked to wait for a moment. Sending goes on by itself."),
    Hold.VENDOR: gettext_lazy(
        "The provider does not answer as it should. Nothing is lost: it is asked again, at growing intervals, and "
        "sending goes on by itself."
    ),
    Hold.CAP: gettext_lazy(
        "The number of messages that the mailbox's plan allows is used up for now. Sending goes on by itself as soon "
        "as the plan allows it."
    ),
}


@dataclass(frozen=True, slots=True)
class Share:
    """How many messages have one status."""

    status: Shown
    count: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign's messages by status; `total` is their sum, and the number of recipients once all are frozen."""

    shares: tuple[Share, ...] = ()

    @property
    def total(self) -> int:
        """All messages."""
        return sum(share.count for share in self.shares)

    @property
    def sent(self) -> int:
        """Those that the provider is known to have taken."""
        return sum(share.count for share in self.shares if share.status not in NOT_GONE)

    @property
    def open(self) -> int:
        """Those that may still change by themselves."""
        return sum(share.count for share in self.shares if share.status in OPEN)

    @property
    def trouble(self) -> int:
        """Those that somebody has to look at."""
        return sum(share.count for share in self.shares if share.status in TROUBLE)

    @property
    def sent_percent(self) -> int:
        """Whole percents, rounded down: 100 only when all have gone."""
        return 100 * self.sent // self.total if self.total else 0

    @property
    def decided_percent(self) -> int:
        """Whole percents of the messages that need no more waiting, rounded down."""
        return 100 * (self.total - self.open) // self.total if self.total else 0

    def count(self, status: Shown) -> int:
        """How many messages have a status."""
        return sum(share.count for share in self.shares if share.status == status)


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why a running campaign's messages do not leave; `until` is a real instant, `words` are the provider's."""

    sentence: str
    words: str = ""
    until: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a message's story; `receipt` when the provider wrote it."""

    at: datetime | None
    title: str
    words: str = ""
    receipt: Receipt | None = None


def of(campaign: Campaign) -> Progress:
    """Count the campaign's messages by status."""
    return of_many([campaign])[campaign.pk]


def of_many(campaigns: Iterable[Campaign]) -> Mapping[int, Progress]:
    """The same for several campaigns, by their ids, in one query."""
    found: dict[int, Counter[str]] = {campaign.pk: Counter() for campaign in campaigns}
    rows = Message.objects.filter(campaign__in=found).order_by().values_list("campaign", "status")
    for pk, status, count in rows.annotate(n=Count("pk")):
        found[pk][status] = count
    return {pk: Progress(_shares(counts)) for pk, counts in found.items()}


def _shares(counts: Counter[str]) -> tuple[Share, ...]:
    return tuple(Share(status, counts[status.value]) for status in Shown if counts[status.value])


def may_change(campaign: Campaign, progress: Progress) -> bool:
    """Whether a page about the campaign should look again soon."""
    return campaign.is_moving or progress.open > 0


def hold(campaign: Campaign) -> Standstill | None:
    """What holds the campaign's sending up just now, if anything does."""
    if campaign.state == CampaignState.PAUSED and campaign.problem:
        return Standstill(campaign.problem)
    if campaign.state != CampaignState.RUNNING:
        return None
    reason = campaign.mailbox.why_not()
    if reason is not None:
        url = reverse("mailboxes:detail", args=[campaign.mailbox_id])
        return Standstill(_("Sending stands still. %(reason)s") % {"reason": reason}, url=url)
    lane = SendingLane.objects.filter(pk=campaign.mailbox_id).first()
    if lane is None or lane.hold not in HELD:
        return None
    until = lane.held_until if lane.held_until and lane.held_until > timezone.now() else None
    if until is None and lane.hold != Hold.CAP and not lane.breaker_level:
        return None  # the rest is over, and the pump has not come by since
    return Standstill(str(HELD[Hold(lane.hold)]), words=lane.hold_words, until=until)


def story(message: Message) -> list[Happening]:
    """Everything that happened to a message, oldest first: its start, our attempts, the provider's receipts."""
    told = [_start(message.campaign)]
    for attempt in message.attempts.order_by("n"):
        told += _attempt(attempt)
    for receipt in message.receipts.order_by("pk"):
        title = str(TITLES.get(receipt.kind, receipt.subject))
        told.append(Happening(receipt.at, title, receipt.reason, receipt))
    if message.state == MessageState.CANCELLED:
        told.append(Happening(message.state_since, _("Cancelled before it was sent")))
    return sorted(told, key=lambda happening: (happening.at is None, happening.at.timestamp() if happening.at else 0))


def _start(campaign: Campaign) -> Happening:
    title = _("The campaign was started by %(person)s") % {"person": campaign.launched_by or "-"}
    return Happening(campaign.launched_at, title)


def _attempt(attempt: Attempt) -> list[Happening]:
    told = []
    if attempt.phase == Phase.WIRE and attempt.marked_at:
        told.append(Happening(attempt.marked_at, _("Attempt %(n)s: sending began") % {"n": attempt.n}))
    if attempt.outcome is not None:
        words = "" if attempt.outcome == Outcome.ACCEPTED else attempt.answer[:500]
        told.append(Happening(attempt.ended_at, _ending(attempt), words))
    return told


def _ending(attempt: Attempt) -> str:
    words = {"n": attempt.n, "code": attempt.code}
    if attempt.outcome == Outcome.ACCEPTED and attempt.answer_status not in (200, 201):
        return _("Attempt %(n)s: the provider's answer was lost; a receipt proves that it took the message") % words
    if attempt.outcome == Outcome.ACCEPTED:
        return _("Attempt %(n)s: the provider took the message, with code %(code)s") % words
    if attempt.outcome == Outcome.UNCERTAIN:
        return _("Attempt %(n)s: no clear answer came; it is not known whether the message was sent") % words
    if attempt.outcome == Outcome.PRESUMED_NOT_SENT:
        return _("Attempt %(n)s: regarded as not sent") % words
    return _("Attempt %(n)s: nothing was sent") % words
