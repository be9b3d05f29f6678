"""The rows of mailboxes: the box, what was asked for, what was handed in, what the vendor was told."""

from mailboxes.models.acts import StateChange, VendorAct
from mailboxes.models.application import Application
from mailboxes.models.mailbox import Mailbox, Plan
from mailboxes.models.papers import HandIn, Paper

__all__ = ["Application", "HandIn", "Mailbox", "Paper", "Plan", "StateChange", "VendorAct"]
