"""What a person ordered for a mailbox that exists: renewal, reactivation, revocation. Each is carried out once."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes import objections
from mailboxes.models.acts import ActKind, VendorAct
from mailboxes.models.mailbox import Mailbox
from pecportal import clock
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State, moves


class OrderKind(models.TextChoices):
    """What was ordered. A reactivation is the vendor's renewal of a revoked mailbox."""

    RENEWAL = ActKind.RENEWAL.value, _("Renewal")
    REVOCATION = ActKind.REVOCATION.value, _("Revocation")


@moves(
    {
        "proposed": ("waiting", "withdrawn"),
        "waiting": ("sending", "withdrawn", "not_done"),
        "sending": ("waiting", "done", "not_done", "uncertain"),
        "uncertain": ("done", "not_done"),
    }
)
class OrderState(State):
    """Our doing with one order."""

    PROPOSED = "proposed", _("A second person has to confirm it")
    WAITING = "waiting", _("To be sent to the provider")
    SENDING = "sending", _("Being sent to the provider")
    DONE = "done", _("Done")
    NOT_DONE = "not_done", _("Not done")
    UNCERTAIN = "uncertain", _("Outcome unknown")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OPEN = (OrderState.PROPOSED, OrderState.WAITING, OrderState.SENDING, OrderState.UNCERTAIN)


class Order(models.Model):
    """One order. `expires_seen` and `price` are what its person saw when they confirmed them.

    `expires_before` is the expiry that the vendor told right before the call: by it a lost answer is settled.
    """

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="orders", verbose_name=_("mailbox"))
    kind = models.CharField(_("order"), max_length=20, choices=OrderKind.choices)
    years = models.PositiveSmallIntegerField(_("years"), default=0)
    price = models.DecimalField(_("price, in euros"), max_digits=8, decimal_places=2, null=True)
    state = models.CharField(_("state"), max_length=20, choices=OrderState.choices, default=OrderState.PROPOSED)
    state_since = models.DateTimeField(_("since"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("ordered by"))
    at = models.DateTimeField(_("ordered"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    expires_seen = models.DateTimeField(_("expiry when it was ordered"), null=True)
    state_seen = models.CharField(_("the vendor's state when it was ordered"), max_length=60, blank=True)
    expires_before = models.DateTimeField(_("expiry before it was carried out"), null=True)
    act = models.OneToOneField(VendorAct, models.PROTECT, null=True, related_name="order", verbose_name=_("act"))
    problem_code = models.CharField(_("what stopped it"), max_length=20, blank=True)
    problem = models.TextField(_("the provider's words"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mailbox"], condition=models.Q(state__in=[state.value for state in OPEN]), name="order_one_open"
            ),
            models.CheckConstraint(condition=models.Q(state__in=OrderState.values), name="order_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {clock.shown(self.at)}"

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in OPEN

    @property
    def is_under_way(self) -> bool:
        """Whether the page that shows it may change by itself soon."""
        return self.state in (OrderState.WAITING, OrderState.SENDING)

    @property
    def objection(self) -> str:
        """What stood in its way, as a sentence; "" for nothing."""
        return objections.sentence(self.problem_code, self.problem)
