"""Handing a checked campaign in, and approving or rejecting what somebody else prepared; the sheet as page and PDF."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import approvals, enclosures
from campaigns.forms import RejectForm, StartForm
from campaigns.models import Campaign, Sheet, Submission
from campaigns.preparing import approving, preview
from campaigns.states import SheetState, SubmissionState
from campaigns.views import framed, scope
from pecportal import exports, pdf, press
from pecportal.errors import Refusal
from pecportal.permissions import Power, visible_or_404
from pecportal.signin import stepup


@login_required
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the checked draft in."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        approving.submit(campaign, seen=request.POST.get("seen", ""), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect("campaigns:start", campaign.pk)
    messages.success(request, _("The campaign is handed in. Who may approve it has been written to."))
    return redirect(campaign)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a draft of it again, to change it."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        approving.take_back(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The campaign is a draft again, and its approval is void."))
    return redirect(campaign)


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
@framed.may_frame_own_pages
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet that was handed in, for whoever may approve it; it says why somebody may not."""
    campaign = scope.campaign_or_404(request, pk, Power.APPROVE)
    submission = approvals.in_force(campaign)
    if submission is None or submission.state != SubmissionState.OPEN:
        messages.info(request, _("This campaign does not wait for its approval any more."))
        return redirect(campaign)
    submission.campaign = campaign
    is_rejection = request.POST.get("act") == "reject"
    form = StartForm(None if is_rejection else scope.posted(request), campaign=campaign)
    rejection = RejectForm(scope.posted(request) if is_rejection else None)
    if request.method == "POST":
        done = _reject(request, submission, rejection) if is_rejection else _approve(request, submission, form)
        if done:
            return redirect(campaign)
    first = preview.of(campaign)
    shown: forms.Form = rejection if is_rejection else form
    context = {
        "campaign": campaign,
        "submission": submission,
        "sheet": submission.sheet,
        "is_void": approvals.is_void(submission.sheet, campaign),
        "why_not": approvals.why_not(submission, scope.person(request)),
        "given": submission.approvals.select_related("by"),
        "has_approved": submission.approvals.filter(by=scope.person(request)).exists(),
        "needed": approvals.needed(campaign),
        "form": shown,
        "approve_form": form,
        "reject_form": rejection,
        "preview": first,
        "own_files": enclosures.own_of_row(campaign, first.line) if first else (),
    }
    return render(request, "campaigns/approval.html", context, status=422 if shown.errors else 200)


def _approve(request: HttpRequest, submission: Submission, form: StartForm) -> bool:
    if not form.is_valid():
        return False
    typed = form.cleaned_data.get("count", "")
    try:
        done = approving.approve(submission, seen=form.cleaned_data["seen"], actor=scope.person(request), typed=typed)
    except Refusal as refusal:
        scope.tell(form, refusal)
        return False
    words = _("The campaign is approved: it can be started.") if done else _("Approved. A second person has to, too.")
    messages.success(request, words)
    return True


def _reject(request: HttpRequest, submission: Submission, form: RejectForm) -> bool:
    if not form.is_valid():
        return False
    try:
        approving.reject(submission, reason=form.cleaned_data["reason"], actor=scope.person(request))
    except Refusal as refusal:
        scope.tell(form, refusal)
        return False
    messages.success(request, _("The campaign went back to its preparer, who is told why."))
    return True


@login_required
@require_GET
def sheet(request: HttpRequest, pk: int, sheet_pk: int) -> HttpResponse:
    """A sheet as it was made, to be read and printed; it says whether it still holds."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    return render(request, "campaigns/sheet.html", _sheet(campaign, _made(campaign, sheet_pk)))


@login_required
@exports.limited
@require_GET
def sheet_pdf(request: HttpRequest, pk: int, sheet_pk: int) -> HttpResponse:
    """The same as a PDF, in the installation's language, as what it says was told."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    found = _made(campaign, sheet_pk)
    with translation.override(settings.LANGUAGE_CODE):
        try:
            content = pdf.render("campaigns/sheet_pdf.html", _sheet(campaign, found), style="css/sheet.css")
        except press.Unprintable:
            messages.error(request, _("The PDF was not made in time: try again, or print this page."))
            return redirect("campaigns:sheet", campaign.pk, found.pk)
    name = f"{slugify(campaign.name) or 'campaign'}-{found.sha256[:8]}.pdf"
    return framed.made(content, name=name)


def _made(campaign: Campaign, pk: int) -> Sheet:
    return visible_or_404(campaign.sheets.filter(state=SheetState.READY).select_related("asked_by"), pk=pk)


def _sheet(campaign: Campaign, found: Sheet) -> dict[str, Any]:
    rows = found.submissions.filter(state=SubmissionState.APPROVED)
    submission = rows.first()
    return {
        "campaign": campaign,
        "sheet": found,
        "is_void": campaign.is_prepared and approvals.is_void(found, campaign),
        "given": submission.approvals.select_related("by") if submission is not None else [],
    }
