"""The further mailboxes of a campaign that several send, beside its first."""

from typing import ClassVar

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from mailboxes.models import Mailbox
from pecportal.permissions import TenantQuerySet


class CampaignMailbox(models.Model):
    """One more mailbox of a campaign; a campaign that one mailbox sends has no such row.

    `share` is how many of its messages fell to it at the start; the first mailbox sends what the others leave. Which
    mailbox sends a message, the message itself says.
    """

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="further_boxes")
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+")
    share = models.PositiveIntegerField(_("messages at the start"), default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("further mailbox of a campaign")
        verbose_name_plural = _("further mailboxes of campaigns")
        ordering: ClassVar = ["mailbox_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "mailbox"], name="campaign_mailbox_once"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.mailbox_id}"


def sent_from(boxes: QuerySet[Mailbox], *, path: str = "") -> Q:
    """Campaigns that one of these mailboxes sends, as the first or a further one; `path` leads to the campaign."""
    ids = boxes.values("pk")
    further = CampaignMailbox.objects.filter(mailbox__in=ids).values("campaign")
    return Q(**{f"{path}mailbox__in": ids}) | Q(**{f"{path}is_split": True, f"{path}pk__in": further})


def sending(campaigns: QuerySet[Campaign]) -> QuerySet[Mailbox]:
    """All mailboxes of these campaigns, first and further ones."""
    further = CampaignMailbox.objects.filter(campaign__in=campaigns.values("pk"))
    return Mailbox.objects.filter(Q(pk__in=campaigns.values("mailbox")) | Q(pk__in=further.values("mailbox")))
