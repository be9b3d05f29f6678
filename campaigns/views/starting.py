"""The check of a draft and its start; undoing, pausing, resuming and stopping what was started."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import approvals, enclosures, outlook, readiness, switched
from campaigns.forms import StartForm
from campaigns.models import Campaign
from campaigns.preparing import approving, preflight, preview
from campaigns.sending import launch
from campaigns.states import STARTABLE, SheetState
from campaigns.views import framed, scope, steps
from pecportal.errors import Refusal
from pecportal.permissions import Power, may
from pecportal.signin import stepup


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
@framed.may_frame_own_pages
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """The check before sending, and the word that it may go. A second click finds it started and says so."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    if campaign.state not in STARTABLE:
        messages.info(request, _("This campaign is not a draft any more."))
        return redirect(campaign)
    sheet = approving.sheet_of(campaign)
    form = StartForm(scope.posted(request), campaign=campaign)
    if request.method == "POST" and _launch(request, campaign, form):
        return redirect(campaign)
    findings = readiness.check(campaign)
    first = preview.of(campaign)
    context = {
        **_checking(campaign),
        "switch": switched.off(campaign),
        "form": form,
        "sheet": sheet,
        "is_void": sheet is not None and approvals.is_void(sheet, campaign),
        "needed": approvals.needed(campaign),
        "may_prepare": may(request.user, Power.PREPARE, campaign),
        "blocking": [(finding, steps.url_of(campaign, finding)) for finding in findings if finding.blocks],
        "notes": [(finding, steps.url_of(campaign, finding)) for finding in findings if not finding.blocks],
        "stale": outlook.stale(campaign, dict(sheet.split)) if sheet is not None else "",
        "preview": first,
        "own_files": enclosures.own_of_row(campaign, first.line) if first else (),
        "steps": steps.of(campaign, current="start", findings=findings) if campaign.is_draft else [],
    }
    return render(request, "campaigns/start.html", context, status=422 if form.errors else 200)


def _checking(campaign: Campaign) -> dict[str, Any]:
    """The sheet that is being made, if one is, or the last one if it came to nothing."""
    latest = campaign.sheets.order_by("pk").last()
    return {
        "campaign": campaign,
        "making": latest if latest is not None and latest.state == SheetState.MAKING else None,
        "failed": latest if latest is not None and latest.state == SheetState.FAILED else None,
    }


def _launch(request: HttpRequest, campaign: Campaign, form: StartForm) -> bool:
    """Start it if what the clerk saw is what is there; say whether the page is done with."""
    if not form.is_valid():
        return False
    try:
        launch.launch(
            campaign,
            actor=scope.person(request),
            seen=form.cleaned_data["seen"],
            typed=form.cleaned_data.get("count", ""),
        )
    except Refusal as refusal:
        campaign.refresh_from_db()
        if campaign.is_prepared:
            scope.tell(form, refusal)
            return False
    else:
        messages.success(request, _("The campaign is started: its messages are being made ready."))
    return True


@login_required
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Have every row put together and looked at, in the background."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    try:
        preflight.ask(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:start", campaign.pk)


@login_required
@require_GET
def checking(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the check is, for htmx; once it is made, the whole page is another one."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    context = _checking(campaign)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("campaigns:start", campaign.pk)
    if context["making"] is None:
        return scope.anew()
    return render(request, "campaigns/_checking.html", context)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a start back before the first message leaves."""
    campaign = scope.campaign_or_404(request, pk, Power.STOP)
    try:
        launch.undo(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The start was taken back: nothing was sent, and the campaign is a draft again."))
    return redirect(campaign)


@login_required
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send no further message for now."""
    campaign = scope.campaign_or_404(request, pk, Power.STOP)
    try:
        going = launch.pause(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, " ".join([_("The campaign is paused."), *_going(going)]))
    return redirect(campaign)


def _going(count: int) -> list[str]:
    """How many messages were on their way already, as a sentence; none when none was."""
    sentence = ngettext(
        "One message was already on its way, and is finished.",
        "%(count)s messages were already on their way, and are finished.",
        count,
    )
    return [sentence % {"count": count}] if count else []


@login_required
@stepup.required_to_act
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on sending."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    try:
        launch.resume(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The campaign goes on."))
    return redirect(campaign)


@login_required
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Send none of those that still wait, for good: asked on a page of its own, since there is no way back."""
    campaign = scope.campaign_or_404(request, pk, Power.STOP)
    if request.method == "GET":
        return render(request, "campaigns/stop.html", {"campaign": campaign})
    try:
        found = launch.stop(campaign, actor=scope.person(request), reason=request.POST.get("reason", "").strip()[:2000])
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    sentence = ngettext(
        "The campaign is stopped: one message will not be sent.",
        "The campaign is stopped: %(count)s messages will not be sent.",
        found.kept_back,
    )
    messages.success(request, " ".join([sentence % {"count": found.kept_back}, *_going(found.on_their_way)]))
    return redirect(campaign)
