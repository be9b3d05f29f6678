"""Writing down how calls ended, and what that means: for the delivery, for what waits behind it, for its webhook."""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from pecportal import clock
from pecportal.journal.record import record
from pecportal.queue import enqueue
from pecportal.webhooks import rests
from pecportal.webhooks.calling import Answered
from pecportal.webhooks.models import Because, Call, Delivery, DeliveryState, Webhook, WebhookState
from pecportal.webhooks.publishing import locked_head

logger = logging.getLogger(__name__)


@transaction.atomic
def write(answers: Sequence[Answered]) -> None:
    """Write down how these calls ended. What another host has written down meanwhile stays as it is."""
    if not answers:
        return
    locked_head()  # no delivery is put behind another that ends just now
    now = clock.real_now()
    there = set(Delivery.objects.filter(pk__in=_ids(answers)).values_list("pk", flat=True))
    mine = [each for each in answers if each.asked.delivery_id in there]  # the others went with their webhook
    Call.objects.bulk_create(_call(each, now) for each in mine)
    good = [each for each in mine if each.is_good]
    bad = [each for each in mine if not each.is_good]
    webhooks = {row.pk: row for row in Webhook.objects.filter(pk__in={each.asked.webhook_id for each in bad})}
    for answer in bad:
        _fail(webhooks[answer.asked.webhook_id], answer, now)
    _deliver(good, now)


def release_stuck() -> int:
    """Let those go on that wait behind nothing, since what they waited for was forgotten; how many."""
    before = Delivery.objects.filter(
        webhook=OuterRef("webhook"), subject=OuterRef("subject"), state=DeliveryState.WAITING, pk__lt=OuterRef("pk")
    )
    with transaction.atomic():
        locked_head()
        stuck = Delivery.objects.filter(~Exists(before), state=DeliveryState.WAITING, behind=True)
        return stuck.update(behind=False, due_at=clock.real_now())


def switch_off(webhook: Webhook, because: Because) -> bool:
    """Call a webhook no more, and have its administrators told why; False when it is off already."""
    rows = Webhook.objects.filter(pk=webhook.pk)
    if not rows.move(WebhookState.DISABLED, because=because, told_at=None):
        return False
    record("webhook.switched_off", organisation=webhook.organisation, target=webhook, because=because.value)
    enqueue("pecportal.webhooks.tasks.tell")
    return True


def _ids(answers: Iterable[Answered]) -> list[int]:
    return [each.asked.delivery_id for each in answers]


def _call(answer: Answered, now: datetime) -> Call:
    return Call(
        delivery_id=answer.asked.delivery_id,
        at=now,
        status=answer.status,
        problem=answer.problem,
        milliseconds=round(answer.seconds * 1000),
    )


def _told(answer: Answered, now: datetime) -> dict[str, object]:
    return {
        "tries": F("tries") + 1,
        "first_at": Coalesce("first_at", now),
        "last_at": now,
        "last_status": answer.status,
        "problem": answer.problem,
    }


def _open(answer: Answered) -> Q:
    """The row of a call as long as nobody else has written down an end of the same try."""
    return Q(pk=answer.asked.delivery_id, tries=answer.asked.tries)


def _deliver(answers: Sequence[Answered], now: datetime) -> None:
    for answer in answers:
        Delivery.objects.filter(pk=answer.asked.delivery_id).move(DeliveryState.DELIVERED, **_told(answer, now))
    _go_on(_ids(answers), now)
    well = Webhook.objects.filter(pk__in={each.asked.webhook_id for each in answers}, failures__gt=0)
    well.update(failures=0, failing_since=None, rest_until=None)


def _fail(webhook: Webhook, answer: Answered, now: datetime) -> None:
    rows = Delivery.objects.filter(_open(answer), state=DeliveryState.WAITING)
    first = rows.values_list("first_at", flat=True).first() or now
    tries = answer.asked.tries + 1
    rest = rests.of_delivery(tries)
    if answer.wait is not None and rest is not None:
        rest = max(rest, timedelta(seconds=answer.wait))
    if rest is None or answer.is_gone:
        if rows.move(DeliveryState.FAILED, **_told(answer, now)):
            _go_on([answer.asked.delivery_id], now)
    else:
        rows.update(due_at=now + rest, **_told(answer, now))
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    webhook.rest_until = now + rests.of_webhook(webhook.failures)
    webhook.save(update_fields=["failures", "failing_since", "rest_until"])
    if answer.is_gone:
        switch_off(webhook, Because.GONE)
    elif now - webhook.failing_since >= rests.GIVEN_UP or (rest is None and webhook.failing_since <= first):
        switch_off(webhook, Because.FAILING)


def _go_on(ended: Collection[int], now: datetime) -> None:
    """Let the next delivery about each of these deliveries' subjects go on."""
    pairs = set(Delivery.objects.filter(pk__in=ended).values_list("webhook_id", "subject"))
    waiting = Delivery.objects.filter(
        webhook__in={hook for hook, _subject in pairs},
        subject__in={subject for _hook, subject in pairs},
        state=DeliveryState.WAITING,
    )
    first: dict[tuple[int, object], tuple[int, bool]] = {}
    for pk, hook, subject, behind in waiting.order_by("pk").values_list("pk", "webhook_id", "subject", "behind"):
        first.setdefault((hook, subject), (pk, behind))
    free = [pk for key, (pk, behind) in first.items() if key in pairs and behind]
    if free:
        Delivery.objects.filter(pk__in=free).update(behind=False, due_at=now)
