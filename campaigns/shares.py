"""How the messages of one campaign fall to several mailboxes: so many to each that the last leaves earliest. Pure.

The forecast plays each mailbox as if it could have all of them; each message then goes to whichever sends it first.
Numbers in, numbers out: the same ones always give the same shares, and the same mailbox for each row.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime

from campaigns import forecast
from campaigns.forecast import Group

Run = tuple[int, int, int]  # the first instant, the step from one message to the next, how many: microseconds


def fill(groups: Sequence[Group], keys: Sequence[Hashable], *, total: int, now: datetime) -> list[int]:
    """How many of `total` messages each of the works `keys`, which draw from their groups' pots, has sent first.

    Less in all than `total` where the rules do not let that many leave.
    """
    runs: dict[Hashable, list[Run]] = {}
    for group in groups:
        mine = [work.key for box in group.boxes for work in box.works if work.draws]
        found = forecast.simulate(group, now=now, only=mine)
        runs |= {key: found[key].runs for key in mine}
    ordered = [runs.get(key, []) for key in keys]
    everything = [sum(count for _first, _step, count in each) for each in ordered]
    if sum(everything) <= total:
        return everything
    last = _earliest(ordered, total)
    before = [_by(each, last - 1) for each in ordered]
    at_once = [_by(each, last) - count for each, count in zip(ordered, before, strict=True)]
    rest = apportion(total - sum(before), at_once)
    return [count + more for count, more in zip(before, rest, strict=True)]


def topped(floors: Sequence[int], wanted: Sequence[int], *, total: int) -> list[int]:
    """Raise the floors to `total` in all, towards what is `wanted`; evenly where nothing more is wanted."""
    missing = total - sum(floors)
    gaps = [max(want - floor, 0) for want, floor in zip(wanted, floors, strict=True)]
    if sum(gaps) < missing:
        gaps = [gap + missing for gap in gaps]
    return [floor + more for floor, more in zip(floors, apportion(missing, gaps), strict=True)]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of `total` by weight, whose sum it is; what is left by rounding goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def deal(shares: Mapping[int, int], *, first: int = 0) -> Iterator[int]:
    """The mailbox of each message, in the list's order: each always has about its part of those dealt so far.

    The `first` ones, a campaign's trial, are dealt one by one in turn, so that it tries every mailbox.
    """
    left = {key: count for key, count in shares.items() if count > 0}
    for _n in range(min(first, sum(left.values()))):
        key = next(iter(left))
        yield key
        count = left.pop(key) - 1
        if count:
            left[key] = count  # at the end now: the others come before it
    yield from _evenly({key: left[key] for key in shares if key in left})


def _evenly(shares: Mapping[int, int]) -> Iterator[int]:
    total, dealt = sum(shares.values()), dict.fromkeys(shares, 0)
    for n in range(1, total + 1):
        # who is behind the most; the sum of what they are behind is one message, so nobody gets one too many
        key = max(shares, key=lambda each: shares[each] * n - total * dealt[each])
        dealt[key] += 1
        yield key


def _by(runs: Sequence[Run], moment: int) -> int:
    """How many have left at a moment."""
    found = 0
    for first, step, count in runs:
        if first <= moment:
            found += min(count, (moment - first) // step + 1) if step else count
    return found


def _earliest(ordered: Sequence[Sequence[Run]], total: int) -> int:
    """The first moment at which `total` have left in all."""
    runs = [run for each in ordered for run in each]
    low = min(first for first, _step, _count in runs)
    high = max(first + step * (count - 1) for first, step, count in runs)
    while low < high:
        middle = (low + high) // 2
        if _by(runs, middle) >= total:
            high = middle
        else:
            low = middle + 1
    return low
