"""Messages in doubt, with as much evidence as a test needs."""

from datetime import timedelta

from campaigns import evidence
from campaigns.models import Attempt, Campaign, InboxScan, Receipt
from campaigns.states import Outcome, Shown
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build

HOUR = timedelta(hours=1)


def approver(organisation: Organisation) -> User:
    """A person who may decide."""
    return kernel.user(organisation, Role.APPROVER)


def doubt(campaign: Campaign | None = None, *, absent: bool = False, ago: timedelta = HOUR) -> Attempt:
    """An attempt marked `ago` whose answer was lost; with `absent` everything shows that it was not sent."""
    campaign = campaign or build.started()
    message = build.message(campaign, line=campaign.messages.count() + 2, status=Shown.UNCERTAIN)
    attempt = message.attempts.get()
    attempt.marked_at = clock.now() - ago
    attempt.ended_at = attempt.marked_at + timedelta(seconds=30)
    attempt.answer = "No answer: timed out"
    attempt.save()
    if absent:
        make_absent(attempt)
    return attempt


def make_absent(attempt: Attempt) -> None:
    """A healthy mailbox, a later message with its acceptance, two whole readings after that."""
    space(attempt.mailbox, percent=10)
    witness(attempt)
    for _ in range(2):
        scan(attempt)


def space(mailbox: Mailbox, *, percent: int) -> None:
    """The mailbox's space, read just now."""
    Mailbox.objects.filter(pk=mailbox.pk).update(space_used=percent, space_limit=100, space_at=clock.now())


def witness(attempt: Attempt, *, after: timedelta = timedelta(minutes=1)) -> Receipt:
    """Another message of the mailbox, sent `after` the doubt arose, with the acceptance receipt that it got."""
    campaign = attempt.message.campaign
    other = build.message(campaign, line=campaign.messages.count() + 2, status=Shown.ACCEPTED)
    doubted = attempt.ended_at or clock.now()
    other.attempts.update(marked_at=doubted + after)
    receipt = build.receipt(other, "acceptance")
    Receipt.objects.filter(pk=receipt.pk).update(seen_at=doubted + after + timedelta(minutes=1))
    receipt.refresh_from_db()
    return receipt


def scan(
    attempt: Attempt, *, after: timedelta = timedelta(minutes=10), full: bool = True, complete: bool = True
) -> InboxScan:
    """A reading of the mailbox that began `after` the mark and took a minute."""
    started = (attempt.marked_at or clock.now()) + after
    return InboxScan.objects.create(
        mailbox=attempt.mailbox,
        full=full,
        complete=complete,
        started_at=started,
        ended_at=started + timedelta(minutes=1),
        items=7,
        problem="" if complete else "The provider did not answer.",
    )


def seen(attempt: Attempt) -> str:
    """The hash of what a person sees now."""
    return evidence.of(Attempt.objects.select_related("message__campaign").get(pk=attempt.pk)).sha256


def outcome(attempt: Attempt) -> str:
    """How the attempt ended, as the row says now."""
    return Outcome(Attempt.objects.get(pk=attempt.pk).outcome or "").value
