"""Messages that wait at a mailbox which cannot send any more: a person gives them to the campaign's other mailboxes.

Only messages of which nothing can have been sent: none that was claimed, and none whose outcome was ever in doubt. By
itself nothing moves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import shares, splitting
from campaigns.models import Attempt, Campaign, Message, SendingLane, history
from campaigns.states import CampaignState, MessageState, Outcome
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue

BATCH = 500
MOVABLE = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Move:
    """What would be moved: how many messages each other mailbox gets, and how many have to stay where they are."""

    to: Mapping[Mailbox, int]
    staying: int

    @property
    def count(self) -> int:
        """How many messages move."""
        return sum(self.to.values())


def plan(campaign: Campaign, mailbox: Mailbox, *, count: int | None = None) -> Move:
    """Who would get what waits at one of a campaign's mailboxes, so that the last message leaves earliest.

    `count` is how many can be moved, if that is known. Raises `Refusal` while that mailbox sends, when nothing waits
    there, and when no other one can send.
    """
    if campaign.state not in MOVABLE or not campaign.is_split:
        raise Refusal(_("The messages of this campaign cannot be moved now."))
    if not _is_stuck(mailbox):
        raise Refusal(_("Nothing is moved from a mailbox that can send: %(address)s.") % {"address": mailbox.address})
    queued = Message.objects.filter(campaign=campaign, state=MessageState.QUEUED)
    count = _loose(campaign, mailbox).count() if count is None else count
    if not count:
        raise Refusal(_("No message that could be moved waits at this mailbox any more."))
    others = [box for box in campaign.senders if box.pk != mailbox.pk and not _is_stuck(box)]
    if not others:
        raise Refusal(_("None of the campaign's other mailboxes can send now: there is nowhere to move the messages."))
    floors = dict(queued.order_by().values_list("mailbox").annotate(n=Count("pk")))
    mine = {box.pk: floors.get(box.pk, 0) for box in others}
    found = splitting.among(campaign, others, count + sum(mine.values()), floors=mine)
    to = {box: found[box.pk] - mine[box.pk] for box in others}
    return Move({box: more for box, more in to.items() if more}, floors.get(mailbox.pk, 0) - count)


def move(campaign: Campaign, mailbox: Mailbox, *, actor: User) -> Move:
    """Give what waits at a mailbox to the campaign's others, all or nothing, and say what moved. Raises as `plan`."""
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(of=("self",)).select_related("organisation", "mailbox")
        locked = rows.get(pk=campaign.pk)
        ids = list(_loose(locked, mailbox).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        planned = plan(locked, mailbox, count=len(ids))
        moved = _give(ids, {box.pk: count for box, count in planned.to.items()})
        to = {box.address: moved[box.pk] for box in planned.to}
        facts = {"mailbox": mailbox.pk, "messages": len(ids), "to": {str(pk): n for pk, n in moved.items()}}
        record("campaign.move_messages", actor=actor, organisation=locked.organisation, target=locked, **facts)
        history.note([locked.pk], locked.state, by=actor, reason=_sentence(mailbox, to))
        enqueue("campaigns.tasks.pump")
    return planned


def _give(ids: Sequence[int], to: Mapping[int, int]) -> Counter[int]:
    """Deal the messages to the mailboxes evenly, in the list's order; how many each got."""
    given: dict[int, list[int]] = {pk: [] for pk in to}
    for message_id, mailbox_id in zip(ids, shares.deal(to), strict=True):
        given[mailbox_id].append(message_id)
    moved: Counter[int] = Counter()
    for mailbox_id, mine in given.items():
        rest = iter(mine)
        while batch := list(islice(rest, BATCH)):
            rows = Message.objects.filter(pk__in=batch, state=MessageState.QUEUED)
            moved[mailbox_id] += rows.update(mailbox=mailbox_id)
    if moved.total() != len(ids):
        raise RuntimeError("Messages that are locked changed their state.")
    return moved


def _loose(campaign: Campaign, mailbox: Mailbox) -> QuerySet[Message]:
    """What waits at a mailbox and cannot have been sent: without an attempt, or every one is known to be not sent."""
    others = Attempt.objects.filter(message=OuterRef("pk")).exclude(outcome=Outcome.NOT_SENT)
    return Message.objects.filter(~Exists(others), campaign=campaign, mailbox=mailbox, state=MessageState.QUEUED)


def _is_stuck(mailbox: Mailbox) -> bool:
    """Whether nothing leaves it until somebody does something about it."""
    lane = SendingLane.objects.filter(pk=mailbox.pk).first()
    return mailbox.why_not_now() is not None or (lane is not None and lane.is_stuck)


def _sentence(mailbox: Mailbox, to: Mapping[str, int]) -> str:
    count = sum(to.values())
    sentence = ngettext(
        "One message that waited at %(address)s was given to another mailbox: %(to)s.",
        "%(count)s messages that waited at %(address)s were given to other mailboxes: %(to)s.",
        count,
    )
    told = ", ".join(f"{address} ({number})" for address, number in to.items())
    return sentence % {"count": count, "address": mailbox.address, "to": told}
