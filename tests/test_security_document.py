"""What docs/security.md says of limits, times, keys, powers and addresses is what the portal does."""

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from campaigns import archives, files, tables
from campaigns.preparing import trying
from mailboxes import callbacks, examining, papermaker
from pecportal import exports, rotation
from pecportal.permissions import POWERS
from pecportal.signin import passwords
from tests.tenancy import access, routes

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()
SETTINGS = set(re.findall(r'env(?:\.\w+)?\("([A-Z0-9_]+)"', (ROOT / "pecportal" / "settings.py").read_text()))
CALLING = re.compile(
    r"^\s*(?:import|from) (?:requests|socket|urllib3|http\.client|urllib\.request|smtplib|redis|storages|sentry_sdk)",
    re.MULTILINE,
)
# addresses that strangers may call without being anybody afterwards
NO_WAYS_IN = {
    *("account_logout", "set_language", "mailboxes:callback", "account_inactive", "api_problems", "api_problem"),
}


def section(heading: str) -> str:
    """What stands below a heading."""
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def table(heading: str) -> dict[str, list[str]]:
    """The table below a heading: the first cell of each line, and the others."""
    lines = [line.strip("|").split("|") for line in section(heading).splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines[2:]}


def named(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`]+)`", text))


def endings() -> Iterator[str]:
    """Endings of many files, and of those that the document names."""
    known = {ending.lstrip(".") for ending in mimetypes.types_map} | {"exe", "p7m", "heic", "svgz", "docm", "jsonl"}
    yield from sorted(known | {word for cells in table("Files").values() for word in cells[0].split(", ")})


def test_files_are_taken_by_their_kinds_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\n1\n")
    attached, lists = set(), set()
    for ending in endings():
        try:
            files.sniff(path, name=f"a.{ending}")
            attached.add(ending)
        except files.FileProblem as exc:
            attached |= {ending} if exc.code == "type_mismatch" else set()
        try:
            with tables.open_table(path, name=f"a.{ending}"):
                lists.add(ending)
        except tables.TableProblem as exc:
            lists |= {ending} if exc.code != "not_a_table" else set()

    assert attached == set(table("Files")["attachments, own files"][0].split(", "))
    assert lists == set(table("Files")["lists"][0].split(", "))


def test_files_are_as_large_as_documented() -> None:
    told = table("Files")
    assert told["attachments, own files"][1] == f"{files.ATTACHMENT_LIMIT // 10**6} MB of base64 in one message"
    assert told["lists"][1] == f"{tables.LARGEST_FILE // 2**20} MB"
    pages, pixels = papermaker.MOST_PAGES, papermaker.MOST_PIXELS // 10**6
    paper = f"{examining.LIMIT // 2**20} MB, {pages} pages, {pixels} megapixels"
    assert told["signed form, identity document"][1] == paper
    entries, size = archives.MOST_ENTRIES, archives.LARGEST // 2**20
    archive = f"Archives: {entries:,} entries, {size} MB by reading, ratio {archives.MOST_RATIO}."
    assert archive in section("Files")


def test_limits_are_those_that_are_documented() -> None:
    text = " ".join(section("Input, limits, costly work").split())
    assert exports.SECONDS == 600
    for limit in (
        f"{trying.A_DAY} tests to oneself a day for a campaign",
        f"{exports.MOST} exports in ten minutes a person",
        f"{callbacks.A_MINUTE} callbacks a minute a mailbox",
        f"{settings.API_REQUESTS_A_MINUTE:,} requests a minute a key",
    ):
        assert limit in text


def test_guesses_are_as_few_as_documented() -> None:
    text = " ".join(section("Ways in").split())
    found = re.search(
        r"(\d+) in (\d+) minutes and (\d+) a day for an account, (\d+) a minute and (\d+) a day from a network", text
    )
    assert found
    few, minutes, day, network, networks_day = found.groups()
    wanted = f"{network}/m/ip,{networks_day}/d/ip,{few}/{minutes}m/key,{day}/d/key"
    assert settings.ACCOUNT_RATE_LIMITS["login_failed"] == wanted


def test_words_of_this_place_are_documented_and_refused() -> None:
    found = section("Ways in").partition("no password is made of:")[2].partition(".")[0]
    assert named(found) == passwords.OURS
    for word in named(found):
        with pytest.raises(ValidationError):
            passwords.GuessedFirst().validate(f"{word.title()}-2026-{'!' * 12}")


def test_every_way_in_is_documented_with_its_strength() -> None:
    told = table("Ways in")
    addresses = {named(cells[0]).pop() for cells in told.values()}
    strangers = [route for route in routes.every() if route.name in access.ANYBODY - NO_WAYS_IN]
    undocumented = [
        route.name for route in strangers if not any(routes.nowhere(route).startswith(each) for each in addresses)
    ]
    assert undocumented == []
    assert all(cells[1] for cells in told.values())
    assert len(settings.AUTHENTICATION_BACKENDS) == 1
    for kind in settings.MFA_SUPPORTED_TYPES:
        assert kind in told["second factor"][1]
    assert reverse("mfa_login_webauthn") == "/account/factors/webauthn/login/"


def test_sessions_last_as_long_as_documented() -> None:
    idle, longest = settings.SESSION_IDLE_SECONDS, settings.SESSION_LONGEST_SECONDS
    staff_idle, staff_longest = settings.SESSION_IDLE_SECONDS_STAFF, settings.SESSION_LONGEST_SECONDS_STAFF
    text = " ".join(section("Sessions").split())
    assert f"{idle // 60} minutes unused, {longest // 3600} hours in all" in text
    assert f"(operators {staff_idle // 60} minutes, {staff_longest // 3600} hours)" in text
    assert f"What binds asks again after {settings.STEP_UP_SECONDS // 60} minutes" in text


def test_powers_are_given_to_roles_as_documented() -> None:
    lines = table("Who may what").items()
    told = {name.strip("`"): set(cells[0].replace("`", "").split(", ")) for name, cells in lines}
    given: dict[str, set[str]] = {}
    for role, powers in POWERS.items():
        for power in powers:
            given.setdefault(power.value, set()).add(role.value)
    assert told == given


def test_every_key_is_in_the_inventory() -> None:
    told = table("Keys and cryptography")
    secret = {name for name in SETTINGS if re.search(r"(KEYS?|SECRET|TOKEN)$", name)}
    assert secret <= {name for key in told for name in named(key)}
    at_rest = told["`ENCRYPTION_KEYS`"]
    assert at_rest[0] == "AES-256-GCM"
    assert [holder.name for holder in rotation.holders() if holder.name not in at_rest[1]] == []
    assert all(len(cells) == 3 and all(cells) for cells in told.values())


def test_whatever_is_called_is_documented() -> None:
    told = table("Communication")
    outside = {name for name in SETTINGS if re.search(r"_(URL|DSN|ENDPOINT)$", name)} - {"PORTAL_URL"}
    assert outside == {name for cells in told.values() for name in named(cells[0])}
    places = {place for cells in told.values() for place in named(cells[1])}
    assert [place for place in places if not (ROOT / place).exists()] == []
    calling = [
        str(path.relative_to(ROOT))
        for folder in ("pecportal", "mailboxes", "campaigns")
        for path in (ROOT / folder).rglob("*.py")
        if CALLING.search(path.read_text())
    ]
    apart = ("pecportal/sandbox/", "pecportal/demo/", "pecportal/settings.py")  # no part of one in use; its host's name
    assert [path for path in calling if not path.startswith((*apart, *places))] == []
