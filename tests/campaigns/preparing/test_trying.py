"""A test goes to an address of one's own, outside the campaign's counts and inside the caps and the vendor's ledger."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Message, Reservation
from campaigns.preparing import trying
from campaigns.sending import launch, pump
from campaigns.states import CampaignState
from pecportal.errors import Refusal
from pecportal.organisations.models import FourEyes, Organisation
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns import build

pytestmark = pytest.mark.django_db(transaction=True)

MINE = "io@prova.example"


@pytest.fixture
def campaign(vendor: Sandbox) -> Campaign:
    clerk = build.clerk()
    kernel.mailbox(build.organisation_of(clerk), vendor=vendor)
    campaign = build.ready(clerk)
    build.attach(campaign)
    return campaign


def send(campaign: Campaign, **changed: str) -> Campaign:
    return trying.send(campaign, line=3, address=changed.get("address", MINE), actor=campaign.created_by)


def test_one_message_of_one_row_leaves_marked_with_its_files(campaign: Campaign, vendor: Sandbox) -> None:
    test = send(campaign)
    launch.freeze(test.pk)

    assert pump.run() == 1

    (sent,) = vendor.ledger
    assert sent.recipient == MINE
    assert sent.subject.startswith("[PROVA] Avviso per Ditta Bianchi Rif. ")
    assert [name for name, *_rest in sent.attachments] == ["nota.txt"]
    assert Reservation.objects.filter(released=False).count() == 1
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert not campaign.messages.exists()


def test_it_needs_no_approval_and_no_wait(campaign: Campaign) -> None:
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)

    test = send(campaign)
    launch.freeze(test.pk)

    test.refresh_from_db()
    assert test.state == CampaignState.RUNNING


def test_the_same_test_again_within_moments_is_the_same(campaign: Campaign) -> None:
    assert send(campaign) == send(campaign)
    assert send(campaign, address="altro@prova.example") != send(campaign)
    assert campaign.tests.count() == 2


def test_the_files_of_a_test_are_its_own(campaign: Campaign) -> None:
    test = send(campaign)
    mine, theirs = test.attachments.get(), campaign.attachments.get()

    assert mine.stored_as != theirs.stored_as
    build.path(theirs).unlink()
    assert build.path(mine).read_bytes() == b"Allegato.\n"


@pytest.mark.parametrize("address", ["", "non un indirizzo", "due@a.example, tre@a.example"])
def test_what_is_no_address_gets_no_test(campaign: Campaign, address: str) -> None:
    with pytest.raises(Refusal) as refused:
        send(campaign, address=address)

    assert refused.value.field == "address"
    assert not campaign.tests.exists()


def test_there_are_only_so_many_in_a_day(campaign: Campaign) -> None:
    for number in range(trying.A_DAY):
        send(campaign, address=f"io{number}@prova.example")

    with pytest.raises(Refusal, match="within a day"):
        send(campaign)

    Campaign.objects.filter(test_of=campaign).update(launched_at=timezone.now() - timedelta(days=2))
    send(campaign)


def test_a_row_that_is_gone_and_a_campaign_that_runs_get_none(campaign: Campaign) -> None:
    with pytest.raises(Refusal, match="no such row"):
        trying.send(campaign, line=99, address=MINE, actor=campaign.created_by)
    build.launched(campaign)

    with pytest.raises(Refusal, match="not a draft"):
        send(campaign)

    assert Message.objects.count() == 3
