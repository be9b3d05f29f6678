"""The operators' view of campaigns: how they stand, never what they say or to whom."""

from datetime import datetime
from typing import ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns import (
    evidence,
    operating,  # noqa: F401 (registers its pages)
    sentences,
    wire,
)
from campaigns.admin import enclosed, listed, starting  # noqa: F401 (register their pages)
from campaigns.admin.counted import CountedOnly
from campaigns.models import (
    Answer,
    Attachment,
    Attempt,
    Baton,
    BrokenItem,
    Campaign,
    Decision,
    Doubt,
    InboxScan,
    InboxWatch,
    Incident,
    ListProblem,
    LivePump,
    Message,
    MessageContent,
    Receipt,
    Recipient,
    Reservation,
    Route,
    Search,
    SendingLane,
)
from campaigns.tracking import desk, requests
from mailboxes.models import Mailbox
from pecportal import vendor
from pecportal.admin import ReadOnlyAdmin, StateAdmin
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


@admin.register(Answer)
class AnswerAdmin(ReadOnlyAdmin[Answer]):
    """When the provider answered otherwise than by taking a message; its words may name the recipient."""

    list_display = ("attempt", "at", "status", "sha256")
    list_filter = ("status",)
    list_select_related = ("attempt",)
    exclude: ClassVar = ("body",)


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
    readonly_fields: ClassVar = ("request_sent",)

    @admin.display(description=_("Request sent to the provider"))
    def request_sent(self, attempt: Attempt) -> str:
        """The request as it went, without recipient, contents and secrets."""
        request = requests.of(attempt)
        return wire.without_contents(request).as_text if request else "-"


@admin.register(Doubt)
class DoubtAdmin(ReadOnlyAdmin[Doubt]):
    """Attempts in doubt, with what is known of each; the organisation's people decide, not the operators."""

    list_display = ("ref", "mailbox", "marked_at", "answer_status", "known", "missing", "searched", "waiting")
    list_select_related = ("mailbox",)
    list_per_page = 20
    ordering = ("ended_at", "pk")
    search_fields = ("=ref",)
    fields = (
        "ref",
        "mailbox",
        "n",
        "marked_at",
        "ended_at",
        "answer_status",
        "known",
        "missing",
        "searched",
        "waiting",
    )
    readonly_fields: ClassVar = ("known", "missing", "searched", "waiting")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Doubt]:
        """With the time of the last search."""
        return super().get_queryset(request).annotate(searched_at=models.Max("searches__at"))

    @admin.display(description=_("What is known"))
    def known(self, doubt: Doubt) -> str:
        """Found, absent as far as can be known, or not known yet."""
        return str(sentences.ANSWERS[evidence.of(doubt).finding.answer.value])

    @admin.display(description=_("What is missing"))
    def missing(self, doubt: Doubt) -> str:
        """The sentences of what is missing before absence may be claimed."""
        return " ".join(str(sentences.GAPS[gap.value]) for gap in evidence.of(doubt).finding.gaps)

    @admin.display(description=_("last looked for"))
    def searched(self, doubt: Doubt) -> datetime | None:
        """When the vendor's search was last asked."""
        return getattr(doubt, "searched_at", None)

    @admin.display(description=_("waits for a second person"), boolean=True)
    def waiting(self, doubt: Doubt) -> bool:
        """Whether somebody decided and a second person has to confirm it."""
        return doubt.decisions.filter(applied_at=None, withdrawn_at=None).exists()


@admin.register(Search)
class SearchAdmin(ReadOnlyAdmin[Search]):
    """When attempts in doubt were searched for."""

    list_display = ("attempt", "at", "found", "problem")
    list_select_related = ("attempt",)
    fields = ("attempt", "at", "found", "problem")


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
            ("all", gettext("All items without a message")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Receipt]) -> models.QuerySet[Receipt]:
        """The rows of the chosen view."""
        view = self.value()
        if view not in desk.VIEWS:
            return queryset
        return queryset.filter(pk__in=desk.items(Mailbox.objects.all(), view).order_by().values("pk"))


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin[Receipt]):
    """Receipts by kind and time; their words are the organisation's."""

    list_display = ("pk", "mailbox", "kind", "at", "seen_at", "attempt", "problem", "desk", "desk_by", "desk_at")
    list_filter = (OnDesk, "kind", "problem")
    list_select_related = ("mailbox", "attempt", "desk_by")
    fields = (
        "mailbox",
        "kind",
        "at",
        "seen_at",
        "attempt",
        "is_final",
        "is_certified",
        "cause",
        "problem",
        "desk",
        "desk_by",
        "desk_at",
        "identity",
    )


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    """What was taken of the mailboxes' allowances."""

    list_display = ("attempt", "mailbox", "at", "units", "released")
    list_filter = ("released",)
    list_select_related = ("attempt", "mailbox")


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


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin[Route]):
    """Where and as whom attempts were sent."""

    list_display = ("pk", "mailbox", "sender", "username", "url", "version")
    list_select_related = ("mailbox",)


@admin.register(BrokenItem)
class BrokenItemAdmin(ReadOnlyAdmin[BrokenItem]):
    """Items of inboxes that cannot be read; their words are the organisation's."""

    list_display = ("pk", "mailbox", "problem", "first_seen_at", "seen_at", "times", "solved_at")
    list_filter = (("solved_at", admin.EmptyFieldListFilter),)
    list_select_related = ("mailbox",)
    fields = ("mailbox", "key", "item_id", "problem", "first_seen_at", "seen_at", "times", "solved_at")


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
