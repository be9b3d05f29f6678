"""Files that only some recipients get: how they came, and which rows of the list they belong to."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.states import IntakeState
from pecportal import told
from pecportal.permissions import TenantQuerySet

PERSON = settings.AUTH_USER_MODEL


class Origin(models.TextChoices):
    """Where a recipient's own file comes from."""

    UPLOAD = "upload", _("Uploaded")
    LETTER = "letter", _("Letter made by the portal")
    POSTED = "posted", _("Posted with its message")
    GONE = "gone", _("Removed: its bytes are about to go")


class KeptManager(models.Manager.from_queryset(TenantQuerySet["OwnFile"])):  # type: ignore[misc]
    """The files that nobody removed."""

    def get_queryset(self) -> TenantQuerySet["OwnFile"]:
        """All but those whose bytes are about to go."""
        found: TenantQuerySet[OwnFile] = super().get_queryset().exclude(origin=Origin.GONE)
        return found


class OwnFile(models.Model):
    """A file for one recipient, or a few, stored under a random name.

    One that was removed stays as a row of the origin `GONE` until its bytes are gone; only `removed` shows it.
    """

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="own_files")
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.UPLOAD)
    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, unique=True)
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    waived_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("left out by")
    )
    candidates = models.JSONField(_("rows that its name fits roughly"), default=list, blank=True)

    objects = KeptManager()
    removed = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of one recipient")
        verbose_name_plural = _("files of single recipients")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "campaign", Lower("name"), condition=models.Q(origin="upload"), name="own_file_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def public_id(self) -> uuid.UUID:
        """How programs name it: as it is stored, which is random."""
        return uuid.UUID(self.stored_as.rpartition("/")[2])


class OwnLink(models.Model):
    """That the message to one row of the list carries a file. `by_hand` links are a person's, not the file name's."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="own_links")
    line = models.PositiveIntegerField(_("line"))
    file = models.ForeignKey(OwnFile, models.CASCADE, related_name="links")
    by_hand = models.BooleanField(_("by hand"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("own file of a row")
        verbose_name_plural = _("own files of rows")
        ordering: ClassVar = ["line", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "line", "file"], name="own_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.file_id}"


class OwnWaiver(models.Model):
    """A person's word that a row goes without a file of its own."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="own_waivers")
    line = models.PositiveIntegerField(_("line"))
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("row that goes without an own file")
        verbose_name_plural = _("rows that go without an own file")
        ordering: ClassVar = ["line"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "line"], name="own_waiver_once")]

    def __str__(self) -> str:
        return str(self.line)


class Intake(models.Model):
    """A ZIP of own files on its way in: stored, then unpacked in the background; `faults` are names with a code."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="intakes")
    name = models.CharField(_("name"), max_length=150)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, unique=True)
    state = models.CharField(_("state"), max_length=20, choices=IntakeState.choices, default=IntakeState.WAITING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    entries = models.PositiveIntegerField(_("files in it"), default=0)
    taken = models.PositiveIntegerField(_("looked at"), default=0)
    faults = models.JSONField(_("files that could not be taken"), default=list, blank=True)
    problem = told.SentenceField(_("what stopped it"), blank=True)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("by"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("archive that comes in")
        verbose_name_plural = _("archives that come in")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def refused(self) -> list[tuple[str, str]]:
        """The files that could not be taken, each with its sentence."""
        return [(name, told.read(why)) for name, why in self.faults]

    @property
    def is_under_way(self) -> bool:
        """Whether its files still come."""
        return self.state in (IntakeState.WAITING, IntakeState.READING)
