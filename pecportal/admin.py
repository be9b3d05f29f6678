"""Bases of the operators' console: what the engine writes can be looked at there, never edited."""

from typing import TypeVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

M = TypeVar("M", bound=models.Model)


def without_queue(site: admin.AdminSite) -> None:
    """Take the queue's own pages away: whoever can edit a schedule there can run any function."""
    for model in list(site._registry):
        if model._meta.app_label == "django_q":
            site.unregister(model)


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """Rows that only the engine writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes."""
        return False


class StateAdmin(admin.ModelAdmin[M]):
    """Rows whose data an operator may correct but whose state moves only by its own rules; never deleted."""

    always_readonly = ("state", "state_since", "public_id", "organisation")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> tuple[str, ...]:
        """The class's own, and every field that says where the row stands."""
        names = {field.name for field in self.model._meta.get_fields()}
        fixed = tuple(name for name in self.always_readonly if name in names)
        return (*tuple(str(name) for name in super().get_readonly_fields(request, obj)), *fixed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are made in the portal, where their rules live."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """What was sent or bought stays on record."""
        return False
