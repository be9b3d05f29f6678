"""What is asked for: the data of POST /pec, by the vendor's own names, complete only at the end of the wizard."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.models.mailbox import Mailbox
from pecportal.permissions import TenantQuerySet


class CustomerType(models.TextChoices):
    """The vendor's `tipo_cliente`."""

    COMPANY = "IM", _("Company")
    PROFESSIONAL = "PS", _("Professional")
    LOCAL_BODY = "PL", _("Local public body")
    CENTRAL_BODY = "PC", _("Central public body")
    ASSOCIATION = "A", _("Association")
    PRIVATE = "PV", _("Private person")
    OTHER = "X", _("Other")


class DocumentType(models.TextChoices):
    """The vendor's `tipo_documento`."""

    IDENTITY_CARD = "CARTA_D_IDENTITA", _("Identity card")
    DRIVING_LICENCE = "PATENTE", _("Driving licence")
    PASSPORT = "PASSAPORTO", _("Passport")


class Application(models.Model):
    """The applicant (richiedente) and the holder (titolare) of one mailbox; source: pec.openapi.json, BodyPostPec."""

    tenant = "mailbox__organisation"

    mailbox = models.OneToOneField(Mailbox, models.CASCADE, primary_key=True, related_name="application")
    steps_done = models.JSONField(default=list)
    version = models.PositiveIntegerField(_("times saved"), default=0)
    saved_at = models.DateTimeField(_("saved"), null=True)

    nome_richiedente = models.CharField(_("first name"), max_length=100, blank=True)
    cognome_richiedente = models.CharField(_("surname"), max_length=100, blank=True)
    codice_fiscale_richiedente = models.CharField(_("tax code"), max_length=16, blank=True)
    data_nascita_richiedente = models.DateField(_("date of birth"), null=True, blank=True)
    sesso_richiedente = models.CharField(
        _("sex"), max_length=1, choices=[("F", _("Female")), ("M", _("Male"))], blank=True
    )
    nazione_nascita_richiedente = models.CharField(_("country of birth"), max_length=2, default="IT")
    comune_nascita_richiedente = models.CharField(_("place of birth"), max_length=100, blank=True)
    provincia_nascita_richiedente = models.CharField(_("province of birth"), max_length=2, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    telefono = models.CharField(_("telephone"), max_length=20, blank=True)
    cellulare = models.CharField(_("mobile phone"), max_length=20, blank=True)
    tipo_documento = models.CharField(_("identity document"), max_length=20, choices=DocumentType.choices, blank=True)
    numero_documento = models.CharField(_("number of the document"), max_length=30, blank=True)
    documento_rilasciato_da = models.CharField(_("issued by"), max_length=100, blank=True)
    data_rilascio_documento = models.DateField(_("issued on"), null=True, blank=True)
    data_scadenza_documento = models.DateField(_("expires on"), null=True, blank=True)

    tipo_cliente = models.CharField(_("kind of holder"), max_length=2, choices=CustomerType.choices, blank=True)
    sottotipo_cliente = models.CharField(_("sector"), max_length=2, blank=True)
    sottotipo_cliente_altro = models.CharField(_("other sector"), max_length=100, blank=True)
    denominazione_titolare = models.CharField(_("name of the holder"), max_length=200, blank=True)
    cf_piva_titolare = models.CharField(_("tax code or VAT number of the holder"), max_length=16, blank=True)
    indirizzo_titolare = models.CharField(_("street and number"), max_length=200, blank=True)
    comune_titolare = models.CharField(_("municipality"), max_length=100, blank=True)
    cap_titolare = models.CharField(_("postal code"), max_length=10, blank=True)
    provincia_titolare = models.CharField(_("province"), max_length=2, blank=True)
    nazione_titolare = models.CharField(_("country"), max_length=2, default="IT")
    autorinnovo = models.BooleanField(_("renew by itself when it expires"), default=False)

    overruled = models.JSONField(_("differences from the tax code that are right"), default=list, blank=True)
    overruled_reason = models.CharField(_("why they are right"), max_length=300, blank=True)
    overruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("said by")
    )
    overruled_at = models.DateTimeField(_("said"), null=True, blank=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("declared by")
    )
    declared_at = models.DateTimeField(_("data declared to be true"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return str(self.mailbox_id)


class SavedStep(models.Model):
    """Who saved a step of the registration last, and which saving of the whole it was: two people do not overwrite
    each other unseen."""

    tenant = "application__mailbox__organisation"

    application = models.ForeignKey(Application, models.CASCADE, related_name="saved_steps")
    step = models.CharField(_("step"), max_length=20)
    version = models.PositiveIntegerField(_("version"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    at = models.DateTimeField(_("when"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved step")
        verbose_name_plural = _("saved steps")
        constraints: ClassVar = [models.UniqueConstraint(fields=["application", "step"], name="saved_step_once")]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.step} {self.version}"
