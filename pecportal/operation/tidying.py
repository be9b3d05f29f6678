"""What piles up by itself and is of no use after a while: ended sessions, old failures of jobs, old counts."""

from importlib import import_module

from django.conf import settings

from pecportal import queue
from pecportal.operation import hearing


def run() -> None:
    """Drop it; again it changes nothing."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    queue.forget_old_failures()
    hearing.forget_old()
