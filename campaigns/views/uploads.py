"""Files that come in: straight to disk, and no further than a limit, before anything else is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from pecportal.errors import Refusal
from pecportal.uploads import View, received_by


class OnDisk(TemporaryFileUploadHandler):
    """Writes a request's files to disk up to `most` bytes in all and lets the rest pass by; sizes are the true ones."""

    def __init__(self, request: HttpRequest, *, most: int) -> None:
        super().__init__(request)
        self.most = most
        self.come = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep the piece while there is room."""
        self.come += len(raw_data)
        if self.come <= self.most:
            super().receive_data_chunk(raw_data, start)


def to_disk(*, most: int) -> Callable[[View], View]:
    """A view whose uploads go to disk, of which at most `most` bytes a request are kept."""
    return received_by(lambda request: [OnDisk(request, most=most)])


def path_of(upload: UploadedFile[Any]) -> Path:
    """Where an upload lies until the request ends."""
    if not isinstance(upload, TemporaryUploadedFile):
        raise TypeError("The view is not decorated with `to_disk`.")
    return Path(upload.temporary_file_path())


def is_whole(upload: UploadedFile[Any]) -> bool:
    """Whether all of it was kept."""
    return path_of(upload).stat().st_size == upload.size


def told(name: str, refusal: Refusal) -> str:
    """Why one of several files was not taken: with its name, unless the sentence has it."""
    sentence = str(refusal)
    return sentence if name in sentence else f"{name}: {sentence}"
