"""The registration, a page a step. Each step is stored: leaving and coming back loses nothing."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import registration, steps
from mailboxes.forms import AddressForm, ApplicantForm, HolderForm, KindForm
from mailboxes.models import Mailbox
from mailboxes.states import MailboxState
from mailboxes.views.scope import mailbox_of, organisation_for, person, show
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.pec import Availability


@dataclass(frozen=True, slots=True)
class Stage:
    """One step as the stepper shows it."""

    label: str
    state: str
    url: str


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Begin with the address that is wanted."""
    organisation = organisation_for(request, Power.REGISTER)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        if "check" in request.POST:
            return render(request, "mailboxes/address.html", _page(form, None) | _asked(address))
        try:
            mailbox = registration.start(organisation, address=address, actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return redirect("mailboxes:step", mailbox.pk, "kind")
    return render(request, "mailboxes/address.html", _page(form, None))


@login_required
@require_GET
def availability(request: HttpRequest) -> HttpResponse:
    """Whether an address is free, as a fragment while it is typed."""
    organisation_for(request, Power.REGISTER)
    form = AddressForm(request.GET)
    context = _asked(form.cleaned_data["address"]) if form.is_valid() else {}
    return render(request, "mailboxes/_availability.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Fill in one step; the vendor's own objection stands beside its field."""
    mailbox = _draft(request, pk)
    form = _form(mailbox, step, request)
    if request.method == "POST" and form.is_valid():
        if "check" in request.POST:
            context = _page(form, mailbox, step) | _asked(form.cleaned_data["address"])
            return render(request, "mailboxes/address.html", context)
        try:
            registration.save_step(mailbox, step, form.cleaned_data)
        except Refusal as exc:
            show(form, exc)
        else:
            return redirect(_after(mailbox, step))
    template = "mailboxes/address.html" if step == "address" else "mailboxes/step.html"
    return render(request, template, _page(form, mailbox, step))


@login_required
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything at a glance before it is sent."""
    mailbox = _draft(request, pk)
    missing = steps.missing_steps(mailbox.application)
    if missing:
        return redirect("mailboxes:step", mailbox.pk, missing[0])
    sections = [(_labels()[name], name, _rows(mailbox, name)) for name in steps.STEPS]
    context = {"mailbox": mailbox, "sections": sections, "steps": _stages(mailbox, steps.REVIEW)}
    return render(request, "mailboxes/review.html", context)


@login_required
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the registration; a second click finds it sent already."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        registration.submit(mailbox, actor=person(request))
    except Refusal as exc:
        messages.warning(request, str(exc))
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


def _draft(request: HttpRequest, pk: int) -> Mailbox:
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if mailbox.state != MailboxState.DRAFT:
        raise Http404
    return mailbox


def _form(mailbox: Mailbox, step: str, request: HttpRequest) -> forms.BaseForm:
    data = request.POST if request.method == "POST" else None
    if step == "address":
        form: forms.BaseForm = AddressForm(data, initial={"address": mailbox.address})
    elif step == "kind":
        form = KindForm(data, instance=mailbox, initial={"autorinnovo": mailbox.application.autorinnovo})
    elif step in ("applicant", "holder"):
        kind = {"applicant": ApplicantForm, "holder": HolderForm}[step]
        form = kind(data, instance=mailbox.application)
    else:
        raise Http404
    return form


def _after(mailbox: Mailbox, step: str) -> str:
    following = [*steps.STEPS, steps.REVIEW]
    name = following[following.index(step) + 1]
    if name == steps.REVIEW:
        return reverse("mailboxes:review", args=[mailbox.pk])
    return reverse("mailboxes:step", args=[mailbox.pk, name])


def _page(form: forms.BaseForm, mailbox: Mailbox | None, step: str = "address") -> dict[str, object]:
    objection = mailbox.problem if mailbox and steps.step_of(mailbox.problem_field) == step else ""
    labels = {name: field.label for name, field in form.fields.items()}
    return {
        "form": form,
        "mailbox": mailbox,
        "step": step,
        "label": _labels()[step],
        "objection": objection,
        "objection_field": labels.get(mailbox.problem_field, "") if mailbox else "",
        "steps": _stages(mailbox, step),
    }


def _asked(address: str) -> dict[str, object]:
    """The vendor's word on an address; one that it cannot give is no refusal."""
    try:
        answer = vendor.connect().pec.availability(address)
    except UpstreamError:
        return {"asked": address, "answer": "unreachable"}
    names = {Availability.FREE: "free", Availability.TAKEN: "taken", Availability.UNKNOWN: "unknown"}
    return {
        "asked": address,
        "answer": names[answer.answer],
        "alternatives": answer.alternatives,
        "words": answer.message,
    }


def _labels() -> dict[str, str]:
    return {
        "address": _("Address"),
        "kind": _("Kind and plan"),
        "applicant": _("Applicant"),
        "holder": _("Holder"),
        steps.REVIEW: _("Review"),
    }


def _stages(mailbox: Mailbox | None, now: str) -> list[Stage]:
    done = mailbox.application.steps_done if mailbox else []
    stages = []
    for name, label in _labels().items():
        state = "current" if name == now else "done" if name in done else "todo"
        url = reverse("mailboxes:step", args=[mailbox.pk, name]) if mailbox and state == "done" else ""
        stages.append(Stage(label, state, url))
    return stages


def _rows(mailbox: Mailbox, step: str) -> list[tuple[str, str]]:
    rows = []
    for name in steps.FIELDS[step]:
        owner = mailbox if name in ("address", "kind", "plan") else mailbox.application
        display = getattr(owner, f"get_{name}_display", None)
        value = display() if display else getattr(owner, name)
        if isinstance(value, bool):
            value = _("yes") if value else _("no")
        if hasattr(value, "strftime"):
            value = value.strftime("%d/%m/%Y")
        rows.append((str(owner._meta.get_field(name).verbose_name), str(value or "")))
    return [(label, value) for label, value in rows if value]
