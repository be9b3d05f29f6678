"""A campaign as the clerk prepares it: sender, text, list, attachments."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models import history, news
from campaigns.states import PREPARED, CampaignState, Pilot
from mailboxes.models import Mailbox
from pecportal import told, vendor
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State

if TYPE_CHECKING:
    from campaigns.models.lists import ListDomain

PERSON = settings.AUTH_USER_MODEL


class CampaignQuerySet(TenantQuerySet["Campaign"]):
    """Campaigns, whose every move leaves a row in their history, and is told to programs that listen."""

    def move(self, to: State, *, by: User | None = None, reason: str = "", **changes: Any) -> int:
        """Move the rows that may become `to`, note each in its history, and return how many moved."""
        sources = [state for state in type(to) if to in state.successors]
        with transaction.atomic():
            rows = self.filter(state__in=sources).order_by("pk").select_for_update(of=("self",))
            ids = [row.pk for row in rows.only("pk")]
            if not ids:
                return 0
            count = super(CampaignQuerySet, Campaign.objects.filter(pk__in=ids)).move(to, **changes)
            history.note(ids, to.value, by=by, reason=reason)
            news.tell_campaigns(ids, to)
        return count


class Campaign(models.Model):
    """One letter to many recipients from one mailbox, or from several (`is_split`): then `mailbox` is the first."""

    maker = "created_by"
    limit_further = "further_boxes"  # who keeps some mailboxes only sees what leaves from these alone

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="campaigns")
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="campaigns", verbose_name=_("sender mailbox"))
    is_split = models.BooleanField(_("sent from several mailboxes"), default=False)
    name = models.CharField(_("name"), max_length=200)
    subject = models.CharField(_("subject"), max_length=400, blank=True)
    body = models.TextField(_("text"), blank=True)
    state = models.CharField(_("state"), max_length=20, choices=CampaignState.choices, default=CampaignState.DRAFT)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    problem = told.SentenceField(_("what stopped it"), blank=True)

    list_name = models.CharField(_("list"), max_length=255, blank=True)
    list_sha256 = models.CharField(max_length=64, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)  # the headings, as the file writes them
    address_column = models.CharField(_("column of the addresses"), max_length=255, blank=True)
    roles = models.JSONField(_("columns by their role"), default=dict, blank=True)  # role: merge field
    recipients_sha256 = models.CharField(max_length=64, blank=True)  # of the addresses alone, whatever their order
    list_version = models.PositiveIntegerField(default=0)  # which of its rows are the list
    list_versions = models.PositiveIntegerField(default=0)  # how many lists were begun
    has_litter = models.BooleanField(default=False)  # rows of other lists may still be there
    recipients_total = models.PositiveIntegerField(_("recipients"), default=0)
    problems_total = models.PositiveIntegerField(_("rows with a fault"), default=0)
    skip_problems = models.BooleanField(_("go on without the faulty rows"), default=False)
    own_column = models.CharField(_("column that names own files"), max_length=255, blank=True)
    frozen_line = models.PositiveIntegerField(default=0)
    frozen_rows = models.PositiveIntegerField(default=0)  # how many of its messages are made
    frozen_sha256 = models.CharField(max_length=64, blank=True)  # of the rows frozen so far
    sheet = models.ForeignKey("campaigns.Sheet", models.PROTECT, null=True, related_name="+")  # that it started with
    begins_at = models.DateTimeField(_("begins"), null=True, blank=True)  # until then its start can be undone
    pilot_size = models.PositiveIntegerField(_("messages on trial"), default=0)
    pilot = models.CharField(_("trial"), max_length=10, choices=Pilot.choices, blank=True, default=Pilot.NONE)
    stream_day = models.DateField(_("day of the messages posted one by one"), null=True, blank=True)
    test_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="tests")
    protocol = models.CharField(_("protocol number"), max_length=100, blank=True)
    reference = models.CharField(_("own reference"), max_length=200, blank=True)
    further = models.JSONField(_("further references"), default=list, blank=True)  # pairs of name and value

    opens = models.TimeField(_("send from"), null=True, blank=True)
    closes = models.TimeField(_("send until"), null=True, blank=True)
    weekdays = models.CharField(_("on which days"), max_length=7, default="1234567")  # ISO weekdays: 1 is Monday
    on_holidays = models.BooleanField(_("on public holidays, too"), default=True)
    starts_at = models.DateTimeField(_("not before"), null=True, blank=True)
    wanted_by = models.DateTimeField(_("to be sent by"), null=True, blank=True)

    created_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("prepared by"))
    created_at = models.DateTimeField(_("prepared"), auto_now_add=True)
    launched_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    launched_at = models.DateTimeField(_("started"), null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mailbox", "created_by", "stream_day"],
                condition=Q(stream_day__isnull=False),
                name="campaign_stream_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "mailbox"], name="campaign_state_mailbox"),
            models.Index(fields=["organisation", "launched_at"], name="campaign_launched"),
        ]

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
    def is_prepared(self) -> bool:
        """Whether it is a draft still, or one that waits for its approval or its start."""
        return self.state in PREPARED

    @property
    def is_test(self) -> bool:
        """Whether it is one message that was sent to try another campaign's text."""
        return self.test_of_id is not None

    @property
    def is_stream(self) -> bool:
        """Whether its messages are posted one by one, in the course of a day."""
        return self.stream_day is not None

    @property
    def is_moving(self) -> bool:
        """Whether it may change by itself soon."""
        return self.state in (CampaignState.LAUNCHING, CampaignState.SCHEDULED, CampaignState.RUNNING)

    @property
    def senders(self) -> list[Mailbox]:
        """Its mailboxes, the first one first; of a campaign that one mailbox sends, that one, without a query."""
        if not self.is_split:
            return [self.mailbox]
        related = ("mailbox__plan", *(f"mailbox__{name}" for name in vendor.RELATED))
        others = self.further_boxes.select_related(*related).order_by("mailbox_id")
        return [self.mailbox, *(row.mailbox for row in others)]

    @property
    def further_mailboxes(self) -> list[int]:
        """The ids of its mailboxes beside the first one; without a query where there is none."""
        return list(self.further_boxes.values_list("mailbox", flat=True)) if self.is_split else []

    @property
    def recipients(self) -> "models.QuerySet[Recipient]":
        """The rows of its present list; those of one that is being read, or was replaced, are none of it."""
        return self.recipient_rows.filter(version=self._version())

    @property
    def problems(self) -> "models.QuerySet[ListProblem]":
        """What is wrong with its present list."""
        return self.problem_rows.filter(version=self._version())

    @property
    def domains(self) -> "models.QuerySet[ListDomain]":
        """The domains of its present list's addresses."""
        return self.domain_rows.filter(version=self._version())

    def _version(self) -> models.Subquery:
        """Asked of the database with the rows: the one in memory may be of a list that was replaced meanwhile."""
        return models.Subquery(Campaign.objects.filter(pk=self.pk).values("list_version")[:1])


class RecipientQuerySet(TenantQuerySet["Recipient"]):
    """Rows of lists."""

    def of_present_lists(self) -> Self:
        """Those of their campaigns' present lists."""
        return self.filter(version=F("campaign__list_version"))


class Recipient(models.Model):
    """One good row of a list: its line in the file, the address, each merge field's value, the message it follows.

    Rows whose version is not the campaign's are of a list that is being read, or of one that was replaced.
    """

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="recipient_rows")
    version = models.PositiveIntegerField(default=0, db_default=0)
    line = models.PositiveIntegerField(_("line"))
    address = models.CharField(_("address"), max_length=254)
    values = models.JSONField(_("values"), default=dict)
    follows = models.ForeignKey("campaigns.Message", models.PROTECT, null=True, related_name="+", db_index=False)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering: ClassVar = ["line"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "version", "line"], name="recipient_line_once"),
            models.UniqueConstraint(fields=["campaign", "version", "address"], name="recipient_address_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["follows"], name="recipient_follows", condition=Q(follows__isnull=False))
        ]

    def __str__(self) -> str:
        return str(self.line)  # the address is personal data, and this text reaches the operators' console


class ListProblem(models.Model):
    """One thing wrong, or worth a look, with one line of an uploaded list; versions are as a recipient's.

    `cells` are the row's values, cut short, where the row is no recipient.
    """

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="problem_rows")
    version = models.PositiveIntegerField(default=0, db_default=0)
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=255, blank=True)
    code = models.CharField(_("fault"), max_length=60)
    value = models.CharField(_("value"), max_length=300, blank=True)
    first_line = models.PositiveIntegerField(_("line that has it already"), null=True, blank=True)
    is_warning = models.BooleanField(_("only a warning"), default=False)
    cells = models.JSONField(null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("fault of a list")
        verbose_name_plural = _("faults of lists")
        ordering: ClassVar = ["line", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "version", "line"], name="problem_campaign_line"),
            models.Index(fields=["campaign", "version", "code", "line"], name="problem_campaign_code"),
        ]

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
    def public_id(self) -> uuid.UUID:
        """How programs name it: as it is stored, which is random."""
        return uuid.UUID(self.stored_as.rpartition("/")[2])
