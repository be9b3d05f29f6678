"""A campaign as the clerk prepares it: sender, text, list, attachments."""

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet

PERSON = settings.AUTH_USER_MODEL


class Campaign(models.Model):
    """One letter to many recipients from one mailbox."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="campaigns")
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="campaigns", verbose_name=_("sender mailbox"))
    name = models.CharField(_("name"), max_length=200)
    subject = models.CharField(_("subject"), max_length=400, blank=True)
    body = models.TextField(_("text"), blank=True)
    state = models.CharField(_("state"), max_length=20, choices=CampaignState.choices, default=CampaignState.DRAFT)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    problem = models.TextField(_("what stopped it"), blank=True)

    list_name = models.CharField(_("list"), max_length=255, blank=True)
    list_sha256 = models.CharField(max_length=64, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)  # the headings, as the file writes them
    address_column = models.CharField(_("column of the addresses"), max_length=255, blank=True)
    recipients_total = models.PositiveIntegerField(_("recipients"), default=0)
    problems_total = models.PositiveIntegerField(_("rows with a fault"), default=0)
    skip_problems = models.BooleanField(_("go on without the faulty rows"), default=False)
    frozen_line = models.PositiveIntegerField(default=0)

    created_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("prepared by"))
    created_at = models.DateTimeField(_("prepared"), auto_now_add=True)
    launched_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    launched_at = models.DateTimeField(_("started"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["state", "mailbox"], name="campaign_state_mailbox")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page: a draft's preparation, then its progress."""
        return reverse("campaigns:detail", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        """Whether its content may still change."""
        return self.state == CampaignState.DRAFT

    @property
    def is_moving(self) -> bool:
        """Whether it may change by itself soon."""
        return self.state in (CampaignState.LAUNCHING, CampaignState.RUNNING)


class Recipient(models.Model):
    """One good row of the uploaded list: the line in the file, the address, and each merge field's value."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="recipients")
    line = models.PositiveIntegerField(_("line"))
    address = models.CharField(_("address"), max_length=254)
    values = models.JSONField(_("values"), default=dict)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering: ClassVar = ["line"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "line"], name="recipient_line_once"),
            models.UniqueConstraint(fields=["campaign", "address"], name="recipient_address_once"),
        ]

    def __str__(self) -> str:
        return str(self.line)  # the address is personal data, and this text reaches the operators' console


class ListProblem(models.Model):
    """One thing wrong, or worth a look, with one line of the uploaded list."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=255, blank=True)
    code = models.CharField(_("fault"), max_length=60)
    value = models.CharField(_("value"), max_length=300, blank=True)
    first_line = models.PositiveIntegerField(_("line that has it already"), null=True, blank=True)
    is_warning = models.BooleanField(_("only a warning"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("fault of a list")
        verbose_name_plural = _("faults of lists")
        ordering: ClassVar = ["line", "pk"]
        indexes: ClassVar = [models.Index(fields=["campaign", "line"], name="problem_campaign_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"


class Attachment(models.Model):
    """A file that goes with every message of a campaign, stored under a random name."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="attachments")
    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, unique=True)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def path(self) -> Path:
        """Where its bytes are on this machine."""
        return Path(default_storage.path(self.stored_as))
