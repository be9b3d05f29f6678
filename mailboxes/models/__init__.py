"""The rows of mailboxes: the box, what was asked for, handed in, ordered, what the vendor and the clerks were told."""

from mailboxes.models.acts import StateChange, VendorAct
from mailboxes.models.application import Application, SavedStep
from mailboxes.models.found import Found
from mailboxes.models.mailbox import Mailbox, Plan
from mailboxes.models.notices import Notice
from mailboxes.models.orders import Order
from mailboxes.models.papers import HandIn, PagePicture, Paper
from mailboxes.models.readings import SpaceReading

__all__ = [
    "Application",
    "Found",
    "HandIn",
    "Mailbox",
    "Notice",
    "Order",
    "PagePicture",
    "Paper",
    "Plan",
    "SavedStep",
    "SpaceReading",
    "StateChange",
    "VendorAct",
]
