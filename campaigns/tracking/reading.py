"""Reading inboxes: who reads which, how often, and one transaction for each page of what was found."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import F, Max, Q

from campaigns import evidence
from campaigns.models import Attempt, Campaign, InboxScan, InboxWatch, Message, Receipt
from campaigns.models.senders import sending
from campaigns.states import CampaignState, MessageState, Outcome
from campaigns.tracking import batons, deadlines, intake, quarantine, receipts, restoring, walk
from campaigns.tracking.quarantine import Broken
from campaigns.tracking.walk import Depth
from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal import clock, hosts, stopping, vendor
from pecportal.encryption import Unreadable
from pecportal.operation import clocks, deployment
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, SignInRefused, UpstreamError
from pecportal.upstream.inbox import InboxItem, InboxPage
from pecportal.upstream.massiva import Credentials

logger = logging.getLogger(__name__)
BATON = "tracking"
WHOLE = "reading the whole of a large inbox"
WHOLE_SECONDS = 6600.0  # for a large inbox: below the time-out of its job
SMALL_PAGES = 100  # a whole reading of no more is done between others again
SOON = 90.0  # seconds: a reading due sooner is waited for
LONGEST_WALK = 60.0  # seconds after the time-box, in which a walk begun in time must end: below the queue's time-out
READERS = 6
FULL_EVERY = timedelta(hours=24)
FULL_AGAIN = timedelta(hours=1)  # after a whole reading that was broken off
DEEP_EVERY = timedelta(hours=1)
RECENT = timedelta(days=40)
MOST_COUNTED = 2**31 - 1  # as the column holds; the vendor may say anything
KEPT = 1000  # readings of what is new, for each mailbox; those that went for all of it are evidence, and stay
DOUBT = timedelta(minutes=2)  # a whole reading proves absence only if it began this long after the send


def run() -> int:
    """Read the inboxes that are due until the time-box ends, each with its account; how many new items were found.

    One at a time does it: returns 0 at once while another run is under way. It calls itself again while a reading is
    due soon; otherwise the minutely job is quick enough.
    """
    holder = hosts.holder()
    if not batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS):
        return 0
    until, found = time.monotonic() + settings.TRACKING_RUN_SECONDS, 0
    try:
        while time.monotonic() < until:
            if not clocks.check():
                return found
            due = watched()
            found += _read_due(due, holder, until=until)
            deadlines.apply()
            rest = _until_next(due)
            if rest is None or rest > SOON or stopping.asked():
                return found
            time.sleep(max(min(rest, until - time.monotonic()), 0.05))
    finally:
        batons.give_back(BATON, holder)
    enqueue("campaigns.tasks.track")
    return found


def read_whole(mailbox_id: int, *, client: Upstream) -> int:
    """Walk the whole of a large inbox, while it is read for news beside; return how many new items were found.

    One inbox at a time: returns 0 at once while another is under way. It takes a quarter of a second a page or so.
    """
    holder = hosts.holder()
    if not batons.take(WHOLE, holder, seconds=settings.TRACKING_LEASE_SECONDS):
        return 0
    keep = partial(batons.take, WHOLE, holder, seconds=settings.TRACKING_LEASE_SECONDS)
    try:
        watch = InboxWatch.objects.get(pk=mailbox_id)
        if not clocks.check() or not _wants_all(watch, again=timedelta(0)):
            return 0
        return _read(watch, Depth.WHOLE, client=client, until=time.monotonic() + WHOLE_SECONDS, keep=keep).new
    finally:
        batons.give_back(WHOLE, holder)


def _read_due(due: Sequence[int], holder: str, *, until: float) -> int:
    found = 0
    for mailbox_id in due:
        if (
            time.monotonic() < until
            and batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS)
            and _take(mailbox_id, holder)
        ):
            mailbox = Mailbox.objects.select_related(*vendor.RELATED).get(pk=mailbox_id)
            found += read(mailbox_id, client=vendor.connect_for(mailbox), until=until + LONGEST_WALK, holder=holder)
    return found


def watched() -> list[int]:
    """Mailboxes whose receipts are awaited: those with campaigns launched lately, since even a late one counts."""
    lately = Q(launched_at__gt=clock.now() - RECENT) | Q(state__in=[CampaignState.RUNNING, CampaignState.PAUSED])
    boxes = sending(Campaign.objects.filter(lately))
    if deployment.is_off():  # what was sent after the backup was made may stand in any of them
        boxes = Mailbox.objects.filter(pk__in=restoring.concerned())
    # the one that has waited longest first, or a few big ones would be read for ever
    boxes = boxes.order_by(F("watch__read_at").asc(nulls_first=True)).select_related(*vendor.RELATED)
    return [box.pk for box in boxes if credentials.usable(box) and not box.account_problem]


def _is_awaiting(mailbox_id: int) -> bool:
    """Whether a message of the mailbox still needs a receipt soon, or absence from the inbox is to be proven."""
    if restoring.is_due(mailbox_id):
        return True
    open_ = Q(deadline_at__isnull=False) | Q(state__in=[MessageState.SENDING, MessageState.UNCERTAIN])
    return Message.objects.filter(open_, mailbox=mailbox_id).exists()


def _take(mailbox_id: int, holder: str) -> bool:
    """Hold the inbox for one reading, if it is due and nobody else reads it."""
    watch = InboxWatch.objects.get_or_create(mailbox_id=mailbox_id)[0]
    if _rest(watch) > 0:
        return False
    now = clock.database_now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    mine = InboxWatch.objects.filter(free, pk=mailbox_id, read_at=watch.read_at)
    return bool(mine.update(holder=holder, leased_until=now + _lease()))


def _rest(watch: InboxWatch) -> float:
    """Seconds until the inbox is due: soon after the last reading while receipts are awaited, seldom otherwise."""
    if watch.read_at is None:
        return 0.0
    rest = float(settings.TRACKING_SECONDS if _is_awaiting(watch.pk) else settings.TRACKING_IDLE_SECONDS)
    return rest - (clock.real_now() - watch.read_at).total_seconds()


def _lease() -> timedelta:
    return timedelta(seconds=settings.TRACKING_LEASE_SECONDS)


def _until_next(mailboxes: Sequence[int]) -> float | None:
    """Seconds until the next reading is due; None when there is nothing to wait for."""
    watches = InboxWatch.objects.filter(pk__in=mailboxes, leased_until__isnull=True)
    return min((_rest(watch) for watch in watches), default=None)


def read(mailbox_id: int, *, client: Upstream, until: float | None = None, holder: str = "") -> int:
    """Walk one inbox, take in what is new, and return how much that was.

    What stops it is kept in the scan's row. `until` is a time of the monotonic clock, after which no further page is
    asked for: what was taken in stays. An inbox for whose whole that is too short is read by a job of its own
    (`read_whole`). `holder` keeps its baton while it reads.
    """
    watch = InboxWatch.objects.get_or_create(mailbox_id=mailbox_id)[0]
    wants_all = _wants_all(watch)

    def keep() -> None:
        InboxWatch.objects.filter(pk=watch.pk).update(leased_until=clock.database_now() + _lease())
        if holder:
            batons.take(BATON, holder, seconds=settings.TRACKING_LEASE_SECONDS)

    try:
        depth = Depth.WHOLE if wants_all and not watch.is_large else _depth(watch)
        scan = _read(watch, depth, client=client, until=until, keep=keep)
    finally:
        InboxWatch.objects.filter(pk=watch.pk).update(holder="", leased_until=None, read_at=clock.real_now())
    if watch.is_large and wants_all and not stopping.asked():
        enqueue("campaigns.tasks.read_whole", mailbox_id)
    return scan.new


def _read(
    watch: InboxWatch, depth: Depth, *, client: Upstream, until: float | None, keep: Callable[[], object]
) -> InboxScan:
    mailbox = Mailbox.objects.select_related("organisation").get(pk=watch.pk)
    scan = InboxScan.objects.create(mailbox=mailbox, full=depth is Depth.WHOLE, started_at=clock.now())
    seen = walk.Walk()
    try:
        _walk(mailbox, watch, scan, seen, depth=depth, client=client, until=until, keep=keep)
    except Unreadable as exc:
        scan.problem = str(exc)[:300]
        logger.exception("The credentials of mailbox %s cannot be opened.", watch.pk)
    except UpstreamError as exc:
        scan.problem = (exc.message or str(exc))[:300]
        if isinstance(exc, Rejected) and not isinstance(exc, SignInRefused) and exc.status == 401:
            credentials.refused(watch.pk, since=mailbox.credentials_since)
        logger.warning("Reading the inbox of mailbox %s stopped: %s", watch.pk, type(exc).__name__)
    scan.ended_at = clock.now()
    scan.pages, scan.items, scan.broken = seen.pages, seen.items, scan.broken + seen.broken
    scan.total = min(max(seen.totals), MOST_COUNTED) if seen.totals else None
    if seen.failed and not scan.problem:
        scan.problem = f"The provider could not give {seen.failed} of the pages."
    scan.complete = seen.complete and not scan.broken and not scan.problem
    scan.save()
    if seen.ended and not seen.failed:
        quarantine.solve_unmet(mailbox, since=scan.started_at)
    quarantine.tell(mailbox)
    _remember(watch, scan, depth)
    if scan.full:
        _forget_old(watch.pk)
    return scan


def _forget_old(mailbox_id: int) -> None:
    """Drop the rows of long past readings that were after what was new alone: one a minute is half a million a year."""
    quick = InboxScan.objects.filter(mailbox=mailbox_id, full=False, ended_at__isnull=False).order_by("-pk")
    for newest in quick.values_list("pk", flat=True)[KEPT : KEPT + 1]:
        quick.filter(pk__lte=newest).delete()


def _depth(watch: InboxWatch) -> Depth:
    """Where not the whole is wanted: hourly past the overlap, since mails may come late; else what is new on top.

    What the last reading could not get is looked for at once, too: a page, or an item that failed only a few times.
    """
    last = InboxScan.objects.filter(mailbox=watch.pk, ended_at__isnull=False).order_by("-pk").first()
    is_missing = last is None or bool(last.problem) or quarantine.is_worth_a_try(watch.pk)
    is_due = watch.deep_at is None or clock.now() - watch.deep_at > DEEP_EVERY
    return Depth.DEEP if is_missing or is_due else Depth.QUICK


def _wants_all(watch: InboxWatch, *, again: timedelta = FULL_AGAIN) -> bool:
    """Whether this reading goes through the whole inbox: daily, and while absence from it has to be proven.

    `again` is the time after which one that was broken off is begun anew.
    """
    whole = InboxScan.objects.filter(mailbox=watch.pk, full=True).order_by("-pk")
    last = whole.first()
    if last is None or clock.now() - last.started_at > (again if last.problem or last.ended_at is None else FULL_EVERY):
        return True
    if restoring.is_due(watch.pk):
        return True
    doubts = Attempt.objects.filter(mailbox=watch.pk, outcome=Outcome.UNCERTAIN, marked_at__isnull=False)
    latest = doubts.aggregate(at=Max("marked_at"))["at"]
    if latest is None or clock.now() < latest + DOUBT:
        return False
    found = whole.filter(complete=True, started_at__gt=latest + DOUBT)
    return found.count() < 2 or evidence.wants_reading(watch.pk)


def _walk(
    mailbox: Mailbox,
    watch: InboxWatch,
    scan: InboxScan,
    seen: walk.Walk,
    *,
    depth: Depth,
    client: Upstream,
    until: float | None,
    keep: Callable[[], object],
) -> None:
    access = credentials.of(mailbox)
    fetch = partial(_page, client, access)
    if watch.first_page is None or scan.full:
        watch.first_page = walk.first_page(fetch)
    newest_first = False
    with ThreadPoolExecutor(READERS, thread_name_prefix="reader") as readers:
        for page in walk.pages(fetch, start=watch.first_page, walk=seen, twice=scan.full):
            if seen.pages == 1:
                newest_first = walk.newest_first(page)
            unknown = _unknown(mailbox.pk, page)
            read_items = list(readers.map(partial(_whole, client, access), unknown))
            broken = [one for one in read_items if isinstance(one, Broken)]
            scan.broken += len(broken)
            quarantine.keep(mailbox, [*map(quarantine.of_remnant, seen.remnants), *broken])
            scan.new += intake.take(mailbox, [one for one in read_items if isinstance(one, InboxItem)])
            if newest_first and walk.may_stop(page, unknown=len(unknown), depth=depth, watermark=watch.deep_at):
                scan.reached = True
                return
            if until is not None and time.monotonic() > until:
                scan.problem = "The time was up before the whole inbox was read."
                watch.is_large = True
                return
            if stopping.asked():
                scan.problem = "The worker was asked to end before the whole inbox was read."
                return
            keep()
    scan.reached = seen.ended and not seen.failed


def _page(client: Upstream, access: Credentials, number: int) -> InboxPage:
    return client.massiva.inbox(access, page=number)


def _unknown(mailbox_id: int, page: Sequence[InboxItem]) -> list[InboxItem]:
    identities = {receipts.identity(item.sender, item.date, item.subject): item for item in page}
    known = Receipt.objects.filter(mailbox=mailbox_id, identity__in=identities)
    for identity in known.values_list("identity", flat=True):
        identities.pop(identity)
    return list(identities.values())


def _whole(client: Upstream, access: Credentials, item: InboxItem) -> InboxItem | Broken:
    """The item with its text; what is wrong when it cannot be read now, or its id meanwhile names another one."""
    if item.body is not None or item.id is None:
        return item
    try:
        whole = client.massiva.inbox_item(access, item.id)
    except UpstreamError as exc:
        if isinstance(exc, SignInRefused) or exc.status == 401:
            raise  # it is not the item's fault
        logger.warning("An item of an inbox could not be read: %s", type(exc).__name__)
        return quarantine.of_item(item, exc.message or str(exc))
    same = receipts.identity(whole.sender or item.sender, whole.date, whole.subject)
    if same != receipts.identity(item.sender, item.date, item.subject):
        return quarantine.of_item(item, "Its id names another item by now.")
    return whole


def _remember(watch: InboxWatch, scan: InboxScan, depth: Depth) -> None:
    """Write down what the reading taught of the inbox; another may be under way, whose news stay."""
    learned: dict[str, object] = {"first_page": watch.first_page}
    if scan.full and scan.complete:
        learned["full_at"] = clock.real_now()
    if scan.reached and depth is not Depth.QUICK:
        learned["deep_at"] = scan.started_at
    if depth is Depth.WHOLE and scan.reached:
        watch.is_large = watch.is_large and scan.pages > SMALL_PAGES
    learned["is_large"] = watch.is_large
    InboxWatch.objects.filter(pk=watch.pk).update(**learned)
