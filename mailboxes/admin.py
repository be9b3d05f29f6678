"""The operators' view of mailboxes: how they stand, never a password, a callback's address or a paper's content."""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes import plans
from mailboxes.models import Application, HandIn, Mailbox, Paper, Plan, StateChange, VendorAct
from pecportal.admin import ReadOnlyAdmin, StateAdmin
from pecportal.organisations.models import User


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


@admin.register(Plan)
class PlanAdmin(ModelAdmin[Plan]):
    """The vendor's limits, as data."""

    list_display = ("name", "daily_limit", "monthly_limit", "margin")

    def save_model(self, request: HttpRequest, obj: Plan, form: forms.ModelForm[Plan], change: bool) -> None:
        """Through the work function, which records it."""
        plans.save(obj, actor=_operator(request))

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """Mailboxes hold on to theirs."""
        return False


@admin.register(Mailbox)
class MailboxAdmin(StateAdmin[Mailbox]):
    """Mailboxes; only the plan is an operator's to change."""

    list_display = (
        "address",
        "organisation",
        "kind",
        "plan",
        "state",
        "vendor_state",
        "credentials_state",
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
        "vendor_id",
        "vendor_state",
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
    readonly_fields = tuple(name for name in fields if name != "plan")

    @admin.display(description=_("the vendor's record"))
    def record(self, mailbox: Mailbox) -> str:
        """The record as the vendor gave it, without the callback."""
        return json.dumps(mailbox.vendor_record, ensure_ascii=False, indent=2)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: forms.ModelForm[Mailbox], change: bool) -> None:
        """Through the work function, which records it; nothing else is changed here."""
        plans.assign(obj, obj.plan, actor=_operator(request))


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin[Application]):
    """What was asked for, of whom."""

    list_display = ("mailbox", "tipo_cliente", "denominazione_titolare", "autorinnovo")
    list_filter = ("tipo_cliente",)
    list_select_related = ("mailbox",)
    search_fields = ("mailbox__address", "denominazione_titolare")


@admin.register(VendorAct)
class VendorActAdmin(ReadOnlyAdmin[VendorAct]):
    """Calls that pay or change something, and how each ended."""

    list_display = ("mailbox", "kind", "outcome", "begun_at", "marked_at", "ended_at", "looks", "answer_status")
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


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin[Paper]):
    """That there are papers, not what they show: not even where they lie."""

    list_display = ("mailbox", "kind", "size", "added_at")
    list_filter = ("kind",)
    list_select_related = ("mailbox",)
    fields: ClassVar[Any] = ("mailbox", "hand_in", "kind", "size", "sha256", "added_at")
