"""Reading inboxes: who reads which, how often, and one transaction for each page of what was found."""

import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import F, Max, Q
from django.utils import timezone

from campaigns.models import Attempt, Campaign, InboxScan, InboxWatch, Message, Receipt
from campaigns.states import CampaignState, MessageState, Outcome
from campaigns.tracking import batons, deadlines, intake, receipts, walk
from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal import clock, stopping
from pecportal.encryption import Unreadable
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, SignInRefused, UpstreamError
from pecportal.upstream.inbox import InboxItem, InboxPage
from pecportal.upstream.massiva import Credentials

logger = logging.getLogger(__name__)
BATON = "tracking"
SOON = 90.0  # seconds: a reading due sooner is waited for
LONGEST_WALK = 60.0  # seconds after the time-box, in which a walk begun in time must end: below the queue's time-out
READERS = 6
FULL_EVERY = timedelta(hours=24)
RECENT = timedelta(days=40)
DOUBT = timedelta(minutes=2)  # a whole reading proves absence only if it began this long after the send


def run(*, client: Upstream) -> int:
    """Read the inboxes that are due until the time-box ends; return how many new items were found.

    One at a time does it: returns 0 at once while another run is under way. It calls itself again while a reading is
    due soon; otherwise the minutely job is quick enough.
    """
    holder = uuid.uuid4().hex
    if not batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS):
        return 0
    until, found = time.monotonic() + settings.TRACKING_RUN_SECONDS, 0
    try:
        while time.monotonic() < until:
            due = watched()
            found += _read_due(due, holder, until=until, client=client)
            deadlines.apply()
            rest = _until_next(due)
            if rest is None or rest > SOON or stopping.asked():
                return found
            time.sleep(max(min(rest, until - time.monotonic()), 0.05))
    finally:
        batons.give_back(BATON, holder)
    enqueue("campaigns.tasks.track")
    return found


def _read_due(due: Sequence[int], holder: str, *, until: float, client: Upstream) -> int:
    found = 0
    for mailbox_id in due:
        if (
            time.monotonic() < until
            and batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS)
            and _take(mailbox_id, holder)
        ):
            found += read(mailbox_id, client=client, until=until + LONGEST_WALK, holder=holder)
    return found


def watched() -> list[int]:
    """Mailboxes whose receipts are awaited: those with campaigns launched lately, since even a late one counts."""
    lately = Q(launched_at__gt=clock.now() - RECENT) | Q(state__in=[CampaignState.RUNNING, CampaignState.PAUSED])
    boxes = Mailbox.objects.filter(pk__in=Campaign.objects.filter(lately).values("mailbox"))
    # the one that has waited longest first, or a few big ones would be read for ever
    boxes = boxes.order_by(F("watch__read_at").asc(nulls_first=True))
    return [box.pk for box in boxes if credentials.usable(box)]


def _is_awaiting(mailbox_id: int) -> bool:
    """Whether a message of the mailbox still needs a receipt soon."""
    open_ = Q(deadline_at__isnull=False) | Q(state__in=[MessageState.SENDING, MessageState.UNCERTAIN])
    return Message.objects.filter(open_, mailbox=mailbox_id).exists()


def _take(mailbox_id: int, holder: str) -> bool:
    """Hold the inbox for one reading, if it is due and nobody else reads it."""
    watch = InboxWatch.objects.get_or_create(mailbox_id=mailbox_id)[0]
    if _rest(watch) > 0:
        return False
    now = timezone.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    mine = InboxWatch.objects.filter(free, pk=mailbox_id, read_at=watch.read_at)
    return bool(mine.update(holder=holder, leased_until=now + _lease()))


def _rest(watch: InboxWatch) -> float:
    """Seconds until the inbox is due: soon after the last reading while receipts are awaited, seldom otherwise."""
    if watch.read_at is None:
        return 0.0
    rest = float(settings.TRACKING_SECONDS if _is_awaiting(watch.pk) else settings.TRACKING_IDLE_SECONDS)
    return rest - (timezone.now() - watch.read_at).total_seconds()


def _lease() -> timedelta:
    return timedelta(seconds=settings.TRACKING_LEASE_SECONDS)


def _until_next(mailboxes: Sequence[int]) -> float | None:
    """Seconds until the next reading is due; None when there is nothing to wait for."""
    watches = InboxWatch.objects.filter(pk__in=mailboxes, leased_until__isnull=True)
    return min((_rest(watch) for watch in watches), default=None)


def read(mailbox_id: int, *, client: Upstream, until: float | None = None, holder: str = "") -> int:
    """Walk one inbox, take in what is new, and return how much that was.

    What stops it is kept in the scan's row. `until` is a time of the monotonic clock, after which no further page is
    asked for: what was taken in stays, and the next reading goes on. `holder` keeps its baton while it reads.
    """
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    watch = InboxWatch.objects.get_or_create(mailbox=mailbox)[0]
    scan = InboxScan.objects.create(mailbox=mailbox, full=_wants_all(watch), started_at=clock.now())
    seen = walk.Walk()
    try:
        _walk(mailbox, watch, scan, seen, client=client, until=until, holder=holder)
    except Unreadable as exc:
        scan.problem = str(exc)[:300]
        logger.exception("The credentials of mailbox %s cannot be opened.", mailbox_id)
    except UpstreamError as exc:
        scan.problem = (exc.message or str(exc))[:300]
        if isinstance(exc, Rejected) and not isinstance(exc, SignInRefused) and exc.status == 401:
            credentials.refused(mailbox_id, since=mailbox.credentials_since)
        logger.warning("Reading the inbox of mailbox %s stopped: %s", mailbox_id, type(exc).__name__)
    scan.ended_at = clock.now()
    scan.pages, scan.items, scan.broken = seen.pages, seen.items, scan.broken + seen.broken
    scan.complete = seen.complete and not scan.broken and not scan.problem and not watch.resumed
    scan.save()
    _let_go(watch, scan)
    return scan.new


def _wants_all(watch: InboxWatch) -> bool:
    """Whether this reading goes through the whole inbox: daily, and while a message in doubt needs proof of absence."""
    if watch.resume_page is not None:
        return True
    last = InboxScan.objects.filter(mailbox=watch.pk, full=True).order_by("-pk").first()
    if last is None or clock.now() - last.started_at > FULL_EVERY:
        return True
    doubts = Attempt.objects.filter(mailbox=watch.pk, outcome=Outcome.UNCERTAIN, marked_at__isnull=False)
    latest = doubts.aggregate(at=Max("marked_at"))["at"]
    if latest is None or clock.now() < latest + DOUBT:
        return False
    whole = InboxScan.objects.filter(mailbox=watch.pk, complete=True, full=True, started_at__gt=latest + DOUBT)
    return whole.count() < 2


def _walk(
    mailbox: Mailbox,
    watch: InboxWatch,
    scan: InboxScan,
    seen: walk.Walk,
    *,
    client: Upstream,
    until: float | None,
    holder: str,
) -> None:
    access = credentials.of(mailbox)
    fetch = partial(_page, client, access)
    if watch.first_page is None or scan.full:
        watch.first_page = walk.first_page(fetch)
    may_stop, start = False, watch.first_page
    if watch.resume_page is not None:  # the last reading ran out of time; mails that came since shift the pages
        start, watch.resumed, watch.resume_page = max(start, watch.resume_page - 2), True, None
    with ThreadPoolExecutor(READERS, thread_name_prefix="reader") as readers:
        for page in walk.pages(fetch, start=start, walk=seen):
            if seen.pages == 1:
                may_stop = not scan.full and walk.newest_first(page)
            unknown = _unknown(mailbox.pk, page)
            whole = readers.map(partial(_whole, client, access), unknown)
            items = [item for item in whole if item is not None]
            scan.broken += len(unknown) - len(items)
            scan.new += intake.take(mailbox, items)
            if may_stop and not unknown:
                return
            if until is not None and time.monotonic() > until:
                scan.problem = "The time was up before the whole inbox was read."
                watch.resume_page = start + seen.pages
                return
            InboxWatch.objects.filter(pk=watch.pk).update(leased_until=timezone.now() + _lease())
            if holder:
                batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS)


def _page(client: Upstream, access: Credentials, number: int) -> InboxPage:
    return client.massiva.inbox(access, page=number)


def _unknown(mailbox_id: int, page: Sequence[InboxItem]) -> list[InboxItem]:
    identities = {receipts.identity(item.sender, item.date, item.subject): item for item in page}
    known = Receipt.objects.filter(mailbox=mailbox_id, identity__in=identities)
    for identity in known.values_list("identity", flat=True):
        identities.pop(identity)
    return list(identities.values())


def _whole(client: Upstream, access: Credentials, item: InboxItem) -> InboxItem | None:
    """The item with its text; None when it cannot be read now, or when its id meanwhile names another one."""
    if item.body is not None or item.id is None:
        return item
    try:
        whole = client.massiva.inbox_item(access, item.id)
    except UpstreamError as exc:
        logger.warning("An item of an inbox could not be read: %s", type(exc).__name__)
        return None
    same = receipts.identity(whole.sender or item.sender, whole.date, whole.subject)
    return whole if same == receipts.identity(item.sender, item.date, item.subject) else None


def _let_go(watch: InboxWatch, scan: InboxScan) -> None:
    now = timezone.now()
    InboxWatch.objects.filter(pk=watch.pk).update(
        holder="",
        leased_until=None,
        first_page=watch.first_page,
        resume_page=watch.resume_page,
        read_at=now,
        full_at=now if scan.full and scan.complete else watch.full_at,
    )
