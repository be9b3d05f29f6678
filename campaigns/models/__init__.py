"""The rows of campaigns: what is prepared, what is sent, what came back."""

from campaigns.models.campaign import Attachment, Campaign, ListProblem, Recipient
from campaigns.models.message import Attempt, Message, MessageContent, Reservation
from campaigns.models.tracking import Baton, InboxScan, InboxWatch, Receipt, SendingLane

__all__ = [
    "Attachment",
    "Attempt",
    "Baton",
    "Campaign",
    "InboxScan",
    "InboxWatch",
    "ListProblem",
    "Message",
    "MessageContent",
    "Receipt",
    "Recipient",
    "Reservation",
    "SendingLane",
]
