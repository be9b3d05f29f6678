"""Delivering: a time-boxed job, one at a time, whose main loop alone touches the database; threads make the calls.

Each webhook has a few calls at once. Those whose receivers fail or are slow may together hold half of the threads only,
and after some failures in a row each has one call now and then: nobody waits for another's receiver.
"""

import logging
import queue
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from django.conf import settings
from django.db import Error
from django.db.models import Exists, OuterRef, Q, QuerySet

from pecportal import clock, database, hosts, stopping
from pecportal.encryption import Unreadable
from pecportal.operation import deployment
from pecportal.queue import enqueue
from pecportal.webhooks import ending, publishing, secrets, turn, written
from pecportal.webhooks.calling import Answered, Asked, call
from pecportal.webhooks.events import TASK
from pecportal.webhooks.models import Delivery, DeliveryState, Webhook, WebhookState

logger = logging.getLogger(__name__)
TICK: Final = 0.25
LINGER: Final = 3.0  # seconds without anything to do, after which a run ends: longer than between two rings
SOON: Final = 10.0  # seconds that a run waits for a delivery's next try
SLOW: Final = 3.0  # seconds of a call


def run(*, linger: float = LINGER, soon: float = SOON) -> int:
    """Deliver what is due until the time ends or there is nothing to do; how many calls were made.

    It ends after `linger` seconds without anything to do, unless something is due within `soon` seconds. Returns 0 at
    once while another run delivers, and where a copy of another installation's database must call nobody. It calls
    itself again while there is more to do.
    """
    holder = hosts.holder()
    if deployment.is_off() or not turn.take(holder):
        return 0
    run = Run(holder, linger=linger, soon=soon)
    try:
        run.loop()
    finally:
        run.close()
    if run.is_over and Delivery.objects.filter(_due(clock.real_now())).exists():
        enqueue(TASK)
    return run.calls


class Run:
    """One run: its threads, what is under way, and which receivers were slow."""

    def __init__(self, holder: str, *, linger: float, soon: float) -> None:
        self.holder = holder
        self.linger, self.soon = linger, soon
        self.threads = int(settings.WEBHOOK_THREADS)
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="webhook")
        self.answers: queue.SimpleQueue[Answered] = queue.SimpleQueue()
        self.unwritten: list[Answered] = []
        self.under_way: dict[int, Asked] = {}  # by the delivery's id
        self.slow: set[int] = set()
        self.called_at: dict[int, float] = {}  # by the webhook's id
        self.until = time.monotonic() + float(settings.WEBHOOK_RUN_SECONDS)
        self.renew_at = self.idle_since = time.monotonic()
        self.calls = 0
        self.is_over = False  # the time was, not the work

    def loop(self) -> None:
        """Deliver; returns when the time is over, the turn is lost, or there is nothing to do."""
        ending.release_stuck()
        while True:
            now = time.monotonic()
            self.is_over = now >= self.until or stopping.asked()
            try:
                if self.is_over or not self._renew(now):
                    return
                self._write()
                is_idle = not publishing.publish() + self._dispatch() and not self.under_way
                if not is_idle:
                    self.idle_since = now
                elif now - self.idle_since >= self.linger and not self._has_some_soon():
                    return
            except Error as exc:
                database.wait_out(exc)
            self._collect(TICK)

    def close(self) -> None:
        """Wait for what is on the wire, write it down, and give the turn up."""
        while self.under_way or self.unwritten:
            try:
                self._write()
            except Error as exc:
                database.wait_out(exc)
            if self.under_way:
                self._collect(TICK)
        self.pool.shutdown()
        turn.give_up(self.holder)

    def _renew(self, now: float) -> bool:
        if now < self.renew_at:
            return True
        self.renew_at = now + turn.RENEWED
        return turn.renew(self.holder)

    def _collect(self, timeout: float) -> None:
        """Wait for an answer, then take all that are there."""
        try:
            self._take(self.answers.get(timeout=timeout))
            while True:
                self._take(self.answers.get_nowait())
        except queue.Empty:
            return

    def _take(self, answer: Answered) -> None:
        self.unwritten.append(answer)
        webhook = answer.asked.webhook_id
        (self.slow.add if answer.seconds > SLOW or not answer.is_good else self.slow.discard)(webhook)

    def _write(self) -> None:
        ending.write(self.unwritten)
        for answer in self.unwritten:
            self.under_way.pop(answer.asked.delivery_id, None)
        self.calls += len(self.unwritten)
        self.unwritten = []

    def _dispatch(self) -> int:
        """Hand over what is due, one of each webhook in turn; how many calls began."""
        free = self.threads - len(self.under_way)
        if free <= 0:
            return 0
        begun, busy = 0, Counter(each.webhook_id for each in self.under_way.values())
        # whoever was called longest ago is first
        webhooks = sorted(self._webhooks(), key=lambda each: self.called_at.get(each.pk, 0.0))
        lists = [self._next(webhook, busy[webhook.pk]) for webhook in webhooks]
        for delivery in (each for row in zip_longest(*lists) for each in row if each is not None):
            if begun == free:
                break
            begun += self._begin(delivery)
        return begun

    def _webhooks(self) -> QuerySet[Webhook]:
        """Those that may be called now and have something due."""
        now = clock.real_now()
        due = Delivery.objects.filter(
            webhook=OuterRef("pk"), state=DeliveryState.WAITING, behind=False, due_at__lte=now
        )
        rested = Q(rest_until=None) | Q(rest_until__lte=now)
        return Webhook.objects.filter(rested, Exists(due), state=WebhookState.ENABLED)

    def _next(self, webhook: Webhook, busy: int) -> list[Delivery]:
        is_failing = webhook.failures >= 1
        room = (1 if is_failing else int(settings.WEBHOOK_PER_RECEIVER)) - busy
        if room <= 0:
            return []
        rows = Delivery.objects.filter(
            webhook=webhook, state=DeliveryState.WAITING, behind=False, due_at__lte=clock.real_now()
        ).exclude(pk__in=[pk for pk, each in self.under_way.items() if each.webhook_id == webhook.pk])
        return list(rows.select_related("webhook", "event").order_by("due_at", "pk")[:room])

    def _begin(self, delivery: Delivery) -> int:
        webhook = delivery.webhook
        if webhook.pk in self.slow or webhook.failures:
            held = sum(1 for each in self.under_way.values() if each.webhook_id in self.slow)
            if held >= max(1, self.threads // 2):
                return 0
            self.slow.add(webhook.pk)
        try:
            keys = secrets.signing(webhook, at=clock.real_now())
        except Unreadable:  # its key is missing here: the others must go on
            logger.exception("The secret of webhook %s cannot be opened.", webhook.pk)
            Webhook.objects.filter(pk=webhook.pk).update(rest_until=clock.real_now() + timedelta(minutes=5))
            return 0
        asked = Asked(
            delivery_id=delivery.pk,
            webhook_id=webhook.pk,
            tries=delivery.tries,
            url=webhook.url,
            key=str(delivery.event.public_id),
            body=written.body(delivery.event),
            secrets=keys,
            allowed=tuple(settings.WEBHOOK_NETWORKS),
        )
        self.under_way[delivery.pk] = asked
        self.called_at[webhook.pk] = time.monotonic()
        self.pool.submit(self._call, asked)
        return 1

    def _call(self, asked: Asked) -> None:
        """In a thread."""
        began = time.monotonic()
        try:
            answer = call(asked)
        except Exception as exc:  # else the run would wait for it for ever
            logger.exception("A call of webhook %s failed.", asked.webhook_id)
            answer = Answered(asked, None, type(exc).__name__, time.monotonic() - began)
        self.answers.put(answer)

    def _has_some_soon(self) -> bool:
        """Whether something is due so soon that it is worth waiting for."""
        left = min(self.soon, self.until - time.monotonic())
        return Delivery.objects.filter(_due(clock.real_now() + timedelta(seconds=left))).exists()


def _due(at: datetime) -> Q:
    """Deliveries that may be made at an instant."""
    rested = Q(webhook__rest_until=None) | Q(webhook__rest_until__lte=at)
    return rested & Q(webhook__state=WebhookState.ENABLED, state=DeliveryState.WAITING, behind=False, due_at__lte=at)
