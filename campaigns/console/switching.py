"""The switches: what is off and why, and switching off the portal, an account, a mailbox or a campaign."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.console.views import operator, page
from campaigns.models import Campaign, Message
from campaigns.models.senders import sent_from
from campaigns.states import CampaignState, MessageState, Shown
from mailboxes.models import Mailbox
from mailboxes.states import Kind
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.operation import switches
from pecportal.operation.models import Figure, Scope, Switch
from pecportal.organisations.models import Organisation, VendorAccount

ENDED = 20
RUNNING = 200
MOST = 100_000  # messages that are counted for a page


@dataclass(frozen=True, slots=True)
class Target:
    """What a switch is to be about: its name, whose it is, the running campaigns that it stops, what is on its way.

    Of the campaigns `going_on` have another mailbox, which goes on.
    """

    scope: Scope
    about: int
    name: str
    organisation: Organisation | None
    campaigns: list[Campaign]
    going_on: int
    waiting: int
    on_their_way: int


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What is off, what may be switched off, and what was."""
    operator(request)
    rows = switches.now().rows
    halted = [row.about for row in rows if row.scope == Scope.CAMPAIGN]
    context = {
        "off": rows,
        "ended": Switch.objects.exclude(ended_at=None).select_related("by", "ended_by").order_by("-ended_at")[:ENDED],
        "accounts": VendorAccount.objects.order_by("name"),
        "mailboxes": Mailbox.objects.filter(kind=Kind.MASSIVE).order_by("address")[:RUNNING],
        "campaigns": _running().exclude(pk__in=halted).order_by("-pk")[:RUNNING],
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
    running, name, whose, boxes = _running(), "", None, None
    if scope == Scope.ACCOUNT:
        account = get_object_or_404(VendorAccount, pk=pk) if pk else None
        name = str(account) if account else _("The account of the settings")
        boxes = Mailbox.objects.filter(vendor.served_by(account))
        running = running.filter(sent_from(boxes))
    elif scope == Scope.MAILBOX:
        mailbox = get_object_or_404(Mailbox.objects.select_related("organisation"), pk=pk)
        boxes = Mailbox.objects.filter(pk=mailbox.pk)
        name, whose, running = str(mailbox), mailbox.organisation, running.filter(sent_from(boxes))
    elif scope == Scope.CAMPAIGN:
        campaign = get_object_or_404(Campaign.objects.select_related("organisation"), pk=pk)
        name, whose, running = str(campaign), campaign.organisation, running.filter(pk=campaign.pk)
    elif scope != Scope.ALL:
        raise Http404
    found = list(running.order_by("-pk")[:RUNNING])
    waiting, going, others = _messages(found, boxes)
    return Target(Scope(scope), pk if scope != Scope.ALL else 0, name[:254], whose, found, others, waiting, going)


def _messages(found: list[Campaign], boxes: QuerySet[Mailbox] | None) -> tuple[int, int, int]:
    """How many messages of these wait and are on their way, from these mailboxes alone where only they are switched;
    and how many of the campaigns have other mailboxes beside."""
    split = [each.pk for each in found if each.is_split] if boxes is not None else []
    rest = [each.pk for each in found if each.pk not in split]
    counted = dict(Figure.objects.filter(kind="status.queued", about__in=rest).values_list("about", "value"))
    fresh = [pk for pk in rest if pk not in counted]  # what has just begun was not counted yet
    waiting = sum(counted.values())
    rows = Message.objects.filter(campaign__in=[each.pk for each in found]).order_by()  # an order hides the index
    if fresh:
        waiting += rows.filter(campaign__in=fresh, status=Shown.QUEUED)[:MOST].count()
    if boxes is not None:
        rows = rows.filter(mailbox__in=boxes.values("pk"))
    if split:
        waiting += rows.filter(campaign__in=split, state=MessageState.QUEUED)[:MOST].count()
    going = rows.filter(state=MessageState.SENDING)[:1000].count() if found else 0
    mine = set(boxes.values_list("pk", flat=True)) if boxes is not None and split else set()
    others = sum(1 for each in found if each.pk in split and not {each.mailbox_id, *each.further_mailboxes} <= mine)
    return waiting, going, others
