"""Expiries: read from the vendor, shown by month, reminded of once at each of four distances."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from mailboxes import expiring, reminding, tasks
from mailboxes.models import Mailbox, Notice
from pecportal.permissions import Role
from pecportal.upstream.pec import Casella
from tests import build as kernel
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


def casella(times: dict[str, int], **fields: Any) -> Casella:
    return Casella("a1", "x@y.example", "evasa", "y.example", "PECMASSIVA", times, fields, b"")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (casella({"scadenza": 1_646_391_493}), datetime(2022, 3, 4, 10, 58, 13, tzinfo=UTC)),
        (
            casella({"scadenza": 1_646_391_493}, data_scadenza="01/01/2030"),
            datetime(2022, 3, 4, 10, 58, 13, tzinfo=UTC),
        ),
        (casella({}, data_scadenza=" 04/03/2022"), datetime(2022, 3, 3, 23, 0, tzinfo=UTC)),
        (casella({}, data_scadenza="2022-03-04"), None),
        (casella({}, data_scadenza=""), None),
        (casella({}, data_scadenza=7), None),
        (casella({"scadenza": 0}), None),
        (casella({"scadenza": 10**18}), None),
        (casella({}), None),
    ],
)
def test_the_expiry_is_read_however_it_is_told(told: Casella, expected: datetime | None) -> None:
    assert expiring.expiry_of(told) == expected


def box(days: float, **fields: Any) -> Mailbox:
    number = Mailbox.objects.count()
    expires = timezone.now() + timedelta(days=days)
    return kernel.mailbox(address=f"casella{number}@prova.example", expires_at=expires, **fields)


def reminded(row: Mailbox, left: float) -> int:
    """How many letters are new when so many days are left."""
    assert row.expires_at is not None
    with time_machine.travel(row.expires_at - timedelta(days=left), tick=False):
        return reminding.remind()


def test_it_reminds_at_90_60_30_and_7_days_once_each() -> None:
    row = box(100)

    told = {left: reminded(row, left) for left in (100, 89.5, 75, 59.5, 31, 29.5, 8, 6.5, 1)}

    assert [left for left, new in told.items() if new] == [89.5, 59.5, 29.5, 6.5]


def test_a_portal_that_was_off_sends_the_nearest_reminder_alone() -> None:
    row = box(100)

    assert [reminded(row, 6), reminded(row, 5)] == [1, 0]
    assert Notice.objects.get().days == 6


def test_a_renewal_begins_anew() -> None:
    row = box(20)
    assert reminding.remind() == 1

    Mailbox.objects.filter(pk=row.pk).update(expires_at=F("expires_at") + timedelta(days=25))

    assert reminding.remind() == 1


@pytest.mark.parametrize("state", ["revocata", "chiusa", "registrata"])
def test_what_is_not_active_is_not_reminded_of(state: str) -> None:
    box(20, vendor_state=state)

    assert reminding.remind() == 0


def test_what_has_expired_is_not_reminded_of_and_said_so_on_its_page() -> None:
    row = box(-2)

    assert reminding.remind() == 0
    assert "expired on" in expiring.sentence(row)


def test_the_reminder_goes_to_all_who_keep_the_mailboxes_and_to_nobody_else(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portale.example"
    row = box(20)
    other = kernel.user(row.organisation, Role.ADMINISTRATOR)
    kernel.user(row.organisation, Role.PREPARER)
    kernel.user(kernel.organisation(), Role.KEEPER)
    reminding.remind()

    tasks.send_notices()
    tasks.send_notices()

    assert sorted(letter.to[0] for letter in mail.outbox) == sorted([row.created_by.email, other.email])
    letter = mail.outbox[0]
    assert "expires on" in letter.body
    assert f"https://portale.example{row.get_absolute_url()}" in letter.body
    assert row.address in letter.subject


@pytest.mark.parametrize(("renews", "words"), [(True, "enough credit"), (False, "renew it"), (None, "renew it")])
def test_what_renews_itself_asks_for_credit_and_not_for_a_renewal(renews: bool | None, words: str) -> None:
    row = box(20, vendor_record={"autorinnovo": renews})

    assert words in expiring.sentence(row)


def test_the_calendar_goes_by_months_and_leaves_out_what_ended() -> None:
    first, second = box(3), box(300)
    box(10, vendor_state="revocata")
    box(-40)

    months = expiring.calendar(Mailbox.objects.all())

    assert [list(month.mailboxes) for month in months] == [[first], [second]]
    assert months[0].first <= timezone.localtime(first.expires_at)


def test_the_expiry_is_kept_with_the_state_and_its_change_is_a_line_of_the_history(vendor: TroubledSandbox) -> None:
    row = kernel.mailbox(vendor=vendor)
    tasks.refresh(row.pk)
    before = build.fresh(row).expires_at
    assert before is not None

    vendor.mailboxes()[0].times["scadenza"] += timedelta(days=365)
    for _time in range(2):
        tasks.refresh(row.pk)

    assert build.fresh(row).expires_at == before + timedelta(days=365)
    lines = [change.words for change in row.changes.all() if "→" in change.words]
    assert len(lines) == 1
