"""What was sent already: the same file, or the same subject to the same recipients, not long before."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q

from campaigns.models import Campaign
from pecportal import clock

RECENT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A campaign that was started before, and whether its file or its recipients and subject are the same."""

    campaign: Campaign
    is_same_file: bool


def earlier(campaign: Campaign) -> Repeat | None:
    """The last campaign of the organisation that this one would repeat, started within the last 30 days."""
    alike = Q()
    if campaign.list_sha256:
        alike |= Q(list_sha256=campaign.list_sha256, address_column=campaign.address_column)
    if campaign.recipients_sha256 and campaign.subject:
        alike |= Q(recipients_sha256=campaign.recipients_sha256, subject=campaign.subject)
    if not alike:
        return None
    started = Campaign.objects.filter(organisation=campaign.organisation_id, launched_at__gte=clock.now() - RECENT)
    found = started.filter(alike).exclude(pk=campaign.pk).order_by("-launched_at").first()
    return Repeat(found, found.list_sha256 == campaign.list_sha256) if found else None
