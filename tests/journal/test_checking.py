"""The nightly check and its alert, the anchors outside, and the command."""

from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from pecportal.journal import anchoring, checking, guard, tasks
from pecportal.journal.models import Anchor, Check, Entry, Head
from pecportal.journal.record import digest, record
from pecportal.operation import alerts
from pecportal.organisations.models import User
from pecportal.schedules import PERIODIC
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operatore@portale.example", "password")


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "anchors"
    settings.JOURNAL_ANCHOR = [str(path)]
    return path


def fill(count: int = 3) -> None:
    for n in range(count):
        record("plan.save", n=n)


def rewrite() -> None:
    """What the owner of the tables can do: change entries, make the chain anew, and remove the rows of the anchors."""
    with guard.lifted():
        _rewrite()


def change(number: int, **values: object) -> None:
    with guard.lifted():
        Entry.objects.filter(number=number).update(**values)


def _rewrite() -> None:
    previous = "0" * 64
    for entry in Entry.objects.order_by("number"):
        entry.actor_name = "altri@portale.example"
        entry.previous = previous
        previous = entry.digest = digest(entry)
        entry.save()
    Head.objects.update(digest=previous)
    Anchor.objects.all().delete()


def test_it_is_done_each_night() -> None:
    (each,) = [each for each in PERIODIC if each.task == "pecportal.journal.tasks.nightly"]
    assert each.at is not None


def test_a_broken_chain_raises_one_alert_which_ends_when_it_holds_again() -> None:
    fill()
    change(2, action="x")

    for _night in range(2):
        tasks.nightly()

    assert Check.objects.count() == 2
    assert (Check.objects.all()[0].broken_at, Check.objects.all()[0].is_good) == (2, False)
    assert alerts.is_open(checking.BROKEN, "journal")
    assert not Anchor.objects.exists()  # a broken chain is not told as if it were good

    change(2, action="plan.save")
    tasks.nightly()

    assert not alerts.is_open(checking.BROKEN, "journal")
    assert Anchor.objects.get().number == 3


def test_a_guard_that_is_missing_is_told_and_put_back() -> None:
    fill()
    guard.remove()

    checking.run()

    assert guard.is_installed()
    assert alerts.is_open(checking.UNGUARDED, "journal")
    checking.run()
    assert not alerts.is_open(checking.UNGUARDED, "journal")


def test_a_check_that_somebody_asks_for_is_done_by_a_job(jobs: Jobs, operator: User) -> None:
    check = checking.ask(actor=operator)
    assert checking.ask(actor=operator) == check

    assert jobs.run() == 1

    check.refresh_from_db()
    assert (check.is_good, check.entries) == (True, 1)
    assert Entry.objects.get().action == "journal.check"


def test_a_check_whose_job_was_lost_is_done_by_the_sweep(jobs: Jobs, operator: User) -> None:
    check = checking.ask(actor=operator)
    jobs.clear()
    Check.objects.update(asked_at=timezone.now() - checking.LOST * 2)

    tasks.sweep()

    check.refresh_from_db()
    assert check.is_good


def test_the_head_is_mailed_to_the_operators_once(operator: User) -> None:
    fill()
    tasks.nightly()
    tasks.sweep()

    (letter,) = mail.outbox
    head = Head.objects.get()
    assert letter.to == [operator.email]
    told = anchoring.read(letter.body.strip().splitlines()[-1])
    assert told is not None
    assert (told.number, told.digest) == (3, head.digest)


def test_a_mail_server_that_is_away_gets_it_later(operator: User, settings: Settings) -> None:
    fill()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    tasks.nightly()
    tasks.sweep()
    assert Anchor.objects.get().tries == 1  # it rests between two tries

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Anchor.objects.update(tried_at=timezone.now() - anchoring.RESTS[-1])
    tasks.sweep()

    assert len(mail.outbox) == 1
    assert not anchoring.is_due()


def test_a_chain_that_was_rewritten_as_a_whole_contradicts_the_file(file: Path) -> None:
    fill()
    tasks.nightly()
    assert len(file.read_text().splitlines()) == 1

    rewrite()
    check = checking.run()

    assert (check.broken_at, check.is_good) == (3, False)
    assert "contradicts" in check.reason


def test_a_line_that_somebody_else_wrote_is_no_anchor(settings: Settings) -> None:
    told = anchoring.Told("2026-12-01T03:05:00+00:00", 3, "a" * 64)
    line = anchoring.signed(told)

    assert anchoring.read(line) == told
    assert anchoring.read(line.replace(" 3 ", " 4 ")) is None
    assert anchoring.read("nothing of ours") is None
    settings.SECRET_KEY = "another"
    assert anchoring.read(line) is None


def test_the_command_names_the_first_broken_entry(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    call_command("verify_journal")
    assert "3 entries" in capsys.readouterr().out

    with guard.lifted():
        Entry.objects.filter(number=2).delete()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_journal")

    assert ended.value.code == 1
    assert "from entry 2: an entry is missing" in capsys.readouterr().err


def test_the_command_compares_a_file_of_anchors(
    file: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill()
    tasks.nightly()
    settings.JOURNAL_ANCHOR = []
    call_command("verify_journal", anchors=file)
    rewrite()
    call_command("verify_journal")  # the chain alone holds

    with pytest.raises(SystemExit):
        call_command("verify_journal", anchors=file)

    assert "contradicts" in capsys.readouterr().err


def test_the_command_fails_without_the_guard(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    guard.remove()

    with pytest.raises(SystemExit):
        call_command("verify_journal")

    assert "guard" in capsys.readouterr().err
