"""The kinds of mailbox and their plans as a clerk chooses among them: what each is for, may send, and costs."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, QuerySet
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from mailboxes import domains
from mailboxes.models import Plan
from mailboxes.states import Kind

_LETTERS = gettext_lazy(
    "For single letters that people write and read in the provider's webmail; several may have a sign-in of their own. "
    "It can be changed into a larger one later."
)
_PURPOSES: dict[str, StrOrPromise] = {
    Kind.MASSIVE.value: gettext_lazy("For sending to many recipients: campaigns of this portal are sent from it."),
    Kind.DOMICILE.value: gettext_lazy(
        "For receiving what authorities and companies serve, and for answering it letter by letter."
    ),
    Kind.STANDARD.value: _LETTERS,
    Kind.BRONZE.value: _LETTERS,
    Kind.SILVER.value: _LETTERS,
    Kind.GOLD.value: gettext_lazy(
        "For single letters that people write and read in the provider's webmail; several may have a sign-in of their "
        "own. It is the largest of its kind."
    ),
}


@dataclass(frozen=True, slots=True)
class KindOffer:
    """One kind: `domain` is where its mailboxes are, `prices` what is noted of its price."""

    value: str
    label: str
    purpose: str
    domain: str
    may_send: bool
    prices: list[str]


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """One plan: its limits and prices in sentences, and where it is bought if not here."""

    pk: int
    name: str
    limits: list[str]
    prices: list[str]
    is_orderable: bool
    bought_at: str


def kinds(address: str) -> tuple[list[KindOffer], list[KindOffer]]:
    """The kinds that can have this address, and the others."""
    domain = address.rpartition("@")[2]
    fitting = [_kind_offer(kind) for kind in Kind if domains.fits(kind, domain)]
    others = [_kind_offer(kind) for kind in Kind if not domains.fits(kind, domain)]
    return fitting, others


def plans(kind: Kind) -> list[PlanOffer]:
    """The plans of a kind, those that can be ordered here first."""
    rows = Plan.objects.filter(kind=kind).order_by("-is_orderable", "yearly_limit", "pk")
    return [PlanOffer(row.pk, row.name, limits(row), prices(row), row.is_orderable, row.bought_at) for row in rows]


def orderable(address: str) -> QuerySet[Plan]:
    """The plans under which a mailbox with this address can be ordered here, cheapest first."""
    fitting = domains.kinds_in(address.rpartition("@")[2])
    rows = Plan.objects.filter(kind__in=fitting, is_orderable=True)
    return rows.order_by(F("yearly_price").asc(nulls_last=True), "pk")


def limits(plan: Plan) -> list[str]:
    """How much may be sent under a plan, in sentences."""
    sentences = [
        (plan.daily_limit, _("At most %(number)s recipients a day")),
        (plan.monthly_limit, _("At most %(number)s recipients a month")),
        (plan.yearly_limit, _("At most %(number)s recipients a year")),
    ]
    found = [sentence % {"number": number_format(number)} for number, sentence in sentences if number is not None]
    return found or [_("No limit is noted")]


def prices(plan: Plan) -> list[str]:
    """What a plan costs by what was noted, in sentences that name VAT and the day."""
    if plan.yearly_price is None and plan.message_price is None:
        return [_("Its price is not noted in the portal: ask the provider, or whoever looks after the portal.")]
    found = []
    if plan.yearly_price is not None:
        found.append(_("%(price)s € a year, plus VAT") % {"price": money(plan.yearly_price)})
    if plan.message_price is not None:
        found.append(_("%(price)s € for each message, plus VAT") % {"price": money(plan.message_price)})
    elif plan.kind == Kind.MASSIVE:
        found.append(_("Whether each message is charged as well is not known to the portal"))
    if plan.prices_noted_on:
        day = date_format(plan.prices_noted_on, "SHORT_DATE_FORMAT")
        found.append(_("Prices as noted on %(day)s; what the provider asks is what counts.") % {"day": day})
    return found


def money(amount: Decimal) -> str:
    """An amount of euros with two decimals, or as many as it needs."""
    shortest = amount.quantize(Decimal("0.01"))
    return number_format(shortest if shortest == amount else amount.normalize(), use_l10n=True, force_grouping=True)


def _kind_offer(kind: Kind) -> KindOffer:
    plan = Plan.objects.filter(kind=kind, is_orderable=True).order_by("pk").first()
    known = prices(plan) if plan and kind != Kind.MASSIVE else []
    if kind != Kind.MASSIVE and not known:
        known = [_("Its price is not noted in the portal: ask the provider, or whoever looks after the portal.")]
    domain = domains.DOMAIN_OF.get(kind.value, domains.MASSIVE)
    return KindOffer(kind.value, str(kind.label), str(_PURPOSES[kind.value]), domain, kind == Kind.MASSIVE, known)
