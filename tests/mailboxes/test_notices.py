"""Letters to clerks: one at each step that needs a person, to whoever may act, once, in plain sentences."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from mailboxes import credentials, following, gathering, notices, tasks
from mailboxes.models import Mailbox, Notice, StateChange
from mailboxes.models.notices import NoticeKind
from mailboxes.states import CredentialsState
from pecportal.organisations.models import Membership, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portale.example"


def sweep(jobs: Jobs, *, times: int = 1) -> None:
    for _time in range(times):
        build.age()
        tasks.sweep()
        jobs.run()


def kinds() -> list[str]:
    """The letters written so far, by what they are about."""
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def test_each_step_that_needs_a_person_is_told_once_and_no_other(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs)
    sweep(jobs, times=2)
    assert kinds() == ["form"]
    vendor.judge_documents("reject", "Firma mancante")
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)
    sweep(jobs, times=2)
    assert kinds() == ["form", "documents"]
    vendor.judge_documents("accept")
    build.handed_in(build.fresh(box))
    jobs.run()
    vendor.advance(hours=25)
    sweep(jobs, times=2)
    assert kinds() == ["form", "documents", "active"]
    credentials.enter(build.fresh(box), username=box.address, password="sbagliata", actor=box.created_by)
    tasks.read_space(box.pk)
    sweep(jobs, times=2)
    vendor.set_state(box.address, "revocata")
    sweep(jobs, times=2)

    assert kinds() == ["form", "documents", "active", "credentials", "ended"]
    assert len(mail.outbox) == 5
    link = f"https://portale.example{box.get_absolute_url()}"
    assert all(link in letter.body and box.address in letter.subject for letter in mail.outbox)
    assert {letter.to[0] for letter in mail.outbox} == {box.created_by.email}
    assert "sbagliata" not in "".join(str(letter.body) for letter in mail.outbox)
    assert Notice.objects.filter(sent_at=None).count() == 0


def test_a_refused_registration_is_told_with_the_vendors_words_each_time(vendor: TroubledSandbox, jobs: Jobs) -> None:
    from mailboxes import registration

    vendor.refuse("POST", "/pec", 402, "Insufficient Credit", error=262)
    box = build.registered(jobs)
    sweep(jobs, times=2)
    assert kinds() == ["objection"]
    assert "Insufficient Credit" in mail.outbox[0].body

    vendor.refuse("POST", "/pec", 402, "Insufficient Credit", error=262)
    registration.submit(box, actor=box.created_by)
    jobs.run()
    sweep(jobs)

    assert kinds() == ["objection", "objection"]


def test_a_doubt_is_told_when_a_person_may_decide_on_it(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.lose("POST", taken=False)
    build.registered(jobs)
    sweep(jobs)
    assert kinds() == []

    sweep(jobs, times=3)

    assert kinds() == ["doubt"]


def test_documents_that_could_not_be_handed_in_are_told(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs)
    build.handed_in(box)
    vendor.refuse("PATCH", "/pec", 406, "wrong file format, pdf required", error=296)
    jobs.run()
    sweep(jobs, times=2)

    assert kinds() == ["form", "documents"]
    assert "wrong file format" in mail.outbox[-1].body
    assert gathering.wants_documents(build.fresh(box))


# --- to whom


def test_it_goes_to_the_mailboxs_own_clerk_while_they_may_act_and_then_to_all_who_may() -> None:
    box = kernel.mailbox()
    other = kernel.user(box.organisation, Role.ADMINISTRATOR)
    kernel.user(box.organisation, Role.PREPARER, Role.APPROVER)
    kernel.user(kernel.organisation(), Role.KEEPER)

    assert notices.people(box, NoticeKind.FORM) == [box.created_by]
    Membership.objects.filter(user=box.created_by).delete()
    assert notices.people(box, NoticeKind.FORM) == [other]
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert notices.people(box, NoticeKind.FORM) == []


def test_a_letter_that_nobody_may_get_is_not_tried_for_ever(jobs: Jobs) -> None:
    box = kernel.mailbox()
    Membership.objects.all().delete()
    notices.note(box, NoticeKind.FORM, key="1")

    assert (notices.ring(), notices.send(), notices.ring()) == (True, 0, False)


# --- once


def test_the_same_occasion_is_written_down_once() -> None:
    box = kernel.mailbox()

    assert [notices.note(box, NoticeKind.FORM, key="1") for _time in range(2)] == [True, False]
    assert notices.note(box, NoticeKind.FORM, key="2")


def test_a_mail_server_that_is_down_is_tried_again_later_and_the_letter_leaves_once(settings: Settings) -> None:
    box = kernel.mailbox()
    notices.note(box, NoticeKind.FORM, key="1")
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    assert [notices.send() for _time in range(2)] == [0, 0]
    assert Notice.objects.get().tries == 1

    settings.EMAIL_BACKEND = backend
    Notice.objects.update(tried_at=timezone.now() - timedelta(minutes=11))
    assert [notices.send() for _time in range(2)] == [1, 0]
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", ["en", "it"])
def test_every_letter_is_whole_and_without_secrets(settings: Settings, kind: NoticeKind, language: str) -> None:
    settings.LANGUAGE_CODE = language
    box = kernel.mailbox(problem_code="credit")
    if kind in (NoticeKind.ASKED_DOUBTS, NoticeKind.ASKED_DESK):
        kernel.user(box.organisation, Role.APPROVER)
    notices.note(box, kind, key="1")

    notices.send()

    (letter,) = mail.outbox
    assert "%(" not in letter.body
    assert kernel.PASSWORD not in letter.body
    assert re.search(r"https://portale\.example/(mailboxes/\d+|campaigns/(doubts|desk))/", str(letter.body))


# --- expected time


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)),  # Monday
        (datetime(2026, 3, 5, 9, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)),  # Thursday
        (datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 10, 9, tzinfo=UTC)),  # Friday
        (datetime(2026, 3, 7, 9, tzinfo=UTC), datetime(2026, 3, 11, 9, tzinfo=UTC)),  # Saturday
        (datetime(2026, 12, 24, 9, tzinfo=UTC), datetime(2026, 12, 29, 9, tzinfo=UTC)),  # the day before Christmas
        (datetime(2026, 4, 3, 9, tzinfo=UTC), datetime(2026, 4, 8, 9, tzinfo=UTC)),  # before Easter Monday
    ],
)
def test_the_examination_is_expected_two_working_days_later(begun: datetime, expected: datetime) -> None:
    box = kernel.mailbox(vendor_state="in_evasione")
    StateChange.objects.create(mailbox=box, at=begun, state="in_evasione", source="polling")

    assert following.expected(box) == expected


def test_in_other_states_nothing_is_expected(**_others: Any) -> None:
    assert following.expected(kernel.mailbox()) is None
    assert Mailbox.objects.get().credentials_state == CredentialsState.GOOD
