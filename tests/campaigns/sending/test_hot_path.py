"""Sending writes no entry of the journal for each message: what the journal takes does not grow with a campaign."""

import pytest

from campaigns.models import Message
from campaigns.sending import pump
from campaigns.states import MessageState
from pecportal.journal.models import Entry
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_are_sent_without_an_entry_for_each(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    running(messages=30)
    before = Entry.objects.count()

    pump.run()

    assert Message.objects.filter(state=MessageState.SUBMITTED).count() == 30
    assert Entry.objects.count() - before <= 1  # that the campaign is completed
