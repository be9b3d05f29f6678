"""The operators' pages: how the portal stands, switching sending on, asking for an audit."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import auditing
from campaigns.models import Campaign, InboxScan
from mailboxes.models import Mailbox
from pecportal.operation import deployment, liveness
from pecportal.operation.models import Deployment, Pulse
from pecportal.organisations.models import User
from tests import build as kernel
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
LIFT = "admin:operation_deployment_lift"


@pytest.fixture
def box() -> Mailbox:
    return kernel.mailbox()


@pytest.fixture
def operator(client: Client, box: Mailbox) -> Client:
    """An operator, signed in, of a portal whose backup was restored an hour ago."""
    client.force_login(User.objects.create_superuser("olga@portale.example"))
    liveness.expect()
    deployment.restored()
    Deployment.objects.update(sending_off_since=timezone.now() - timedelta(hours=1))
    return client


def searched(box: Mailbox, times: int = 2) -> None:
    for _ in range(times):
        InboxScan.objects.create(mailbox=box, full=True, complete=True, started_at=timezone.now())


def page(client: Client, name: str) -> str:
    return client.get(reverse(name)).content.decode()


def test_the_page_shows_which_mailboxes_were_searched(operator: Client, box: Mailbox) -> None:
    searched(box, 1)
    shown = page(operator, LIFT)
    assert box.address in shown
    assert "Not searched yet" in shown

    searched(box, 1)
    assert "Not searched yet" not in page(operator, LIFT)


def test_looking_at_it_switches_nothing_on(operator: Client, box: Mailbox) -> None:
    searched(box)

    operator.get(reverse(LIFT), {"reason": "x", "force": "on"})

    assert deployment.is_off()


@pytest.mark.parametrize(
    ("times", "data", "off"),
    [
        (2, {"reason": "searched"}, False),
        (2, {"reason": " "}, True),
        (1, {"reason": "in a hurry"}, True),
        (1, {"reason": "in a hurry", "force": "on"}, False),
    ],
)
def test_it_is_switched_on_with_a_reason_once_all_were_searched_or_by_force(
    operator: Client, box: Mailbox, times: int, data: dict[str, str], off: bool
) -> None:
    searched(box, times)

    answer = operator.post(reverse(LIFT), data)

    assert answer.status_code == (422 if off else 302)
    assert deployment.is_off() is off


@pytest.mark.parametrize("staff", [True, False])
def test_nobody_else_may(client: Client, operator: Client, box: Mailbox, staff: bool) -> None:
    searched(box)
    person = User.objects.create_user("aldo@portale.example", is_staff=staff)
    client.force_login(person)

    for answer in (client.get(reverse(LIFT)), client.post(reverse(LIFT), {"reason": "x"})):
        assert answer.status_code == (404 if staff else 302)
    assert deployment.is_off()


def test_the_signs_of_life_say_it_in_words_beside_the_colours(operator: Client) -> None:
    Pulse.objects.filter(name="sending").update(beaten_at=timezone.now() - timedelta(minutes=10))

    shown = page(operator, "admin:operation_pulse_changelist")

    assert 'class="standing-danger">At a standstill' in shown
    assert 'class="standing-success">In order' in shown
    assert "Sending is off" in shown
    assert "No self-audit yet" in shown


def test_the_first_page_tells_operators_and_not_clerks(operator: Client, client: Client, box: Mailbox) -> None:
    Pulse.objects.filter(name="sending").update(beaten_at=timezone.now() - timedelta(minutes=10))
    assert "Sending: At a standstill" in page(operator, "home")
    assert "Sending is off" in page(operator, "home")

    client.force_login(build.clerk(box.organisation))
    assert "standstill" not in page(client, "home")


def test_a_campaigns_page_says_that_sending_is_off(operator: Client, client: Client) -> None:
    campaign = build.started()
    client.force_login(campaign.created_by)

    assert "restored from a backup" in client.get(campaign.get_absolute_url()).content.decode()


def test_an_audit_is_asked_for_by_a_button_alone(operator: Client, jobs: Jobs) -> None:
    address = reverse("admin:operation_auditrun_ask")
    assert operator.get(address).status_code == 405
    jobs.clear()

    assert operator.post(address).status_code == 302

    assert jobs.names() == ["campaigns.tasks.selfaudit"]


def test_an_audits_answers_are_sentences(operator: Client) -> None:
    campaign = build.started()
    Campaign.objects.filter(pk=campaign.pk).update(recipients_total=5)
    audit = auditing.run()

    shown = operator.get(reverse("admin:operation_auditrun_change", args=[audit.pk])).content.decode()

    assert "<td>Campaigns with more or fewer messages than recipients</td><td>1</td>" in shown
    assert "The last self-audit found one row" in page(operator, "admin:operation_pulse_changelist")
