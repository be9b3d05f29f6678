"""The steps of preparing a campaign, as its pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.readiness import Finding

URLS = {
    "sender": "campaigns:edit",
    "list": "campaigns:recipients",
    "text": "campaigns:text",
    "attachments": "campaigns:attachments",
    "own": "campaigns:own",
    "letter": "campaigns:letter",
    "when": "campaigns:when",
    "preview": "campaigns:preview",
    "start": "campaigns:start",
}


WITHIN = {"own": "attachments", "letter": "attachments"}  # pages that are reached from a step's own


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is `done`, `current` or `todo`."""

    label: str
    state: str
    url: str


def of(campaign: Campaign | None, *, current: str, findings: Sequence[Finding] = ()) -> list[Step]:
    """The steps of a draft, or of one that is not there yet, with the page that is open as the current one."""
    labels = {
        "sender": _("Sender"),
        "list": _("Recipients"),
        "text": _("Text"),
        "attachments": _("Attachments"),
        "when": _("Times"),
        "preview": _("Preview"),
        "start": _("Check and start"),
    }
    faulty = {WITHIN.get(finding.place, finding.place) for finding in findings if finding.blocks}
    return [
        Step(
            label,
            _state(place, campaign, current, faulty),
            reverse(URLS[place], args=[campaign.pk]) if campaign else "",
        )
        for place, label in labels.items()
    ]


def _state(place: str, campaign: Campaign | None, current: str, faulty: set[str]) -> str:
    if place == current:
        return "current"
    if campaign is None or place in faulty or place in ("preview", "start"):
        return "todo"
    if place == "attachments" and not (campaign.attachments.exists() or campaign.own_links.exists()):
        return "todo"
    return "done"


def url_of(campaign: Campaign, finding: Finding) -> str:
    """Where a finding is mended; "" when nowhere."""
    return reverse(URLS[finding.place], args=[campaign.pk]) if finding.place in URLS else ""
