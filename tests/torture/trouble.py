"""The vendor's faults of one run: those of POST /send wait from the beginning, those of its inbox come in turn."""

import json
import random
import time
import urllib.request
from collections.abc import Sequence
from typing import Any, Final

from tests.worlds import World

# what befalls one POST /send; none of them is a refusal that ends a message
SENDING: Final[dict[str, dict[str, Any]]] = {
    "answer lost": {"drop_next_answer": {"after_accepting": True}},
    "lost, not taken": {"drop_next_answer": {"after_accepting": False}},
    "500 taken": {"fail_next": {"status": 500, "after_accepting": True}},
    "502 HTML": {"fail_next": {"status": 502, "after_accepting": False, "body": "<html>Bad Gateway</html>"}},
    "503 torn": {"fail_next": {"status": 503, "after_accepting": True, "body": "{"}},
    "429": {"fail_next": {"status": 429, "after_accepting": False, "headers": {"Retry-After": "1"}}},
    "429 by date": {
        "fail_next": {
            "status": 429,
            "after_accepting": False,
            "headers": {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
        }
    },
    "429 odd": {"fail_next": {"status": 429, "after_accepting": False, "headers": {"Retry-After": "-5"}}},
    "408 taken": {"fail_next": {"status": 408, "after_accepting": True}},
    "307": {"fail_next": {"status": 307, "after_accepting": False, "headers": {"Location": "http://127.0.0.1:9/"}}},
    "201 odd": {
        "fail_next": {"status": 201, "after_accepting": True, "body": '{"success":"true","sent":1,"message_id":"1"}'}
    },
    "201 NaN": {
        "fail_next": {"status": 201, "after_accepting": True, "body": '{"success":true,"sent":NaN,"message_id":"1"}'}
    },
    "201 deep": {"fail_next": {"status": 201, "after_accepting": True, "body": "[" * 100_000}},
    "201 BOM": {"fail_next": {"status": 201, "after_accepting": True, "body": "\ufeff{}"}},
    "200 torn": {"fail_next": {"status": 200, "after_accepting": True, "body": '{"success":true,"sent":1,"mess'}},
}
# what befalls whoever reads the inbox, with the page that it befalls; the first readings go furthest
INBOX: Final[dict[str, int]] = {
    "page_repeated": 2,
    "server_error_on_page": 1,
    "page_missing": 1,
    "bodies_unreadable": 1,
    "ids_shifted": 1,
    "growth": 1,
    "random_pages": 1,
    "random_order": 1,
    "broken_items": 1,
    "total_wrong": 1,
}
FAULTS: Final = (*SENDING, *INBOX)
MOST_BETWEEN: Final = 2  # requests that pass between two faults: all have befallen after some twenty
PATIENCE: Final = 10.0  # seconds for which an inbox has a fault that nobody meets


class Trouble:
    """The faults of one run, ordered from the vendor; afterwards, which of them anybody met."""

    def __init__(self, here: World, faults: Sequence[str], chance: random.Random) -> None:
        self._here = here
        self._sent = [name for name in faults if name in SENDING]
        self._coming = sorted((name for name in faults if name in INBOX), key=list(INBOX).index)
        self._now = ""
        self._until = 0.0
        chance.shuffle(self._sent)
        for name in self._sent:
            ((kind, details),) = SENDING[name].items()
            order(here, {kind: details | {"later": chance.randint(0, MOST_BETWEEN)}})

    def look(self) -> bool:
        """Let the inbox have its next fault when the present one was met, or will not be; True when none is left."""
        if not self._now and not self._coming:
            return True
        is_over = self._now in told(self._here)["inbox"] or time.monotonic() > self._until
        if is_over and self._coming:
            self._now, self._until = self._coming.pop(0), time.monotonic() + PATIENCE
            order(self._here, {"inbox": [self._now], "inbox_page": INBOX[self._now]})
        elif is_over:
            self._now = ""
            order(self._here, {"inbox": []})
        return not self._now

    def met(self) -> set[str]:
        """The names of the faults that somebody met."""
        answer = told(self._here)
        return {*self._sent[: len(self._sent) - answer["waiting"]], *answer["inbox"]}


def told(here: World) -> dict[str, Any]:
    """What the vendor says of its faults: how many `waiting`, which of the `inbox` were met."""
    with urllib.request.urlopen(f"{here.vendor}/_sandbox/faults", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def order(here: World, wish: dict[str, Any]) -> None:
    """Have a fault."""
    request = urllib.request.Request(f"{here.vendor}/_sandbox/faults", json.dumps(wish).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30):
        return
