"""Alerts told to the operators, by e-mail and by webhook: once when one is raised, once when it is over.

What has to be told is written down first, for each place a row; then it is tried, again at growing intervals. A worker
that dies between telling and writing that down tells it twice, under the same number: whoever reads it can see that.
"""

import hashlib
import hmac
import json
import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from pecportal import clock, outgoing
from pecportal.operation import meanings, wallets
from pecportal.operation.models import Alert, Channel, Delivery, Event
from pecportal.organisations.models import User
from pecportal.permissions import TenantQuerySet
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
RESTS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60))
RESTED: Final = timedelta(minutes=1)
GIVEN_UP: Final = timedelta(days=7)
AT_ONCE: Final = 50


def ring() -> bool:
    """Write down what has to be told, and ring the job that tells it, if there is any."""
    plan()
    is_due = _due().exists()
    if is_due:
        enqueue("pecportal.operation.tasks.send_letters")
    return is_due


def send() -> int:
    """Tell what is due; how many deliveries were taken. Several workers at once tell nothing twice."""
    plan()
    taken = 0
    for row in list(_due().select_related("alert__organisation").order_by("pk")[:AT_ONCE]):
        rest = RESTS[min(row.tries, len(RESTS) - 1)]
        mine = Delivery.objects.filter(pk=row.pk, done_at=None, next_at=row.next_at)
        if mine.update(next_at=clock.now() + rest, tries=F("tries") + 1):
            taken += _tell(row)
    return taken


def try_again(pk: int) -> bool:
    """Have one tried at once; False when it was taken, or was tried within the last minute and may be on its way."""
    row = Delivery.objects.filter(pk=pk, done_at=None, next_at__gt=clock.now()).first()
    if row is None or not row.tries:
        return False
    tried_at = row.next_at - RESTS[min(row.tries - 1, len(RESTS) - 1)]
    if tried_at > clock.now() - RESTED:
        return False
    if not Delivery.objects.filter(pk=pk, done_at=None, next_at=row.next_at).update(next_at=clock.now()):
        return False
    enqueue("pecportal.operation.tasks.send_letters")
    return True


def operators() -> list[User]:
    """Who is told: whoever looks after the whole portal."""
    return list(User.objects.filter(is_superuser=True, is_active=True).exclude(email="").order_by("pk"))


@transaction.atomic
def plan() -> int:
    """Write down which alerts have to be told to whom; how many rows are new. Again it changes nothing.

    An alert that was over before anybody was told is told to nobody.
    """
    Delivery.objects.filter(event=Event.RAISED, done_at=None, alert__ended_at__isnull=False).delete()
    raised, ended = _untold()
    new = [_row(alert, Event.RAISED, *place) for place in _places() for alert in raised]
    for alert in ended:
        told = list(alert.deliveries.filter(event=Event.RAISED).values_list("channel", "to")) or _places()
        new += [_row(alert, Event.ENDED, channel, to) for channel, to in told]
    Delivery.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _untold() -> tuple[TenantQuerySet[Alert], TenantQuerySet[Alert]]:
    """Alerts that are open, and alerts that are over, with nothing written down about it."""
    rows = Alert.objects.select_related("organisation").order_by("pk")
    about = Delivery.objects.filter(alert=OuterRef("pk"))
    raised = rows.filter(~Exists(about.filter(event=Event.RAISED)), ended_at=None, told_at=None)
    over = Q(ended_at__isnull=False, told_at__isnull=False, cleared_at=None)
    return raised, rows.filter(~Exists(about.filter(event=Event.ENDED)) & over)


def _places() -> list[tuple[str, str]]:
    mail = [(Channel.MAIL.value, person.email) for person in operators()]
    return [*mail, (Channel.WEBHOOK.value, "")] if settings.ALERT_WEBHOOK_URL else mail


def _row(alert: Alert, event: Event, channel: str, to: str) -> Delivery:
    return Delivery(alert=alert, event=event, channel=channel, to=to, next_at=clock.now())


def _due() -> QuerySet[Delivery]:
    now = clock.now()
    old = Q(event=Event.RAISED, alert__raised_at__lt=now - GIVEN_UP) | Q(alert__ended_at__lt=now - GIVEN_UP)
    return Delivery.objects.filter(done_at=None, next_at__lte=now).exclude(old)


def _tell(row: Delivery) -> bool:
    with translation.override(settings.LANGUAGE_CODE):
        problem = _mailed(row) if row.channel == Channel.MAIL else _posted(row)
    if problem:
        logger.warning("Alert %s could not be told by %s: %s", row.alert_id, row.channel, problem)
        Delivery.objects.filter(pk=row.pk).update(problem=problem[:100])
        return False
    now = clock.now()
    Delivery.objects.filter(pk=row.pk).update(done_at=now, problem="")
    field = "told_at" if row.event == Event.RAISED else "cleared_at"
    Alert.objects.filter(pk=row.alert_id, **{field: None}).update(**{field: now})
    return True


def words(alert: Alert, event: str) -> tuple[str, str]:
    """Subject and text, in the active language."""
    if alert.kind == wallets.ALERT:
        return wallets.letter(alert)
    told = meanings.of(alert)
    office = [_("Organisation: %(name)s") % {"name": alert.organisation.name}] if alert.organisation else []
    since = _("Since: %(at)s") % {"at": _at(alert.raised_at)}
    if event == Event.ENDED and alert.ended_at is not None:
        over = _("Over since: %(at)s") % {"at": _at(alert.ended_at)}
        return _("All-clear: %(title)s") % {"title": told.title}, "\n".join([told.title, *office, since, over])
    clerks = _("What it means for clerks: %(words)s") % {"words": told.clerks}
    todo = [_("What to do: %(words)s") % {"words": told.todo}] if told.todo else []
    return told.title, "\n\n".join(["\n".join([told.title, *office, since]), clerks, *todo])


def _mailed(row: Delivery) -> str:
    """Why the mail server did not take it; "" when it did."""
    subject, text = words(row.alert, row.event)
    closing = _("This letter was written by the portal %(link)s: answers to it are not read.")
    text = f"{text}\n\n{closing % {'link': settings.PORTAL_URL}}"
    number = {"Message-ID": f"<alert-{row.pk}.{_signed(str(row.pk).encode())[:16]}@pecportal>"}
    letter = EmailMessage(" ".join(subject.split()), text, to=[row.to], headers=number)
    try:
        letter.send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        return type(exc).__name__
    return ""


def _posted(row: Delivery) -> str:
    """Why the webhook did not take it; "" when it did."""
    alert = row.alert
    subject, text = words(alert, row.event)
    told = {
        "id": f"{alert.pk}-{row.event}",
        "event": row.event,
        "kind": alert.kind,
        "about": alert.key,
        "organisation": alert.organisation.name if alert.organisation else None,
        "title": subject,
        "text": text,
        "raised_at": alert.raised_at.isoformat(),
        "ended_at": alert.ended_at.isoformat() if alert.ended_at else None,
        "portal": settings.PORTAL_URL,
    }
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if settings.ALERT_WEBHOOK_SECRET:
        headers["X-Pecportal-Signature"] = f"sha256={_signed(body, settings.ALERT_WEBHOOK_SECRET)}"
    try:
        outgoing.post(settings.ALERT_WEBHOOK_URL, body, headers=headers, allowed=settings.ALERT_WEBHOOK_NETWORKS)
    except (outgoing.Forbidden, outgoing.Failed) as exc:
        return str(exc)
    return ""


def _signed(body: bytes, secret: str = "") -> str:
    return hmac.new((secret or settings.SECRET_KEY).encode(), body, hashlib.sha256).hexdigest()


def _at(moment: datetime) -> str:
    return str(date_format(localtime(moment), "SHORT_DATETIME_FORMAT"))
