"""The pace of the accounts: mailboxes whose plan or account says so send in one sequence of slots for each account.

Whoever holds the baton serves the lanes of all these mailboxes; nobody else may take one of them. The baton is lent as
the lanes are, for the same time, in the same transactions. Who loses it loses the lanes: their fences are moved on, so
that no attempt claimed before can be marked any more.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from campaigns import timing
from campaigns.models import Baton, SendingLane
from pecportal import clock, vendor

NAME = "sending at the account's pace"


def take(holder: str, due: Collection[int], *, until: datetime) -> bool:
    """Have the baton if one of the `due` mailboxes shares its account's pace; False while another pump has it.

    In the caller's transaction, which takes the lanes.
    """
    if not timing.sharing().filter(pk__in=due).exists():
        return True
    Baton.objects.get_or_create(name=NAME)
    with transaction.atomic():
        baton = Baton.objects.select_for_update().get(name=NAME)
        now = clock.database_now()
        is_held = baton.leased_until is not None and baton.leased_until > now
        if is_held and baton.holder != holder:
            return False
        if not is_held:
            _take_over(baton, now=now)
            Baton.objects.filter(name=NAME).update(holder=holder, leased_until=until)
        _bar_strangers(holder, now=now)
    return True


def _take_over(baton: Baton, *, now: datetime) -> None:
    """Let nothing be marked any more that was claimed by whoever had the baton."""
    lanes = _lanes()
    lanes.update(fence=F("fence") + 1)
    if baton.holder:  # it died, and may have sent something just now
        lanes.update(holder="", leased_until=None, next_slot_at=_an_interval_after(now))


def _bar_strangers(holder: str, *, now: datetime) -> None:
    """Let nothing be marked any more of lanes that another pump holds since before they shared a pace.

    It gives them up when it looks at them again; until then what it sent last counts for their account.
    """
    strangers = _lanes().exclude(holder__in=("", holder))
    if strangers.exists():
        strangers.update(fence=F("fence") + 1, next_slot_at=_an_interval_after(now))


def _an_interval_after(now: datetime) -> datetime:
    """When any of the accounts may send, if each of them has sent something just now."""
    return now + timedelta(seconds=max(timing.shared_interval(account) for account in vendor.in_use()))


def renew(holder: str, *, now: datetime, until: datetime) -> None:
    """Keep the baton as long as the lanes."""
    Baton.objects.filter(name=NAME, holder=holder, leased_until__gt=now).update(leased_until=until)


def release(holder: str) -> None:
    """Give the baton back unless a lane that shares a pace is still held."""
    if not _lanes().filter(holder=holder).exists():
        Baton.objects.filter(name=NAME, holder=holder).update(holder="", leased_until=None)


def _lanes() -> QuerySet[SendingLane]:
    return SendingLane.objects.filter(mailbox__in=timing.sharing().values("pk"))
