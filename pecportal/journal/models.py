"""Entries of the journal, and the head of their chain."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal import clock
from pecportal.journal import words
from pecportal.journal.origin import Door
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Entry(models.Model):
    """One act of a person or of the engine. Written once, by `record`; never changed: the database refuses it.

    `version` says what the digest covers: entries of the first version know no door, address, before and after.
    """

    version = models.PositiveSmallIntegerField(_("version"), default=1)
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
    door = models.CharField(_("from where"), max_length=10, choices=Door.choices, blank=True)
    address = models.CharField(_("network address"), max_length=45, blank=True)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    previous = models.CharField(_("hash before"), max_length=64)
    digest = models.CharField(_("hash"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(fields=["target_type", "target_id"], name="entry_target"),
            models.Index(fields=["organisation", "-number"], name="entry_of_organisation"),
            models.Index(fields=["actor", "-number"], name="entry_of_person"),
            models.Index(fields=["at"], name="entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.sentence(str(self.target_id or ''))}"

    def sentence(self, what: str) -> str:
        """The act in words, done to `what`."""
        kind = self.facts.get("act", "") if isinstance(self.facts, dict) else ""
        return words.sentence(self.action, what, kind=str(kind))


class Head(models.Model):
    """The last link of the chain: one row, locked while an entry is added."""

    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = _("head of the chain")
        verbose_name_plural = _("head of the chain")

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"


class Refused(models.Model):
    """How often somebody was refused lately: what repeats itself is one entry of the journal every ten minutes.

    `key` is a keyed hash of who asked for what, and from where.
    """

    key = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(_("since"))
    times = models.PositiveIntegerField(_("times"), default=0)

    class Meta:
        verbose_name = _("refusals")
        verbose_name_plural = _("refusals")

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.times}"


class Check(models.Model):
    """One walk along the whole chain: how far it holds, and whether it agrees with the anchors outside.

    `broken_at` is the first entry that does not hold; None with a `reason` when something else is wrong.
    """

    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    entries = models.PositiveBigIntegerField(_("entries"), default=0)
    broken_at = models.PositiveBigIntegerField(_("does not hold from"), null=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("check of the journal")
        verbose_name_plural = _("checks of the journal")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return clock.shown(self.asked_at)

    @property
    def is_good(self) -> bool:
        """Whether it ended and found nothing."""
        return self.ended_at is not None and not self.reason


class Anchor(models.Model):
    """Where the chain's head was one night, as it was told to the outside: who rewrites the chain contradicts it."""

    at = models.DateTimeField(_("when"))
    number = models.PositiveBigIntegerField(_("number"))
    digest = models.CharField(_("hash"), max_length=64)
    line = models.CharField(_("signed line"), max_length=500)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    tried_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(_("mailed"), null=True)
    filed_at = models.DateTimeField(_("written into the file"), null=True)

    class Meta:
        verbose_name = _("anchor of the journal")
        verbose_name_plural = _("anchors of the journal")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"
