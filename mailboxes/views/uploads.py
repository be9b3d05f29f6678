"""Papers that come in: no more of a request is kept than what one of them may weigh; the rest passes by."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from mailboxes.examining import LIMIT
from pecportal.uploads import View, received_by

MOST = LIMIT + 2**20


class Ceiling(FileUploadHandler):
    """Stands before the other handlers and gives them at most MOST bytes: one paper is then too large, as it is."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.come = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Hand the piece on while there is room."""
        self.come += len(raw_data)
        return raw_data if self.come <= MOST else None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """The other handlers make the file."""
        return None


def limited(view: View) -> View:
    """A view whose uploads end at the ceiling."""
    return received_by(lambda request: [Ceiling(request), *request.upload_handlers])(view)
