"""The operators' view of the journal."""

from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pecportal.admin import LongListAdmin, ReadOnlyAdmin
from pecportal.journal import checking
from pecportal.journal.models import Anchor, Check, Entry, Head, Refused
from pecportal.organisations.models import User


@admin.register(Entry)
class EntryAdmin(LongListAdmin[Entry]):
    """Acts, newest first."""

    list_display = (
        "number",
        "at",
        "actor_name",
        "sentence",
        "organisation",
        "target",
        "door",
        "address",
    )
    list_select_related = ("organisation",)
    filters_by = ("organisation__id__exact", "actor__id__exact")

    @admin.display(description=_("what"))
    def sentence(self, entry: Entry) -> str:
        """The act in words."""
        return entry.sentence(str(entry.target_id or ""))

    @admin.display(description=_("what it was done to"))
    def target(self, entry: Entry) -> str:
        """What kind of thing, in words, and its number."""
        try:
            kind = str(apps.get_model(entry.target_type)._meta.verbose_name)
        except (LookupError, ValueError):  # none, or one of an earlier version
            kind = entry.target_type
        return f"{kind} {entry.target_id or ''}".strip() or "-"


@admin.register(Head)
class HeadAdmin(ReadOnlyAdmin[Head]):
    """The chain's last link."""

    list_display = ("number", "digest")


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin[Check]):
    """What was found each night, and whenever somebody asked."""

    list_display = ("asked_at", "asked_by", "ended_at", "entries", "is_good", "broken_at", "reason")
    list_select_related = ("asked_by",)

    def get_urls(self) -> list[URLPattern]:
        """The list's own, and asking for a check."""
        ask = self.admin_site.admin_view(self.ask)
        return [path("ask/", ask, name="journal_check_ask"), *super().get_urls()]

    @method_decorator(require_POST)
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Have the chain walked now."""
        if not self.has_view_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        checking.ask(actor=request.user)
        messages.info(request, _("The journal is being verified. Load this page again to see what was found."))
        return redirect("admin:journal_check_changelist")


@admin.register(Anchor)
class AnchorAdmin(ReadOnlyAdmin[Anchor]):
    """What was told outside."""

    list_display = ("at", "number", "digest", "mailed_at", "filed_at", "tries")


@admin.register(Refused)
class RefusedAdmin(ReadOnlyAdmin[Refused]):
    """How often the same was refused of late."""

    list_display = ("key", "since", "times")
