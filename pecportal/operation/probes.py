"""The doors of machines: `/health/live`, `/health/ready`, `/metrics`.

Answered before anything else is asked of a request, whatever host name it carries: probes come by number.
"""

import hmac
import ipaddress
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from pecportal.journal.origin import address_of
from pecportal.operation import health

LIVE: Final = "/health/live"
READY: Final = "/health/ready"
METRICS: Final = "/metrics"


class Probes:
    """Middleware, the first of all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._doors = {LIVE: _live, READY: _ready, METRICS: _metrics}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe, or pass the request on."""
        door = self._doors.get(request.path_info.rstrip("/"))
        if door is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = door(request)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def may_read_metrics(request: HttpRequest) -> bool:
    """Whether somebody has the token, or comes from a network that may."""
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return False
    networks = [ipaddress.ip_network(each, strict=False) for each in settings.METRICS_NETWORKS]
    return any(address.version == network.version and address in network for network in networks)


def _live(request: HttpRequest) -> HttpResponse:
    """The process answers: nothing else is said."""
    return JsonResponse({"status": health.OK})


def _ready(request: HttpRequest) -> HttpResponse:
    """503 where something fails; a warning is no reason to send anybody away."""
    state = health.now()
    told = {"status": state.status, "checks": state.checks}
    return JsonResponse(told, status=503 if state.status == health.FAILING else 200)


def _metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS or not may_read_metrics(request):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    from pecportal.operation import metrics  # where they are not wanted, nothing of them is loaded

    return HttpResponse(metrics.exposed(), content_type=metrics.CONTENT_TYPE)
