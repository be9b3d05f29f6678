"""A mailbox's later life: renewals and revocations, expiries, mailboxes that were bought elsewhere."""

from collections.abc import Callable
from datetime import datetime, time

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import adopting, expiring, orders
from mailboxes.forms import AdoptForm, RecordForm, RenewalForm, RevocationForm
from mailboxes.models import Found, Mailbox, Order
from mailboxes.states import VendorState
from mailboxes.views.scope import mailbox_of, organisation_for, person, show, status_of
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import User
from pecportal.permissions import Power, may, visible_or_404
from pecportal.signin import stepup


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew, or make a revoked mailbox active again: shown with its price, ordered by a confirmed POST alone."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if not orders.may_renew(mailbox):
        messages.info(request, _("Only active and revoked mailboxes can be renewed."))
        return redirect(mailbox)
    form = RenewalForm(request.POST if request.method == "POST" else None, mailbox=mailbox)
    if form.is_valid():
        years, price = form.chosen
        seen = form.cleaned_data["expires_seen"]
        try:
            orders.order_renewal(mailbox, years=years, price=price, expires_seen=seen, actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return _ordered(request, mailbox)
    context = {
        "form": form,
        "mailbox": mailbox,
        "is_reactivation": mailbox.vendor_state == VendorState.REVOKED,
        "two_order": mailbox.organisation.two_order,
        "days_left": expiring.days_left(mailbox),
    }
    return render(request, "mailboxes/renew.html", context, status=status_of(form))


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a mailbox, after its address was typed."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if not orders.may_revoke(mailbox):
        messages.info(request, _("Only active mailboxes can be revoked."))
        return redirect(mailbox)
    form = RevocationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            orders.order_revocation(mailbox, typed=form.cleaned_data["typed"], actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return _ordered(request, mailbox)
    context = {"form": form, "mailbox": mailbox, "two_order": mailbox.organisation.two_order}
    return render(request, "mailboxes/revoke.html", context, status=status_of(form))


@login_required
@stepup.required_to_act
@require_POST
def confirm_order(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's word."""
    return _with_order(request, pk, lambda order, who: orders.confirm(order, actor=who))


@login_required
@require_POST
def withdraw_order(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an order up."""
    return _with_order(request, pk, lambda order, who: orders.withdraw(order, actor=who))


@login_required
@stepup.required_to_act
@require_POST
def settle_order(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an order in doubt was not carried out."""
    return _with_order(request, pk, lambda order, who: orders.settle(order, actor=who))


@login_required
@require_GET
def expiries(request: HttpRequest) -> HttpResponse:
    """When the organisation's mailboxes expire."""
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    rows = Mailbox.objects.visible_to(person(request)).filter(organisation=organisation)
    context = {
        "months": expiring.calendar(rows),
        "unknown": rows.filter(vendor_state=VendorState.ACTIVE, expires_at=None).order_by("address"),
        "may_register": may(person(request), Power.REGISTER, organisation),
        "days": expiring.DAYS,
    }
    return render(request, "mailboxes/expiries.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def record(request: HttpRequest) -> HttpResponse:
    """Take down a mailbox that was bought on the provider's site."""
    organisation = organisation_for(request, Power.REGISTER)
    form = RecordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        day = form.cleaned_data["expires_on"]
        try:
            mailbox = adopting.record_by_hand(
                organisation,
                address=form.cleaned_data["address"],
                plan=form.cleaned_data["plan"],
                expires_at=make_aware(datetime.combine(day, time())) if day else None,
                actor=person(request),
            )
        except Refusal as exc:
            show(form, exc)
        else:
            messages.success(request, _("The mailbox is recorded. Enter its user name and password next."))
            return redirect(mailbox)
    return render(request, "mailboxes/record.html", {"form": form}, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a mailbox that was found at the provider the organisation's own."""
    rows = Found.objects.visible_to(person(request), Power.REGISTER).filter(adopted_as=None, is_refused=False)
    found = visible_or_404(rows, pk=pk)
    form = AdoptForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            mailbox = adopting.adopt(found, plan=form.cleaned_data["plan"], actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return redirect(mailbox)
    return render(request, "mailboxes/adopt.html", {"form": form, "found": found}, status=status_of(form))


def _ordered(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    if mailbox.organisation.two_order:
        messages.success(request, _("It is ordered. A second person of your organisation has to confirm it now."))
    return redirect(mailbox)


def _with_order(request: HttpRequest, pk: int, act: Callable[[Order, User], None]) -> HttpResponse:
    """Do something with the order that the page showed, and no other: its number comes with the form."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    order, shown = orders.open_order(mailbox), request.POST.get("order", "")
    if order is None or str(order.pk) != shown:
        messages.info(request, _("This order is not open any more: look at the page again."))
        return redirect(mailbox)
    try:
        act(order, person(request))
    except Refusal as exc:
        messages.warning(request, str(exc))
    return redirect(mailbox)
