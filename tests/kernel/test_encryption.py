"""Secrets open with their key and their context, or not at all."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from pecportal import encryption


def key(letter: bytes) -> str:
    return base64.urlsafe_b64encode(letter * 32).decode()


@pytest.fixture(autouse=True)
def _ring(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [f"old:{key(b'o')}"]


def test_what_was_sealed_opens_again() -> None:
    sealed = encryption.seal("perché".encode(), context="mailbox:1:password")

    assert "perch" not in sealed
    assert encryption.unseal(sealed, context="mailbox:1:password") == "perché".encode()


def test_the_same_secret_is_never_sealed_alike() -> None:
    assert encryption.seal(b"x", context="a") != encryption.seal(b"x", context="a")


def test_another_rows_secret_does_not_open() -> None:
    sealed = encryption.seal(b"segreto", context="mailbox:1:password")

    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, context="mailbox:2:password")


def test_an_old_key_still_opens_and_the_new_one_seals(settings: Settings) -> None:
    sealed = encryption.seal(b"segreto", context="a")
    settings.ENCRYPTION_KEYS = [f"new:{key(b'n')}", f"old:{key(b'o')}"]

    assert encryption.unseal(sealed, context="a") == b"segreto"
    assert encryption.seal(b"segreto", context="a").startswith("new:")


@pytest.mark.parametrize("sealed", ["", "segreto", "none:AAAA", "old:", "old:%%%", "old:AAAA"])
def test_what_was_never_sealed_is_unreadable(sealed: str) -> None:
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, context="a")


def test_a_wrong_key_never_gives_the_ciphertext(settings: Settings) -> None:
    sealed = encryption.seal(b"segreto", context="a")
    settings.ENCRYPTION_KEYS = [f"old:{key(b'w')}"]

    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, context="a")


@pytest.mark.parametrize("ring", [[], ["short:AAAA"], [key(b"x")], ["a:*"]])
def test_a_ring_that_cannot_work_is_said_so(settings: Settings, ring: list[str]) -> None:
    settings.ENCRYPTION_KEYS = ring

    with pytest.raises(ImproperlyConfigured):
        encryption.seal(b"x", context="a")
