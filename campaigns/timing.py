"""Rows as the rules of `campaigns.pacing`: a plan's limits and pace, a campaign's hours, what a mailbox used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Count, Expression, Func, Max, Q, QuerySet, Sum

from campaigns import pacing
from campaigns.models import Campaign, Reservation, SendingLane
from campaigns.pacing import History, Hours, Limit
from mailboxes.models import Mailbox, Plan
from mailboxes.models.mailbox import Counts
from pecportal import vendor
from pecportal.organisations.models import PaceOf, VendorAccount


@dataclass(frozen=True, slots=True)
class Pace:
    """Who serves a mailbox (None: the account of the settings), and real seconds between two of its messages.

    `interval` is 0 without a pace. With `shared` all mailboxes of the account share one.
    """

    account: VendorAccount | None
    interval: float
    shared: bool

    @property
    def account_id(self) -> int | None:
        """The account's row."""
        return self.account.pk if self.account else None


class Minute(Func):
    """The minute in which a stored instant lies, counted from 1970 in UTC."""

    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / 60)::bigint"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The same of SQLite's text, by its own function: Django's would call Python for each row."""
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / 60"
        return self.as_sql(compiler, connection, template=template, **context)


def limits_of(plan: Plan | None, *, margin: bool = True) -> tuple[Limit, ...]:
    """A plan's limits in their windows, the margin taken off or not; none without a plan."""
    if plan is None:
        return ()
    return pacing.limits(
        daily=plan.daily_limit,
        monthly=plan.monthly_limit,
        yearly=plan.yearly_limit,
        margin=plan.margin if margin else 0,
        window=plan.window,
        zone=plan.zone,
    )


def pace_of(mailbox: Mailbox) -> Pace:
    """How fast a mailbox may send, as its plan and its account say."""
    plan, account = mailbox.plan, vendor.account_of(mailbox)
    shared = (plan is not None and plan.pace_of == PaceOf.ACCOUNT) or (account is not None and account.shares_pace)
    return Pace(account, interval(plan.rate if plan else None, account), shared)


def interval(rate: float | None, account: VendorAccount | None) -> float:
    """Real seconds between two messages at a plan's `rate`, never faster than the account's; else the settings'."""
    rates = [each for each in (rate, account.rate if account else None) if each is not None]
    return max(pacing.interval(each) for each in rates or [float(settings.SENDING_RATE)])


def sharing() -> QuerySet[Mailbox]:
    """The mailboxes that share the pace of their account, since their plan says so, or the account itself."""
    found = Q(plan__pace_of=PaceOf.ACCOUNT)
    for account in vendor.in_use():
        if account is not None and account.shares_pace:
            found |= vendor.served_by(account)
    return Mailbox.objects.filter(found)


def shared_interval(account: VendorAccount | None) -> float:
    """Real seconds between two messages of an account: the slowest that it, or a plan of its mailboxes, says.

    A mailbox that has nothing to send counts, too: what it says holds whoever sends.
    """
    ours = sharing().filter(vendor.served_by(account))
    rates = ours.order_by().values_list("plan__rate", flat=True).distinct()
    return max((interval(rate, account) for rate in rates), default=0.0)


def shared_slot_at(account: VendorAccount | None) -> datetime | None:
    """When an account's next message may leave, in real time: an interval after the last of any of its mailboxes."""
    ours = sharing().filter(vendor.served_by(account))
    found: datetime | None = SendingLane.objects.filter(mailbox__in=ours).aggregate(at=Max("next_slot_at"))["at"]
    return found


def is_single(campaign: Campaign) -> bool:
    """Whether it is one message, which goes before the many of others; one of a stream takes turns with them."""
    return campaign.recipients_total == 1 and not campaign.is_stream


def hours_of(campaign: Campaign) -> Hours:
    """When a campaign may be sent."""
    return Hours(
        opens=campaign.opens,
        closes=campaign.closes,
        weekdays=frozenset(int(day) for day in campaign.weekdays),
        on_holidays=campaign.on_holidays,
        starts_at=campaign.starts_at,
    )


def history_of(
    mailbox_id: int, plan: Plan | None, limits: Sequence[Limit], *, now: datetime, since: int | None = None
) -> History:
    """What a mailbox reserved and did not give back, as far back as any limit asks at `now`, or from a minute on."""
    if not limits:
        return History()
    first = min(limit.since(pacing.minute_of(now)) for limit in limits) if since is None else since
    rows = Reservation.objects.filter(mailbox=mailbox_id, released=False, at__gte=pacing.instant(first))
    units: Expression | Sum = Count("pk") if plan is not None and plan.counts == Counts.MESSAGES else Sum("units")
    found = rows.order_by().annotate(minute=Minute("at")).values_list("minute").annotate(used=units)
    return History((int(minute), int(used)) for minute, used in found)
