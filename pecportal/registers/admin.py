"""The operators' view of the registers."""

from django.contrib import admin

from pecportal.admin import ReadOnlyAdmin
from pecportal.registers.models import Body, Company, Domain, Item, LookUp


@admin.register(Body)
class BodyAdmin(ReadOnlyAdmin[Body]):
    """Public bodies of IPA's open data."""

    list_display = ("name", "ipa_code", "tax_code", "loaded_at")
    search_fields = ("name", "=ipa_code", "=tax_code")


@admin.register(Company)
class CompanyAdmin(ReadOnlyAdmin[Company]):
    """Companies that were looked up, and when."""

    list_display = ("code", "exists", "address", "register", "at")
    search_fields = ("=code",)


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin[Domain]):
    """Domains that were looked up, and when."""

    list_display = ("name", "is_certified", "at")
    search_fields = ("name",)


@admin.register(LookUp)
class LookUpAdmin(ReadOnlyAdmin[LookUp]):
    """Who looked up when; not what."""

    list_display = ("organisation", "by", "at")
    list_select_related = ("organisation", "by")


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin[Item]):
    """How look-ups went, code by code; the codes are their organisation's own, and are not shown."""

    list_display = ("id", "lookup", "state", "words")
    list_filter = ("state",)
    list_select_related = ("lookup",)
    fields = ("lookup", "state", "words")
