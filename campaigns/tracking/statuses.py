"""The shown status of messages: computed from our state, the receipts and the clock; stored for filters."""

from collections.abc import Iterable
from datetime import datetime

from campaigns.models import Message, Receipt
from campaigns.tracking import receipts, verdict
from pecportal import clock

BATCH = 500
FIELDS = ["verdict", "flags", "accepted_at", "decided_at", "status", "deadline_at"]


def rejudge(message_ids: Iterable[int]) -> int:
    """Judge these messages anew from all their receipts; return how many rows changed. Idempotent."""
    ids, changed = sorted(message_ids), 0
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        rows = list(Message.objects.select_for_update().filter(pk__in=part).order_by("pk"))
        evidence: dict[int, list[verdict.Evidence]] = {}
        for receipt in Receipt.objects.filter(message__in=part).defer("raw", "body"):
            if receipt.message_id is not None:
                evidence.setdefault(receipt.message_id, []).append(_evidence(receipt))
        differing = [row for row in rows if _judge(row, evidence.get(row.pk, []))]
        Message.objects.bulk_update(differing, FIELDS)
        changed += len(differing)
    return changed


def _judge(message: Message, evidence: Iterable[verdict.Evidence]) -> bool:
    """Give the message its verdict and status, and say whether anything changed."""
    before = [getattr(message, name) for name in FIELDS]
    judgement = verdict.judge(evidence)
    now = clock.now()
    message.verdict = judgement.verdict.value
    message.flags = sorted(flag.value for flag in judgement.flags)
    message.accepted_at, message.decided_at = judgement.accepted_at, judgement.decided_at
    message.status = verdict.status(message.state, judgement, sent_at=message.sent_at, now=now).value
    message.deadline_at = _deadline(message, judgement, now)
    return before != [getattr(message, name) for name in FIELDS]


def _deadline(message: Message, judgement: verdict.Judgement, now: datetime) -> datetime | None:
    return verdict.next_deadline(message.state, judgement, sent_at=message.sent_at, now=now)


def _evidence(receipt: Receipt) -> verdict.Evidence:
    return verdict.Evidence(
        kind=receipts.Kind(receipt.kind),
        at=receipt.at,
        final=receipt.is_final,
        certified=receipt.is_certified,
        cause=receipt.cause or None,
    )
