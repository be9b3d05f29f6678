"""Looking whether the journal holds: each night, and when somebody asks. What was found is a row, and an alert."""

import logging
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from pecportal import clock
from pecportal.journal import anchoring, guard, record
from pecportal.journal.models import Check, Head
from pecportal.operation.alerts import alert, all_clear
from pecportal.organisations.models import User
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
BROKEN: Final = "journal.broken"  # the alerts' kinds
UNGUARDED: Final = "journal.unguarded"
_KEY: Final = "journal"
LOST: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=400)


@transaction.atomic
def ask(*, actor: User) -> Check:
    """Have the chain walked soon; a check that is asked for already is not asked for twice."""
    waiting = Check.objects.filter(ended_at=None, asked_at__gt=clock.now() - LOST).first()
    if waiting is not None:
        return waiting
    check = Check.objects.create(asked_at=clock.now(), asked_by=actor)
    record.record("journal.check", actor=actor)
    enqueue("pecportal.journal.tasks.check", check.pk)
    return check


def run(check: Check | None = None) -> Check:
    """Walk the whole chain, compare it with the anchors, and tell; again it finds the same."""
    check = check or Check.objects.create(asked_at=clock.now())
    head = Head.objects.filter(pk=1).first()
    check.broken_at, check.reason = found()
    check.entries = head.number if head else 0
    check.ended_at = clock.now()
    check.save()
    if check.reason:
        logger.error("The journal does not hold from entry %s: %s", check.broken_at, check.reason)
        alert(BROKEN, _KEY, number=check.broken_at, reason=check.reason)
    else:
        all_clear(BROKEN, _KEY)
    _look_after_guard()
    Check.objects.filter(asked_at__lt=clock.now() - KEPT).delete()
    return check


def found() -> tuple[int | None, str]:
    """The number of the first entry that does not hold, and why; (None, "") when all is well."""
    if broken := record.verify():
        return broken.number, broken.reason
    if told := anchoring.contradicted(anchoring.all_told()):
        return told.number, _("it contradicts what was told outside at %(at)s") % {"at": told.at}
    return None, ""


def resume_lost() -> None:
    """Do what was asked for and never came to its end."""
    since, before = clock.now() - timedelta(days=1), clock.now() - LOST
    for check in Check.objects.filter(ended_at=None, asked_at__gt=since, asked_at__lt=before):
        run(check)


def _look_after_guard() -> None:
    """Put the database's guard back where it was taken away, and tell; the all-clear comes with the next check."""
    if guard.is_installed():
        all_clear(UNGUARDED, _KEY)
        return
    logger.error("The database's guard of the journal was missing.")
    alert(UNGUARDED, _KEY)
    guard.install()
