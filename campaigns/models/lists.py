"""A list of recipients on its way in: the uploaded file, how its columns are to be read, how far that is."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from pecportal import told
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State, moves


class Role(models.TextChoices):
    """What a column is beyond a merge field."""

    ADDRESS = "address", _("Certified address")
    NAME = "name", _("Name")
    VAT_NUMBER = "vat_number", _("VAT number")
    TAX_CODE = "tax_code", _("Tax code")
    PROTOCOL = "protocol", _("Protocol number of the row")
    REFERENCE = "reference", _("Reference")
    REFERENCE_2 = "reference_2", _("Second reference")
    REFERENCE_3 = "reference_3", _("Third reference")


@moves(
    {
        "choosing": ["waiting", "cancelled"],
        "waiting": ["reading", "cancelled"],
        "reading": ["waiting", "done", "failed", "cancelled"],
    }
)
class ReadingState(State):
    """Where the reading of a list stands; one that was lost waits again."""

    CHOOSING = "choosing", _("Columns to be confirmed")
    WAITING = "waiting", _("Waiting to be read")
    READING = "reading", _("Being read")
    DONE = "done", _("Read")
    FAILED = "failed", _("Could not be read")
    CANCELLED = "cancelled", _("Cancelled")


OPEN = (ReadingState.CHOOSING, ReadingState.WAITING, ReadingState.READING)


class ListReading(models.Model):
    """One file that a clerk handed in as a list. `roles` is the choice, column's position by role."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="readings")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("handed in"), default=timezone.now)
    state = models.CharField(_("state"), max_length=20, choices=ReadingState.choices, default=ReadingState.CHOOSING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    problem = told.SentenceField(_("why it could not be read"), blank=True)

    name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=200, blank=True)  # "" once the file was removed
    sha256 = models.CharField(max_length=64)
    is_bare = models.BooleanField(default=False)  # may have no headings
    sheets = models.JSONField(default=list, blank=True)
    sheet = models.PositiveIntegerField(_("sheet"), default=0)
    columns = models.JSONField(_("columns"), default=list)
    columns_sha256 = models.CharField(max_length=64)
    samples = models.JSONField(default=list)  # for each column some values
    is_small = models.BooleanField(default=False)
    lines = models.PositiveIntegerField(default=0)  # about so many, where it is known before; else 0
    roles = models.JSONField(default=dict, blank=True)

    version = models.PositiveIntegerField(default=0)  # of the rows that it makes
    rows = models.PositiveIntegerField(_("rows read"), default=0)
    alive_at = models.DateTimeField(_("last sign of life"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of a list")
        verbose_name_plural = _("readings of lists")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "columns_sha256"], name="reading_columns"),
            models.Index(fields=["state", "alive_at"], name="reading_state"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_moving(self) -> bool:
        """Whether it goes on by itself."""
        return self.state in (ReadingState.WAITING, ReadingState.READING)


class DomainState(models.TextChoices):
    """Whether the provider is to be asked about a domain."""

    UNASKED = "unasked", _("Not asked")
    WAITING = "waiting", _("To be asked")
    ASKED = "asked", _("Asked")
    FAILED = "failed", _("Not answered")


class ListDomain(models.Model):
    """One domain of a list's addresses, and how many of them it has; versions are as a recipient's."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="domain_rows")
    version = models.PositiveIntegerField()
    name = models.CharField(_("domain"), max_length=253)
    count = models.PositiveIntegerField(_("recipients"))
    state = models.CharField(_("state"), max_length=20, choices=DomainState.choices, default=DomainState.UNASKED)
    asked_at = models.DateTimeField(_("asked"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("domain of a list")
        verbose_name_plural = _("domains of lists")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "version", "name"], name="list_domain_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign"], condition=models.Q(state="waiting"), name="list_domain_waiting")
        ]

    def __str__(self) -> str:
        return self.name
