"""A mailbox's own sign-in: sealed, tested at once, told in words, never shown."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from mailboxes import credentials, space, tasks
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.encryption import Unreadable
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "altra:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def box(vendor: TroubledSandbox) -> Mailbox:
    return kernel.mailbox(vendor=vendor)


def enter(box: Mailbox, password: str) -> None:
    credentials.enter(box, username=box.address, password=password, actor=box.created_by)


def verdict_on(box: Mailbox) -> CredentialsState:
    return credentials.test(box, client=vendors.connect())


def test_what_was_entered_is_sealed_and_opens_again(box: Mailbox) -> None:
    enter(box, "Pàssword 'lunga'")

    stored = Mailbox.objects.filter(pk=box.pk).values().get()
    assert "Pàssword" not in str(stored)
    assert credentials.of(build.fresh(box)).password == "Pàssword 'lunga'"
    assert "Pàssword" not in repr(credentials.of(build.fresh(box)))


def test_a_sealed_password_opens_for_its_own_mailbox_only(box: Mailbox) -> None:
    other = kernel.mailbox(address="altra@prova.example")
    Mailbox.objects.filter(pk=other.pk).update(password_sealed=build.fresh(box).password_sealed)

    with pytest.raises(Unreadable):
        credentials.of(build.fresh(other))


def test_right_ones_are_found_good_and_tell_the_space_in_use(box: Mailbox) -> None:
    enter(box, kernel.PASSWORD)

    assert verdict_on(box) == CredentialsState.GOOD

    fresh = build.fresh(box)
    assert (fresh.credentials_state, fresh.why_not()) == (CredentialsState.GOOD, None)
    assert (fresh.space_used, fresh.space_limit, fresh.space_percent) == (0, 1_048_576, 0)


def test_wrong_ones_are_found_so_and_nothing_is_sent_with_them(box: Mailbox) -> None:
    enter(box, "sbagliata")

    assert verdict_on(box) == CredentialsState.REFUSED

    fresh = build.fresh(box)
    assert not credentials.usable(fresh)
    assert "enter them again" in str(fresh.why_not())
    assert Entry.objects.filter(action="mailbox.credentials_refused").count() == 1


def test_a_vendor_that_cannot_be_reached_says_nothing_of_them(box: Mailbox, settings: Settings) -> None:
    enter(box, kernel.PASSWORD)
    settings.OPENAPI_MASSIVA_URL = "http://127.0.0.1:9"

    assert verdict_on(box) == CredentialsState.UNTESTED

    assert build.fresh(box).credentials_state == CredentialsState.UNTESTED
    assert credentials.usable(build.fresh(box))


def test_an_account_that_may_not_sign_in_says_nothing_of_them_either(box: Mailbox, settings: Settings) -> None:
    enter(box, kernel.PASSWORD)
    settings.OPENAPI_API_KEY = "another"

    assert verdict_on(box) == CredentialsState.UNTESTED

    assert build.fresh(box).credentials_state == CredentialsState.UNTESTED


@pytest.mark.parametrize(("password", "verdict"), [(kernel.PASSWORD, "good"), ("sbagliata", "refused")])
def test_where_the_quota_cannot_be_had_the_inbox_decides(
    vendor: TroubledSandbox, box: Mailbox, password: str, verdict: str
) -> None:
    enter(box, password)
    vendor.refuse("GET", "/quota", 400, "An error occured: the requested mailbox might be unavailable")

    assert verdict_on(box) == verdict


def test_a_password_whose_key_is_gone_is_told_and_not_a_crash(box: Mailbox, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [KEY]

    with pytest.raises(Refusal, match="enter it again"):
        verdict_on(box)
    space.read(box.pk, client=vendors.connect())


def test_there_is_nothing_to_test_before_they_are_entered() -> None:
    box = kernel.mailbox(credentials_state=CredentialsState.MISSING)

    with pytest.raises(Refusal):
        verdict_on(box)


@pytest.mark.parametrize("password", ["a\nb", "a\x00b", "a\ud800b"])
def test_characters_that_no_sign_in_can_carry_are_refused(box: Mailbox, password: str) -> None:
    with pytest.raises(Refusal) as caught:
        enter(box, password)

    assert caught.value.field == "password"
    assert build.fresh(box).credentials_state == CredentialsState.GOOD


def test_a_mailbox_that_is_not_active_gets_none(box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="in_evasione")

    with pytest.raises(Refusal):
        enter(box, kernel.PASSWORD)


def test_a_refusal_of_older_ones_does_not_touch_those_entered_since(box: Mailbox) -> None:
    before = build.fresh(box).credentials_since
    enter(box, kernel.PASSWORD)

    credentials.refused(box.pk, since=before)

    assert build.fresh(box).credentials_state == CredentialsState.UNTESTED


def test_a_refusal_told_twice_is_recorded_once(box: Mailbox) -> None:
    for _time in range(2):
        credentials.refused(box.pk)

    assert Entry.objects.filter(action="mailbox.credentials_refused").count() == 1


def test_a_good_test_leaves_the_moment_when_they_were_entered(box: Mailbox) -> None:
    """By that moment the sender knows whether it was refused with these or with older ones."""
    enter(box, kernel.PASSWORD)
    before = build.fresh(box).credentials_since

    verdict_on(box)

    assert build.fresh(box).credentials_since == before


# --- space


def test_space_is_read_each_hour_and_tests_what_could_not_be_tested(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    Mailbox.objects.update(credentials_state=CredentialsState.UNTESTED)
    assert space.ask_soon() == 1
    jobs.run()

    fresh = build.fresh(box)
    assert (fresh.credentials_state, fresh.space_used) == (CredentialsState.GOOD, 0)
    assert space.ask_soon() == 0
    Mailbox.objects.update(space_at=timezone.now() - timedelta(hours=2))
    assert space.ask_soon() == 1


def test_a_full_mailbox_is_shown_in_percents(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.answer("GET", "/quota", 200, {"success": True, "data": {"usage": 943_718, "limit": 1_048_576}})

    tasks.read_space(box.pk)

    assert build.fresh(box).space_percent == 89


@pytest.mark.parametrize("state", [CredentialsState.MISSING, CredentialsState.REFUSED])
def test_space_is_not_asked_for_with_credentials_that_do_not_work(
    vendor: TroubledSandbox, box: Mailbox, state: str
) -> None:
    Mailbox.objects.update(credentials_state=state)

    assert space.ask_soon() == 0
    tasks.read_space(box.pk)

    assert vendor.count("GET /quota/INBOX") == 0


def test_a_reading_that_fails_keeps_what_was_known(vendor: TroubledSandbox, box: Mailbox) -> None:
    Mailbox.objects.update(space_used=5, space_limit=10)
    vendor.answer("GET", "/quota", 500, b"<html>down</html>")

    tasks.read_space(box.pk)

    assert (build.fresh(box).space_used, build.fresh(box).space_limit) == (5, 10)
