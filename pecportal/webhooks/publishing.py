"""Giving committed events their places in the feed, and making of each the deliveries that webhooks want.

Places are given under a lock, only to what is committed: whoever has read up to a place has missed nothing before it,
however long the transactions took that wrote the events.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db import transaction

from pecportal import bulk, clock
from pecportal.webhooks.models import Delivery, DeliveryState, Event, EventType, Head, Webhook, WebhookState

BATCH: Final = 500


def publish(*, batches: int | None = None) -> int:
    """Give all events that are committed their places, or some hundreds if it has to be quick; how many.

    Again it does nothing.
    """
    total, done = 0, 0
    while done != batches and Event.objects.filter(position=None).exists():
        placed, done = _publish_batch(), done + 1
        total += placed
        if placed < BATCH:
            break
    return total


def locked_head() -> Head:
    """The feed's row, locked until the caller's transaction ends: deliveries are made and ended one at a time."""
    head = Head.objects.select_for_update().filter(pk=1).first()
    if head is None:
        Head.objects.get_or_create(pk=1)
        head = Head.objects.select_for_update().get(pk=1)
    return head


@transaction.atomic
def _publish_batch() -> int:
    head = locked_head()
    rows = list(Event.objects.filter(position=None).order_by("pk")[:BATCH])
    if not rows:
        return 0
    bulk.update(Event, ["position"], [(head.position + n, row.pk) for n, row in enumerate(rows, 1)])
    Head.objects.filter(pk=1).update(position=head.position + len(rows))
    _deliver(rows)
    return len(rows)


def _deliver(rows: Sequence[Event]) -> None:
    """Make the deliveries of these events, in their order."""
    wanted = Webhook.objects.filter(state=WebhookState.ENABLED, organisation__in={row.organisation_id for row in rows})
    webhooks: dict[int, list[Webhook]] = defaultdict(list)
    for webhook in wanted.select_related("program").order_by("pk"):
        webhooks[webhook.organisation_id].append(webhook)
    own = {hook.pk: _own(hook, rows) for hooks in webhooks.values() for hook in hooks if hook.program is not None}
    pairs = [
        (hook, row)
        for row in rows
        for hook in webhooks[row.organisation_id]
        if row.type in hook.types and row.type != EventType.TEST and (hook.pk not in own or row.pk in own[hook.pk])
    ]
    if not pairs:
        return
    waiting = _waiting({hook.pk for hook, _row in pairs}, {row.subject for _hook, row in pairs})
    now, made = clock.real_now(), []
    for hook, row in pairs:
        key = (hook.pk, row.subject)
        made.append(
            Delivery(webhook=hook, event=row, subject=row.subject, state_since=now, due_at=now, behind=key in waiting)
        )
        waiting.add(key)
    Delivery.objects.bulk_create(made, ignore_conflicts=True)


def _waiting(webhooks: set[int], subjects: set[uuid.UUID]) -> set[tuple[int, uuid.UUID]]:
    """The subjects of which a webhook has not got everything yet."""
    rows = Delivery.objects.filter(webhook__in=webhooks, subject__in=subjects, state=DeliveryState.WAITING)
    return set(rows.order_by().values_list("webhook_id", "subject").distinct())


def _own(webhook: Webhook, rows: Sequence[Event]) -> frozenset[int]:
    """The events among these of which a webhook's program may know; none once it was ended."""
    if webhook.program is None or not webhook.program.is_active:
        return frozenset()
    mine = Event.objects.filter(pk__in=[row.pk for row in rows], organisation=webhook.organisation_id)
    return frozenset(mine.of_program(webhook.program).values_list("pk", flat=True))
