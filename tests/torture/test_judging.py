"""The judge of the crash matrix itself: what another subject, text or file is, it has to find."""

from hashlib import sha256
from typing import Any

import pytest

from tests.torture import judging

WHO = "ditta1@prova.example"
FOUND = {"frozen": {WHO: {"subject": "Avviso", "body": "<p>Testo</p>", "files": ["a" * 64, "b" * 64]}}}


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "recipient": WHO,
        "subject": "Avviso Rif. 0123456789-2",
        "body_sha256": sha256(b"<p>Testo</p>").hexdigest(),
        "attachments": [["allegato.txt", 9, "a" * 64], ["proprio.txt", 9, "b" * 64]],
        **changes,
    }


def test_what_was_frozen_is_found_unchanged() -> None:
    assert judging._changed([sent()], FOUND) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": "Altro Rif. 0123456789"}, f"{WHO} got another subject"),
        ({"subject": "Avviso"}, f"{WHO} got another subject"),
        ({"body_sha256": "0" * 64}, f"{WHO} got another text"),
        ({"attachments": [["allegato.txt", 9, "a" * 64]]}, f"{WHO} got other files"),
        ({"attachments": [["allegato.txt", 9, "b" * 64], ["proprio.txt", 9, "a" * 64]]}, f"{WHO} got other files"),
    ],
)
def test_what_was_changed_is_found(changes: dict[str, Any], fault: str) -> None:
    assert judging._changed([sent(**changes)], FOUND) == [fault]


def test_somebody_in_no_list_got_what_nobody_froze() -> None:
    assert len(judging._changed([sent(recipient="altri@prova.example")], FOUND)) == 3
