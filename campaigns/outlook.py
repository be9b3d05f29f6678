"""When a campaign will have been sent, asked from its rows: all that its mailboxes have to send is counted with it.

Below the wings: the check before sending and the pages ask it, and neither has a formula of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from campaigns import splitting, switched, timing, workload
from campaigns.forecast import Outlook
from campaigns.models import Campaign, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import PREPARED, CampaignState
from campaigns.workload import FROZEN
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.operation import deployment, switches

DAYS_SHOWN = 7
A_DAY = timedelta(days=1)
ASKABLE = (*PREPARED, CampaignState.LAUNCHING, *FROZEN)


@dataclass(frozen=True, slots=True)
class Part:
    """What one of several mailboxes has left to send, and when its last message leaves; None for never."""

    mailbox: Mailbox
    messages: int
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What to tell of a campaign: when it ends, its days, and what is wrong with the date by which it is wanted.

    `ends` is None when the rules never let it end, and while nothing leaves a mailbox of it that has some left: then
    `held` says why, and `days` are the other mailboxes'. `more_days` and `more_messages` are those that `days` leaves
    out. `parts` are its mailboxes', where it has several.
    """

    ends: datetime | None
    days: Sequence[tuple[date, int]]
    more_days: int
    more_messages: int
    warning: str
    all_days: int
    parts: Sequence[Part] = ()
    held: str = ""


def of(campaign: Campaign, *, shares: Mapping[int, int] | None = None) -> Expected | None:
    """What is to be expected of a campaign if it goes on, or is started, now; None when there is nothing to say.

    `shares` is how many messages each mailbox of a draft sends, if that is known; else it is as it would be checked
    now.
    """
    if campaign.state not in ASKABLE:
        return None
    senders = campaign.senders
    usable = [box for box in senders if box.why_not() is None]
    if not usable:
        return None
    if campaign.is_split and campaign.is_prepared and shares is None:
        shares = splitting.of(campaign)
    now = clock.now()
    counts = workload.remaining([campaign], {campaign.pk: shares} if shares is not None else {})
    left = {box.pk: counts[campaign.pk, box.pk] for box in senders}
    held = _why_held(campaign, [box for box in usable if left[box.pk]])
    going = [box for box in usable if box.pk not in held]
    if held and not any(left[box.pk] for box in going):
        parts = [Part(box, left[box.pk], None) for box in senders] if campaign.is_split else []
        return Expected(None, (), 0, 0, _passed(campaign, "", now), 0, parts, held=_named(campaign, usable, held))
    found = workload.played(campaign, workload.groups(campaign, going, now, shares=shares), now)
    found |= {box.pk: Outlook(left=left[box.pk]) for box in senders if box not in going}  # never leaves from there
    told = _together(list(found.values()))
    days = sorted(told.days.items())
    if not days and told.left == 0:
        return None
    rest = days[DAYS_SHOWN:]
    parts = [Part(box, sum(found[box.pk].days.values()) + found[box.pk].left, found[box.pk].ends) for box in senders]
    waits = next((part for part in parts if part.messages and part.mailbox not in usable), None)
    slowest = max(going, key=lambda box: (found[box.pk].left > 0, found[box.pk].ends or now))
    reason = _waits(waits) if waits else _why(slowest, found[slowest.pk])
    only_held = held and not waits and not found[slowest.pk].left
    return Expected(
        ends=told.ends,
        days=days[:DAYS_SHOWN],
        more_days=len(rest),
        more_messages=sum(count for _day, count in rest),
        warning=_passed(campaign, "", now) if only_held else _warning(campaign, told, reason, now),
        all_days=len(days),
        parts=parts if campaign.is_split else (),
        held=_named(campaign, usable, held),
    )


def stale(campaign: Campaign, split: Mapping[int, int]) -> str:
    """That a checked campaign of several mailboxes would end a day or more earlier if it was split anew; "" if not.

    So it is when one of them has got other work, or has sent much, since the check.
    """
    if not campaign.is_split or not split:
        return ""
    then, anew = of(campaign, shares=split), of(campaign)
    if then is None or anew is None or then.ends is None or anew.ends is None or then.ends - anew.ends < A_DAY:
        return ""
    words = {"then": moment(then.ends), "anew": moment(anew.ends)}
    return (
        _(
            "Since the check the mailboxes have got other work: as it is split now, the last message leaves on "
            "%(then)s. Check it again, and it is split anew: then on %(anew)s."
        )
        % words
    )


def _why_held(campaign: Campaign, boxes: Sequence[Mailbox]) -> dict[int, str]:
    """Why nothing leaves some of its mailboxes, by their ids, until somebody does something about it.

    Those that send, or rest by themselves, are not among them.
    """
    off = deployment.why_off()
    found = {box.pk: deployment.sentence(off) if off else _why_held_at(box, campaign) for box in boxes}
    return {pk: why for pk, why in found.items() if why}


def _why_held_at(mailbox: Mailbox, campaign: Campaign) -> str:
    if switch := switched.off_at(mailbox, campaign):
        return switches.told(switch)
    if why_not := mailbox.why_not_now():
        return why_not
    refused = SendingLane.objects.filter(pk=mailbox.pk, hold__in=(Hold.ACCOUNT, Hold.WALLET))
    lane = refused.filter(held_until__gt=clock.database_now()).first()
    return f"{Hold(lane.hold).label}." if lane else ""


def _named(campaign: Campaign, boxes: Sequence[Mailbox], held: Mapping[int, str]) -> str:
    """Why it is held; of several mailboxes those that are held are named, unless the reason concerns them all."""
    if not campaign.is_split or deployment.is_off() or switched.off_whole(campaign):
        return next(iter(held.values()), "")
    return " ".join(f"{box.address}: {held[box.pk]}" for box in boxes if box.pk in held)


def _together(outlooks: Sequence[Outlook]) -> Outlook:
    """One outlook of all parts: it ends when the last of them does."""
    days: Counter[date] = Counter()
    for each in outlooks:
        days.update(each.days)
    left = sum(each.left for each in outlooks)
    ends = [each.ends for each in outlooks if each.ends is not None]
    return Outlook(days=dict(days), ends=max(ends) if ends and not left else None, left=left)


def _warning(campaign: Campaign, found: Outlook, reason: str, now: datetime) -> str:
    """Why it will never end, or not by the date by which it is wanted; "" when all is well."""
    if found.ends is None:
        return _("As things stand it cannot be sent to the end. %(reason)s") % {"reason": reason}
    wanted = campaign.wanted_by
    if wanted is None or found.ends <= wanted:
        return ""
    words = {"wanted": moment(wanted), "reason": reason}
    return _passed(campaign, reason, now) or _("It will not be sent by %(wanted)s, as was wanted. %(reason)s") % words


def _passed(campaign: Campaign, reason: str, now: datetime) -> str:
    """That the date by which it was wanted has passed; "" while it has not."""
    wanted = campaign.wanted_by
    if wanted is None or now <= wanted:
        return ""
    words = {"wanted": moment(wanted), "reason": reason}
    return (_("It was to be sent by %(wanted)s: that has passed. %(reason)s") % words).rstrip()


def _waits(part: Part) -> str:
    """That what waits at one of several mailboxes does not leave from there."""
    sentence = ngettext(
        "One message waits at %(address)s, which cannot send.",
        "%(count)s messages wait at %(address)s, which cannot send.",
        part.messages,
    )
    return sentence % {"count": part.messages, "address": part.mailbox.address}


def _why(mailbox: Mailbox, found: Outlook) -> str:
    """What costs a mailbox the most time."""
    most = max(found.for_hours, found.for_limits, found.for_pace, found.for_pilot)
    if most == found.for_pilot:
        return _("What takes the most time is the wait until the first messages, sent on trial, are accepted.")
    if most == found.for_limits:
        return _("What takes the most time is the number of messages that the mailbox's plan allows.")
    if most == found.for_hours:
        return _("What takes the most time are the hours and days on which it may be sent: choose more of them.")
    if timing.pace_of(mailbox).shared:
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
