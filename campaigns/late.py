"""Late news: an attempt that was called not sent was sent after all.

A second attempt that has not reached the wire is called back. One that has cannot be: that is an incident, and the
first one counts as sent as soon as the second is known, or regarded, not to be.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns import incidents, references
from campaigns.models import Attempt, Incident, IncidentKind, Message, Receipt, Reservation
from campaigns.models.message import LIVE
from campaigns.states import Declared, MessageState, Outcome, Phase
from pecportal import clock
from pecportal.journal.record import record

CALLED_NOT_SENT = (Outcome.NOT_SENT, Outcome.PRESUMED_NOT_SENT)
# campaigns.tracking.receipts.Kind: what the provider tells only of a message that it took and sent on
SENT_ON: Final = ("acceptance", "delivery", "non_delivery", "non_delivery_virus", "timeout_notice")
# the provider's answer that it took the attempt; a doubt keeps a 201, too, but one that named no code
ANSWERED: Final = Q(answer_status__in=(200, 201)) & ~Q(code="")
NO_OUTCOME = timedelta(hours=30)  # after the sending, as campaigns.tracking.verdict counts it


def taken(
    attempt_id: int, *, code: str, receipt: Receipt | None = None, answer: str = "", went_on: bool = True
) -> bool:
    """Take in that the provider took an attempt which was called not sent; True when the message counts as sent now.

    `code` is the provider's ("" if unknown). The proof is a `receipt`, or the provider's late `answer`; `went_on` is
    False for a notice of non-acceptance, after which nothing reached anybody. Does nothing for an attempt that was not
    called not sent, or again. In the caller's transaction.
    """
    message_id = Attempt.objects.values_list("message", flat=True).get(pk=attempt_id)
    _locked(message_id)
    rows = Message.objects.select_for_update(of=("self",)).select_related("campaign__organisation")
    message = rows.get(pk=message_id)
    attempts = _locked(message_id)  # again: a claim may have made another one before the message was locked
    attempt = attempts[attempt_id]
    if attempt.outcome not in CALLED_NOT_SENT:
        return False
    later = Attempt.objects.filter(LIVE, message=message).first()
    if later is not None and not _call_back(later, because=attempt):
        if went_on:
            incidents.tell(message, attempt, IncidentKind.SENT_TWICE, receipt=receipt)
            _keep(attempt, code=code, answer=answer)
        return False
    _accept(attempt, code=code, answer=answer)
    _tell(message, attempt, receipt)
    return True


def proven(message_ids: Collection[int]) -> QuerySet[Attempt]:
    """The attempts of these messages that are called not sent, though a receipt or an answer proves the contrary."""
    receipts = Receipt.objects.filter(attempt=OuterRef("pk"), kind__in=SENT_ON)
    return Attempt.objects.filter(Exists(receipts) | ANSWERED, message__in=message_ids, outcome__in=CALLED_NOT_SENT)


def reconsider(message_ids: Collection[int]) -> None:
    """Count the messages as sent that nobody sends any more, and of which an attempt is proven.

    In the caller's transaction, which has just called an attempt not sent: the proof of an earlier one may have come
    while that one was on the wire, or its own before the provider said no. Otherwise it would be sent again.
    """
    alive = Attempt.objects.filter(LIVE, message=OuterRef("message"))
    for attempt in proven(message_ids).filter(~Exists(alive)).order_by("pk"):
        receipt = Receipt.objects.filter(attempt=attempt, kind__in=SENT_ON).order_by("pk").first()
        taken(attempt.pk, code=_code_in(receipt), receipt=receipt)


def answered(message_id: int, attempt_id: int, *, code: str, answer: str) -> None:
    """Keep the provider's late answer that it took an attempt which a receipt, or a person's word, called sent before.

    In the caller's transaction; again it changes nothing.
    """
    unanswered = Attempt.objects.filter(pk=attempt_id, outcome=Outcome.ACCEPTED, answer_status=None)
    if unanswered.update(code=code, answer=answer, answer_status=201):
        Message.objects.filter(pk=message_id).exclude(declared="").update(declared=Declared.NOTHING)


def _code_in(receipt: Receipt | None) -> str:
    """The provider's code as the receipt tells it; a person who gave it to the attempt says nothing of its code."""
    return references.code_in(receipt.subject) if receipt is not None and not receipt.desk else ""


def _locked(message_id: int) -> dict[int, Attempt]:
    rows = Attempt.objects.select_for_update().filter(message=message_id).order_by("pk")
    return {row.pk: row for row in rows}


def _call_back(later: Attempt, *, because: Attempt) -> bool:
    """Give the second attempt back as not sent, if no byte of it may have left."""
    words = f"Called back before anything was sent: attempt {because.n} had been taken."
    unmarked = Q(outcome__isnull=True, phase=Phase.INTENT)
    if not Attempt.objects.filter(unmarked, pk=later.pk).update(
        outcome=Outcome.NOT_SENT, ended_at=clock.now(), answer=words
    ):
        return False
    Reservation.objects.filter(attempt=later).update(released=True)
    return True


def _keep(attempt: Attempt, *, code: str, answer: str) -> None:
    """Write down what proves the attempt, though it cannot be called sent beside the later one."""
    if answer:
        Attempt.objects.filter(pk=attempt.pk).update(code=code, answer=answer, answer_status=201)


def _accept(attempt: Attempt, *, code: str, answer: str) -> None:
    told = {"answer": answer, "answer_status": 201} if answer else {}
    Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.ACCEPTED, code=code or attempt.code, **told)
    Reservation.objects.filter(attempt=attempt).update(released=False)
    sent = attempt.marked_at or attempt.claimed_at
    Message.objects.filter(pk=attempt.message_id).move(
        MessageState.SUBMITTED, sent_at=sent, deadline_at=sent + NO_OUTCOME, declared=Declared.NOTHING
    )


def _tell(message: Message, attempt: Attempt, receipt: Receipt | None) -> None:
    """`message` and `attempt` are as they were before the news."""
    if Incident.objects.filter(attempt=attempt).exists():
        return
    if attempt.outcome == Outcome.NOT_SENT:
        incidents.tell(message, attempt, IncidentKind.NOT_UNSENT, receipt=receipt)
    elif message.state == MessageState.FAILED:
        incidents.tell(message, attempt, IncidentKind.NOT_CLOSED, receipt=receipt)
    else:
        office = message.campaign.organisation
        record("message.called_back", organisation=office, target=message, attempt=attempt.ref)
