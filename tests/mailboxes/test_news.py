"""What programs are told of mailboxes: each new state once, and when one is full."""

import pytest

from mailboxes import changes, gauge
from mailboxes.models import Mailbox
from mailboxes.models.acts import Source
from mailboxes.states import VendorState
from pecportal.sandbox import Sandbox
from pecportal.webhooks import publishing
from pecportal.webhooks.models import Event, EventType
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.webhooks import build as hooks

pytestmark = pytest.mark.django_db(transaction=True)


def told(mailbox: Mailbox, kind: EventType = EventType.MAILBOX_STATE) -> list[object]:
    publishing.publish()
    rows = Event.objects.filter(subject=mailbox.public_id, type=kind).order_by("position")
    return [row.data.get("state", row.data.get("is_full")) for row in rows]


def test_a_registration_is_told_state_by_state(vendor: Sandbox, jobs: Jobs) -> None:
    keeper = build.keeper()
    hooks.webhook(build.office_of(keeper))
    box = build.registered(jobs, keeper)

    assert told(box) == ["draft", "registering", "registered"]
    assert Event.objects.filter(subject=box.public_id).first().mailbox_id == box.pk  # type: ignore[union-attr]


def test_a_state_that_is_noted_again_is_no_news() -> None:
    box = kernel.mailbox()
    hooks.webhook(box.organisation)
    for state, words in ((VendorState.ACTIVE, ""), (VendorState.ACTIVE, "another address"), (VendorState.REVOKED, "")):
        changes.note(box, state, source=Source.POLLING, words=words)

    assert told(box) == ["active", "revoked"]


@pytest.mark.parametrize(("state", "code"), [("evasa", "active"), ("in_evasione", "in_review"), ("sospesa", "sospesa")])
def test_the_providers_words_are_told_in_english_and_unknown_ones_as_they_are(state: str, code: str) -> None:
    assert changes.code(state) == code


def test_that_it_is_full_and_has_room_again_is_told_once_each() -> None:
    box = kernel.mailbox()
    hooks.webhook(box.organisation)
    for used in (500, 920, 930, 100, 50):
        gauge.keep(box, used=used, limit=1000)

    assert told(box, EventType.MAILBOX_SPACE) == [True, False]
    assert Event.objects.earliest("position").data == {
        "mailbox": str(box.public_id), "is_full": True, "used_bytes": 920, "limit_bytes": 1000
    }  # fmt: skip
