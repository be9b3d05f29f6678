"""Views that choose how their uploads are received, before anything of the request is read."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponseBase]
Choice = Callable[[HttpRequest], Sequence[FileUploadHandler]]


def received_by(choose: Choice) -> Callable[[View], View]:
    """A view whose files go through the handlers that `choose` gives for a request."""

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt  # until the handlers are in place: reading the token reads the files, too
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.upload_handlers = list(choose(request))
            return protected(request, *args, **kwargs)

        return guarded

    return decorate


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
        raise TypeError("The view does not take its uploads to disk.")
    return Path(upload.temporary_file_path())


def is_whole(upload: UploadedFile[Any]) -> bool:
    """Whether all of it was kept."""
    return path_of(upload).stat().st_size == upload.size
