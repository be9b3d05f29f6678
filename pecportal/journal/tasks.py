"""Background jobs of the journal: each a line or two that call work functions."""

from pecportal.journal import anchoring, checking, refusals
from pecportal.journal.models import Check


def nightly() -> None:
    """See whether the journal holds, and tell the outside where its head is."""
    if checking.run().is_good:
        anchoring.drop()
    anchoring.deliver()
    refusals.forget_old()


def check(check_id: int) -> None:
    """Do a check that somebody asked for."""
    checking.run(Check.objects.get(pk=check_id))


def sweep() -> None:
    """Do what lost jobs left behind."""
    checking.resume_lost()
    anchoring.deliver()
