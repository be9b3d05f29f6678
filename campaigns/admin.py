"""The operators' view of campaigns: how they stand, never what they say or to whom."""

from typing import ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from campaigns.models import (
    Attachment,
    Attempt,
    Baton,
    Campaign,
    InboxScan,
    InboxWatch,
    ListProblem,
    Message,
    MessageContent,
    Receipt,
    Recipient,
    Reservation,
    SendingLane,
)
from pecportal.admin import ReadOnlyAdmin, StateAdmin


class CountedOnly(ReadOnlyAdmin[models.Model]):
    """Rows whose content is the organisation's alone: an operator sees that they are there, and opens none."""

    list_display_links = None

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """The list may be seen, a row may not."""
        return obj is None and super().has_view_permission(request, obj)


@admin.register(Campaign)
class CampaignAdmin(StateAdmin[Campaign]):
    """Campaigns; subject and text stay with the organisation."""

    list_display = ("name", "organisation", "mailbox", "state", "state_since", "recipients_total", "launched_at")
    list_filter = ("state",)
    list_select_related = ("organisation", "mailbox")
    search_fields = ("name", "organisation__name", "mailbox__address")
    date_hierarchy = "created_at"
    fields = (
        "name",
        "organisation",
        "mailbox",
        "state",
        "state_since",
        "recipients_total",
        "problems_total",
        "skip_problems",
        "list_sha256",
        "created_by",
        "created_at",
        "launched_by",
        "launched_at",
        "public_id",
    )

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Campaigns are prepared and started in the portal."""
        return False


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin[Message]):
    """Messages by reference; recipients are not shown."""

    list_display = ("ref", "campaign", "line", "state", "state_since", "status", "verdict", "sent_at")
    list_filter = ("state", "status")
    list_select_related = ("campaign",)
    search_fields = ("=ref",)
    search_help_text = "ref"
    fields = (
        "ref",
        "campaign",
        "mailbox",
        "line",
        "state",
        "state_since",
        "status",
        "verdict",
        "flags",
        "not_before",
        "failures",
        "sent_at",
        "accepted_at",
        "decided_at",
        "deadline_at",
        "public_id",
    )


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    """Attempts to send, with the provider's code; its words may name the recipient and are not shown."""

    list_display = (
        "ref",
        "mailbox",
        "phase",
        "outcome",
        "claimed_at",
        "marked_at",
        "ended_at",
        "answer_status",
        "code",
    )
    list_filter = ("outcome", "phase")
    list_select_related = ("mailbox",)
    search_fields = ("=ref", "=code")
    exclude: ClassVar = ("answer",)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin[Receipt]):
    """Receipts by kind and time; their words are the organisation's."""

    list_display = ("pk", "mailbox", "kind", "at", "seen_at", "attempt", "problem")
    list_filter = ("kind", "problem")
    list_select_related = ("mailbox", "attempt")
    fields = ("mailbox", "kind", "at", "seen_at", "attempt", "is_final", "is_certified", "cause", "problem", "identity")


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    """What was taken of the mailboxes' allowances."""

    list_display = ("attempt", "mailbox", "at", "units", "released")
    list_filter = ("released",)
    list_select_related = ("attempt", "mailbox")


@admin.register(SendingLane)
class SendingLaneAdmin(ReadOnlyAdmin[SendingLane]):
    """The ways out of the mailboxes, and what holds them up."""

    list_display = ("mailbox", "hold", "held_until", "breaker_level", "leased_until", "next_slot_at")
    list_filter = ("hold",)
    list_select_related = ("mailbox",)
    exclude: ClassVar = ("hold_words",)


@admin.register(InboxWatch)
class InboxWatchAdmin(ReadOnlyAdmin[InboxWatch]):
    """When inboxes are read."""

    list_display = ("mailbox", "read_at", "full_at", "leased_until")
    list_select_related = ("mailbox",)


@admin.register(Baton)
class BatonAdmin(ReadOnlyAdmin[Baton]):
    """Which worker does what only one may do."""

    list_display = ("name", "holder", "leased_until")


@admin.register(InboxScan)
class InboxScanAdmin(ReadOnlyAdmin[InboxScan]):
    """Walks through inboxes."""

    list_display = (
        "mailbox",
        "started_at",
        "ended_at",
        "full",
        "complete",
        "pages",
        "items",
        "new",
        "broken",
        "problem",
    )
    list_filter = ("full", "complete")
    list_select_related = ("mailbox",)


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin[Attachment]):
    """Files by type, size and hash; names and bytes are not shown."""

    list_display = ("pk", "campaign", "content_type", "size", "sha256", "added_at")
    list_select_related = ("campaign",)
    fields = ("campaign", "content_type", "size", "sha256", "added_at")


@admin.register(ListProblem)
class ListProblemAdmin(ReadOnlyAdmin[ListProblem]):
    """Faults of lists, without what stands in the faulty cells."""

    list_display = ("campaign", "line", "code", "is_warning")
    list_filter = ("is_warning", "code")
    list_select_related = ("campaign",)
    fields = ("campaign", "line", "code", "first_line", "is_warning")


@admin.register(Recipient)
class RecipientAdmin(CountedOnly):
    """That there are recipients, not who they are."""

    list_display = ("campaign", "line")
    list_select_related = ("campaign",)


@admin.register(MessageContent)
class MessageContentAdmin(CountedOnly):
    """That there are contents, with the hash of what was sent."""

    list_display = ("message", "payload_sha256")
    list_select_related = ("message",)
