"""The desk: items of the inbox that no rule could give to a message, looked at and dealt with by people."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaigns.forms import DeskForm, LinkForm
from campaigns.models import Attempt, Receipt
from campaigns.tracking import desk
from campaigns.tracking.suggestions import Suggestion
from campaigns.views import scope
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import User
from pecportal.permissions import Power, require, visible_or_404

ITEMS_A_PAGE = 30


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The items of one's organisation, newest first, by mailbox and by what was done with them."""
    organisation = current.organisation(request)
    if organisation is not None:
        require(request.user, Power.READ, organisation)
    mailboxes = Mailbox.objects.visible_to(request.user, Power.READ).kept().filter(organisation=organisation)
    filters = DeskForm(request.GET, mailboxes=mailboxes)
    chosen = mailboxes.filter(pk=filters.mailbox) if filters.mailbox else mailboxes
    rows = desk.items(chosen, filters.view).select_related("mailbox", "message__campaign", "desk_by")
    if filters.before:
        rows = rows.filter(pk__lt=filters.before)
    found = list(rows.defer("body", "raw")[: ITEMS_A_PAGE + 1])
    context = {
        "filters": filters,
        "items": found[:ITEMS_A_PAGE],
        "older": found[ITEMS_A_PAGE - 1].pk if len(found) > ITEMS_A_PAGE else None,
    }
    return render(request, "campaigns/desk.html", context)


@login_required
@require_GET
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: what it says, why it is nobody's, which messages it may belong to, what may be done with it."""
    return _show(request, _item(request, pk), LinkForm())


@login_required
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it to a message."""
    row, form = _item(request, pk), LinkForm(request.POST)
    if form.is_valid():
        try:
            message = desk.link(row, ref=form.cleaned_data["ref"], actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The item belongs to message %(ref)s now, and counts.") % {"ref": message.ref})
            return redirect("campaigns:desk_item", row.pk)
    return _show(request, row, form)


@login_required
@require_POST
def put_aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it belongs to no message."""
    row = _item(request, pk)
    try:
        desk.put_aside(row, actor=scope.person(request))
        messages.success(request, _("The item was put aside. It can be taken up again at any time."))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:desk")


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it back on the desk."""
    row = _item(request, pk)
    try:
        desk.undo(row, actor=scope.person(request))
        messages.success(request, _("The item is open again, and the message was judged without it."))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:desk_item", row.pk)


def _item(request: HttpRequest, pk: int) -> Receipt:
    rows = Receipt.objects.visible_to(request.user, Power.READ).exclude(problem="")
    return visible_or_404(rows.select_related("mailbox", "message__campaign", "desk_by"), pk=pk)


def _show(request: HttpRequest, row: Receipt, form: forms.Form) -> HttpResponse:
    row.refresh_from_db()
    is_open = row.message_id is None and not row.desk
    context = {
        "item": row,
        "form": form,
        "is_open": is_open,
        "suggestions": _suggestions(row, scope.person(request)) if is_open else [],
    }
    return render(request, "campaigns/desk_item.html", context, status=422 if form.errors else 200)


def _suggestions(row: Receipt, reader: User) -> list[tuple[Suggestion, str]]:
    """What is suggested, each with why this person may not choose it, "" when they may."""
    found = desk.suggest(row)
    attempts = Attempt.objects.select_related("message__campaign__organisation").in_bulk(
        [each.candidate.attempt_id for each in found]
    )
    return [(each, desk.why_not_link(row, attempts[each.candidate.attempt_id], reader)) for each in found]
