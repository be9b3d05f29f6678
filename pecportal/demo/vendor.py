"""What the demo asks the simulated vendor beside its APIs: the letter with the password, and its own ledger."""

import json
import time
import urllib.request
from collections import Counter
from typing import Any
from urllib.parse import quote

PATIENCE = 10.0


class SandboxAway(Exception):
    """The simulated vendor does not answer."""


def wait_for(address: str, *, seconds: float = 30.0) -> None:
    """Return once it answers. Raises SandboxAway."""
    until = time.monotonic() + seconds
    while True:
        try:
            _get(address, "/_sandbox/ledger")
        except SandboxAway:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def password_of(address: str, mailbox: str) -> str:
    """The password that the vendor sent to the mailbox's holder by e-mail."""
    boxes = _get(address, "/_sandbox/mailboxes")
    found = next((box for box in boxes if box["address"] == mailbox), None)
    if found is None or not found["password"]:
        raise SandboxAway(f"The simulated vendor has no password for {mailbox}.")
    return str(found["password"])


def planned(address: str, recipients: list[str]) -> dict[str, str]:
    """The status that a message to each recipient is to reach."""
    return {
        recipient: str(_get(address, f"/_sandbox/planned?recipient={quote(recipient)}")["planned"])
        for recipient in recipients
    }


def times_taken(address: str) -> Counter[str]:
    """How often the vendor took a message to each recipient."""
    return Counter(str(sent["recipient"]) for sent in _get(address, "/_sandbox/ledger"))


def _get(address: str, path: str) -> Any:
    try:
        with urllib.request.urlopen(address + path, timeout=PATIENCE) as answer:  # noqa: S310 (loopback, http)
            return json.load(answer)
    except OSError as exc:
        raise SandboxAway(f"{address}{path}: {exc}") from exc
