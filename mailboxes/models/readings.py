"""How full a mailbox was, hour by hour: from this it is told when receipts will have filled it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.models.mailbox import Mailbox
from pecportal.permissions import TenantQuerySet


class SpaceReading(models.Model):
    """One answer of the vendor about a mailbox's storage, in the vendor's unit (unknown: the ratio counts)."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="readings", db_index=False)
    at = models.DateTimeField(_("when"))
    used = models.PositiveBigIntegerField(_("space in use"))
    limit = models.PositiveBigIntegerField(_("space allowed"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of the space")
        verbose_name_plural = _("readings of the space")
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["mailbox", "at"], name="reading_mailbox_at")]

    def __str__(self) -> str:
        return f"{self.mailbox_id}: {self.used}/{self.limit}"
