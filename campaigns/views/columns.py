"""Pages between the upload of a list and the list: its columns are confirmed, and its reading is watched."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import readiness
from campaigns.forms import ColumnsForm
from campaigns.models import Campaign, ListReading, ReadingState
from campaigns.preparing import domains as checking
from campaigns.preparing import readings
from campaigns.views import scope, steps
from pecportal.errors import Refusal
from pecportal.permissions import Power


@login_required
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What each column of the uploaded list is, as it was guessed, for the clerk to confirm."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    reading = readings.of(campaign)
    if not campaign.is_draft or reading is None or reading.state != ReadingState.CHOOSING:
        return redirect("campaigns:recipients", campaign.pk)
    form = ColumnsForm(scope.posted(request), columns=reading.columns, roles=reading.roles)
    if form.is_valid():
        try:
            return _chosen(request, readings.choose(reading, form.roles))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {
        "campaign": campaign,
        "reading": reading,
        "form": form,
        "columns": list(zip(form, reading.samples, strict=True)),
        "steps": steps.of(campaign, current="list", findings=readiness.check(campaign, quick=True)),
    }
    return render(request, "campaigns/columns.html", context, status=422 if form.errors else 200)


def _chosen(request: HttpRequest, reading: ListReading) -> HttpResponse:
    if reading.state == ReadingState.DONE:
        total = Campaign.objects.get(pk=reading.campaign_id).recipients_total
        sentence = ngettext("One recipient was read.", "%(count)s recipients were read.", total)
        messages.success(request, sentence % {"count": total})
    return redirect("campaigns:recipients", reading.campaign_id)


@login_required
@require_POST
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at another sheet of the uploaded workbook."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    reading, wanted = readings.of(campaign), request.POST.get("sheet", "")
    if reading is not None and wanted.isascii() and wanted.isdecimal():
        try:
            readings.turn_to(reading, int(wanted[:9]))
        except Refusal as refusal:
            scope.shout(request, refusal)
    return redirect("campaigns:columns", campaign.pk)


@login_required
@require_GET
def reading(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the reading of the list is; htmx asks until it is over, and then the page is loaded anew."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    found = readings.of(campaign)
    if not getattr(request, "htmx", False):
        return redirect("campaigns:recipients", campaign.pk)
    if found is None or not found.is_moving:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "campaigns/_reading.html", {"campaign": campaign, "reading": found})


@login_required
@require_POST
def cancel_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the reading; the list that was there stays."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    found = campaign.readings.filter(pk=_number(request, "reading")).first()
    if found is None:
        raise Http404
    if readings.cancel(found):
        messages.success(request, _("The file is not taken in."))
    return redirect("campaigns:recipients", campaign.pk)


@login_required
@require_http_methods(["GET", "POST"])
def domains(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of the list's domains, and what asking for the others costs."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft or not campaign.list_name:
        return redirect("campaigns:recipients", campaign.pk)
    if request.method == "POST":
        try:
            checking.order(campaign, unknown=_number(request, "unknown"), actor=scope.person(request))
        except Refusal as refusal:
            scope.shout(request, refusal)
        return redirect("campaigns:domains", campaign.pk)
    context = {
        "campaign": campaign,
        "standing": checking.standing(campaign),
        "steps": steps.of(campaign, current="list", findings=readiness.check(campaign, quick=True)),
    }
    template = "campaigns/_domains.html" if getattr(request, "htmx", False) else "campaigns/domains.html"
    return render(request, template, context)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
