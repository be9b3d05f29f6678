"""Papers as files to keep, never shown within a page."""

from django.http import HttpResponse

from mailboxes import papers
from mailboxes.models import Paper
from mailboxes.models.papers import Format
from pecportal import downloads


def as_file(found: Paper) -> HttpResponse:
    """The paper's bytes as an attachment under its name."""
    known = papers.TYPES.get(Format(found.format)) if found.format else None
    kind = known or "application/octet-stream"
    return downloads.whole(papers.contents(found), name=found.name, content_type=kind)
