"""What pays or changes something at the vendor, written before it is done; each change of state, with its source."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailboxes.models.mailbox import Mailbox
from pecportal import clock
from pecportal.permissions import TenantQuerySet


class ActKind(models.TextChoices):
    """The vendor's calls that are never repeated by themselves."""

    REGISTRATION = "registration", _("Registration")
    HAND_IN = "hand_in", _("Hand-in of documents")
    RENEWAL = "renewal", _("Renewal")
    REVOCATION = "revocation", _("Revocation")


class ActOutcome(models.TextChoices):
    """How a call ended; one without an outcome is under way."""

    DONE = "done", _("Done")
    NOT_DONE = "not_done", _("Not done")
    UNCERTAIN = "uncertain", _("Unknown")


LIVE = Q(outcome__isnull=True) | Q(outcome=ActOutcome.UNCERTAIN)
REGISTERED = Q(kind=ActKind.REGISTRATION, outcome=ActOutcome.DONE)


class VendorAct(models.Model):
    """One call of its kind for one mailbox: intended, on the wire, ended; each committed before the next."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="acts", verbose_name=_("mailbox"))
    kind = models.CharField(_("act"), max_length=20, choices=ActKind.choices)
    outcome = models.CharField(_("outcome"), max_length=20, choices=ActOutcome.choices, null=True)
    begun_at = models.DateTimeField(_("begun"))
    leased_until = models.DateTimeField()
    marked_at = models.DateTimeField(_("on the wire"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    looked_at = models.DateTimeField(_("looked for at the vendor"), null=True)
    looks = models.PositiveSmallIntegerField(_("times not found"), default=0)
    answer_status = models.PositiveSmallIntegerField(_("answer"), null=True)
    error = models.PositiveSmallIntegerField(_("the vendor's number"), null=True)
    answer = models.TextField(_("the vendor's words"), blank=True)
    times = models.PositiveIntegerField(_("times tried with this answer"), default=1)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("act at the vendor")
        verbose_name_plural = _("acts at the vendor")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox", "kind"], condition=LIVE, name="act_one_alive"),
            models.UniqueConstraint(fields=["mailbox"], condition=REGISTERED, name="act_registered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {clock.shown(self.begun_at)}"


class Source(models.TextChoices):
    """How the portal learned of a change."""

    US = "us", _("The portal")
    ANSWER = "answer", _("The provider's answer")
    CALLBACK = "callback", _("A call from the provider")
    POLLING = "polling", _("Asked the provider")
    PERSON = "person", _("A person")


class StateChange(models.Model):
    """One line of a mailbox's history; the words are the state's as it was then."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="changes")
    at = models.DateTimeField(_("when"))
    state = models.CharField(_("state"), max_length=60)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    words = models.TextField(_("words"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.mailbox_id}: {self.state}"
