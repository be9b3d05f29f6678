"""Whether this machine's processes were asked to stop: long jobs ask now and then, and end early."""

from pathlib import Path

from django.conf import settings


def asked() -> bool:
    """True once whoever started us has left its mark (see `pecportal.processes`)."""
    return bool(settings.PORTAL_STOP_FILE) and Path(settings.PORTAL_STOP_FILE).exists()
