"""The operators' view of keys: by what they are known, and whether they are used; never the keys."""

from django.contrib import admin

from pecportal.admin import ReadOnlyAdmin
from pecportal.programs.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    """Keys of programs."""

    list_display = ("prefix", "program", "organisation", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("program", "organisation")
    search_fields = ("prefix",)
