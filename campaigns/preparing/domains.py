"""Whether the domains of a list are certified: what is known costs nothing, the rest is asked by a person's order."""

import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns import addresses
from campaigns.models import Campaign, DomainState, ListDomain, ListProblem
from campaigns.preparing import drafts, judging
from pecportal import bulk, clock, queue
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.registers import looking
from pecportal.upstream import Upstream

TASK: Final = "campaigns.tasks.check_domains"
BATCH: Final = 5_000
CODE: Final = "not_certified"
LOST: Final = timedelta(minutes=5)  # no call takes so long: an answer that is not here by now has not been kept


@dataclass(frozen=True, slots=True)
class Standing:
    """The domains of a list: how many there are, and what is known of them. `price` is that of one, or None.

    `lost` of the unknown ones were asked already, and the answer was not kept: the question may have been paid for.
    """

    total: int
    certified: int
    ordinary: int
    uncertified: int
    unknown: int
    lost: int
    waiting: int
    price: Decimal | None

    @property
    def cost(self) -> Decimal | None:
        """What asking for all that is not known costs; None where the price is not set."""
        return None if self.price is None else self.price * self.unknown


def standing(campaign: Campaign) -> Standing:
    """What is known of the list's domains without asking anybody."""
    names = list(campaign.domains.values_list("name", flat=True))
    known = _known(names)
    unknown = [name for name in names if name not in known and not _is_ordinary(name)]
    ordinary = sum(map(_is_ordinary, names))
    certified = sum(known.values())
    return Standing(
        total=len(names),
        certified=certified,
        ordinary=ordinary,
        uncertified=sum(not is_certified for name, is_certified in known.items() if not _is_ordinary(name)),
        unknown=len(unknown),
        lost=len(set(unknown).intersection(campaign.domains.filter(_lost()).values_list("name", flat=True))),
        waiting=campaign.domains.filter(state=DomainState.WAITING).count(),
        price=looking.price_of_domain(),
    )


@transaction.atomic
def order(campaign: Campaign, *, unknown: int, actor: User) -> int:
    """Have the provider asked about every domain of the list that is not known, and return how many those are.

    `unknown`: how many the person saw; raises `Refusal` if there are more. Again it asks for nothing twice, unless the
    answer to the first question was lost.
    """
    draft = drafts.locked(campaign)
    rows = draft.domains.filter(Q(state__in=[DomainState.UNASKED, DomainState.FAILED]) | _lost())
    names = list(rows.values_list("name", flat=True))
    known = _known(names)
    wanted = [name for name in names if name not in known and not _is_ordinary(name)]
    if len(wanted) > unknown:
        raise Refusal(_("There are more domains to ask for than was shown: look at the cost again."))
    if wanted:
        for start in range(0, len(wanted), BATCH):
            rows.filter(name__in=wanted[start : start + BATCH]).update(state=DomainState.WAITING)
        record("campaign.check_domains", actor=actor, organisation=draft.organisation, target=draft, n=len(wanted))
        queue.enqueue(TASK, draft.pk)
    return len(wanted)


def check(campaign_id: int, *, client: Upstream) -> None:
    """Ask about the domains that wait, each once, and warn of rows whose domain is not certified: the job of `order`.

    Run again it goes on with the rest. It stops in time, lest its worker be ended in a call that is paid for: the
    periodic job rings for what is left.
    """
    until = time.monotonic() + queue.BOX
    campaign = Campaign.objects.get(pk=campaign_id)
    version = campaign.list_version
    waiting = ListDomain.objects.filter(campaign=campaign, version=version, state=DomainState.WAITING)
    for number, domain in enumerate(waiting):
        if number and time.monotonic() > until:
            return
        ours = ListDomain.objects.filter(pk=domain.pk, state=DomainState.WAITING)
        if not ours.update(state=DomainState.ASKED, asked_at=clock.database_now()):
            continue
        try:
            looking.certified(domain.name, client=client)
        except Refusal:
            ListDomain.objects.filter(pk=domain.pk).update(state=DomainState.FAILED)
    _warn(campaign, version)


def sweep() -> None:
    """Have asked what a lost job left behind."""
    waiting = ListDomain.objects.filter(state=DomainState.WAITING).order_by()
    for campaign_id in waiting.values_list("campaign", flat=True).distinct():
        queue.enqueue(TASK, campaign_id)


def _lost() -> Q:
    return Q(state=DomainState.ASKED) & (Q(asked_at=None) | Q(asked_at__lt=clock.database_now() - LOST))


def _known(names: list[str]) -> dict[str, bool]:
    bodies = looking.domains_of_bodies()
    return {name: True for name in names if name in bodies} | looking.known_domains(names)


def _is_ordinary(name: str) -> bool:
    return addresses.is_ordinary(f"@{name}")


def _warn(campaign: Campaign, version: int) -> None:
    """Put a warning on each row whose domain is not certified, unless it is there; a short transaction at a time."""
    names = ListDomain.objects.filter(campaign=campaign, version=version).values_list("name", flat=True)
    known = looking.known_domains(names)
    bad = {name for name, is_certified in known.items() if not is_certified and not _is_ordinary(name)}
    after = 0
    while bad:
        rows = campaign.recipient_rows.filter(version=version, line__gt=after).order_by("line")
        batch = list(rows.values_list("line", "address")[:BATCH])
        if not batch:
            return
        _warn_of(campaign, version, [row for row in batch if row[1].rpartition("@")[2] in bad])
        after = batch[-1][0]


@transaction.atomic
def _warn_of(campaign: Campaign, version: int, rows: list[tuple[int, str]]) -> None:
    if not rows:
        return
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    there = ListProblem.objects.filter(
        campaign=campaign, version=version, code=CODE, line__range=(rows[0][0], rows[-1][0])
    )
    told = set(there.values_list("line", flat=True))
    column = campaign.address_column
    new = [
        (campaign.pk, version, line, column, CODE, address, None, True, None)
        for line, address in rows
        if line not in told
    ]
    bulk.insert(ListProblem, judging.PROBLEM, new)
