"""Letters shown as their reader will see them, and files handed out: neither can run, load nor reach anything."""

from collections.abc import Callable
from typing import TypeVar, cast

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from campaigns.models import Attachment, OwnFile
from pecportal.downloads import hand_out, whole

LETTER_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
)
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
    return whole(content, name=name, content_type="application/pdf")
