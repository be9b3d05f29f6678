"""The operators' view of files and letters of single recipients: that they are there, and how far they are."""

from django.contrib import admin

from campaigns.admin.counted import CountedOnly
from campaigns.models import Intake, Letter, Letterhead, OwnFile, OwnLink, OwnWaiver, SavedText, TextVersion


@admin.register(OwnFile)
class OwnFileAdmin(CountedOnly):
    """Files of single recipients by size and hash: their names tell whom they are for."""

    list_display = ("campaign", "origin", "size", "sha256", "added_at")
    list_select_related = ("campaign",)


@admin.register(OwnLink)
class OwnLinkAdmin(CountedOnly):
    """Which row carries an own file."""

    list_display = ("campaign", "line", "by_hand")
    list_select_related = ("campaign",)


@admin.register(OwnWaiver)
class OwnWaiverAdmin(CountedOnly):
    """Which rows go without an own file, and who said so."""

    list_display = ("campaign", "line", "by", "at")
    list_select_related = ("campaign", "by")


@admin.register(Intake)
class IntakeAdmin(CountedOnly):
    """Archives on their way in: how far they are."""

    list_display = ("campaign", "state", "state_since", "entries", "taken", "size", "leased_until")
    list_select_related = ("campaign",)


@admin.register(Letter)
class LetterAdmin(CountedOnly):
    """Letters by how far they are made."""

    list_display = ("campaign", "state", "state_since", "made", "edition", "leased_until")
    list_select_related = ("campaign",)


@admin.register(SavedText)
class SavedTextAdmin(CountedOnly):
    """Texts that organisations keep, by name."""

    list_display = ("organisation", "name", "put_away")
    list_select_related = ("organisation",)


@admin.register(TextVersion)
class TextVersionAdmin(CountedOnly):
    """Their versions, by number."""

    list_display = ("saved_text", "n", "by", "at")
    list_select_related = ("saved_text", "by")


@admin.register(Letterhead)
class LetterheadAdmin(CountedOnly):
    """Headed papers by organisation."""

    list_display = ("organisation", "name", "changed_at", "changed_by")
    list_select_related = ("organisation", "changed_by")
