"""Looking for messages in doubt through the vendor's search, again and again on a schedule.

Whether the search works, and in which syntax, nobody knows. What it finds is taken in as the walk through the inbox
would; that it finds nothing says nothing.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Max

from campaigns import absence
from campaigns.models import Attempt, Search
from campaigns.states import Outcome
from campaigns.tracking import batons, intake, matching, receipts
from mailboxes import credentials
from pecportal import clock, hosts, vendor
from pecportal.encryption import Unreadable
from pecportal.operation import clocks
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.inbox import InboxItem
from pecportal.upstream.massiva import Credentials

logger = logging.getLogger(__name__)
BATON = "searching"
RUN_SECONDS = 15.0  # what is left over has its turn at the next run, the longest unsought first
LEASE_SECONDS = 120.0
MOST_ITEMS = 50
LATELY = timedelta(seconds=30)  # a second job for the same attempt has nothing to add


def run() -> int:
    """Search for every attempt in doubt whose time has come, with its mailbox's account; how many receipts were new.

    One at a time does it: returns 0 at once while another run is under way.
    """
    holder = hosts.holder()
    if not batons.take(BATON, holder, seconds=LEASE_SECONDS):
        return 0
    until, found = time.monotonic() + RUN_SECONDS, 0
    try:
        if not clocks.check():
            return 0
        for attempt in due():
            if time.monotonic() > until:
                return found
            found += search(attempt, client=vendor.connect_for(attempt.mailbox))
    finally:
        batons.give_back(BATON, holder)
    return found


def search_now(attempt_id: int) -> int:
    """Search for one attempt in doubt out of turn, unless it was searched for a moment ago; how many were new."""
    related = [f"mailbox__{name}" for name in vendor.RELATED]
    rows = Attempt.objects.filter(pk=attempt_id, outcome=Outcome.UNCERTAIN).select_related("message", *related)
    attempt = rows.first()
    if attempt is None or attempt.searches.filter(at__gt=clock.now() - LATELY).exists():
        return 0
    return search(attempt, client=vendor.connect_for(attempt.mailbox))


def due() -> list[Attempt]:
    """The attempts in doubt that have to be searched for now, the longest unsought first."""
    now = clock.now()
    recent = now - absence.DAILY_UNTIL - timedelta(days=30)  # one last search, however late, then no more
    doubts = Attempt.objects.filter(outcome=Outcome.UNCERTAIN, marked_at__gt=recent, message__state="uncertain")
    related = [f"mailbox__{name}" for name in vendor.RELATED]
    rows = doubts.select_related("message", *related).annotate(searched=Max("searches__at"))
    return [row for row in rows.order_by(F("searched").asc(nulls_first=True), "pk") if _is_due(row, row.searched, now)]


def _is_due(attempt: Attempt, last: datetime | None, now: datetime) -> bool:
    return attempt.marked_at is not None and absence.is_due(attempt.marked_at, last=last, now=now)


def search(attempt: Attempt, *, client: Upstream) -> int:
    """Ask for the attempt's reference once, take in its receipts, and keep when that was; how many were new."""
    row, new = Search(attempt=attempt, at=clock.now()), 0
    if not credentials.usable(attempt.mailbox):
        row.problem = "The mailbox has no credentials that work."
    else:
        try:
            found = _found(attempt, credentials.of(attempt.mailbox), client)
            row.found = len(found)
            new = intake.take(attempt.mailbox, found)
        except UpstreamError as exc:
            row.problem = (exc.message or type(exc).__name__)[:300]
            logger.warning("The search for %s stopped: %s", attempt.ref, type(exc).__name__)
        except Unreadable as exc:
            row.problem = str(exc)[:300]
            logger.exception("The credentials of mailbox %s cannot be opened.", attempt.mailbox_id)
    row.save()
    return new


def _found(attempt: Attempt, access: Credentials, client: Upstream) -> list[InboxItem]:
    """The receipts of the attempt's message, with their texts. A vendor that does not search gives any mail."""
    page = client.massiva.inbox(access, q=attempt.message.ref)
    return [whole for item in _of(attempt, page.items) if (whole := _whole(item, access, client)) is not None]


def _of(attempt: Attempt, items: Iterable[InboxItem]) -> list[InboxItem]:
    matched = [(item, matching.reference_in(item.subject)) for item in items]
    return [item for item, match in matched if match and match.ref == attempt.message.ref][:MOST_ITEMS]


def _whole(item: InboxItem, access: Credentials, client: Upstream) -> InboxItem | None:
    """The item with its text; None when its id, which may be positional, meanwhile names another one."""
    if item.body is not None or item.id is None:
        return item
    whole = client.massiva.inbox_item(access, item.id)
    same = receipts.identity(whole.sender or item.sender, whole.date, whole.subject)
    return whole if same == receipts.identity(item.sender, item.date, item.subject) else None
