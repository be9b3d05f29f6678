"""Programs that call without TLS are refused: led on, they would send their keys in clear for ever, unseen."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FOR_PROGRAMS: Final = ("/api/", "/compat/", "/mailboxes/callback/")


class NoDetour:
    """Middleware, before the one that leads browsers to https."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse (403) before anything of the request is looked at."""
        is_in_clear = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if is_in_clear and request.path_info.startswith(FOR_PROGRAMS):
            return HttpResponse("Call this address by https.\n", status=403, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
