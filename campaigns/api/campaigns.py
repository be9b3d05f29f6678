"""Campaigns for programs: listed, made, looked at, changed while they are drafts."""

from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api import finding
from campaigns.api.campaign_told import (
    CAMPAIGN,
    WHOLE,
    WRITTEN,
    CampaignAsked,
    CampaignChanged,
    CampaignTold,
    CampaignWhole,
    times_of,
)
from campaigns.models import Campaign
from campaigns.models.senders import sent_from
from campaigns.preparing import composing
from campaigns.preparing.composing import Parts
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from pecportal.api.idempotency import idempotent
from pecportal.api.resource import Access, Resource, location
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Paging
from pecportal.permissions import Power, Role

READ = Access((Role.CAMPAIGNS_READ,), Power.READ)
WRITE = Access((Role.CAMPAIGNS_WRITE,), Power.PREPARE)
_BASICS = ("name", "protocol", "reference")


class Wanted(Paging):
    """Which campaigns."""

    state = serializers.ChoiceField(CampaignState.values, required=False)
    mailbox = serializers.UUIDField(required=False)
    reference = serializers.CharField(required=False, max_length=200, help_text="Your own.")
    since = Moment(required=False, help_text="Made from then on.")
    until = Moment(required=False, help_text="Made before.")


class Campaigns(Resource):
    """The list of campaigns, and where one is made."""

    access: ClassVar = {"get": READ, "post": WRITE}
    queries: ClassVar = {"get": Wanted}

    @operation(
        "List campaigns",
        page_of=CampaignTold,
        tag="campaigns",
        description="The latest first. The single messages of a sender and a day are a campaign, too.",
        examples=[example("A page", {"items": [CAMPAIGN], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """The page that is asked for."""
        wanted = self.query
        rows = self.rows(Campaign).filter(test_of=None)
        names = {"state": "state", "reference": "reference", "since": "created_at__gte", "until": "created_at__lt"}
        rows = rows.filter(**{lookup: wanted[name] for name, lookup in names.items() if name in wanted})
        if "mailbox" in wanted:
            rows = rows.filter(sent_from(Mailbox.objects.filter(public_id=wanted["mailbox"])))
        return self.page(CampaignTold, rows.select_related("mailbox"))

    @operation(
        "Make a campaign",
        body=CampaignAsked,
        answers={201: CampaignWhole},
        tag="campaigns",
        description=(
            "A draft. Next: PUT its recipients, add attachments, ask for the check, start it with the check's hash."
        ),
        examples=[example("A draft", WRITTEN, is_request=True), example("Made", WHOLE, status=201)],
    )
    @idempotent(required=False)
    def post(self, request: Request) -> Response:
        """Make it."""
        given = self.body(CampaignAsked)
        parts = _parts(self, given)
        mailbox = finding.mailbox(self, given["mailbox"], pointer="/mailbox")
        made = composing.create(self.organisation, mailbox, parts, actor=self.actor)
        return self.tell(CampaignWhole, made, status=201, Location=location("campaign", public_id=made.public_id))


class OneCampaign(Resource):
    """One campaign."""

    access: ClassVar = {"get": READ, "patch": WRITE}

    @operation(
        "A campaign",
        answers=CampaignWhole,
        tag="campaigns",
        description="Its settings, its state, and how its approval stands.",
        examples=[example("A draft", WHOLE)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        return self.tell(CampaignWhole, finding.campaign(self, public_id))

    @operation(
        "Change a draft",
        body=CampaignChanged,
        answers=CampaignWhole,
        tag="campaigns",
        description="All of it or nothing. Any change makes the check void. What is not a draft any more stays (409).",
        examples=[
            example("Another text", {"subject": "Sollecito", "leaves_out_faulty": True}, is_request=True),
            example("Changed", {**WHOLE, "leaves_out_faulty": True}),
        ],
    )
    @idempotent(required=False)
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change it."""
        campaign = finding.campaign(self, public_id)
        given = self.body(CampaignChanged)
        return self.tell(CampaignWhole, composing.change(campaign, _parts(self, given), actor=self.actor))


def _parts(view: Resource, given: dict[str, Any]) -> Parts:
    basics = {name: given[name] for name in _BASICS if name in given}
    if "further" in given:
        basics["further"] = [(each["name"], each["value"]) for each in given["further"]]
    others = given.get("others")
    return Parts(
        basics=basics,
        mailbox=finding.mailbox(view, given["mailbox"], pointer="/mailbox") if "mailbox" in given else None,
        others=None
        if others is None
        else finding.mailboxes(view, {f"/others/{place}": each for place, each in enumerate(others)}),
        subject=given.get("subject"),
        body=given.get("body"),
        when=times_of(given),
        leaves_out_faulty=given.get("leaves_out_faulty", False),
        without_own_files=given.get("without_own_files"),
    )
