"""The organisation's address book: contacts, groups of them, and who changed what when."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


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
        return f"{self.at:%d/%m/%Y %H:%M}"
