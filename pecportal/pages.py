"""What every page knows and obeys."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views import defaults
from django.views.decorators.csrf import requires_csrf_token

from pecportal import stored
from pecportal.organisations import current
from pecportal.organisations.models import Organisation
from pecportal.permissions import Power, may

logger = logging.getLogger(__name__)


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context of all templates: the environment, whether the clock is sped up, and the person's organisations."""
    user = getattr(request, "user", None) or AnonymousUser()  # an error page may come before the middleware
    organisation = current.organisation(request)
    return {
        "portal_environment": settings.OPENAPI_ENV,
        "demo_clock": settings.CLOCK_SPEED != 1,
        "clock_speed": settings.CLOCK_SPEED,
        "organisation": organisation,
        "may_see_members": organisation is not None and may(user, Power.MEMBERS, organisation),
        "may_look_up": organisation is not None and may(user, Power.PREPARE, organisation),
        "may_make_keys": organisation is not None and may(user, Power.KEYS, organisation),
        "may_set_rules": organisation is not None and may(user, Power.RULES, organisation),
        "organisations": Organisation.objects.visible_to(user),
    }


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read; one that is too large is told so (413)."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)


class ChosenLanguage(LocaleMiddleware):
    """Middleware: pages are Italian until a person chooses otherwise; the browser's own wish is not asked."""

    def process_request(self, request: HttpRequest) -> None:
        """Speak the language of the cookie that the choice left, else the installation's."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if request.path_info.startswith("/api/"):  # a program says it with each request
            chosen = translation.get_language_from_request(request)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language


class FilesAway:
    """Middleware: who needs a file while files cannot be reached is told to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer in the place of a view that met it (503)."""
        if not isinstance(exception, stored.Away):
            return None
        logger.error("Files cannot be reached: %s", exception)
        response = render(request, "503.html", status=503)
        response.headers["Retry-After"] = "60"
        return response


class PrivatePages:
    """Middleware: pages of a signed-in person are kept by no cache, and no page is shown inside another."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers of a private page."""
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        return response
