"""Signatures as the Standard Webhooks specification has them (https://www.standardwebhooks.com): symmetric, `v1`."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
LENGTH: Final = 32  # bytes of a new secret
SHORTEST, LONGEST = 24, 64  # bytes, as the specification says


def new() -> bytes:
    """A new secret."""
    return secrets.token_bytes(LENGTH)


def written(secret: bytes) -> str:
    """A secret as its receiver enters it."""
    return PREFIX + base64.b64encode(secret).decode()


def read(text: str) -> bytes:
    """The secret that `written` wrote; raises `ValueError` for anything else."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("A secret is whsec_ and base64.") from None
    if not text.startswith(PREFIX) or not SHORTEST <= len(secret) <= LONGEST:
        raise ValueError("A secret is whsec_ and base64 of 24 to 64 bytes.")
    return secret


def headers(key: str, body: bytes, *, timestamp: int, secrets: Iterable[bytes]) -> dict[str, str]:
    """The three headers: the message's id, the attempt's time (Unix seconds), one signature for each secret."""
    signed = b".".join([key.encode(), str(timestamp).encode(), body])
    signatures = [base64.b64encode(hmac.new(each, signed, hashlib.sha256).digest()).decode() for each in secrets]
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
