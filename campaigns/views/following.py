"""What is done about messages that did not arrive; a copy of a campaign; a test of one message to oneself."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import failures
from campaigns.failures import Cause
from campaigns.forms import CloseForm, TestForm
from campaigns.preparing import copying, following, trying
from campaigns.views import scope
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.signin import stepup

ROWS_A_PAGE = 100
LONGEST = 254


@login_required
@require_POST
def again(request: HttpRequest, pk: int, cause: str) -> HttpResponse:
    """A new draft with the messages that failed for a cause."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        draft = following.again(campaign, _cause(cause), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    messages.success(request, _("This is a draft with those messages: look at it, then check and start it."))
    if _cause(cause) in (Cause.UNKNOWN, Cause.NOT_CERTIFIED):
        return redirect("campaigns:addresses", draft.pk)
    return redirect(draft)


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, pk: int, cause: str) -> HttpResponse:
    """Note that nothing more is done about the messages that failed for a cause."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    chosen = _cause(cause)
    form = CloseForm(scope.posted(request))
    if form.is_valid():
        try:
            count = following.close(campaign, chosen, reason=form.cleaned_data["reason"], actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            sentence = ngettext("One message has the note.", "%(count)s messages have the note.", count)
            messages.success(request, sentence % {"count": count})
            return redirect(campaign)
    group = next((group for group in failures.of(campaign) if group.cause == chosen), None)
    context = {"campaign": campaign, "form": form, "cause": chosen, "count": group.open if group else 0}
    return render(request, "campaigns/close.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def addresses(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct the addresses of rows that come from another campaign, a page at a time."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    after = _number(request.GET.get("after", ""))
    rows = list(campaign.recipients.filter(follows__isnull=False, line__gt=after).order_by("line")[: ROWS_A_PAGE + 1])
    shown, fault = rows[:ROWS_A_PAGE], None
    typed = {row.line: request.POST.get(f"address-{row.line}", row.address)[: LONGEST + 1].strip() for row in shown}
    if request.method == "POST":
        try:
            following.correct(campaign, typed, actor=scope.person(request))
        except Refusal as refusal:
            fault = refusal
        else:
            messages.success(request, _("The addresses are saved."))
            if len(rows) > ROWS_A_PAGE:
                return redirect(f"{request.path}?after={shown[-1].line}")
            return redirect(campaign)
    context = {
        "campaign": campaign,
        "rows": [(row, typed[row.line], f"address-{row.line}") for row in shown],
        "fault": fault,
        "has_more": len(rows) > ROWS_A_PAGE,
    }
    return render(request, "campaigns/addresses.html", context, status=422 if fault else 200)


@login_required
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft with the same text, files and hours."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        draft = copying.duplicate(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    messages.success(request, _("This is a copy without recipients: upload its list."))
    return redirect("campaigns:recipients", draft.pk)


@login_required
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the message of one row to an address that is typed in."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    form, line = TestForm(request.POST), _number(request.POST.get("line", ""))
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("campaigns:preview", campaign.pk)
    try:
        sent = trying.send(campaign, line=line, address=form.cleaned_data["address"], actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect("campaigns:preview", campaign.pk)
    messages.success(request, _("The test is on its way: this page follows it."))
    return redirect(sent)


def _cause(value: str) -> Cause:
    if value not in Cause.values:
        raise Http404
    return Cause(value)


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
