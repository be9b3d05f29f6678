"""Items of inboxes that cannot be read: kept aside, in nobody's way, told once, and solved when they can be read."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from campaigns.models import BrokenItem, Receipt
from campaigns.tracking import receipts
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.operation import alerts
from pecportal.upstream.inbox import InboxItem

TRIES = 10  # at each reading; hourly from then on
UNREADABLE = "tracking.unreadable_items"  # the alerts' kinds; their key is the mailbox
UNKNOWN_KIND = "tracking.unknown_kinds"


@dataclass(frozen=True, slots=True)
class Broken:
    """One item that could not be read: what tells it from others, what is known of it, and what was wrong."""

    key: str
    problem: str
    item_id: str = ""
    subject: str = ""
    date: str = ""
    raw: str = ""


def of_item(item: InboxItem, problem: str) -> Broken:
    """An item of a list whose text cannot be had; its key is the identity that its receipt would have."""
    key = receipts.identity(item.sender, item.date, item.subject)
    raw = item.raw.decode("utf-8", "replace")
    return Broken(key, problem, item.id or "", item.subject, item.date, raw)


def of_remnant(raw: str) -> Broken:
    """An entry of a page that is no mail."""
    return Broken(hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest(), "The entry is no mail.", raw=raw)


def keep(mailbox: Mailbox, found: Sequence[Broken]) -> None:
    """Write down what could not be read, each key once, and count how often; in one transaction."""
    by_key = {broken.key: broken for broken in found}
    if not by_key:
        return
    now = clock.now()
    with transaction.atomic():
        rows = BrokenItem.objects.select_for_update().filter(mailbox=mailbox, key__in=by_key)
        known = set(rows.values_list("key", flat=True))
        for key in sorted(known):
            rows.filter(key=key).update(
                seen_at=now, times=F("times") + 1, solved_at=None, problem=by_key[key].problem[:300]
            )
        fresh = [_row(mailbox, broken, now) for key, broken in by_key.items() if key not in known]
        BrokenItem.objects.bulk_create(fresh, ignore_conflicts=True)


def solve(mailbox: Mailbox, keys: Iterable[str]) -> int:
    """These were read after all; return how many had been set aside."""
    return _unsolved(mailbox).filter(key__in=list(keys)).update(solved_at=clock.now())


def solve_unmet(mailbox: Mailbox, *, since: datetime) -> int:
    """A whole reading begun at `since` came to its end: what it did not meet is there no more, or was read."""
    return _unsolved(mailbox).filter(seen_at__lt=since).update(solved_at=clock.now())


def is_worth_a_try(mailbox_id: int) -> bool:
    """Whether something set aside failed so seldom that the next reading may well get it."""
    return BrokenItem.objects.filter(mailbox=mailbox_id, solved_at=None, times__lt=TRIES).exists()


def tell(mailbox: Mailbox) -> None:
    """Raise one alert for the mailbox while an item of it cannot be read, or is of a kind that nobody knows.

    Gives the all-clear when none is left: an unknown kind is dealt with at the desk. Again it changes nothing.
    """
    unread = _unsolved(mailbox).count()
    _tell(UNREADABLE, mailbox, {"items": unread})
    unknown = Receipt.objects.filter(
        mailbox=mailbox, message__isnull=True, desk="", kind=receipts.Kind.UNKNOWN.value
    ).exclude(problem="")
    _tell(UNKNOWN_KIND, mailbox, {"items": unknown.count()})


def _tell(kind: str, mailbox: Mailbox, facts: Mapping[str, int]) -> None:
    if facts["items"]:
        alerts.alert(kind, mailbox.pk, organisation=mailbox.organisation, **facts)
    else:
        alerts.all_clear(kind, mailbox.pk)


def _unsolved(mailbox: Mailbox) -> QuerySet[BrokenItem]:
    return BrokenItem.objects.filter(mailbox=mailbox, solved_at=None)


def _row(mailbox: Mailbox, broken: Broken, now: datetime) -> BrokenItem:
    return BrokenItem(
        mailbox=mailbox,
        key=broken.key,
        item_id=broken.item_id[:100],
        subject=broken.subject[:1000],
        date_text=broken.date[:100],
        problem=broken.problem[:300],
        raw=broken.raw.replace("\x00", "�"),
        first_seen_at=now,
        seen_at=now,
    )
