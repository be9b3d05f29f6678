"""Mails of others that quote a message's reference: replies by certified mail, and possible bounces. None is proof."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from campaigns.models import Campaign, Receipt
from campaigns.tracking.receipts import Kind


@dataclass(frozen=True, slots=True)
class Answers:
    """How many messages of a campaign have a reply, and how many a possible bounce."""

    replies: int = 0
    bounces: int = 0


def count(campaign: Campaign) -> Answers:
    """The campaign's messages that somebody answered, each counted once."""
    rows = Receipt.objects.filter(kind__in=[Kind.INCOMING.value, Kind.ANOMALY.value], message__campaign=campaign)
    found = dict(rows.order_by().values_list("kind").annotate(n=Count("message", distinct=True)))
    return Answers(found.get(Kind.INCOMING.value, 0), found.get(Kind.ANOMALY.value, 0))


def with_any(kind: str) -> Exists:
    """The condition on messages that have an answer of this kind: `incoming` or `anomaly`."""
    return Exists(Receipt.objects.filter(kind=kind, message=OuterRef("pk")))
