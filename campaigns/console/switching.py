"""The switches: what is off and why, and switching off the portal, an account, a mailbox or a campaign."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.console.views import operator, page
from campaigns.models import Campaign, Message
from campaigns.states import CampaignState, MessageState
from mailboxes.models import Mailbox
from mailboxes.states import Kind
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.operation import switches
from pecportal.operation.models import Figure, Scope, Switch
from pecportal.organisations.models import Organisation, VendorAccount

ENDED = 20
RUNNING = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What a switch is to be about: its name, whose it is, the running campaigns that it stops, what is on its way."""

    scope: Scope
    about: int
    name: str
    organisation: Organisation | None
    campaigns: list[Campaign]
    waiting: int
    on_their_way: int


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What is off, what may be switched off, and what was."""
    operator(request)
    context = {
        "off": switches.now().rows,
        "ended": Switch.objects.exclude(ended_at=None).select_related("by", "ended_by").order_by("-ended_at")[:ENDED],
        "accounts": VendorAccount.objects.order_by("name"),
        "mailboxes": Mailbox.objects.filter(kind=Kind.MASSIVE).order_by("address")[:RUNNING],
        "campaigns": _running().order_by("-pk")[:RUNNING],
    }
    return page(request, "console/switches.html", _("Switches"), context)


@require_http_methods(["GET", "POST"])
def off(request: HttpRequest) -> HttpResponse:
    """What would be stopped, then the sentence for the clerks and the reason; switched off already, it says so."""
    who, given = operator(request), request.POST if request.method == "POST" else request.GET
    target = _target(given.get("scope", ""), given.get("about", ""))
    sentence, reason, refused = given.get("sentence", ""), given.get("reason", ""), ""
    if request.method == "POST":
        try:
            is_new = switches.turn_off(
                target.scope,
                target.about,
                name=target.name,
                sentence=sentence,
                reason=reason,
                actor=who,
                organisation=target.organisation,
            )
        except Refusal as refusal:
            refused = str(refusal)
        else:
            words = _("It is switched off: nothing more of it leaves.") if is_new else _("It was switched off already.")
            messages.success(request, words) if is_new else messages.info(request, words)
            return redirect("console:switches")
    context = {"target": target, "sentence": sentence, "reason": reason, "refused": refused}
    return page(
        request, "console/switch_off.html", _("Switch the sending off"), context, status=422 if refused else 200
    )


@require_POST
def on(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch it on again, for a reason."""
    who, row = operator(request), get_object_or_404(Switch, pk=pk)
    try:
        done = row.ended_at is None and switches.turn_on(
            Scope(row.scope), row.about, reason=request.POST.get("reason", ""), actor=who
        )
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        words = _("It is switched on: sending goes on.") if done else _("It was switched on already.")
        messages.success(request, words) if done else messages.info(request, words)
    return redirect("console:switches")


def _running() -> Any:
    states = [CampaignState.LAUNCHING, CampaignState.SCHEDULED, CampaignState.RUNNING]
    return Campaign.objects.filter(state__in=states).select_related("organisation", "mailbox")


def _target(scope: str, about: str) -> Target:
    pk = int(about) if about.isascii() and about.isdigit() and len(about) < 18 else 0
    running, name, whose = _running(), "", None
    if scope == Scope.ACCOUNT:
        account = get_object_or_404(VendorAccount, pk=pk) if pk else None
        name = str(account) if account else _("The account of the settings")
        boxes = Mailbox.objects.filter(vendor.served_by(account))
        running = running.filter(mailbox__in=boxes.values("pk"))
    elif scope == Scope.MAILBOX:
        mailbox = get_object_or_404(Mailbox.objects.select_related("organisation"), pk=pk)
        name, whose, running = str(mailbox), mailbox.organisation, running.filter(mailbox=mailbox)
    elif scope == Scope.CAMPAIGN:
        campaign = get_object_or_404(Campaign.objects.select_related("organisation"), pk=pk)
        name, whose, running = str(campaign), campaign.organisation, running.filter(pk=campaign.pk)
    elif scope != Scope.ALL:
        raise Http404
    found = list(running.order_by("-pk")[:RUNNING])
    ids = [each.pk for each in found]
    waiting = Figure.objects.filter(kind="status.queued", about__in=ids).values_list("value", flat=True)
    going = Message.objects.filter(campaign__in=ids, state=MessageState.SENDING)[:1000].count() if ids else 0
    return Target(Scope(scope), pk if scope != Scope.ALL else 0, name[:254], whose, found, sum(waiting), going)
