"""What is done with a campaign as a whole: checked, approved by people, started, paused, stopped."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import approvals
from campaigns.api import finding
from campaigns.api.campaign_told import WHOLE, CampaignWhole
from campaigns.api.campaigns import READ, WRITE
from campaigns.models import Campaign, Sheet, Submission
from campaigns.preparing import approving, preflight
from campaigns.sending import launch
from campaigns.states import CampaignState, SheetState, SubmissionState
from pecportal.api import idempotency, jobs
from pecportal.api.idempotency import idempotent, once
from pecportal.api.resource import Access, Resource
from pecportal.api.root import JOB, JobTold, accepted
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Strict
from pecportal.errors import Refusal
from pecportal.permissions import Power, Role

START = Access((Role.CAMPAIGNS_START,), Power.START, step_up=True)
STOP = Access((Role.CAMPAIGNS_START,), Power.STOP)
APPROVE = Access((), Power.APPROVE, people=True, step_up=True)
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Seen(Strict):
    """Which check was looked at."""

    check = serializers.CharField(max_length=64, help_text="The `sha256` of the check.")


class SeenAndCounted(Seen):
    """Which check was looked at, and how many recipients it goes to."""

    count = serializers.IntegerField(
        required=False, min_value=0, help_text=f"The number of recipients; needed where they are over {approvals.MANY}."
    )


class Reason(Strict):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class MaybeReason(Strict):
    """Why, if that is to be kept."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class WarningTold(Strict):
    """One kind of thing to know of some rows."""

    code = serializers.CharField()
    detail = serializers.CharField(source="sentence")
    count = serializers.IntegerField(help_text="Rows.")
    lines = serializers.CharField(help_text="As 5–9, 12.")


class CostTold(Strict):
    """What the messages cost by the prices that are noted; empty where none is."""

    plan = serializers.CharField()
    each = serializers.CharField()
    net = serializers.CharField()
    vat = serializers.CharField()
    total = serializers.CharField()
    noted_on = serializers.CharField()


class CheckTold(Strict):
    """The check before sending."""

    state = serializers.ChoiceField(SheetState.values)
    sha256 = serializers.CharField(help_text="What a start names; empty until it is made.")
    is_clean = serializers.BooleanField(help_text="Nothing speaks against a start.")
    is_current = serializers.BooleanField(help_text="The campaign is still what was checked.")
    checked_at = Moment(source="state_since")
    rows = serializers.IntegerField(source="rows_done", help_text="Put together so far.")
    recipients = serializers.IntegerField(source="rows_total")
    problem = serializers.CharField(help_text="Why there is no check; empty if there is one.")
    blocking = serializers.ListField(child=serializers.CharField(), help_text="What speaks against a start.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What to know besides.")
    warnings = WarningTold(many=True)
    bytes_in_all = serializers.IntegerField(help_text="Of all messages, with their files.")
    largest_bytes = serializers.IntegerField(help_text="Of the largest message.")
    cost = CostTold(allow_null=True)
    approvals_needed = serializers.IntegerField(
        help_text="By the organisation's rules; a program beyond its day's number needs one, too."
    )


class PausedTold(Strict):
    """A campaign that was paused."""

    state = serializers.ChoiceField(CampaignState.values)
    on_their_way = serializers.IntegerField(help_text="Messages that nobody can call back.")


class StoppedTold(PausedTold):
    """A campaign that was stopped."""

    kept_back = serializers.IntegerField(help_text="Messages that will not be sent.")


CHECK = {
    "state": "ready",
    "sha256": SHA256,
    "is_clean": True,
    "is_current": True,
    "checked_at": "2026-03-31T08:05:00Z",
    "rows": 1200,
    "recipients": 1200,
    "problem": "",
    "blocking": [],
    "notes": ["It takes 2 days of sending: the last message is expected to leave on Thursday 2 April at 11:20."],
    "warnings": [{"code": "zeros_restored", "detail": "Leading zeros were restored.", "count": 2, "lines": "5, 9"}],
    "bytes_in_all": 58211000,
    "largest_bytes": 48811,
    "cost": {"plan": "PEC Massiva", "each": "0.03", "net": "36.00", "vat": "7.92", "total": "43.92", "noted_on": ""},
    "approvals_needed": 0,
}
WAITING = {**WHOLE, "state": "waiting", "approval": {"needed": 1, "state": "open", "given": 0, "reason": ""}}
APPROVED = {**WHOLE, "state": "approved", "approval": {"needed": 1, "state": "approved", "given": 1, "reason": ""}}
STARTED = {**WHOLE, "state": "launching", "started_at": "2026-03-31T08:10:00Z", "begins_at": "2026-03-31T08:12:00Z"}


class Check(Resource):
    """The check before sending."""

    access: ClassVar = {"get": READ, "post": WRITE}

    @operation(
        "The latest check",
        answers=CheckTold,
        tag="campaigns",
        description="409 while it was never asked for.",
        examples=[example("Nothing speaks against a start", CHECK)],
        problems=(409,),
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        campaign = finding.campaign(self, public_id)
        sheet = campaign.sheets.order_by("pk").last()
        if sheet is None:
            raise Refusal(_("This campaign was not checked yet: ask for its check first."))
        return self.tell(CheckTold, _told(campaign, sheet))

    @operation(
        "Check a draft",
        answers={202: JobTold},
        tag="campaigns",
        description=(
            "Every message is put together once, in the background. While a check is made, it is that one. What it "
            "found is told by GET; whoever starts the campaign, or hands it in, names its `sha256`."
        ),
        examples=[example("Being checked", {**JOB, "kind": "check", "state": "running", "result": None}, status=202)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Have it made."""
        sheet = preflight.ask(finding.campaign(self, public_id), actor=self.actor)
        return accepted(self, jobs.begin(preflight.KIND, sheet, organisation=self.organisation, actor=self.actor))


class Submit(Resource):
    """Handing a campaign in for approval."""

    access: ClassVar = {"post": WRITE, "delete": WRITE}

    @operation(
        "Hand a draft in for approval",
        body=Seen,
        answers=CampaignWhole,
        tag="campaigns",
        description=(
            "People who may approve it are written to. What a program hands in and they approve is not counted among "
            "what programs send without an approver."
        ),
        examples=[example("The check", {"check": SHA256}, is_request=True), example("Waiting", WAITING)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Hand it in."""
        campaign = finding.campaign(self, public_id)
        approving.submit(campaign, seen=self.body(Seen)["check"], actor=self.actor)
        return _anew(self, public_id)

    @operation(
        "Take a campaign back from approval",
        answers={204: None},
        tag="campaigns",
        description="It is a draft again, and its approval is void.",
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Make a draft of it."""
        approving.take_back(finding.campaign(self, public_id), actor=self.actor)
        return Response(status=204)


class Approve(Resource):
    """Approving a campaign that somebody else prepared."""

    access: ClassVar = {"post": APPROVE}

    @operation(
        "Approve a campaign",
        body=SeenAndCounted,
        answers=CampaignWhole,
        tag="campaigns",
        description="For people who are logged in, and had no hand in it. No program may.",
        examples=[example("The check", {"check": SHA256}, is_request=True), example("Approved", APPROVED)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Approve what was handed in."""
        submission = _submission(finding.campaign(self, public_id))
        given = self.body(SeenAndCounted)
        approving.approve(submission, seen=given["check"], typed=_typed(given), actor=self.actor)
        return _anew(self, public_id)


class Reject(Resource):
    """Sending a campaign back to its preparer."""

    access: ClassVar = {"post": APPROVE}

    @operation(
        "Reject a campaign",
        body=Reason,
        answers=CampaignWhole,
        tag="campaigns",
        description="It is a draft again. For people who are logged in; no program may.",
        examples=[example("Why", {"reason": "L'importo è sbagliato."}, is_request=True), example("A draft", WHOLE)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Send it back."""
        submission = _submission(finding.campaign(self, public_id))
        approving.reject(submission, reason=self.body(Reason)["reason"], actor=self.actor)
        return _anew(self, public_id)


class Start(Resource):
    """Starting a campaign."""

    access: ClassVar = {"post": START}

    @operation(
        "Start a campaign",
        body=SeenAndCounted,
        answers=CampaignWhole,
        tag="campaigns",
        description=(
            "Its messages are frozen and sent at the mailboxes' pace, once `begins_at` has come. `check` names the "
            "check that was looked at: had the campaign changed since, nothing is started. Without an approval a "
            "program may write to so many recipients a day as the organisation allows. A request that got no answer "
            "is repeated with the same Idempotency-Key: it is started once."
        ),
        examples=[
            example("The check", {"check": SHA256, "count": 1200}, is_request=True),
            example("Being made ready", STARTED),
        ],
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Look whether it may be started, which reads its attachments, then start it, once."""
        key, asked = idempotency.needed_key(request), idempotency.digest(self)
        if (answer := idempotency.answered(request, key, asked)) is not None:
            return answer
        campaign, given = finding.campaign(self, public_id), self.body(SeenAndCounted)
        obstacle = launch.obstacle_to(campaign)
        return once(request, key, asked, lambda: self._start(campaign, given, obstacle))

    post._idempotency = True  # type: ignore[attr-defined]

    def _start(self, campaign: Campaign, given: dict[str, Any], obstacle: str) -> Response:
        launch.start(campaign, seen=given["check"], typed=_typed(given), actor=self.actor, obstacle=obstacle)
        return _anew(self, campaign.public_id)


class Pause(Resource):
    """Pausing a campaign."""

    access: ClassVar = {"post": STOP}

    @operation(
        "Pause a campaign",
        answers=PausedTold,
        tag="campaigns",
        description="No further message leaves until it is resumed.",
        examples=[example("Paused", {"state": "paused", "on_their_way": 2})],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Pause it."""
        going = launch.pause(finding.campaign(self, public_id), actor=self.actor)
        return self.tell(PausedTold, {"state": CampaignState.PAUSED, "on_their_way": going})


class Resume(Resource):
    """Going on with a paused campaign."""

    access: ClassVar = {"post": START}

    @operation(
        "Resume a campaign",
        answers=CampaignWhole,
        tag="campaigns",
        description="Its messages leave again, at the mailboxes' pace.",
        examples=[example("Running", {**STARTED, "state": "running", "begins_at": None})],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Go on."""
        launch.resume(finding.campaign(self, public_id), actor=self.actor)
        return _anew(self, public_id)


class Stop(Resource):
    """Stopping a campaign for good."""

    access: ClassVar = {"post": STOP}

    @operation(
        "Stop a campaign for good",
        body=MaybeReason,
        answers=StoppedTold,
        tag="campaigns",
        description="None of the messages that still wait is sent. There is no way back.",
        examples=[
            example("Why", {"reason": "Lista sbagliata"}, is_request=True),
            example("Stopped", {"state": "stopped", "on_their_way": 1, "kept_back": 870}),
        ],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Stop it."""
        campaign = finding.campaign(self, public_id)
        found = launch.stop(campaign, reason=self.body(MaybeReason)["reason"].strip(), actor=self.actor)
        told = {"state": CampaignState.STOPPED, "on_their_way": found.on_their_way, "kept_back": found.kept_back}
        return self.tell(StoppedTold, told)


def _anew(view: Resource, public_id: UUID) -> Response:
    return view.tell(CampaignWhole, finding.campaign(view, public_id))


def _typed(given: dict[str, Any]) -> str:
    return str(given["count"]) if "count" in given else ""


def _submission(campaign: Campaign) -> Submission:
    submission = approvals.in_force(campaign)
    if submission is None or submission.state != SubmissionState.OPEN:
        raise Refusal(_("This campaign does not wait for its approval any more."))
    submission.campaign = campaign
    return submission


def _told(campaign: Campaign, sheet: Sheet) -> dict[str, Any]:
    facts, sizes = sheet.facts, sheet.facts.get("sizes", {})
    is_current = sheet.state == SheetState.READY and not (campaign.is_prepared and approvals.is_void(sheet, campaign))
    return {
        **{name: getattr(sheet, name) for name in ("state", "sha256", "is_clean", "state_since", "problem")},
        "rows_done": sheet.rows_done,
        "rows_total": sheet.rows_total,
        "is_current": is_current,
        **{name: facts.get(name, []) for name in ("blocking", "notes", "warnings")},
        "bytes_in_all": sizes.get("in_all", 0),
        "largest_bytes": sizes.get("largest", 0),
        "cost": facts.get("cost"),
        "approvals_needed": approvals.needed(campaign),
    }
