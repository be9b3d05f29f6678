"""Pages of messages in doubt: the list of them, the evidence on one, what a person decides, and what came late."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import deciders, evidence, incidents, sentences
from campaigns.evidence import Evidence
from campaigns.forms import DecisionForm
from campaigns.models import Attempt, Campaign, Choice, Decision, Incident, Message
from campaigns.sending import decisions, proofs
from campaigns.states import MessageState
from campaigns.views import scope, uploads
from pecportal import clock, downloads
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import User
from pecportal.permissions import Power, may, people_with, visible_or_404
from pecportal.signin import stepup

DOUBTS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the desk: a message in doubt, what is known, what is missing, who may decide."""

    message: Message
    evidence: Evidence
    missing: list[str]
    waiting: Decision | None
    deciders: list[User]


@login_required
@require_GET
def doubts(request: HttpRequest) -> HttpResponse:
    """The organisation's messages in doubt, the oldest first; `campaign` narrows it to one."""
    organisation = current.organisation(request)
    if organisation is None:
        return redirect("home")
    rows = Message.objects.visible_to(request.user, Power.READ).filter(
        campaign__organisation=organisation, state=MessageState.UNCERTAIN
    )
    wanted = request.GET.get("campaign", "")
    campaign = rows.filter(campaign=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 18 else None
    if campaign is not None:
        rows = rows.filter(campaign=campaign.campaign_id)
    rows = rows.select_related("campaign__organisation", "mailbox").order_by("state_since", "pk")
    page = Paginator(rows, DOUBTS_A_PAGE).get_page(request.GET.get("page"))
    approvers = _approvers(organisation.pk)
    context = {
        "page": page,
        "rows": [row for message in page if (row := _row(message, approvers)) is not None],
        "campaign": campaign.campaign if campaign else None,
        "query": f"campaign={campaign.campaign_id}" if campaign else "",
        "two_decide": organisation.two_decide,
        "now": clock.now(),
    }
    return render(request, "campaigns/doubts.html", context)


def _row(message: Message, approvers: list[User]) -> Row | None:
    attempt = evidence.in_doubt(message)
    if attempt is None:  # settled since the list was read
        return None
    attempt.message = message
    known = evidence.of(attempt)
    authors = deciders.authors(message.campaign)
    return Row(message, known, _missing(known), _waiting(attempt), [one for one in approvers if one.pk not in authors])


def _approvers(organisation_id: int) -> list[User]:
    return list(people_with(Power.DECIDE, organisation_id).order_by("last_name", "first_name", "pk"))


def _missing(known: Evidence) -> list[str]:
    """What keeps the message from being called not sent, and why readings of the mailbox do not help with that."""
    gaps = [str(sentences.GAPS[gap.value]) for gap in known.finding.gaps]
    short = known.shortfall
    if short is None:
        return gaps
    facts = {"words": short.words, "items": number_format(short.items), "total": number_format(short.total or 0)}
    return [*gaps, str(sentences.SHORTFALLS[short.code]) % facts]


def _waiting(attempt: Attempt) -> Decision | None:
    return attempt.decisions.filter(applied_at=None, withdrawn_at=None).select_related("by").first()


@login_required
@stepup.required_to_act
@uploads.to_disk(most=proofs.LARGEST)
@require_http_methods(["GET", "POST"])
def doubt(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """The evidence on a message in doubt, and the decision of whoever may decide."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    message = visible_or_404(Message.objects.filter(campaign=campaign).select_related("mailbox"), pk=message_pk)
    attempt = evidence.in_doubt(message)
    if attempt is None:
        messages.info(request, _("This message is not in doubt (any more)."))
        return redirect(message)
    known = evidence.of(attempt)
    form = DecisionForm(scope.posted(request), scope.posted_files(request))
    if form.is_valid():
        try:
            _tell(request, _decide(request, attempt, form))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            return redirect(message)
    context = _page(request, campaign, message, attempt, known) | {"form": form}
    return render(request, "campaigns/doubt.html", context, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, campaign: Campaign, message: Message, attempt: Attempt, known: Evidence
) -> dict[str, Any]:
    waiting, person = _waiting(attempt), scope.person(request)
    why_not = deciders.why_not(campaign, person)
    authors = deciders.authors(campaign)
    return {
        "campaign": campaign,
        "message": message,
        "attempt": attempt,
        "known": known,
        "missing": _missing(known),
        "why_not": why_not,
        "choices": [(choice, decisions.why_not(choice, known)) for choice in Choice],
        "deciders": [one for one in _approvers(campaign.organisation_id) if one.pk not in authors],
        "two_decide": campaign.organisation.two_decide,
        "waiting": waiting,
        "may_confirm": waiting is not None and not why_not and waiting.by_id != person.pk,
        "may_withdraw": waiting is not None and decisions.may_withdraw(waiting, person),
        "earlier": attempt.decisions.exclude(applied_at=None, withdrawn_at=None).select_related("by", "withdrawn_by"),
        "now": clock.now(),
    }


def _decide(request: HttpRequest, attempt: Attempt, form: DecisionForm) -> Decision:
    file: UploadedFile[Any] | None = form.cleaned_data["proof"]
    if file is not None and not uploads.is_whole(file):
        raise Refusal(_("The receipt is too large: at most 30 MB."), field="proof")
    return decisions.decide(
        attempt,
        choice=Choice(form.cleaned_data["choice"]),
        reason=form.cleaned_data["reason"],
        seen=form.cleaned_data["seen"],
        actor=scope.person(request),
        file=uploads.path_of(file) if file is not None else None,
        file_name=(file.name or "") if file is not None else "",
    )


def _tell(request: HttpRequest, decision: Decision) -> None:
    if decision.applied_at is None:
        messages.success(
            request, _("Your decision is kept. A second person has to confirm it before it is carried out.")
        )
    elif decision.choice == Choice.WAIT:
        messages.success(request, _("Your decision to wait is kept."))
    else:
        messages.success(request, _("The decision is carried out."))


@login_required
@stepup.required_to_act
@require_POST
def confirm(request: HttpRequest, pk: int, decision_pk: int) -> HttpResponse:
    """The second person's word."""
    decision = _decision(request, pk, decision_pk, Power.DECIDE)
    try:
        decisions.confirm(decision, seen=request.POST.get("seen", ""), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect("campaigns:doubt", pk, decision.attempt.message_id)
    messages.success(request, _("The decision is carried out."))
    return redirect(decision.attempt.message)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int, decision_pk: int) -> HttpResponse:
    """Take a decision back that waits for a second person."""
    decision = _decision(request, pk, decision_pk, Power.DECIDE)
    try:
        decisions.withdraw(decision, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The decision is withdrawn."))
    return redirect("campaigns:doubt", pk, decision.attempt.message_id)


@login_required
@require_GET
def proof(request: HttpRequest, pk: int, decision_pk: int) -> FileResponse:
    """The receipt that a person handed in."""
    decision = _decision(request, pk, decision_pk, Power.READ)
    name, kind = decision.proof_name, proofs.content_type(decision.proof_name)
    return downloads.hand_out(decision.proof_stored_as, name=name, content_type=kind, sha256=decision.proof_sha256)


def _decision(request: HttpRequest, pk: int, decision_pk: int, power: Power) -> Decision:
    campaign = scope.campaign_or_404(request, pk, power)
    rows = Decision.objects.filter(attempt__message__campaign=campaign).select_related("attempt__message")
    return visible_or_404(rows, pk=decision_pk)


@login_required
@require_POST
def seen(request: HttpRequest, pk: int, incident_pk: int) -> HttpResponse:
    """A person has taken note of an incident."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    rows = Incident.objects.filter(message__campaign=campaign)
    incident = visible_or_404(rows.select_related("message__campaign__organisation"), pk=incident_pk)
    if not may(request.user, Power.DECIDE, campaign):
        messages.error(request, _("Only an approver of your organisation may take note of an incident."))
    elif incidents.see(incident, actor=scope.person(request)):
        messages.success(request, _("It is noted that you have seen it."))
    return redirect(incident.message)
