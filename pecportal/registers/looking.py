"""Looking up addresses: what is known already and what is free of charge first, the rest once, by a person's order."""

import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pecportal import clock, queue
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.registers import ipa
from pecportal.registers.models import IPA, Body, Company, Domain, Item, ItemState, LookUp
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, Unusable, UpstreamError
from pecportal.webhooks import jobs

logger = logging.getLogger(__name__)
MOST: Final = 500  # codes of one look-up
KIND: Final = "look-up"  # as a job of the API
_TASK: Final = "pecportal.registers.tasks.look_up"
_CODE: Final = re.compile("[0-9]{11}|[A-Z0-9]{16}", re.ASCII)
_COUNTRY: Final = re.compile("^IT(?=[0-9]{11}$)", re.ASCII)  # as VAT numbers are written abroad
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)
_LONGEST_DOMAIN: Final = 253
_CHUNK: Final = 2000
_SLACK_SECONDS: Final = 120.0  # beside two calls: for a token, and for a job's way through the queue


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one code: `register` says who told it, and `at` when; "" and None while nobody has."""

    code: str
    name: str = ""
    address: str = ""
    others: tuple[str, ...] = ()
    register: str = ""
    at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Before a look-up: how many codes cost nothing, and how many are paid for. `price` is None where it is not set."""

    codes: Sequence[str]
    free: int
    paid: int
    price: Decimal | None


def codes_in(text: str) -> list[str]:
    """The VAT numbers and tax codes of a pasted list, each once. Raises `Refusal` for what is none and too many."""
    parts = (_COUNTRY.sub("", part) for part in re.split(r"[\s,;]+", text.upper()))
    found = list(dict.fromkeys(part for part in parts if part))
    wrong = [code for code in found if not _CODE.fullmatch(code)]
    if wrong:
        some = ", ".join(wrong[:5])
        raise Refusal(_("These are neither VAT numbers nor tax codes: %(codes)s") % {"codes": some}, field="codes")
    if not found or len(found) > MOST:
        raise Refusal(_("Enter 1 to %(most)s codes.") % {"most": MOST}, field="codes")
    return found


def known(codes: Iterable[str]) -> dict[str, Result]:
    """What is known of these codes without asking anybody: IPA goes before what was paid for."""
    wanted = list(codes)
    fresh = clock.now() - timedelta(days=settings.LOOKUP_KEPT_DAYS)
    found = {row.code: _of_company(row) for row in Company.objects.filter(code__in=wanted, at__gte=fresh)}
    bodies = Body.objects.filter(tax_code__in=wanted).order_by("-pk")
    return found | {row.tax_code: _of_body(row) for row in bodies if row.addresses}


def estimate(codes: Sequence[str]) -> Estimate:
    """What a look-up of these codes costs."""
    free = len(known(codes))
    price = Decimal(settings.LOOKUP_COMPANY_PRICE) if settings.LOOKUP_COMPANY_PRICE else None
    return Estimate(codes, free, len(codes) - free, price)


@transaction.atomic
def order(codes: Sequence[str], *, paid: int, organisation: Organisation, actor: User) -> LookUp:
    """Have codes looked up. `paid`: how many the person saw to be paid for; raises `Refusal` if there are more."""
    told = estimate(codes)
    if told.paid > paid:
        raise Refusal(_("More of these have to be paid for than was shown: look at the cost again."))
    row = LookUp.objects.create(organisation=organisation, by=actor, at=clock.now())
    there = known(codes)
    states = {code: ItemState.ANSWERED if code in there else ItemState.WAITING for code in codes}
    Item.objects.bulk_create(Item(lookup=row, code=code, state=state) for code, state in states.items())
    record("lookup.order", actor=actor, organisation=organisation, target=row, codes=len(codes), paid=told.paid)
    if told.paid:
        _lease(row.pk)
        queue.enqueue(_TASK, row.pk)
    return row


def look_up(lookup_id: int, *, client: Upstream) -> None:
    """Ask for what still waits: the job of `order`. Each code is asked for once; run again it goes on with the rest.

    It stops in time, and has another job go on: a worker that is ended in mid-call loses an answer that was paid for.
    """
    until = time.monotonic() + queue.BOX
    for item in Item.objects.filter(lookup=lookup_id, state=ItemState.WAITING).order_by("pk"):
        with transaction.atomic(durable=True):
            mine = Item.objects.filter(pk=item.pk, state=ItemState.WAITING).update(state=ItemState.ASKING)
            if mine:
                _lease(lookup_id)
        if not mine:
            continue
        words = "" if item.code in known([item.code]) else _asked(item.code, client)
        _end(item, words)
        if time.monotonic() > until:
            _lease(lookup_id)
            queue.enqueue(_TASK, lookup_id)
            return


def sweep() -> int:
    """Find what lost jobs left behind; how many look-ups go on.

    A code that was being asked for when its worker died is not asked for again, since it may have been paid: a person
    sees that, and may order it anew. What still waits is rung for again.
    """
    rung = 0
    over = Q(leased_until=None) | Q(leased_until__lt=clock.database_now())
    open_ = Item.objects.filter(state__in=[ItemState.WAITING, ItemState.ASKING])
    for pk in LookUp.objects.filter(over, pk__in=open_.values("lookup")).order_by("pk").values_list("pk", flat=True):
        rung += _go_on(pk, over)
    return rung


@transaction.atomic
def _go_on(lookup_id: int, over: Q) -> bool:
    """Call what was being asked for lost, and ring for the rest, unless its job shows a sign of life meanwhile."""
    if not LookUp.objects.select_for_update().filter(over, pk=lookup_id).exists():
        return False
    _lease(lookup_id)
    items = Item.objects.filter(lookup=lookup_id)
    items.filter(state=ItemState.ASKING).update(state=ItemState.LOST)
    if not items.filter(state=ItemState.WAITING).exists():
        jobs.ended(KIND, lookup_id, is_good=False)
        return False
    queue.enqueue(_TASK, lookup_id)
    return True


def _end(item: Item, words: str) -> None:
    """Write down how a code's look-up ended, and tell it with the last one."""
    with transaction.atomic():
        LookUp.objects.select_for_update().get(pk=item.lookup_id)  # two jobs at once do not each leave it to the other
        state = ItemState.FAILED if words else ItemState.ANSWERED
        Item.objects.filter(pk=item.pk).update(state=state, words=words[:1000])
        items = Item.objects.filter(lookup=item.lookup_id)
        if not items.filter(state__in=[ItemState.WAITING, ItemState.ASKING]).exists():
            jobs.ended(KIND, item.lookup_id, is_good=not items.exclude(state=ItemState.ANSWERED).exists())


def _lease(lookup_id: int) -> None:
    """Leave the look-up to its job, for longer than any call may take."""
    until = clock.database_now() + timedelta(seconds=2 * settings.OPENAPI_READ_TIMEOUT + _SLACK_SECONDS)
    LookUp.objects.filter(pk=lookup_id).update(leased_until=until)


def results(lookup: LookUp) -> list[Result]:
    """What is known now of a look-up's codes, in its order."""
    items = list(lookup.items.all())
    told = known(item.code for item in items)
    return [told.get(item.code) or Result(item.code, words=_unanswered(item)) for item in items]


def known_domains(names: Iterable[str]) -> dict[str, bool]:
    """Whether domains are ones of certified mail, as far as the provider's answers that are kept tell."""
    wanted, fresh = list(names), clock.now() - timedelta(days=settings.LOOKUP_KEPT_DAYS)
    found: dict[str, bool] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = Domain.objects.filter(name__in=wanted[start : start + _CHUNK], at__gte=fresh)
        found |= dict(rows.values_list("name", "is_certified"))
    return found


def domains_of_bodies() -> set[str]:
    """The domains of the certified addresses that public bodies have in IPA."""
    rows = Body.objects.values_list("addresses", flat=True).iterator(chunk_size=_CHUNK)
    return {str(address).rpartition("@")[2] for addresses in rows for address in addresses}


def price_of_domain() -> Decimal | None:
    """What the provider charges for one domain; None where it is not set."""
    return Decimal(settings.LOOKUP_DOMAIN_PRICE) if settings.LOOKUP_DOMAIN_PRICE else None


def domain_in(text: str) -> str:
    """The domain of an address, or the domain itself, as it is kept. Raises `Refusal` for what is none."""
    domain = text.strip().lower().rpartition("@")[2]
    if len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain):
        raise Refusal(_("This is no domain, such as pecmassiva.com."), field="domain")
    return domain


def known_domain(domain: str) -> Domain | None:
    """The provider's answer about a domain, while it is fresh."""
    fresh = clock.now() - timedelta(days=settings.LOOKUP_KEPT_DAYS)
    return Domain.objects.filter(name=domain, at__gte=fresh).first()


def certified(name: str, *, client: Upstream) -> Domain:
    """Whether a domain is one of certified mail: kept once known, asked for (and paid) otherwise.

    Raises `Refusal` for what is no domain and for what the vendor would not tell, in words.
    """
    domain = domain_in(name)
    row = known_domain(domain)
    if row is not None:
        return row
    try:
        answer = client.pec.certified_domain(domain)
    except Unusable as exc:
        raise Refusal(exc.message, field="domain") from exc
    except Rejected as exc:
        raise Refusal(
            _("The provider refused. Its words: “%(words)s”") % {"words": exc.message}, field="domain"
        ) from exc
    except UpstreamError as exc:
        raise Refusal(_("The provider does not answer just now: please try again later."), field="domain") from exc
    told = {"is_certified": answer, "at": clock.now()}
    return Domain.objects.update_or_create(name=domain, defaults=told)[0]


@transaction.atomic
def load_ipa(path: Path) -> int:
    """Put a file of IPA's open data in the place of the former one; how many bodies it has. Raises `ipa.NotIpa`."""
    now = clock.now()
    rows: dict[str, Body] = {}
    for entry in ipa.entries(path):
        addresses = [address for address in entry.addresses if len(address) <= 254]
        rows[entry.code[:100]] = Body(
            ipa_code=entry.code[:100],
            name=entry.name[:1000],
            tax_code=entry.tax_code[:16],
            addresses=addresses,
            loaded_at=now,
        )
    Body.objects.all().delete()
    Body.objects.bulk_create(rows.values(), batch_size=_CHUNK)
    record("ipa.load", bodies=len(rows))
    return len(rows)


def _asked(code: str, client: Upstream) -> str:
    """Ask the provider and keep its answer; why there is none, "" where there is."""
    try:
        answer = client.company.pec_of(code)
    except UpstreamError as exc:
        logger.warning("A company could not be looked up: %s", type(exc).__name__)
        return exc.message
    told = {
        "exists": answer is not None,
        "address": ((answer.address or "") if answer else "")[:254].lower(),
        "former": [address[:254] for address, _until in answer.history] if answer else [],
        "at": clock.now(),
    }
    Company.objects.update_or_create(code=code, defaults=told)
    return ""


def _unanswered(item: Item) -> str:
    return item.words or str(item.get_state_display())


def _of_company(row: Company) -> Result:
    words = "" if row.address else _("The register has no certified address.") if row.exists else _("No such company.")
    return Result(row.code, "", row.address, tuple(row.former), row.register, row.at, words)


def _of_body(row: Body) -> Result:
    return Result(row.tax_code, row.name, row.addresses[0], tuple(row.addresses[1:]), IPA, row.loaded_at)
