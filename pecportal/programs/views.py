"""The clerks' pages of programs and their keys. A key is shown once, in the answer that made it."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.members import reach_of
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import SCOPES, Power, Role, require, visible_or_404
from pecportal.programs import keys, register
from pecportal.programs.forms import KeyForm, ProgramForm, RotateForm, ScopesForm
from pecportal.programs.keys import NewKey
from pecportal.programs.models import ApiKey
from pecportal.signin import stepup


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The organisation's programs, what each may do, and its keys."""
    organisation = _organisation(request)
    rows = list(register.of(organisation).order_by("-is_active", "first_name", "pk"))
    shown = [(row, _scopes(organisation, row), _keys(request, row)) for row in rows]
    return render(request, "programs/index.html", {"programs": shown, "limit": organisation.programs_daily_limit})


@never_cache
@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
@sensitive_variables("key")
def new(request: HttpRequest) -> HttpResponse:
    """Make a program, and show its key."""
    organisation = _organisation(request)
    form = ProgramForm(_posted(request), boxes=_boxes(organisation))
    if form.is_valid():
        try:
            program, key = register.make(
                organisation, form.cleaned_data["name"], form.reach, terms=form.terms, actor=_person(request)
            )
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            return _shown(request, program, key)
    return render(request, "programs/new.html", {"form": form}, status=_status(form))


@login_required
@require_GET
def program(request: HttpRequest, pk: int) -> HttpResponse:
    """One program, its keys, and what can be done with them."""
    organisation = _organisation(request)
    row = _program(organisation, pk)
    reach = reach_of(organisation, row)
    context = {"program": row, "scopes": _scopes(organisation, row), "reach": reach, "keys": _keys(request, row)}
    forms_ = {"rotate_form": RotateForm(), "key_form": KeyForm(), "mailboxes": _limited_to(organisation, reach)}
    return render(request, "programs/program.html", {**context, **forms_})


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a program other scopes, mailboxes and networks."""
    organisation = _organisation(request)
    row = _program(organisation, pk, is_active=True)
    reach = reach_of(organisation, row)
    open_key = ApiKey.objects.filter(program=row, revoked_at=None).first()
    initial = {
        "scopes": sorted(reach.roles),
        "extent": "all" if reach.mailboxes is None else "some",
        "mailboxes": [str(box) for box in reach.mailboxes or ()],
        "networks": "\n".join(open_key.networks) if open_key else "",
    }
    form = ScopesForm(_posted(request), boxes=_boxes(organisation), initial=initial)
    if form.is_valid():
        networks = form.cleaned_data["networks"]
        try:
            is_changed = register.change(organisation, row, form.reach, networks=networks, actor=_person(request))
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("Saved.") if is_changed else _("Nothing was changed."))
            return redirect("program", row.pk)
    return render(request, "programs/change.html", {"form": form, "program": row}, status=_status(form))


@never_cache
@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
@sensitive_variables("key")
def another_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one more key for a program, and show it."""
    organisation = _organisation(request)
    row = _program(organisation, pk, is_active=True)
    form = KeyForm(_posted(request))
    if form.is_valid():
        try:
            key = register.another_key(organisation, row, terms=form.terms, actor=_person(request))
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            return _shown(request, row, key)
    return render(request, "programs/another_key.html", {"form": form, "program": row}, status=_status(form))


@never_cache
@login_required
@stepup.required_to_act
@require_POST
@sensitive_variables("new_key")
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace a key, and show the new one."""
    key, form = _key(request, pk), RotateForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say how long the key before stays valid."))
        return redirect("program", key.program_id)
    try:
        new_key = keys.rotate(key, overlap_days=form.cleaned_data["overlap"], actor=_person(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("program", key.program_id)
    return _shown(request, key.program, new_key)


@login_required
@stepup.required_to_act
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key at once."""
    key = _key(request, pk)
    if keys.revoke(key, actor=_person(request)):
        messages.success(request, _("The key %(key)s… does not work any more.") % {"key": key.prefix})
    return redirect("program", key.program_id)


@login_required
@stepup.required_to_act
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a program with all of its keys."""
    organisation = _organisation(request)
    row = _program(organisation, pk)
    if register.end(organisation, row, actor=_person(request)):
        messages.success(request, _("The program %(program)s was ended: none of its keys works.") % {"program": row})
    return redirect("programs")


def _shown(request: HttpRequest, program: User, key: NewKey) -> HttpResponse:
    return render(request, "programs/key.html", {"program": program, "key": key.row, "text": key.text})


def _organisation(request: HttpRequest) -> Organisation:
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    require(request.user, Power.KEYS, organisation)
    return organisation


def _program(organisation: Organisation, pk: int, **lookup: Any) -> User:
    return visible_or_404(register.of(organisation), pk=pk, **lookup)


def _key(request: HttpRequest, pk: int) -> ApiKey:
    rows = ApiKey.objects.visible_to(request.user, Power.KEYS).filter(organisation=_organisation(request))
    return visible_or_404(rows.select_related("program"), pk=pk)


def _keys(request: HttpRequest, program: User) -> list[tuple[ApiKey, bool]]:
    """A program's keys, the newest first, and whether each is valid."""
    now = timezone.now()
    rows = ApiKey.objects.visible_to(request.user, Power.KEYS).filter(program=program)
    return [(row, row.is_valid(now)) for row in rows]


def _scopes(organisation: Organisation, program: User) -> list[Role]:
    reach = reach_of(organisation, program)
    return [scope for scope in SCOPES if scope in reach.roles]


def _limited_to(organisation: Organisation, reach: Any) -> list[Any]:
    return [box for box in _boxes(organisation) if reach.mailboxes and box.pk in reach.mailboxes]


def _boxes(organisation: Organisation) -> list[Any]:
    rows = apps.get_model("mailboxes.Mailbox")._default_manager.filter(organisation=organisation)
    return list(rows.exclude(state="discarded").order_by("address"))


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _tell(form: forms.Form, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def _status(form: forms.Form) -> int:
    return 422 if form.is_bound and form.errors else 200
