"""The end of a registration: everything at a glance, the declaration, sending it, taking it up again, discarding it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import cautions, drafts, mismatches, offers, registration, steps
from mailboxes.forms import DeclarationForm
from mailboxes.models import Application, Mailbox
from mailboxes.states import MailboxState
from mailboxes.views import wizard
from mailboxes.views.registering import sent_already
from mailboxes.views.scope import mailbox_of, person, status_of
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.signin import stepup


@login_required
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything at a glance before it is sent."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if mailbox.state != MailboxState.DRAFT:
        return sent_already(request, mailbox)
    if steps.missing_steps(mailbox.application):
        return redirect(wizard.next_url(mailbox))
    return _page(request, mailbox, DeclarationForm())


@login_required
@stepup.required_to_act
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the registration once its data were declared to be true; a second click finds it sent already."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if mailbox.state != MailboxState.DRAFT:
        return sent_already(request, mailbox)
    if steps.missing_steps(mailbox.application):
        return redirect(wizard.next_url(mailbox))
    form = DeclarationForm(request.POST)
    if not form.is_valid():
        return _page(request, mailbox, form)
    seen = request.POST.get("seen", "")
    try:
        registration.submit(mailbox, actor=person(request), seen=int(seen) if seen.isdecimal() else None)
    except drafts.Overtaken as exc:
        messages.warning(request, str(exc))
        return redirect("mailboxes:review", mailbox.pk)
    except Refusal as exc:
        messages.error(request, str(exc))
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


@login_required
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a registration up: a page that asks, and its answer."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if request.method == "GET" and mailbox.state == MailboxState.DRAFT:
        was_sent = mailbox.acts.exists()
        return render(request, "mailboxes/discard.html", {"mailbox": mailbox, "was_sent": was_sent})
    try:
        drafts.discard(mailbox, actor=person(request))
    except Refusal as exc:
        messages.error(request, str(exc))
        return redirect(mailbox)
    messages.success(request, _("The registration of %(address)s was discarded.") % {"address": mailbox.address})
    return redirect("mailboxes:index")


def _page(request: HttpRequest, mailbox: Mailbox, form: DeclarationForm) -> HttpResponse:
    concerned = steps.step_of(mailbox.problem_field)
    found = cautions.of(mailbox)
    context = {
        "mailbox": mailbox,
        "form": form,
        "sections": wizard.sections(mailbox),
        "cautions": [(each.sentence, wizard.url_of(mailbox, each.step)) for each in found],
        "is_stopped": any(each.stops for each in found),
        "overruled": _overruled(mailbox.application),
        "prices": offers.prices(mailbox.plan) if mailbox.plan else [],
        "renews": mailbox.application.autorinnovo,
        "objection": mailbox.objection,
        "objection_url": wizard.url_of(mailbox, concerned) if concerned != steps.REVIEW else "",
        "steps": wizard.stages(mailbox, steps.REVIEW),
        "seen": mailbox.application.version,
        "erased_on": drafts.erased_on(mailbox),
    }
    return render(request, "mailboxes/review.html", context, status=status_of(form))


def _overruled(application: Application) -> list[str]:
    """The differences from the tax code that a person said to be right."""
    code, person = mismatches.compared(application)
    if person is None:
        return []
    return [
        mismatches.sentence(each, code, person) for each in mismatches.of(application) if each in application.overruled
    ]
