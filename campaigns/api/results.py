"""What becomes of a campaign: counts, forecast, messages, the report, and the evidence as a file."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, StreamingHttpResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import addresses, outlook
from campaigns.api import finding
from campaigns.api.campaigns import READ
from campaigns.api.told import MAILBOX, MESSAGE, MailboxNamed, MessageTold, with_told
from campaigns.models import Campaign, Message, Package, PackageState
from campaigns.proving import packages
from campaigns.proving import results as proving
from campaigns.states import CampaignState, Shown
from campaigns.tracking import progress
from pecportal import downloads
from pecportal.api import jobs
from pecportal.api.downloads import AnyFile, limited
from pecportal.api.idempotency import idempotent
from pecportal.api.resource import Resource
from pecportal.api.root import JOB, JobTold, accepted
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Paging, Strict
from pecportal.errors import Refusal
from pecportal.permissions import visible_or_404


class StandstillTold(Strict):
    """Why messages do not leave just now."""

    detail = serializers.CharField(source="sentence")
    provider_words = serializers.CharField(source="words")
    until = Moment(allow_null=True, help_text="When it is tried again.")
    mailbox = MailboxNamed(allow_null=True, help_text="Of a campaign of several mailboxes.")


class CountsTold(Strict):
    """A campaign's messages by status."""

    state = serializers.ChoiceField(CampaignState.values)
    total = serializers.IntegerField(help_text="Messages that are made; all recipients once it runs.")
    sent = serializers.IntegerField(help_text="Those that the provider took.")
    open = serializers.IntegerField(help_text="Those that may still change by themselves.")
    trouble = serializers.IntegerField(help_text="Those that somebody has to look at.")
    by_status = serializers.DictField(child=serializers.IntegerField(), help_text="Statuses that no message has lack.")
    standstills = StandstillTold(many=True)


class DayTold(Strict):
    """How many messages leave on a day."""

    day = serializers.DateField()
    messages = serializers.IntegerField()


class PartTold(Strict):
    """What one of several mailboxes has left to send."""

    mailbox = MailboxNamed()
    messages = serializers.IntegerField()
    ends_at = Moment(source="ends", allow_null=True)


class ForecastTold(Strict):
    """When a campaign will have been sent, if it goes on or is started now."""

    ends_at = Moment(allow_null=True, help_text="When its last message leaves; null if nothing is left, or never.")
    days = DayTold(many=True, help_text="The next ones.")
    more_days = serializers.IntegerField(help_text="Days beyond those.")
    more_messages = serializers.IntegerField(help_text="Messages on those.")
    warning = serializers.CharField(help_text="Why it will be late, or never end; empty if all is well.")
    held = serializers.CharField(help_text="Why nothing leaves until somebody does something; empty if all is well.")
    parts = PartTold(many=True, help_text="Of several mailboxes.")


class PackageTold(Strict):
    """A package of evidence."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(PackageState.values)
    ordered_at = Moment(source="at")
    messages = serializers.IntegerField(source="done")
    size = serializers.IntegerField(help_text="Bytes; 0 until it is made.")
    sha256 = serializers.CharField(help_text="Hex; empty until it is made.")


COUNTS = {
    "state": "running",
    "total": 1200,
    "sent": 310,
    "open": 920,
    "trouble": 2,
    "by_status": {"queued": 890, "accepted": 28, "delivered": 280, "undelivered": 2},
    "standstills": [],
}
FORECAST = {
    "ends_at": "2026-04-02T09:20:00Z",
    "days": [{"day": "2026-04-01", "messages": 800}, {"day": "2026-04-02", "messages": 90}],
    "more_days": 0,
    "more_messages": 0,
    "warning": "",
    "held": "",
    "parts": [{"mailbox": MAILBOX, "messages": 890, "ends_at": "2026-04-02T09:20:00Z"}],
}
PACKAGE = {
    "id": "3d594650-3436-4c1f-8e6a-1d7e1d1b0c11",
    "state": "made",
    "ordered_at": "2026-04-03T08:00:00Z",
    "messages": 1200,
    "size": 9482112,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class WantedMessages(Paging):
    """Which messages."""

    status = serializers.ChoiceField(Shown.values, required=False)
    mailbox = serializers.UUIDField(required=False)
    to = serializers.CharField(required=False, max_length=254, help_text="The whole address.")


class Counts(Resource):
    """The counts of a campaign."""

    access: ClassVar = {"get": READ}

    @operation(
        "How far a campaign is",
        answers=CountsTold,
        tag="campaigns",
        description="How many of its messages have which status, and why none leaves just now, if none does.",
        examples=[example("Running", COUNTS)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Count."""
        campaign = finding.campaign(self, public_id)
        found = progress.of(campaign)
        told = {name: getattr(found, name) for name in ("total", "sent", "open", "trouble")}
        told |= {"state": campaign.state, "by_status": {str(each.status): each.count for each in found.shares}}
        return self.tell(CountsTold, {**told, "standstills": progress.standstills(campaign)})


class Forecast(Resource):
    """The forecast of a campaign."""

    access: ClassVar = {"get": READ}

    @operation(
        "When a campaign will have been sent",
        answers=ForecastTold,
        tag="campaigns",
        description="All that its mailboxes have to send is counted with it. Where nothing is to be said all is empty.",
        examples=[example("Two days", FORECAST)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Foretell."""
        found = outlook.of(finding.campaign(self, public_id)) or outlook.Expected(None, (), 0, 0, "", 0)
        told: dict[str, Any] = {
            name: getattr(found, name) for name in ("more_days", "more_messages", "warning", "held", "parts")
        }
        days = [{"day": day, "messages": count} for day, count in found.days]
        return self.tell(ForecastTold, {**told, "ends_at": found.ends, "days": days})


class CampaignMessages(Resource):
    """The messages of a campaign."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": WantedMessages}

    @operation(
        "The messages of a campaign",
        page_of=MessageTold,
        tag="campaigns",
        description="In the order of the list. Each has more to tell under `messages/{id}/`.",
        examples=[example("A page", {"items": [MESSAGE], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """The page that is asked for."""
        wanted = self.query
        rows = self.rows(Message).filter(campaign=finding.campaign(self, public_id))
        if "mailbox" in wanted:
            rows = rows.filter(mailbox__public_id=wanted["mailbox"])
        if "to" in wanted:
            rows = rows.filter(recipient__in=addresses.spellings(wanted["to"]))
        rows = with_told(rows)
        if "status" in wanted:  # made in the order of lines: the same, and indexed
            return self.page(MessageTold, rows.filter(status=wanted["status"]), by=("pk",))
        return self.page(MessageTold, rows, by=("line",))


class Report(Resource):
    """The report of a campaign."""

    access: ClassVar = {"get": READ}
    renderer_classes: Sequence[Any] = (JSONRenderer, AnyFile)
    is_sparse: ClassVar = False

    @operation(
        "The report of a campaign",
        answers={(200, "text/csv"): OpenApiTypes.STR},
        tag="campaigns",
        description="Each message with its status, as CSV: `;`, UTF-8 with a byte order mark, times of Rome.",
    )
    @limited
    def get(self, request: Request, public_id: UUID) -> StreamingHttpResponse:
        """Hand it out while it is read."""
        campaign = finding.campaign(self, public_id)
        kind = "text/csv; charset=utf-8"
        return downloads.streamed(proving.as_csv(campaign), name=f"{_slug(campaign)}.csv", content_type=kind)


class Evidence(Resource):
    """The packages of evidence of a campaign."""

    access: ClassVar = {"get": READ, "post": READ}
    queries: ClassVar = {"get": Paging}

    @operation(
        "The packages of evidence of a campaign",
        page_of=PackageTold,
        tag="campaigns",
        description="The latest first.",
        examples=[example("A page", {"items": [PACKAGE], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell them."""
        return self.page(PackageTold, self.rows(Package).filter(campaign=finding.campaign(self, public_id)))

    @operation(
        "Order the evidence of a campaign",
        answers={202: JobTold},
        tag="campaigns",
        description=(
            "A ZIP is made in the background: `messages.jsonl` has each message with its text, attempts and receipts, "
            "`report.csv` the report, `manifest.json` the SHA-256 of each file. When the job is done its `result` is "
            "where to download it, for 7 days; if the job failed, order another one. While one is made, it is that one."
        ),
        examples=[example("To be made", {**JOB, "kind": "evidence", "state": "waiting", "result": None}, status=202)],
    )
    @limited
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Have it made."""
        package = packages.order(finding.campaign(self, public_id), actor=self.actor)
        return accepted(self, jobs.begin(packages.KIND, package, organisation=self.organisation, actor=self.actor))


class OnePackage(Resource):
    """One package of evidence."""

    access: ClassVar = {"get": READ}
    renderer_classes: Sequence[Any] = (JSONRenderer, AnyFile)
    is_sparse: ClassVar = False

    @operation(
        "Download the evidence",
        answers={(200, "application/zip"): OpenApiTypes.BINARY},
        tag="campaigns",
        description="409 while it is being made, if it could not be made, and after it was removed.",
        problems=(409,),
    )
    @limited
    def get(self, request: Request, public_id: UUID, package_id: UUID) -> FileResponse:
        """Hand it out."""
        campaign = finding.campaign(self, public_id)
        row = visible_or_404(self.rows(Package).filter(campaign=campaign), public_id=package_id)
        if lacking := packages.why_none(row):
            raise Refusal(lacking)
        name = f"{_slug(campaign)}-{row.at:%Y-%m-%d}.zip"
        return downloads.hand_out(row.stored_as, name=name, content_type="application/zip", sha256=row.sha256)


def _slug(campaign: Campaign) -> str:
    return slugify(campaign.name) or "campaign"
