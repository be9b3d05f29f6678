"""Hand-ins whose answer was lost, or whose worker died: found by the mailbox's state, repeated by a person alone."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from mailboxes import acts, tasks
from mailboxes.models import HandIn, Notice, VendorAct
from mailboxes.models.acts import ActKind
from pecportal.journal.models import Entry
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


def sweep(jobs: Jobs, *, times: int = 1) -> None:
    """The periodic job, so many minutes long, and whatever it rings for."""
    for _time in range(times):
        build.age()
        tasks.sweep()
        jobs.run()


def patches(vendor: TroubledSandbox) -> int:
    """How often papers were handed in."""
    return sum(call.startswith("PATCH") for call in vendor.calls)


def test_a_hand_in_whose_answer_was_lost_but_which_was_taken_is_found_so(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs)
    vendor.lose("PATCH", taken=True)
    handed = build.handed_in(box)
    jobs.run()
    handed.refresh_from_db()
    assert handed.state == "uncertain"

    sweep(jobs)

    handed.refresh_from_db()
    assert (handed.state, build.fresh(box).vendor_state) == ("taken", "in_evasione")
    assert patches(vendor) == 1


def test_papers_whose_answer_was_lost_and_which_were_judged_wrong_are_not_handed_in_again_by_themselves(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = build.registered(jobs)
    vendor.lose("PATCH", taken=True)
    vendor.judge_documents("reject")
    handed = build.handed_in(box)
    jobs.run()
    vendor.advance(hours=48)

    sweep(jobs, times=3)

    handed.refresh_from_db()
    assert (handed.state, build.fresh(box).vendor_state) == ("taken", "documenti_errati")
    assert patches(vendor) == 1


def test_a_hand_in_that_did_not_arrive_is_made_again_only_by_a_person_and_after_two_looks(
    vendor: TroubledSandbox, jobs: Jobs, client: Client
) -> None:
    box = build.registered(jobs)
    build.long_ago(vendor)
    vendor.lose("PATCH", taken=False)
    handed = build.handed_in(box)
    jobs.run()
    client.force_login(box.created_by)
    again = reverse("mailboxes:hand_in_again", args=[box.pk])
    for _look in range(2):
        assert again not in client.get(box.get_absolute_url()).content.decode()
        assert "It is not sure yet" in client.post(again, follow=True).content.decode()
        sweep(jobs)
    sweep(jobs, times=3)
    handed.refresh_from_db()
    assert (handed.state, patches(vendor)) == ("uncertain", 1)
    assert Notice.objects.filter(kind="hand_in_doubt").count() == 1

    assert again in client.get(box.get_absolute_url()).content.decode()
    for _click in range(2):
        client.post(again)
    jobs.run()

    handed.refresh_from_db()
    assert (handed.state, patches(vendor)) == ("taken", 2)
    assert Entry.objects.get(action="mailbox.hand_in_again").actor == box.created_by


@pytest.mark.parametrize(("marked", "calls"), [(False, 1), (True, 0)])
def test_a_worker_that_died_at_a_hand_in(vendor: TroubledSandbox, jobs: Jobs, marked: bool, calls: int) -> None:
    box = build.registered(jobs)
    build.long_ago(vendor)
    handed = build.handed_in(box)
    jobs.clear()
    with transaction.atomic():
        act = acts.begin(box, ActKind.HAND_IN)
        HandIn.objects.filter(pk=handed.pk).update(state="sending")
    assert act is not None
    if marked:
        acts.mark(act)
    build.expire_leases()

    sweep(jobs)

    assert patches(vendor) == calls
    assert HandIn.objects.get().state == ("uncertain" if marked else "taken")


def test_mailboxes_that_are_not_ours_to_get_are_left_alone(vendor: TroubledSandbox, jobs: Jobs) -> None:
    kernel.mailbox(vendor=vendor)

    sweep(jobs)

    assert VendorAct.objects.count() == 0
