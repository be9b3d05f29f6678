"""Letters that did not arrive: to an organisation's people about their mailboxes, and to operators about alerts."""

from datetime import timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.console.items import Item
from mailboxes import notices
from mailboxes.models import Notice
from mailboxes.models.notices import NoticeKind
from pecportal import clock
from pecportal.operation import letters
from pecportal.operation.models import Channel, Delivery
from pecportal.organisations.models import User

LONG: Final = timedelta(minutes=15)
LATELY: Final = timedelta(days=7)
TRIES: Final = 3  # of an alert, within eight minutes


def due() -> QuerySet[Notice]:
    """Letters to clerks that did not leave, and those of this week for which there was nobody."""
    late = Q(sent_at=None, at__lt=clock.now() - LONG)
    nobody = Q(sent_at__isnull=False, recipients=0, at__gt=clock.now() - LATELY)
    return Notice.objects.filter(late | nobody).select_related("mailbox__organisation")


def notice(row: Notice) -> Item:
    """What is known of one; whom it goes to stays with the organisation."""
    has_readers = bool(notices.people(row.mailbox, NoticeKind(row.kind)))
    if not has_readers:
        told = _("Nobody in the organisation may do what it asks for: give somebody the role, then again.")
    elif row.sent_at is not None:
        told = _("There was nobody to read it; by now there is.")
    else:
        times = ngettext("It was tried once.", "It was tried %(count)s times.", row.tries) % {"count": row.tries}
        told = _("The mail server did not take it.") if row.tries else _("It has not been tried.")
        told = f"{told} {times}" if row.tries else told
        told += " " + _("It is not tried any more.") if row.tries >= notices.TRIES else ""
    return Item(
        key=f"notice:{row.pk}",
        title=_("Letter to clerks"),
        what=f"{row.get_kind_display()} · {row.mailbox}",
        row=row,
        organisation=row.mailbox.organisation,
        since=row.at,
        evidence=(told,),
        url=reverse("admin:mailboxes_notice_change", args=[row.pk]),
        acts=("again",) if has_readers else (),
    )


def again(item: Item, actor: User) -> bool:
    """Have it tried at once, however often it was."""
    if isinstance(item.row, Delivery):
        return letters.try_again(item.row.pk)
    return notices.try_again(item.row.pk)


def deliveries() -> QuerySet[Delivery]:
    """Alerts that could not be told, though it was tried more than once."""
    rows = Delivery.objects.filter(done_at=None, tries__gte=TRIES, alert__raised_at__gt=clock.now() - 2 * LATELY)
    return rows.select_related("alert__organisation")


def delivery(row: Delivery) -> Item:
    """What is known of one."""
    is_letter = row.channel == Channel.MAIL
    told = [
        _("The mail server did not take it: look at EMAIL_URL.")
        if is_letter
        else _("The webhook did not take it: look at ALERT_WEBHOOK_URL.")
    ]
    times = ngettext("It was tried once.", "It was tried %(count)s times.", row.tries) % {"count": row.tries}
    return Item(
        key=f"delivery:{row.pk}",
        title=_("Alert that could not be told"),
        what=f"{row.alert} · {row.get_channel_display()}",
        row=row,
        organisation=row.alert.organisation,
        since=row.alert.raised_at,
        evidence=(*told, times),
        url=reverse("admin:operation_delivery_change", args=[row.pk]),
        acts=("again",),
    )
