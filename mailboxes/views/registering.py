"""The registration, a page a step. Each step is stored: leaving and coming back loses nothing."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import asking, registration, steps
from mailboxes.forms import AddressForm, ApplicantForm, HolderForm, KindForm
from mailboxes.models import Mailbox
from mailboxes.states import MailboxState
from mailboxes.views import wizard
from mailboxes.views.scope import mailbox_of, organisation_for, person, show, status_of
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.permissions import Power


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Begin with the address that is wanted."""
    organisation = organisation_for(request, Power.REGISTER)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if "check" in request.POST:
            return _page(request, form, None, verdict=_asked(form))
        try:
            mailbox = registration.start(organisation, address=form.cleaned_data["address"], actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return redirect("mailboxes:step", mailbox.pk, "kind")
    return _page(request, form, None)


@login_required
@require_GET
def availability(request: HttpRequest) -> HttpResponse:
    """Whether an address is free, as a fragment."""
    organisation_for(request, Power.REGISTER)
    form = AddressForm(request.GET)
    context = {"verdict": _asked(form)} if form.is_valid() else {"problems": form.errors.get("address")}
    return render(request, "mailboxes/_availability.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Fill in one step; the vendor's own objection stands beside its field."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if step not in steps.STEPS:
        raise Http404
    if mailbox.state != MailboxState.DRAFT:
        return _sent_already(request, mailbox)
    form = _form(mailbox, step, request)
    if form.is_valid():
        if "check" in request.POST:
            return _page(request, form, mailbox, verdict=_asked(form))
        try:
            registration.save_step(mailbox, step, form.cleaned_data)
        except Refusal as exc:
            show(form, exc)
        else:
            return redirect(wizard.next_url(Mailbox.objects.get(pk=mailbox.pk)))
    return _page(request, form, mailbox, step)


@login_required
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything at a glance before it is sent."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if mailbox.state != MailboxState.DRAFT:
        return _sent_already(request, mailbox)
    if steps.missing_steps(mailbox.application):
        return redirect(wizard.next_url(mailbox))
    concerned = steps.step_of(mailbox.problem_field)
    context = {
        "mailbox": mailbox,
        "sections": wizard.sections(mailbox),
        "doubts": wizard.doubts(mailbox.application),
        "objection": mailbox.objection,
        "objection_url": wizard.url_of(mailbox, concerned) if concerned != steps.REVIEW else "",
        "steps": wizard.stages(mailbox, steps.REVIEW),
    }
    return render(request, "mailboxes/review.html", context)


@login_required
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the registration; a second click finds it sent already."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        registration.submit(mailbox, actor=person(request))
    except Refusal as exc:
        messages.info(request, str(exc))
    return redirect(mailbox)


@login_required
@require_POST
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the data up again after an answer was lost."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        registration.ask_again(mailbox, actor=person(request))
    except Refusal as exc:
        messages.warning(request, str(exc))
    return redirect(mailbox)


def _sent_already(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    messages.info(request, _("The registration was sent already: its data cannot be changed any more."))
    return redirect(mailbox)


def _form(mailbox: Mailbox, step: str, request: HttpRequest) -> forms.BaseForm:
    data = request.POST if request.method == "POST" else None
    if step == "address":
        return AddressForm(data, initial={"address": mailbox.address})
    if step == "kind":
        return KindForm(data, instance=mailbox, initial={"autorinnovo": mailbox.application.autorinnovo})
    kind = {"applicant": ApplicantForm, "holder": HolderForm}[step]
    return kind(data, instance=mailbox.application)


def _asked(form: forms.BaseForm) -> asking.Verdict:
    return asking.ask(form.cleaned_data["address"], client=vendor.connect())


def _page(
    request: HttpRequest,
    form: forms.BaseForm,
    mailbox: Mailbox | None,
    step: str = "address",
    *,
    verdict: asking.Verdict | None = None,
) -> HttpResponse:
    concerned = mailbox is not None and steps.step_of(mailbox.problem_field) == step
    field = form.fields.get(mailbox.problem_field) if mailbox and concerned else None
    context = {
        "form": form,
        "mailbox": mailbox,
        "step": step,
        "label": wizard.labels()[step],
        "objection": mailbox.objection if mailbox and concerned else "",
        "objection_field": str(field.label) if field else "",
        "steps": wizard.stages(mailbox, step),
        "verdict": verdict,
    }
    template = "mailboxes/address.html" if step == "address" else "mailboxes/step.html"
    return render(request, template, context, status=status_of(form))
