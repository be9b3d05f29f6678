"""Starting a checked draft; pausing, resuming and cancelling what runs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import readiness
from campaigns.forms import StartForm
from campaigns.models import Campaign
from campaigns.preparing import preview
from campaigns.sending import launch
from campaigns.views import framed, scope, steps
from pecportal.errors import Refusal
from pecportal.permissions import Power


@login_required
@require_http_methods(["GET", "POST"])
@framed.may_frame_own_pages
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """The check before sending, and the word that it may go. A second click finds it started and says so."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    if not campaign.is_draft:
        messages.info(request, _("This campaign is not a draft any more."))
        return redirect(campaign)
    findings = readiness.check(campaign)
    seen = readiness.fingerprint(campaign)
    form = StartForm(scope.posted(request), campaign=campaign, initial={"seen": seen})
    if request.method == "POST" and _launch(request, campaign, form, seen):
        return redirect(campaign)
    context = {
        "campaign": campaign,
        "form": form,
        "seen": seen,
        "blocking": [(finding, steps.url_of(campaign, finding)) for finding in findings if finding.blocks],
        "notes": [(finding, steps.url_of(campaign, finding)) for finding in findings if not finding.blocks],
        "preview": preview.of(campaign),
        "attachments": campaign.attachments.all(),
        "steps": steps.of(campaign, current="start", findings=findings),
    }
    return render(request, "campaigns/start.html", context, status=422 if form.errors else 200)


def _launch(request: HttpRequest, campaign: Campaign, form: StartForm, seen: str) -> bool:
    """Start it if what the clerk saw is what is there; say whether the page is done with."""
    if not form.is_valid():
        return False
    if form.cleaned_data["seen"] != seen:
        form.add_error(None, _("The campaign has changed since this page was shown. Look at it again, then start it."))
        return False
    try:
        launch.launch(campaign, actor=scope.person(request))
    except Refusal as refusal:
        campaign.refresh_from_db()
        if campaign.is_draft:
            form.add_error(None, str(refusal))
            return False
    else:
        messages.success(request, _("The campaign is started: its messages are being made ready."))
    return True


@login_required
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send no further message for now."""
    campaign = scope.campaign_or_404(request, pk, Power.STOP)
    try:
        launch.pause(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The campaign is paused. Messages already on their way are finished."))
    return redirect(campaign)


@login_required
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
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Send none of those that still wait, for good: asked on a page of its own, since there is no way back."""
    campaign = scope.campaign_or_404(request, pk, Power.STOP)
    if request.method == "GET":
        return render(request, "campaigns/cancel.html", {"campaign": campaign})
    try:
        count = launch.cancel(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    sentence = ngettext(
        "The campaign is cancelled: one message will not be sent.",
        "The campaign is cancelled: %(count)s messages will not be sent.",
        count,
    )
    messages.success(request, sentence % {"count": count})
    return redirect(campaign)
