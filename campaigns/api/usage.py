"""What a mailbox has sent, for programs: today and this month against its plan's limits, cost, day by day."""

from typing import ClassVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import usage
from campaigns.sending import caps
from mailboxes.api.base import READ, OfMailboxes
from mailboxes.models.mailbox import Counts, Window
from pecportal import clock
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Query, Strict


class Days(Query):
    """How far back."""

    days = serializers.IntegerField(required=False, default=31, min_value=1, max_value=366, help_text="With today.")


class SentTold(Strict):
    """What was sent from a day on."""

    since = serializers.DateField()
    messages = serializers.IntegerField()
    recipients = serializers.IntegerField()
    cost = serializers.DecimalField(
        max_digits=None,
        decimal_places=4,
        allow_null=True,
        help_text="Euros without VAT, by the plan's price of a message today; null: it is not known.",
    )


class CapsTold(Strict):
    """The plan's limits; null: none."""

    plan = serializers.CharField(source="name")
    daily = serializers.IntegerField(source="daily_limit", allow_null=True)
    monthly = serializers.IntegerField(source="monthly_limit", allow_null=True)
    yearly = serializers.IntegerField(source="yearly_limit", allow_null=True)
    margin = serializers.IntegerField(help_text="So far below them the portal stops.")
    counts = serializers.ChoiceField(Counts.values)
    window = serializers.ChoiceField(Window.values, help_text="How days and months are counted for the limits.")
    zone = serializers.CharField(help_text="Time zone of all days here.")


class UsageTold(Strict):
    """What was sent from a mailbox, and what may still be."""

    today = SentTold()
    month = SentTold(help_text="From its first day on.")
    days = SentTold(many=True, help_text="The oldest first.")
    caps = CapsTold(allow_null=True, help_text="null: the mailbox has no plan.")
    left = serializers.IntegerField(allow_null=True, help_text="What may leave now under all limits; null: no limit.")
    free_at = Moment(allow_null=True, help_text="When more may leave, if none may now.")


_DAY = {"since": "2026-03-31", "messages": 1200, "recipients": 1200, "cost": "60.0000"}


class Usage(OfMailboxes):
    """What a mailbox has sent."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": Days}

    @operation(
        "What a mailbox has sent",
        answers=UsageTold,
        tag="mailboxes",
        description="A message counts from when it is taken up to be sent, unless it is proven that it was not.",
        examples=[
            example(
                "A day",
                {
                    "today": _DAY,
                    "month": {"since": "2026-03-01", "messages": 9000, "recipients": 9000, "cost": "450.0000"},
                    "days": [_DAY],
                    "caps": {
                        "plan": "PEC Massiva Standard",
                        "daily": 3500,
                        "monthly": None,
                        "yearly": 100000,
                        "margin": 50,
                        "counts": "recipients",
                        "window": "both",
                        "zone": "Europe/Rome",
                    },
                    "left": 2250,
                    "free_at": None,
                },
            )
        ],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Count it."""
        mailbox, now = self.mailbox(public_id), clock.now()
        sent, allowance = usage.of(mailbox, days=self.query["days"], now=now), caps.allowance(mailbox, now=now)
        found = {"today": sent.today, "month": sent.month, "days": sent.days, "caps": mailbox.plan}
        return self.tell(UsageTold, {**found, "left": allowance.units, "free_at": allowance.free_at})
