"""Views that choose how their uploads are received, before anything of the request is read."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
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
