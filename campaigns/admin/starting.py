"""The operators' view of checks and approvals: that they are there, and whose they are."""

from django.contrib import admin

from campaigns.admin.counted import CountedOnly
from campaigns.models import Approval, CampaignMailbox, Closing, Sheet, StateChange, Submission
from pecportal.admin import ReadOnlyAdmin


@admin.register(StateChange)
class StateChangeAdmin(ReadOnlyAdmin[StateChange]):
    """How campaigns moved; reasons may name recipients and stay with the organisation."""

    list_display = ("campaign", "state", "by", "at")
    list_filter = ("state",)
    list_select_related = ("campaign", "by")
    fields = ("campaign", "state", "by", "at")


@admin.register(CampaignMailbox)
class CampaignMailboxAdmin(ReadOnlyAdmin[CampaignMailbox]):
    """The further mailboxes of campaigns that several send, and what fell to each at the start."""

    list_display = ("campaign", "mailbox", "share")
    list_select_related = ("campaign", "mailbox")
    search_fields = ("campaign__name", "mailbox__address")
    fields = ("campaign", "mailbox", "share")


@admin.register(Sheet)
class SheetAdmin(ReadOnlyAdmin[Sheet]):
    """Checks before sending, by their hash alone."""

    list_display = ("campaign", "state", "state_since", "rows_done", "is_clean", "sha256")
    list_filter = ("state", "is_clean")
    list_select_related = ("campaign",)
    fields = (
        "campaign",
        "state",
        "state_since",
        "asked_by",
        "asked_at",
        "rows_total",
        "rows_done",
        "is_clean",
        "sha256",
    )


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin[Submission]):
    """Campaigns handed in for approval; what was said stays with the organisation."""

    list_display = ("campaign", "state", "state_since", "by", "at", "closed_by")
    list_filter = ("state",)
    list_select_related = ("campaign", "by", "closed_by")
    fields = ("campaign", "sheet", "sha256", "state", "state_since", "by", "at", "closed_by")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin[Approval]):
    """Who approved which sheet."""

    list_display = ("submission", "by", "at", "sha256")
    list_select_related = ("submission", "by")
    fields = ("submission", "by", "at", "sha256")


@admin.register(Closing)
class ClosingAdmin(CountedOnly):
    """Failed messages about which nothing more is done; the notes stay with the organisation."""

    list_display = ("message", "by", "at")
    list_select_related = ("message", "by")
