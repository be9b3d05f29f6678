"""Answers kept for requests that are repeated, and the jobs that requests began."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class KeptAnswer(models.Model):
    """What a request with an idempotency key was answered; written with what the request made, or not at all.

    `asked` is the SHA-256 (hex) of organisation, method, path and body; `status` is the answer's HTTP status. An answer
    that holds a secret is in `body_sealed` alone.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("by"))
    key = models.CharField(_("idempotency key"), max_length=255)
    asked = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.TextField(_("answer"), blank=True)
    body_sealed = models.TextField(blank=True, editable=False, default="", db_default="")
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def context(pk: int) -> str:
        """What a row's answer is sealed for."""
        return f"kept-answer:{pk}:body"


class Job(models.Model):
    """Something that a request began and that goes on in the background: `kind` says which row `target` names."""

    maker = "created_by"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+", verbose_name=_("organisation"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    kind = models.CharField(_("kind"), max_length=40)
    target = models.PositiveBigIntegerField(_("row"))
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("job of the API")
        verbose_name_plural = _("jobs of the API")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "target", "created_by"], name="job_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"
