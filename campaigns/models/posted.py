"""Messages that were posted one by one, and the numbers by which whoever posted them knows them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Message
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Posted(models.Model):
    """That a message was posted by itself; its `client_reference` is its sender's own, and need not be unique.

    `code`: all of one request in the vendor's form have the same, which no other request of the organisation has; else
    empty.
    """

    limit = "message__mailbox"
    maker = "message__campaign__created_by"

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="posted")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    client_reference = models.CharField(_("the sender's own reference"), max_length=200, blank=True)
    code = models.CharField(_("code in the provider's form"), max_length=20, blank=True, default="")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("message posted by itself")
        verbose_name_plural = _("messages posted by themselves")
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["organisation", "client_reference", "message"],
                name="posted_client_reference",
                condition=~models.Q(client_reference=""),
            ),
            models.Index(fields=["organisation", "code", "message"], name="posted_code", condition=~models.Q(code="")),
        ]

    def __str__(self) -> str:
        return str(self.message_id)  # the reference may be personal data, and this text reaches the console
