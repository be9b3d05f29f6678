"""Whether operators have switched the sending of a campaign off."""

from campaigns.models import Campaign
from mailboxes import switched
from mailboxes.models import Mailbox
from pecportal.operation import switches
from pecportal.operation.models import Scope, Switch
from pecportal.operation.switches import Off


def off(campaign: Campaign, present: Off | None = None) -> Switch | None:
    """The widest switch that keeps a campaign from being sent; `present` are the switches, where they are known."""
    present = present or switches.now()
    return switched.off(campaign.mailbox, present) or present.of(Scope.CAMPAIGN, campaign.pk)


def off_at(mailbox: Mailbox, campaign: Campaign, present: Off | None = None) -> Switch | None:
    """The widest switch that keeps what one of its mailboxes sends of a campaign from leaving."""
    present = present or switches.now()
    return switched.off(mailbox, present) or present.of(Scope.CAMPAIGN, campaign.pk)


def off_whole(campaign: Campaign) -> Switch | None:
    """The same for all of a campaign: of several mailboxes' one, what concerns not only one of them."""
    if not campaign.is_split:
        return off(campaign)
    present = switches.now()
    found = [off_at(box, campaign, present) for box in campaign.senders]
    return found[0] if all(found) and len(set(found)) == 1 else None
