"""The operators' view of messages and of the attempts to send them."""

from typing import ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns import evidence, references, sentences, wire
from campaigns.models import Answer, Attempt, Doubt, Message, Reservation, Route, Search
from campaigns.states import Shown
from campaigns.tracking import requests
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.admin import LongListAdmin, ReadOnlyAdmin


class StatusOfCampaign(admin.SimpleListFilter):
    """Messages of one campaign by their status: of all campaigns it would read every row."""

    title = _("status")
    parameter_name = "of_status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Message]) -> list[tuple[str, str]]:
        """All of them, once a campaign is chosen."""
        return [(each.value, str(each.label)) for each in Shown] if "campaign__id__exact" in request.GET else []

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Message]) -> models.QuerySet[Message]:
        """Those with the chosen status."""
        is_one = self.value() in Shown.values and "campaign__id__exact" in request.GET
        return queryset.filter(status=self.value()) if is_one else queryset


@admin.register(Message)
class MessageAdmin(LongListAdmin[Message]):
    """Messages by reference; recipients are not shown."""

    list_display = ("ref", "campaign", "line", "status", "state", "state_since", "sent_at")
    list_filter = (StatusOfCampaign,)
    list_select_related = ("campaign",)
    filters_by = ("campaign__id__exact",)
    search_fields = ("ref",)
    search_help_text = _("The reference, as it stands in the subject")
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

    def key_of(self, request: HttpRequest) -> str:
        """A campaign's messages by their line: by id the database would look through all others."""
        is_whole = "campaign__id__exact" in request.GET and request.GET.get("of_status") not in Shown.values
        return "-line" if is_whole else "-pk"

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Message], search_term: str
    ) -> tuple[models.QuerySet[Message], bool]:
        """The one with this reference."""
        term = search_term.strip()
        return (queryset.filter(ref=_reference(term)) if term else queryset), False


@admin.register(Answer)
class AnswerAdmin(LongListAdmin[Answer]):
    """When the provider answered otherwise than by taking a message; its words may name the recipient."""

    list_display = ("attempt", "at", "status", "sha256")
    list_select_related = ("attempt",)
    exclude: ClassVar = ("body",)


@admin.register(Attempt)
class AttemptAdmin(LongListAdmin[Attempt]):
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
    list_select_related = ("mailbox",)
    search_fields = ("ref", "code")
    search_help_text = _("The reference, or the provider's code")
    exclude: ClassVar = ("answer",)
    readonly_fields: ClassVar = ("request_sent",)

    @admin.display(description=_("Request sent to the provider"))
    def request_sent(self, attempt: Attempt) -> str:
        """The request as it went, without recipient, contents and secrets."""
        request = requests.of(attempt)
        return wire.without_contents(request).as_text if request else "-"

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Attempt], search_term: str
    ) -> tuple[models.QuerySet[Attempt], bool]:
        """Those of the message with this reference, or the one with this code."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isascii() and term.isdigit() and len(term) > references.LENGTH:
            return queryset.filter(mailbox__in=Mailbox.objects.values("pk"), code=term), False
        return queryset.filter(message__ref=_reference(term)), False


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
    def searched(self, doubt: Doubt) -> str:
        """When the vendor's search was last asked."""
        at = getattr(doubt, "searched_at", None)
        return clock.shown(at) if at else "-"

    @admin.display(description=_("waits for a second person"), boolean=True)
    def waiting(self, doubt: Doubt) -> bool:
        """Whether somebody decided and a second person has to confirm it."""
        return doubt.decisions.filter(applied_at=None, withdrawn_at=None).exists()


@admin.register(Search)
class SearchAdmin(LongListAdmin[Search]):
    """When attempts in doubt were searched for."""

    list_display = ("attempt", "at", "found", "problem")
    list_select_related = ("attempt",)
    fields = ("attempt", "at", "found", "problem")


@admin.register(Reservation)
class ReservationAdmin(LongListAdmin[Reservation]):
    """What was taken of the mailboxes' allowances."""

    list_display = ("attempt", "mailbox", "at", "units", "released")
    list_select_related = ("attempt", "mailbox")


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin[Route]):
    """Where and as whom attempts were sent."""

    list_display = ("id", "mailbox", "sender", "username", "url", "version")
    list_select_related = ("mailbox",)


def _reference(typed: str) -> str:
    """A message's reference as somebody types it: with `Rif.`, in small letters, or an attempt's."""
    return typed.upper().removeprefix("RIF.").strip().partition("-")[0][: references.LENGTH]
