"""Pages that follow campaigns: all of them, one with its counts and messages, one message with its story."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRefresh

from campaigns import readiness
from campaigns import text as texts
from campaigns.forms import FilterForm
from campaigns.models import Campaign, Message
from campaigns.proving import results as proving
from campaigns.states import CampaignState
from campaigns.tracking import advice, progress
from campaigns.views import framed, scope, steps
from pecportal.organisations import current
from pecportal.permissions import Power, may, visible_or_404

CAMPAIGNS_A_PAGE = 20
MESSAGES_A_PAGE = 50


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The campaigns of the organisation that one works for, newest first."""
    organisation = current.organisation(request)
    rows = Campaign.objects.visible_to(request.user).filter(organisation=organisation).select_related("mailbox")
    page = Paginator(rows.order_by("-pk"), CAMPAIGNS_A_PAGE).get_page(request.GET.get("page"))
    counts = progress.of_many(page.object_list)
    context = {
        "page": page,
        "campaigns": [(campaign, counts[campaign.pk]) for campaign in page.object_list],
        "may_prepare": organisation is not None and may(request.user, Power.PREPARE, organisation),
    }
    return render(request, "campaigns/index.html", context)


@login_required
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft's state of preparation; any other campaign's progress and messages."""
    campaign = scope.campaign_or_404(request, pk)
    if campaign.is_draft:
        return render(request, "campaigns/draft.html", _draft(request, campaign))
    context = _live(request, campaign) | _table(request, campaign)
    return render(request, "campaigns/campaign.html", context)


@login_required
@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The counts and what may be done now, for htmx; without a trigger once nothing will change by itself."""
    campaign = scope.campaign_or_404(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(campaign)
    if campaign.is_draft:  # its launch came to nothing: the page is another one now
        return HttpResponseClientRefresh()
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
        "message": row,
        "advice": advice.of(row),
        "story": progress.story(row),
        "attempts": row.attempts.order_by("n"),
        "attachments": campaign.attachments.all(),
        "plain": texts.plain(row.content.body),
    }
    return render(request, "campaigns/message.html", context)


@login_required
@require_GET
def message_body(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """The text that was sent, for the frame in which it is shown."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    return framed.letter(_message(campaign, message_pk).content.body)


@login_required
@require_GET
def results(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every message with its status as a CSV file."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    name = f"{slugify(campaign.name) or 'campaign'}.csv"
    response = StreamingHttpResponse(proving.as_csv(campaign), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _message(campaign: Campaign, pk: int) -> Message:
    rows = Message.objects.filter(campaign=campaign).select_related("content", "mailbox", "campaign__launched_by")
    return visible_or_404(rows, pk=pk)


def _draft(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    findings = readiness.check(campaign, quick=True)
    return {
        "campaign": campaign,
        "findings": [(finding, steps.url_of(campaign, finding)) for finding in findings],
        "blocks": any(finding.blocks for finding in findings),
        "go_on": next(
            (steps.url_of(campaign, finding) for finding in findings if finding.blocks and finding.place), ""
        ),
        "attachments": campaign.attachments.all(),
        "steps": steps.of(campaign, current="", findings=findings),
        "may_prepare": may(request.user, Power.PREPARE, campaign.organisation),
        "may_start": may(request.user, Power.START, campaign.organisation),
        "may_stop": may(request.user, Power.STOP, campaign.organisation),
    }


def _live(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    counts = progress.of(campaign)
    running = campaign.state in (CampaignState.RUNNING, CampaignState.LAUNCHING, CampaignState.PAUSED)
    return {
        "campaign": campaign,
        "progress": counts,
        "is_live": progress.may_change(campaign, counts),
        "standstill": progress.hold(campaign),
        "may_read": may(request.user, Power.READ, campaign.organisation),
        "may_start": may(request.user, Power.START, campaign.organisation),
        "may_cancel": running and may(request.user, Power.STOP, campaign.organisation),
    }


def _table(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """The messages that the filters leave, one page; nothing for those who may not see recipients."""
    if not may(request.user, Power.READ, campaign.organisation):
        return {}
    filters = FilterForm(request.GET)
    page = _page(campaign, filters.wanted, request.GET.get("page"))
    query = request.GET.urlencode()
    return {"campaign": campaign, "filters": filters, "page": page, "query": query}


def _page(campaign: Campaign, wanted: dict[str, str], number: str | None) -> Page[Message]:
    rows = Message.objects.filter(campaign=campaign)
    order = "line"
    if "status" in wanted:
        rows, order = rows.filter(status=wanted["status"]), "pk"  # made in the order of lines: the same, and indexed
    if "q" in wanted:
        typed = wanted["q"].strip()
        rows = rows.filter(Q(recipient__icontains=typed) | Q(ref=typed.upper()[:10]))
    return Paginator(rows.order_by(order), MESSAGES_A_PAGE).get_page(number)
