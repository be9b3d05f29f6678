"""The keys of programs. A program itself is a `User` who never signs in; its scopes are its memberships' roles."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class ApiKey(models.Model):
    """One key of a program: `prefix` is what people know it by, `digest` the SHA-256 (hex) of the whole key.

    `networks` are those (CIDR) from which it may be used; none of them: from everywhere. Times are real ones.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="keys", verbose_name=_("organisation"))
    program = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="keys", verbose_name=_("program")
    )
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    networks = models.JSONField(_("networks"), default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("key of a program")
        verbose_name_plural = _("keys of programs")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.prefix

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
