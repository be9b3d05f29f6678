"""The activation form, and the documents that go back with it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mailboxes import activation, following, papers
from mailboxes.forms import DocumentsForm
from mailboxes.views.scope import mailbox_of, person, show
from pecportal import vendor
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.upstream.errors import UpstreamError


@login_required
@require_GET
def activation_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form as a file to keep and print; fetched now if the background job has not done it yet."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        form = activation.fetch_form(mailbox, client=vendor.connect())
    except UpstreamError:
        messages.error(request, _("The provider does not give the form just now. Please try again in a few minutes."))
        return redirect(mailbox)
    headers = {"Content-Disposition": f'attachment; filename="{form.name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(papers.contents(form), content_type="application/pdf", headers=headers)


@login_required
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in the signed form and the identity document."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    form = DocumentsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
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
        else:
            messages.success(request, _("The documents are kept and are being handed in to the provider."))
            return redirect(mailbox)
    elif request.method == "GET" and not activation.wants_documents(mailbox):
        messages.info(request, _("No documents are wanted for this mailbox just now."))
        return redirect(mailbox)
    context = {"form": form, "mailbox": mailbox, "reason": following.documents_reason(mailbox)}
    return render(request, "mailboxes/documents.html", context)
