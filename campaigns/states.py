"""What we did with a campaign, a message, an attempt. What the receipts prove is judged elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.statemachine import State, moves


@moves(
    {
        "draft": ("waiting", "launching", "stopped"),
        "waiting": ("draft", "approved", "stopped"),
        "approved": ("draft", "launching", "stopped"),
        "launching": ("running", "scheduled", "draft", "stopped"),
        "scheduled": ("running", "draft", "stopped"),
        "running": ("paused", "completed", "stopped"),
        "paused": ("running", "stopped"),
        "completed": ("running",),  # a person may decide that one message is sent again
    }
)
class CampaignState(State):
    """A campaign on its way."""

    DRAFT = "draft", _("Draft")
    WAITING = "waiting", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    LAUNCHING = "launching", _("Being made ready")
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    COMPLETED = "completed", _("All sent")


# nothing of it was sent, and nothing is on its way
PREPARED = (CampaignState.DRAFT, CampaignState.WAITING, CampaignState.APPROVED)
# it may be started, if nothing else speaks against that
STARTABLE = (CampaignState.DRAFT, CampaignState.APPROVED)
# whoever started it may still take it back
RECALLABLE = (CampaignState.LAUNCHING, CampaignState.SCHEDULED)


@moves({"making": ("ready", "failed")})
class SheetState(State):
    """A check before sending: being made, made, or come to nothing."""

    MAKING = "making", _("Being made")
    READY = "ready", _("Made")
    FAILED = "failed", _("Came to nothing")


@moves({"open": ("approved", "rejected", "void"), "approved": ("void",)})
class SubmissionState(State):
    """What became of a campaign that was handed in for approval."""

    OPEN = "open", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    VOID = "void", _("Void")


class Pilot(models.TextChoices):
    """How far a pilot is: the first messages of a campaign, on whose acceptance the others wait."""

    NONE = "", ""
    GOING = "going", _("The first messages are on trial")
    PASSED = "passed", _("The trial went well")
    STOPPED = "stopped", _("The trial went wrong")


class Standing(models.TextChoices):
    """Where a campaign stands, as people are told: its state, and what its sheet and its messages add to that."""

    DRAFT = "draft", _("Draft")
    CHECKED = "checked", _("Checked")
    WAITING = "waiting", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    LAUNCHING = "launching", _("Being made ready")
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Running")
    PAUSING = "pausing", _("Pausing")
    PAUSED = "paused", _("Paused")
    STOPPING = "stopping", _("Stopping")
    STOPPED = "stopped", _("Stopped")
    COMPLETED = "completed", _("All sent")


@moves(
    {
        "queued": ("sending", "cancelled", "submitted"),
        "sending": ("queued", "submitted", "uncertain", "failed"),
        "uncertain": ("submitted", "queued", "failed"),
        # a person takes back that a receipt belongs to it, and nothing else proves that it was sent
        "submitted": ("uncertain",),
        # a receipt proves that the provider did send what was called not sent
        "failed": ("submitted",),
        "cancelled": ("submitted",),
    }
)
class MessageState(State):
    """What we know of our own doing with one message to one recipient."""

    QUEUED = "queued", _("To be sent")
    SENDING = "sending", _("Being sent")
    SUBMITTED = "submitted", _("Handed to the provider")
    UNCERTAIN = "uncertain", _("Outcome unknown")
    FAILED = "failed", _("Refused by the provider")
    CANCELLED = "cancelled", _("Cancelled")


@moves({"waiting": ("reading", "cancelled"), "reading": ("done", "refused", "cancelled")})
class IntakeState(State):
    """An archive on its way in."""

    WAITING = "waiting", _("Waiting")
    READING = "reading", _("Being unpacked")
    DONE = "done", _("Unpacked")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Cancelled")


@moves({"written": ("making",), "making": ("written", "made"), "made": ("written",)})
class LetterState(State):
    """A campaign's letter, from its text to a file for each row."""

    WRITTEN = "written", _("Written")
    MAKING = "making", _("Being made")
    MADE = "made", _("Made for every row")


class Phase(models.TextChoices):
    """How far an attempt came: claimed, or allowed to put bytes on the wire."""

    INTENT = "intent", _("Claimed")
    WIRE = "wire", _("On the wire")


class Outcome(models.TextChoices):
    """How an attempt ended; an attempt without one is under way."""

    NOT_SENT = "not_sent", _("Not sent")
    UNCERTAIN = "uncertain", _("Unknown")
    ACCEPTED = "accepted", _("Taken by the provider")
    PRESUMED_NOT_SENT = "presumed_not_sent", _("Regarded as not sent")


class Shown(models.TextChoices):
    """The one status of a message that people see: ours and the receipts' combined."""

    QUEUED = "queued", _("To be sent")
    SENDING = "sending", _("Being sent")
    SUBMITTED = "submitted", _("Handed to the provider")
    UNCERTAIN = "uncertain", _("Outcome unknown")
    ACCEPTED = "accepted", _("Accepted")
    DELAYED = "delayed", _("Delayed")
    DELIVERED = "delivered", _("Delivered")
    ORDINARY_MAIL = "ordinary_mail", _("Accepted as ordinary mail")
    UNDELIVERED = "undelivered", _("Not delivered")
    EXPIRED = "expired", _("Expired")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    NO_OUTCOME = "no_outcome", _("No outcome")
    FAILED = "failed", _("Refused or closed")
    CANCELLED = "cancelled", _("Cancelled")


class Declared(models.TextChoices):
    """What a person declared of a message that was in doubt, as long as no receipt proves it."""

    NOTHING = "", ""
    SENT = "sent", _("Sent, as a person declared")
    NOT_SENT = "not_sent", _("Closed as not sent by a person")


def label(status: str, declared: str = Declared.NOTHING) -> str:
    """The words of a message's shown status; what rests on a person's word alone says so."""
    if status == Shown.SUBMITTED and declared == Declared.SENT:
        return str(Declared.SENT.label)
    if status == Shown.FAILED:
        return str(Declared.NOT_SENT.label if declared == Declared.NOT_SENT else MessageState.FAILED.label)
    return str(Shown(status).label)
