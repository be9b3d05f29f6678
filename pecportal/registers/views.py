"""The clerks' page of look-ups: the cost is shown before anything is paid for."""

import csv

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pecportal import downloads, exports, vendor
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, require, visible_or_404
from pecportal.registers import looking
from pecportal.registers.forms import CodesForm, DomainForm
from pecportal.registers.models import Body, ItemState, LookUp

_LATEST = 10
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


@login_required
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Enter codes and see what looking them up costs; a confirmed look-up is ordered."""
    organisation, who = _scope(request)
    form = CodesForm(request.POST if request.method == "POST" else None)
    told = None
    if form.is_valid():
        try:
            told = looking.estimate(looking.codes_in(form.cleaned_data["codes"]))
            paid = request.POST.get("paid", "")
            if told.paid == 0 or ("order" in request.POST and paid.isdecimal()):
                seen = int(paid) if paid.isdecimal() else 0
                row = looking.order(told.codes, paid=seen, organisation=organisation, actor=who)
                return redirect("registers:lookup", row.pk)
        except Refusal as exc:
            _show(form, exc)
    return _page(request, organisation, form, DomainForm(), told=told)


@login_required
@require_POST
def domain(request: HttpRequest) -> HttpResponse:
    """Whether a domain is a certified one."""
    organisation, _who = _scope(request)
    form, answer = DomainForm(request.POST), None
    if form.is_valid():
        try:
            answer = looking.certified(form.cleaned_data["domain"], client=vendor.connect(organisation.vendor_account))
        except Refusal as exc:
            _show(form, exc)
    return _page(request, organisation, CodesForm(), form, answer=answer)


@login_required
@require_GET
def lookup(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of a look-up's codes; htmx asks again while some are being looked up."""
    row = _lookup(request, pk)
    waiting = row.items.filter(state__in=[ItemState.WAITING, ItemState.ASKING]).exists()
    context = {"lookup": row, "results": looking.results(row), "is_awaiting": waiting}
    template = "registers/_results.html" if getattr(request, "htmx", False) else "registers/lookup.html"
    return render(request, template, context)


@login_required
@exports.limited
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The results as CSV for a spreadsheet program: semicolons, a BOM, nothing that it would take for a formula."""
    row = _lookup(request, pk)
    response = downloads.whole("\ufeff", name=f"pec-{row.pk}.csv", content_type="text/csv; charset=utf-8")
    writer = csv.writer(response, delimiter=";", lineterminator="\r\n")
    titles = [_("Code"), _("Name"), _("PEC address"), _("Other addresses"), _("Register"), _("Date"), _("Remarks")]
    writer.writerow(titles)
    for each in looking.results(row):
        day = f"{localtime(each.at):%d/%m/%Y}" if each.at else ""
        cells = [each.code, each.name, each.address, " ".join(each.others), each.register, day, each.words]
        writer.writerow([_harmless(cell) for cell in cells])
    return response


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def _scope(request: HttpRequest) -> tuple[Organisation, User]:
    """Organisation and person; 404 for whoever may not prepare campaigns in it."""
    organisation = current.organisation(request)
    if organisation is None or not isinstance(request.user, User):
        raise Http404
    require(request.user, Power.PREPARE, organisation)
    return organisation, request.user


def _lookup(request: HttpRequest, pk: int) -> LookUp:
    if not isinstance(request.user, User):
        raise Http404
    return visible_or_404(LookUp.objects.visible_to(request.user, Power.PREPARE).select_related("by"), pk=pk)


def _show(form: forms.Form, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def _page(
    request: HttpRequest, organisation: Organisation, form: forms.Form, domain_form: forms.Form, **told: object
) -> HttpResponse:
    latest = LookUp.objects.filter(organisation=organisation).select_related("by")[:_LATEST]
    wrong = any(each.is_bound and each.errors for each in (form, domain_form))
    context = {
        "form": form,
        "domain_form": domain_form,
        "latest": latest,
        "bodies": Body.objects.count(),
        "loaded_at": Body.objects.values_list("loaded_at", flat=True).first(),
        "cost": _cost(told.get("told")),
        **told,
    }
    return render(request, "registers/index.html", context, status=422 if wrong else 200)


def _cost(told: object) -> object:
    """The whole price of a look-up in euros; None where the price of one is not set."""
    return told.price * told.paid if isinstance(told, looking.Estimate) and told.price is not None else None
