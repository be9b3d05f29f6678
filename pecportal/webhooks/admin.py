"""The operators' view of events and webhooks: how they go, never a secret."""

from typing import ClassVar

from django.contrib import admin

from pecportal.admin import LongListAdmin, ReadOnlyAdmin
from pecportal.webhooks.models import Call, Delivery, Event, Head, Webhook


@admin.register(Event)
class EventAdmin(LongListAdmin[Event]):
    """What happened, and its place in the feed."""

    list_display = ("public_id", "type", "organisation", "at", "position")
    list_select_related = ("organisation",)


@admin.register(Head)
class HeadAdmin(ReadOnlyAdmin[Head]):
    """How far the feed is, and who delivers."""

    list_display = ("position", "holder", "leased_until")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin[Webhook]):
    """Whether webhooks are called, and how that goes. Addresses are left out: they may hold keys of the receivers'."""

    list_display = ("name", "organisation", "state", "because", "failures", "failing_since")
    list_filter = ("state",)
    list_select_related = ("organisation",)
    fields: ClassVar = [
        *("public_id", "organisation", "program", "name", "types", "state", "state_since", "because", "told_at"),
        *("failures", "failing_since", "rest_until", "old_secret_until", "created_by", "created_at"),
    ]


@admin.register(Delivery)
class DeliveryAdmin(LongListAdmin[Delivery]):
    """What became of deliveries."""

    list_display = ("public_id", "webhook", "state", "tries", "last_at", "last_status", "problem")
    list_select_related = ("webhook",)


@admin.register(Call)
class CallAdmin(LongListAdmin[Call]):
    """Each call."""

    list_display = ("id", "at", "status", "problem", "milliseconds")
