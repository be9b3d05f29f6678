"""The design's model keeps every promise in every world within its bounds, and no wrong rule gets through it.

That the engine does what the model says is the matter of `test_conformance`.
"""

from dataclasses import fields

import pytest

from tests.campaigns.sending import exploring
from tests.campaigns.sending.exploring import Bounds, explore
from tests.campaigns.sending.model import Wrong

HOSTILE = Bounds(attempts=2, lies=True, cancels=True, repeats=True)
LONG = Bounds(attempts=3)
TWO = Bounds(messages=2, attempts=2, cap=1)
DEEP = Bounds(attempts=3, decisions=2, lies=True, cancels=True)


@pytest.mark.parametrize(
    ("bounds", "least"),
    [(HOSTILE, 10_000), (LONG, 9_000), (TWO, 25_000)],
    ids=["one hostile", "one long", "two under a cap"],
)
def test_no_world_breaks_a_promise(bounds: Bounds, least: int) -> None:
    found = explore(bounds)

    assert found.faults == (), "\n".join(found.trace)
    assert len(found.worlds) > least  # the model itself has not become narrow


@pytest.mark.slow
@pytest.mark.once
def test_no_world_breaks_a_promise_far_beyond() -> None:
    found = explore(DEEP)

    assert found.faults == (), "\n".join(found.trace)
    assert len(found.worlds) > 100_000


# what each wrong rule leads to, and within which bounds
LEADS_TO = {
    "check_then_send": (LONG, exploring.SENT_TWICE),
    "unconditional_mark": (LONG, exploring.SENT_TWICE),
    "expired_wire_is_queued": (LONG, exploring.SENT_TWICE),
    "retry_on_5xx": (LONG, exploring.SENT_TWICE),
    "retry_on_lost_answer": (LONG, exploring.SENT_TWICE),
    "stale_lock_is_deleted": (LONG, exploring.SENT_TWICE),
    "resent_after_a_window": (LONG, exploring.SENT_TWICE),
    "released_on_uncertain": (TWO, exploring.OVER_THE_PLAN),
    "reference_per_message": (LONG, exploring.NOT_SENT_CALLED_SENT),
    "queued_despite_a_receipt": (LONG, exploring.SENT_THOUGH_PROVEN),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Wrong)])
def test_each_wrong_rule_has_a_counterexample(name: str) -> None:
    bounds, fault = LEADS_TO[name]

    found = explore(bounds, Wrong(**{name: True}), only={fault})

    print(f"{name}: {fault}", *found.trace, sep="\n  ")
    assert found.faults == (fault,)
    assert found.trace[0] == "a pump claims 1.1"
    assert len(found.trace) < 20
