"""What mailboxes have to send, and what holds them up: rows, as the groups that `campaigns.forecast` plays."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.conf import settings
from django.db.models import Count, Q

from campaigns import forecast, timing
from campaigns.forecast import Box, Group, Work
from campaigns.models import Campaign, CampaignMailbox, Message, SendingLane
from campaigns.models.message import HELD
from campaigns.models.tracking import Hold
from campaigns.shares import deal
from campaigns.states import CampaignState, MessageState, Pilot
from mailboxes.models import Mailbox
from pecportal import clock, vendor

ACCEPTANCE: Final = timedelta(seconds=30)  # by which the acceptance of a message usually has come
MOVING = (CampaignState.LAUNCHING, CampaignState.SCHEDULED, CampaignState.RUNNING)
FROZEN = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)

Key = tuple[int, int]  # a campaign and one of its mailboxes


@dataclass(frozen=True, slots=True)
class Pot:
    """Messages of a campaign that may leave from any of its mailboxes: how many in all.

    `most` of each, by mailbox ids, where that is less; `ends` is when a mailbox sends no more.
    """

    total: int
    most: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, datetime] = field(default_factory=dict)


def groups(
    campaign: Campaign,
    boxes: Sequence[Mailbox],
    now: datetime,
    *,
    shares: Mapping[int, int] | None = None,
    pot: Pot | None = None,
) -> list[Group]:
    """Everything that is sent in the same sequences of slots as what these mailboxes of a campaign send.

    Of the campaign, `shares` says how many each mailbox sends as long as it is not frozen; with a `pot` all of it is
    there, and the mailboxes draw from it. Its works' keys are (campaign, mailbox), as those of the others.
    """
    together = defaultdict(list)
    for box in boxes:
        pace = timing.pace_of(box)
        together[("account", pace.account_id) if pace.shared else ("mailbox", box.pk)].append(box)
    return [_group(campaign, mine, now, shares=shares, pot=pot) for mine in together.values()]


def _group(
    campaign: Campaign, mine: Sequence[Mailbox], now: datetime, *, shares: Mapping[int, int] | None, pot: Pot | None
) -> Group:
    """A mailbox alone, or all that share their account's pace."""
    boxes = list(mine)
    pace = timing.pace_of(boxes[0])
    if pace.shared:
        moving = Campaign.objects.filter(state__in=MOVING)
        further = CampaignMailbox.objects.filter(campaign__in=moving)
        busy = Q(campaigns__state__in=MOVING) | Q(pk__in=further.values("mailbox"))
        others = Mailbox.objects.filter(vendor.served_by(pace.account)).filter(busy)
        others = others.exclude(pk__in=[box.pk for box in mine]).select_related("plan", *vendor.RELATED).distinct()
        boxes += [other for other in others if other.why_not() is None and timing.pace_of(other).shared]
    lanes = SendingLane.objects.in_bulk([each.pk for each in boxes])
    works = _works(boxes, campaign, shares=shares, pot=pot)
    slots = [lane.next_slot_at for lane in lanes.values()]
    interval = pace.interval
    if pace.shared:  # a mailbox that has nothing to send slows the others down, too
        interval = timing.shared_interval(pace.account)
        slots.append(timing.shared_slot_at(pace.account))
    return Group(
        interval=interval * float(settings.CLOCK_SPEED),
        next_slot=max([now, *(clock.from_real(slot) for slot in slots if slot)]),
        boxes=[_box(each, works[each.pk], lanes.get(each.pk), now, pot) for each in boxes],
        pot=pot.total if pot else 0,
    )


def _box(mailbox: Mailbox, works: Sequence[Work], lane: SendingLane | None, now: datetime, pot: Pot | None) -> Box:
    limits = timing.limits_of(mailbox.plan)
    is_held = lane is not None and lane.hold not in (Hold.NONE, Hold.CAP) and lane.held_until is not None
    return Box(
        key=mailbox.pk,
        limits=limits,
        history=timing.history_of(mailbox.pk, mailbox.plan, limits, now=now),
        works=works,
        held_until=clock.from_real(lane.held_until) if is_held and lane and lane.held_until else None,
        ends=pot.ends.get(mailbox.pk) if pot else None,
    )


def _works(
    boxes: Iterable[Mailbox], asked: Campaign, *, shares: Mapping[int, int] | None, pot: Pot | None
) -> dict[int, list[Work]]:
    """What each mailbox has to send; the campaign that is asked for counts as if it ran."""
    ids = [box.pk for box in boxes]
    further = CampaignMailbox.objects.filter(mailbox__in=ids)
    here = Q(mailbox__in=ids) | Q(is_split=True, pk__in=further.values("campaign"))
    campaigns = list(Campaign.objects.filter(here, state__in=MOVING).order_by("pk"))
    if asked.pk not in {each.pk for each in campaigns}:
        campaigns = sorted([*campaigns, asked], key=lambda each: each.pk)
    left = remaining(campaigns, {asked.pk: shares} if shares is not None else {})
    if pot is not None:
        taken = {(asked.pk, pk): min(pot.most.get(pk, pot.total), pot.total) for pk in ids}
        left |= {key: count for key, count in taken.items() if key in left}
    found: dict[int, list[Work]] = defaultdict(list)
    for each in campaigns:
        for pk in ids:
            if (each.pk, pk) in left:
                draws = pot is not None and each.pk == asked.pk
                found[pk].append(_work(each, pk, left, draws=draws))
    return found


def _work(campaign: Campaign, mailbox_id: int, left: Mapping[Key, int], *, draws: bool) -> Work:
    return Work(
        (campaign.pk, mailbox_id),
        left[campaign.pk, mailbox_id],
        timing.hours_of(campaign),
        is_single=timing.is_single(campaign),
        held=0 if draws else _held(campaign, mailbox_id, left),
        pause=pilot_pause(),
        draws=draws,
    )


def _held(campaign: Campaign, mailbox_id: int, left: Mapping[Key, int]) -> int:
    """How many messages of a mailbox wait until the first ones of a campaign with a pilot are accepted."""
    if campaign.state not in FROZEN and campaign.pilot_size:
        parts = {pk: count for (campaign_id, pk), count in left.items() if campaign_id == campaign.pk}
        first = Counter(islice(deal(parts, first=campaign.pilot_size), campaign.pilot_size))
        return max(left[campaign.pk, mailbox_id] - first[mailbox_id], 0)
    if campaign.state not in FROZEN or campaign.pilot != Pilot.GOING:
        return 0
    queued = Message.objects.filter(campaign=campaign, state=MessageState.QUEUED, not_before=HELD)
    return (queued.filter(mailbox=mailbox_id) if campaign.is_split else queued).count()


def pilot_pause() -> timedelta:
    """How long it takes until the others follow a pilot's last message: its acceptance comes, and is read."""
    reading = timedelta(seconds=float(settings.TRACKING_SECONDS) * float(settings.CLOCK_SPEED))
    return ACCEPTANCE + reading


def remaining(campaigns: Sequence[Campaign], planned: Mapping[int, Mapping[int, int]]) -> dict[Key, int]:
    """How many messages each campaign has left at each of its mailboxes.

    What is not frozen yet counts as `planned`, by campaign and mailbox, or as it was shared out at the start.
    """
    alone = [each for each in campaigns if not each.is_split]
    frozen = [each.pk for each in alone if each.state in FROZEN]
    queued = Message.objects.filter(campaign__in=frozen, state=MessageState.QUEUED).order_by()
    counts = dict(queued.values_list("campaign").annotate(n=Count("pk")))
    found = {
        (each.pk, each.mailbox_id): counts.get(each.pk, 0) if each.pk in frozen else each.recipients_total
        for each in alone
    }
    several = [each for each in campaigns if each.is_split]
    return found | _remaining_of_split(several, planned) if several else found


def _remaining_of_split(campaigns: Sequence[Campaign], planned: Mapping[int, Mapping[int, int]]) -> dict[Key, int]:
    further: dict[int, dict[int, int]] = defaultdict(dict)
    rows = CampaignMailbox.objects.filter(campaign__in=campaigns).order_by("mailbox_id")
    for campaign_id, mailbox_id, share in rows.values_list("campaign", "mailbox", "share"):
        further[campaign_id][mailbox_id] = share
    frozen = [each.pk for each in campaigns if each.state in FROZEN]
    queued = Message.objects.filter(campaign__in=frozen, state=MessageState.QUEUED).order_by()
    grouped = queued.values_list("campaign", "mailbox").annotate(n=Count("pk"))
    counts = {(campaign_id, mailbox_id): n for campaign_id, mailbox_id, n in grouped}
    found: dict[Key, int] = {}
    for each in campaigns:
        others = further[each.pk]
        dealt = planned.get(each.pk)
        if dealt is None:
            dealt = {each.mailbox_id: max(each.recipients_total - sum(others.values()), 0), **others}
        for pk in (each.mailbox_id, *others):
            found[each.pk, pk] = counts.get((each.pk, pk), 0) if each.pk in frozen else dealt.get(pk, 0)
    return found


def played(campaign: Campaign, plan: Iterable[Group], now: datetime) -> dict[int, forecast.Outlook]:
    """What is to be expected of the campaign's messages at each of its mailboxes, by their ids."""
    found: dict[int, forecast.Outlook] = {}
    for group in plan:
        mine = [work.key for box in group.boxes for work in box.works if _is_of(work, campaign)]
        outlooks = forecast.simulate(group, now=now, only=mine)
        found |= {box.key: outlooks[work.key] for box in group.boxes for work in box.works if work.key in mine}
    return found


def _is_of(work: Work, campaign: Campaign) -> bool:
    return isinstance(work.key, tuple) and work.key[0] == campaign.pk
