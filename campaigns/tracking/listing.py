"""Lists of messages for people and programs: filtered as they ask, a page at a time, however many there are."""

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects

from campaigns import references, row_references
from campaigns.models import Campaign, Message
from campaigns.tracking import replies
from mailboxes.models import Mailbox
from pecportal import keyset
from pecportal.organisations.models import Organisation

MESSAGES_A_PAGE = 50
FEW = 1000  # messages that are quickly sorted


def of_campaign(
    campaign: Campaign, wanted: Mapping[str, str], *, edge: Mapping[str, int], size: int = MESSAGES_A_PAGE
) -> keyset.Page[Message]:
    """A page of the campaign's messages in the order of its list.

    `wanted` may hold `status`, `mailbox` (the sending one's id), `answered` (incoming, anomaly) and `q`: a reference,
    the portal's or the row's own, or a part of one or of an address, for which all that the others leave is read.
    `edge` is what `keyset.asked` found.
    """
    rows: QuerySet[Message] = Message.objects.filter(campaign=campaign)
    by = "line"
    if "status" in wanted:
        rows, by = rows.filter(status=wanted["status"]), "pk"  # made in the order of lines: the same, and indexed
    if "mailbox" in wanted:
        rows = rows.filter(mailbox=int(wanted["mailbox"]))
    if "answered" in wanted:
        rows = rows.filter(replies.with_any(wanted["answered"]))
    if "q" in wanted:
        rows = _searched(rows, wanted["q"].strip())
    return keyset.page(rows, by=by, size=size, **edge)


def of_organisation(
    organisation: Organisation,
    *,
    status: str = "",
    after: int | None = None,
    before: int | None = None,
    size: int = MESSAGES_A_PAGE,
) -> keyset.Page[Message]:
    """A page of all the organisation's messages: the newest campaign's first, in each those made last.

    `after` and `before` are ids of messages. It is put together campaign by campaign, since no index holds the messages
    of an office in one order: of a rare status a database would read nearly all.
    """
    edge_id = after if before is None else before
    edge = None if edge_id is None else Message.objects.filter(pk=edge_id).first()
    backwards = before is not None
    if edge is None and edge_id is not None:
        return keyset.Page([], None, None)
    campaigns = Campaign.objects.filter(organisation=organisation)
    rows = Message.objects.filter(status=status) if status else Message.objects.all()
    found = _gathered(campaigns, rows, edge, size + 1, backwards=backwards, by_line=not status)
    has_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_before, has_after = (has_more, True) if backwards else (edge is not None, has_more)
    if not found:
        return keyset.Page(found, None, None)
    return keyset.Page(found, found[0].pk if has_before else None, found[-1].pk if has_after else None)


def of_campaigns(
    campaigns: QuerySet[Campaign], wanted: Q, *, status: str = "", after: int | None = None, most: int
) -> list[Message]:
    """At most so many messages of these campaigns, in the same order, behind the message with the id `after`.

    Of their campaign they know the public id, of their mailbox the address, too, and how they were posted.
    """
    edge = None if after is None else Message.objects.filter(pk=after).first()
    if edge is None and after is not None:
        return []
    wanted &= Q(status=status) if status else Q()
    rows = Message.objects.select_related("posted").filter(wanted)
    found = _gathered(campaigns, rows, edge, most, backwards=False, by_line=not status)
    named = Prefetch("campaign", Campaign.objects.only("public_id"))
    sending = Prefetch("mailbox", Mailbox.objects.only("public_id", "address"))
    prefetch_related_objects(found, named, sending)
    return found


def _gathered(
    campaigns: QuerySet[Campaign],
    wanted: QuerySet[Message],
    edge: Message | None,
    most: int,
    *,
    backwards: bool,
    by_line: bool,
) -> list[Message]:
    """The first of the wanted messages beyond the edge, in the order in which they are read."""
    sign, beyond = ("", "gt") if backwards else ("-", "lt")
    campaigns = campaigns.filter(Exists(wanted.filter(campaign=OuterRef("pk")))).order_by(f"{sign}pk")
    found: list[Message] = []
    if edge is not None:
        campaigns = campaigns.filter(**{f"pk__{beyond}": edge.campaign_id})
        by = "line" if by_line else "pk"  # the same order, each with an index
        rows = wanted.filter(campaign=edge.campaign_id, **{f"{by}__{beyond}": getattr(edge, by)})
        found = list(rows.order_by(f"{sign}{by}")[:most])
    if len(found) < most:
        for ids in _runs(campaigns.values_list("pk", "recipients_total")[: most - len(found)]):
            rows = wanted.filter(campaign__in=ids)
            order = [
                f"{sign}{by}" for by in (("line" if by_line else "pk",) if len(ids) == 1 else ("campaign_id", "pk"))
            ]
            found += rows.order_by(*order)[: most - len(found)]
            if len(found) >= most:
                break
    return found


def _runs(campaigns: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Campaigns that may be asked together, as their ids: neighbours with few messages in all, or a single one."""
    run: list[int] = []
    total = 0
    for pk, count in campaigns:
        if run and total + count > FEW:
            yield run
            run, total = [], 0
        run.append(pk)
        total += count
    if run:
        yield run


def _searched(rows: QuerySet[Message], typed: str) -> QuerySet[Message]:
    found = rows.filter(ref=typed.upper()[: references.LENGTH])
    if found.exists():
        return found
    found = row_references.exactly(rows, typed)
    if found.exists():
        return found
    return rows.filter(Q(recipient__icontains=typed) | row_references.with_part(typed))
