"""The shown status of messages: computed from our state, the receipts and the clock; stored for filters."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from campaigns.models import Message, Receipt, news
from campaigns.tracking import receipts, verdict
from pecportal import bulk, clock

BATCH = 500
FIELDS = ["verdict", "flags", "accepted_at", "decided_at", "status", "deadline_at"]
_KINDS = {kind.value: kind for kind in receipts.Kind}
EVIDENCE = ("message_id", "kind", "at", "is_final", "is_certified", "cause")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message's row says of its receipts; the fields are those of FIELDS."""

    verdict: str
    flags: list[str]
    accepted_at: datetime | None
    decided_at: datetime | None
    status: str
    deadline_at: datetime | None


def rejudge(message_ids: Iterable[int]) -> int:
    """Judge these messages anew from all their receipts; return how many rows changed. Idempotent."""
    ids, changed = sorted(message_ids), 0
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        locked = Message.objects.select_for_update().filter(pk__in=part).order_by("pk")
        rows = list(locked.values_list("pk", "state", "sent_at", *FIELDS))
        evidence: dict[int, list[verdict.Evidence]] = {}
        for message_id, *told in Receipt.objects.filter(message__in=part).order_by().values_list(*EVIDENCE):
            evidence.setdefault(message_id, []).append(_evidence(*told))
        now, differing, news_of = clock.now(), [], {}
        for pk, state, sent_at, *before in rows:
            known = Shown(*before)
            found = _judge(known, evidence.get(pk, []), state=state, sent_at=sent_at, now=now)
            if found != known:
                flags = json.dumps(found.flags)
                accepted, decided, deadline = map(
                    bulk.stored_as, (found.accepted_at, found.decided_at, found.deadline_at)
                )
                differing.append((found.verdict, flags, accepted, decided, found.status, deadline, pk))
            if found.status != known.status:
                news_of[pk] = news.Judged(found.status, found.accepted_at, found.decided_at)
        if differing:
            bulk.update(Message, FIELDS, differing)
            news.tell_judged(news_of)
        changed += len(differing)
    return changed


def rejudge_all(*, after: int = 0, batch: int = BATCH) -> Iterator[tuple[int, int, int]]:
    """Judge every message anew, batch by batch, each in its own transaction, from the id `after` on.

    Yields the last id of each batch, how many messages it had, and how many of them changed. Nothing changes unless a
    rule did, or a deadline has passed; broken off, it goes on from the id that came last.
    """
    while True:
        with transaction.atomic():
            ids = list(Message.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:batch])
            changed = rejudge(ids)
        if not ids:
            return
        after = ids[-1]
        yield after, len(ids), changed


def _judge(
    known: Shown, evidence: Iterable[verdict.Evidence], *, state: str, sent_at: datetime | None, now: datetime
) -> Shown:
    """What the message's row should say; `known` is what it says now."""
    judgement = verdict.judge(evidence)
    return Shown(
        judgement.verdict.value,
        sorted(flag.value for flag in judgement.flags),
        judgement.accepted_at,
        judgement.decided_at,
        verdict.status(state, judgement, sent_at=sent_at, now=now).value,
        _deadline(known.deadline_at, judgement, state=state, sent_at=sent_at, now=now),
    )


def _deadline(
    known: datetime | None, judgement: verdict.Judgement, *, state: str, sent_at: datetime | None, now: datetime
) -> datetime | None:
    deadline = verdict.next_deadline(state, judgement, sent_at=sent_at, now=now)
    begun = judgement.accepted_at or sent_at
    if deadline is not None and begun is None and known is not None and known > now:
        return known  # no time is known to count from: judged again, it is not put off again
    return deadline


def _evidence(
    kind: str, at: datetime | None, final: bool | None, certified: bool | None, cause: str
) -> verdict.Evidence:
    return verdict.Evidence(_KINDS[kind], at, final, certified, cause or None)
