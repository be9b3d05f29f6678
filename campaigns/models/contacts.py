"""The organisation's address book: contacts, groups of them, and who changed what when."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from pecportal import clock
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State, moves


class Contact(models.Model):
    """One recipient that is written to again and again; `values` are further merge fields."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="contacts")
    address = models.CharField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=255, blank=True)
    code = models.CharField(_("VAT number or tax code"), max_length=16, blank=True)
    values = models.JSONField(_("values"), default=dict, blank=True)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint("organisation", Lower("address"), name="contact_address_once")]

    def __str__(self) -> str:
        return str(self.pk)  # the address is personal data, and this text reaches the operators' console

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("campaigns:contact", args=[self.pk])


class ContactGroup(models.Model):
    """Contacts that are written to together."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="contact_groups")
    name = models.CharField(_("name"), max_length=100)
    contacts = models.ManyToManyField(Contact, related_name="groups", verbose_name=_("contacts"), blank=True)
    made_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("group of contacts")
        verbose_name_plural = _("groups of contacts")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint("organisation", Lower("name"), name="contact_group_name_once")]

    def __str__(self) -> str:
        return self.name


class Change(models.TextChoices):
    """What was done to the address book."""

    ADDED = "added", _("Contact added")
    EDITED = "edited", _("Contact changed")
    REMOVED = "removed", _("Contact removed")
    IMPORTED = "imported", _("File taken in")
    GROUP_MADE = "group_made", _("Group made")
    GROUP_FILLED = "group_filled", _("Group made of a campaign's list")
    GROUP_REMOVED = "group_removed", _("Group removed")


class ContactChange(models.Model):
    """One act on the address book: `about` is the contact's address or the group's or file's name at that time,
    `facts` are what a field was and became, or counts."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    change = models.CharField(_("change"), max_length=20, choices=Change.choices)
    about = models.CharField(_("of what"), max_length=254)
    facts = models.JSONField(_("details"), default=dict, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of contacts")
        verbose_name_plural = _("changes of contacts")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return clock.shown(self.at)


class RunKind(models.TextChoices):
    """What is done with many contacts at once."""

    FILE = "file", _("A file is taken in")
    GROUP = "group", _("A campaign's list becomes a group")
    LIST = "list", _("Groups become a campaign's list")


@moves({"waiting": ["done", "failed", "cancelled"]})
class RunState(State):
    """Where such a job stands; one that is at work waits as well, for itself."""

    WAITING = "waiting", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ContactRun(models.Model):
    """Many contacts taken in or handed out by a job; `place` is how far it is: rows of the file, or a list's line."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    kind = models.CharField(_("what"), max_length=10, choices=RunKind.choices)
    state = models.CharField(_("state"), max_length=20, choices=RunState.choices, default=RunState.WAITING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    alive_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    name = models.CharField(_("file or group"), max_length=255)
    problem = models.TextField(_("why it failed"), blank=True)

    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, blank=True, related_name="contact_runs")
    version = models.PositiveIntegerField(default=0)  # of the campaign's list that becomes a group
    group = models.ForeignKey(ContactGroup, models.SET_NULL, null=True, blank=True, related_name="+")
    groups = models.JSONField(default=list, blank=True)  # ids of those that become a list
    roles = models.JSONField(default=dict, blank=True)  # the file's columns, position by role
    stored_as = models.CharField(max_length=200, blank=True)  # "" once the file was removed
    sha256 = models.CharField(max_length=64, blank=True)

    place = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(_("rows done"), default=0)
    total = models.PositiveIntegerField(_("rows, as far as known"), default=0)
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    faulty = models.PositiveIntegerField(_("rows with a fault"), default=0)
    faults = models.JSONField(default=list, blank=True)  # the first of them, line and sentence

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("job on contacts")
        verbose_name_plural = _("jobs on contacts")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["state", "alive_at"], name="contact_run_state")]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("campaigns:contact_run", args=[self.pk])

    @property
    def is_moving(self) -> bool:
        """Whether it goes on by itself."""
        return self.state == RunState.WAITING
