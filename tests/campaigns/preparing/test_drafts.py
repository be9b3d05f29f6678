"""A draft belongs to its organisation and leaves from a mailbox that may send."""

import pytest

from campaigns.models import Campaign
from campaigns.preparing import drafts
from campaigns.states import CampaignState
from mailboxes.states import CredentialsState, Kind
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests import build as kernel
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def test_a_draft_knows_who_prepared_it() -> None:
    clerk = build.clerk()

    campaign = build.draft(clerk)

    assert (campaign.state, campaign.created_by) == (CampaignState.DRAFT, clerk)
    assert campaign.organisation == build.organisation_of(clerk)
    assert Entry.objects.get(action="campaign.create").actor == clerk


def test_a_foreign_mailbox_is_refused() -> None:
    clerk, foreign = build.clerk(), kernel.mailbox(kernel.organisation())

    with pytest.raises(Refusal, match="another organisation"):
        drafts.create(build.organisation_of(clerk), name="Prova", mailbox=foreign, actor=clerk)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"kind": Kind.BRONZE}, "Only PEC Massiva"),
        ({"vendor_state": "registrata"}, "not active"),
        ({"credentials_state": CredentialsState.MISSING}, "not been entered"),
        ({"credentials_state": CredentialsState.REFUSED}, "refuses"),
    ],
)
def test_a_mailbox_that_may_not_send_is_refused_with_its_reason(changes: dict[str, str], word: str) -> None:
    clerk = build.clerk()
    mailbox = build.sender(build.organisation_of(clerk))
    for name, value in changes.items():
        setattr(mailbox, name, value)
    mailbox.save()

    with pytest.raises(Refusal, match=word) as caught:
        drafts.create(mailbox.organisation, name="Prova", mailbox=mailbox, actor=clerk)

    assert caught.value.field == "mailbox"


def test_an_edit_twice_is_one_act() -> None:
    campaign = build.draft()
    for _time in range(2):
        drafts.edit(campaign, name="Nuovo nome", mailbox=campaign.mailbox, actor=campaign.created_by)

    campaign.refresh_from_db()
    assert campaign.name == "Nuovo nome"
    assert Entry.objects.filter(action="campaign.edit").count() == 1


def test_a_draft_may_be_renamed_while_its_mailbox_may_not_send() -> None:
    campaign = build.draft()
    campaign.mailbox.credentials_state = CredentialsState.REFUSED
    campaign.mailbox.save()

    drafts.edit(campaign, name="Nuovo nome", mailbox=campaign.mailbox, actor=campaign.created_by)

    campaign.refresh_from_db()
    assert campaign.name == "Nuovo nome"


def test_what_has_started_is_not_edited() -> None:
    campaign = build.draft()
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.STOPPED)

    with pytest.raises(Refusal, match="not a draft"):
        drafts.edit(campaign, name="Nuovo", mailbox=campaign.mailbox, actor=campaign.created_by)
