"""Papers in a bucket: handed in as they were kept, and only then."""

import pytest
from django.db import connections

from mailboxes import activation, gathering, papers, sweeping
from mailboxes.models import HandIn, Mailbox, Paper, VendorAct
from mailboxes.models.acts import ActKind
from mailboxes.models.papers import HandInState, PaperKind
from mailboxes.states import VendorState
from pecportal import stored
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from tests.buckets import Bucket
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def box(bucket: Bucket, vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """A mailbox that waits for its documents."""
    return build.registered(jobs)


def test_papers_are_handed_in_from_the_bucket(vendor: TroubledSandbox, box: Mailbox, jobs: Jobs) -> None:
    assert papers.contents(activation.fetch_form(box, client=vendors.connect())).startswith(b"%PDF")
    build.handed_in(box)

    jobs.run()

    (document,) = vendor.mailboxes()[0].documents
    assert document.sha256 == Paper.objects.get(kind="handed_in").sha256
    assert HandIn.objects.get().state == HandInState.TAKEN


@pytest.mark.parametrize("fault", ["away", "500", "cut"])
def test_while_the_bucket_is_in_trouble_nothing_is_called_and_then_it_is_handed_in_once(
    vendor: TroubledSandbox, bucket: Bucket, box: Mailbox, jobs: Jobs, fault: str
) -> None:
    build.handed_in(box)
    bucket.breaks(fault)

    jobs.run()
    sweeping.sweep(client_of=vendors.connect_for)
    jobs.run()

    assert HandIn.objects.get().state == HandInState.WAITING
    assert not VendorAct.objects.filter(kind=ActKind.HAND_IN).exists()
    assert hand_ins(vendor) == 0

    bucket.breaks("")
    sweeping.sweep(client_of=vendors.connect_for)
    jobs.run()

    assert HandIn.objects.get().state == HandInState.TAKEN
    assert hand_ins(vendor) == 1


def test_papers_that_cannot_be_stored_are_not_taken(bucket: Bucket, box: Mailbox) -> None:
    before = Paper.objects.count()
    bucket.breaks("away")

    with pytest.raises(stored.Away):
        build.handed_in(box)

    assert (HandIn.objects.count(), Paper.objects.count()) == (0, before)


def test_no_transaction_waits_for_the_bucket(vendor: TroubledSandbox, bucket: Bucket, jobs: Jobs) -> None:
    ours, within = connections["default"], []
    bucket.when_asked = lambda: within.append(ours.in_atomic_block)

    box = build.registered(jobs)
    build.handed_in(box)
    gathering.take_back(box, PaperKind.IDENTITY, actor=box.created_by)
    Paper.objects.filter(kind=PaperKind.HANDED_IN).delete()
    jobs.run()

    assert len(within) > 5
    assert not any(within)


def test_papers_that_are_refused_at_last_leave_nothing_in_the_bucket(bucket: Bucket, box: Mailbox) -> None:
    def overtake() -> None:  # once the paper is looked at and on its way
        bucket.when_asked = lambda: None
        Mailbox.objects.filter(pk=box.pk).update(vendor_state=VendorState.ACTIVE)
        connections.close_all()  # the thread of the bucket's server has one of its own

    before = bucket.names()
    bucket.when_asked = overtake

    with pytest.raises(Refusal):
        gathering.put(box, PaperKind.IDENTITY, name="carta.jpg", data=build.picture(), actor=box.created_by)

    assert bucket.names() == before


def test_a_form_that_cannot_be_stored_is_fetched_again(vendor: TroubledSandbox, bucket: Bucket, jobs: Jobs) -> None:
    bucket.breaks("away")
    box = build.registered(jobs)
    assert activation.form_of(box) is None

    bucket.breaks("")
    activation.fetch_missing_form(box.pk, client=vendors.connect())

    assert activation.form_of(box) is not None


def hand_ins(vendor: TroubledSandbox) -> int:
    """How often documents were handed in."""
    return sum(call.startswith("PATCH") for call in vendor.calls)
