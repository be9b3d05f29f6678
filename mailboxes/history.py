"""A mailbox's history in words."""

from dataclasses import dataclass
from datetime import datetime

from mailboxes.models import Mailbox
from mailboxes.states import MailboxState, VendorState


@dataclass(frozen=True, slots=True)
class Line:
    """One change: when, what it became, how the portal learned of it, who did it, and what was said."""

    at: datetime
    state: str
    source: str
    who: str
    words: str


def lines(mailbox: Mailbox) -> list[Line]:
    """All changes, newest first; a vendor's word that is not known stands as it is."""
    known = {state.value: str(state.label) for states in (VendorState, MailboxState) for state in states}
    return [
        Line(
            change.at,
            known.get(change.state, change.state),
            change.get_source_display(),
            str(change.by) if change.by else "",
            change.words,
        )
        for change in mailbox.changes.select_related("by").order_by("-pk")
    ]
