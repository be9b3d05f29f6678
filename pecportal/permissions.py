"""Who may do what: roles, the powers they give, and the one place where every query of a door begins."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pecportal.statemachine import StateQuerySet

if TYPE_CHECKING:
    from pecportal.organisations.models import BrokenGlass, Membership, Organisation, User

M = TypeVar("M", bound=models.Model)


class Role(models.TextChoices):
    """What a member is in an organisation; one person may have several. A program has scopes in their place."""

    PREPARER = "preparer", _("Preparer")
    APPROVER = "approver", _("Approver")
    KEEPER = "keeper", _("Mailbox keeper")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")
    MAILBOXES_READ = "mailboxes:read", _("See the mailboxes and how they stand")
    MAILBOXES_WRITE = "mailboxes:write", _("Register mailboxes, enter their passwords, renew and revoke them")
    CAMPAIGNS_READ = "campaigns:read", _("See its own campaigns and their messages")
    CAMPAIGNS_WRITE = "campaigns:write", _("Prepare campaigns")
    CAMPAIGNS_START = "campaigns:start", _("Start and stop its own campaigns")
    MESSAGES_SEND = "messages:send", _("Send single messages")
    LOOKUPS = "lookups", _("Look up addresses, which may cost")
    EVENTS_READ = "events:read", _("Read what happens")


class Power(models.TextChoices):
    """A named permission. Doors ask for a power, never for a role."""

    SEE = "mailboxes.see", _("See the mailboxes and how they stand")
    PREPARE = "campaigns.prepare", _("Prepare campaigns")
    START = "campaigns.start", _("Start campaigns")
    APPROVE = "campaigns.approve", _("Approve campaigns that others prepared")
    STOP = "campaigns.stop", _("Pause and stop campaigns")
    DECIDE = "campaigns.decide", _("Decide what becomes of messages in doubt")
    READ = "campaigns.read", _("See contents and recipients")
    SEND = "messages.send", _("Send single messages")
    LOOK_UP = "lookups.order", _("Look up addresses")
    REGISTER = "mailboxes.register", _("Register mailboxes")
    CREDENTIALS = "mailboxes.credentials", _("Enter a mailbox's credentials")
    RULES = "organisations.rules", _("Say which acts take a second person")
    IDENTITY = "mailboxes.identity", _("See identity documents that others handed in")
    MEMBERS = "organisations.members", _("Invite and remove members, and give them roles")
    KEYS = "organisations.keys", _("Make and revoke keys and webhooks of programs")
    EVENTS = "events.read", _("Read the events that programs are told")
    JOURNAL = "journal.read", _("Read what everybody did")
    VERIFY = "journal.verify", _("Have the journal verified")


POWERS: dict[Role, frozenset[Power]] = {
    Role.PREPARER: frozenset(
        {Power.SEE, Power.PREPARE, Power.START, Power.STOP, Power.READ, Power.SEND, Power.LOOK_UP}
    ),
    Role.APPROVER: frozenset(
        {
            *(Power.SEE, Power.PREPARE, Power.START, Power.APPROVE, Power.STOP, Power.DECIDE, Power.READ),
            *(Power.SEND, Power.LOOK_UP, Power.JOURNAL),
        }
    ),
    Role.KEEPER: frozenset({Power.SEE, Power.REGISTER, Power.CREDENTIALS}),
    Role.ADMINISTRATOR: frozenset(
        {
            *(Power.SEE, Power.EVENTS, Power.STOP, Power.REGISTER, Power.CREDENTIALS, Power.IDENTITY),
            *(Power.MEMBERS, Power.KEYS, Power.JOURNAL, Power.RULES),
        }
    ),
    Role.AUDITOR: frozenset({Power.SEE, Power.JOURNAL, Power.VERIFY}),  # no contents, no recipients
    Role.MAILBOXES_READ: frozenset({Power.SEE}),
    Role.MAILBOXES_WRITE: frozenset({Power.REGISTER, Power.CREDENTIALS}),
    Role.CAMPAIGNS_READ: frozenset({Power.READ}),
    Role.CAMPAIGNS_WRITE: frozenset({Power.PREPARE}),
    Role.CAMPAIGNS_START: frozenset({Power.START, Power.STOP}),
    Role.MESSAGES_SEND: frozenset({Power.SEND, Power.READ}),
    Role.LOOKUPS: frozenset({Power.LOOK_UP}),
    Role.EVENTS_READ: frozenset({Power.EVENTS}),
}
PEOPLES: Final = (Role.PREPARER, Role.APPROVER, Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR)  # what people may be
SCOPES: Final = tuple(role for role in Role if role not in PEOPLES)  # what programs may
_BY_GLASS: Final = frozenset({None, Power.READ})  # what an operator sees in an emergency; nothing is done by it
WHOLE: Final = frozenset({Role.ADMINISTRATOR})  # what one is for all mailboxes, or not at all


def roles_with(power: Power) -> list[Role]:
    """The roles that give `power`."""
    return [role for role, powers in POWERS.items() if power in powers]


class TenantQuerySet(StateQuerySet[M]):
    """Rows that belong to an organisation, reached through `tenant` (a lookup path on the model).

    Some memberships are limited to certain mailboxes: they reach the rows of those mailboxes, and what has no mailbox;
    what has several, only if all of them are among those.
    """

    def visible_to(self, user: "User | AnonymousUser", power: Power | None = None) -> Self:
        """The rows of the organisations in which `user` is a member, or has `power`; none for a stranger.

        Being staff gives nothing here: an operator's door is the console, which shows no contents. In an emergency an
        operator breaks the glass, and reads for an hour what a member may read. A program sees, of what somebody makes,
        what it made itself.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        path, box = tenant_path(self.model), mailbox_path(self.model)
        memberships = _with(user.memberships.all(), power)
        whole = memberships if box is None else memberships.filter(is_limited=False)
        reach = models.Q(**{f"{path}__in": whole.values("organisation")})
        if box:
            reach |= _limited(self.model, box, memberships.filter(is_limited=True, mailboxes__isnull=False))
        if user.is_program and (maker := maker_path(self.model)):
            reach &= models.Q(**{maker: user})
        if user.is_staff and power in _BY_GLASS:
            reach |= models.Q(**{f"{path}__in": _open_glasses(user).values("organisation")})
        return self.filter(reach)


def tenant_path(model: type[models.Model]) -> str:
    """The lookup path from a model to its organisation."""
    return str(getattr(model, "tenant", "organisation"))


@cache
def mailbox_path(model: type[models.Model]) -> str | None:
    """The lookup path to the mailbox that limits who sees a row; None where none does.

    A model may say in `limit` what cannot be derived from `tenant`; "" hides its rows from limited memberships.
    """
    told = getattr(model, "limit", None)
    if told is not None:
        return str(told)
    before, owner = _owner(model)
    if getattr(owner, "limit", None) == "pk":
        return before
    names = {field.name for field in owner._meta.get_fields()}
    return "__".join(filter(None, (before, "mailbox"))) if "mailbox" in names else None


@cache
def maker_path(model: type[models.Model]) -> str | None:
    """The lookup path to who made a row, or that which it hangs on, as the model or its owner says in `maker`."""
    told = getattr(model, "maker", None)
    if told is not None:
        return str(told)
    before, owner = _owner(model)
    told = getattr(owner, "maker", None)
    return None if told is None else "__".join(filter(None, (before, str(told))))


def _owner(model: type[models.Model]) -> tuple[str, Any]:
    """The lookup path to the model that names the organisation, "" for itself, and that model."""
    before, _sep, _last = tenant_path(model).rpartition("__")
    owner: Any = model
    for step in before.split("__") if before else ():
        owner = owner._meta.get_field(step).related_model
    return before, owner


def _limited(model: type[models.Model], box: str, memberships: "models.QuerySet[Membership]") -> models.Q:
    """The rows that limited memberships reach by the mailbox at the path `box`.

    An owner may name in `limit_further` its related rows, each with one more mailbox of it.
    """
    mine = memberships.values("mailboxes")
    reach = models.Q(**{f"{box}__in": mine})
    before, owner = _owner(model)
    name = getattr(owner, "limit_further", None)
    if name is None:
        return reach
    relation = owner._meta.get_field(name)
    beyond = relation.related_model._default_manager.exclude(mailbox__in=mine)
    return reach & ~models.Q(**{f"{before or 'pk'}__in": beyond.values(relation.field.name)})


def may(user: "User | AnonymousUser", power: Power | None, where: "models.Model | int", *, whole: bool = False) -> bool:
    """Whether `user` has `power`, or without one is a member, in an organisation, or for the mailboxes of a row.

    For an organisation it is enough to have it for some mailbox, unless `whole` asks for all of them. A program has it
    for what it made itself alone.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if user.is_program and not _is_its_own(user, where):
        return False
    if _reaching(_with(user.memberships.all(), power), where, whole=whole).exists():
        return True
    is_by_glass = user.is_staff and power in _BY_GLASS
    return is_by_glass and _open_glasses(user).filter(organisation=_organisation_of(where)).exists()


def people_with(power: Power, where: "models.Model | int") -> "models.QuerySet[User]":
    """Every person, active and once, who has `power` there; see `may`. Programs are none."""
    from pecportal.organisations.models import Membership  # it stands on this module

    holders = _reaching(_with(Membership.objects.all(), power), where, whole=False).values("user")
    people: models.QuerySet[User] = get_user_model()._default_manager.filter(
        is_active=True, is_program=False, pk__in=holders
    )
    return people.order_by("pk")


def _organisation_of(where: "models.Model | int") -> int:
    if isinstance(where, int):
        return where
    return int(where.pk if tenant_path(type(where)) == "pk" else where.organisation_id)  # type: ignore[attr-defined]


def _is_its_own(program: "User", where: "models.Model | int") -> bool:
    """Whether a program made this row, if it is one of those that somebody makes."""
    maker = None if isinstance(where, int) else maker_path(type(where))
    found: Any = where
    for step in maker.split("__") if maker else ():
        found = getattr(found, step, None)
    return maker is None or found == program


def _open_glasses(user: "User") -> "models.QuerySet[BrokenGlass]":
    return user.glasses.filter(closed_at=None, ends_at__gt=timezone.now())


def _with(memberships: "models.QuerySet[Membership]", power: Power | None) -> "models.QuerySet[Membership]":
    return memberships if power is None else memberships.filter(role__in=roles_with(power))


def _reaching(
    memberships: "models.QuerySet[Membership]", where: "models.Model | int", *, whole: bool
) -> "models.QuerySet[Membership]":
    mailbox = where.pk if getattr(where, "limit", None) == "pk" else getattr(where, "mailbox_id", None)  # type: ignore[union-attr]
    rows = memberships.filter(organisation=_organisation_of(where))
    if whole:
        return rows.filter(is_limited=False)
    if mailbox is None:
        return rows
    for box in (mailbox, *getattr(where, "further_mailboxes", ())):
        rows = rows.filter(models.Q(is_limited=False) | models.Q(mailboxes=box))
    return rows.distinct()


def visible_or_404(rows: models.QuerySet[M], **lookup: Any) -> M:
    """The one row of an already scoped query, or the same 404 for foreign and for missing ones."""
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def require(user: "User | AnonymousUser", power: Power, where: "models.Model | int", *, whole: bool = False) -> None:
    """Raise 404 unless `user` has `power` there; what you may not do is not there."""
    if not may(user, power, where, whole=whole):
        raise Http404


def powers_of(user: "User", organisations: Iterable["Organisation"]) -> frozenset[Power]:
    """Everything `user` may do in any of `organisations`."""
    roles = user.memberships.filter(organisation__in=list(organisations)).values_list("role", flat=True)
    return frozenset(power for role in roles for power in POWERS[Role(role)])
