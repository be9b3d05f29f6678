"""The operators' view of the journal."""

from django.contrib import admin

from pecportal.admin import ReadOnlyAdmin
from pecportal.journal.models import Entry, Head


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    """Acts, newest first."""

    list_display = ("number", "at", "actor_name", "action", "organisation", "target_type", "target_id")
    list_filter = ("action",)
    list_select_related = ("organisation",)
    search_fields = ("actor_name", "action")
    date_hierarchy = "at"


@admin.register(Head)
class HeadAdmin(ReadOnlyAdmin[Head]):
    """The chain's last link."""

    list_display = ("number", "digest")
