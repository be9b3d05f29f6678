"""What the fault tests do inside the portal, each in a process of the world: `python -m tests.torture.steps STEP …`."""

import json
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from campaigns.models import Attempt, Campaign, Message, Reservation  # noqa: E402
from campaigns.states import CampaignState, Outcome, Phase  # noqa: E402
from pecportal.queue import enqueue  # noqa: E402
from tests.engine import running  # noqa: E402


def prepare(recipients: str) -> None:
    """A database with one running campaign to the recipients of a JSON list."""
    call_command("migrate", interactive=False, verbosity=0)
    running(messages=0, recipients=json.loads(recipients))


def wake() -> None:
    """Ring the bells, as the periodic jobs do each minute."""
    enqueue("campaigns.tasks.sweep")
    enqueue("campaigns.tasks.pump")
    enqueue("campaigns.tasks.track")


def state() -> None:
    """Print every message with its attempts, and whether the campaign is through."""
    attempts: dict[int, list[str]] = {}
    for message, ref, outcome in Attempt.objects.order_by("n").values_list("message", "ref", "outcome"):
        attempts.setdefault(message, []).append(f"{ref}:{outcome}")
    live = Attempt.objects.exclude(outcome__in=[Outcome.NOT_SENT, Outcome.PRESUMED_NOT_SENT]).count()
    wire = Attempt.objects.filter(phase=Phase.WIRE)
    answer = {
        "on_wire": list(wire.filter(outcome__isnull=True).values_list("ref", flat=True)),
        "completed": Campaign.objects.filter(state=CampaignState.COMPLETED).exists(),
        "live": live,
        "reserved": Reservation.objects.filter(released=False).count(),
        "messages": {
            recipient: {"state": state, "status": status, "attempts": attempts.get(pk, [])}
            for pk, recipient, state, status in Message.objects.values_list("pk", "recipient", "state", "status")
        },
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", recipients]:
            prepare(recipients)
        case ["wake"]:
            wake()
        case ["state"]:
            state()
        case _:
            sys.exit("No such step.")
