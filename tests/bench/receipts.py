"""Receipts taken in a page at a time, against one transaction for each; and the same receipts once more."""

import time
from statistics import median

from tests.bench.rows import Row
from tests.worlds import bench_database, set_up, world

PAGE = 25  # items of a page, as the vendor has it
PAGES = 30
CODE = "202611251000001"


def main() -> None:
    """Take in as many receipts by pages and one by one, alternating, and compare the medians of their times."""
    with bench_database() as database, world(rate=0, database=database) as here:
        set_up(here)
        paged, single, replayed = _measure()
    Row("receipts taken in, one transaction a page", "one transaction for each", single / paged, 15).tell()
    Row("rows that the same receipts insert when they come again", "none", replayed, 0, at_most=True).tell()


def _measure() -> tuple[float, float, int]:
    from django.db import connection
    from django.utils import timezone

    from campaigns.models import Attempt, Message, Receipt
    from campaigns.sending import claims, feeding, lanes
    from campaigns.tracking import intake
    from mailboxes.models import Mailbox
    from pecportal.upstream.inbox import InboxItem
    from tests.engine import running

    running(messages=2 * PAGE * PAGES)
    mailbox = Mailbox.objects.get()
    (taken,) = lanes.acquire("bench")
    lane = lanes.load(taken)
    if lane is None:
        raise RuntimeError("The mailbox may not send.")
    feeding.feed(lane)
    claims.claim(lane, limit=2 * PAGE * PAGES)
    Attempt.objects.update(phase="wire", outcome="accepted", code=CODE, marked_at=timezone.now())
    Message.objects.update(state="submitted", status="submitted", sent_at=timezone.now())
    refs = list(Attempt.objects.order_by("pk").values_list("ref", flat=True))
    items = [
        InboxItem(
            id=str(number),
            recipient=mailbox.address,
            sender="posta-certificata@gestore.example",
            date="Wed, 25 Nov 2026 10:00:00 +0100",
            subject=f"ACCETTAZIONE: Avviso Rif. {ref} {CODE}",
            body="Il messaggio è stato accettato.",
            raw=b"{}",
        )
        for number, ref in enumerate(refs)
    ]
    paged, single = [], []
    for start in range(0, len(items), 2 * PAGE):
        begun = time.perf_counter()
        intake.take(mailbox, items[start : start + PAGE])
        paged.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for item in items[start + PAGE : start + 2 * PAGE]:
            intake.take(mailbox, [item])
        single.append(time.perf_counter() - begun)
    before = Receipt.objects.count()
    if before != len(items):
        raise RuntimeError(f"{before} receipts of {len(items)} were kept on {connection.vendor}.")
    for start in range(0, len(items), PAGE):
        intake.take(mailbox, items[start : start + PAGE])
    return median(paged), median(single), Receipt.objects.count() - before


if __name__ == "__main__":
    main()
