"""Letters shown as their reader will see them, and files handed out: neither can run, load nor reach anything."""

from collections.abc import Callable
from typing import TypeVar, cast

from csp.constants import SELF
from csp.decorators import csp_update
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from campaigns.models import Attachment

LETTER_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

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


def download(attachment: Attachment) -> FileResponse:
    """The file's bytes under its own name, always as a download."""
    if not default_storage.exists(attachment.stored_as):
        raise Http404
    file = default_storage.open(attachment.stored_as)
    response = FileResponse(file, as_attachment=True, filename=attachment.name, content_type=attachment.content_type)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
