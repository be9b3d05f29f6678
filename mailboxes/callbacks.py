"""The address that the vendor calls when a mailbox changes. Whatever it says is a hint: the state is read again."""

import hashlib
import secrets

from django.conf import settings
from django.urls import reverse

from mailboxes.models import Mailbox
from pecportal import frequency
from pecportal.queue import enqueue

A_MINUTE = 30  # calls that are heeded
LIMIT = 64 * 1024  # bytes


def new_address(mailbox: Mailbox) -> str:
    """A fresh unguessable address for this mailbox; only its hash is kept, and an older one stops working.

    "" where the installation's own address is not set: then the vendor has nowhere to call.
    """
    if not str(settings.PORTAL_URL).startswith(("http://", "https://")):
        return ""
    token = secrets.token_urlsafe(32)
    Mailbox.objects.filter(pk=mailbox.pk).update(callback_sha256=_hash(token))
    return str(settings.PORTAL_URL).rstrip("/") + reverse("mailboxes:callback", args=[token])


def mailbox_of(token: str) -> Mailbox | None:
    """Whose address it is; None for an unknown one."""
    return Mailbox.objects.filter(callback_sha256=_hash(token)).first()


def heed(mailbox: Mailbox) -> bool:
    """Ring for the state to be read again; False when it was called too often within a minute."""
    if not frequency.is_within(f"callback:{mailbox.pk}", most=A_MINUTE, seconds=60):
        return False
    enqueue("mailboxes.tasks.refresh_after_call", mailbox.pk)
    return True


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
