"""The rows of campaigns: what is prepared, what is sent, what came back."""

from campaigns.models.approval import Approval, Sheet, Submission
from campaigns.models.campaign import Attachment, Campaign, ListProblem, Recipient
from campaigns.models.contacts import Change, Contact, ContactChange, ContactGroup, ContactRun, RunKind, RunState
from campaigns.models.decisions import Choice, Closing, Decision, Doubt, Incident, IncidentKind, Search
from campaigns.models.history import StateChange
from campaigns.models.letters import Letter, Letterhead
from campaigns.models.lists import DomainState, ListDomain, ListReading, ReadingState, Role
from campaigns.models.message import Answer, Attempt, Message, MessageContent, Reservation, Route
from campaigns.models.own import Intake, Origin, OwnFile, OwnLink, OwnWaiver
from campaigns.models.packages import Package, PackageState
from campaigns.models.posted import Posted
from campaigns.models.references import ROW_ROLES, RowReference
from campaigns.models.senders import CampaignMailbox
from campaigns.models.texts import Merging, SavedText, TextVersion
from campaigns.models.tracking import Baton, BrokenItem, InboxScan, InboxWatch, LivePump, Receipt, SendingLane

__all__ = [
    "ROW_ROLES",
    "Answer",
    "Approval",
    "Attachment",
    "Attempt",
    "Baton",
    "BrokenItem",
    "Campaign",
    "CampaignMailbox",
    "Change",
    "Choice",
    "Closing",
    "Contact",
    "ContactChange",
    "ContactGroup",
    "ContactRun",
    "Decision",
    "DomainState",
    "Doubt",
    "InboxScan",
    "InboxWatch",
    "Incident",
    "IncidentKind",
    "Intake",
    "Letter",
    "Letterhead",
    "ListDomain",
    "ListProblem",
    "ListReading",
    "LivePump",
    "Merging",
    "Message",
    "MessageContent",
    "Origin",
    "OwnFile",
    "OwnLink",
    "OwnWaiver",
    "Package",
    "PackageState",
    "Posted",
    "ReadingState",
    "Receipt",
    "Recipient",
    "Reservation",
    "Role",
    "Route",
    "RowReference",
    "RunKind",
    "RunState",
    "SavedText",
    "Search",
    "SendingLane",
    "Sheet",
    "StateChange",
    "Submission",
    "TextVersion",
]
