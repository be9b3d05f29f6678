"""Answers of the API that are files: of any type that is asked for, and limited like the exports of the pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpResponseBase
from rest_framework.renderers import JSONRenderer

from pecportal import exports
from pecportal.api.problems import Problem
from pecportal.api.resource import Resource

F = TypeVar("F", bound=Callable[..., HttpResponseBase])


class AnyFile(JSONRenderer):
    """Lets a resource answer with a file whatever type is asked for; its errors are JSON."""

    media_type = "*/*"
    format = "file"


def limited(method: F) -> F:
    """A method of a resource that hands out so many files within some minutes, then tells to wait."""

    @wraps(method)
    def counted(view: Resource, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not exports.is_within(view.actor):
            raise Problem("too-many-requests", headers={"Retry-After": str(exports.SECONDS)})
        return method(view, *args, **kwargs)

    return cast("F", counted)
