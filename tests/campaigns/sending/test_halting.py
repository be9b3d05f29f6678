"""Pausing and stopping act at once on what was not claimed, while a pump is at work."""

import threading
import time

import pytest
from django.db import connection
from pytest_django import Settings

from campaigns.models import Message
from campaigns.sending import launch, pump
from campaigns.states import MessageState
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_within_two_seconds_nothing_more_is_claimed(vendor: Sandbox, settings: Settings, act: str) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    settings.SENDING_RATE = 5.0
    settings.SENDING_PUMP_SECONDS = 8.0
    campaign = running(messages=200)

    def work() -> None:
        try:
            pump.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: vendor.sent_count >= 3, "some messages leave", seconds=30)

    found = getattr(launch, act)(campaign, actor=campaign.created_by)
    going = found if act == "pause" else found.on_their_way
    gone = Message.objects.exclude(state__in=[MessageState.QUEUED, MessageState.CANCELLED]).count()
    time.sleep(2)

    touched = Message.objects.exclude(state__in=[MessageState.QUEUED, MessageState.CANCELLED]).count()
    assert touched <= gone
    assert going <= 20
    thread.join(60)
    assert vendor.sent_count <= gone
    assert not Message.objects.filter(state=MessageState.SENDING).exists()
