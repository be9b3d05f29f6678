"""What the vendor's APIs answered: when last well, when last not, and how often not. Never what they said.

Calls are made in threads that must not touch the database: each is counted in memory, and a process writes down what it
counted now and then (`keep`): the pump every few seconds, a worker after each job, a web process after each page.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error, transaction
from django.db.models import F, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pecportal import clock
from pecportal.operation.models import VendorCall, VendorSpan

logger = logging.getLogger(__name__)
SPAN: Final = timedelta(minutes=5)
KEPT: Final = timedelta(days=2)
APIS: Final = {
    "massiva": _("Sending and receipts"),
    "pec": _("Mailboxes"),
    "company": _("Companies"),
    "oauth": _("Sign-in"),
}
SENTENCES: Final[dict[str, Promise]] = {
    "no_answer": _("It did not answer, or could not be reached."),
    "broken": _("Its answer broke off or could not be read."),
    "sign_in": _("It refused the portal's account: look at the account's address and key."),
    "401": _("It refused a sign-in (401): a mailbox's password, or the account's token."),
    "402": _("The credit is used up (402)."),
    "403": _("It did not allow the call (403): perhaps the account has not activated this API."),
    "429": _("It asked to wait (429): there were too many calls."),
}
_OTHER: Final = _("It answered with an error of its own (%(status)s).")


@dataclass(slots=True)
class _Counted:
    """What was heard since the last writing down."""

    calls: int = 0
    failed: int = 0
    good_at: datetime | None = None
    bad_at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls and failures of a while."""

    calls: int
    failed: int

    @property
    def percent(self) -> float:
        """How many of a hundred failed."""
        return 100 * self.failed / self.calls if self.calls else 0.0


_lock = threading.Lock()
_heard: dict[tuple[int, str], _Counted] = {}


def hear(account: int, api: str, problem: str) -> None:
    """Note one call to an API with an account (0: that of the settings): "" for a good answer, else a code."""
    now = clock.now()
    with _lock:
        one = _heard.setdefault((account, api), _Counted())
        one.calls += 1
        if problem:
            one.failed += 1
            one.bad_at, one.problem = now, problem[:20]
        else:
            one.good_at = now


def keep(**kwargs: object) -> None:
    """Write down what this process heard since; while the database is away it is kept for later."""
    with _lock:
        taken = dict(_heard)
        _heard.clear()
    if not taken:
        return
    try:
        with transaction.atomic():
            for (account, api), counted in sorted(taken.items()):
                _keep(account, api, counted)
    except Error:
        logger.warning("What the vendor answered could not be written down yet.")
        _put_back(taken)


def forget() -> None:
    """Drop what was heard and not written down."""
    with _lock:
        _heard.clear()


def forget_old() -> None:
    """Drop the counts of days long past."""
    VendorSpan.objects.filter(at__lt=clock.now() - KEPT).delete()


def rate(account: int | None = None, *, last: timedelta = timedelta(hours=1)) -> Rate:
    """How many calls of the last while there were, and failed: with one account, or with all."""
    rows = VendorSpan.objects.filter(at__gt=clock.now() - last - SPAN)
    if account is not None:
        rows = rows.filter(account=account)
    found = rows.aggregate(calls=Sum("calls"), failed=Sum("failed"))
    return Rate(found["calls"] or 0, found["failed"] or 0)


def sentence(problem: str) -> str:
    """A failure's code for people; "" for none."""
    if not problem:
        return ""
    return str(SENTENCES[problem] if problem in SENTENCES else _OTHER % {"status": problem})


def _keep(account: int, api: str, counted: _Counted) -> None:
    now = clock.now()
    begun = now - timedelta(seconds=now.timestamp() % SPAN.total_seconds())
    which: dict[str, Any] = {"account": account, "api": api}
    VendorCall.objects.get_or_create(**which)
    VendorCall.objects.filter(**which).update(**dict(_news(counted)))
    VendorSpan.objects.get_or_create(at=begun.replace(microsecond=0), **which)
    span = VendorSpan.objects.filter(at=begun.replace(microsecond=0), **which)
    span.update(calls=F("calls") + counted.calls, failed=F("failed") + counted.failed)


def _news(counted: _Counted) -> Iterator[tuple[str, object]]:
    yield "account", F("account")  # an update has to name a field
    if counted.good_at is not None:
        yield "good_at", counted.good_at
    if counted.bad_at is not None:
        yield "bad_at", counted.bad_at
        yield "problem", counted.problem


def _put_back(taken: dict[tuple[int, str], _Counted]) -> None:
    with _lock:
        for key, old in taken.items():
            new = _heard.setdefault(key, _Counted())
            new.calls, new.failed = new.calls + old.calls, new.failed + old.failed
            new.good_at = new.good_at or old.good_at
            if new.bad_at is None:
                new.bad_at, new.problem = old.bad_at, old.problem
