"""The operators' view of the journal."""

from django.contrib import admin

from pecportal.admin import LongListAdmin, ReadOnlyAdmin
from pecportal.journal.models import Entry, Head


@admin.register(Entry)
class EntryAdmin(LongListAdmin[Entry]):
    """Acts, newest first."""

    list_display = ("number", "at", "actor_name", "action", "organisation", "target_type", "target_id")
    list_select_related = ("organisation",)
    filters_by = ("organisation__id__exact", "actor__id__exact")


@admin.register(Head)
class HeadAdmin(ReadOnlyAdmin[Head]):
    """The chain's last link."""

    list_display = ("number", "digest")
