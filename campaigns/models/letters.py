"""Letters as PDF, one for each recipient: the paper they are printed on, and what they say."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.states import LetterState
from pecportal import told
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet

PERSON = settings.AUTH_USER_MODEL


class Letterhead(models.Model):
    """An organisation's headed paper. The picture is kept as PNG, made anew from what was handed in."""

    tenant = "organisation"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="letterheads")
    name = models.CharField(_("name"), max_length=100)
    heading = models.TextField(_("heading"), max_length=500, blank=True)
    footer = models.TextField(_("foot"), max_length=500, blank=True)
    picture_stored_as = models.CharField(max_length=200, blank=True)
    picture_sha256 = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("changed by"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="letterhead_name_once")]

    def __str__(self) -> str:
        return self.name


class Letter(models.Model):
    """The letter of a campaign, with merge fields; made as PDF for every row, in the background.

    `made` rows have their file. A change begins a new `edition`, and what was made before is gone.
    """

    tenant = "campaign__organisation"

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="letter")
    letterhead = models.ForeignKey(
        Letterhead, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("letterhead")
    )
    file_name = models.CharField(_("name of the file"), max_length=100)
    subject = models.CharField(_("subject"), max_length=400)
    body = models.TextField(_("text"))
    protocol = models.CharField(_("protocol number"), max_length=100, blank=True)
    place = models.CharField(_("place"), max_length=100, blank=True)
    dated = models.DateField(_("date"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=LetterState.choices, default=LetterState.WRITTEN)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    edition = models.PositiveIntegerField(default=1)
    made = models.PositiveIntegerField(_("letters made"), default=0)
    faults = models.JSONField(_("rows whose letter could not be made"), default=list, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")

    def __str__(self) -> str:
        return str(self.campaign_id)

    @property
    def unmade(self) -> list[tuple[int, str]]:
        """The rows whose letter could not be made, each with its sentence."""
        return [(line, told.read(why)) for line, why in self.faults]

    @property
    def is_being_made(self) -> bool:
        """Whether its files still come."""
        return self.state == LetterState.MAKING
