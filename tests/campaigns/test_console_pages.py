"""The console's switches and its view of the queue: shown before done, with reasons, once however often sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Task

from campaigns import tallying
from campaigns.models import Campaign, Message
from campaigns.states import Shown
from pecportal import queue
from pecportal.journal.models import Entry
from pecportal.operation import switches
from pecportal.operation.models import Scope, Switch
from pecportal.organisations.models import Environment, User, VendorAccount
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {"sentence": "We look into a wrong letter.", "reason": "The office called"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("olga@portale.example"))
    return client


def switch(operator: Client, scope: str, about: int = 0, **words: str) -> str:
    data = {"scope": scope, "about": about, **WORDS, **words}
    return operator.post(reverse("console:switch_off"), data, follow=True).content.decode()


def test_what_a_switch_would_stop_is_shown_before(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED, Shown.QUEUED, Shown.SENDING])
    tallying.run()
    page = reverse("console:switch_off")

    targets: tuple[tuple[str, int], ...] = (
        ("campaign", campaign.pk),
        ("mailbox", campaign.mailbox_id),
        ("account", 0),
        ("all", 0),
    )
    for scope, about in targets:
        query: dict[str, str | int] = {"scope": scope, "about": about}
        shown = operator.get(page, query).content.decode()
        assert "1 campaign is stopped." in shown
        assert "2 messages wait" in shown
        assert "1 message is on its way" in shown
    assert not Switch.objects.exists()


@pytest.mark.parametrize("query", [{"scope": "x"}, {"scope": "campaign", "about": 7}, {"scope": "mailbox"}, {}])
def test_what_is_not_there_cannot_be_switched(operator: Client, query: dict[str, object]) -> None:
    assert operator.get(reverse("console:switch_off"), query).status_code == 404  # type: ignore[arg-type]


def test_clerks_read_the_sentence_and_not_the_reason(operator: Client, client: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    draft = build.ready(campaign.created_by)
    stranger = build.clerk()
    switch(operator, "mailbox", campaign.mailbox_id)
    client.force_login(campaign.created_by)
    pages = [reverse("home"), campaign.get_absolute_url(), campaign.mailbox.get_absolute_url()]
    pages.append(reverse("campaigns:start", args=[draft.pk]))

    told = {page: client.get(page).content.decode() for page in pages}

    assert [page for page, text in told.items() if WORDS["sentence"] not in text] == []
    assert [page for page, text in told.items() if WORDS["reason"] in text] == []
    client.force_login(stranger)
    assert WORDS["sentence"] not in client.get(reverse("home")).content.decode()


def test_an_account_that_is_off_is_told_to_those_whom_it_serves(operator: Client, client: Client) -> None:
    account = VendorAccount.objects.create(name="Secondo", environment=Environment.SANDBOX, email="b@prova.example")
    served, other = build.started(statuses=[Shown.QUEUED]), build.started(statuses=[Shown.QUEUED])
    served.organisation.vendor_account = account
    served.organisation.save()

    switch(operator, "account", account.pk)

    for campaign, is_told in ((served, True), (other, False)):
        client.force_login(campaign.created_by)
        for page in (reverse("home"), campaign.get_absolute_url()):
            assert (WORDS["sentence"] in client.get(page).content.decode()) is is_told


def test_off_and_on_are_done_once_and_kept_with_both_reasons(operator: Client) -> None:
    assert "nothing more of it leaves" in switch(operator, "all")
    assert "It was switched off already" in switch(operator, "all", sentence="Another one.")
    row = Switch.objects.get()
    page = reverse("console:switch_on", args=[row.pk])

    assert "Write down why" in operator.post(page, {"reason": ""}, follow=True).content.decode()
    for _n in range(2):
        operator.post(page, {"reason": "All is well"})

    row.refresh_from_db()
    assert (row.sentence, row.ended_reason) == (WORDS["sentence"], "All is well")
    told = [each.action for each in Entry.objects.filter(action__startswith="switch.").order_by("number")]
    assert told == ["switch.off", "switch.on"]
    assert "All is well" in operator.get(reverse("console:switches")).content.decode()


def test_without_a_sentence_nothing_is_switched(operator: Client) -> None:
    assert "Write what clerks shall read" in switch(operator, "all", sentence=" ")
    assert "Write down why" in switch(operator, "all", reason=" ")
    assert not switches.now().has(Scope.ALL)


def failure(task: str, *ids: int, result: str = "Traceback\nKeyError: 'segreto@pec.example'") -> Task:
    now = timezone.now()
    return Task.objects.create(
        id=f"{task[-12:]}{len(ids)}",
        name="x",
        func=task,
        args=ids,
        started=now,
        stopped=now,
        success=False,
        result=result,
    )


def test_the_queue_is_shown_without_what_errors_say(operator: Client, jobs: Jobs) -> None:
    queue.enqueue("campaigns.tasks.freeze", 1234)
    failure("campaigns.tasks.unpack", 7)

    page = operator.get(reverse("console:queue")).content.decode()

    assert "campaigns.tasks.freeze 1234" in page
    assert "It ended with the error KeyError" in page
    assert "segreto" not in page
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize(
    ("task", "runs"),
    [
        ("campaigns.tasks.unpack", True),
        ("mailboxes.tasks.carry_out", False),
        ("mailboxes.tasks.register", False),
        ("os.system", False),
        ("campaigns.tasks.unpack.evil", False),
    ],
)
def test_a_failed_job_is_run_again_once_if_it_is_repeatable(
    operator: Client, jobs: Jobs, task: str, runs: bool
) -> None:
    key = failure(task, 7).pk
    jobs.clear()

    for _n in range(2):
        operator.post(reverse("console:queue_again"), {"job": key, "reason": "The disk was full"})

    assert jobs.names() == ([task] if runs else [])
    assert Failure.objects.exists() is not runs
    assert Entry.objects.filter(action="queue.run_again").count() == int(runs)


def test_a_job_is_not_run_again_without_a_reason(operator: Client, jobs: Jobs) -> None:
    key = failure("campaigns.tasks.unpack", 7).pk
    jobs.clear()

    operator.post(reverse("console:queue_again"), {"job": key, "reason": " "})

    assert jobs.names() == []
    assert Failure.objects.exists()


def test_nothing_of_the_queue_can_be_edited(operator: Client) -> None:
    for model in ("schedule", "task", "failure", "ormq"):
        assert operator.get(f"/admin/django_q/{model}/").status_code == 404
    assert operator.get(reverse("console:queue_again")).status_code == 405
    assert operator.get(reverse("console:switch_on", args=[1])).status_code == 405


def test_a_queued_message_of_old_waits_on(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    Message.objects.update(state_since=timezone.now() - timedelta(hours=5))
    switch(operator, "campaign", campaign.pk)

    page = operator.get("/admin/").content.decode()

    assert WORDS["sentence"] in page
    assert Campaign.objects.get().state == "running"


def test_the_pages_of_a_campaign_and_a_mailbox_lead_to_their_switches(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    pages = {
        reverse("admin:campaigns_campaign_change", args=[campaign.pk]): f"scope=campaign&amp;about={campaign.pk}",
        reverse(
            "admin:mailboxes_mailbox_change", args=[campaign.mailbox_id]
        ): f"scope=mailbox&amp;about={campaign.mailbox_id}",
    }

    for page, link in pages.items():
        assert link in operator.get(page).content.decode()
