"""Rows of which an operator learns only that they are there."""

from django.db import models
from django.http import HttpRequest

from pecportal.admin import LongListAdmin


class CountedOnly(LongListAdmin[models.Model]):
    """Rows whose content is the organisation's alone: an operator sees that they are there, and opens none."""

    list_display_links = None

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """The list may be seen, a row may not."""
        return obj is None and super().has_view_permission(request, obj)
