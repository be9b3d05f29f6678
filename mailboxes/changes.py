"""The history of a mailbox, written by whoever changes its state."""

from mailboxes.models import Mailbox, StateChange
from mailboxes.models.acts import Source
from pecportal import clock
from pecportal.organisations.models import User


def note(mailbox: Mailbox, state: str, *, source: Source, by: User | None = None, words: str = "") -> StateChange:
    """Add a line, in the caller's transaction; `state` is one of ours or the vendor's word."""
    return StateChange.objects.create(mailbox=mailbox, at=clock.now(), state=state, source=source, by=by, words=words)
