"""The operators' view of what the API keeps; of answers only that there were some, not what they told."""

from django.contrib import admin

from pecportal.admin import LongListAdmin
from pecportal.api.models import Job, KeptAnswer


@admin.register(KeptAnswer)
class KeptAnswerAdmin(LongListAdmin[KeptAnswer]):
    """Answers kept for repeated requests."""

    fields = list_display = ("user", "status", "at")
    list_select_related = ("user",)


@admin.register(Job)
class JobAdmin(LongListAdmin[Job]):
    """Jobs that requests began."""

    fields = list_display = ("public_id", "kind", "created_by", "organisation", "created_at")
    list_select_related = ("created_by", "organisation")
