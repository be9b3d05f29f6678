"""What registers said, with their dates: public bodies of IPA, companies and domains that were looked up."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet

IPA = "IPA"
COMPANY = "Openapi Company"


class Body(models.Model):
    """A public body in IPA's open data, as the file that was loaded last has it."""

    ipa_code = models.CharField(_("IPA code"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=1000)
    tax_code = models.CharField(_("tax code"), max_length=16, blank=True, db_index=True)
    addresses = models.JSONField(_("certified addresses"), default=list)
    loaded_at = models.DateTimeField(_("loaded"))

    class Meta:
        verbose_name = _("public body")
        verbose_name_plural = _("public bodies")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Company(models.Model):
    """What the provider's register said of one VAT number or tax code. It was paid for: it is kept with its date."""

    code = models.CharField(_("VAT number or tax code"), max_length=30, unique=True)
    exists = models.BooleanField(_("known to the register"))
    address = models.CharField(_("certified address"), max_length=254, blank=True)
    former = models.JSONField(_("former addresses"), default=list)
    register = models.CharField(_("register"), max_length=60, default=COMPANY)
    at = models.DateTimeField(_("looked up"))

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.code


class Domain(models.Model):
    """Whether a domain is one of certified mail."""

    name = models.CharField(_("domain"), max_length=253, unique=True)
    is_certified = models.BooleanField(_("certified"))
    at = models.DateTimeField(_("looked up"))

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class LookUp(models.Model):
    """One look-up of one or more codes, by a person who has seen what it costs.

    `leased_until` is until when a job of its own is believed to be on its way or at work.
    """

    maker = "by"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="lookups")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"))
    leased_until = models.DateTimeField(null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("look-up")
        verbose_name_plural = _("look-ups")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%d/%m/%Y %H:%M}"


class ItemState(models.TextChoices):
    """Where one code of a look-up stands."""

    WAITING = "waiting", _("To be looked up")
    ASKING = "asking", _("Being looked up")
    ANSWERED = "answered", _("Answered")
    FAILED = "failed", _("Not answered")
    LOST = "lost", _("The portal was interrupted while it asked: there is no answer, and it may have been charged.")


class Item(models.Model):
    """One code of a look-up; `words` say why there is no answer."""

    tenant = "lookup__organisation"

    lookup = models.ForeignKey(LookUp, models.CASCADE, related_name="items")
    code = models.CharField(_("code"), max_length=30)
    state = models.CharField(_("state"), max_length=20, choices=ItemState.choices, default=ItemState.WAITING)
    words = models.TextField(_("the provider's words"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("code of a look-up")
        verbose_name_plural = _("codes of look-ups")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["lookup", "code"], name="item_code_once")]

    def __str__(self) -> str:
        return f"{self.lookup_id}: {self.get_state_display()}"
