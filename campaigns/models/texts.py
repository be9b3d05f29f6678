"""Texts that an organisation keeps for other campaigns, in every version that it ever had."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class SavedText(models.Model):
    """A subject and a text under a name; what it says is in its latest version."""

    tenant = "organisation"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="saved_texts")
    name = models.CharField(_("name"), max_length=100)
    put_away = models.BooleanField(_("not offered any more"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved text")
        verbose_name_plural = _("saved texts")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="saved_text_name_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page, with all versions."""
        return reverse("campaigns:saved_text", args=[self.pk])


class TextVersion(models.Model):
    """What a saved text said from a moment on. Never changed."""

    tenant = "saved_text__organisation"

    saved_text = models.ForeignKey(SavedText, models.CASCADE, related_name="versions")
    n = models.PositiveIntegerField(_("number"))
    subject = models.CharField(_("subject"), max_length=400)
    body = models.TextField(_("text"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a saved text")
        verbose_name_plural = _("versions of saved texts")
        ordering: ClassVar = ["-n"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["saved_text", "n"], name="text_version_once")]

    def __str__(self) -> str:
        return f"{self.saved_text_id}: {self.n}"


class Merging(models.Model):
    """A draft's text that is being put together with each row of a long list; gone once that is done.

    Each text that is saved has one of its own: its id says whether a job is still at work for what is written.
    """

    tenant = "campaign__organisation"

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="merging")
    line = models.PositiveIntegerField(default=0)  # up to which rows are done
    rows = models.PositiveIntegerField(_("rows done"), default=0)
    found = models.PositiveIntegerField(_("rows with a fault"), default=0)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    alive_at = models.DateTimeField(_("last sign of life"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("text being checked")
        verbose_name_plural = _("texts being checked")
        indexes: ClassVar = [models.Index(fields=["alive_at"], name="merging_alive")]

    def __str__(self) -> str:
        return str(self.campaign_id)
