"""Entries of the journal, and the head of their chain."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Entry(models.Model):
    """One act of a person or of the engine. Written once, by `record`; never changed."""

    number = models.PositiveBigIntegerField(_("number"), unique=True)
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    actor_name = models.CharField(_("who"), max_length=254)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name=_("organisation")
    )
    action = models.CharField(_("what"), max_length=60)
    target_type = models.CharField(_("kind of thing"), max_length=60, blank=True)
    target_id = models.BigIntegerField(_("which"), null=True)
    facts = models.JSONField(_("facts"), default=dict)
    previous = models.CharField(_("hash before"), max_length=64)
    digest = models.CharField(_("hash"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [models.Index(fields=["target_type", "target_id"], name="entry_target")]

    def __str__(self) -> str:
        return f"{self.number}. {self.action}"


class Head(models.Model):
    """The last link of the chain: one row, locked while an entry is added."""

    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = _("head of the chain")
        verbose_name_plural = _("head of the chain")

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"
