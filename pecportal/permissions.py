"""Who may do what: roles, the powers they give, and the one place where every query of a door begins."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from pecportal.statemachine import StateQuerySet

if TYPE_CHECKING:
    from pecportal.organisations.models import Organisation, User

M = TypeVar("M", bound=models.Model)


class Role(models.TextChoices):
    """What a member is in an organisation; one person may have several."""

    PREPARER = "preparer", _("Preparer")
    APPROVER = "approver", _("Approver")
    KEEPER = "keeper", _("Mailbox keeper")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


class Power(models.TextChoices):
    """A named permission. Doors ask for a power, never for a role."""

    PREPARE = "campaigns.prepare", _("Prepare campaigns")
    START = "campaigns.start", _("Start campaigns")
    APPROVE = "campaigns.approve", _("Approve campaigns that others prepared")
    STOP = "campaigns.stop", _("Pause and stop campaigns")
    DECIDE = "campaigns.decide", _("Decide what becomes of messages in doubt")
    READ = "campaigns.read", _("See contents and recipients")
    REGISTER = "mailboxes.register", _("Register mailboxes")
    CREDENTIALS = "mailboxes.credentials", _("Enter a mailbox's credentials")
    RULES = "organisations.rules", _("Say which acts take a second person")
    IDENTITY = "mailboxes.identity", _("See identity documents that others handed in")


POWERS: dict[Role, frozenset[Power]] = {
    Role.PREPARER: frozenset({Power.PREPARE, Power.START, Power.STOP, Power.READ}),
    Role.APPROVER: frozenset({Power.PREPARE, Power.START, Power.APPROVE, Power.STOP, Power.DECIDE, Power.READ}),
    Role.KEEPER: frozenset({Power.REGISTER, Power.CREDENTIALS}),
    Role.ADMINISTRATOR: frozenset({Power.STOP, Power.REGISTER, Power.CREDENTIALS, Power.IDENTITY, Power.RULES}),
    Role.AUDITOR: frozenset(),
}


def roles_with(power: Power) -> list[Role]:
    """The roles that give `power`."""
    return [role for role, powers in POWERS.items() if power in powers]


class TenantQuerySet(StateQuerySet[M]):
    """Rows that belong to an organisation, reached through `tenant` (a lookup path on the model)."""

    def visible_to(self, user: "User | AnonymousUser", power: Power | None = None) -> Self:
        """The rows of the organisations in which `user` is a member, or has `power`; none for a stranger.

        Being staff gives nothing here: an operator's door is the console, which shows no contents.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        path = getattr(self.model, "tenant", "organisation")
        memberships = user.memberships.all()
        if power is not None:
            memberships = memberships.filter(role__in=roles_with(power))
        return self.filter(**{f"{path}__in": memberships.values("organisation")})


def may(user: "User | AnonymousUser", power: Power, organisation: "Organisation | int") -> bool:
    """Whether `user` has `power` in `organisation`."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.memberships.filter(organisation=organisation, role__in=roles_with(power)).exists()


def visible_or_404(rows: models.QuerySet[M], **lookup: Any) -> M:
    """The one row of an already scoped query, or the same 404 for foreign and for missing ones."""
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def require(user: "User | AnonymousUser", power: Power, organisation: "Organisation | int") -> None:
    """Raise 404 unless `user` has `power` in `organisation`; what you may not do is not there."""
    if not may(user, power, organisation):
        raise Http404


def powers_of(user: "User", organisations: Iterable["Organisation"]) -> frozenset[Power]:
    """Everything `user` may do in any of `organisations`."""
    roles = user.memberships.filter(organisation__in=list(organisations)).values_list("role", flat=True)
    return frozenset(power for role in roles for power in POWERS[Role(role)])
