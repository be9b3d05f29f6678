"""What one message costs: bytes in the database, processor time of its start and its receipts. No ratio, facts."""

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from mailboxes.models import Mailbox

MESSAGES = 5_000
PAGE = 25
CODE = "202611251000001"
BODY = (
    "Il giorno 25/11/2026 alle ore 10:00:00 (+0100) il messaggio è stato consegnato nella casella di destinazione. "
    * 12
)


def main() -> None:
    """Make a campaign with its attempts and two receipts for each message, and print what that took."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        from django.db import connection

        tell: dict[str, object] = {"database": connection.vendor}
        before = _bytes()
        tell |= _measure()
        if connection.vendor == "postgresql":
            tell["bytes a message"] = round((_bytes() - before) / MESSAGES)
    sys.stdout.write(json.dumps(tell, indent=2) + "\n")


def _measure() -> dict[str, object]:
    from campaigns.models import Attempt, Message
    from mailboxes.models import Mailbox
    from tests.engine import running

    start = _cpu(lambda: running(messages=MESSAGES))
    mailbox = Mailbox.objects.get()
    claim = _cpu(lambda: _claim(mailbox))
    Attempt.objects.update(phase="wire", outcome="accepted", code=CODE)
    Message.objects.update(state="submitted", status="submitted")
    taken = _cpu(lambda: _receipts(mailbox))
    return {
        "ms of our processor for the start of a message": round(start / MESSAGES * 1000, 2),
        "for its claim": round(claim / MESSAGES * 1000, 2),
        "for its two receipts": round(taken / MESSAGES * 1000, 2),
    }


def _claim(mailbox: "Mailbox") -> None:
    from campaigns.sending import claims, feeding, lanes

    (taken,) = lanes.acquire("footprint")
    lane = lanes.load(taken)
    if lane is None:
        raise RuntimeError(f"{mailbox} may not send.")
    feeding.feed(lane)
    while claims.claim(lane, limit=64):
        for feed in lane.feeds:
            feed.dry_until = 0.0


def _receipts(mailbox: "Mailbox") -> None:
    from campaigns.models import Attempt
    from campaigns.tracking import intake
    from pecportal.upstream.inbox import InboxItem

    refs = list(Attempt.objects.order_by("pk").values_list("ref", flat=True))
    for prefix in ("ACCETTAZIONE", "CONSEGNA"):
        for start in range(0, len(refs), PAGE):
            page = [
                InboxItem(
                    id=f"{prefix}{start + number}",
                    recipient=mailbox.address,
                    sender="posta-certificata@gestore.example",
                    date="Wed, 25 Nov 2026 10:00:00 +0100",
                    subject=f"{prefix}: Avviso Rif. {ref} {CODE}",
                    body=BODY,
                    raw=json.dumps({"body": BODY, "subject": ref}).encode(),
                )
                for number, ref in enumerate(refs[start : start + PAGE])
            ]
            intake.take(mailbox, page)


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _bytes() -> int:
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (found,) = cursor.fetchone()
    return int(found)


if __name__ == "__main__":
    main()
