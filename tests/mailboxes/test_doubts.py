"""Answers that were lost and workers that died: nothing is paid for twice, nothing is forgotten."""

import pytest
from django.db import transaction
from django.test import Client

from mailboxes import acts, registration, tasks
from mailboxes.models import HandIn, Mailbox, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome
from mailboxes.states import MailboxState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import deployment
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
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


# --- lost answers of a registration


def test_a_lost_answer_leaves_a_doubt_and_the_vendor_is_not_asked_twice(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=True)
    box = build.registered(jobs)
    assert box.state == MailboxState.UNCERTAIN

    build.register(box)
    jobs.run()

    assert vendor.count("POST /pec") == 1


def test_a_registration_whose_answer_was_lost_is_found_again(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=True)
    box = build.registered(jobs)

    sweep(jobs)

    box = build.fresh(box)
    assert (box.state, box.vendor_id) == (MailboxState.REGISTERED, vendor.mailboxes()[0].id)
    assert box.papers.filter(kind="modulo").exists()
    assert VendorAct.objects.get().outcome == ActOutcome.DONE
    assert box.changes.filter(state="registrata", source="polling").exists()


def test_one_with_another_domain_is_found_by_its_name(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.answered_domain = "postamassiva.com"
    vendor.lose("POST", taken=True)
    box = build.registered(jobs)

    sweep(jobs)

    assert build.fresh(box).address == "ufficio.tributi@postamassiva.com"


def test_a_registration_that_was_not_done_is_asked_for_again_only_by_a_person_and_after_two_looks(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.lose("POST", taken=False)
    box = build.registered(jobs)
    for _look in range(2):
        with pytest.raises(Refusal):
            registration.ask_again(box, actor=box.created_by)
        sweep(jobs)

    registration.ask_again(box, actor=box.created_by)
    registration.submit(box, actor=box.created_by)
    jobs.run()

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert vendor.count("POST /pec") == 2
    assert len(vendor.mailboxes()) == 1


def test_without_a_person_nothing_is_asked_for_again(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=False)
    box = build.registered(jobs)

    sweep(jobs, times=4)

    assert build.fresh(box).state == MailboxState.UNCERTAIN
    assert vendor.count("POST /pec") == 1


def test_two_looks_within_a_minute_count_once(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=False)
    build.registered(jobs)
    build.age()

    for _time in range(3):
        tasks.sweep()

    assert VendorAct.objects.get().looks == 1
    assert acts.not_found(VendorAct.objects.get(), begun=clock.now()) == 1


@pytest.mark.parametrize(("minutes", "looks"), [(0, 0), (3.4, 0), (3.6, 1)])
def test_a_look_counts_only_when_the_vendor_cannot_be_at_work_on_it_any_more(
    vendor: TroubledSandbox, jobs: Jobs, minutes: float, looks: int
) -> None:
    vendor.lose("POST", taken=False)
    build.registered(jobs)
    build.age(minutes)

    tasks.sweep()

    assert VendorAct.objects.get().looks == looks


def test_where_two_people_order_who_sent_a_registration_in_doubt_does_not_send_it_again_alone(
    vendor: TroubledSandbox, jobs: Jobs, client: Client
) -> None:
    vendor.lose("POST", taken=False)
    box = build.registered(jobs)
    Organisation.objects.update(two_order=True)
    sweep(jobs, times=3)
    client.force_login(box.created_by)
    page = client.get(box.get_absolute_url()).content.decode()
    assert 'id="again"' not in page
    assert "another person has to say" in page
    with pytest.raises(Refusal, match="another person"):
        registration.ask_again(box, actor=box.created_by)

    registration.ask_again(box, actor=kernel.user(box.organisation, Role.KEEPER))

    assert build.fresh(box).state == MailboxState.DRAFT


def test_a_look_at_a_vendor_that_does_not_answer_is_no_look(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=False)
    build.registered(jobs)
    vendor.answer("GET", "/pec", 503, b"<html>down</html>")

    sweep(jobs)

    assert VendorAct.objects.get().looks == 0


def test_a_mailbox_that_somebody_else_has_here_is_not_taken_for_ones_own(vendor: TroubledSandbox, jobs: Jobs) -> None:
    theirs = build.registered(jobs)
    vendor.lose("POST", taken=False)
    ours = build.registered(jobs)

    sweep(jobs, times=2)

    assert build.fresh(ours).state == MailboxState.UNCERTAIN
    assert build.fresh(ours).vendor_id == ""
    assert VendorAct.objects.get(mailbox=ours).looks == 2
    assert build.fresh(theirs).vendor_id == vendor.mailboxes()[0].id


def test_of_two_organisations_that_lost_their_answers_each_finds_its_own(vendor: TroubledSandbox, jobs: Jobs) -> None:
    other = build.keeper(kernel.organisation(name="Altro ufficio"))
    vendor.lose("POST", taken=False)
    theirs = build.submitted(other, codice_fiscale_richiedente="RSSMRA82D51HR01C")
    jobs.run()
    vendor.lose("POST", taken=True)
    ours = build.registered(jobs)

    sweep(jobs)

    assert build.fresh(theirs).state == MailboxState.UNCERTAIN
    assert build.fresh(ours).state == MailboxState.REGISTERED


def test_a_mailbox_that_was_there_long_before_is_not_taken_for_ones_own(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.create_mailbox(build.ADDRESS, "parola", state="registrata")
    vendor.advance(hours=0)
    vendor.mailboxes()[0].times["registrazione"] = vendor.clock.now().replace(year=2020)
    vendor.lose("POST", taken=False)
    box = build.registered(jobs)

    sweep(jobs)

    assert build.fresh(box).state == MailboxState.UNCERTAIN


def test_a_registration_that_the_vendor_made_late_is_found_at_a_later_look(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    with transaction.atomic():
        act = acts.begin(box, ActKind.REGISTRATION)
    assert act is not None
    assert acts.mark(act)
    build.expire_leases()
    sweep(jobs)
    assert build.fresh(box).state == MailboxState.UNCERTAIN

    vendor.create_mailbox(build.ADDRESS, "parola", state="registrata")
    sweep(jobs)

    assert build.fresh(box).state == MailboxState.REGISTERED


# --- workers that died


def die(box: Mailbox, *, marked: bool) -> VendorAct:
    """A worker that died before, or after, it allowed itself the call."""
    with transaction.atomic():
        act = acts.begin(box, ActKind.REGISTRATION)
    assert act is not None
    if marked:
        assert acts.mark(act)
    return act


def test_a_worker_that_died_before_the_call_is_followed_by_another(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    jobs.clear()
    die(box, marked=False)
    sweep(jobs)
    assert vendor.count("POST /pec") == 0, "its lease has not ended"

    build.expire_leases()
    sweep(jobs)

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert vendor.count("POST /pec") == 1


def test_a_worker_that_died_on_the_wire_leaves_a_doubt(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    jobs.clear()
    die(box, marked=True)
    build.expire_leases()

    sweep(jobs, times=3)

    assert build.fresh(box).state == MailboxState.UNCERTAIN
    assert vendor.count("POST /pec") == 0


def test_a_worker_whose_lease_ended_does_not_make_its_call(jobs: Jobs) -> None:
    act = die(build.submitted(), marked=False)
    build.expire_leases()

    assert not acts.mark(act)


def test_a_lost_job_is_rung_for_again(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    jobs.clear()

    sweep(jobs)

    assert build.fresh(box).state == MailboxState.REGISTERED


def test_the_sweep_run_twice_does_no_more_than_once(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=True)
    box = build.registered(jobs)

    for _time in range(2):
        tasks.sweep()
    jobs.run()

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert box.changes.filter(state="registrata").count() == 1
    assert Entry.objects.filter(action="mailbox.state").count() == 1


def test_one_doubt_that_cannot_be_settled_does_not_hold_up_the_others(
    vendor: TroubledSandbox, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    """A mailbox without a number at the vendor's cannot be asked for, which is an error of ours."""
    broken = build.registered(jobs)
    build.handed_in(broken)
    HandIn.objects.update(state="uncertain")
    jobs.clear()
    VendorAct.objects.create(
        mailbox=broken,
        kind=ActKind.HAND_IN,
        outcome=ActOutcome.UNCERTAIN,
        begun_at=broken.created_at,
        leased_until=broken.created_at,
    )
    Mailbox.objects.filter(pk=broken.pk).update(vendor_id="")
    good = build.registered(jobs, address="altra@pecmassiva.com")
    build.handed_in(good)
    vendor.lose("PATCH", taken=True)
    jobs.run()

    sweep(jobs)

    assert "could not be looked for" in caplog.text
    assert good.hand_ins.get().state == "taken"


# --- a restored backup


def restore_before_registration(jobs: Jobs) -> Mailbox:
    """A backup that was made while the registration waited is restored after it was done."""
    box = build.registered(jobs)
    VendorAct.objects.all().delete()
    box.papers.all().delete()
    Mailbox.objects.update(state=MailboxState.REGISTERING, vendor_id="", vendor_state="", vendor_record={})
    deployment.restored()
    return build.fresh(box)


def test_after_a_restore_a_registration_that_was_done_meanwhile_is_found_and_not_paid_twice(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = restore_before_registration(jobs)

    build.register(box)
    sweep(jobs)

    assert vendor.count("POST /pec") == 1
    assert build.fresh(box).vendor_id == vendor.mailboxes()[0].id


def test_after_a_restore_one_that_was_not_done_is_left_to_a_person(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    deployment.restored()

    sweep(jobs, times=3)  # the first one finds the doubt

    assert vendor.count("POST /pec") == 0
    assert build.fresh(box).state == MailboxState.UNCERTAIN
    assert registration.may_ask_again(build.fresh(box))
