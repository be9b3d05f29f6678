"""What operators need to know: open alerts, signs of life, which installation this is, what the audits found."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Alert(models.Model):
    """Something that a person has to look at: raised once however often it is seen, ended by an all-clear."""

    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(_("what it is about"), max_length=100)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name=_("organisation")
    )
    facts = models.JSONField(_("facts"), default=dict)
    raised_at = models.DateTimeField(_("raised"))
    seen_at = models.DateTimeField(_("last seen"))
    times = models.PositiveIntegerField(_("times seen"), default=1)
    ended_at = models.DateTimeField(_("ended"), null=True)
    told_at = models.DateTimeField(_("operators told"), null=True)
    cleared_at = models.DateTimeField(_("all-clear told"), null=True)
    tried_at = models.DateTimeField(null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(ended_at__isnull=True), name="alert_open_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Pulse(models.Model):
    """When a lane of background work last proved that it makes progress."""

    name = models.CharField(_("lane"), max_length=60, primary_key=True)
    beaten_at = models.DateTimeField(_("last sign of life"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """Which installation these rows belong to. Restored or cloned elsewhere, they must not send by themselves."""

    mark = models.UUIDField(default=uuid.uuid4, editable=False)
    sending_off_since = models.DateTimeField(_("sending off since"), null=True)
    sending_off_because = models.CharField(_("why sending is off"), max_length=40, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("switched on again by")
    )
    lifted_at = models.DateTimeField(_("switched on again"), null=True)

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")

    def __str__(self) -> str:
        return str(self.mark)


class AuditRun(models.Model):
    """One run of the self-audit: how many rows each question found; every number should be 0."""

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    found = models.JSONField(_("found"), default=dict)
    total = models.PositiveIntegerField(_("rows found"), default=0)

    class Meta:
        verbose_name = _("self-audit")
        verbose_name_plural = _("self-audits")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}: {self.total}"
