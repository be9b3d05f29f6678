"""Engines that are wrong on purpose, each as some real system is: the fault tests must catch every one.

Each variant changes the running process: a worker before its threads start, or a test while it has one switched on.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns import absence, evidence, late, references
from campaigns.models import Attempt, InboxScan, Message, Reservation
from campaigns.sending import claims, endings, expired, lanes, outcomes, pump
from campaigns.sending.lanes import Feed, Job, Lane
from campaigns.states import MessageState, Outcome, Phase
from campaigns.tracking import intake, reading, receipts
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.upstream import Upstream
from pecportal.upstream.errors import OutcomeUnknown, UpstreamError
from pecportal.upstream.inbox import InboxPage
from pecportal.upstream.massiva import Credentials

_replaced: list[tuple[Any, str, Any]] = []


def _replace(place: Any, name: str, value: Any) -> None:
    _replaced.append((place, name, getattr(place, name)))
    setattr(place, name, value)


@contextmanager
def switched_on(name: str) -> Iterator[None]:
    """Be wrong in this way, within this process, for a while; "" is the right engine."""
    try:
        if name:
            VARIANTS[name]()
        yield
    finally:
        while _replaced:
            setattr(*_replaced.pop())


def unconditional_mark() -> None:
    """Marks whatever it is asked to: a worker that slept past its lease sends what another has sent."""

    def mark(jobs: Sequence[Job]) -> set[int]:
        ids = {job.attempt_id for job in jobs}
        Attempt.objects.filter(pk__in=ids).update(phase=Phase.WIRE, marked_at=clock.now())
        return ids

    _replace(endings, "mark", mark)


def check_then_send() -> None:
    """Looks whether it may send, sends, and writes it down afterwards: nothing durable lies before the wire."""

    def mark(jobs: Sequence[Job]) -> set[int]:
        ids = [job.attempt_id for job in jobs]
        return set(Attempt.objects.filter(pk__in=ids, outcome__isnull=True).values_list("pk", flat=True))

    _replace(endings, "mark", mark)
    _overlooks_receipts()


def expired_wire_is_queued() -> None:
    """Takes a dead worker's call for one that never left, whatever receipts are there already."""

    def ending(attempt: Attempt) -> outcomes.Ending:
        return outcomes.aborted("The worker stopped.")

    _replace(expired, "_ending", ending)
    _overlooks_receipts()


def _overlooks_receipts() -> None:
    """A receipt that was read in time would save the wrong engine from sending again."""

    def reconsider(message_ids: Collection[int]) -> None:
        return None

    _replace(late, "reconsider", reconsider)


def _resending(which: Callable[[OutcomeUnknown], bool]) -> None:
    judged = outcomes.failed

    def failed(error: UpstreamError, *, failures: int) -> outcomes.Ending:
        ending = judged(error, failures=failures)
        if isinstance(error, OutcomeUnknown) and which(error):
            return replace(ending, outcome=Outcome.NOT_SENT, state=MessageState.QUEUED)
        return ending

    _replace(outcomes, "failed", failed)


def retry_on_5xx() -> None:
    """Takes a server error for a proof that nothing was taken."""
    _resending(lambda error: error.status is not None and error.status >= 500)


def retry_on_lost_answer() -> None:
    """Takes silence for a proof that nothing was taken."""
    _resending(lambda error: error.status is None)


def released_on_uncertain() -> None:
    """Gives the allowance back when nobody knows whether it was used."""
    finish = endings.finish

    def wrong(items: Sequence[tuple[int, int, outcomes.Ending]]) -> None:
        finish(items)
        doubts = [attempt_id for _message, attempt_id, ending in items if ending.outcome == Outcome.UNCERTAIN]
        Reservation.objects.filter(attempt__in=doubts).update(released=True)

    _replace(endings, "finish", wrong)


def stale_lock_is_deleted() -> None:
    """Takes a lane whose holder has not renewed it, and tells nobody: no fence, no lease of the attempt's own."""
    acquire = lanes.acquire

    def taken(holder: str, *, capped: bool = False, held: Collection[int] = (), shares: bool = False) -> list[int]:
        found = acquire(holder, capped=capped, held=held, shares=shares)
        Attempt.objects.filter(outcome__isnull=True, mailbox__in=found).update(leased_until=clock.database_now())
        expired.settle()
        return found

    _replace(lanes, "acquire", taken)
    expired_wire_is_queued()
    unconditional_mark()


def resent_after_a_window() -> None:
    """Sends again whatever has had no receipt for some days."""
    settle = expired.settle

    def resend() -> int:
        old = Attempt.objects.filter(
            outcome=Outcome.UNCERTAIN, ended_at__lt=clock.now() - timedelta(days=3), receipts__isnull=True
        )
        for attempt in old:
            Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.PRESUMED_NOT_SENT)
            Message.objects.filter(pk=attempt.message_id).move(MessageState.QUEUED)
        return settle()

    _replace(expired, "settle", resend)


def absence_from_incomplete_scans() -> None:
    """Takes a reading of the inbox that missed something for one that saw everything."""

    def scans(mailbox: Mailbox, marked: datetime) -> list[absence.Scan]:
        rows = InboxScan.objects.filter(mailbox=mailbox, full=True, ended_at__isnull=False, started_at__gt=marked)
        return [absence.Scan(row.started_at, row.ended_at, full=True, complete=True) for row in rows.order_by("pk")]

    _replace(evidence, "_scans", scans)


def reference_of_the_message() -> None:
    """Gives every attempt the message's one reference: the first one's late receipt is the second one's, too."""
    make = claims._job

    def job(lane: Lane, feed: Feed, row: claims._Row, attempt_id: int, ref: str, **others: Any) -> Job:
        return make(lane, feed, row, attempt_id, references.of_attempt(row.ref, 1), **others)

    _replace(claims, "_job", job)


def codes_by_substring() -> None:
    """Gives a receipt to the first message whose code stands anywhere in its subject."""

    def owner(one: intake.Read, attempts: dict[str, Attempt]) -> tuple[Attempt | None, str]:
        for attempt in Attempt.objects.exclude(code="").order_by("pk"):
            if attempt.code in one.item.subject:
                return attempt, ""
        return None, "no_reference"

    _replace(intake, "_owner", owner)


def identity_without_date() -> None:
    """Knows a receipt by its sender and its subject: the notices after 12 and after 24 hours have the same."""
    identity = receipts.identity
    _replace(receipts, "identity", lambda sender, date, subject: identity(sender, "", subject))


def trusted_page_count() -> None:
    """Reads as many pages as the vendor says there are."""
    fetch = reading._page
    told: dict[str, int] = {}

    def page(client: Upstream, access: Credentials, number: int) -> InboxPage:
        if number > told.get(access.username, number):
            return InboxPage((), None, number, None, 0)
        found = fetch(client, access, number)
        if found.pages is not None:
            told[access.username] = found.pages
        return found

    _replace(reading, "_page", page)


def claimed_within_a_request() -> None:
    """Claims, marks and records within somebody's larger transaction, as a view under ATOMIC_REQUESTS does."""

    class Nestable:
        def __getattr__(self, name: str) -> Any:
            return getattr(transaction, name)

        @staticmethod
        def atomic(*, durable: bool = False) -> Any:
            return transaction.atomic()

    _replace(pump, "transaction", Nestable())
    _replace(expired, "transaction", Nestable())


VARIANTS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        unconditional_mark,
        check_then_send,
        expired_wire_is_queued,
        retry_on_5xx,
        retry_on_lost_answer,
        released_on_uncertain,
        stale_lock_is_deleted,
        resent_after_a_window,
        absence_from_incomplete_scans,
        reference_of_the_message,
        codes_by_substring,
        identity_without_date,
        trusted_page_count,
        claimed_within_a_request,
    )
}
