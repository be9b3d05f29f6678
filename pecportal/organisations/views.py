"""The first page, which says what to do next, and the choice of the organisation to work for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pecportal.errors import Refusal
from pecportal.operation import deployment, liveness, switches
from pecportal.operation.liveness import Health
from pecportal.organisations import current, rules
from pecportal.organisations.forms import RulesForm
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, may, visible_or_404

_LATEST = 5
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: what it is about, a sentence, and the page where it is done ("" when it is somebody else's)."""

    title: str
    text: str
    url: str = ""
    action: str = ""


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What to do next in the organisation one works for, its latest campaigns and its mailboxes."""
    organisation = current.organisation(request)
    mailboxes = [box for box in _newest("mailboxes.Mailbox", request, organisation) if box.state != "discarded"]
    campaigns = [each for each in _newest("campaigns.Campaign", request, organisation) if not each.is_test]
    may_register = organisation is not None and may(request.user, Power.REGISTER, organisation, whole=True)
    may_prepare = organisation is not None and may(request.user, Power.PREPARE, organisation)
    can_send = any(mailbox.why_not() is None for mailbox in mailboxes)
    if organisation is None:
        steps = [_no_organisation(staff=request.user.is_staff)]
    else:
        steps = [*_about_switches(organisation), *_about_mailboxes(mailboxes, may_register=may_register)]
        if may(request.user, Power.KEYS, organisation):
            steps += _about_webhooks(organisation)
        if may(request.user, Power.APPROVE, organisation):
            steps += _about_approvals(campaigns, request.user.pk)
        if may_prepare:
            steps += _about_campaigns(campaigns, can_send=can_send)
    if request.user.is_staff:
        steps = [*_about_the_portal(), *steps]
    context = {
        "steps": steps,
        "mailboxes": mailboxes[:_LATEST],
        "campaigns": campaigns[:_LATEST],
        "may_register": may_register,
        "may_prepare": may_prepare,
        "can_send": can_send,
    }
    return render(request, "home.html", context)


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Work for another of one's organisations."""
    rows = Organisation.objects.visible_to(request.user)
    pk = request.POST.get("organisation", "")
    current.choose(request, visible_or_404(rows, pk=pk if pk.isdecimal() else None))
    return redirect("home")


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """The rules of the organisation one works for, which its administrator may make stricter, and their changes."""
    rows = Organisation.objects.visible_to(request.user, Power.RULES)
    chosen = current.organisation(request)
    organisation = visible_or_404(rows, pk=chosen.pk if chosen else None)
    form = RulesForm(request.POST if request.method == "POST" else None, instance=organisation)
    if form.is_valid() and isinstance(request.user, User):
        try:
            is_changed = rules.tighten(organisation, rules.Rules(**form.cleaned_data), actor=request.user)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The settings are saved.") if is_changed else _("Nothing was changed."))
            return redirect("organisation_settings")
    context = {"form": form, "changes": [(entry, rules.told(entry)) for entry in rules.latest(organisation)]}
    return render(request, "organisation_settings.html", context, status=422 if form.errors else 200)


def _newest(model: str, request: HttpRequest, organisation: Organisation | None) -> list[Any]:
    rows = apps.get_model(model)._default_manager.visible_to(request.user)
    return list(rows.filter(organisation=organisation).order_by("-pk")[:_LOOKED_AT])


def _about_the_portal() -> Iterator[NextStep]:
    """What an operator has to see first: lanes of work that do not go on, and sending that is off."""
    url = reverse("admin:operation_pulse_changelist")
    for lane in liveness.all_lanes():
        if lane.health is not Health.FINE:
            title = f"{lane.label}: {lane.health.label}"
            yield NextStep(title, " ".join(str(sign) for sign in lane.signs), url, _("Look"))
    if why := deployment.why_off():
        page = reverse("admin:operation_deployment_lift")
        yield NextStep(_("Sending is off"), deployment.sentence(why), page, _("Open"))


def _about_switches(organisation: Organisation) -> Iterator[NextStep]:
    """What the operators have stopped, in their words: nobody else can go on with it."""
    for switch in switches.of_organisation(organisation):
        title = _("Sending is switched off: %(what)s") % {"what": switch}
        yield NextStep(title, switch.sentence)


def _no_organisation(*, staff: bool) -> NextStep:
    title = _("You do not work for any organisation yet")
    if staff:
        text = _("In the console you can add yourself, or others, to an organisation.")
        return NextStep(title, text, reverse("admin:index"), _("Open the console"))
    return NextStep(title, _("Ask an administrator of your organisation to add you."))


def _about_mailboxes(mailboxes: Sequence[Any], *, may_register: bool) -> Iterator[NextStep]:
    if not mailboxes and may_register:
        text = _("Letters are sent from a certified mailbox. Getting one takes a form, a signature and some days.")
        yield NextStep(_("Get a mailbox"), text, reverse("mailboxes:start"), _("Start"))
    elif not mailboxes:
        text = _("Ask a mailbox keeper or an administrator of your organisation to get one.")
        yield NextStep(_("There is no mailbox yet"), text)
    for mailbox in mailboxes:
        if sentence := mailbox.next_step:
            yield NextStep(str(mailbox), sentence, mailbox.get_absolute_url(), _("Open"))


def _about_webhooks(organisation: Organisation) -> Iterator[NextStep]:
    """Those that the portal switched off by itself."""
    rows = apps.get_model("webhooks.Webhook")._default_manager.filter(organisation=organisation, state="disabled")
    for row in rows.exclude(because__in=["", "person"]):
        title = _("The webhook “%(name)s” is off") % {"name": row.name}
        yield NextStep(title, f"{row.get_because_display()}.", row.get_absolute_url(), _("Look"))


def _about_approvals(campaigns: Sequence[Any], person: int | None) -> Iterator[NextStep]:
    for campaign in campaigns:
        if campaign.state == "waiting" and campaign.created_by_id != person:
            text = _("This campaign waits for an approver: look at it, then approve it or send it back.")
            yield NextStep(campaign.name, text, campaign.get_absolute_url(), _("Open"))


def _about_campaigns(campaigns: Sequence[Any], *, can_send: bool) -> Iterator[NextStep]:
    if can_send and not campaigns:
        text = _("A letter, a list of recipients, attachments: the portal checks them before anything is sent.")
        yield NextStep(_("Start your first campaign"), text, reverse("campaigns:new"), _("Start"))
    for campaign in campaigns:
        if campaign.state == "draft":
            text = campaign.problem or _("This campaign is a draft: complete it, check it, and start it.")
            yield NextStep(campaign.name, text, campaign.get_absolute_url(), _("Go on"))
        elif campaign.state == "approved":
            text = _("This campaign is approved: start it.")
            yield NextStep(campaign.name, text, campaign.get_absolute_url(), _("Open"))
        elif campaign.state == "paused":
            text = _("This campaign is paused: nothing of it is sent until somebody resumes it.")
            yield NextStep(campaign.name, text, campaign.get_absolute_url(), _("Open"))
