"""What a held lane has to send: its campaigns that are in their hours, their files, and what its plan leaves."""

import time
from collections import deque
from datetime import datetime

from django.db.models import Q

from campaigns import timing
from campaigns.models import Campaign, CampaignMailbox
from campaigns.sending import bringing, routes
from campaigns.sending.caps import Allowance, Usage
from campaigns.sending.lanes import Feed, Lane
from campaigns.states import CampaignState
from mailboxes import credentials, switched
from mailboxes.models import Mailbox
from pecportal import clock, vendor
from pecportal.operation import deployment, switches
from pecportal.operation.models import Scope
from pecportal.operation.switches import Off

WITHOUT_FILES = 0.0  # when a campaign's hours end as long as its files are not here: nothing of it is claimed
NEVER_SECONDS = 366 * 86_400.0  # as long as a plan that leaves nothing at all is regarded as used up


class Regrouped(Exception):
    """The mailbox's pace became its account's, another account's, or its own: the lane has to be taken anew."""


def feed(lane: Lane) -> list[int]:
    """Bring the lane's campaigns, pace and allowance up to date: those campaigns that are in their hours now.

    Returns the campaigns that may not be sent, since a file of theirs is not what was frozen. Raises `Regrouped`.
    """
    mailbox = Mailbox.objects.select_related("plan", *vendor.RELATED).get(pk=lane.mailbox_id)
    _serve(lane, mailbox)
    off = switches.now()
    unsound = _feed_campaigns(lane, off)
    if deployment.is_off() or switched.off(mailbox, off) or mailbox.why_not_now() is not None:
        lane.feeds.clear()  # nothing more is claimed: what it waits for is on the pages
    if lane.usage is None:
        lane.usage = Usage(lane.mailbox_id)
    now = clock.now()
    _allow(lane, lane.usage.allowance(mailbox.plan, now=now), now=now)
    if mailbox.credentials_since != lane.credentials_since:
        lane.credentials, lane.credentials_since = credentials.of(mailbox), mailbox.credentials_since
        lane.route_id = routes.of(mailbox)
    return unsound


def _serve(lane: Lane, mailbox: Mailbox) -> None:
    """Have the lane served by its account, at the pace that holds now. Raises `Regrouped`."""
    pace = timing.pace_of(mailbox)
    if pace.shared != lane.slots.shared or (pace.shared and pace.account_id != lane.account_id):
        raise Regrouped
    lane.client, lane.account_id = vendor.connect(pace.account), pace.account_id
    lane.slots.interval = timing.shared_interval(pace.account) if pace.shared else pace.interval


def _feed_campaigns(lane: Lane, off: Off) -> list[int]:
    further = CampaignMailbox.objects.filter(mailbox=lane.mailbox_id).values("campaign")
    mine = Q(mailbox=lane.mailbox_id) | Q(is_split=True, pk__in=further)
    running = Campaign.objects.filter(mine, state=CampaignState.RUNNING).order_by("pk")
    now, unsound = clock.now(), []
    is_open = {
        campaign.pk: campaign
        for campaign in running
        if timing.hours_of(campaign).is_open(now) and not off.of(Scope.CAMPAIGN, campaign.pk)
    }
    feeds = deque(feed for feed in lane.feeds if feed.campaign_id in is_open)  # in the order of their turns
    known = {feed.campaign_id for feed in feeds}
    for campaign in [campaign for campaign in reversed(is_open.values()) if campaign.pk not in known]:
        feeds.appendleft(_new(campaign))
    for feed in list(feeds):
        try:
            has_files = _has_files(feed)
        except bringing.Unsound:
            unsound.append(feed.campaign_id)
            feeds.remove(feed)
            continue
        if not has_files:
            feed.closes = WITHOUT_FILES
            continue
        closes = timing.hours_of(is_open[feed.campaign_id]).closes_next(now)
        feed.closes = float("inf") if closes is None else time.monotonic() + clock.real_seconds(closes - now)
    lane.feeds = feeds
    lane.rewind()
    return unsound


def _new(campaign: Campaign) -> Feed:
    has_own = campaign.is_stream or campaign.own_links.exists()
    return Feed(campaign.pk, (), is_single=timing.is_single(campaign), has_own=has_own, closes=WITHOUT_FILES)


def _allow(lane: Lane, allowed: Allowance, *, now: datetime) -> None:
    """Take in how much may go, and when more may, if nothing may now."""
    lane.allowance = allowed.units
    if allowed.units == 0:
        free = time.monotonic() + NEVER_SECONDS
        if allowed.free_at is not None:
            free = min(free, time.monotonic() + clock.real_seconds(allowed.free_at - now))
        lane.free_at = free


def _has_files(feed: Feed) -> bool:
    """Whether the campaign's files are on this machine, as they were frozen; compared once in each run of a pump.

    Raises `bringing.Unsound` when one is gone, or is another.
    """
    if feed.closes != WITHOUT_FILES and bringing.are_there(feed.attachments):
        return True
    found = bringing.bring(feed.campaign_id)
    if found is not None:
        feed.attachments = found
    return found is not None
