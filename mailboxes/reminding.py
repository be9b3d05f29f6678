"""Letters that rows make due: expiries in time, and what stands still until a person does something."""

from datetime import timedelta

from mailboxes import acts, notices
from mailboxes.expiring import DAYS, days_left
from mailboxes.models import HandIn, Mailbox, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome
from mailboxes.models.notices import NoticeKind
from mailboxes.models.papers import HandInState
from mailboxes.states import MailboxState, VendorState
from pecportal import clock

_DOUBTS = {ActKind.REGISTRATION: NoticeKind.DOUBT, ActKind.HAND_IN: NoticeKind.HAND_IN_DOUBT}
RECENT = timedelta(days=2)  # what has stood still for longer was told, or is from before there were letters


def remind() -> int:
    """Have letters written about mailboxes that expire within 90, 60, 30, 7 days; how many are new.

    Each mailbox gets the nearest one alone: a portal that was off for a month does not send three at once. A renewal
    moves the expiry, and so begins anew.
    """
    now, new = clock.now(), 0
    rows = Mailbox.objects.filter(
        vendor_state=VendorState.ACTIVE, expires_at__gt=now, expires_at__lte=now + timedelta(days=max(DAYS))
    )
    for row in rows.iterator():
        left = days_left(row)
        if row.expires_at is None or left is None:
            continue
        due = min(days for days in DAYS if row.expires_at <= now + timedelta(days=days))
        new += notices.note(row, NoticeKind.EXPIRY, key=f"{row.expires_at:%Y-%m-%d} {due}", days=left)
    return new


def watch() -> int:
    """Have letters written about registrations and hand-ins that wait for a person; how many are new.

    Told by the rows alone, so that no lost job loses a letter.
    """
    since = clock.now() - RECENT
    stopped = Mailbox.objects.filter(state=MailboxState.DRAFT, state_since__gt=since).exclude(problem_code="")
    new = sum(notices.note(row, NoticeKind.OBJECTION, key=f"{row.state_since.timestamp():.6f}") for row in stopped)
    doubts = VendorAct.objects.filter(
        kind__in=_DOUBTS, outcome=ActOutcome.UNCERTAIN, looks__gte=acts.LOOKS, begun_at__gt=since
    )
    for act in doubts.select_related("mailbox"):
        new += notices.note(act.mailbox, _DOUBTS[ActKind(act.kind)], key=str(act.pk))
    refused = HandIn.objects.filter(state=HandInState.REFUSED, state_since__gt=since).select_related("mailbox")
    return new + sum(notices.note(row.mailbox, NoticeKind.DOCUMENTS, key=f"hand-in {row.pk}") for row in refused)
