"""Mailboxes that were not registered here: recorded by hand, found in the vendor's list, adopted, reconciled."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailboxes import adopting, credentials, tasks
from mailboxes.models import Found, Mailbox
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation.models import Alert
from pecportal.organisations.models import User
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
FLAT = "flat@pecmassiva.com"


def by_hand(clerk: User, address: str = FLAT) -> Mailbox:
    office = build.office_of(clerk)
    return adopting.record_by_hand(office, address=address, plan=build.plan(), expires_at=None, actor=clerk)


def test_a_mailbox_recorded_by_hand_gets_its_credentials_and_sends(vendor: TroubledSandbox, clerk: User) -> None:
    vendor.create_mailbox(FLAT, kernel.PASSWORD)
    box = by_hand(clerk, "FLAT@pecmassiva.com ")

    credentials.enter(box, username=FLAT, password=kernel.PASSWORD, actor=clerk)

    assert credentials.test(box, client=vendors.connect()) == CredentialsState.GOOD
    assert build.fresh(box).why_not() is None
    assert Entry.objects.get(action="mailbox.record").actor == clerk


def test_an_address_is_recorded_once(clerk: User) -> None:
    by_hand(clerk)

    with pytest.raises(Refusal) as caught:
        by_hand(clerk)
    assert caught.value.field == "address"


def test_the_nightly_look_follows_it_from_when_the_vendors_list_shows_it(
    vendor: TroubledSandbox, jobs: Jobs, clerk: User
) -> None:
    box = by_hand(clerk)
    tasks.reconcile()
    assert build.fresh(box).is_by_hand

    vendor_id = vendor.create_mailbox(FLAT, kernel.PASSWORD)
    for _time in range(2):
        tasks.reconcile()

    fresh = build.fresh(box)
    assert (fresh.vendor_id, fresh.is_by_hand, fresh.vendor_state) == (vendor_id, False, "evasa")
    assert fresh.expires_at is not None
    assert not Found.objects.exists()


def test_what_the_vendor_has_and_the_portal_has_not_is_offered_to_its_only_organisation(
    vendor: TroubledSandbox, clerk: User
) -> None:
    vendor_id = vendor.create_mailbox(FLAT, kernel.PASSWORD)
    for _time in range(2):
        tasks.reconcile()
    found = Found.objects.get()
    assert (found.address, found.organisation) == (FLAT, build.office_of(clerk))

    box = adopting.adopt(found, plan=build.plan(), actor=clerk)

    assert (box.vendor_id, box.is_active, box.kind) == (vendor_id, True, "PECMASSIVA")
    assert box.expires_at is not None
    with pytest.raises(Refusal):
        adopting.adopt(found, plan=None, actor=clerk)
    tasks.reconcile()
    assert Mailbox.objects.count() == 1
    assert Found.objects.get().adopted_as == box


def test_of_several_organisations_an_operator_says_whose_it_is(vendor: TroubledSandbox, clerk: User) -> None:
    other = kernel.organisation()
    vendor.create_mailbox(FLAT, kernel.PASSWORD)
    tasks.reconcile()
    found = Found.objects.get()
    assert (found.organisation, Alert.objects.get(kind=adopting.OFFERED).ended_at) == (None, None)
    with pytest.raises(Refusal):
        adopting.adopt(found, plan=None, actor=clerk)
    assert not Found.objects.visible_to(clerk).exists()

    adopting.offer_to(found, other, is_refused=False, actor=clerk)
    tasks.reconcile()

    assert Found.objects.get().organisation == other
    assert Alert.objects.get(kind=adopting.OFFERED).ended_at is not None
    assert not Found.objects.visible_to(clerk).exists()


def test_what_belongs_to_nobody_here_is_not_adopted(vendor: TroubledSandbox, clerk: User) -> None:
    vendor.create_mailbox(FLAT, kernel.PASSWORD)
    tasks.reconcile()

    adopting.offer_to(Found.objects.get(), build.office_of(clerk), is_refused=True, actor=clerk)
    tasks.reconcile()

    with pytest.raises(Refusal):
        adopting.adopt(Found.objects.get(), plan=None, actor=clerk)


def test_a_registration_in_doubt_is_not_offered(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=True)
    build.registered(jobs)

    tasks.reconcile()

    assert not Found.objects.exists()


def test_what_the_list_does_not_show_any_more_goes_and_what_the_portal_has_alone_is_told(
    vendor: TroubledSandbox, clerk: User
) -> None:
    box = kernel.mailbox(build.office_of(clerk), vendor_id="f" * 24)
    vendor.create_mailbox(FLAT, kernel.PASSWORD)
    tasks.reconcile()
    assert Found.objects.count() == 1
    alert = Alert.objects.get(kind=adopting.ALERT)
    assert (alert.key, alert.organisation, alert.ended_at) == (str(box.pk), box.organisation, None)

    vendor.refuse("GET", "/pec", 404, "no pec linked to this account", error=200)
    tasks.reconcile()

    assert not Found.objects.exists()
    Mailbox.objects.update(vendor_state="chiusa")
    tasks.reconcile()
    assert Alert.objects.get(kind=adopting.ALERT).ended_at is not None


def test_a_list_that_cannot_be_had_changes_nothing(vendor: TroubledSandbox, clerk: User) -> None:
    kernel.mailbox(build.office_of(clerk), vendor=vendor)
    vendor.create_mailbox(FLAT, kernel.PASSWORD)
    tasks.reconcile()
    seen = Found.objects.get().seen_at

    vendor.answer("GET", "/pec", 500, b"<html>down</html>")
    tasks.reconcile()

    assert Found.objects.get().seen_at == seen
    assert not Alert.objects.filter(kind=adopting.ALERT).exists()


def test_a_kind_that_nobody_knows_may_not_send(vendor: TroubledSandbox, clerk: User) -> None:
    found = Found.objects.create(
        vendor_id="a" * 24,
        address=FLAT,
        kind="NUOVA",
        vendor_state="evasa",
        organisation=build.office_of(clerk),
        found_at=timezone.now(),
        seen_at=timezone.now() - timedelta(hours=1),
    )

    assert "Only PEC Massiva" in str(adopting.adopt(found, plan=None, actor=clerk).why_not())
