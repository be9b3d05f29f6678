"""What operators need to know: open alerts, signs of life, which installation this is, what the audits found."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pecportal import clock
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Alert(models.Model):
    """Something that a person has to look at: raised once however often it is seen, ended by an all-clear."""

    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(_("what it is about"), max_length=100)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name=_("organisation")
    )
    facts = models.JSONField(_("facts"), default=dict)
    raised_at = models.DateTimeField(_("raised"))
    seen_at = models.DateTimeField(_("last seen"))
    times = models.PositiveIntegerField(_("times seen"), default=1)
    ended_at = models.DateTimeField(_("ended"), null=True)
    told_at = models.DateTimeField(_("operators told"), null=True)
    cleared_at = models.DateTimeField(_("all-clear told"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(ended_at__isnull=True), name="alert_open_once")
        ]

    def __str__(self) -> str:
        from pecportal.operation import meanings  # they are about alerts

        return meanings.of(self).title


class Event(models.TextChoices):
    """What is told of an alert."""

    RAISED = "raised", _("Raised")
    ENDED = "ended", _("All-clear")


class Channel(models.TextChoices):
    """How it is told."""

    MAIL = "mail", _("E-mail")
    WEBHOOK = "webhook", _("Webhook")


class Delivery(models.Model):
    """That an alert, or its end, is told to one place. Tried again, at growing intervals, until it was taken."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries", verbose_name=_("alert"))
    event = models.CharField(_("what is told"), max_length=10, choices=Event.choices)
    channel = models.CharField(_("how"), max_length=10, choices=Channel.choices)
    to = models.CharField(_("to whom"), max_length=254, blank=True)
    next_at = models.DateTimeField(_("next try"))
    tries = models.PositiveIntegerField(_("tries"), default=0)
    problem = models.CharField(_("why not"), max_length=100, blank=True)
    done_at = models.DateTimeField(_("told"), null=True)

    class Meta:
        verbose_name = _("delivery of an alert")
        verbose_name_plural = _("deliveries of alerts")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "event", "channel", "to"], name="delivery_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="delivery_due", condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.alert} · {self.get_event_display()} · {self.get_channel_display()}"


class Pulse(models.Model):
    """When a lane of background work last proved that it makes progress."""

    name = models.CharField(_("lane"), max_length=60, primary_key=True)
    beaten_at = models.DateTimeField(_("last sign of life"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """Which installation these rows belong to. Restored or cloned elsewhere, they must not send by themselves."""

    mark = models.UUIDField(default=uuid.uuid4, editable=False)
    sending_off_since = models.DateTimeField(_("sending off since"), null=True)
    sending_off_because = models.CharField(_("why sending is off"), max_length=40, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("switched on again by")
    )
    lifted_at = models.DateTimeField(_("switched on again"), null=True)

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")

    def __str__(self) -> str:
        return str(self.mark)


class AuditRun(models.Model):
    """One run of the self-audit: how many rows each question found; every number should be 0."""

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    found = models.JSONField(_("found"), default=dict)
    total = models.PositiveIntegerField(_("rows found"), default=0)

    class Meta:
        verbose_name = _("self-audit")
        verbose_name_plural = _("self-audits")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{clock.shown(self.started_at)}: {self.total}"


class Scope(models.TextChoices):
    """What a switch stops the sending of, the widest first."""

    ALL = "all", _("The whole portal")
    ACCOUNT = "account", _("An account at the provider")
    MAILBOX = "mailbox", _("A mailbox")
    CAMPAIGN = "campaign", _("A campaign")


class Switch(models.Model):
    """Sending that operators switched off: as long as it has no end, nothing of what it is about is claimed.

    `about` is the row's id; 0 for the whole portal, and for the account of the settings.
    """

    scope = models.CharField(_("what is switched off"), max_length=10, choices=Scope.choices)
    about = models.PositiveBigIntegerField(_("which"), default=0)
    name = models.CharField(_("its name then"), max_length=254, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name=_("organisation")
    )
    sentence = models.CharField(_("what clerks read"), max_length=300)
    reason = models.TextField(_("reason"), max_length=2000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("switched off by")
    )
    since = models.DateTimeField(_("since"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("switched on by")
    )
    ended_at = models.DateTimeField(_("switched on"), null=True)
    ended_reason = models.TextField(_("reason for switching on"), max_length=2000, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [("operate", _("Act in the operators' console"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "about"], condition=Q(ended_at__isnull=True), name="switch_once"),
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="switch_scope_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.name}" if self.name else str(self.get_scope_display())


class VendorCall(models.Model):
    """When one of the vendor's APIs last answered an account well, and when and how it last did not.

    `account` is the account's id, 0 for that of the settings; `problem` a code of `hearing`, never the vendor's words.
    """

    account = models.PositiveBigIntegerField(_("account"), default=0)
    api = models.CharField(_("API"), max_length=20)
    good_at = models.DateTimeField(_("last good answer"), null=True)
    bad_at = models.DateTimeField(_("last failure"), null=True)
    problem = models.CharField(_("what failed"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("contact with the provider")
        verbose_name_plural = _("contacts with the provider")
        ordering: ClassVar = ["account", "api"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "api"], name="vendor_call_once")]

    def __str__(self) -> str:
        return f"{self.account}: {self.api}"


class VendorSpan(models.Model):
    """How many calls to one API there were in the five minutes from `at`, and how many failed."""

    account = models.PositiveBigIntegerField(_("account"), default=0)
    api = models.CharField(_("API"), max_length=20)
    at = models.DateTimeField(_("from"))
    calls = models.PositiveIntegerField(_("calls"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)

    class Meta:
        verbose_name = _("calls to the provider")
        verbose_name_plural = _("calls to the provider")
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["at", "account", "api"], name="vendor_span_once")]

    def __str__(self) -> str:
        return f"{clock.shown(self.at)} {self.api}"


class Figure(models.Model):
    """A number that is counted in the background, so that no page has to: of what kind, about which row."""

    kind = models.CharField(_("kind"), max_length=40)
    about = models.PositiveBigIntegerField(_("which"), default=0)
    value = models.PositiveBigIntegerField(_("number"))
    at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        ordering: ClassVar = ["kind", "about"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "about"], name="figure_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class Deed(models.Model):
    """One act of an operator in the console, on one thing or many. Its token is the form's: sent twice, it is one."""

    token = models.UUIDField(unique=True, editable=False)
    act = models.CharField(_("act"), max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"))
    reason = models.TextField(_("reason"), max_length=2000)
    chosen = models.PositiveIntegerField(_("chosen"), default=0)
    done = models.PositiveIntegerField(_("done"), null=True)

    class Meta:
        verbose_name = _("act in the console")
        verbose_name_plural = _("acts in the console")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.act} {clock.shown(self.at)}"


class Handled(models.Model):
    """That a thing of a desk was acted on, and when last: two operators at the same moment act once."""

    act = models.CharField(_("act"), max_length=40)
    key = models.CharField(_("which"), max_length=80)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("thing that was acted on")
        verbose_name_plural = _("things that were acted on")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["act", "key"], name="handled_once")]

    def __str__(self) -> str:
        return f"{self.act} {self.key}"
