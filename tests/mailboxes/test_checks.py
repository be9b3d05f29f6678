"""Settings of papers that make no sense are told before the portal runs."""

from pathlib import Path

import pytest
from pytest_django import Settings

from mailboxes import checks
from tests.mailboxes import signing


def ids(settings: Settings, **changes: object) -> list[str | None]:
    for name, value in changes.items():
        setattr(settings, name, value)
    return [each.id for each in [*checks.trusted_authorities(None), *checks.times_until_erasure(None)]]


def test_no_folder_and_a_folder_of_certificates_are_both_good(settings: Settings, tmp_path: Path) -> None:
    assert ids(settings, SIGNATURE_TRUST_DIR="") == []

    folder = signing.folder(tmp_path / "trusted", signing.authority())
    (folder / "one.der").write_bytes(signing.authority("Altra").der)
    (folder / "readme.txt").write_text("not one")
    assert ids(settings, SIGNATURE_TRUST_DIR=str(folder)) == []


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("bad.pem", b"Gentile ufficio", "mailboxes.E001"),
        ("bad.crt", b"", "mailboxes.E001"),
        ("readme.txt", b"not one", "mailboxes.W002"),
    ],
)
def test_a_folder_without_certificates_is_told(
    settings: Settings, tmp_path: Path, name: str, content: bytes, wanted: str
) -> None:
    (tmp_path / name).write_bytes(content)

    assert ids(settings, SIGNATURE_TRUST_DIR=str(tmp_path)) == [wanted]


def test_a_folder_that_is_not_there_is_told(settings: Settings, tmp_path: Path) -> None:
    assert ids(settings, SIGNATURE_TRUST_DIR=str(tmp_path / "nowhere")) == ["mailboxes.E001"]


@pytest.mark.parametrize("name", ["PAPERS_ERASE_DAYS", "PAPERS_DRAFT_DAYS"])
def test_papers_are_kept_for_a_day_at_least(settings: Settings, name: str) -> None:
    assert ids(settings, **{name: 0}) == ["mailboxes.E003"]
