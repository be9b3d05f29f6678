"""Numbers by which an office knows a single message: protocol numbers and references out of columns of the list."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.models.lists import Role
from campaigns.models.message import Message
from pecportal.permissions import TenantQuerySet

ROW_ROLES = (Role.PROTOCOL, Role.REFERENCE, Role.REFERENCE_2, Role.REFERENCE_3)  # as they are shown


class RowReference(models.Model):
    """One such number of one message, frozen at launch as the list had it; `key` is what a search compares."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="row_references", db_index=False)
    role = models.CharField(_("what it is"), max_length=20, choices=Role.choices)
    value = models.CharField(_("value"), max_length=300)
    key = models.CharField(max_length=300)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reference of a row")
        verbose_name_plural = _("references of rows")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "role"], name="row_reference_once")]
        indexes: ClassVar = [models.Index(fields=["campaign", "key"], name="row_reference_key")]

    def __str__(self) -> str:
        return str(self.message_id)  # what it says may be personal data, and this text reaches the operators' console
