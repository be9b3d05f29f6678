"""Pages that follow campaigns: all of them, one with its counts and messages, one message with its story."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from campaigns import approvals, enclosures, failures, outlook, readiness, row_references, sentences
from campaigns import text as texts
from campaigns.listing_forms import FilterForm
from campaigns.models import Approval, Campaign, Closing, Incident, Message, Recipient, StateChange
from campaigns.preparing import approving
from campaigns.proving import results as proving
from campaigns.sending import launch
from campaigns.states import RECALLABLE, CampaignState, Shown, SubmissionState
from campaigns.tracking import advice, desk, listing, progress, replies, room, silence
from campaigns.views import framed, scope, steps
from pecportal import downloads, exports, keyset
from pecportal.organisations import current
from pecportal.permissions import Power, may, visible_or_404

CAMPAIGNS_A_PAGE = 20
INCIDENTS_SHOWN = 20
TESTS_SHOWN = 5


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The campaigns of the organisation that one works for, newest first."""
    organisation = current.organisation(request)
    own = Campaign.objects.visible_to(request.user).filter(organisation=organisation, test_of=None)
    rows = own.select_related("mailbox")
    page = Paginator(rows.order_by("-pk"), CAMPAIGNS_A_PAGE).get_page(request.GET.get("page"))
    counts = progress.of_many(page.object_list)
    may_read = organisation is not None and may(request.user, Power.READ, organisation)
    context = {
        "page": page,
        "campaigns": [(campaign, counts[campaign.pk]) for campaign in page.object_list],
        "may_prepare": organisation is not None and may(request.user, Power.PREPARE, organisation),
        "may_read": may_read,
        "on_desk": desk.count_open(organisation) if organisation is not None and may_read else 0,
    }
    return render(request, "campaigns/index.html", context)


@login_required
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft's state of preparation; any other campaign's progress and messages."""
    campaign = scope.campaign_or_404(request, pk)
    if campaign.is_prepared:
        return render(request, "campaigns/draft.html", _draft(request, campaign))
    context = _live(request, campaign) | _table(request, campaign)
    context["incidents"] = _incidents(Incident.objects.filter(message__campaign=campaign, seen_by=None))
    context |= {"expected": outlook.of(campaign), "hours": sentences.of_hours(campaign), "history": _history(campaign)}
    context |= {"failures": failures.of(campaign), "given": _given(campaign)}
    context["may_prepare"] = may(request.user, Power.PREPARE, campaign)
    return render(request, "campaigns/campaign.html", context)


@login_required
@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The counts and what may be done now, for htmx; without a trigger once nothing will change by itself."""
    campaign = scope.campaign_or_404(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(campaign)
    if campaign.is_prepared or request.GET.get("state", campaign.state) != campaign.state:
        return scope.anew()  # its launch came to nothing, or it moved on: the rest of the page is another one now
    return render(request, "campaigns/_live.html", _live(request, campaign))


@login_required
@require_GET
def messages(request: HttpRequest, pk: int) -> HttpResponse:
    """The table of messages, for htmx."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(campaign)
    context = _table(request, campaign)
    context["is_live"] = progress.may_change(campaign, progress.of(campaign))
    return render(request, "campaigns/_table.html", context)


@login_required
@require_GET
@framed.may_frame_own_pages
def message(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """One message: its status and what to do about it, its story, what was sent."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    row = _message(campaign, message_pk)
    context = {
        "campaign": campaign,
        "incidents": _incidents(row.incidents.all()),
        "may_read": True,
        "may_decide": may(request.user, Power.DECIDE, campaign),
        "message": row,
        "row_references": row_references.of_message(campaign, row),
        "advice": advice.of(row),
        "story": progress.story(row),
        "attempts": row.attempts.order_by("n"),
        "attachments": campaign.attachments.all(),
        "own_files": enclosures.own_of_row(campaign, row.line),
        "plain": texts.plain(row.content.body),
        "closing": Closing.objects.filter(message=row).select_related("by").first(),
        "anew": Recipient.objects.of_present_lists().filter(follows=row).select_related("campaign"),
        "before": Message.objects.filter(pk__in=campaign.recipients.filter(line=row.line).values("follows")).first(),
    }
    return render(request, "campaigns/message.html", context)


@login_required
@require_GET
def message_body(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """The text that was sent, for the frame in which it is shown."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    return framed.letter(_message(campaign, message_pk).content.body)


@login_required
@exports.limited
@require_GET
def results(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every message with its status as a CSV file."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    name = f"{slugify(campaign.name) or 'campaign'}.csv"
    return downloads.streamed(proving.as_csv(campaign), name=name, content_type="text/csv; charset=utf-8")


def _incidents(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    return rows.select_related("message", "attempt", "seen_by")[:INCIDENTS_SHOWN]


def _message(campaign: Campaign, pk: int) -> Message:
    rows = Message.objects.filter(campaign=campaign).select_related("content", "mailbox", "campaign__launched_by")
    return visible_or_404(rows, pk=pk)


def _draft(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    findings = readiness.check(campaign, quick=True)
    may_prepare = may(request.user, Power.PREPARE, campaign)
    submission, sheet = approving.latest(campaign), approving.sheet_of(campaign)
    return {
        "campaign": campaign,
        "submission": submission,
        "follows": campaign.recipients.filter(follows__isnull=False).count(),
        "tests": campaign.tests.order_by("-pk")[:TESTS_SHOWN],
        "given": submission.approvals.select_related("by") if submission and not campaign.is_draft else [],
        "sheet": sheet,
        "sheet_is_void": sheet is not None and approvals.is_void(sheet, campaign),
        "may_change": may_prepare and campaign.is_draft,
        "may_read": may(request.user, Power.READ, campaign),
        "may_approve": may(request.user, Power.APPROVE, campaign),
        "findings": [(finding, steps.url_of(campaign, finding)) for finding in findings],
        "blocks": any(finding.blocks for finding in findings),
        "go_on": next(
            (steps.url_of(campaign, finding) for finding in findings if finding.blocks and finding.place), ""
        ),
        "attachments": campaign.attachments.all(),
        "expected": outlook.of(campaign) if not any(finding.blocks for finding in findings) else None,
        "hours": sentences.of_hours(campaign),
        "steps": steps.of(campaign, current="", findings=findings),
        "history": _history(campaign),
        "may_prepare": may_prepare,
        "may_start": may(request.user, Power.START, campaign),
        "may_stop": may(request.user, Power.STOP, campaign),
    }


def _given(campaign: Campaign) -> QuerySet[Approval]:
    """The approvals with which it started."""
    rows = Approval.objects.filter(submission__campaign=campaign, submission__sheet=campaign.sheet_id)
    return rows.filter(submission__state=SubmissionState.APPROVED).select_related("by")


def _history(campaign: Campaign) -> QuerySet[StateChange]:
    return campaign.history.select_related("by").order_by("pk")


def _live(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    counts = progress.of(campaign)
    halted = campaign.state in (CampaignState.PAUSED, CampaignState.STOPPED)
    stoppable = CampaignState.STOPPED in CampaignState(campaign.state).successors
    return {
        "campaign": campaign,
        "progress": counts,
        "is_live": progress.may_change(campaign, counts),
        "standstills": progress.standstills(campaign),
        "senders": progress.by_mailbox(campaign) if campaign.is_split else [],
        "doubts": counts.count(Shown.UNCERTAIN),
        "may_decide": may(request.user, Power.DECIDE, campaign),
        "silent": silence.of(campaign),
        "answers": replies.count(campaign),
        "filling": room.warnings(campaign),
        "may_read": may(request.user, Power.READ, campaign),
        "may_start": may(request.user, Power.START, campaign),
        "may_undo": campaign.state in RECALLABLE and may(request.user, Power.STOP, campaign),
        "soon": launch.minutes_left(campaign),
        "going": counts.count(Shown.SENDING) if halted else 0,
        "may_stop": stoppable and may(request.user, Power.STOP, campaign),
    }


def _table(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """The messages that the filters leave, one page; nothing for those who may not see recipients."""
    if not may(request.user, Power.READ, campaign):
        return {}
    filters = FilterForm(request.GET, mailboxes=campaign.senders)
    page = listing.of_campaign(campaign, filters.wanted, edge=keyset.asked(request.GET))
    query = request.GET.urlencode()
    addresses = {box.pk: box.address for box in campaign.senders} if campaign.is_split else {}
    return {
        "campaign": campaign,
        "filters": filters,
        "page": page,
        "rows": [(row, addresses.get(row.mailbox_id, "")) for row in page.rows],
        "query": query,
        "row_headings": row_references.headings(campaign),
        "row_references": row_references.of_messages(page.rows),
    }
