"""The lists of the API over a million messages, asked in process by a program with its key, at any depth."""

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.bench import million
from tests.bench.console import p95
from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from django.test import Client

PAGES = 40
MS = 10.0
MESSAGES = "/api/v1/messages/"


def main() -> None:
    """Ask for pages at depths by chance; the whole answer counts, from the key to the JSON."""
    with bench_database() as database, quiet(database=database, API_REQUESTS_A_MINUTE="0") as here:
        set_up(here)
        from django.test import Client

        from campaigns.models import Campaign
        from mailboxes.models import Mailbox
        from tests.api.build import program

        campaigns = million.fill()
        office = campaigns[0].organisation
        maker, key = program(office)
        Campaign.objects.update(created_by=maker, launched_at=campaigns[0].created_at)
        client = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {key.text}"})
        one = {"campaign": str(campaigns[0].public_id)}
        lists: Mapping[str, dict[str, str]] = {
            "all messages": {},
            "a campaign's messages": one,
            "a mailbox's messages": {"mailbox": str(Mailbox.objects.get(pk=campaigns[0].mailbox_id).public_id)},
            "messages not delivered": {"status": "undelivered"},
            "a campaign's messages not delivered": {**one, "status": "undelivered"},
            "a campaign's few in doubt": {**one, "status": "uncertain"},
        }
        for what, filters in lists.items():
            _measure(client, what, filters)
        recipient = "azienda777777@pec.provincia82.example"
        told = p95(lambda: _ask(client, {"to": recipient}), times=PAGES)
        Row("ms for the messages to one recipient, of a million", "p95", told, MS, at_most=True).tell()


def _measure(client: "Client", what: str, filters: dict[str, str]) -> None:
    chance, cursors = random.Random(1), _cursors(client, filters)
    told = p95(lambda: _ask(client, {**filters, "cursor": chance.choice(cursors)}), times=PAGES)
    Row(f"ms for a page of {what}, of a million", "p95 at any depth", told, MS, at_most=True).tell()


def _cursors(client: "Client", filters: dict[str, str]) -> list[str]:
    """Cursors of places all over the list, made as the list makes them: to walk there takes too long."""
    from campaigns.models import Message
    from pecportal.api import cursors

    with mock.patch.object(cursors, "sealed", wraps=cursors.sealed) as sealed:
        _ask(client, filters)
    if not sealed.called:
        return [""]
    about = sealed.call_args.args[1]
    count = Message.objects.count()
    last = Message.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return ["", *(cursors.sealed([last - round(count * part / 20)], about) for part in range(1, 20))]


def _ask(client: "Client", query: dict[str, str]) -> Any:
    answer = client.get(MESSAGES, query)
    if answer.status_code != 200:
        raise RuntimeError(answer.content.decode())
    return answer


if __name__ == "__main__":
    main()
