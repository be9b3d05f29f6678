"""What piles up by itself and is of no use after a while: ended sessions, old failures of jobs, old counts, marks
of what was acted on."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings

from pecportal import clock, queue
from pecportal.operation import hearing
from pecportal.operation.models import Handled


def run() -> None:
    """Drop it; again it changes nothing."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    queue.forget_old_failures()
    hearing.forget_old()
    Handled.objects.filter(at__lt=clock.real_now() - timedelta(days=1)).delete()
