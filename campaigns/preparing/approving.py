"""Approval by somebody else: a sheet is handed in, seen, and approved or rejected; any change makes it void."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns import approvals
from campaigns.models import Approval, Campaign, Sheet, Submission
from campaigns.states import CampaignState, SubmissionState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.permissions import Power, people_with
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
LONGEST_REASON = 2000
UNTOLD = timedelta(days=2)  # beyond that a letter comes too late


@transaction.atomic
def submit(campaign: Campaign, *, seen: str, actor: User) -> Submission:
    """Hand a checked draft in for approval; handed in already, it is that submission.

    A program's may always be handed in: approved, it is not counted among what programs send on their own. Raises
    `Refusal` when the sheet is void or names faults, nobody has to approve it, or it is no draft.
    """
    locked = _locked(campaign)
    waiting = approvals.in_force(locked)
    if waiting is not None and waiting.sha256 == seen:
        return waiting
    if locked.state != CampaignState.DRAFT:
        raise Refusal(_("This campaign is not a draft any more: it cannot be changed."))
    sheet = approvals.seen_sheet(locked, seen=seen)
    if not approvals.needed(locked) and not locked.created_by.is_program:
        raise Refusal(_("This campaign needs no approval: it can be started."))
    now = clock.now()
    submission = Submission.objects.create(
        campaign=locked, sheet=sheet, sha256=sheet.sha256, by=actor, at=now, state_since=now
    )
    Campaign.objects.filter(pk=locked.pk).move(CampaignState.WAITING, by=actor, problem="")
    _record("campaign.submit", submission, actor)
    enqueue("campaigns.tasks.tell", submission.pk)
    return submission


@transaction.atomic
def approve(submission: Submission, *, seen: str, actor: User, typed: str = "") -> bool:
    """Approve the sheet whose hash the person saw; whether it has now been approved by as many as it takes.

    Approved by this person already, nothing changes. Raises `Refusal` for whoever may not, and when the sheet is void:
    then its preparer has to take it back.
    """
    row = _locked_open(submission, actor)
    given = row.approvals.filter(by=actor).exists()
    if not given:
        if seen != row.sha256:
            raise Refusal(_("What you saw is not what was handed in: look at the sheet again."))
        approvals.check_number(row.campaign, typed)
        Approval.objects.create(submission=row, sha256=row.sha256, by=actor, at=clock.now())
        _record("campaign.approve", row, actor)
    if row.state == SubmissionState.APPROVED:
        return True
    if row.approvals.count() < approvals.needed(row.campaign):
        return False
    Submission.objects.filter(pk=row.pk).move(SubmissionState.APPROVED, closed_by=actor)
    Campaign.objects.filter(pk=row.campaign_id, state=CampaignState.WAITING).move(CampaignState.APPROVED, by=actor)
    enqueue("campaigns.tasks.tell", row.pk)
    return True


@transaction.atomic
def reject(submission: Submission, *, reason: str, actor: User) -> None:
    """Send a campaign back to its preparer, who is told why; rejected already, nothing changes.

    Raises `Refusal` for whoever may not approve it, without a reason, and when it does not wait any more.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refusal(_("Say why: the preparer is told."), field="reason")
    if Submission.objects.filter(pk=submission.pk, state=SubmissionState.REJECTED, closed_by=actor).exists():
        return
    row = _locked_open(submission, actor)
    if not Submission.objects.filter(pk=row.pk).move(SubmissionState.REJECTED, closed_by=actor, reason=reason):
        raise Refusal(_("This campaign does not wait for its approval any more."))
    back = Campaign.objects.filter(pk=row.campaign_id, state=CampaignState.WAITING)
    back.move(CampaignState.DRAFT, by=actor, reason=reason, problem="")
    _record("campaign.reject", row, actor)
    enqueue("campaigns.tasks.tell", row.pk)


@transaction.atomic
def take_back(campaign: Campaign, *, actor: User) -> None:
    """Make a draft of a campaign that waits for its approval, or has it: the approval is void. Again it does nothing.

    Raises `Refusal` when it was started.
    """
    locked = _locked(campaign)
    if locked.state == CampaignState.DRAFT:
        return
    prepared = Campaign.objects.filter(pk=locked.pk, state__in=[CampaignState.WAITING, CampaignState.APPROVED])
    if not prepared.move(CampaignState.DRAFT, by=actor):
        raise Refusal(_("This campaign was started: it cannot be changed any more."))
    Submission.objects.filter(campaign=locked).move(SubmissionState.VOID, closed_by=actor)
    record("campaign.take_back", actor=actor, organisation=locked.organisation, target=locked)


def _locked(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_for_update(of=("self",)).select_related("organisation", "mailbox", "created_by")
    return rows.get(pk=campaign.pk)


def _locked_open(submission: Submission, actor: User) -> Submission:
    """The submission anew, its campaign locked. Raises `Refusal` when this person may not approve, or it is void."""
    campaign = _locked(submission.campaign)
    row = Submission.objects.select_related("sheet", "by").get(pk=submission.pk)
    row.campaign = campaign
    if reason := approvals.why_not(row, actor):
        raise Refusal(reason)
    if row.state not in (SubmissionState.OPEN, SubmissionState.APPROVED) or approvals.is_void(row.sheet, campaign):
        raise Refusal(_("This approval is void: the campaign was changed, or taken back."))
    return row


def _record(action: str, submission: Submission, actor: User) -> None:
    campaign = submission.campaign
    facts = {"submission": submission.pk, "sha256": submission.sha256}
    record(action, actor=actor, organisation=campaign.organisation, target=campaign, **facts)


def tell(submission_id: int) -> None:
    """Write to the approvers that something waits, or to its preparers how it ended; what was told is not told again.

    A worker that dies between sending and writing it down sends it twice.
    """
    row = Submission.objects.select_related("campaign__organisation", "campaign__created_by", "by", "closed_by").get(
        pk=submission_id
    )
    with translation.override(settings.LANGUAGE_CODE):
        if row.state == SubmissionState.OPEN and row.asked_told_at is None:
            people = [person for person in _approvers(row.campaign) if not approvals.why_not(row, person)]
            subject = _("A campaign waits for your approval: %(name)s") % {"name": row.campaign.name}
            if _sent(row, subject, _("%(person)s has handed it in.") % {"person": row.by}, people):
                Submission.objects.filter(pk=row.pk).update(asked_told_at=clock.now())
        if row.state in (SubmissionState.APPROVED, SubmissionState.REJECTED) and row.end_told_at is None:
            preparers = {person.pk: person for person in (row.by, row.campaign.created_by)}.values()
            people = [person for person in preparers if not person.is_program]
            if _sent(row, *_end(row), people):
                Submission.objects.filter(pk=row.pk).update(end_told_at=clock.now())


def _end(row: Submission) -> tuple[str, str]:
    words = {"name": row.campaign.name, "person": row.closed_by, "reason": row.reason}
    if row.state == SubmissionState.REJECTED:
        subject = _("Your campaign was not approved: %(name)s") % words
        return subject, _("%(person)s sent it back to you. The reason: %(reason)s") % words
    return _("Your campaign was approved: %(name)s") % words, _("It can be started now.")


def _approvers(campaign: Campaign) -> Iterable[User]:
    return people_with(Power.APPROVE, campaign).exclude(email="")


def _sent(row: Submission, subject: str, text: str, people: Iterable[User]) -> bool:
    """Whether the mail server took the letter to each of these people, or there was nobody to write to."""
    body = f"{text}\n\n{settings.PORTAL_URL}{row.campaign.get_absolute_url()}\n"
    subject = " ".join(subject.split())[:200]
    good = True
    for person in people:
        try:
            EmailMessage(subject, body, to=[person.email]).send()
        except OSError as exc:  # what smtplib raises, too
            logger.warning("The letter about submission %s was not taken: %s", row.pk, exc)
            good = False
    return good


def tell_untold() -> None:
    """Nudge every submission of the last days about which somebody has not been written to."""
    untold = Q(state=SubmissionState.OPEN, asked_told_at=None) | Q(
        state__in=[SubmissionState.APPROVED, SubmissionState.REJECTED], end_told_at=None
    )
    rows = Submission.objects.filter(untold, at__gt=clock.now() - UNTOLD)
    for pk in rows.values_list("pk", flat=True):
        enqueue("campaigns.tasks.tell", pk)


def latest(campaign: Campaign) -> Submission | None:
    """The submission that was made last, for the pages."""
    return campaign.submissions.select_related("sheet", "by", "closed_by").order_by("pk").last()


def sheet_of(campaign: Campaign) -> Sheet | None:
    """The sheet that a page about the campaign shows: the one that is in force, or else the latest."""
    submission = approvals.in_force(campaign)
    return submission.sheet if submission is not None else approvals.current_sheet(campaign)
