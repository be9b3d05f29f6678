"""Messages that wait at a mailbox which cannot send any more are given to the campaign's others."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from campaigns.sending import moving
from campaigns.views import scope
from pecportal.errors import Refusal
from pecportal.permissions import Power


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int, mailbox_pk: int) -> HttpResponse:
    """Asked on a page of its own: it says who gets how many, and the act is recorded."""
    campaign = scope.campaign_or_404(request, pk, Power.START)
    mailbox = next((box for box in campaign.senders if box.pk == mailbox_pk), None)
    if mailbox is None:
        raise Http404
    try:
        if request.method == "GET":
            found = moving.plan(campaign, mailbox)
            return render(request, "campaigns/move.html", {"campaign": campaign, "mailbox": mailbox, "move": found})
        found = moving.move(campaign, mailbox, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    sentence = ngettext(
        "One message was given to another mailbox.", "%(count)s messages were given to other mailboxes.", found.count
    )
    messages.success(request, sentence % {"count": found.count})
    return redirect(campaign)
