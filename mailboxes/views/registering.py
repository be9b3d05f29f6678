"""The registration, a page a step. Each step is stored: leaving and coming back loses nothing."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mailboxes import asking, drafts, holders, offers, places, registration, steps
from mailboxes.forms import AddressForm, ApplicantForm, HolderForm, KindForm
from mailboxes.models import Mailbox
from mailboxes.states import Kind, MailboxState
from mailboxes.views import wizard
from mailboxes.views.scope import mailbox_of, organisation_for, person, show, status_of
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.organisations.models import Organisation
from pecportal.permissions import Power

SHORTEST = 3  # signs of a name from which on it is asked for while somebody types
_FIELD_OF = {"address": "name"}  # where a form calls a field of ours by another name


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Begin with the address that is wanted; one that was begun already is taken up again."""
    organisation = organisation_for(request, Power.REGISTER)
    form = _address_form(request)
    if form.is_valid():
        if "check" in request.POST:
            return _page(request, form, None, verdict=_asked(form, organisation))
        try:
            mailbox = registration.start(organisation, address=form.cleaned_data["address"], actor=person(request))
        except drafts.AlreadyBegun as exc:
            if exc.mailbox.state == MailboxState.DRAFT:
                messages.info(request, _("This registration was begun already: you take it up where it stopped."))
                return redirect(wizard.next_url(exc.mailbox))
            _show(form, exc)
        else:
            return redirect("mailboxes:step", mailbox.pk, "kind")
    return _page(request, form, None)


@login_required
@require_GET
def availability(request: HttpRequest) -> HttpResponse:
    """Whether an address is free, as a fragment: asked for by its button, or (`typing`) while it is being typed."""
    organisation = organisation_for(request, Power.REGISTER)
    form = AddressForm(request.GET)
    is_typing = "typing" in request.GET
    if not form.is_valid():
        too_early = is_typing and len(request.GET.get("name", "")) < SHORTEST
        problems = [] if too_early else [problem for found in form.errors.values() for problem in found]
        return render(request, "mailboxes/_availability.html", {"problems": problems, "is_typing": is_typing})
    if not is_typing:
        context = {"verdict": _asked(form, organisation)}
    elif not settings.MAILBOX_CHECK_WHILE_TYPING or len(form.cleaned_data["name"].partition("@")[0]) < SHORTEST:
        context = {}
    else:
        address, who = form.cleaned_data["address"], person(request).pk
        told = asking.ask_while_typing(
            address, client=vendor.connect(organisation.vendor_account), organisation=organisation.name, person=who
        )
        context = {"verdict": told}
    return render(request, "mailboxes/_availability.html", context)


@login_required
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """Municipalities that begin like what was typed, as the options of a list; with `former` also those of old."""
    organisation_for(request, Power.REGISTER)
    typed = next((str(value) for name, value in request.GET.items() if name.startswith("comune")), "")
    found = places.suggest(typed[:100], most=12, former="former" in request.GET) if len(typed) > 1 else []
    return render(request, "mailboxes/_places.html", {"places": found})


@login_required
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Fill in one step; the vendor's own objection stands beside its field."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if step not in steps.STEPS:
        raise Http404
    if mailbox.state != MailboxState.DRAFT:
        return sent_already(request, mailbox)
    if step == "holder" and "choose" in request.POST:
        return _chosen(request, mailbox)
    form = _form(mailbox, step, request)
    if form.is_valid():
        if step == "address" and "check" in request.POST:
            return _page(request, form, mailbox, verdict=_asked(form, mailbox.organisation))
        return _saved(request, mailbox, step, form)
    return _page(request, form, mailbox, step)


def sent_already(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Lead from a page of the data to the mailbox once they cannot be changed."""
    if mailbox.state == MailboxState.DISCARDED:
        messages.info(request, _("This registration was discarded, and its data were erased."))
    else:
        messages.info(request, _("The registration was sent already: its data cannot be changed any more."))
    return redirect(mailbox)


def _saved(request: HttpRequest, mailbox: Mailbox, step: str, form: forms.BaseForm) -> HttpResponse:
    data = steps.taken(step, form.cleaned_data)
    seen, reason = _number(request.POST.get("seen", "")), str(form.cleaned_data.get("overruled_reason") or "")
    try:
        registration.save_step(mailbox, step, data, actor=person(request), seen=seen, reason=reason)
    except drafts.Overtaken as exc:
        return _page(request, form, Mailbox.objects.get(pk=mailbox.pk), step, overtaken=str(exc))
    except Refusal as exc:
        _show(form, exc)
        return _page(request, form, mailbox, step)
    return redirect(wizard.next_url(Mailbox.objects.get(pk=mailbox.pk)))


def _chosen(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """The holder's fields after another kind was chosen; what was typed stays, and nothing is judged yet."""
    typed = {name: value for name, value in request.POST.items() if value}
    form = HolderForm(initial=_first(mailbox) | typed, instance=mailbox.application)
    if getattr(request, "htmx", False):
        return render(request, "mailboxes/_holder_fields.html", {"form": form, "mailbox": mailbox})
    return _page(request, form, mailbox, "holder")


def _form(mailbox: Mailbox, step: str, request: HttpRequest) -> forms.BaseForm:
    data = request.POST if request.method == "POST" else None
    if step == "address":
        return _address_form(request, mailbox.address)
    if step == "kind":
        return KindForm(data, instance=mailbox, initial={"autorinnovo": mailbox.application.autorinnovo})
    if step == "applicant":
        return ApplicantForm(data, instance=mailbox.application)
    return HolderForm(data, initial=_first(mailbox) | _copied(request, mailbox), instance=mailbox.application)


def _address_form(request: HttpRequest, address: str = "") -> AddressForm:
    """With the address of a proposal that was pressed in place of what stands in the fields."""
    if request.method != "POST":
        return AddressForm(address=address)
    proposed = request.POST.get("check", "")
    data = QueryDict(mutable=True)
    data["address"] = proposed
    return AddressForm(data if "@" in proposed else request.POST)


def _first(mailbox: Mailbox) -> dict[str, object]:
    """The organisation's data, until the step is saved for the first time."""
    return {} if "holder" in mailbox.application.steps_done else holders.first(mailbox.organisation)


def _copied(request: HttpRequest, mailbox: Mailbox) -> dict[str, object]:
    """The holder of an earlier registration, where one of those offered was asked for."""
    wanted = _number(request.GET.get("from", ""))
    return next((holders.data_of(row) for row in holders.earlier(mailbox) if row.pk == wanted), {})


def _asked(form: forms.BaseForm, organisation: Organisation) -> asking.Verdict:
    client = vendor.connect(organisation.vendor_account)
    return asking.ask(form.cleaned_data["address"], client=client, organisation=organisation.name)


def _show(form: forms.BaseForm, refusal: Refusal) -> None:
    refusal.field = _FIELD_OF.get(refusal.field or "", refusal.field)
    show(form, refusal)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _page(
    request: HttpRequest,
    form: forms.BaseForm,
    mailbox: Mailbox | None,
    step: str = "address",
    *,
    verdict: asking.Verdict | None = None,
    overtaken: str = "",
) -> HttpResponse:
    context: dict[str, object] = {
        "form": form,
        "mailbox": mailbox,
        "step": step,
        "label": wizard.labels()[step],
        "steps": wizard.stages(mailbox, step),
        "verdict": verdict,
        "seen": drafts.version_of(mailbox.application, step) if mailbox else "",
        "overtaken": overtaken,
        "checks_while_typing": settings.MAILBOX_CHECK_WHILE_TYPING,
        "saved": _differing(form, mailbox, step) if mailbox and overtaken else [],
    }
    context |= _objected(form, mailbox, step) | _beside(mailbox, step)
    template = "mailboxes/address.html" if step == "address" else "mailboxes/step.html"
    return render(request, template, context, status=409 if overtaken else status_of(form))


def _objected(form: forms.BaseForm, mailbox: Mailbox | None, step: str) -> dict[str, object]:
    """The vendor's objection, also beside its field as long as that shows what the vendor objected to."""
    if mailbox is None or steps.step_of(mailbox.problem_field) != step:
        return {}
    name = _FIELD_OF.get(mailbox.problem_field, mailbox.problem_field)
    field = form.fields.get(name)
    if field is None:
        return {"objection": mailbox.objection}
    if not form.is_bound:
        form.errors[name] = form.error_class([mailbox.objection], field_id=form[name].auto_id)
    return {"objection": mailbox.objection, "objection_field": str(field.label), "objection_id": f"id_{name}"}


def _beside(mailbox: Mailbox | None, step: str) -> dict[str, object]:
    """What a step shows beside its form."""
    if mailbox is None or step not in ("kind", "holder"):
        return {}
    if step == "holder":
        return {"earlier": holders.earlier(mailbox)[:3], "needs": holders.NEEDS}
    fitting, others = offers.kinds(mailbox.address)
    return {"kinds": fitting, "other_kinds": others, "plans": offers.plans(Kind.MASSIVE), "massive": Kind.MASSIVE.value}


def _differing(form: forms.BaseForm, mailbox: Mailbox, step: str) -> list[tuple[str, str, str]]:
    """What is stored beside what was typed, where the two differ: label, stored, typed."""
    found = []
    for name, stored in steps.values(mailbox, step).items():
        typed = form.cleaned_data.get(name)
        if name in form.cleaned_data and typed != stored:
            words = wizard.words_of(name, stored, mailbox), wizard.words_of(name, typed, mailbox)
            found.append((wizard.label_of(name, mailbox), *words))
    return found
