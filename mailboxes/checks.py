"""What must be true of the settings of papers before the portal may run."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security)
def trusted_authorities(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The folder of certificates, where one is given, holds some, and nothing else that ends like one."""
    if not settings.SIGNATURE_TRUST_DIR:
        return []
    from mailboxes.signatures import trust  # it takes a second to load, which no other command should wait for

    try:
        found = trust.authorities(Path(settings.SIGNATURE_TRUST_DIR))
    except (OSError, ValueError) as exc:
        return [Error(f"SIGNATURE_TRUST_DIR: {exc}.", hint="It is a folder of CA certificates.", id="mailboxes.E001")]
    if not found.certificates:
        hint = f"Files that count end in {', '.join(sorted(trust.SUFFIXES))}."
        return [Warning("SIGNATURE_TRUST_DIR holds no certificates.", hint=hint, id="mailboxes.W002")]
    return []


@register(Tags.security)
def times_until_erasure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Papers are kept for some time: the vendor may ask for them again the day after."""
    if min(settings.PAPERS_ERASE_DAYS, settings.PAPERS_DRAFT_DAYS) < 1:
        return [Error("PAPERS_ERASE_DAYS and PAPERS_DRAFT_DAYS are at least 1.", id="mailboxes.E003")]
    return []
