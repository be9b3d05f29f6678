"""A database knows its installation; met elsewhere, it sends nothing until a person says so."""

import uuid
from pathlib import Path

import pytest
from pytest_django import Settings

from pecportal import checks
from pecportal.journal.models import Entry
from pecportal.journal.record import record
from pecportal.operation import deployment
from pecportal.operation.models import Alert, Deployment
from pecportal.organisations.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("olga@portale.example")


def file(settings: Settings) -> Path:
    return Path(settings.PORTAL_DATA_DIR) / "deployment"


def test_the_first_start_marks_both_and_may_send(settings: Settings) -> None:
    assert deployment.why_off() == ""

    assert file(settings).read_text().strip() == str(Deployment.objects.get().mark)
    assert deployment.why_off() == ""
    assert Deployment.objects.count() == 1


@pytest.mark.parametrize("there", ["another", "none"])
def test_a_database_that_meets_another_mark_or_none_may_not_send(settings: Settings, there: str) -> None:
    deployment.why_off()
    if there == "another":
        file(settings).write_text(str(uuid.uuid4()))
    else:
        file(settings).unlink()

    assert [deployment.why_off() for _ in range(2)] == ["elsewhere", "elsewhere"]
    assert Alert.objects.get(kind="sending.off", ended_at=None).times == 1
    assert Entry.objects.filter(action="deployment.elsewhere").count() == 1


def test_a_database_with_a_past_but_without_a_mark_beside_a_marked_folder_may_not_send(settings: Settings) -> None:
    file(settings).write_text(str(uuid.uuid4()))
    record("campaign.launch")

    assert deployment.why_off() == "elsewhere"


def test_an_empty_database_takes_the_folders_mark(settings: Settings) -> None:
    file(settings).write_text(str(uuid.uuid4()))

    assert deployment.why_off() == ""
    assert str(Deployment.objects.get().mark) == file(settings).read_text()


def test_who_dies_between_the_two_marks_may_send_afterwards(settings: Settings) -> None:
    deployment.why_off()
    file(settings).rename(file(settings).with_suffix(".new"))

    assert deployment.why_off() == ""
    assert file(settings).exists()


def test_the_setting_goes_before_the_file(settings: Settings) -> None:
    settings.DEPLOYMENT_ID = str(uuid.uuid4())
    assert deployment.why_off() == ""

    settings.DEPLOYMENT_ID = str(uuid.uuid4())
    assert deployment.why_off() == "elsewhere"


def test_a_setting_that_is_no_mark_is_told_before_the_start(settings: Settings) -> None:
    settings.DEPLOYMENT_ID = "production"

    assert [found.id for found in checks.deployment_id(None)] == ["pecportal.E007"]


def test_a_restored_backup_may_not_send_until_it_is_switched_on(operator: User) -> None:
    deployment.restored()
    first = deployment.off_since()
    deployment.restored()
    assert deployment.why_off() == "restored"
    assert first is not None
    assert (deployment.off_since() or first) > first

    switched = [
        deployment.switch_on(actor=operator, reason="looked", forced=False, unsearched=0, unknown=0) for _ in range(2)
    ]

    assert switched == [True, False]
    assert deployment.why_off() == ""
    entry = Entry.objects.get(action="deployment.sending_on")
    assert (entry.actor, entry.facts["reason"]) == (operator, "looked")
    assert not Alert.objects.filter(ended_at=None).exists()


def test_switched_on_elsewhere_it_belongs_there(settings: Settings, operator: User) -> None:
    deployment.why_off()
    file(settings).write_text(str(uuid.uuid4()))
    deployment.why_off()

    deployment.switch_on(actor=operator, reason="moved", forced=False, unsearched=0, unknown=0)

    assert deployment.why_off() == ""
    assert str(Deployment.objects.get().mark) == file(settings).read_text().strip()


def test_every_reason_has_its_sentence() -> None:
    assert {deployment.sentence(why) for why in (deployment.RESTORED, deployment.ELSEWHERE)} == {
        str(sentence) for sentence in deployment.SENTENCES.values()
    }
