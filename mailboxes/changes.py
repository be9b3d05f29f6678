"""The history of a mailbox, written by whoever changes its state, and told to programs that listen."""

from mailboxes.models import Mailbox, StateChange
from mailboxes.models.acts import Source
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.organisations.models import User
from pecportal.webhooks import events
from pecportal.webhooks.models import EventType


def note(mailbox: Mailbox, state: str, *, source: Source, by: User | None = None, words: str = "") -> StateChange:
    """Add a line, in the caller's transaction; `state` is one of ours or the vendor's word."""
    last = StateChange.objects.filter(mailbox=mailbox).order_by("-pk").values_list("state", flat=True).first()
    line = StateChange.objects.create(mailbox=mailbox, at=clock.now(), state=state, source=source, by=by, words=words)
    if last != state:  # else something else about it changed
        told = {"mailbox": str(mailbox.public_id), "state": code(state)}
        kind = EventType.MAILBOX_STATE
        events.record(mailbox.organisation, kind, mailbox.public_id, told, mailbox_id=mailbox.pk)
    return line


def code(state: str) -> str:
    """A mailbox's state as programs are told it: in English, the vendor's too; a word that nobody knows as it is."""
    return VendorState(state).name.lower() if state in VendorState.values else str(state)
