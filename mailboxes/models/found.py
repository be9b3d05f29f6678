"""Mailboxes that the vendor's list shows and the portal does not have: offered for adoption."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.models.mailbox import Mailbox
from mailboxes.states import VendorState
from pecportal.organisations.models import Organisation, VendorAccount
from pecportal.permissions import TenantQuerySet


class Found(models.Model):
    """One mailbox of the account, as the latest list showed it. It is seen by the organisation it is offered to alone.

    The account may serve several organisations, and its list does not say whose a mailbox is: an operator does.
    """

    limit = ""  # no mailbox yet: who keeps some of the mailboxes only does not take others in

    vendor_id = models.CharField(_("the vendor's id"), max_length=100, unique=True)
    account = models.ForeignKey(
        VendorAccount,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account at the provider"),
    )
    address = models.CharField(_("address"), max_length=254)
    kind = models.CharField(_("kind"), max_length=60, blank=True)
    vendor_state = models.CharField(_("the vendor's state"), max_length=60, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="found_mailboxes",
        verbose_name=_("offered to"),
        help_text=_("The organisation that it belongs to; its mailbox keepers may then adopt it."),
    )
    found_at = models.DateTimeField(_("found"))
    seen_at = models.DateTimeField(_("last seen"))
    adopted_as = models.OneToOneField(
        Mailbox, models.PROTECT, null=True, blank=True, related_name="found", verbose_name=_("adopted as")
    )
    is_refused = models.BooleanField(_("not ours"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox found at the provider")
        verbose_name_plural = _("mailboxes found at the provider")
        ordering: ClassVar = ["address"]

    def __str__(self) -> str:
        return self.address

    @property
    def state_words(self) -> str:
        """The vendor's state; unknown words as they come."""
        known = {state.value: str(state.label) for state in VendorState}
        return known.get(self.vendor_state, self.vendor_state)
