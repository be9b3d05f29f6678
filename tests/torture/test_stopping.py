"""SIGTERM in the middle of a campaign, to every process at once: it ends soon, and nothing is left in doubt."""

import json
import os
import signal
import time
from collections import Counter

import pytest

from tests.torture import killing
from tests.worlds import in_session, until, world

pytestmark = [pytest.mark.slow, pytest.mark.once]


def test_what_is_on_the_wire_gets_its_answer_and_nothing_more_is_claimed() -> None:
    recipients = [f"ditta{number}@prova.example" for number in range(80)]
    haste = {**killing.HASTE, "SENDING_PUMP_SECONDS": "30"}
    with world(rate=0, latency=0.5, **haste, SENDING_THREADS="4") as here:
        here.run("tests.torture.steps", "prepare", json.dumps(recipients))
        worker = killing._start(here)
        try:
            until(lambda: len(here.ledger()) >= 8, "the campaign is under way", seconds=90)
            asked = time.monotonic()
            os.killpg(worker.pid, signal.SIGTERM)
            worker.wait(20)
            took = time.monotonic() - asked
            left = in_session(worker.pid)
            now = killing._state(here)
            taken = Counter(sent["recipient"] for sent in here.ledger())

            assert took < 15
            assert left == []
            assert now["on_wire"] == []
            assert Counter(row["state"] for row in now["messages"].values()) == {
                "submitted": len(taken),
                "queued": len(recipients) - len(taken),
            }
            assert len(taken) < len(recipients)

            worker = killing._start(here)
            end = killing._settled(here)
        finally:
            for pid in in_session(worker.pid):
                os.kill(pid, signal.SIGKILL)
            worker.wait()
        assert {row["state"] for row in end["messages"].values()} == {"submitted"}
        assert Counter(sent["recipient"] for sent in here.ledger()) == dict.fromkeys(recipients, 1)
