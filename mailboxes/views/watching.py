"""One's mailboxes: where each stands, its history, its credentials; and the door for the vendor's calls."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import (
    activation,
    callbacks,
    drafts,
    expiring,
    following,
    gathering,
    gauge,
    orders,
    registration,
    switched,
)
from mailboxes import credentials as sign_in
from mailboxes.forms import CredentialsForm
from mailboxes.history import lines
from mailboxes.models import Found, Mailbox, Order
from mailboxes.models.orders import OPEN
from mailboxes.states import CredentialsState, MailboxState, VendorState
from mailboxes.steps import missing_steps
from mailboxes.views import showing, wizard
from mailboxes.views.scope import mailbox_of, person, powers, show, status_of
from pecportal import clock, vendor
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import User
from pecportal.permissions import Power, may
from pecportal.signin import stepup


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The mailboxes of the organisation that one works for."""
    organisation = current.organisation(request)
    rows = Mailbox.objects.visible_to(person(request)).filter(organisation=organisation).select_related("plan")
    registers = organisation is not None and may(person(request), Power.REGISTER, organisation, whole=True)
    found = Found.objects.visible_to(person(request), Power.REGISTER).filter(organisation=organisation)
    context = {
        "mailboxes": rows.kept().exclude(state=MailboxState.DRAFT).order_by("address"),
        "drafts": wizard.drafts(rows.unfinished()),
        "erase_days": settings.DRAFTS_ERASE_DAYS,
        "may_register": registers,
        "found": found.filter(adopted_as=None, is_refused=False),
    }
    return render(request, "mailboxes/index.html", context)


@login_required
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a mailbox stands and what is next; htmx asks for the fragment again while something is awaited."""
    mailbox = mailbox_of(request, pk)
    template = "mailboxes/_standing.html" if getattr(request, "htmx", False) else "mailboxes/detail.html"
    known = mailbox.vendor_state in VendorState.values
    context = {
        "mailbox": mailbox,
        "account_problem": vendor.connect_for(mailbox).config.unusable,
        "situation": mailbox.vendor_state if mailbox.state == MailboxState.REGISTERED else mailbox.state,
        "is_known": known or not mailbox.vendor_state,
        "lines": lines(mailbox),
        "erased_on": drafts.erased_on(mailbox),
        "go_on": wizard.next_url(mailbox) if mailbox.state == MailboxState.DRAFT else "",
        "is_complete": mailbox.state == MailboxState.DRAFT and not missing_steps(mailbox.application),
        "paper": activation.form_of(mailbox),
        "hand_in": mailbox.hand_ins.order_by("-pk").first(),
        "wants_documents": gathering.wants_documents(mailbox),
        "documents_reason": following.documents_reason(mailbox),
        "may_ask_again": registration.may_ask_again(mailbox),
        "why_not_ask_again": registration.why_not_ask_again(mailbox, person(request)),
        "may_hand_in_again": activation.may_hand_in_again(mailbox),
        "is_awaiting": _is_awaiting(mailbox),
        "full_at": gauge.full_at(mailbox),
        "switch": switched.off(mailbox) if mailbox.is_active else None,
        **_life(mailbox, person(request)),
    }
    allowed = powers(request, mailbox)
    if allowed["may_register"]:
        context |= {
            "hand_ins": showing.hand_ins(mailbox, reader=person(request)),
            "erase_days": showing.erase_days(),
        }
    return render(request, template, context | allowed)


@sensitive_post_parameters("password")
@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def credentials(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the mailbox's own user name and password, and say at once whether they work."""
    mailbox = mailbox_of(request, pk, Power.CREDENTIALS)
    if not mailbox.is_active:
        messages.info(request, _("The mailbox is not active yet: its user name and password come when it is."))
        return redirect(mailbox)
    if not mailbox.wants_credentials:
        messages.info(request, mailbox.why_not() or "")
        return redirect(mailbox)
    posted = request.POST if request.method == "POST" else None
    form = CredentialsForm(posted, initial={"username": mailbox.username or mailbox.address})
    if form.is_valid():
        username, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            sign_in.enter(mailbox, username=username, password=password, actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return _tested(request, mailbox, form)
    return _ask(request, mailbox, form)


@login_required
@require_POST
def test_credentials(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the provider again whether the stored user name and password work."""
    mailbox = mailbox_of(request, pk, Power.CREDENTIALS)
    try:
        told = sign_in.test(mailbox, client=vendor.connect_for(mailbox))
    except Refusal as exc:
        messages.error(request, str(exc))
        return redirect(mailbox)
    if told == CredentialsState.REFUSED:
        messages.error(request, _("The provider does not accept the user name and the password."))
    else:
        _tell(request, mailbox, told)
    return redirect(mailbox)


@login_required
@require_POST
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the provider for the state now."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    client = vendor.connect_for(mailbox)
    changed = following.refresh(mailbox.pk, client=client)
    if changed is None:
        silent = _("The provider did not answer: what stands here is what it said last.")
        messages.warning(request, client.config.unusable or silent)
    elif changed:
        messages.success(request, _("The state has changed."))
    else:
        messages.info(request, _("The state has not changed."))
    return redirect(mailbox)


@csrf_exempt
@require_POST
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """The vendor says that something changed. What it says is not even read: the state is asked for."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > callbacks.LIMIT:
        return HttpResponse(status=413)
    mailbox = callbacks.mailbox_of(token)
    if mailbox is None:
        raise Http404
    return HttpResponse(status=200 if callbacks.heed(mailbox) else 429)


def _ask(request: HttpRequest, mailbox: Mailbox, form: CredentialsForm) -> HttpResponse:
    letters = settings.OPENAPI_PEC_URL if settings.OPENAPI_ENV == "sandbox" else ""
    context = {"form": form, "mailbox": mailbox, "letters": letters}
    return render(request, "mailboxes/credentials.html", context, status=status_of(form))


def _tested(request: HttpRequest, mailbox: Mailbox, form: CredentialsForm) -> HttpResponse:
    told = sign_in.test(mailbox, client=vendor.connect_for(mailbox))
    if told == CredentialsState.REFUSED:
        form.add_error(
            "password",
            _("The provider does not accept this user name and password: check both, and copy no blanks with them."),
        )
        return _ask(request, mailbox, form)
    _tell(request, mailbox, told)
    return redirect(mailbox)


def _tell(request: HttpRequest, mailbox: Mailbox, told: CredentialsState) -> None:
    if told == CredentialsState.GOOD:
        messages.success(request, _("The user name and the password work."))
    else:
        silent = _("The provider did not answer: the user name and the password are not tested yet.")
        messages.warning(request, vendor.connect_for(mailbox).config.unusable or silent)


def _life(mailbox: Mailbox, reader: User) -> dict[str, object]:
    """The latest order, what may be ordered, and what the expiry means."""
    order: Order | None = mailbox.orders.select_related("by", "act", "mailbox__organisation").first()
    return {
        "order": order,
        "may_settle": order is not None and orders.may_settle(order),
        "why_not_settle": orders.why_not_settle(order, reader) if order is not None else "",
        "may_renew": orders.may_renew(mailbox),
        "may_revoke": orders.may_revoke(mailbox),
        "expiry_warning": expiring.sentence(mailbox),
        "expected": (expected := following.expected(mailbox)),
        "is_late": expected is not None and expected < clock.now(),
    }


def _is_awaiting(mailbox: Mailbox) -> bool:
    """Whether the page may change by itself soon."""
    if mailbox.state in (MailboxState.REGISTERING, MailboxState.UNCERTAIN):
        return True
    if any(order.is_under_way for order in mailbox.orders.filter(state__in=OPEN)):
        return True
    return mailbox.vendor_state == VendorState.IN_REVIEW or any(row.is_on_its_way for row in mailbox.hand_ins.all())
