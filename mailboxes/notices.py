"""Letters to clerks: one for each step that needs a person, once each, in plain sentences with a link."""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.utils import translation

from mailboxes import letters
from mailboxes.models import Mailbox, Notice
from mailboxes.models.notices import NoticeKind
from mailboxes.states import CredentialsState, VendorState
from pecportal import clock
from pecportal.organisations.models import User
from pecportal.permissions import Power, TenantQuerySet, people_with
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
AGAIN: Final = timedelta(minutes=10)
RESTED: Final = timedelta(minutes=1)
TRIES: Final = 50  # beyond them a letter is given up, some eight hours later
FOR_ALL: Final = frozenset(
    {
        *(NoticeKind.EXPIRY, NoticeKind.CONFIRM, NoticeKind.ENDED),
        *(NoticeKind.ASKED_DOUBTS, NoticeKind.ASKED_DESK, NoticeKind.ASKED_UNREAD),
    }
)
_POWERS: Final = {
    NoticeKind.ACTIVE: Power.CREDENTIALS,
    NoticeKind.CREDENTIALS: Power.CREDENTIALS,
    NoticeKind.ASKED_DOUBTS: Power.DECIDE,
    NoticeKind.ASKED_DESK: Power.READ,
}
_ABOUT_STATE: Final = {
    VendorState.REGISTERED: NoticeKind.FORM,
    VendorState.DOCUMENTS_WRONG: NoticeKind.DOCUMENTS,
    VendorState.REVOKED: NoticeKind.ENDED,
    VendorState.CLOSED: NoticeKind.ENDED,
    VendorState.CANCELLED: NoticeKind.ENDED,
}


def note(mailbox: Mailbox, kind: NoticeKind, *, key: str = "", days: int | None = None) -> bool:
    """Write down, in the caller's transaction, that a letter is due; False when it was for this occasion already."""
    _row, is_new = Notice.objects.get_or_create(
        mailbox=mailbox, kind=kind, key=key[:60], defaults={"days": days, "at": clock.now()}
    )
    return is_new


def about_state(mailbox: Mailbox, *, key: str) -> bool:
    """Have a letter written about the vendor's new state, in the caller's transaction, where it needs a person."""
    kind = _ABOUT_STATE.get(VendorState(mailbox.vendor_state)) if mailbox.vendor_state in VendorState.values else None
    if mailbox.wants_credentials and mailbox.credentials_state == CredentialsState.MISSING:
        kind = NoticeKind.ACTIVE
    return kind is not None and note(mailbox, kind, key=key)


def ring() -> bool:
    """Ring the job that sends, if a letter is due; letters leave within a minute."""
    is_due = _due().exists()
    if is_due:
        enqueue("mailboxes.tasks.send_notices")
    return is_due


def send() -> int:
    """Send what is due; how many letters left. A worker that dies between sending and writing it down sends it again.

    What the mail server does not take is tried again every ten minutes.
    """
    sent = 0
    for pk in list(_due().order_by("pk").values_list("pk", flat=True)):
        mine = _due().filter(pk=pk).update(tried_at=clock.now(), tries=F("tries") + 1)
        sent += _send(Notice.objects.select_related("mailbox__organisation").get(pk=pk)) if mine else 0
    return sent


def try_again(pk: int) -> bool:
    """Have a letter that did not arrive tried at once, from the beginning; False when somebody has it by now.

    One that was tried within the last minute may be on its way, and is left alone.
    """
    rested = Q(tried_at=None) | Q(tried_at__lt=clock.now() - RESTED) | Q(sent_at__isnull=False)
    mine = Notice.objects.filter(rested, Q(sent_at=None) | Q(recipients=0), pk=pk)
    if not mine.update(sent_at=None, tried_at=None, tries=0):
        return False
    enqueue("mailboxes.tasks.send_notices")
    return True


def people(mailbox: Mailbox, kind: NoticeKind) -> list[User]:
    """Who gets a letter: the mailbox's own clerk while they may act, else all of its organisation who may."""
    power = _POWERS.get(kind, Power.REGISTER)
    rows = list(people_with(power, mailbox).exclude(email=""))
    own = [person for person in rows if person.pk == mailbox.created_by_id]
    return rows if kind in FOR_ALL else own or rows


def _due() -> TenantQuerySet[Notice]:
    rested = Q(tried_at__isnull=True) | Q(tried_at__lt=clock.now() - AGAIN)
    return Notice.objects.filter(rested, sent_at=None, tries__lt=TRIES)


def _send(notice: Notice) -> int:
    to = [person.email for person in people(notice.mailbox, NoticeKind(notice.kind))]
    with translation.override(settings.LANGUAGE_CODE):
        subject, text = letters.written(notice)
    # each gets their own: one address that is refused must not keep the letter from the others
    taken = sum(_handed_over(EmailMessage(subject, text, to=[address]), notice) for address in to)
    if to and not taken:
        return 0
    Notice.objects.filter(pk=notice.pk).update(sent_at=clock.now(), recipients=taken)
    return taken


def _handed_over(letter: EmailMessage, notice: Notice) -> bool:
    try:
        letter.send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("Letter %s could not be sent: %s", notice.pk, type(exc).__name__)
        return False
    return True
