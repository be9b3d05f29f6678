"""Attachments in a bucket: a message leaves with the very bytes that were frozen, or it waits."""

import hashlib
import threading
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from campaigns.models import Attempt, Campaign, Message
from campaigns.sending import bringing, pump
from campaigns.states import CampaignState
from campaigns.tracking import progress
from pecportal import stored
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from tests.buckets import Bucket
from tests.campaigns import build
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
CONTENT = b"Riga di un allegato.\n" * 50_000


@pytest.fixture
def box(vendor: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    settings.SENDING_PUMP_SECONDS = 5
    monkeypatch.setattr(bringing, "AGAIN", 0.5)
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def campaign(bucket: Bucket, box: Sandbox) -> Campaign:
    """A running campaign of three messages with an attachment."""
    found = running(messages=3)
    build.attach_to(found, CONTENT)
    return found


def send() -> int:
    return pump.run()


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def test_a_message_leaves_with_the_files_of_the_bucket(bucket: Bucket, box: Sandbox, campaign: Campaign) -> None:
    send()

    assert states() == {"submitted"}
    assert digests(box) == {hashlib.sha256(CONTENT).hexdigest()}
    gets = [request for request in bucket.requests if request.startswith("GET") and "attachments" in request]
    assert len(gets) == 1  # one copy for all messages


@pytest.mark.parametrize("fault", ["away", "500", "slow", "cut", "403"])
def test_while_the_bucket_is_in_trouble_messages_wait_and_then_go(
    bucket: Bucket, box: Sandbox, campaign: Campaign, fault: str
) -> None:
    sound = running(messages=2)
    bucket.breaks(fault)

    send()

    assert set(Message.objects.filter(campaign=campaign).values_list("state", flat=True)) == {"queued"}
    assert not Attempt.objects.filter(message__campaign=campaign).exists()
    assert set(Message.objects.filter(campaign=sound).values_list("state", flat=True)) == {"submitted"}
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert Alert.objects.filter(kind=stored.ALERT, ended_at=None).exists()
    standstill = progress.hold(campaign)
    assert standstill is not None
    assert "attachments" in standstill.sentence

    bucket.breaks("")
    send()

    assert states() == {"submitted"}
    assert not Alert.objects.filter(kind=stored.ALERT, ended_at=None).exists()
    campaign.refresh_from_db()
    assert progress.hold(campaign) is None


def test_the_bucket_comes_back_within_one_run(
    bucket: Bucket, box: Sandbox, campaign: Campaign, settings: Settings
) -> None:
    settings.SENDING_PUMP_SECONDS = 15
    bucket.breaks("away")
    mended = threading.Timer(2, bucket.breaks, [""])
    mended.start()

    send()
    mended.join()

    assert states() == {"submitted"}


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_file_that_is_not_what_was_frozen_stops_its_campaign(
    bucket: Bucket, box: Sandbox, campaign: Campaign, damage: str
) -> None:
    file = campaign.attachments.get()
    default_storage.delete(file.stored_as)
    if damage == "changed":
        bucket.put(file.stored_as, CONTENT[:-1] + b"!")

    send()

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert states() == {"queued"}
    assert box.sent_count == 0


def test_a_copy_that_goes_while_messages_leave_is_fetched_again(
    bucket: Bucket, box: Sandbox, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person, or a full disk's guardian, removes the copies in the middle of a run."""
    file = campaign.attachments.get()
    paths: list[Path] = []
    real = bringing.bring

    def bring(campaign_id: int) -> object:
        found = real(campaign_id)
        if found and not paths:
            paths.append(found[0].path)
            found[0].path.unlink()
        return found

    monkeypatch.setattr(bringing, "bring", bring)

    send()
    send()

    assert paths
    assert states() == {"submitted"}
    campaign.refresh_from_db()
    assert campaign.state in (CampaignState.RUNNING, CampaignState.COMPLETED)
    assert digests(box) == {file.sha256}


def digests(box: Sandbox) -> set[str]:
    """Of all files that the vendor got."""
    return {sha256 for entry in box.ledger for _name, _size, sha256 in entry.attachments}
