"""What the scanner says, and what it means when it says nothing: nothing that is not known to be clean comes in."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from pecportal import antivirus, checks
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import standing, tasks
from pecportal.operation.models import Alert
from pecportal.schedules import PERIODIC
from tests import build
from tests import clamd as scanners
from tests.clamd import MARK, SIGNATURE, Clamd


@pytest.fixture
def clamd(settings: Settings) -> Iterator[Clamd]:
    with scanners.serve() as served:
        settings.CLAMD_URL, settings.CLAMD_SECONDS = served.url, 5.0
        yield served


def scan(content: bytes) -> str:
    return antivirus.scan(io.BytesIO(content))


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def open_alerts() -> int:
    return Alert.objects.filter(kind=antivirus.ALERT, ended_at=None).count()


def test_a_clean_file_and_one_with_a_virus_are_told_apart(clamd: Clamd) -> None:
    assert scan(b"Buongiorno.\n") == ""
    assert scan(b"Buongiorno." + MARK) == SIGNATURE


def test_a_socket_of_this_machine_serves_as_well(settings: Settings, tmp_path: Path) -> None:
    with scanners.serve(tmp_path / "clamd.ctl") as served:
        settings.CLAMD_URL = served.url
        assert scan(MARK) == SIGNATURE
        antivirus.ping()


def test_a_large_file_goes_there_whole_and_in_pieces(clamd: Clamd) -> None:
    content = bytes(range(256)) * 12_000
    assert scan(content) == ""
    assert clamd.seen == [content]
    assert clamd.longest_piece == antivirus.CHUNK


def test_a_file_above_the_scanners_limit_is_told_as_that(clamd: Clamd) -> None:
    clamd.limit = 2**20
    with pytest.raises(antivirus.TooLarge):
        scan(bytes(9 * 2**20))


def test_a_file_that_was_not_looked_through_is_not_called_clean(clamd: Clamd) -> None:
    clamd.answer = b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"
    with pytest.raises(antivirus.TooLarge):
        scan(b"a")


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"stream: \xff\xfe\0", b"stream: OK FOU\0", b"x" * 10_000],
)
def test_what_is_no_answer_lets_nothing_through(clamd: Clamd, answer: bytes) -> None:
    clamd.answer = answer
    with pytest.raises(antivirus.Silent):
        scan(b"a")


def test_a_scanner_that_hangs_is_waited_for_only_so_long(clamd: Clamd, settings: Settings) -> None:
    clamd.is_hanging, settings.CLAMD_SECONDS = True, 0.3
    began = time.monotonic()
    with pytest.raises(antivirus.Silent):
        scan(b"a" * 10**6)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:9", "unix:///nowhere/clamd.ctl"])
def test_a_scanner_that_is_not_there_is_silent(settings: Settings, url: str) -> None:
    settings.CLAMD_URL = url
    with pytest.raises(antivirus.Silent):
        scan(b"a")


# --- what becomes of an upload


def admit(content: bytes) -> None:
    organisation = build.organisation()
    actor = build.user(organisation)
    antivirus.admit(io.BytesIO(content), name="fattura.pdf", field="file", actor=actor, organisation=organisation)


@pytest.mark.django_db
def test_without_a_scanner_nothing_is_asked(settings: Settings) -> None:
    settings.CLAMD_URL = ""
    admit(MARK)


@pytest.mark.django_db
def test_a_virus_is_refused_by_name_and_recorded(clamd: Clamd) -> None:
    with pytest.raises(Refusal, match=rf"virus in “fattura.pdf” .{SIGNATURE}") as caught:
        admit(MARK)

    assert caught.value.field == "file"
    assert Entry.objects.get(action="upload.virus").facts == {"signature": SIGNATURE}
    assert not open_alerts()


@pytest.mark.django_db
def test_while_the_scanner_is_away_nothing_is_taken_and_the_operators_know(clamd: Clamd, settings: Settings) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    with pytest.raises(antivirus.Unchecked, match=r"“fattura.pdf” cannot be checked for viruses now"):
        admit(b"a")
    assert open_alerts() == 1
    assert any("virus scanner" in line for line in standing.of().lines())

    settings.CLAMD_URL = clamd.url
    tasks.ask_scanner()

    assert not open_alerts()


@pytest.mark.django_db
def test_the_watch_finds_it_by_itself(clamd: Clamd, settings: Settings) -> None:
    assert antivirus.watch()
    clamd.answer = b"NO\0"
    assert not antivirus.watch()
    assert not antivirus.watch()
    assert open_alerts() == 1
    settings.CLAMD_URL = ""  # it was switched off
    assert antivirus.watch()
    assert not open_alerts()
    assert "pecportal.operation.tasks.ask_scanner" in {each.task for each in PERIODIC}


@pytest.mark.django_db
def test_a_file_that_is_too_large_for_it_raises_no_alert(clamd: Clamd) -> None:
    clamd.limit = 10
    with pytest.raises(Refusal, match="larger than what the virus scanner can check"):
        admit(b"a" * 100)
    assert not open_alerts()


# --- before it runs


@pytest.mark.parametrize(
    "url", ["clamd", "unix://clamd.ctl", "tcp://host", "tcp://host:x", "http://host:3310", "/run/c"]
)
def test_an_address_that_is_none_is_told_at_the_start(settings: Settings, url: str) -> None:
    settings.CLAMD_URL = url
    assert ids(checks.virus_scanner(None)) == ["pecportal.E010"]


def test_a_scanner_that_does_not_answer_is_told_at_the_start(clamd: Clamd, settings: Settings) -> None:
    assert checks.virus_scanner(None) == []
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    assert ids(checks.virus_scanner(None)) == ["pecportal.W011"]
    settings.CLAMD_URL = ""
    assert checks.virus_scanner(None) == []
