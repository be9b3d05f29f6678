"""The ways out of the mailboxes: which pump holds which, and what each remembers while it is held."""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from campaigns import models
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import caps
from campaigns.sending.outcomes import LaneEffect
from campaigns.states import CampaignState, MessageState
from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.upstream.massiva import Attachment, Credentials

SLOT_MARGIN = 1.004  # slots this much further apart than the limit: two clocks are never quite alike
DRY_SECONDS = 0.5  # how long a lane without work is left alone before it is asked again


@dataclass(slots=True)
class Feed:
    """One running campaign of a lane: its files, and how far its queued messages were claimed."""

    campaign_id: int
    attachments: tuple[Attachment, ...]
    cursor: int = 0


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
    started: float = 0.0
    at_gate: bool = True
    holds_turn: bool = False
    marked: bool = False


@dataclass(slots=True)
class Lane:
    """A held lane in memory. Times are `time.monotonic()` seconds; the main loop alone writes, save `next_slot`."""

    mailbox_id: int
    fence: int
    sender: str
    credentials: Credentials
    interval: float
    next_slot: float
    breaker_level: int
    blocked_until: float
    hold: Hold
    hold_words: str = ""
    allowance: int | None = None
    allowance_until: float = 0.0
    feeds: deque[Feed] = field(default_factory=deque)
    ready: deque[Job] = field(default_factory=deque)
    in_flight: int = 0
    at_gate: int = 0
    dry_until: float = 0.0
    probing: bool = False
    probed: bool = False
    refused_at: float = 0.0
    held_at: float = 0.0
    feed_at: float = 0.0
    headers_at: float = float("-inf")
    credentials_since: datetime | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def limit(self) -> int:
        """How many of its messages may be on their way at once; one while it recovers."""
        if self.breaker_level:
            return 1
        return int(settings.SENDING_PER_MAILBOX) if self.interval else int(settings.SENDING_THREADS) * 2

    def rewind(self) -> None:
        """Look again from the first message on: one was given back."""
        for item in self.feeds:
            item.cursor = 0
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


def acquire(holder: str) -> list[int]:
    """Take the free lanes of all mailboxes that have something to send, and return those mailboxes' ids."""
    due = due_mailboxes()
    if not due:
        return []
    missing = set(due) - set(SendingLane.objects.filter(pk__in=due).values_list("pk", flat=True))
    SendingLane.objects.bulk_create([SendingLane(mailbox_id=pk) for pk in missing], ignore_conflicts=True)
    now = clock.database_now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    with transaction.atomic():
        rows = SendingLane.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        taken = dict(rows.filter(free, pk__in=due).values_list("pk", "holder"))
        mine = SendingLane.objects.filter(pk__in=taken)
        mine.update(holder=holder, fence=F("fence") + 1, leased_until=now + _lease())
        # a holder that died may have sent something just now
        mine.filter(pk__in=[pk for pk, before in taken.items() if before]).update(
            next_slot_at=now + timedelta(seconds=_interval())
        )
    return list(taken)


def due_mailboxes() -> list[int]:
    """Mailboxes that may send and have running campaigns with messages that wait."""
    queued = Message.objects.filter(state=MessageState.QUEUED)
    running = Campaign.objects.filter(state=CampaignState.RUNNING).select_related("mailbox")
    by_mailbox = {campaign.mailbox: campaign for campaign in running if queued.filter(campaign=campaign).exists()}
    return [mailbox.pk for mailbox in by_mailbox if mailbox.why_not() is None]


def renew(holder: str) -> set[int]:
    """Prolong the leases of `holder` and return the lanes that are still its own, locked in this transaction."""
    now = clock.database_now()
    mine = SendingLane.objects.filter(holder=holder, leased_until__gt=now)
    held = set(mine.select_for_update().values_list("pk", flat=True))
    SendingLane.objects.filter(pk__in=held).update(leased_until=now + _lease())
    return held


def release(holder: str, lanes: Iterable[Lane]) -> None:
    """Give the lanes back, with the instant at which each may send next."""
    with transaction.atomic():
        for lane in lanes:
            SendingLane.objects.filter(pk=lane.mailbox_id, holder=holder).update(
                holder="", leased_until=None, next_slot_at=_wall(lane.next_slot)
            )


def drop(holder: str, mailbox_id: int) -> None:
    """Let go of a lane that cannot be used."""
    SendingLane.objects.filter(pk=mailbox_id, holder=holder).update(holder="", leased_until=None)


def others_at_work(holder: str) -> bool:
    """Whether another pump lives, which takes a lane as soon as it is free."""
    others = SendingLane.objects.filter(leased_until__gt=clock.database_now()).exclude(holder="")
    return others.exclude(holder=holder).exists()


def save(holder: str, lane: Lane) -> None:
    """Write down what holds the lane up, for the pages and for the pump that comes after."""
    SendingLane.objects.filter(pk=lane.mailbox_id, holder=holder).update(
        breaker_level=lane.breaker_level,
        held_until=_wall(lane.blocked_until) if lane.hold else None,
        hold=lane.hold,
        hold_words=lane.hold_words,
        next_slot_at=_wall(lane.next_slot),
    )


def load(mailbox_id: int) -> Lane | None:
    """The lane of a mailbox just acquired; None when the mailbox may not send."""
    mailbox = Mailbox.objects.select_related("plan").get(pk=mailbox_id)
    row = SendingLane.objects.get(pk=mailbox_id)
    if mailbox.why_not() is not None:
        return None
    now = time.monotonic()
    # credentials that were refused are marked on the mailbox: since it may send, they were mended
    held = row.held_until is not None and row.held_until > clock.database_now() and row.hold != Hold.CREDENTIALS
    return Lane(
        mailbox_id=mailbox_id,
        fence=row.fence,
        sender=mailbox.address,
        credentials=credentials.of(mailbox),
        interval=_interval(),
        next_slot=max(now, _monotonic(row.next_slot_at)) if row.next_slot_at else now,
        breaker_level=row.breaker_level,
        blocked_until=_monotonic(row.held_until) if held else 0.0,
        hold=Hold(row.hold) if held or row.breaker_level else Hold.NONE,
        hold_words=row.hold_words,
        credentials_since=mailbox.credentials_since,
    )


def _lease() -> timedelta:
    """How long a pump that gives no sign of life keeps its lanes; a message's own lease is longer."""
    return timedelta(seconds=settings.SENDING_LANE_SECONDS)


def _interval() -> float:
    """Seconds between two messages of one mailbox; 0 without a pace."""
    rate = float(settings.SENDING_RATE)
    return SLOT_MARGIN / rate if rate else 0.0


def feed(lane: Lane) -> list[int]:
    """Bring the lane's campaigns and allowance up to date.

    Returns the campaigns that may not be sent, since a file of theirs is not what was frozen.
    """
    running = Campaign.objects.filter(mailbox=lane.mailbox_id, state=CampaignState.RUNNING).order_by("pk")
    known = {feed.campaign_id: feed for feed in lane.feeds}
    feeds, unsound = deque[Feed](), []
    for campaign in running:
        if campaign.pk in known:
            feeds.append(known[campaign.pk])
        elif _are_sound(files := list(campaign.attachments.order_by("pk"))):
            feeds.append(Feed(campaign.pk, _for_client(files)))
        else:
            unsound.append(campaign.pk)
    lane.feeds = feeds
    lane.rewind()
    mailbox = Mailbox.objects.select_related("plan").get(pk=lane.mailbox_id)
    lane.allowance = caps.remaining(mailbox, now=clock.now())
    if mailbox.credentials_since != lane.credentials_since:
        lane.credentials, lane.credentials_since = credentials.of(mailbox), mailbox.credentials_since
    return unsound


def _are_sound(files: Sequence[models.Attachment]) -> bool:
    """Whether every file is there, byte for byte; looked at once in each run of a pump."""
    try:
        return all(_sha256(file.path) == file.sha256 for file in files)
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _for_client(files: Sequence[models.Attachment]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(name=file.name, path=Path(file.path), content_type=file.content_type, size=file.size)
        for file in files
    )


def _wall(moment: float) -> datetime:
    return clock.database_now() + timedelta(seconds=moment - time.monotonic())


def _monotonic(moment: datetime | None) -> float:
    if moment is None:
        return 0.0
    return time.monotonic() + (moment - clock.database_now()).total_seconds()
