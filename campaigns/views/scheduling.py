"""When a campaign may be sent, and when it is expected to have been."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from campaigns import outlook, readiness
from campaigns.forms import WhenForm
from campaigns.preparing import schedule
from campaigns.preparing.schedule import When
from campaigns.views import scope, steps
from pecportal.errors import Refusal
from pecportal.permissions import Power


@login_required
@require_http_methods(["GET", "POST"])
def when(request: HttpRequest, pk: int) -> HttpResponse:
    """Hours, days and dates of a draft."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    chosen = schedule.of(campaign)
    initial = {name: getattr(chosen, name) for name in When.__slots__} | {"weekdays": list(chosen.weekdays)}
    initial["pilot_size"] = chosen.pilot_size or None
    form = WhenForm(scope.posted(request), initial=initial)
    if form.is_valid():
        try:
            schedule.save(campaign, When(**form.cleaned_data), actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The times of sending are saved."))
            return redirect("campaigns:preview", campaign.pk)
    context = {
        "form": form,
        "campaign": campaign,
        "expected": outlook.of(campaign),
        "steps": steps.of(campaign, current="when", findings=readiness.check(campaign, quick=True)),
    }
    return render(request, "campaigns/when.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def expected(request: HttpRequest, pk: int) -> HttpResponse:
    """The forecast alone, for htmx."""
    campaign = scope.campaign_or_404(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(campaign)
    return render(request, "campaigns/_outlook.html", {"campaign": campaign, "expected": outlook.of(campaign)})
