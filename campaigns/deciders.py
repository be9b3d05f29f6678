"""Who may decide on messages in doubt: an approver who neither prepared nor started their campaign."""

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from pecportal.organisations.models import User
from pecportal.permissions import Power, may
from pecportal.programs import keys


def why_not(campaign: Campaign, user: User) -> str:
    """Why this person may not decide on the campaign's messages; "" when they may."""
    if not may(user, Power.DECIDE, campaign):
        return _("Only an approver of your organisation may decide on messages in doubt.")
    if user.pk in authors(campaign):
        return _("You prepared or started this campaign: another approver has to decide.")
    return ""


def authors(campaign: Campaign) -> frozenset[int]:
    """Who prepared or started it, by themselves or through a program whose key they made."""
    return keys.people_behind([campaign.created_by_id, campaign.launched_by_id])
