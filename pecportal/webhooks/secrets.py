"""A webhook's secrets: sealed in its row, opened only to sign and to be shown to whoever may see them."""

from datetime import datetime

from pecportal import encryption
from pecportal.webhooks.models import Webhook


def context(pk: int) -> str:
    """What a webhook's secrets are sealed for."""
    return f"webhook:{pk}:secret"


def seal(pk: int, secret: bytes) -> str:
    """Seal a secret for a webhook's row."""
    return encryption.seal(secret, context=context(pk))


def current(webhook: Webhook) -> bytes:
    """The one that signs. Raises `Unreadable` without its key."""
    return encryption.unseal(webhook.secret_sealed, context=context(webhook.pk))


def signing(webhook: Webhook, *, at: datetime) -> list[bytes]:
    """Those that sign at an instant: the present one, and the former one as long as it is valid."""
    found = [current(webhook)]
    if webhook.old_secret_sealed and webhook.old_secret_until is not None and at < webhook.old_secret_until:
        found.append(encryption.unseal(webhook.old_secret_sealed, context=context(webhook.pk)))
    return found
