"""The operators' view of lists and address books: that they are there, never who is in them."""

from django.contrib import admin

from campaigns.admin.counted import CountedOnly
from campaigns.models import (
    Contact,
    ContactChange,
    ContactGroup,
    ContactRun,
    ListDomain,
    ListReading,
    Merging,
    Package,
    Posted,
    RowReference,
)
from pecportal.admin import ReadOnlyAdmin


@admin.register(ListReading)
class ListReadingAdmin(ReadOnlyAdmin[ListReading]):
    """How far lists are read; their headings and values stay with the organisation."""

    list_display = ("id", "campaign", "state", "state_since", "rows", "alive_at")
    list_filter = ("state",)
    list_select_related = ("campaign",)
    fields = ("campaign", "by", "at", "state", "state_since", "rows", "alive_at", "sha256")


@admin.register(ListDomain)
class ListDomainAdmin(CountedOnly):
    """That lists have domains."""

    list_display = ("campaign", "state")
    list_select_related = ("campaign",)


@admin.register(Contact)
class ContactAdmin(CountedOnly):
    """That there are contacts."""

    list_display = ("organisation", "added_at")
    list_select_related = ("organisation",)


@admin.register(ContactGroup)
class ContactGroupAdmin(CountedOnly):
    """That there are groups."""

    list_display = ("organisation", "made_at")
    list_select_related = ("organisation",)


@admin.register(ContactChange)
class ContactChangeAdmin(CountedOnly):
    """That address books were changed, and by whom."""

    list_display = ("organisation", "by", "at", "change")
    list_select_related = ("organisation", "by")


@admin.register(ContactRun)
class ContactRunAdmin(ReadOnlyAdmin[ContactRun]):
    """How far jobs on many contacts are; names and faults stay with the organisation."""

    list_display = ("id", "organisation", "kind", "state", "state_since", "rows", "alive_at")
    list_filter = ("state", "kind")
    list_select_related = ("organisation",)
    fields = ("organisation", "by", "kind", "state", "state_since", "begun_at", "rows", "total", "alive_at")


@admin.register(Merging)
class MergingAdmin(ReadOnlyAdmin[Merging]):
    """Texts that are being put together with long lists, and how far that is."""

    list_display = ("campaign", "begun_at", "rows", "alive_at")
    list_select_related = ("campaign",)
    fields = ("campaign", "begun_at", "rows", "found", "alive_at")


@admin.register(Posted)
class PostedAdmin(CountedOnly):
    """Messages that were posted one by one; their references may tell whom they are for."""

    list_display = ("message", "organisation")
    list_select_related = ("message", "organisation")


@admin.register(RowReference)
class RowReferenceAdmin(CountedOnly):
    """That messages have references of their own."""

    list_display = ("campaign", "role")
    list_select_related = ("campaign",)


@admin.register(Package)
class PackageAdmin(ReadOnlyAdmin[Package]):
    """Evidence that was ordered as a file; the file itself stays with the organisation."""

    list_display = ("campaign", "state", "state_since", "tries", "done", "alive_at")
    list_filter = ("state",)
    list_select_related = ("campaign",)
    fields = ("campaign", "by", "at", "state", "state_since", "tries", "done", "total", "size", "sha256", "alive_at")
