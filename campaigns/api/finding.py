"""The rows that a request about a campaign names."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from mailboxes.models import Mailbox
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Resource
from pecportal.permissions import visible_or_404

_KNOWN = ("organisation", "mailbox__plan", "created_by", "launched_by")


def campaign(view: Resource, public_id: UUID) -> Campaign:
    """The campaign, if whoever asks may see it by the method's power. Raises `Http404`."""
    return visible_or_404(view.rows(Campaign).select_related(*_KNOWN), public_id=public_id)


def mailbox(view: Resource, named: str, *, pointer: str) -> Mailbox:
    """The mailbox of an address, or an id. Raises `Problem` at its place in the body."""
    return mailboxes(view, {pointer: named})[0]


def mailboxes(view: Resource, named: Mapping[str, str]) -> list[Mailbox]:
    """The mailboxes of addresses, or ids, by their places in the body; in that order, with one query.

    Raises `Problem` at the place of each that is not there.
    """
    wanted = reduce(or_, map(by_name, named.values()), Q(pk__in=()))
    rows = view.rows(Mailbox).kept().filter(wanted)  # type: ignore[attr-defined]
    known: dict[UUID | str, Mailbox] = {}
    for box in rows.select_related("organisation", "plan").order_by("pk"):  # of those of one address the last
        known[box.public_id] = known[box.address] = box
    found = {pointer: known.get(_key(text)) for pointer, text in named.items()}
    words = _("There is no such mailbox.")
    faults = tuple(Fault(words, "not_found", pointer=pointer) for pointer, box in found.items() if box is None)
    if faults:
        raise Problem("invalid", faults=faults)
    return [box for box in found.values() if box is not None]


def by_name(text: str) -> Q:
    """Mailboxes with this id or address."""
    key = _key(text)
    return Q(public_id=key) if isinstance(key, UUID) else Q(address=key)


def _key(text: str) -> UUID | str:
    try:
        return UUID(text)
    except ValueError:
        return text.strip().lower()
