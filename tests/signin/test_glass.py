"""Emergency access: an hour of reading, with a reason, told to the organisation; nothing is done by it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from campaigns.models import Campaign
from campaigns.states import Shown
from mailboxes.models import Paper
from mailboxes.models.papers import PaperKind
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations import glass
from pecportal.organisations.models import BrokenGlass, Organisation, User
from pecportal.permissions import Power, Role, may
from tests import build
from tests.campaigns import build as campaigns
from tests.mailboxes import build as boxes
from tests.signin import people

pytestmark = pytest.mark.django_db
REASON = "Un cliente non trova una ricevuta, ticket 4711."


@pytest.fixture
def campaign(office: Organisation) -> Campaign:
    return campaigns.started(campaigns.clerk(office), statuses=[Shown.DELIVERED])


@pytest.fixture
def console(client: Client, operator: User) -> Client:
    people.authenticator(operator)
    client.force_login(operator)
    return client


def test_an_operator_reads_for_an_hour_and_then_no_more(console: Client, campaign: Campaign, operator: User) -> None:
    message = campaign.messages.get()
    url = reverse("campaigns:message", args=[campaign.pk, message.pk])
    assert console.get(url).status_code == 404

    answer = console.post(
        reverse("admin:organisations_brokenglass_add"), {"organisation": campaign.organisation_id, "reason": REASON}
    )

    assert answer.status_code == 302
    assert message.recipient in console.get(url).content.decode()
    read = Entry.objects.filter(action="glass.read").get()
    assert (read.actor, read.organisation, read.facts["path"]) == (operator, campaign.organisation, url)
    with travel(timezone.now() + timedelta(minutes=61)):
        console.force_login(operator)
        assert console.get(url).status_code == 404


def test_nothing_is_done_by_it(console: Client, campaign: Campaign, operator: User) -> None:
    glass.smash(campaign.organisation, reason=REASON, actor=operator)

    for name in ("campaigns:stop", "campaigns:pause"):
        assert console.post(reverse(name, args=[campaign.pk]))["Location"] == "/"
    campaign.refresh_from_db()
    assert campaign.state == "running"
    assert [may(operator, power, campaign) for power in Power] == [power == Power.READ for power in Power]


def test_identity_documents_stay_closed(operator: User, office: Organisation) -> None:
    box = boxes.draft(boxes.keeper(office))
    boxes.paper(box, PaperKind.IDENTITY, boxes.picture())
    glass.smash(office, reason=REASON, actor=operator)

    assert not Paper.objects.readable_by(operator).exists()


def test_other_organisations_stay_closed(operator: User, campaign: Campaign) -> None:
    glass.smash(build.organisation(), reason=REASON, actor=operator)

    assert not Campaign.objects.visible_to(operator).exists()


def test_it_ends_when_it_is_ended(console: Client, campaign: Campaign, operator: User) -> None:
    row = glass.smash(campaign.organisation, reason=REASON, actor=operator)
    url = reverse("admin:organisations_brokenglass_changelist")

    console.post(url, {"action": "end", "_selected_action": [row.pk]})

    assert not may(operator, Power.READ, campaign)
    assert Entry.objects.filter(action="glass.close").count() == 1


def test_the_administrators_are_told_and_see_it(client: Client, operator: User, office: Organisation) -> None:
    head = build.user(office, Role.ADMINISTRATOR)
    row = glass.smash(office, reason=REASON, actor=operator)

    assert glass.tell_due() == 1
    assert glass.tell_due() == 0
    (letter,) = mail.outbox
    assert letter.to == [head.email]
    assert REASON in letter.body
    row.refresh_from_db()
    assert row.told_at is not None
    client.force_login(head)
    assert REASON in client.get(reverse("members")).content.decode().replace("&#x27;", "'")


def test_a_reason_is_asked_and_an_operator(console: Client, operator: User, office: Organisation) -> None:
    data = {"organisation": office.pk, "reason": "perché sì"}
    assert console.post(reverse("admin:organisations_brokenglass_add"), data).status_code == 200
    with pytest.raises(Refusal):
        glass.smash(office, reason=REASON, actor=build.user(office, Role.ADMINISTRATOR))
    assert not BrokenGlass.objects.exists()
