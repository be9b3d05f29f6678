"""Whose turn it is: how much each lane claims ahead, and how long the pump may sleep."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping

from campaigns.models.tracking import Hold
from campaigns.sending.lanes import Lane

PREPARE = 0.08  # seconds before its slot at which a message is handed to a thread, which opens the connection
SHARED_AHEAD = 4  # messages of a whole account that are claimed before their turn


def wanted(held: Mapping[int, Lane], *, threads: int) -> dict[int, int]:
    """How many messages to claim for each lane now, by mailbox ids."""
    now = time.monotonic()
    open_lanes = [lane for lane in held.values() if _may_claim(lane, now)]
    if not open_lanes:
        return {}
    share = max(2, 2 * threads // len(open_lanes))
    found = {}
    for lane in open_lanes:
        ahead = min(share, 2 + len(open_lanes) // 50) if lane.interval else share
        if len(lane.ready) <= ahead // 2:
            found[lane.mailbox_id] = ahead - len(lane.ready)
    return in_turn(held, found)


def patience(held: Collection[Lane], *, most: float) -> float:
    """Seconds until the next thing to do, if no event comes before."""
    now = time.monotonic()
    if any(now >= lane.feed_at for lane in held):
        return 0.001
    slots = [
        max(lane.next_slot - PREPARE, lane.blocked_until)
        for lane in held
        if lane.ready and lane.interval and lane.at_gate == 0
    ]
    return max(min([now + most, *slots]) - now, 0.001)


def _may_claim(lane: Lane, now: float) -> bool:
    if lane.leaving or now < lane.dry_until or now < lane.blocked_until or lane.hold == Hold.CAP:
        return False
    return not (lane.breaker_level and not lane.probed)


def in_turn(held: Mapping[int, Lane], wanted: Mapping[int, int]) -> dict[int, int]:
    """How many messages each lane may claim of those `wanted`, by mailbox ids.

    Of lanes that share slots only those whose turn is near: elsewhere the claim's lease would end in the queue.
    """
    found = {pk: number for pk, number in wanted.items() if not held[pk].slots.shared or not held[pk].interval}
    together: dict[int, list[Lane]] = defaultdict(list)
    for lane in held.values():
        if lane.slots.shared:
            together[id(lane.slots)].append(lane)
    for sharing in together.values():
        room = SHARED_AHEAD - sum(len(lane.ready) for lane in sharing)
        for lane in sorted(sharing, key=lambda lane: (len(lane.ready), lane.given_at)):
            if room > 0 and lane.mailbox_id in wanted and lane.mailbox_id not in found:
                found[lane.mailbox_id] = 1
                room -= 1
    return found
