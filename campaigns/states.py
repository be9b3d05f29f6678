"""What we did with a campaign, a message, an attempt. What the receipts prove is judged elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.statemachine import State, moves


@moves(
    {
        "draft": ("launching", "cancelled"),
        "launching": ("running", "draft", "cancelled"),
        "running": ("paused", "completed", "cancelled"),
        "paused": ("running", "cancelled"),
        "completed": ("running",),  # a person may decide that one message is sent again
    }
)
class CampaignState(State):
    """A campaign on its way."""

    DRAFT = "draft", _("Draft")
    LAUNCHING = "launching", _("Being made ready")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    COMPLETED = "completed", _("All sent")
    CANCELLED = "cancelled", _("Cancelled")


@moves(
    {
        "queued": ("sending", "cancelled", "submitted"),
        "sending": ("queued", "submitted", "uncertain", "failed"),
        "uncertain": ("submitted", "queued", "failed"),
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
    FAILED = "failed", _("Refused by the provider")
    CANCELLED = "cancelled", _("Cancelled")
