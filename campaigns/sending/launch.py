"""A campaign starts, pauses, goes on, ends. At its start every message is frozen: rendered, hashed, referenced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns import approvals, carried, readiness, references, row_references, sentences, text
from campaigns.frozen import chained, payload_hash
from campaigns.models import Campaign, Message, MessageContent, Recipient, Sheet, Submission
from campaigns.sending import pilots
from campaigns.sending.several import Dealer, share_out
from campaigns.states import RECALLABLE, STARTABLE, CampaignState, MessageState, Pilot, SubmissionState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import deployment
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue
from pecportal.told import say

BATCH = 500
RESTORED: Final = gettext_noop(
    "While this campaign was being made ready the portal was restored from a backup: it may have been sent "
    "meanwhile. Look at the unmatched receipts before you start it again."
)
CHANGED: Final = gettext_noop(
    "The campaign is not what was checked: nothing was sent. Check it again before you start it."
)
LOST_FILE: Final = gettext_noop(
    "An attachment cannot be read any more, or is not what it was when the campaign was started. Please tell "
    "whoever looks after the portal, and resume once the file is back."
)


def launch(campaign: Campaign, *, actor: User, seen: str, typed: str = "") -> None:
    """Start a checked draft: its messages are frozen in the background, then sent once its undo is over.

    `seen` is the hash of the sheet that the person saw, `typed` the number of recipients where they are many. Raises
    `Refusal` with the first fault that the check finds now, when the sheet is void or the approval missing, when a
    program has no recipients left today that it may write to without one, or when it is not to be started any more.
    """
    start(campaign, actor=actor, seen=seen, typed=typed, obstacle=obstacle_to(campaign))


def obstacle_to(campaign: Campaign) -> str:
    """What speaks against a start now: the first fault that the check finds, as a sentence; "" when there is none.

    All attachments are read for it, from a bucket if need be: it is asked before the transaction of `start`.
    """
    if not Campaign.objects.filter(pk=campaign.pk, state__in=STARTABLE).exists():
        return _("This campaign is not a draft any more.")
    return next((finding.sentence for finding in readiness.check(campaign) if finding.blocks), "")


def start(campaign: Campaign, *, actor: User, seen: str, typed: str = "", obstacle: str) -> None:
    """The part of `launch` that writes, with what `obstacle_to` said; it may be in the caller's transaction."""
    if why := deployment.why_off():
        raise Refusal(deployment.sentence(why))
    if obstacle:
        raise Refusal(obstacle)
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(of=("self",)).select_related("mailbox", "organisation")
        locked = rows.get(pk=campaign.pk)
        if locked.state not in STARTABLE:
            raise Refusal(_("This campaign is not a draft any more."))
        sheet = approvals.seen_sheet(locked, seen=seen)
        if lacking := approvals.missing(locked, sheet):
            raise Refusal(lacking)
        approvals.check_number(locked, typed)
        if actor.is_program and not approvals.is_approved(locked, sheet):
            office = Organisation.objects.select_for_update().get(pk=locked.organisation_id)
            approvals.spend(office, locked.recipients_total)
        begin(locked, actor=actor, sheet=sheet, wait=timedelta(seconds=settings.SENDING_UNDO_SECONDS))
        facts = {"sheet": sheet.pk, "sha256": sheet.sha256}
        record("campaign.launch", actor=actor, organisation=locked.organisation, target=locked, **facts)


def begin(campaign: Campaign, *, actor: User, sheet: Sheet | None, wait: timedelta) -> None:
    """Have the messages of a locked draft made ready, to leave after `wait` and not before its time."""
    now = clock.now()
    begins = max(now + wait, campaign.starts_at or now)
    Campaign.objects.filter(pk=campaign.pk).move(
        CampaignState.LAUNCHING,
        by=actor,
        launched_by=actor,
        launched_at=now,
        begins_at=begins if begins > now else None,
        sheet=sheet,
        problem="",
        frozen_line=0,
        frozen_rows=0,
        frozen_sha256="",
        pilot=Pilot.GOING if campaign.pilot_size else Pilot.NONE,
    )
    share_out(campaign, sheet)
    enqueue("campaigns.tasks.freeze", campaign.pk)


def freeze(campaign_id: int) -> None:
    """Make the messages of a launching campaign, batch by batch, then let it run. Run again it goes on where it was.

    A row that cannot be rendered sends the whole campaign back to draft: a letter with a hole is never sent. So does
    anything that is not what was checked and approved, and sending that is off: no references are made that the
    mailboxes were not searched for.
    """
    campaign = Campaign.objects.select_related("mailbox", "organisation", "sheet").get(pk=campaign_id)
    if campaign.state != CampaignState.LAUNCHING:
        return
    if deployment.is_off():  # it may have been sent already, under references that these rows do not know
        back_to_draft(
            campaign,
            problem=say(RESTORED),
        )
        return
    if problem := _unapproved(campaign):
        back_to_draft(campaign, problem=problem)
        return
    try:
        letter = text.Letter.of(campaign.subject, campaign.body)
        files, dealer = carried.of(campaign.pk), Dealer(campaign)
        while _freeze_batch(campaign, letter, files, dealer):
            continue
    except text.TextProblem as exc:
        back_to_draft(campaign, problem=sentences.of_text(exc))
    except text.MissingValue as exc:
        back_to_draft(campaign, problem=sentences.of_missing(exc))


def _unapproved(campaign: Campaign) -> str:
    """Why a launching campaign is not what was checked and approved; "" when it is."""
    if campaign.sheet is not None and approvals.is_void(campaign.sheet, campaign):
        return _changed()
    return approvals.missing(campaign, campaign.sheet)


def _changed() -> str:
    return say(CHANGED)


def undo(campaign: Campaign, *, actor: User) -> None:
    """Take a start back before the first message may leave: the draft is there again, and nothing was sent.

    Raises `Refusal` when it runs already, or was taken back.
    """
    with transaction.atomic():
        if not _take_back(campaign, by=actor, reason="", problem=""):
            raise Refusal(_("It is too late to take it back: the campaign runs already, or was taken back."))
        record("campaign.undo", actor=actor, organisation=campaign.organisation, target=campaign)


def back_to_draft(campaign: Campaign, *, problem: str) -> None:
    """Undo an unfinished launch: nothing was sent, and the clerk is told why. A later launch is left alone."""
    with transaction.atomic():
        this = Campaign.objects.select_for_update().filter(pk=campaign.pk, launched_at=campaign.launched_at)
        if this.exists() and _take_back(campaign, by=None, reason=problem, problem=problem):
            record("campaign.launch_failed", organisation=campaign.organisation, target=campaign)


def _take_back(campaign: Campaign, *, by: User | None, reason: str, problem: str) -> bool:
    """Give the draft back, in the caller's transaction: its messages are gone, and its approval is void.

    False, and nothing changes, once it runs: none of these states lets a message be claimed.
    """
    rows = Campaign.objects.filter(pk=campaign.pk, state__in=RECALLABLE)
    never = {"launched_by": None, "launched_at": None, "begins_at": None, "sheet": None}
    if not rows.move(CampaignState.DRAFT, by=by, reason=reason, problem=problem, **never):
        return False
    MessageContent.objects.filter(message__campaign=campaign).delete()
    Message.objects.filter(campaign=campaign).delete()
    Submission.objects.filter(campaign=campaign).move(SubmissionState.VOID)
    return True


def minutes_left(campaign: Campaign) -> int:
    """How many minutes of real time, begun ones counted, until it may leave; 0 when that is an hour off, or over."""
    if campaign.begins_at is None or campaign.state not in RECALLABLE:
        return 0
    seconds = clock.real_seconds(campaign.begins_at - clock.now())
    return ceil(seconds / 60) if 0 < seconds <= 3600 else 0


def begin_due() -> int:
    """Let the scheduled campaigns run whose time has come; how many. Asked every second or two, it reads one index."""
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, begins_at__lte=clock.now())
    count = due.move(CampaignState.RUNNING) if due.exists() else 0
    if count:
        enqueue("campaigns.tasks.pump")
    return count


def _freeze_batch(launched: Campaign, letter: text.Letter, files: carried.Carried, dealer: Dealer) -> bool:
    """Freeze the next rows and return whether there may be more."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=launched.pk)
        if campaign.state != CampaignState.LAUNCHING or campaign.launched_at != launched.launched_at:
            return False
        rows = list(campaign.recipients.filter(line__gt=campaign.frozen_line).order_by("line")[:BATCH])
        if rows:
            boxes = dealer.next(len(rows), made=campaign.frozen_rows)
            digest = _insert(campaign, rows, boxes, letter, files)
            made = {"frozen_line": rows[-1].line, "frozen_rows": campaign.frozen_rows + len(rows)}
            Campaign.objects.filter(pk=campaign.pk).update(**made, frozen_sha256=digest)
            return True
        if launched.sheet is None or launched.sheet.content_sha256 == campaign.frozen_sha256:
            _let_run(campaign)
            return False
    back_to_draft(launched, problem=_changed())
    return False


def _let_run(campaign: Campaign) -> None:
    """Let a campaign run whose messages are all made, or wait for its time."""
    frozen = Campaign.objects.filter(pk=campaign.pk)
    pilots.hold(campaign)
    if campaign.begins_at is not None and campaign.begins_at > clock.now():
        frozen.move(CampaignState.SCHEDULED)
        return
    frozen.move(CampaignState.RUNNING)
    enqueue("campaigns.tasks.pump")


def _insert(
    campaign: Campaign, rows: Sequence[Recipient], boxes: Sequence[int], letter: text.Letter, files: carried.Carried
) -> str:
    """Make the messages of these rows, each its mailbox's, and return the hash of all that are made so far."""
    now, real = clock.now(), clock.real_now()
    messages = Message.objects.bulk_create(
        Message(
            campaign=campaign,
            mailbox_id=mailbox_id,
            line=row.line,
            recipient=row.address,
            ref=references.new(),
            state_since=now,
            not_before=real,
        )
        for row, mailbox_id in zip(rows, boxes, strict=True)
    )
    contents, digest = [], campaign.frozen_sha256
    for message, row in zip(messages, rows, strict=True):
        subject, body = letter.render(row.values, line=row.line)
        payload = payload_hash(message.recipient, subject, body, files.hashes(row.line))
        digest = chained(digest, payload)
        contents.append(
            MessageContent(message=message, subject=subject, body=body, values=row.values, payload_sha256=payload)
        )
    MessageContent.objects.bulk_create(contents)
    row_references.store(campaign, ((message, row.values) for message, row in zip(messages, rows, strict=True)))
    return digest


def pause(campaign: Campaign, *, actor: User) -> int:
    """Claim no further message, and return how many are on their way: those are finished.

    Raises `Refusal` when it does not run.
    """
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk).move(CampaignState.PAUSED, by=actor):
            raise Refusal(_("Only a running campaign can be paused."))
        going = on_their_way(campaign)
        facts = {"on_their_way": going}
        record("campaign.pause", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    return going


def on_their_way(campaign: Campaign) -> int:
    """How many messages a worker has claimed whose calls have not ended: nobody can call them back."""
    return Message.objects.filter(campaign=campaign, state=MessageState.SENDING).count()


def halt(campaign_id: int) -> None:
    """Pause a running campaign whose files are not what was frozen, and say why; again it does nothing."""
    problem = say(LOST_FILE)
    with transaction.atomic():
        rows = Campaign.objects.filter(pk=campaign_id)
        if rows.move(CampaignState.PAUSED, reason=problem, problem=problem):
            campaign = Campaign.objects.select_related("organisation").get(pk=campaign_id)
            record("campaign.halt", organisation=campaign.organisation, target=campaign)


def resume(campaign: Campaign, *, actor: User) -> None:
    """Go on with a paused campaign; one whose trial went wrong goes on with all its messages.

    Raises `Refusal` when it is not paused, or none of its mailboxes may send.
    """
    reasons = [box.why_not() for box in campaign.senders]
    if all(reasons):
        raise Refusal(reasons[0] or "")
    with transaction.atomic():
        paused = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.PAUSED)
        if not paused.move(CampaignState.RUNNING, by=actor, problem=""):
            raise Refusal(_("Only a paused campaign can be resumed."))
        pilots.go_on_regardless(campaign)
        record("campaign.resume", actor=actor, organisation=campaign.organisation, target=campaign)
        enqueue("campaigns.tasks.pump")


@dataclass(frozen=True, slots=True)
class Stopped:
    """What stopping did: how many messages will not be sent, and how many were on their way already."""

    kept_back: int
    on_their_way: int


def stop(campaign: Campaign, *, actor: User, reason: str = "") -> Stopped:
    """Send none of the messages that still wait, for good. Those sent, or on their way, are followed on.

    Raises `Refusal` when everything was sent, or it is stopped already.
    """
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk).move(CampaignState.STOPPED, by=actor, reason=reason):
            raise Refusal(_("There is nothing left to stop."))
        count = Message.objects.filter(campaign=campaign).move(MessageState.CANCELLED)
        # the approval that it started with stays one: evidence tells it, and programs' days are counted by it
        Submission.objects.filter(campaign=campaign, campaign__launched_at=None).move(SubmissionState.VOID)
        found = Stopped(count, on_their_way(campaign))
        facts = {"kept_back": found.kept_back, "on_their_way": found.on_their_way}
        record("campaign.stop", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    return found


def complete() -> int:
    """Close the running campaigns that have nothing left to send, cancel what a stopped one got back; how many."""
    unsent = [MessageState.QUEUED, MessageState.SENDING]
    Message.objects.filter(campaign__state=CampaignState.STOPPED, state=MessageState.QUEUED).move(
        MessageState.CANCELLED
    )
    # a late answer may have given back a message of a campaign that was closed already
    stranded = Message.objects.filter(campaign__state=CampaignState.COMPLETED, state=MessageState.QUEUED)
    if Campaign.objects.filter(pk__in=stranded.values("campaign")).move(CampaignState.RUNNING):
        enqueue("campaigns.tasks.pump")
    done = 0
    begun = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(
        stream_day__gte=timezone.localtime(clock.now()).date()
    )
    for campaign in begun.select_related("organisation"):
        if Message.objects.filter(campaign=campaign, state__in=unsent).exists():
            continue
        with transaction.atomic():
            if Campaign.objects.filter(pk=campaign.pk).move(CampaignState.COMPLETED):
                record("campaign.completed", organisation=campaign.organisation, target=campaign)
                done += 1
    return done


def relaunch_lost() -> None:
    """Nudge every launching campaign again: a job that was lost must not leave one behind."""
    for pk in Campaign.objects.filter(state=CampaignState.LAUNCHING).values_list("pk", flat=True):
        enqueue("campaigns.tasks.freeze", pk)
