"""What shows that sending and tracking go on, beside the workers' own signs of life: lanes and inboxes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import InboxWatch, Message, SendingLane
from campaigns.states import CampaignState, MessageState
from mailboxes import switched
from pecportal import clock, vendor
from pecportal.operation import deployment, switches
from pecportal.operation.liveness import Health, Sign
from pecportal.operation.models import Scope

NO_PUMP: Final = timedelta(minutes=3)  # the minutely job takes free lanes; a message that became due has had its turn
SENTENCES: Final[dict[str, Promise]] = {
    "no_pump": _("Messages have been due for %(seconds)s seconds, and no pump holds their lanes."),
    "unread": _("An inbox with awaited receipts has not been read for %(seconds)s seconds."),
}


def of_sending() -> Iterator[Sign]:
    """Lanes with due messages, which nothing holds up and no pump serves."""
    if deployment.is_off():
        return
    now, leases, off = clock.real_now(), clock.database_now(), switches.now()
    stopped = [row.about for row in off.rows if row.scope == Scope.CAMPAIGN]
    due = Message.objects.filter(
        state=MessageState.QUEUED, not_before__lt=now - NO_PUMP, campaign__state=CampaignState.RUNNING
    ).exclude(campaign__in=stopped)
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=leases - NO_PUMP)
    related = ["mailbox", *(f"mailbox__{name}" for name in vendor.RELATED)]
    for lane in SendingLane.objects.filter(free, hold="", pk__in=due.values("mailbox")).select_related(*related):
        oldest = due.filter(mailbox=lane.pk).order_by("not_before").values_list("not_before", flat=True).first()
        changed = due.filter(mailbox=lane.pk, campaign__state_since__lt=clock.now() - NO_PUMP).exists()
        if (
            switched.off(lane.mailbox, off) is None
            and lane.mailbox.why_not() is None
            and oldest is not None
            and changed
        ):
            yield Sign("no_pump", Health.LATE, (now - oldest).total_seconds())
            return


def of_tracking() -> Iterator[Sign]:
    """The inbox that has waited longest, of those with messages whose receipts are awaited."""
    longest = max(5 * settings.TRACKING_SECONDS, 600.0)
    awaited = Message.objects.filter(
        Q(deadline_at__isnull=False) | Q(state__in=[MessageState.SENDING, MessageState.UNCERTAIN])
    )
    before = clock.real_now() - timedelta(seconds=longest)
    rows = InboxWatch.objects.filter(read_at__lt=before, pk__in=awaited.values("mailbox")).select_related("mailbox")
    for watch in rows.order_by("read_at"):
        if watch.mailbox.why_not() is None and watch.read_at is not None:
            yield Sign("unread", Health.LATE, (clock.real_now() - watch.read_at).total_seconds())
            return
