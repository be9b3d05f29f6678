"""The operators' view of the portal's own watch."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from pecportal.admin import ReadOnlyAdmin
from pecportal.operation import deployment, standing
from pecportal.operation.models import Alert, Pulse


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Alerts, newest first."""

    list_display = ("kind", "key", "organisation", "raised_at", "seen_at", "times", "ended_at")
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("organisation",)


@admin.register(Pulse)
class PulseAdmin(ReadOnlyAdmin[Pulse]):
    """How the portal stands, lane by lane, above the signs of life themselves."""

    list_display = ("name", "beaten_at")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with what it means."""
        now = standing.of()
        why = deployment.sentence(now.sending_off) if now.sending_off else ""
        return super().changelist_view(request, {**(extra_context or {}), "standing": now, "why_off": why})
