"""The operators' view of mailboxes: how they stand, never a password, a callback's address or a paper's content."""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db import models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes import adopting, plans
from mailboxes.models import (
    Application,
    Found,
    HandIn,
    Mailbox,
    Notice,
    Order,
    PagePicture,
    Paper,
    Plan,
    SavedStep,
    SpaceReading,
    StateChange,
    VendorAct,
)
from pecportal.admin import ReadOnlyAdmin, StateAdmin
from pecportal.organisations.models import User


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


@admin.register(Plan)
class PlanAdmin(ModelAdmin[Plan]):
    """The vendor's limits and prices, as data."""

    formfield_overrides: ClassVar[Any] = {models.URLField: {"assume_scheme": "https"}}
    list_display = (
        "name",
        "kind",
        "yearly_price",
        "message_price",
        "prices_noted_on",
        "is_orderable",
        "daily_limit",
        "monthly_limit",
        "yearly_limit",
        "margin",
        "window",
        "rate",
        "pace_of",
    )

    def save_model(self, request: HttpRequest, obj: Plan, form: forms.ModelForm[Plan], change: bool) -> None:
        """Through the work function, which records it."""
        plans.save(obj, actor=_operator(request))

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """Mailboxes hold on to theirs."""
        return False


@admin.register(Mailbox)
class MailboxAdmin(StateAdmin[Mailbox]):
    """Mailboxes; only the plan, and the account at the vendor, are an operator's to change."""

    list_display = (
        "address",
        "organisation",
        "kind",
        "plan",
        "state",
        "vendor_state",
        "credentials_state",
        "expires_at",
        "refreshed_at",
    )
    list_filter = ("state", "vendor_state", "credentials_state", "kind", "plan")
    list_select_related = ("organisation", "plan")
    search_fields = ("address", "organisation__name", "=vendor_id")
    date_hierarchy = "created_at"
    fields = (
        "address",
        "asked_address",
        "organisation",
        "kind",
        "plan",
        "state",
        "state_since",
        "problem_code",
        "problem",
        "vendor_account",
        "vendor_id",
        "vendor_state",
        "expires_at",
        "is_by_hand",
        "refreshed_at",
        "refresh_at",
        "refreshes",
        "credentials_state",
        "credentials_since",
        "space_used",
        "space_limit",
        "space_at",
        "created_by",
        "created_at",
        "record",
        "public_id",
    )
    readonly_fields = tuple(name for name in fields if name not in ("plan", "vendor_account"))

    @admin.display(description=_("the vendor's record"))
    def record(self, mailbox: Mailbox) -> str:
        """The record as the vendor gave it, without the callback."""
        return json.dumps(mailbox.vendor_record, ensure_ascii=False, indent=2)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: forms.ModelForm[Mailbox], change: bool) -> None:
        """Through the work function, which records it; nothing else is changed here."""
        plans.assign(obj, obj.plan, actor=_operator(request))
        adopting.assign_account(obj, obj.vendor_account, actor=_operator(request))


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin[Application]):
    """What was asked for, of whom."""

    list_display = ("mailbox", "tipo_cliente", "denominazione_titolare", "autorinnovo")
    list_filter = ("tipo_cliente",)
    list_select_related = ("mailbox",)
    search_fields = ("mailbox__address", "denominazione_titolare")


@admin.register(SavedStep)
class SavedStepAdmin(ReadOnlyAdmin[SavedStep]):
    """Who saved which step of a registration last."""

    list_display = ("application", "step", "version", "by", "at")
    list_filter = ("step",)
    list_select_related = ("application", "by")


@admin.register(VendorAct)
class VendorActAdmin(ReadOnlyAdmin[VendorAct]):
    """Calls that pay or change something, and how each ended."""

    list_display = (
        "mailbox",
        "kind",
        "outcome",
        "times",
        "begun_at",
        "marked_at",
        "ended_at",
        "looks",
        "answer_status",
    )
    list_filter = ("kind", "outcome")
    list_select_related = ("mailbox",)
    search_fields = ("mailbox__address",)


@admin.register(StateChange)
class StateChangeAdmin(ReadOnlyAdmin[StateChange]):
    """The histories of all mailboxes."""

    list_display = ("mailbox", "at", "state", "source", "by")
    list_filter = ("source",)
    list_select_related = ("mailbox", "by")
    search_fields = ("mailbox__address", "state")


@admin.register(HandIn)
class HandInAdmin(ReadOnlyAdmin[HandIn]):
    """Documents on their way to the vendor."""

    list_display = ("mailbox", "state", "state_since", "by", "at", "problem_code")
    list_filter = ("state",)
    list_select_related = ("mailbox", "by")
    search_fields = ("mailbox__address",)


@admin.register(PagePicture)
class PagePictureAdmin(ReadOnlyAdmin[PagePicture]):
    """That a page has a picture, not what it shows: not even where it lies."""

    list_display = ("paper", "page")
    list_select_related = ("paper",)
    fields: ClassVar[Any] = ("paper", "page")
    readonly_fields = fields


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin[Paper]):
    """That there are papers, not what they show: not even where they lie."""

    list_display = ("mailbox", "kind", "format", "size", "added_at", "erased_at")
    list_filter = ("kind", "erase_because")
    list_select_related = ("mailbox",)
    fields: ClassVar[Any] = (
        "mailbox",
        "hand_in",
        "kind",
        "format",
        "size",
        "sha256",
        "added_at",
        "erase_because",
        "erased_at",
    )


@admin.register(SpaceReading)
class SpaceReadingAdmin(ReadOnlyAdmin[SpaceReading]):
    """How full each mailbox was."""

    list_display = ("mailbox", "at", "used", "limit")
    list_select_related = ("mailbox",)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin[Order]):
    """Renewals and revocations, and how each ended."""

    list_display = ("mailbox", "kind", "years", "price", "state", "by", "at", "confirmed_by")
    list_filter = ("kind", "state")
    list_select_related = ("mailbox", "by", "confirmed_by")
    search_fields = ("mailbox__address",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin[Notice]):
    """Letters to clerks, and whether they left."""

    list_display = ("mailbox", "kind", "at", "sent_at", "recipients", "tries")
    list_filter = ("kind", ("sent_at", admin.EmptyFieldListFilter))
    list_select_related = ("mailbox",)
    search_fields = ("mailbox__address",)


@admin.register(Found)
class FoundAdmin(ModelAdmin[Found]):
    """Mailboxes of the account that the portal does not have: an operator says whose each is."""

    list_display = ("address", "kind", "vendor_state", "organisation", "is_refused", "adopted_as", "seen_at")
    list_filter = ("is_refused", ("adopted_as", admin.EmptyFieldListFilter), "organisation")
    list_select_related = ("organisation", "adopted_as")
    search_fields = ("address", "=vendor_id")
    fields = (
        "address",
        "vendor_id",
        "kind",
        "vendor_state",
        "expires_at",
        "organisation",
        "is_refused",
        "found_at",
        "seen_at",
        "adopted_as",
    )
    readonly_fields = tuple(name for name in fields if name not in ("organisation", "is_refused"))

    def save_model(self, request: HttpRequest, obj: Found, form: forms.ModelForm[Found], change: bool) -> None:
        """Through the work function, which records it."""
        adopting.offer_to(obj, obj.organisation, is_refused=obj.is_refused, actor=_operator(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are found, not written."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Found | None = None) -> bool:
        """Until it is adopted."""
        return super().has_change_permission(request, obj) and (obj is None or obj.adopted_as_id is None)

    def has_delete_permission(self, request: HttpRequest, obj: Found | None = None) -> bool:
        """What is not found any more goes by itself."""
        return False
