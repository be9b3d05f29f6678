"""When a campaign will have been sent, asked from its rows: all that its mailbox has to send is counted with it.

Below the wings: the check before sending and the pages ask it, and neither has a formula of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns import forecast, switched, timing
from campaigns.forecast import Box, Group, Outlook, Work
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.message import HELD
from campaigns.models.tracking import Hold
from campaigns.states import PREPARED, CampaignState, MessageState, Pilot
from mailboxes.models import Mailbox
from pecportal import clock, vendor
from pecportal.operation import deployment, switches

DAYS_SHOWN = 7
ACCEPTANCE: Final = timedelta(seconds=30)  # by which the acceptance of a message usually has come
MOVING = (CampaignState.LAUNCHING, CampaignState.SCHEDULED, CampaignState.RUNNING)
FROZEN = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
ASKABLE = (*PREPARED, CampaignState.LAUNCHING, *FROZEN)


@dataclass(frozen=True, slots=True)
class Expected:
    """What to tell of a campaign: when it ends, its days, and what is wrong with the date by which it is wanted.

    `ends` is None when the rules never let it end, and while nothing leaves its mailbox: then `held` says why, and
    there are no days. `more_days` and `more_messages` are those that `days` leaves out.
    """

    ends: datetime | None
    days: Sequence[tuple[date, int]]
    more_days: int
    more_messages: int
    warning: str
    all_days: int
    held: str = ""


def of(campaign: Campaign) -> Expected | None:
    """What is to be expected of a campaign if it goes on, or is started, now; None when there is nothing to say."""
    if campaign.state not in ASKABLE or campaign.mailbox.why_not() is not None:
        return None
    now = clock.now()
    if why := _why_held(campaign):
        return Expected(None, (), 0, 0, _passed(campaign, "", now), 0, held=why) if _has_some(campaign) else None
    found = forecast.simulate(_group(campaign, now), now=now, only=campaign.pk)[campaign.pk]
    days = list(found.days.items())
    if not days and found.left == 0:
        return None
    rest = days[DAYS_SHOWN:]
    return Expected(
        ends=found.ends,
        days=days[:DAYS_SHOWN],
        more_days=len(rest),
        more_messages=sum(count for _day, count in rest),
        warning=_warning(campaign, found, now),
        all_days=len(days),
    )


def _why_held(campaign: Campaign) -> str:
    """Why nothing leaves its mailbox until somebody does something about it; "" while it sends, or rests by itself."""
    mailbox = campaign.mailbox
    if why := deployment.why_off():
        return deployment.sentence(why)
    if switch := switched.off(campaign):
        return switches.told(switch)
    if why_not := mailbox.why_not_now():
        return why_not
    refused = SendingLane.objects.filter(pk=mailbox.pk, hold__in=(Hold.ACCOUNT, Hold.WALLET))
    lane = refused.filter(held_until__gt=clock.database_now()).first()
    return f"{Hold(lane.hold).label}." if lane else ""


def _has_some(campaign: Campaign) -> bool:
    """Whether anything of it is still to be sent."""
    if campaign.state not in FROZEN:
        return bool(campaign.recipients_total)
    return Message.objects.filter(campaign=campaign, state=MessageState.QUEUED).exists()


def _group(campaign: Campaign, now: datetime) -> Group:
    """Everything that is sent in the same sequence of slots: the mailbox's, or that of all its account's mailboxes."""
    box = campaign.mailbox
    boxes = [box]
    pace = timing.pace_of(box)
    if pace.shared:
        served = Mailbox.objects.filter(vendor.served_by(pace.account), campaigns__state__in=MOVING)
        others = served.exclude(pk=box.pk).select_related("plan", *vendor.RELATED).distinct()
        boxes += [other for other in others if other.why_not() is None and timing.pace_of(other).shared]
    lanes = SendingLane.objects.in_bulk([each.pk for each in boxes])
    works = _works(boxes, campaign)
    slots = [lane.next_slot_at for lane in lanes.values()]
    interval = pace.interval
    if pace.shared:  # a mailbox that has nothing to send slows the others down, too
        interval = timing.shared_interval(pace.account)
        slots.append(timing.shared_slot_at(pace.account))
    return Group(
        interval=interval * float(settings.CLOCK_SPEED),
        next_slot=max([now, *(clock.from_real(slot) for slot in slots if slot)]),
        boxes=[_box(each, works[each.pk], lanes.get(each.pk), now) for each in boxes],
    )


def _box(mailbox: Mailbox, works: Sequence[Work], lane: SendingLane | None, now: datetime) -> Box:
    limits = timing.limits_of(mailbox.plan)
    is_held = lane is not None and lane.hold not in (Hold.NONE, Hold.CAP) and lane.held_until is not None
    return Box(
        key=mailbox.pk,
        limits=limits,
        history=timing.history_of(mailbox.pk, mailbox.plan, limits, now=now),
        works=works,
        held_until=clock.from_real(lane.held_until) if is_held and lane and lane.held_until else None,
    )


def _works(boxes: Iterable[Mailbox], asked: Campaign) -> dict[int, list[Work]]:
    """What each mailbox has to send; the one that is asked for counts as if it ran."""
    chosen = Q(state__in=MOVING, mailbox__in=[box.pk for box in boxes]) | Q(pk=asked.pk)
    campaigns = list(Campaign.objects.filter(chosen).order_by("pk"))
    frozen = [each.pk for each in campaigns if each.state in FROZEN]
    queued = Message.objects.filter(campaign__in=frozen, state=MessageState.QUEUED).order_by()
    counts = dict(queued.values_list("campaign").annotate(n=Count("pk")))
    found: dict[int, list[Work]] = defaultdict(list)
    for each in campaigns:
        remaining = counts.get(each.pk, 0) if each.pk in frozen else each.recipients_total
        found[each.mailbox_id].append(_work(each, remaining))
    return found


def _work(campaign: Campaign, remaining: int) -> Work:
    return Work(
        campaign.pk,
        remaining,
        timing.hours_of(campaign),
        is_single=timing.is_single(campaign),
        held=_held(campaign, remaining),
        pause=pilot_pause(),
    )


def _held(campaign: Campaign, remaining: int) -> int:
    """How many messages wait until the first ones of a campaign with a pilot are accepted."""
    if campaign.state not in FROZEN:
        return max(remaining - campaign.pilot_size, 0) if campaign.pilot_size else 0
    if campaign.pilot != Pilot.GOING:
        return 0
    return Message.objects.filter(campaign=campaign, state=MessageState.QUEUED, not_before=HELD).count()


def pilot_pause() -> timedelta:
    """How long it takes until the others follow a pilot's last message: its acceptance comes, and is read."""
    reading = timedelta(seconds=float(settings.TRACKING_SECONDS) * float(settings.CLOCK_SPEED))
    return ACCEPTANCE + reading


def _warning(campaign: Campaign, found: Outlook, now: datetime) -> str:
    """Why it will never end, or not by the date by which it is wanted; "" when all is well."""
    if found.ends is None:
        return _("As things stand it cannot be sent to the end. %(reason)s") % {"reason": _reason(campaign, found)}
    wanted = campaign.wanted_by
    if wanted is None or found.ends <= wanted:
        return ""
    reason = _reason(campaign, found)
    words = {"wanted": moment(wanted), "reason": reason}
    return _passed(campaign, reason, now) or _("It will not be sent by %(wanted)s, as was wanted. %(reason)s") % words


def _passed(campaign: Campaign, reason: str, now: datetime) -> str:
    """That the date by which it was wanted has passed; "" while it has not."""
    wanted = campaign.wanted_by
    if wanted is None or now <= wanted:
        return ""
    words = {"wanted": moment(wanted), "reason": reason}
    return (_("It was to be sent by %(wanted)s: that has passed. %(reason)s") % words).rstrip()


def _reason(campaign: Campaign, found: Outlook) -> str:
    """What costs it the most time."""
    most = max(found.for_hours, found.for_limits, found.for_pace, found.for_pilot)
    if most == found.for_pilot:
        return _("What takes the most time is the wait until the first messages, sent on trial, are accepted.")
    if most == found.for_limits:
        return _("What takes the most time is the number of messages that the mailbox's plan allows.")
    if most == found.for_hours:
        return _("What takes the most time are the hours and days on which it may be sent: choose more of them.")
    if timing.pace_of(campaign.mailbox).shared:
        return _("What takes the most time is the pace of sending, which all mailboxes of the account share.")
    return _("What takes the most time is the pace of sending, which all campaigns of the mailbox share.")


def moment(at: datetime) -> str:
    """An instant as a person says it, by the clocks in Rome: its day and its time."""
    local = localtime(at)
    return _("%(day)s at %(time)s") % {"day": day_named(local), "time": date_format(local, "H:i")}


def day_named(at: date) -> str:
    """A day with its name and its month's, which Italian writes in small letters: “venerdì 18 dicembre”."""
    named = date_format(at, "l j F")
    return named.lower() if get_language() == "it" else named
