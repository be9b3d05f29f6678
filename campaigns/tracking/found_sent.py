"""A message that waits to be sent, and of which the provider's receipt shows that it was sent: after a restore."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from campaigns.models import Attempt, CampaignMailbox, Message, Reservation
from campaigns.models.message import LIVE
from campaigns.states import MessageState, Outcome, Phase
from campaigns.tracking import matching
from campaigns.tracking.matching import Match
from pecportal import clock
from pecportal.journal.record import record


def adopt(mailbox_id: int, match: Match, *, at: datetime | None) -> Attempt | None:
    """Write down the attempt that a receipt of instant `at` proves, in the caller's transaction.

    Its message, to be sent or cancelled until now, counts as submitted. None where no such message waits, or another
    attempt of it may have been sent. It may wait at another mailbox of its campaign: it was moved after the backup.
    """
    waiting = [MessageState.QUEUED, MessageState.CANCELLED]
    rows = Message.objects.select_for_update(of=("self",)).select_related("campaign__organisation")
    of_campaign = CampaignMailbox.objects.filter(campaign=OuterRef("campaign"), mailbox=mailbox_id)
    ours = Q(mailbox=mailbox_id) | Q(campaign__is_split=True) & (Q(campaign__mailbox=mailbox_id) | Exists(of_campaign))
    message = rows.filter(ours, ref=match.ref, state__in=waiting).first()
    if message is None or Attempt.objects.filter(LIVE, message=message).exists():
        return None
    now = clock.now()
    attempt = Attempt.objects.create(
        message=message,
        mailbox_id=mailbox_id,
        n=match.n,
        ref=matching.attempt_ref(match),
        fence=0,
        phase=Phase.WIRE,
        outcome=Outcome.ACCEPTED,
        leased_until=now,
        claimed_at=at or now,
        marked_at=at or now,
        ended_at=now,
        code=match.code,
    )
    Reservation.objects.create(attempt=attempt, mailbox_id=mailbox_id, at=at or now)
    Message.objects.filter(pk=message.pk).move(MessageState.SUBMITTED, sent_at=at or now, mailbox=mailbox_id)
    record("message.found_sent", organisation=message.campaign.organisation, target=message, attempt=attempt.ref)
    return attempt
