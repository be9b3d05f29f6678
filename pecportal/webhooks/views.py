"""The pages on which an organisation's administrators look after its webhooks."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pecportal import keyset
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, require, visible_or_404
from pecportal.programs import register
from pecportal.signin import stepup
from pecportal.webhooks import keeping, signing, written
from pecportal.webhooks.forms import RotateForm, WebhookForm
from pecportal.webhooks.models import Delivery, DeliveryState, Webhook

SHOWN = 50


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The organisation's webhooks, and how each is doing."""
    organisation, _who = _scope(request)
    rows = Webhook.objects.visible_to(request.user, Power.KEYS).filter(organisation=organisation)
    return render(request, "webhooks/index.html", {"webhooks": rows.select_related("program")})


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make one; its secret is shown next."""
    organisation, who = _scope(request)
    programs = _programs(organisation)
    form = WebhookForm(_posted(request), programs=programs)
    if form.is_valid():
        chosen = {str(row.pk): row for row in programs}.get(form.cleaned_data.get("program", ""))
        try:
            row = keeping.make(organisation, form.wanted, actor=who, program=chosen)
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("The webhook is made. Enter its secret in the receiving program."))
            return redirect("webhooks:secret", row.pk)
    return render(request, "webhooks/edit.html", {"form": form}, status=_status(form))


@login_required
@require_GET
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is, how it is doing, and its latest deliveries."""
    row = _webhook(request, pk)
    rows = Delivery.objects.visible_to(request.user, Power.KEYS).filter(webhook=row).select_related("event")
    failed = rows.filter(state=DeliveryState.FAILED).exists()
    if request.GET.get("state") == DeliveryState.FAILED:
        rows = rows.filter(state=DeliveryState.FAILED)
    page = keyset.page(rows, by="-pk", size=SHOWN, **keyset.asked(request.GET))
    return render(request, "webhooks/webhook.html", {"webhook": row, "page": page, "has_failed": failed})


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change its name, address and events."""
    row = _webhook(request, pk)
    initial = {"name": row.name, "url": row.url, "types": row.types}
    form = WebhookForm(_posted(request), initial=initial)
    if form.is_valid():
        try:
            is_changed = keeping.change(row, form.wanted, actor=_person(request))
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("Saved.") if is_changed else _("Nothing was changed."))
            return redirect(row)
    return render(request, "webhooks/edit.html", {"form": form, "webhook": row}, status=_status(form))


@login_required
@stepup.required
@require_GET
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Its secret, for whoever enters it in the receiving program."""
    row = _webhook(request, pk)
    shown = signing.written(keeping.show_secret(row, actor=_person(request)))
    return render(request, "webhooks/secret.html", {"webhook": row, "secret": shown})


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it a new secret."""
    row = _webhook(request, pk)
    form = RotateForm(_posted(request))
    if form.is_valid():
        keeping.rotate(row, actor=_person(request), overlap=form.cleaned_data["overlap"])
        messages.success(request, _("The webhook has a new secret. Enter it in the receiving program."))
        return redirect("webhooks:secret", row.pk)
    return render(request, "webhooks/rotate.html", {"form": form, "webhook": row}, status=_status(form))


@login_required
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a test event delivered."""
    row = _webhook(request, pk)

    def act() -> str:
        keeping.test(row, actor=_person(request))
        return _("The test is on its way: load this page again in some seconds.")

    return _acted(request, row, act)


@login_required
@require_POST
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it again."""
    row = _webhook(request, pk)
    if keeping.switch_on(row, actor=_person(request)):
        messages.success(request, _("The webhook is on: what waited is delivered now."))
    return redirect(row)


@login_required
@require_POST
def switch_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it no more."""
    row = _webhook(request, pk)
    if keeping.switch_off(row, actor=_person(request)):
        messages.success(request, _("The webhook is off."))
    return redirect(row)


@login_required
@stepup.required_to_act
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it with its deliveries."""
    row = _webhook(request, pk)
    keeping.remove(row, actor=_person(request))
    messages.success(request, _("The webhook “%(name)s” is removed.") % {"name": row.name})
    return redirect("webhooks:index")


@login_required
@require_POST
def redeliver_failed(request: HttpRequest, pk: int) -> HttpResponse:
    """Deliver again whatever was given up."""
    row = _webhook(request, pk)
    count = keeping.redeliver_failed(row, actor=_person(request))
    sentence = ngettext("One event is delivered again.", "%(count)s events are delivered again.", count)
    messages.success(request, sentence % {"count": count})
    return redirect(row)


@login_required
@require_GET
def delivery(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """One delivery: what is sent, and each call."""
    row = _delivery(request, pk, delivery_pk)
    context = {"webhook": row.webhook, "delivery": row, "calls": row.calls.order_by("-pk")[:SHOWN]}
    return render(request, "webhooks/delivery.html", context | {"body": written.shown(row.event)})


@login_required
@require_POST
def redeliver(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """Deliver one event again."""
    row = _delivery(request, pk, delivery_pk)

    def act() -> str:
        keeping.redeliver(row, actor=_person(request))
        return _("The event is delivered again.")

    return _acted(request, row.webhook, act)


def _acted(request: HttpRequest, row: Webhook, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(row)


def _scope(request: HttpRequest) -> tuple[Organisation, User]:
    """The organisation one works for, whose webhooks one may look after, and the person."""
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    require(request.user, Power.KEYS, organisation)
    return organisation, _person(request)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _webhook(request: HttpRequest, pk: int) -> Webhook:
    rows = Webhook.objects.visible_to(request.user, Power.KEYS).select_related("organisation", "program")
    return visible_or_404(rows, pk=pk)


def _delivery(request: HttpRequest, pk: int, delivery_pk: int) -> Delivery:
    rows = Delivery.objects.visible_to(request.user, Power.KEYS).select_related("webhook__organisation", "event")
    return visible_or_404(rows, webhook=pk, pk=delivery_pk)


def _programs(organisation: Organisation) -> list[User]:
    """Those whose events a webhook may be for alone."""
    return list(register.of(organisation).filter(is_active=True).order_by("first_name", "pk"))


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _status(form: forms.Form) -> int:
    return 422 if form.errors else 200


def _tell(form: forms.Form, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
