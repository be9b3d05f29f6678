"""Contradictions that cannot be undone: both sides are kept, people are told, and one of them says that it was seen."""

import logging

from django.db import transaction

from campaigns.models import Attempt, Incident, IncidentKind, Message, Receipt
from pecportal import clock
from pecportal.journal.record import record
from pecportal.operation import alerts
from pecportal.organisations.models import User

logger = logging.getLogger(__name__)
ALERT = "incident"


def tell(message: Message, attempt: Attempt, kind: IncidentKind, *, receipt: Receipt | None = None) -> Incident:
    """Keep a contradiction, and tell people; the same one again does nothing. In the caller's transaction."""
    row, is_new = Incident.objects.get_or_create(
        attempt=attempt, kind=kind, defaults={"message": message, "receipt": receipt, "at": clock.now()}
    )
    if is_new:
        logger.error("Incident %s of attempt %s: %s", row.pk, attempt.ref, kind.value)
        office = message.campaign.organisation
        record(
            "message.incident",
            organisation=office,
            target=message,
            incident=row.pk,
            attempt=attempt.ref,
            kind=kind.value,
        )
        alerts.alert(ALERT, row.pk, organisation=office, attempt=attempt.ref, what=kind.value)
    return row


@transaction.atomic
def see(incident: Incident, *, actor: User) -> bool:
    """Note that a person has seen it, which ends the alert; False when somebody had before."""
    if not Incident.objects.filter(pk=incident.pk, seen_by=None).update(seen_by=actor, seen_at=clock.now()):
        return False
    campaign = incident.message.campaign
    record(
        "message.incident_seen",
        actor=actor,
        organisation=campaign.organisation,
        target=incident.message,
        incident=incident.pk,
    )
    alerts.all_clear(ALERT, incident.pk)
    return True
