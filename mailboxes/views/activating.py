"""The activation form, and the documents that go back with it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mailboxes import activation, following, papers
from mailboxes.forms import DocumentsForm
from mailboxes.models import Mailbox
from mailboxes.states import VendorState
from mailboxes.views.scope import mailbox_of, person, show, status_of
from mailboxes.views.uploads import limited
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.upstream.errors import UpstreamError

FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@login_required
@require_GET
def activation_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form as a file to keep and print; fetched now if the background job has not done it yet."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        form = activation.fetch_form(mailbox, client=vendor.connect())
    except Refusal as exc:
        messages.info(request, str(exc))
        return redirect(mailbox)
    except UpstreamError:
        messages.error(request, _("The provider does not give the form just now. Please try again in a few minutes."))
        return redirect(mailbox)
    response = HttpResponse(papers.contents(form), content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(True, form.name) or "attachment"  # noqa: FBT003
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


@limited
@login_required
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in the signed form and the identity document."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if not activation.wants_documents(mailbox):
        messages.info(request, _("No documents are wanted for this mailbox just now."))
        return redirect(mailbox)
    posted = request.method == "POST"
    form = DocumentsForm(request.POST, request.FILES) if posted else DocumentsForm()
    if form.is_valid() and _handed_in(request, mailbox, form):
        return redirect(mailbox)
    context = {
        "form": form,
        "mailbox": mailbox,
        "is_merged": mailbox.kind in activation.ONE_PDF,
        "is_second": mailbox.vendor_state == VendorState.DOCUMENTS_WRONG,
        "reason": following.documents_reason(mailbox),
    }
    return render(request, "mailboxes/documents.html", context, status=status_of(form))


def _handed_in(request: HttpRequest, mailbox: Mailbox, form: DocumentsForm) -> bool:
    signed, identity = form.cleaned_data["signed_form"], form.cleaned_data["identity"]
    try:
        activation.hand_in(
            mailbox,
            signed_form=(signed.name, papers.read(signed)),
            identity=(identity.name, papers.read(identity)),
            actor=person(request),
        )
    except Refusal as exc:
        show(form, exc)
        return False
    messages.success(request, _("The documents are kept and are being handed in to the provider."))
    return True
