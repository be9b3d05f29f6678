"""What the campaign's page shows: counts that add up, what holds the sending up, and the story of one message."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import switched, timing, wire
from campaigns.models import Answer, Attempt, Campaign, Choice, Decision, Message, Receipt, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, MessageState, Outcome, Phase, Shown
from campaigns.tracking import receipts, requests
from mailboxes.models import Mailbox
from pecportal import clock, stored
from pecportal.operation import alerts, deployment, switches

# not gone yet; gone, or proven to have been taken; may still change by itself
WAITING = frozenset({Shown.QUEUED, Shown.SENDING})
NOT_GONE = WAITING | {Shown.UNCERTAIN, Shown.FAILED, Shown.CANCELLED}
OPEN = WAITING | {Shown.SUBMITTED, Shown.ACCEPTED, Shown.DELAYED, Shown.UNCERTAIN}
# may begin to send, or goes on
SWITCHED = (CampaignState.LAUNCHING, CampaignState.SCHEDULED, CampaignState.RUNNING)
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
    receipts.Kind.INCOMING.value: gettext_lazy("Reply received: a certified message that quotes the reference"),
    receipts.Kind.ANOMALY.value: gettext_lazy(
        "Possible bounce: an ordinary e-mail that quotes the reference. It proves nothing"
    ),
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
    """Why a running campaign's messages do not leave; `words` are the provider's.

    `until` is the real instant of the next try, `goes_on` the one of the portal's clock from which they may leave. Of
    several mailboxes' campaign, `mailbox` is the one from which `messages` wait; those of one that `is_stuck` may be
    moved to the others.
    """

    sentence: str
    words: str = ""
    until: datetime | None = None
    url: str = ""
    goes_on: datetime | None = None
    mailbox: Mailbox | None = None
    messages: int = 0
    is_stuck: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a message's story; `receipt` when the provider wrote it, `decision` when a person decided it."""

    at: datetime | None
    title: str
    words: str = ""
    receipt: Receipt | None = None
    request: wire.Request | None = None
    decision: Decision | None = None
    answers: tuple[Answer, ...] = ()


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


def by_mailbox(campaign: Campaign) -> list[tuple[Mailbox, Progress]]:
    """The same for each of the campaign's mailboxes, the first one first."""
    found: dict[int, Counter[str]] = {box.pk: Counter() for box in campaign.senders}
    rows = Message.objects.filter(campaign=campaign).order_by().values_list("mailbox", "status")
    for pk, status, count in rows.annotate(n=Count("pk")):
        found[pk][status] = count
    return [(box, Progress(_shares(found[box.pk]))) for box in campaign.senders]


def hold(campaign: Campaign) -> Standstill | None:
    """What holds the campaign's sending up just now, if anything does; of several mailboxes, the first that waits."""
    return next(iter(standstills(campaign)), None)


def standstills(campaign: Campaign) -> list[Standstill]:
    """Everything that holds the campaign's sending up just now: one thing for all of it, or one for each mailbox."""
    if campaign.state == CampaignState.PAUSED and campaign.problem:
        return [Standstill(campaign.problem)]
    if campaign.state not in SWITCHED:
        return []
    if switch := switched.off_whole(campaign):
        return [Standstill(switches.told(switch), since=switch.since)]
    if campaign.state != CampaignState.RUNNING:
        return []
    if why := deployment.why_off():
        return [Standstill(deployment.sentence(why))]
    if campaign.is_split:
        common = _closed(campaign) or _without_files(campaign)
        return [common] if common else _of_several(campaign)
    box = campaign.mailbox
    found = _unusable(box) or _closed(campaign) or _without_files(campaign) or _held(_lane(box))
    return [found] if found else []


def _of_several(campaign: Campaign) -> list[Standstill]:
    """What holds up those mailboxes of a campaign from which messages wait."""
    waiting = Message.objects.filter(campaign=campaign, state=MessageState.QUEUED).order_by()
    counts = dict(waiting.values_list("mailbox").annotate(n=Count("pk")))
    told = []
    for box in campaign.senders:
        lane = _lane(box) if box.pk in counts else None
        found = _switched(box, campaign) or _unusable(box) or _held(lane) if box.pk in counts else None
        if found is not None:
            is_stuck = box.why_not_now() is not None or (lane is not None and lane.is_stuck)
            told.append(replace(found, mailbox=box, messages=counts[box.pk], is_stuck=is_stuck))
    return told


def _switched(mailbox: Mailbox, campaign: Campaign) -> Standstill | None:
    """That operators have switched off what a mailbox sends."""
    switch = switched.off_at(mailbox, campaign)
    return Standstill(switches.told(switch), since=switch.since) if switch else None


def _lane(mailbox: Mailbox) -> SendingLane | None:
    return SendingLane.objects.filter(pk=mailbox.pk).first()


def _unusable(mailbox: Mailbox) -> Standstill | None:
    """That the mailbox itself may not send now."""
    reason = mailbox.why_not_now()
    if reason is None:
        return None
    url = reverse("mailboxes:detail", args=[mailbox.pk])
    return Standstill(_("Sending stands still. %(reason)s") % {"reason": reason}, url=url)


def _closed(campaign: Campaign) -> Standstill | None:
    """That it is outside its hours, if messages wait for them."""
    hours, now = timing.hours_of(campaign), clock.now()
    if hours.is_open(now) or not Message.objects.filter(campaign=campaign, state=MessageState.QUEUED).exists():
        return None
    if campaign.starts_at is not None and campaign.starts_at > now:
        sentence = _("The campaign has not begun yet: it is not to be sent before the time that was chosen.")
    else:
        sentence = _("The campaign waits for its hours: now is outside the times at which it may be sent.")
    return Standstill(sentence, goes_on=hours.opens_next(now))


def _without_files(campaign: Campaign) -> Standstill | None:
    """That files cannot be had just now, if it has some."""
    if not alerts.is_open(stored.ALERT, "") or not campaign.attachments.exists():
        return None
    sentence = _("The portal cannot reach the attachments just now. Nothing is lost: sending goes on by itself.")
    return Standstill(sentence)


def _held(lane: SendingLane | None) -> Standstill | None:
    if lane is None or lane.hold not in HELD:
        return None
    until = lane.held_until if lane.held_until and lane.held_until > clock.real_now() else None
    if until is None and lane.hold != Hold.CAP and not lane.breaker_level:
        return None  # the rest is over, and the pump has not come by since
    sentence = str(HELD[Hold(lane.hold)])
    if lane.hold == Hold.CAP:
        return Standstill(sentence, words=lane.hold_words, goes_on=clock.from_real(until) if until else None)
    return Standstill(sentence, words=lane.hold_words, until=until)


def story(message: Message) -> list[Happening]:
    """Everything that happened to a message, oldest first: its start, our attempts, the provider's receipts."""
    told = [_start(message.campaign)]
    decided = _decisions(message)
    declared = {one.attempt_id for one in decided if one.choice == Choice.SENT and one.applied_at}
    for attempt in message.attempts.select_related("route").prefetch_related("answers").order_by("n"):
        attempt.message = message
        told += _attempt(attempt, is_declared=attempt.pk in declared)
    told += [happening for decision in decided for happening in _decision(decision)]
    for receipt in message.receipts.select_related("desk_by").order_by("pk"):
        title = str(TITLES.get(receipt.kind, receipt.subject))
        told.append(Happening(receipt.at, title, receipt.reason, receipt))
    if message.state == MessageState.CANCELLED:
        told.append(Happening(message.state_since, _("Cancelled before it was sent")))
    return sorted(told, key=lambda happening: (happening.at is None, happening.at.timestamp() if happening.at else 0))


def _start(campaign: Campaign) -> Happening:
    title = _("The campaign was started by %(person)s") % {"person": campaign.launched_by or "-"}
    return Happening(campaign.launched_at, title)


def _decisions(message: Message) -> list[Decision]:
    rows = Decision.objects.filter(attempt__message=message).order_by("pk")
    return list(rows.select_related("attempt", "by", "confirmed_by", "withdrawn_by"))


def _decision(decision: Decision) -> list[Happening]:
    """What a person decided, and what became of it; the words are the person's reason."""
    facts = {"person": decision.by, "choice": decision.get_choice_display(), "n": decision.attempt.n}
    title = _("%(person)s decided about attempt %(n)s: %(choice)s") % facts
    told = [Happening(decision.at, title, decision.reason, decision=decision)]
    if decision.confirmed_by is not None:
        confirmed = _("%(person)s confirmed the decision: %(choice)s") % (facts | {"person": decision.confirmed_by})
        told.append(Happening(decision.applied_at, confirmed))
    if decision.withdrawn_by is not None:
        withdrawn = _("%(person)s withdrew the decision: %(choice)s") % (facts | {"person": decision.withdrawn_by})
        told.append(Happening(decision.withdrawn_at, withdrawn))
    return told


def _attempt(attempt: Attempt, *, is_declared: bool) -> list[Happening]:
    told = []
    if attempt.phase == Phase.WIRE and attempt.marked_at:
        title = _("Attempt %(n)s: sending began") % {"n": attempt.n}
        told.append(Happening(attempt.marked_at, title, request=requests.of(attempt)))
    if attempt.outcome is not None:
        words = "" if attempt.outcome == Outcome.ACCEPTED else attempt.answer[:500]
        ending = _ending(attempt, is_declared=is_declared)
        told.append(Happening(attempt.ended_at, ending, words, answers=tuple(attempt.answers.all())))
    return told


def _ending(attempt: Attempt, *, is_declared: bool) -> str:
    words = {"n": attempt.n, "code": attempt.code}
    if attempt.outcome == Outcome.ACCEPTED and is_declared and not attempt.code:
        return _("Attempt %(n)s: the provider's answer was lost; a person declared that it took the message") % words
    if attempt.outcome == Outcome.ACCEPTED and attempt.answer_status not in (200, 201):
        return _("Attempt %(n)s: the provider's answer was lost; a receipt proves that it took the message") % words
    if attempt.outcome == Outcome.ACCEPTED:
        return _("Attempt %(n)s: the provider took the message, with code %(code)s") % words
    if attempt.outcome == Outcome.UNCERTAIN:
        return _("Attempt %(n)s: no clear answer came; it is not known whether the message was sent") % words
    if attempt.outcome == Outcome.PRESUMED_NOT_SENT:
        return _("Attempt %(n)s: no clear answer came; a person decided to regard it as not sent") % words
    return _("Attempt %(n)s: nothing was sent") % words
