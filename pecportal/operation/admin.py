"""The operators' view of the portal's own watch."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from pecportal.admin import ReadOnlyAdmin
from pecportal.operation import deployment, meanings, standing
from pecportal.operation.models import Alert, Deed, Delivery, Figure, Handled, Pulse, Switch, VendorCall, VendorSpan


class GoesOn(admin.EmptyFieldListFilter):
    """Whether an alert is over, in words instead of “empty”."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """All, those that go on, those that are over."""
        words = (_("All"), _("Goes on"), _("Over"))
        for word, choice in zip(words, super().choices(changelist), strict=True):
            yield {**choice, "display": word}


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Alerts, newest first."""

    list_display = ("title", "organisation", "raised_at", "seen_at", "times", "ended_at")
    list_filter = (("ended_at", GoesOn), "kind")
    list_select_related = ("organisation",)
    list_per_page = 50  # each is put into words
    readonly_fields = ("title", "clerks", "todo")
    fields = (
        "title",
        "clerks",
        "todo",
        "organisation",
        "raised_at",
        "seen_at",
        "times",
        "ended_at",
        "told_at",
        "cleared_at",
        "kind",
        "key",
        "facts",
    )

    @admin.display(description=_("what happened"))
    def title(self, alert: Alert) -> str:
        """The alert in words."""
        return meanings.of(alert).title

    @admin.display(description=_("what it means for clerks"))
    def clerks(self, alert: Alert) -> str:
        """What they notice of it."""
        return meanings.of(alert).clerks

    @admin.display(description=_("what to do"))
    def todo(self, alert: Alert) -> str:
        """What ends it."""
        return meanings.of(alert).todo or "-"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """What was told of alerts, and to whom."""

    list_display = ("alert", "event", "channel", "to", "tries", "done_at", "problem")
    list_filter = ("channel", ("done_at", admin.EmptyFieldListFilter))
    list_select_related = ("alert",)
    list_per_page = 50


@admin.register(Pulse)
class PulseAdmin(ReadOnlyAdmin[Pulse]):
    """How the portal stands, lane by lane, above the signs of life themselves."""

    list_display = ("name", "beaten_at")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with what it means."""
        now = standing.of()
        why = deployment.sentence(now.sending_off) if now.sending_off else ""
        return super().changelist_view(request, {**(extra_context or {}), "standing": now, "why_off": why})


@admin.register(Switch)
class SwitchAdmin(ReadOnlyAdmin[Switch]):
    """What was switched off, by whom, and why; the console's own page does it."""

    list_display = ("scope", "name", "sentence", "by", "since", "ended_by", "ended_at")
    list_filter = ("scope", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("by", "ended_by")


@admin.register(VendorCall)
class VendorCallAdmin(ReadOnlyAdmin[VendorCall]):
    """When the vendor's APIs last answered."""

    list_display = ("account", "api", "good_at", "bad_at", "problem")


@admin.register(VendorSpan)
class VendorSpanAdmin(ReadOnlyAdmin[VendorSpan]):
    """How many calls there were, and how many failed."""

    list_display = ("at", "account", "api", "calls", "failed")


@admin.register(Figure)
class FigureAdmin(ReadOnlyAdmin[Figure]):
    """What was counted in the background."""

    list_display = ("kind", "about", "value", "at")


@admin.register(Deed)
class DeedAdmin(ReadOnlyAdmin[Deed]):
    """What operators did on the desks, and why."""

    list_display = ("at", "by", "act", "chosen", "done", "reason")
    list_select_related = ("by",)


@admin.register(Handled)
class HandledAdmin(ReadOnlyAdmin[Handled]):
    """What was acted on, and when last."""

    list_display = ("act", "key", "at")
