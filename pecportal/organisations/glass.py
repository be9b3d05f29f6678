"""Breaking the glass: an operator reads contents for an hour, with a reason, and the organisation is told at once.

Times are real ones, as those of sessions: a demo's quick clock would end the hour within a second.
"""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations import members
from pecportal.organisations.models import BrokenGlass, Organisation, User
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
LASTS: Final = timedelta(minutes=60)
SHORTEST: Final = 15  # characters of a reason
SHOWN: Final = timedelta(days=365)


def smash(organisation: Organisation, *, reason: str, actor: User) -> BrokenGlass:
    """Give an operator an hour of reading. Raises `Refusal` for anybody else, and without a reason in words."""
    if not (actor.is_staff and actor.is_active):
        raise Refusal(_("Only an operator of the portal has emergency access."))
    if len(reason.strip()) < SHORTEST:
        raise Refusal(_("Say why in a sentence: the organisation's administrators will read it."), field="reason")
    now = timezone.now()
    with transaction.atomic():
        row = BrokenGlass.objects.create(
            operator=actor, organisation=organisation, reason=reason.strip(), at=now, ends_at=now + LASTS
        )
        record("glass.open", actor=actor, organisation=organisation, target=row, reason=row.reason)
        enqueue("pecportal.organisations.tasks.tell_glass", row.pk)
    return row


def close(glass: BrokenGlass, *, actor: User) -> None:
    """End it before its time; one that is over already is left alone."""
    with transaction.atomic():
        rows = BrokenGlass.objects.filter(pk=glass.pk, closed_at=None, ends_at__gt=timezone.now())
        if rows.update(closed_at=timezone.now()):
            record("glass.close", actor=actor, organisation=glass.organisation, target=glass)


def open_of(user: User) -> list[BrokenGlass]:
    """Those by which an operator reads now."""
    rows = BrokenGlass.objects.filter(operator=user, closed_at=None, ends_at__gt=timezone.now())
    return list(rows.select_related("organisation"))


def seen(user: User, glasses: list[BrokenGlass], *, path: str) -> None:
    """Write down that an operator asked for a page while the glass was broken."""
    for glass in glasses:
        record("glass.read", actor=user, organisation=glass.organisation, target=glass, path=path[:200])


def of(organisation: Organisation) -> QuerySet[BrokenGlass]:
    """The accesses of the last year, newest first, for the organisation's administrators."""
    rows = BrokenGlass.objects.filter(organisation=organisation, at__gt=timezone.now() - SHOWN)
    return rows.select_related("operator")


def tell(pk: int) -> bool:
    """Write to the administrators, once; False when it is told, or nobody could be told yet."""
    row = BrokenGlass.objects.select_related("operator", "organisation").filter(pk=pk, told_at=None).first()
    if row is None:
        return False
    with translation.override(settings.LANGUAGE_CODE):
        subject, text = _letter(row)
    taken = sum(
        _handed_over(EmailMessage(subject, text, to=[each.email])) for each in members.administrators(row.organisation)
    )
    if taken:
        BrokenGlass.objects.filter(pk=pk).update(told_at=timezone.now())
    return bool(taken)


def tell_due() -> int:
    """Tell what could not be told before; how many."""
    return sum(tell(pk) for pk in list(BrokenGlass.objects.filter(told_at=None).values_list("pk", flat=True)))


def _letter(row: BrokenGlass) -> tuple[str, str]:
    words = {
        "operator": row.operator,
        "email": row.operator.email,
        "organisation": row.organisation,
        "reason": row.reason,
        "until": date_format(timezone.localtime(row.ends_at), "SHORT_DATETIME_FORMAT"),
        "link": settings.PORTAL_URL,
    }
    subject = _("An operator reads contents of %(organisation)s") % words
    text = _(
        "%(operator)s (%(email)s), an operator of the portal, has given themselves emergency access to the contents "
        "and recipients of %(organisation)s, until %(until)s.\n\nThe reason given: %(reason)s\n\n"
        "Every page that is opened by it is in the journal; nothing can be changed by it. The access is shown on the "
        "page of members: %(link)s/members/\nIf you did not expect it, ask whoever runs the portal."
    )
    return " ".join(subject.split())[:200], text % words


def _handed_over(letter: EmailMessage) -> bool:
    try:
        letter.send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The letter about an emergency access could not be sent: %s", type(exc).__name__)
        return False
    return True
