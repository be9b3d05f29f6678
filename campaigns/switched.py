"""Whether operators have switched the sending of a campaign off."""

from campaigns.models import Campaign
from mailboxes import switched
from pecportal.operation import switches
from pecportal.operation.models import Scope, Switch
from pecportal.operation.switches import Off


def off(campaign: Campaign, present: Off | None = None) -> Switch | None:
    """The widest switch that keeps a campaign from being sent; `present` are the switches, where they are known."""
    present = present or switches.now()
    return switched.off(campaign.mailbox, present) or present.of(Scope.CAMPAIGN, campaign.pk)
