"""Where a campaign stands, as people are told: its state, its sheet, and what is still on its way."""

from campaigns import approvals
from campaigns.models import Campaign, Message
from campaigns.states import CampaignState, MessageState, Standing

_ON_THEIR_WAY = {CampaignState.PAUSED: Standing.PAUSING, CampaignState.STOPPED: Standing.STOPPING}


def of(campaign: Campaign) -> Standing:
    """The one word for it. Paused or stopped it is only once the last message that was on its way has its answer."""
    state = CampaignState(campaign.state)
    if state in _ON_THEIR_WAY:
        going = Message.objects.filter(campaign=campaign, state=MessageState.SENDING)
        return _ON_THEIR_WAY[state] if going.exists() else Standing(state.value)
    if state == CampaignState.DRAFT and _is_checked(campaign):
        return Standing.CHECKED
    return Standing(state.value)


def _is_checked(campaign: Campaign) -> bool:
    sheet = approvals.current_sheet(campaign)
    return sheet is not None and sheet.is_clean and not approvals.is_void(sheet, campaign)
