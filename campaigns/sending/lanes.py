"""The ways out of the mailboxes: which pump holds which, and what each remembers while it is held."""

import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from campaigns import switched, timing
from campaigns.enclosures import Enclosure
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.message import HELD
from campaigns.models.tracking import Hold
from campaigns.sending import accounts, routes, several, sharing
from campaigns.sending.caps import Usage
from campaigns.sending.outcomes import LaneEffect
from campaigns.states import CampaignState, MessageState
from campaigns.timing import Pace
from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal import clock, vendor
from pecportal.operation import deployment, switches
from pecportal.upstream import Upstream
from pecportal.upstream.massiva import Attachment, Credentials

RENEW = "UPDATE campaigns_sendinglane SET leased_until = %s WHERE holder = %s AND leased_until > %s"
DRY_SECONDS = 0.5  # how long a lane without work is left alone before it is asked again


@dataclass(slots=True)
class Feed:
    """One running campaign of a lane that is open now: its files, how far it was claimed, when its hours end.

    `closes` is a `time.monotonic()` second.
    """

    campaign_id: int
    attachments: tuple[Attachment, ...]
    is_single: bool = False
    has_own: bool = False
    cursor: int = 0
    dry_until: float = 0.0
    closes: float = float("inf")


@dataclass(slots=True)
class Slots:
    """A sequence of slots, `interval` seconds apart: a lane's own, or that of all lanes of its account.

    Sending threads move `next_slot` on; the main loop alone may put it off, by `not_before`.
    """

    interval: float
    next_slot: float
    shared: bool = False
    not_before: float = 0.0
    at_gate: int = 0
    headers_at: float = float("-inf")
    turn: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Job:
    """One claimed message on its way to a sending thread."""

    lane: "Lane"
    message_id: int
    campaign_id: int
    attempt_id: int
    ref: str
    recipient: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...]
    failures: int
    own: tuple[Enclosure, ...] = ()
    started: float = 0.0
    at_gate: bool = True
    holds_turn: bool = False
    marked: bool = False


@dataclass(slots=True)
class Lane:
    """A held lane in memory. Times are `time.monotonic()` seconds; the main loop alone writes, save its slots.

    `client` is that of its account at the vendor, whose row is `account_id`; None for that of the settings.
    """

    mailbox_id: int
    client: Upstream
    account_id: int | None
    fence: int
    sender: str
    credentials: Credentials
    slots: Slots
    breaker_level: int
    blocked_until: float
    hold: Hold
    hold_words: str = ""
    usage: Usage | None = None
    allowance: int | None = None
    free_at: float = 0.0
    told_free_at: float = 0.0
    feeds: deque[Feed] = field(default_factory=deque)
    ready: deque[Job] = field(default_factory=deque)
    turns: int = 0
    in_flight: int = 0
    leaving: bool = False
    given_at: float = 0.0
    dry_until: float = 0.0
    probing: bool = False
    probed: bool = False
    refused_at: float = 0.0
    held_at: float = 0.0
    feed_at: float = 0.0
    credentials_since: datetime | None = None
    route_id: int | None = None

    @property
    def interval(self) -> float:
        """Seconds between two slots; 0 without a pace."""
        return self.slots.interval

    @property
    def turn(self) -> threading.Lock:
        """Held by the one message that waits for the next slot."""
        return self.slots.turn

    @property
    def next_slot(self) -> float:
        """When the next message may leave."""
        return max(self.slots.next_slot, self.slots.not_before)

    @next_slot.setter
    def next_slot(self, moment: float) -> None:
        self.slots.next_slot = moment

    @property
    def headers_at(self) -> float:
        """When the last message's headers left."""
        return self.slots.headers_at

    @headers_at.setter
    def headers_at(self, moment: float) -> None:
        self.slots.headers_at = moment

    @property
    def at_gate(self) -> int:
        """How many messages wait for a slot in their threads."""
        return self.slots.at_gate

    @at_gate.setter
    def at_gate(self, number: int) -> None:
        self.slots.at_gate = number

    @property
    def open_feeds(self) -> list[Feed]:
        """The campaigns of which a message claimed now would still leave within their hours."""
        leaves = time.monotonic()
        if self.interval:
            leaves = max(leaves, self.next_slot) + self.interval * (len(self.ready) + self.slots.at_gate)
        return [feed for feed in self.feeds if leaves < feed.closes]

    @property
    def limit(self) -> int:
        """How many of its messages may be on their way at once; one while it recovers."""
        if self.breaker_level:
            return 1
        return int(settings.SENDING_PER_MAILBOX) if self.interval else int(settings.SENDING_THREADS) * 2

    def obey_allowance(self) -> bool:
        """Stand still while the plan leaves nothing, go on once it does; True when that must be written down."""
        if self.allowance != 0 and self.hold == Hold.CAP:
            self.hold = Hold.NONE
            return True
        if self.allowance != 0 or self.hold not in (Hold.NONE, Hold.CAP):
            return False
        is_news = self.hold != Hold.CAP or abs(self.free_at - self.told_free_at) > 1
        self.hold, self.told_free_at = Hold.CAP, self.free_at
        return is_news

    def rewind(self) -> None:
        """Look again from the first message on: one was given back."""
        for item in self.feeds:
            item.cursor, item.dry_until = 0, 0.0
        self.dry_until = 0.0

    def rest(self, effect: LaneEffect, *, words: str, started: float) -> bool:
        """Take in what the end of a call begun at `started` does to the lane; True when that must be written down."""
        before = (self.breaker_level, self.blocked_until, self.hold)
        if effect.healthy and started <= self.held_at:
            return False  # it had left before what holds the lane up
        if effect.healthy:
            self.blocked_until = 0.0
            self.breaker_level, self.refused_at, self.probed = 0, 0.0, False
            self.hold, self.hold_words = Hold.NONE, ""
        elif effect.breaker:
            steps = settings.SENDING_BREAKER_SECONDS
            rest = steps[min(self.breaker_level, len(steps) - 1)]
            if time.monotonic() >= self.blocked_until or not self.breaker_level:
                self.breaker_level += 1
                self._hold(Hold.VENDOR, rest, words)
        elif effect.hold == Hold.CREDENTIALS and started <= self.refused_at:
            pass  # it had left with the token that was dropped since
        elif effect.hold == Hold.CREDENTIALS and not self.refused_at:
            self.refused_at = time.monotonic()  # the token was dropped: once more with a fresh one
        elif effect.hold:
            self._hold(effect.hold, effect.seconds, words)
        return before != (self.breaker_level, self.blocked_until, self.hold)

    def _hold(self, reason: Hold, seconds: float, words: str) -> None:
        self.hold, self.hold_words, self.probed = reason, words[:500], False
        self.held_at = time.monotonic()
        self.blocked_until = max(self.blocked_until, self.held_at + seconds)


def acquire(holder: str, *, capped: bool = False, held: Collection[int] = (), shares: bool = False) -> list[int]:
    """Take the free lanes of all mailboxes that have something to send, and return those mailboxes' ids.

    Lanes that share their account's pace come all to one pump. `capped` as in `due_mailboxes`; what is `held` already
    is not asked for. A pump that `shares` leaves the others' shares alone.
    """
    due = due_mailboxes(capped=capped, held=held)
    if due and shares:
        due = _within_share(due, held=len(held))
    if not due:
        return []
    missing = set(due) - set(SendingLane.objects.filter(pk__in=due).values_list("pk", flat=True))
    SendingLane.objects.bulk_create([SendingLane(mailbox_id=pk) for pk in missing], ignore_conflicts=True)
    now = clock.database_now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    with transaction.atomic():
        if not accounts.take(holder, due, until=now + _lease()):
            together = set(timing.sharing().filter(pk__in=due).values_list("pk", flat=True))
            due = [pk for pk in due if pk not in together]
        rows = SendingLane.objects.select_for_update(
            of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
        ).select_related("mailbox__plan", *(f"mailbox__{name}" for name in vendor.RELATED))
        taken = {row.pk: row for row in rows.filter(free, pk__in=due)}
        mine = SendingLane.objects.filter(pk__in=taken)
        mine.update(holder=holder, fence=F("fence") + 1, leased_until=now + _lease())
        for row in taken.values():
            if row.holder:  # it died, and may have sent something just now
                later = now + timedelta(seconds=timing.pace_of(row.mailbox).interval)
                mine.filter(pk=row.pk).update(next_slot_at=later)
        accounts.release(holder)  # unless one of its lanes is held
    return list(taken)


def _within_share(due: Collection[int], *, held: int) -> list[int]:
    taken = SendingLane.objects.filter(pk__in=due, leased_until__gte=clock.database_now())
    free = set(due) - set(taken.values_list("pk", flat=True))
    return sharing.within([pk for pk in due if pk in free], sharing.share(len(free)) - held)


def due_mailboxes(*, capped: bool = False, held: Collection[int] = ()) -> list[int]:
    """Mailboxes that may send and have running campaigns, in their hours now, with messages that wait.

    None while sending is off, nor what operators switched off. Those whose plan is known to leave nothing are left
    out, unless `capped`: plans may have been changed meanwhile.
    """
    off = switches.now()
    if deployment.is_off() or off.is_all:
        return []
    now = clock.now()
    queued = Message.objects.filter(state=MessageState.QUEUED, not_before__lt=HELD)
    related = [f"mailbox__{name}" for name in vendor.RELATED]
    running = Campaign.objects.filter(state=CampaignState.RUNNING).select_related(*related)
    without = Q(mailbox__in=list(held)) if held else Q(pk__in=[])
    if not capped:
        used_up = SendingLane.objects.filter(hold=Hold.CAP, held_until__gt=clock.database_now())
        without |= Q(mailbox__in=used_up.values("pk"))
    is_open = [each for each in running.exclude(without, is_split=False) if timing.hours_of(each).is_open(now)]
    alone = [each for each in is_open if not each.is_split and not switched.off(each, off)]
    due = [each.mailbox for each in alone if queued.filter(campaign=each).exists()]
    if split := [each for each in is_open if each.is_split]:
        due += several.due(split, queued, without=without, off=off)
    return [mailbox.pk for mailbox in dict.fromkeys(due) if mailbox.why_not_now() is None]


def has_more(held: Iterable[Lane], *, until: float) -> bool:
    """Whether any of these lanes has, or will have before `until`, something that it may send."""
    open_now = [lane for lane in held if lane.feeds and (lane.hold != Hold.CAP or lane.free_at < until)]
    if not open_now:
        return False
    campaigns = {feed.campaign_id for lane in open_now for feed in lane.feeds}
    running = Message.objects.filter(campaign__state=CampaignState.RUNNING)
    waiting = running.filter(state=MessageState.QUEUED, not_before__lt=HELD)
    return waiting.filter(campaign__in=campaigns, mailbox__in=[lane.mailbox_id for lane in open_now]).exists()


def renew(holder: str, held: Mapping[int, Lane], *, taken: int = 0) -> set[int]:
    """Prolong the leases of `holder`; return which of the lanes are still its own, locked until commit.

    `taken` more are its own that are not loaded yet.
    """
    now = clock.database_now()
    wall = connection.ops.adapt_datetimefield_value
    lanes = set(held)
    if any(lane.slots.shared for lane in held.values()):  # before the lanes, in the order of `acquire`
        accounts.renew(holder, now=now, until=now + _lease())
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [wall(now + _lease()), holder, wall(now)])
        if cursor.rowcount == len(lanes) + taken:
            return lanes
    return lanes & set(SendingLane.objects.filter(holder=holder, leased_until__gt=now).values_list("pk", flat=True))


def release(holder: str, lanes: Iterable[Lane]) -> None:
    """Give the lanes back, with the instant at which each may send next; after the last of them the account's pace."""
    with transaction.atomic():
        for lane in lanes:
            free = lane.next_slot + (lane.interval if lane.in_flight else 0.0)  # one that is marked still leaves
            SendingLane.objects.filter(pk=lane.mailbox_id, holder=holder).update(
                holder="", leased_until=None, next_slot_at=_wall(free)
            )
        accounts.release(holder)


def drop(holder: str, mailbox_id: int) -> None:
    """Let go of a lane that cannot be used."""
    SendingLane.objects.filter(pk=mailbox_id, holder=holder).update(holder="", leased_until=None)
    accounts.release(holder)


def save(holder: str, lane: Lane) -> None:
    """Write down what holds the lane up, for the pages and for the pump that comes after."""
    until = lane.free_at if lane.hold == Hold.CAP else lane.blocked_until
    SendingLane.objects.filter(pk=lane.mailbox_id, holder=holder).update(
        breaker_level=lane.breaker_level,
        held_until=_wall(until) if lane.hold else None,
        hold=lane.hold,
        hold_words=lane.hold_words,
        next_slot_at=_wall(lane.next_slot),
    )


def load(mailbox_id: int, *, others: Iterable[Lane] = ()) -> Lane | None:
    """The lane of a mailbox just acquired; None when the mailbox may not send.

    `others` are those that the pump holds already: with one of its account's pace its slots are shared.
    """
    mailbox = Mailbox.objects.select_related("plan", *vendor.RELATED).get(pk=mailbox_id)
    row = SendingLane.objects.get(pk=mailbox_id)
    if mailbox.why_not_now() is not None:
        return None
    # credentials that were refused are marked on the mailbox: since it may send, they were mended
    held = row.held_until is not None and row.held_until > clock.database_now() and row.hold != Hold.CREDENTIALS
    pace = timing.pace_of(mailbox)
    return Lane(
        mailbox_id=mailbox_id,
        client=vendor.connect(pace.account),
        account_id=pace.account_id,
        fence=row.fence,
        sender=mailbox.address,
        credentials=credentials.of(mailbox),
        slots=_slots(pace, row, others),
        breaker_level=row.breaker_level,
        blocked_until=_monotonic(row.held_until) if held and row.hold != Hold.CAP else 0.0,
        free_at=_monotonic(row.held_until) if held and row.hold == Hold.CAP else 0.0,
        hold=Hold(row.hold) if held or row.breaker_level else Hold.NONE,
        hold_words=row.hold_words,
        credentials_since=mailbox.credentials_since,
        route_id=routes.of(mailbox),
    )


def _lease() -> timedelta:
    """How long a pump that gives no sign of life keeps its lanes; a message's own lease is longer."""
    return timedelta(seconds=settings.SENDING_LANE_SECONDS)


def _slots(pace: Pace, row: SendingLane, others: Iterable[Lane]) -> Slots:
    """The lane's own slots, or those that all lanes of its account share."""
    own = _monotonic(row.next_slot_at)
    if not pace.shared:
        return Slots(pace.interval, max(time.monotonic(), own))
    for other in others:
        if other.slots.shared and other.account_id == pace.account_id:
            other.slots.not_before = max(other.slots.not_before, own)  # what it sent last may count for the account
            return other.slots
    begins = max(time.monotonic(), own, _monotonic(timing.shared_slot_at(pace.account)))
    return Slots(timing.shared_interval(pace.account), begins, shared=True)


def _wall(moment: float) -> datetime:
    return clock.database_now() + timedelta(seconds=moment - time.monotonic())


def _monotonic(moment: datetime | None) -> float:
    if moment is None:
        return 0.0
    return time.monotonic() + (moment - clock.database_now()).total_seconds()
