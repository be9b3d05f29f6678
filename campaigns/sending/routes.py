"""Where and as whom a mailbox's messages leave, kept once for all attempts that share it."""

import tomllib
from functools import cache

from django.conf import settings

from campaigns.models import Route
from mailboxes.models import Mailbox
from pecportal import vendor


def of(mailbox: Mailbox) -> int:
    """The id of the route by which the mailbox sends now."""
    row, _ = Route.objects.get_or_create(
        mailbox=mailbox,
        url=f"{vendor.of_settings().config.massiva_url}/send"[:300],
        sender=mailbox.address,
        username=mailbox.username,
        version=_version(),
    )
    return row.pk


@cache
def _version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(project["project"]["version"])[:40]
