"""Secrets at rest: AES-256-GCM under a ring of keys that live outside the database and outside SECRET_KEY."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE = 12  # bytes, NIST SP 800-38D


class Unreadable(Exception):
    """A sealed value that no key of the ring opens in this context."""


def seal(secret: bytes, *, context: str) -> str:
    """Encrypt under the first key. `context` (for instance `mailbox:7:password`) must be given again to open it."""
    name, key = next(iter(keys().items()))
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, secret, context.encode())
    return f"{name}:{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, *, context: str) -> bytes:
    """Decrypt what `seal` made; raises `Unreadable`, never returns the ciphertext."""
    name, _, text = sealed.partition(":")
    key = keys().get(name)
    if key is None:
        raise Unreadable(f"The encryption key {name!r} is not among ENCRYPTION_KEYS.")
    try:
        raw = base64.urlsafe_b64decode(text)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode())
    except (InvalidTag, binascii.Error, ValueError) as exc:
        raise Unreadable("The sealed value does not open with its key.") from exc


def key_of(sealed: str) -> str:
    """The name of the key that a value was sealed with."""
    return sealed.partition(":")[0]


def current_key() -> str:
    """The name of the key that seals now."""
    return next(iter(keys()))


def keys() -> dict[str, bytes]:
    """The ring by key name, current key first; raises `ImproperlyConfigured` when it is empty or malformed."""
    ring: dict[str, bytes] = {}
    for entry in settings.ENCRYPTION_KEYS:
        name, _, text = entry.partition(":")
        try:
            key = base64.b64decode(text, altchars=b"-_", validate=True)
        except binascii.Error as exc:
            raise ImproperlyConfigured("ENCRYPTION_KEYS: a key is not base64.") from exc
        if not name or len(key) != 32:
            raise ImproperlyConfigured("ENCRYPTION_KEYS: each entry is `name:base64 of 32 bytes`.")
        ring[name] = key
    if not ring:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty.")
    return ring
