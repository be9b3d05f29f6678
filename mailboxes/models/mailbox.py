"""Mailboxes and the plans that say how much each may send."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes import objections
from mailboxes.states import CredentialsState, Kind, MailboxState, VendorState
from pecportal.organisations.models import Organisation
from pecportal.permissions import TenantQuerySet


class Plan(models.Model):
    """How much a mailbox may send under its contract: the vendor's numbers, as data. Null is no limit."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    daily_limit = models.PositiveIntegerField(_("recipients a day"), null=True, blank=True)
    monthly_limit = models.PositiveIntegerField(_("recipients a month"), null=True, blank=True)
    margin = models.PositiveIntegerField(
        _("margin"), default=50, help_text=_("So many recipients below the vendor's limit we stop.")
    )

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


ASKED = (MailboxState.DRAFT, MailboxState.REGISTERING, MailboxState.UNCERTAIN)


class Mailbox(models.Model):
    """A certified mailbox, from the draft of its data on. `vendor_state` is the vendor's word, judged, never moved.

    `address` is the one that was asked for until the vendor says which it is; where they differ, `asked_address`
    keeps the former.
    """

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

    vendor_id = models.CharField(_("the vendor's id"), max_length=100, blank=True)
    vendor_state = models.CharField(_("the vendor's state"), max_length=60, blank=True)
    vendor_record = models.JSONField(_("the vendor's record"), default=dict, blank=True)
    refreshed_at = models.DateTimeField(_("state read"), null=True, blank=True)
    callback_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    refresh_at = models.DateTimeField(_("state read next"), null=True, blank=True)
    refreshes = models.PositiveIntegerField(_("readings since the last change"), default=0)

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

    objects = TenantQuerySet.as_manager()

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
    def state_words(self) -> str:
        """Where it stands: the vendor's state once there is one, ours before; unknown words as they come."""
        if self.state != MailboxState.REGISTERED:
            return str(MailboxState(self.state).label)
        known = {state.value: str(state.label) for state in VendorState}
        return known.get(self.vendor_state, self.vendor_state) or str(MailboxState.REGISTERED.label)

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
    def next_step(self) -> str:
        """What its clerk has to do next, as a sentence; "" when there is nothing to do."""
        if self.state == MailboxState.DRAFT and self.problem_code:
            return gettext("The provider did not register the mailbox: see why, and send it again.")
        if self.state == MailboxState.DRAFT:
            return gettext("Complete the data and send the registration.")
        if self.state == MailboxState.UNCERTAIN:
            return gettext("The provider's answer was lost: the portal looks whether the mailbox was registered.")
        if self.state == MailboxState.REGISTERING:
            return ""
        if self.is_active and self.credentials_state in (CredentialsState.MISSING, CredentialsState.REFUSED):
            return gettext("Enter the user name and password that the provider sent by e-mail.")
        if self.hand_ins.filter(state__in=["waiting", "sending", "uncertain"]).exists():
            return ""
        sentences = {
            VendorState.REGISTERED: gettext("Sign the activation form and hand it in with the identity document."),
            VendorState.DOCUMENTS_WRONG: gettext("The documents were not accepted: hand them in again."),
        }
        return sentences.get(VendorState(self.vendor_state), "") if self._is_known else ""

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
        return None
