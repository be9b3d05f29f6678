"""The API's description for programs and people, and a page for each kind of problem. They are open to everybody."""

import hashlib
from functools import cache

from csp.constants import NONCE
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from pecportal.api.kinds import KINDS

LANGUAGE = "en"


@require_safe
def described(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON."""
    return _told(request, _texts()[0], "application/vnd.oai.openapi+json")


@require_safe
def described_in_yaml(request: HttpRequest) -> HttpResponse:
    """The same as YAML."""
    return _told(request, _texts()[1], "application/yaml; charset=utf-8")


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """The description to try out in the browser."""
    return render(request, "api/swagger.html")


@require_safe
@csp_update({"style-src": [NONCE]})
def redoc(request: HttpRequest) -> HttpResponse:
    """The description to read. Its script makes styles, each with a number that this answer's policy names."""
    return render(request, "api/redoc.html")


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """All kinds of problems."""
    return render(request, "api/problems.html", {"kinds": list(KINDS.values())})


@require_safe
def problem(request: HttpRequest, slug: str) -> HttpResponse:
    """One kind of problem."""
    if slug not in KINDS:
        raise Http404
    return render(request, "api/problem.html", {"kind": KINDS[slug]})


@cache
def _texts() -> tuple[bytes, bytes]:
    """The description as JSON and as YAML; it does not change while a process lives, and so has one language."""
    with translation.override(LANGUAGE):
        found = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiJsonRenderer().render(found), OpenApiYamlRenderer().render(found)


def _told(request: HttpRequest, text: bytes, content_type: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return HttpResponse(text, content_type=content_type, headers={"ETag": tag, "Cache-Control": "no-cache"})
