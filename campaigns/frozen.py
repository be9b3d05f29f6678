"""The hash of what one message carries, by which a later change of it is seen. Pure."""

import hashlib
import json
from collections.abc import Sequence


def payload_hash(recipient: str, subject: str, body: str, files: Sequence[str]) -> str:
    """SHA-256 (hex) of a message: address, subject without reference, text, the files' SHA-256 (hex) in their order."""
    content = json.dumps([recipient, subject, body, list(files)], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


def chained(before: str, payload_sha256: str) -> str:
    """SHA-256 (hex) of all messages so far and the next one, in the list's order; "" is before the first."""
    return hashlib.sha256(f"{before}{payload_sha256}".encode()).hexdigest()


def sheet_hash(fingerprint: str, content_sha256: str, split: Sequence[Sequence[int]] = ()) -> str:
    """SHA-256 (hex) of a check before sending: its settings' hash, that of all its messages, and who sends how many.

    `split` is [mailbox, number] each where several mailboxes send it.
    """
    shares = json.dumps(list(map(list, split))) if split else ""
    return hashlib.sha256(f"{fingerprint}{content_sha256}{shares}".encode()).hexdigest()
