"""Protocol numbers and references of single rows: out of which columns they come, and what each message has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from campaigns import text
from campaigns.models import ROW_ROLES, Campaign, Message, Role, RowReference

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Named:
    """One reference of a row, under the list's own heading; `role` says what it is."""

    role: str
    heading: str
    value: str = ""


def headings(campaign: Campaign) -> list[Named]:
    """The columns of the list that are protocol number or references, in the order in which they are shown."""
    written = {text.normalise(heading): str(heading) for heading in campaign.columns}
    roles = [role for role in ROW_ROLES if role in campaign.roles]
    return [Named(role, written.get(campaign.roles[role]) or str(Role(role).label)) for role in roles]


def of_values(roles: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """What a row has, by role; `roles` are merge fields, empty values are left out."""
    found = {role.value: str(values.get(roles[role], "")).strip()[:LONGEST] for role in ROW_ROLES if role in roles}
    return {role: value for role, value in found.items() if value}


def store(campaign: Campaign, messages: Iterable[tuple[Message, Mapping[str, str]]]) -> None:
    """Keep what these new messages have, with the values of their rows; in the caller's transaction."""
    if not any(role in campaign.roles for role in ROW_ROLES):
        return
    rows = (
        RowReference(campaign=campaign, message=message, role=role, value=value, key=_key(value))
        for message, values in messages
        for role, value in of_values(campaign.roles, values).items()
    )
    RowReference.objects.bulk_create(rows)


def of_message(campaign: Campaign, message: Message) -> list[Named]:
    """What one message has, with its headings."""
    known = of_messages([message]).get(message.pk, {})
    return [Named(one.role, one.heading, known[one.role]) for one in headings(campaign) if one.role in known]


def of_messages(messages: Iterable[Message]) -> dict[int, dict[str, str]]:
    """What each of some messages has by role, by message id; those that have nothing are not in it."""
    found: dict[int, dict[str, str]] = {}
    rows = RowReference.objects.filter(message__in=list(messages)).values_list("message_id", "role", "value")
    for pk, role, value in rows:
        found.setdefault(pk, {})[role] = value
    return found


def exactly(rows: QuerySet[Message], typed: str) -> QuerySet[Message]:
    """Those of the messages that have just this reference, whatever its case."""
    return rows.filter(_having(key=_key(typed)))


def with_part(typed: str) -> Exists:
    """A condition on messages: one of their references holds this."""
    return _having(key__contains=_key(typed))


def _having(**wanted: str) -> Exists:
    return Exists(RowReference.objects.filter(message=OuterRef("pk"), campaign=OuterRef("campaign"), **wanted))


def _key(value: str) -> str:
    return " ".join(value.split()).casefold()[:LONGEST]
