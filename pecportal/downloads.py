"""Files handed out: always as downloads, and no browser opens or runs them by itself."""

import logging
from collections.abc import Iterable
from typing import IO, Any, Final, TypeVar

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from pecportal import filenames, stored

POLICY: Final = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
NAMELESS: Final = "file"
R = TypeVar("R", bound=HttpResponseBase)

logger = logging.getLogger(__name__)


def hand_out(stored_as: str, *, name: str, content_type: str, sha256: str) -> FileResponse:
    """A stored file under the name that a person gave it.

    404 when it is not there, or is not what was kept: that is told to the log. Raises `stored.Away`.
    """
    if not stored_as:
        raise Http404
    try:
        file = stored.verified(stored_as, sha256=sha256)
    except (FileNotFoundError, stored.Changed) as exc:
        logger.exception("A file cannot be handed out.")
        raise Http404 from exc
    return opened(file, name=name, content_type=content_type)


def opened(file: IO[Any], *, name: str, content_type: str) -> FileResponse:
    """An open file, which the response closes."""
    return _guarded(FileResponse(file, content_type=content_type), name)


def streamed(pieces: Iterable[bytes | str], *, name: str, content_type: str) -> StreamingHttpResponse:
    """What comes piece by piece."""
    return _guarded(StreamingHttpResponse(pieces, content_type=content_type), name)


def whole(content: bytes | str, *, name: str, content_type: str) -> HttpResponse:
    """What is there already."""
    return _guarded(HttpResponse(content, content_type=content_type), name)


def _guarded(response: R, name: str) -> R:
    """A download called as much of `name` as may stand in a header (RFC 6266): no folders, nothing unseen."""
    kept_as = filenames.cleaned(name) or NAMELESS
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=kept_as) or ""
    response.headers["Content-Security-Policy"] = POLICY
    return response
