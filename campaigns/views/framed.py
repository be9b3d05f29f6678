"""Letters shown as their reader will see them, and files handed out: neither can run, load nor reach anything."""

import logging
from collections.abc import Callable
from typing import TypeVar, cast

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from campaigns.models import Attachment, OwnFile
from pecportal import stored

LETTER_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

logger = logging.getLogger(__name__)
V = TypeVar("V", bound=Callable[..., HttpResponseBase])


def may_frame_own_pages(view: V) -> V:
    """A view whose page shows letters in frames."""
    return cast("V", csp_update({"frame-src": [SELF]})(view))


def letter(html: str) -> HttpResponse:
    """A page that is nothing but the letter's cleaned HTML, and may stand in a frame of ours."""
    response = HttpResponse(render_to_string("campaigns/letter.html", {"html": html}))
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def download(attachment: Attachment | OwnFile) -> FileResponse:
    """The file's bytes under its own name, always as a download."""
    kind = attachment.content_type
    return hand_out(attachment.stored_as, name=attachment.name, content_type=kind, sha256=attachment.sha256)


def made(content: bytes, *, name: str) -> HttpResponse:
    """A PDF that the portal made just now, as a download."""
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


def hand_out(stored_as: str, *, name: str, content_type: str, sha256: str) -> FileResponse:
    """A stored file under the name that a person gave it, always as a download.

    404 when it is not there, or is not what was kept: that is told to the log. Raises `stored.Away`.
    """
    if not stored_as:
        raise Http404
    try:
        file = stored.verified(stored_as, sha256=sha256)
    except (FileNotFoundError, stored.Changed) as exc:
        logger.exception("A file cannot be handed out.")
        raise Http404 from exc
    response = FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
