"""What people decided about messages in doubt, and what contradicted a decision or an answer later."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Attempt, Message
from campaigns.models.tracking import Receipt
from campaigns.states import Outcome
from pecportal import clock
from pecportal.permissions import TenantQuerySet

PERSON = settings.AUTH_USER_MODEL


class Choice(models.TextChoices):
    """What may be done with a message whose outcome nobody knows."""

    WAIT = "wait", _("Wait for a receipt")
    SEND_AGAIN = "send_again", _("Send it again")
    NOT_SENT = "not_sent", _("Close it as not sent")
    SENT = "sent", _("Regard it as sent")


class Decision(models.Model):
    """One person's choice about one attempt, with the evidence that was shown. Append only; confirmed or withdrawn."""

    tenant = "attempt__message__campaign__organisation"

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="decisions")
    choice = models.CharField(_("choice"), max_length=20, choices=Choice.choices)
    reason = models.TextField(_("reason"))
    evidence = models.JSONField(_("what was shown"))
    evidence_sha256 = models.CharField(max_length=64)
    proof_name = models.CharField(_("receipt handed in"), max_length=150, blank=True)
    proof_stored_as = models.CharField(max_length=200, blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"))
    confirmed_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    applied_at = models.DateTimeField(_("in force since"), null=True)
    withdrawn_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["attempt"],
                condition=Q(applied_at__isnull=True, withdrawn_at__isnull=True),
                name="decision_open_once",
            ),
            models.CheckConstraint(condition=Q(choice__in=Choice.values), name="decision_choice_known"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt}: {self.choice}"


class IncidentKind(models.TextChoices):
    """How a late receipt or answer contradicts what was recorded or decided."""

    SENT_TWICE = "sent_twice", _("The message was probably sent twice")
    NOT_UNSENT = "not_unsent", _("The provider sent a message that it, or the portal, had called not sent")
    NOT_CLOSED = "not_closed", _("The provider sent a message that a person had closed as not sent")


class Incident(models.Model):
    """A receipt that contradicts what was recorded or decided: both are kept, and people are told."""

    tenant = "message__campaign__organisation"

    message = models.ForeignKey(Message, models.PROTECT, related_name="incidents")
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="incidents")
    receipt = models.ForeignKey(Receipt, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("what happened"), max_length=40, choices=IncidentKind.choices)
    at = models.DateTimeField(_("when"))
    seen_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("seen by"))
    seen_at = models.DateTimeField(_("seen"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["attempt", "kind"], name="incident_once")]

    def __str__(self) -> str:
        return f"{self.attempt}: {self.kind}"


class Closing(models.Model):
    """A person's note that nothing more is done about a message that did not arrive. Append only."""

    tenant = "message__campaign__organisation"

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="closing")
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("note on a failed message")
        verbose_name_plural = _("notes on failed messages")

    def __str__(self) -> str:
        return str(self.message_id)


class Search(models.Model):
    """One look for an attempt in doubt through the vendor's search: a hint only; the whole readings tell of absence."""

    tenant = "attempt__message__campaign__organisation"

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="searches")
    at = models.DateTimeField(_("when"))
    found = models.PositiveSmallIntegerField(_("receipts found"), default=0)
    problem = models.CharField(_("what stopped it"), max_length=300, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("search for an attempt")
        verbose_name_plural = _("searches for attempts")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {clock.shown(self.at)}"


class DoubtManager(models.Manager["Doubt"]):
    """Only the attempts whose outcome is unknown."""

    def get_queryset(self) -> models.QuerySet["Doubt"]:
        """Those in doubt."""
        return super().get_queryset().filter(outcome=Outcome.UNCERTAIN)


class Doubt(Attempt):
    """An attempt whose outcome is unknown, as the operators' console lists it."""

    objects: ClassVar[DoubtManager] = DoubtManager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("attempt in doubt")
        verbose_name_plural = _("attempts in doubt")
