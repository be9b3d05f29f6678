"""Where an act comes from: by which door, and from which network address. Known to whatever is recorded meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Door(models.TextChoices):
    """How somebody came in."""

    BROWSER = "browser", _("Portal")
    CONSOLE = "console", _("Operators' console")
    API = "api", _("API")
    COMMAND = "command", _("Command line")
    ENGINE = "engine", _("Background work")


@dataclass(frozen=True, slots=True)
class Origin:
    """A door, and the network address at it; "" where there is none."""

    door: Door
    address: str = ""


_BY_ITSELF: Final = Origin(Door.ENGINE)
_here: ContextVar[Origin] = ContextVar("journal_origin", default=_BY_ITSELF)


def here() -> Origin:
    """Where what is done now comes from; without anything said it is the engine's own doing."""
    return _here.get()


@contextmanager
def coming_from(door: Door, address: str = "") -> Iterator[None]:
    """Whatever is recorded within came in by this door."""
    token = _here.set(Origin(door, address))
    try:
        yield
    finally:
        _here.reset(token)


def stay(door: Door) -> None:
    """Whatever this process records from now on came in by this door, unless something else is said."""
    _here.set(Origin(door))


def door_of(request: HttpRequest) -> Door:
    """The door of a request, by its path."""
    first = request.path_info.lstrip("/").partition("/")[0]
    return {"admin": Door.CONSOLE, "api": Door.API}.get(first, Door.BROWSER)


def address_of(request: HttpRequest) -> str:
    """The caller's network address, as the last proxy of ours that must be believed saw it (`NUM_PROXIES`)."""
    seen = [str(request.META.get("REMOTE_ADDR", ""))]
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    seen = [part.strip() for part in told if part.strip()] + seen
    return seen[max(0, len(seen) - 1 - int(settings.NUM_PROXIES))][:45]
