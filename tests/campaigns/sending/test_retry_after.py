"""A vendor that asks to wait is obeyed, within reason."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Attempt, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import pump
from campaigns.states import MessageState, Outcome
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
IN_20_SECONDS = "in 20 seconds"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7), (IN_20_SECONDS, 20), ("-5", 60), ("1000000000", 3600), ("soon", 60), (None, 60)],
)
def test_the_lane_is_held_as_long_as_the_vendor_says(
    vendor: Sandbox, settings: Settings, told: str | None, seconds: int
) -> None:
    settings.SENDING_HOLD_SECONDS, settings.SENDING_PUMP_SECONDS = 60.0, 2.5
    vendor.create_mailbox(ADDRESS, PASSWORD)
    running(messages=1)
    if told == IN_20_SECONDS:
        told = format_datetime(timezone.now() + timedelta(seconds=20), usegmt=True)
    vendor.fail_next(429, headers={"Retry-After": told} if told else {})

    before = timezone.now()
    pump.run()
    after = timezone.now()

    lane = SendingLane.objects.get()
    held, tolerance = timedelta(seconds=seconds), timedelta(seconds=2)
    assert lane.hold == Hold.RATE
    assert lane.held_until is not None
    assert before + held - tolerance <= lane.held_until <= after + held + tolerance
    assert Attempt.objects.get().outcome == Outcome.NOT_SENT
    assert (Message.objects.get().state, Message.objects.get().failures) == (MessageState.QUEUED, 0)
    assert vendor.sent_count == 0
