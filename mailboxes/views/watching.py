"""One's mailboxes: where each stands, its history, its credentials; and the door for the vendor's calls."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import activation, callbacks, following, registration
from mailboxes import credentials as sign_in
from mailboxes.forms import CredentialsForm
from mailboxes.history import lines
from mailboxes.models import Mailbox, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome
from mailboxes.states import CredentialsState, MailboxState, VendorState
from mailboxes.views.scope import mailbox_of, person, powers, show
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.permissions import Power, may


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All mailboxes of one's organisations."""
    who = person(request)
    rows = Mailbox.objects.visible_to(who).select_related("organisation", "plan").order_by("address")
    organisations = {row.organisation for row in rows}
    registers = any(may(who, Power.REGISTER, organisation) for organisation in organisations) or not organisations
    return render(request, "mailboxes/index.html", {"mailboxes": rows, "may_register": registers})


@login_required
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a mailbox stands and what is next; htmx asks for the fragment again while something is awaited."""
    mailbox = mailbox_of(request, pk)
    template = "mailboxes/_standing.html" if getattr(request, "htmx", False) else "mailboxes/detail.html"
    hand_in = mailbox.hand_ins.order_by("-pk").first()
    doubt = VendorAct.objects.filter(mailbox=mailbox, kind=ActKind.REGISTRATION, outcome=ActOutcome.UNCERTAIN).first()
    context = {
        "mailbox": mailbox,
        "lines": lines(mailbox),
        "form": activation.form_of(mailbox),
        "wants_documents": activation.wants_documents(mailbox),
        "documents_reason": following.documents_reason(mailbox),
        "hand_in": hand_in,
        "may_ask_again": doubt is not None and doubt.looks >= registration.LOOKS,
        "why_not": mailbox.why_not(),
        "is_awaiting": _is_awaiting(mailbox),
        "differs": _differs(mailbox),
    }
    return render(request, template, context | powers(request, mailbox))


@login_required
@require_http_methods(["GET", "POST"])
def credentials(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the mailbox's own user name and password, and say at once whether they work."""
    mailbox = mailbox_of(request, pk, Power.CREDENTIALS)
    form = CredentialsForm(request.POST or None, initial={"username": mailbox.username or mailbox.address})
    if request.method == "POST" and form.is_valid():
        username, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            sign_in.enter(mailbox, username=username, password=password, actor=person(request))
        except Refusal as exc:
            show(form, exc)
        else:
            return _tested(request, mailbox, form)
    return render(request, "mailboxes/credentials.html", {"form": form, "mailbox": mailbox})


@login_required
@require_POST
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the provider for the state now."""
    mailbox = mailbox_of(request, pk)
    if following.refresh(mailbox.pk, client=vendor.connect()):
        messages.success(request, _("The state has changed."))
    else:
        messages.info(request, _("The state has not changed."))
    return redirect(mailbox)


@csrf_exempt
@require_POST
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """The vendor says that something changed; its words are not taken, the state is read again."""
    if len(request.body) > callbacks.LIMIT:
        return HttpResponse(status=413)
    mailbox = callbacks.mailbox_of(token)
    if mailbox is None:
        raise Http404
    return HttpResponse(status=200 if callbacks.heed(mailbox) else 429)


def _tested(request: HttpRequest, mailbox: Mailbox, form: CredentialsForm) -> HttpResponse:
    told = sign_in.test(mailbox, client=vendor.connect())
    if told == CredentialsState.REFUSED:
        form.add_error("password", _("The provider does not accept this user name and password."))
        return render(request, "mailboxes/credentials.html", {"form": form, "mailbox": mailbox})
    if told == CredentialsState.GOOD:
        messages.success(request, _("The user name and the password work."))
    else:
        messages.warning(request, _("They are kept, but the provider did not answer: they are not tested yet."))
    return redirect(mailbox)


def _is_awaiting(mailbox: Mailbox) -> bool:
    """Whether the page may change by itself soon."""
    if mailbox.state in (MailboxState.REGISTERING, MailboxState.UNCERTAIN):
        return True
    return (
        mailbox.vendor_state == VendorState.IN_REVIEW
        or mailbox.hand_ins.filter(state__in=["waiting", "sending"]).exists()
    )


def _differs(mailbox: Mailbox) -> str:
    """The address as the vendor has it, where it is another than the one that was asked for; "" otherwise."""
    theirs = str(mailbox.vendor_record.get("casella_pec") or "")
    return theirs if theirs and theirs.casefold() != mailbox.address.casefold() else ""
