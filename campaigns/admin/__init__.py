"""The operators' view of campaigns: how they stand, never what they say or to whom."""

from typing import ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns import operating, sentences  # noqa: F401 (the former registers its pages)
from campaigns.admin import enclosed, listed, sent, starting  # noqa: F401 (register their pages)
from campaigns.admin.counted import CountedOnly
from campaigns.models import (
    Attachment,
    Baton,
    BrokenItem,
    Campaign,
    Decision,
    InboxScan,
    InboxWatch,
    Incident,
    ListProblem,
    LivePump,
    MessageContent,
    Receipt,
    Recipient,
    SendingLane,
)
from campaigns.models.tracking import Desk
from campaigns.tracking import desk, progress
from pecportal import vendor
from pecportal.admin import LongListAdmin, ReadOnlyAdmin, StateAdmin
from pecportal.operation import deployment


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


class OnDesk(admin.SimpleListFilter):
    """The items that no rule could give to a message, by what people did with them."""

    title = _("desk")
    parameter_name = "on_desk"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Receipt]) -> list[tuple[str, str]]:
        """The desk's views."""
        return [
            ("open", gettext("To be matched")),
            ("ignored", gettext("Put aside")),
            ("linked", gettext("Given to a message")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Receipt]) -> models.QuerySet[Receipt]:
        """The rows of the chosen view."""
        view = self.value()
        if view == desk.OPEN:
            return queryset.filter(message__isnull=True, desk="").exclude(problem="")
        return queryset.filter(desk=view) if view in (Desk.IGNORED, Desk.LINKED) else queryset


@admin.register(Receipt)
class ReceiptAdmin(LongListAdmin[Receipt]):
    """Receipts by kind and time; their words are the organisation's."""

    list_display = ("id", "mailbox", "what", "at", "seen_at", "attempt", "why", "desk", "desk_by", "desk_at")
    list_filter = (OnDesk,)
    list_select_related = ("mailbox", "attempt", "desk_by")
    fields = (
        "mailbox",
        "what",
        "at",
        "seen_at",
        "attempt",
        "is_final",
        "is_certified",
        "cause",
        "why",
        "desk",
        "desk_by",
        "desk_at",
        "identity",
    )
    readonly_fields: ClassVar = ("what", "why")

    @admin.display(description=_("kind"))
    def what(self, receipt: Receipt) -> str:
        """What it is called; what that means stands on the desk."""
        return str(progress.TITLES.get(receipt.kind, receipt.kind)).partition(":")[0]

    @admin.display(description=_("why it could not be matched"))
    def why(self, receipt: Receipt) -> str:
        """Why no rule gave it to a message, in a sentence."""
        return sentences.of_unmatched(receipt.problem) if receipt.problem else "-"


@admin.register(SendingLane)
class SendingLaneAdmin(ReadOnlyAdmin[SendingLane]):
    """The ways out of the mailboxes, and what holds them up."""

    list_display = ("mailbox", "standstill", "held_until", "breaker_level", "leased_until", "next_slot_at")
    list_filter = ("hold",)
    list_select_related = ("mailbox__plan", *(f"mailbox__{name}" for name in vendor.RELATED))
    exclude: ClassVar = ("hold_words",)
    readonly_fields = ("standstill",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingLane]:
        """With why the whole portal sends nothing, asked once."""
        return super().get_queryset(request).annotate(off=Value(deployment.why_off()))

    @admin.display(description=_("what holds it up"))
    def standstill(self, lane: SendingLane) -> str:
        """Why nothing leaves it: sending is off, its mailbox may not send or is too full, or it rests by itself."""
        off = getattr(lane, "off", "")
        return deployment.sentence(off) if off else lane.mailbox.why_not_now() or lane.get_hold_display() or "–"


@admin.register(InboxWatch)
class InboxWatchAdmin(ReadOnlyAdmin[InboxWatch]):
    """When inboxes are read."""

    list_display = ("mailbox", "read_at", "full_at", "leased_until")
    list_select_related = ("mailbox",)


@admin.register(BrokenItem)
class BrokenItemAdmin(ReadOnlyAdmin[BrokenItem]):
    """Items of inboxes that cannot be read; their words, and the provider's, are the organisation's."""

    list_display = ("id", "mailbox", "first_seen_at", "seen_at", "times", "solved_at")
    list_filter = (("solved_at", admin.EmptyFieldListFilter),)
    list_select_related = ("mailbox",)
    fields = ("mailbox", "key", "item_id", "first_seen_at", "seen_at", "times", "solved_at")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin[Decision]):
    """What people decided about messages in doubt."""

    list_display = ("attempt", "choice", "by", "at", "confirmed_by", "applied_at", "withdrawn_at")
    list_filter = ("choice",)
    list_select_related = ("attempt", "by", "confirmed_by")
    exclude: ClassVar = ("evidence", "reason", "proof_name", "proof_stored_as")


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin[Incident]):
    """Receipts that contradict what was recorded or decided."""

    list_display = ("attempt", "kind", "at", "seen_by", "seen_at")
    list_filter = ("kind",)
    list_select_related = ("attempt", "seen_by")


@admin.register(LivePump)
class LivePumpAdmin(ReadOnlyAdmin[LivePump]):
    """The pumps that run just now, and on which machine."""

    list_display = ("host", "holder", "leased_until")


@admin.register(Baton)
class BatonAdmin(ReadOnlyAdmin[Baton]):
    """Which worker does what only one may do."""

    list_display = ("name", "holder", "leased_until")


@admin.register(InboxScan)
class InboxScanAdmin(LongListAdmin[InboxScan]):
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
    list_select_related = ("mailbox",)
    filters_by = ("mailbox__id__exact",)


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin[Attachment]):
    """Files by type, size and hash; names and bytes are not shown."""

    list_display = ("id", "campaign", "content_type", "size", "sha256", "added_at")
    list_select_related = ("campaign",)
    fields = ("campaign", "content_type", "size", "sha256", "added_at")


@admin.register(ListProblem)
class ListProblemAdmin(LongListAdmin[ListProblem]):
    """Faults of lists, without what stands in the faulty cells."""

    list_display = ("campaign", "line", "code", "is_warning")
    filters_by = ("campaign__id__exact",)
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
