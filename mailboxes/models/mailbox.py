"""Mailboxes and the plans that say how much each may send."""

import uuid
from typing import ClassVar, Self
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes import objections
from mailboxes.states import CredentialsState, Kind, MailboxState, NextAct, VendorState
from pecportal.organisations.models import Organisation, PaceOf, VendorAccount
from pecportal.permissions import TenantQuerySet


class Window(models.TextChoices):
    """How the vendor counts a plan's day, month and year; it does not say."""

    CALENDAR = "calendar", _("By the calendar")
    ROLLING = "rolling", _("The last 24 hours, 30 days, 365 days")
    BOTH = "both", _("Both must allow it")


class Counts(models.TextChoices):
    """What a plan's limits count."""

    RECIPIENTS = "recipients", _("Recipients")
    MESSAGES = "messages", _("Messages")


class Plan(models.Model):
    """What a mailbox costs and may send under its contract: the vendor's numbers, as data. Null is no limit.

    Prices are in euros without VAT, as somebody noted them on a day; null is a price that nobody noted.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind of mailbox"), max_length=20, choices=Kind.choices, default=Kind.MASSIVE)
    yearly_price = models.DecimalField(
        _("price a year (euros, without VAT)"), max_digits=9, decimal_places=2, null=True, blank=True
    )
    message_price = models.DecimalField(
        _("price a message (euros, without VAT)"), max_digits=9, decimal_places=4, null=True, blank=True
    )
    prices_noted_on = models.DateField(_("prices noted on"), null=True, blank=True)
    is_orderable = models.BooleanField(
        _("can be ordered through the portal"),
        default=True,
        help_text=_("Otherwise the wizard shows it, and says where it is bought."),
    )
    bought_at = models.URLField(_("where it is bought"), blank=True)
    daily_limit = models.PositiveIntegerField(_("recipients a day"), null=True, blank=True)
    monthly_limit = models.PositiveIntegerField(_("recipients a month"), null=True, blank=True)
    margin = models.PositiveIntegerField(
        _("margin"), default=50, help_text=_("So many recipients below the vendor's limit we stop.")
    )
    yearly_limit = models.PositiveIntegerField(_("recipients a year"), null=True, blank=True)
    window = models.CharField(
        _("how days and months are counted"), max_length=10, choices=Window.choices, default=Window.BOTH
    )
    zone = models.CharField(_("time zone of its days"), max_length=40, default="Europe/Rome")
    counts = models.CharField(_("what is counted"), max_length=10, choices=Counts.choices, default=Counts.RECIPIENTS)
    rate = models.FloatField(
        _("messages a second"), null=True, blank=True, help_text=_("Empty: what the installation's settings say.")
    )
    pace_of = models.CharField(_("the pace is that of"), max_length=10, choices=PaceOf.choices, default=PaceOf.MAILBOX)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a pace below nothing and a time zone that nobody knows: sending would stop on them."""
        if self.rate is not None and self.rate < 0:
            raise ValidationError({"rate": gettext("The pace cannot be less than 0.")})
        if self.zone not in available_timezones():
            raise ValidationError({"zone": gettext("This time zone does not exist: write it as in Europe/Rome.")})
        if (self.yearly_price is not None or self.message_price is not None) and self.prices_noted_on is None:
            raise ValidationError({"prices_noted_on": gettext("Say on which day these prices were in force.")})


ASKED = (MailboxState.DRAFT, MailboxState.REGISTERING, MailboxState.UNCERTAIN)


class MailboxQuerySet(TenantQuerySet["Mailbox"]):
    """Mailboxes of organisations."""

    def kept(self) -> Self:
        """All but the drafts that were discarded."""
        return self.exclude(state=MailboxState.DISCARDED)

    def unfinished(self) -> Self:
        """Registrations that were begun and not sent, the one that was touched last first."""
        rows = self.filter(state=MailboxState.DRAFT).select_related("application")
        return rows.order_by(F("application__saved_at").desc(nulls_last=True), "-pk")


class Mailbox(models.Model):
    """A certified mailbox, from the draft of its data on. `vendor_state` is the vendor's word, judged, never moved.

    `address` is the one that was asked for until the vendor says which it is; where they differ, `asked_address`
    keeps the former.
    """

    limit = "pk"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="mailboxes")
    address = models.EmailField(_("address"), max_length=254)
    asked_address = models.EmailField(_("address asked for"), max_length=254, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.MASSIVE)
    plan = models.ForeignKey(Plan, models.PROTECT, null=True, blank=True, verbose_name=_("plan"))
    state = models.CharField(_("state"), max_length=20, choices=MailboxState.choices, default=MailboxState.DRAFT)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    problem_code = models.CharField(_("what stopped the registration"), max_length=20, blank=True)
    problem = models.TextField(_("the provider's words"), blank=True)
    problem_field = models.CharField(max_length=60, blank=True)

    vendor_account = models.ForeignKey(
        VendorAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account at the provider"),
        help_text=_("Empty: its organisation's."),
    )
    vendor_id = models.CharField(_("the vendor's id"), max_length=100, blank=True)
    vendor_state = models.CharField(_("the vendor's state"), max_length=60, blank=True)
    vendor_record = models.JSONField(_("the vendor's record"), default=dict, blank=True)
    refreshed_at = models.DateTimeField(_("state read"), null=True, blank=True)
    callback_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    refresh_at = models.DateTimeField(_("state read next"), null=True, blank=True)
    refreshes = models.PositiveIntegerField(_("readings since the last change"), default=0)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, db_index=True)
    is_by_hand = models.BooleanField(
        _("recorded by hand"),
        default=False,
        help_text=_("A person says that it exists; the provider's list has not shown it yet."),
    )

    username = models.CharField(_("user name"), max_length=254, blank=True)
    password_sealed = models.TextField(blank=True, editable=False)
    credentials_state = models.CharField(
        _("credentials"), max_length=20, choices=CredentialsState.choices, default=CredentialsState.MISSING
    )
    credentials_since = models.DateTimeField(_("credentials since"), null=True, blank=True)

    space_used = models.PositiveBigIntegerField(_("space in use"), null=True, blank=True)
    space_limit = models.PositiveBigIntegerField(_("space allowed"), null=True, blank=True)
    space_at = models.DateTimeField(_("space read"), null=True, blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("prepared by")
    )
    created_at = models.DateTimeField(_("prepared"), auto_now_add=True)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering: ClassVar = ["address"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vendor_id"], condition=~Q(vendor_id=""), name="mailbox_vendor_id_once"),
            models.CheckConstraint(condition=Q(state__in=MailboxState.values), name="mailbox_state_known"),
            models.UniqueConstraint(
                fields=["organisation", "address"], condition=Q(state__in=ASKED), name="mailbox_asked_once"
            ),
        ]

    def __str__(self) -> str:
        return self.address

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("mailboxes:detail", args=[self.pk])

    @property
    def is_active(self) -> bool:
        """Whether the vendor calls it active."""
        return self.vendor_state == VendorState.ACTIVE

    @property
    def wants_credentials(self) -> bool:
        """Whether its user name and password are of use: it is active, and campaigns may be sent from it."""
        return self.is_active and self.kind == Kind.MASSIVE

    @property
    def renews_itself(self) -> bool | None:
        """The vendor's `autorinnovo`; None where its record does not say."""
        told = self.vendor_record.get("autorinnovo")
        return told if isinstance(told, bool) else None

    @property
    def state_words(self) -> str:
        """Where it stands: the vendor's state once there is one, ours before; unknown words as they come."""
        if self.state != MailboxState.REGISTERED:
            return str(MailboxState(self.state).label)
        known = {state.value: str(state.label) for state in VendorState}
        return known.get(self.vendor_state, self.vendor_state) or str(MailboxState.REGISTERED.label)

    @property
    def account_problem(self) -> str:
        """Why its account at the provider is not used here, as a sentence; "" when it is."""
        account = self.vendor_account or self.organisation.vendor_account
        return account.why_not_here if account is not None else ""

    @property
    def tone(self) -> str:
        """How the state is coloured, beside its words."""
        if self.state != MailboxState.REGISTERED:
            return {MailboxState.UNCERTAIN: "warning", MailboxState.REGISTERING: "info"}.get(
                MailboxState(self.state), "secondary"
            )
        tones = {
            VendorState.ACTIVE: "success",
            VendorState.DOCUMENTS_WRONG: "danger",
            VendorState.REGISTERED: "warning",
            VendorState.IN_REVIEW: "info",
        }
        return tones.get(VendorState(self.vendor_state), "secondary") if self._is_known else "secondary"

    @property
    def objection(self) -> str:
        """What the vendor has against the registration, as a sentence; "" for nothing."""
        return objections.sentence(self.problem_code, self.problem)

    @property
    def space_percent(self) -> int | None:
        """Whole percents of its storage in use; None when it was never read."""
        return 100 * self.space_used // self.space_limit if self.space_used is not None and self.space_limit else None

    @property
    def is_full(self) -> bool:
        """Whether so much of it is in use, by the latest reading, that receipts may soon find no room."""
        percent = self.space_percent
        return percent is not None and percent >= settings.MAILBOX_FULL_PERCENT

    @property
    def next_act(self) -> NextAct | None:
        """What its clerk has to do next; None when there is nothing to do."""
        if self.state == MailboxState.DRAFT:
            return NextAct.CORRECT if self.problem_code else NextAct.COMPLETE
        if self.state == MailboxState.UNCERTAIN:
            return NextAct.AWAIT
        if self.state == MailboxState.REGISTERING:
            return None
        if self.wants_credentials and self.credentials_state in (CredentialsState.MISSING, CredentialsState.REFUSED):
            return NextAct.CREDENTIALS
        if self.hand_ins.filter(state__in=["waiting", "sending", "uncertain"]).exists():
            return None
        of_vendors = {
            VendorState.REGISTERED.value: NextAct.DOCUMENTS,
            VendorState.DOCUMENTS_WRONG.value: NextAct.DOCUMENTS_AGAIN,
        }
        return of_vendors.get(self.vendor_state)

    @property
    def next_step(self) -> str:
        """The same as a sentence; "" when there is nothing to do."""
        found = self.next_act
        return str(found.label) if found else ""

    @property
    def _is_known(self) -> bool:
        return self.vendor_state in VendorState.values

    def why_not(self) -> str | None:
        """Why no campaign may be sent from it, as a sentence for its clerk; None when it may."""
        if self.kind != Kind.MASSIVE:
            return gettext("Only PEC Massiva mailboxes may send campaigns: the contract of the others forbids it.")
        if not self.is_active:
            return gettext("The mailbox is not active yet.")
        if self.credentials_state == CredentialsState.MISSING:
            return gettext("The mailbox's user name and password have not been entered yet.")
        if self.credentials_state == CredentialsState.REFUSED:
            return gettext("The provider refuses the mailbox's user name or password: enter them again.")
        return self.account_problem or None

    def why_not_now(self) -> str | None:
        """Why nothing leaves it just now: `why_not`, or that it is too full; None when it sends.

        A full mailbox loses receipts, and with them the proof. It is asked again by itself, so sending goes on as
        soon as somebody has made space.
        """
        return self.why_not() or (self.space_warning if self.is_full else None)

    @property
    def space_warning(self) -> str:
        """How full it is, what that does, and what to do about it."""
        return gettext(
            "The mailbox is %(percent)s%% full: nothing is sent from it, since receipts that find no room would be "
            "lost, and with them the proof. Save the receipts, then make space from its webmail: sending goes on by "
            "itself within a few minutes."
        ) % {"percent": self.space_percent}
