"""A campaign starts, pauses, goes on, ends. At its start every message is frozen: rendered, hashed, referenced."""

import hashlib
import json
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import readiness, references, sentences, text
from campaigns.models import Campaign, Message, MessageContent, Recipient
from campaigns.states import CampaignState, MessageState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue

BATCH = 500


def launch(campaign: Campaign, *, actor: User) -> None:
    """Start a checked draft: its messages are frozen in the background, then sent.

    Raises `Refusal` with the first fault that the check finds, or when it is not a draft any more.
    """
    faults = [finding for finding in readiness.check(campaign) if finding.blocks]
    if faults:
        raise Refusal(faults[0].sentence)
    checked = readiness.fingerprint(campaign)
    with transaction.atomic():
        locked = Campaign.objects.select_for_update(of=("self",)).select_related("mailbox").get(pk=campaign.pk)
        if locked.state == CampaignState.DRAFT and readiness.fingerprint(locked) != checked:
            raise Refusal(_("The campaign was changed meanwhile: look at it once more before you start it."))
        draft = Campaign.objects.filter(pk=campaign.pk)
        if not draft.move(
            CampaignState.LAUNCHING, launched_by=actor, launched_at=clock.now(), problem="", frozen_line=0
        ):
            raise Refusal(_("This campaign is not a draft any more."))
        record("campaign.launch", actor=actor, organisation=campaign.organisation, target=campaign)
        enqueue("campaigns.tasks.freeze", campaign.pk)


def freeze(campaign_id: int) -> None:
    """Make the messages of a launching campaign, batch by batch, then let it run. Run again it goes on where it was.

    A row that cannot be rendered sends the whole campaign back to draft: a letter with a hole is never sent.
    """
    campaign = Campaign.objects.select_related("mailbox", "organisation").get(pk=campaign_id)
    try:
        letter = text.Letter.of(campaign.subject, campaign.body)
        files = _files(campaign)
        while _freeze_batch(campaign_id, letter, files):
            continue
    except text.TextProblem as exc:
        back_to_draft(campaign, problem=sentences.of_text(exc))
    except text.MissingValue as exc:
        back_to_draft(campaign, problem=sentences.of_missing(exc))


def back_to_draft(campaign: Campaign, *, problem: str) -> None:
    """Undo an unfinished launch: nothing was sent, and the clerk is told why."""
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk).move(CampaignState.DRAFT, problem=problem):
            return
        MessageContent.objects.filter(message__campaign=campaign).delete()
        Message.objects.filter(campaign=campaign).delete()
        record("campaign.launch_failed", organisation=campaign.organisation, target=campaign)


def _freeze_batch(campaign_id: int, letter: text.Letter, files: Sequence[str]) -> bool:
    """Freeze the next rows and return whether there may be more."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.state != CampaignState.LAUNCHING:
            return False
        rows = list(campaign.recipients.filter(line__gt=campaign.frozen_line).order_by("line")[:BATCH])
        if not rows:
            Campaign.objects.filter(pk=campaign_id).move(CampaignState.RUNNING)
            enqueue("campaigns.tasks.pump")
            return False
        _insert(campaign, rows, letter, files)
        Campaign.objects.filter(pk=campaign_id).update(frozen_line=rows[-1].line)
    return True


def _insert(campaign: Campaign, rows: Sequence[Recipient], letter: text.Letter, files: Sequence[str]) -> None:
    now, real = clock.now(), timezone.now()
    messages = Message.objects.bulk_create(
        Message(
            campaign=campaign,
            mailbox_id=campaign.mailbox_id,
            line=row.line,
            recipient=row.address,
            ref=references.new(),
            state_since=now,
            not_before=real,
        )
        for row in rows
    )
    contents = []
    for message, row in zip(messages, rows, strict=True):
        subject, body = letter.render(row.values, line=row.line)
        contents.append(
            MessageContent(
                message=message,
                subject=subject,
                body=body,
                values=row.values,
                payload_sha256=payload_hash(message.recipient, subject, body, files),
            )
        )
    MessageContent.objects.bulk_create(contents)


def payload_hash(recipient: str, subject: str, body: str, files: Sequence[str]) -> str:
    """SHA-256 (hex) of what one message carries: address, subject without reference, text, the files' hashes."""
    content = json.dumps([recipient, subject, body, list(files)], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _files(campaign: Campaign) -> list[str]:
    return list(campaign.attachments.order_by("pk").values_list("sha256", flat=True))


def pause(campaign: Campaign, *, actor: User) -> None:
    """Claim no further message; those on their way are finished. Raises `Refusal` when it does not run."""
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk).move(CampaignState.PAUSED):
            raise Refusal(_("Only a running campaign can be paused."))
        record("campaign.pause", actor=actor, organisation=campaign.organisation, target=campaign)


def halt(campaign_id: int) -> None:
    """Pause a running campaign whose files are not what was frozen, and say why; again it does nothing."""
    problem = _(
        "An attachment cannot be read any more, or is not what it was when the campaign was started. Please tell "
        "whoever looks after the portal, and resume once the file is back."
    )
    with transaction.atomic():
        if Campaign.objects.filter(pk=campaign_id).move(CampaignState.PAUSED, problem=problem):
            campaign = Campaign.objects.select_related("organisation").get(pk=campaign_id)
            record("campaign.halt", organisation=campaign.organisation, target=campaign)


def resume(campaign: Campaign, *, actor: User) -> None:
    """Go on with a paused campaign. Raises `Refusal` when it is not paused, or its mailbox may not send."""
    reason = campaign.mailbox.why_not()
    if reason:
        raise Refusal(reason)
    with transaction.atomic():
        paused = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.PAUSED)
        if not paused.move(CampaignState.RUNNING, problem=""):
            raise Refusal(_("Only a paused campaign can be resumed."))
        record("campaign.resume", actor=actor, organisation=campaign.organisation, target=campaign)
        enqueue("campaigns.tasks.pump")


def cancel(campaign: Campaign, *, actor: User) -> int:
    """Send none of the messages that still wait, for good, and return how many. Those sent are followed on.

    Raises `Refusal` when everything was sent, or it is cancelled already.
    """
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk).move(CampaignState.CANCELLED):
            raise Refusal(_("There is nothing left to cancel."))
        count = Message.objects.filter(campaign=campaign).move(MessageState.CANCELLED)
        record("campaign.cancel", actor=actor, organisation=campaign.organisation, target=campaign, cancelled=count)
    return count


def complete() -> int:
    """Close the running campaigns that have nothing left to send, cancel what a cancelled one got back; how many."""
    unsent = [MessageState.QUEUED, MessageState.SENDING]
    Message.objects.filter(campaign__state=CampaignState.CANCELLED, state=MessageState.QUEUED).move(
        MessageState.CANCELLED
    )
    # a late answer may have given back a message of a campaign that was closed already
    stranded = Message.objects.filter(campaign__state=CampaignState.COMPLETED, state=MessageState.QUEUED)
    if Campaign.objects.filter(pk__in=stranded.values("campaign")).move(CampaignState.RUNNING):
        enqueue("campaigns.tasks.pump")
    done = 0
    for campaign in Campaign.objects.filter(state=CampaignState.RUNNING).select_related("organisation"):
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
