"""The operators' view of lists and address books: that they are there, never who is in them."""

from django.contrib import admin

from campaigns.admin.counted import CountedOnly
from campaigns.models import Contact, ContactChange, ContactGroup, ListDomain, ListReading
from pecportal.admin import ReadOnlyAdmin


@admin.register(ListReading)
class ListReadingAdmin(ReadOnlyAdmin[ListReading]):
    """How far lists are read; their headings and values stay with the organisation."""

    list_display = ("pk", "campaign", "state", "state_since", "rows", "alive_at")
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
