"""What the fault tests do inside the portal, in a process of the world: `python -m tests.torture.steps STEP …`.

Arguments are JSON, as is what a step prints. `serve` does each step that it reads from its standard input, a line
[STEP, …] each, and answers with a line.
"""

import json
import sys
import uuid
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402
from django.db.models import Count  # noqa: E402

from campaigns import auditing, enclosures  # noqa: E402
from campaigns.models import (  # noqa: E402
    Attempt,
    Campaign,
    Message,
    MessageContent,
    OwnFile,
    OwnLink,
    Reservation,
    SendingLane,
)
from campaigns.states import CampaignState, MessageState, Outcome, Phase  # noqa: E402
from campaigns.tracking import restoring  # noqa: E402
from mailboxes.models import Mailbox, Plan  # noqa: E402
from pecportal import stored  # noqa: E402
from pecportal.organisations.models import User  # noqa: E402
from pecportal.queue import enqueue  # noqa: E402
from tests.campaigns import build  # noqa: E402
from tests.engine import running  # noqa: E402

OWN: Final = b"Fattura\n" * 500


def prepare(recipients: list[str], limit: int = 0) -> None:
    """An empty database gets its tables, and one campaign."""
    call_command("migrate", interactive=False, verbosity=0)
    begin(recipients, limit)


def begin(recipients: list[str], limit: int = 0) -> None:
    """A campaign to the recipients, being made ready; `limit` messages a day, 0 for any."""
    campaign = running(messages=0, recipients=recipients, frozen=False)
    _enclose(campaign)
    if limit:
        plan = Plan.objects.create(name="Piano di prova", daily_limit=limit, margin=0)
        Mailbox.objects.filter(pk=campaign.mailbox_id).update(plan=plan)


def _enclose(campaign: Campaign) -> None:
    """A file for everybody, of several pieces on the wire, and one of its own for every third."""
    build.attach_to(campaign, b"Allegato\n" * 30_000, name="allegato.txt")
    kept = f"own/{uuid.uuid4().hex}"
    stored.keep(kept, BytesIO(OWN))
    facts = {"content_type": "text/plain", "size": len(OWN), "sha256": sha256(OWN).hexdigest(), "stored_as": kept}
    file = OwnFile.objects.create(campaign=campaign, name="proprio.txt", **facts)
    lines = campaign.recipients.values_list("line", flat=True)
    OwnLink.objects.bulk_create(OwnLink(campaign=campaign, line=line, file=file) for line in lines if line % 3 == 0)


def wake() -> None:
    """Ring the bells, as the periodic jobs do each minute."""
    for task in ("sweep", "pump", "track", "search"):
        enqueue(f"campaigns.tasks.{task}")


def serve() -> None:
    """Do what each line says until the input ends."""
    for line in sys.stdin:
        connections.close_all()  # the database may have been restarted meanwhile
        step, *arguments = json.loads(line)
        print(json.dumps(STEPS[step](*arguments)), flush=True)


def state() -> dict[str, Any]:
    """Every message with its attempts, and whether the campaign is through: all as of one moment.

    Rows that a worker moves between two questions would make a state that never was.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _state()


def _state() -> dict[str, Any]:
    attempts: dict[int, list[str]] = {}
    for message, ref, outcome in Attempt.objects.order_by("n").values_list("message", "ref", "outcome"):
        attempts.setdefault(message, []).append(f"{ref}:{outcome}")
    live = Attempt.objects.exclude(outcome__in=[Outcome.NOT_SENT, Outcome.PRESUMED_NOT_SENT]).count()
    wire = Attempt.objects.filter(phase=Phase.WIRE)
    return {
        "on_wire": list(wire.filter(outcome__isnull=True).values_list("ref", flat=True)),
        "sending": Message.objects.filter(state=MessageState.SENDING).count(),
        "frozen": {
            content.message.recipient: {
                "subject": content.subject,
                "body": content.body,
                "files": enclosures.hashes(enclosures.of_message(content.message)),
            }
            for content in MessageContent.objects.select_related("message")
        },
        "completed": Campaign.objects.filter(state=CampaignState.COMPLETED).exists(),
        "live": live,
        "unrecorded": [
            *Attempt.objects.filter(outcome=Outcome.UNCERTAIN).values_list("ref", flat=True),
            *Attempt.objects.filter(outcome=Outcome.ACCEPTED, answer_status=None).values_list("ref", flat=True),
        ],
        "reserved": Reservation.objects.filter(released=False).count(),
        "messages": {
            recipient: {"state": state, "status": status, "attempts": attempts.get(pk, [])}
            for pk, recipient, state, status in Message.objects.values_list("pk", "recipient", "state", "status")
        },
    }


def holder() -> str:
    """Who holds the lane of the one mailbox; "" for nobody."""
    return SendingLane.objects.values_list("holder", flat=True).get()


def statuses() -> dict[str, int]:
    """How many messages have each shown status."""
    counted = Message.objects.order_by().values_list("status").annotate(n=Count("pk"))
    return dict(counted)


def rows() -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    database = connections["default"]
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT COUNT(*) FROM {database.ops.quote_name(table)}")
            ((found[table],),) = cursor.fetchall()
    return found


def audit() -> dict[str, int]:
    """How many rows each question of the self-audit found."""
    found: dict[str, int] = auditing.run().found
    return found


def searched() -> bool:
    """Whether every mailbox was searched after a restore."""
    return restoring.search().is_done


def lift() -> None:
    """Switch sending on, as an operator does."""
    operator = User.objects.create_superuser("olga@portale.example")
    call_command("lift_hold", by=operator.email, reason="searched")


STEPS: dict[str, Callable[..., Any]] = {
    step.__name__: step for step in (prepare, begin, wake, state, statuses, rows, holder, audit, searched, lift, serve)
}

if __name__ == "__main__":
    done = STEPS[sys.argv[1]](*map(json.loads, sys.argv[2:]))
    if sys.argv[1] != "serve":
        print(json.dumps(done))
