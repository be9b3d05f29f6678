"""The activation form, and the documents that go back with it: one at a time, seen, and handed in together."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailboxes import activation, downloads, examining, following, gathering, objections, papers
from mailboxes.forms import HandInForm, PaperForm
from mailboxes.models import Mailbox, PagePicture, Paper
from mailboxes.models.papers import GATHERED, PaperKind
from mailboxes.states import VendorState
from mailboxes.views import showing
from mailboxes.views.scope import mailbox_of, person, show, status_of
from mailboxes.views.uploads import limited
from pecportal import vendor
from pecportal.downloads import POLICY
from pecportal.errors import Refusal
from pecportal.permissions import Power, visible_or_404
from pecportal.upstream.errors import Rejected, UpstreamError

KINDS = {"signed-form": PaperKind.SIGNED_FORM, "identity": PaperKind.IDENTITY}  # in addresses


@login_required
@require_GET
def activation_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form as a file to keep and print; fetched now if the background job has not done it yet."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        form = activation.fetch_form(mailbox, client=vendor.connect_for(mailbox))
    except Refusal as exc:
        messages.info(request, str(exc))
        return redirect(mailbox)
    except Rejected as exc:
        told = objections.sentence(objections.to_form(exc).value, objections.words_of(exc))
        messages.error(request, f"{_('The provider does not give the form.')} {told}")
        return redirect(mailbox)
    except UpstreamError:
        messages.error(request, _("The provider does not give the form just now. Please try again in a few minutes."))
        return redirect(mailbox)
    return downloads.as_file(form)


@login_required
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, pk: int) -> HttpResponse:
    """What to do with the form, the papers gathered so far, and the button that hands them in."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    if not gathering.wants_documents(mailbox):
        messages.info(request, _("No documents are wanted for this mailbox just now."))
        return redirect(mailbox)
    ready = gathering.gathered(mailbox)
    loses = ready.signed_form is not None and gathering.loses_signature(mailbox, ready.signed_form)
    form = HandInForm(request.POST if request.method == "POST" else None, loses_signature=loses)
    if form.is_valid() and _handed_in(request, mailbox, form):
        return redirect(mailbox)
    return _page(request, mailbox, hand_in=form)


@login_required
@require_POST
def hand_in_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have papers handed in once more that did not arrive."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    try:
        activation.hand_in_again(mailbox, actor=person(request))
    except Refusal as exc:
        messages.warning(request, str(exc))
    return redirect(mailbox)


@limited
@login_required
@require_POST
def put_paper(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Upload one paper, in the place of an earlier one."""
    mailbox, which = mailbox_of(request, pk, Power.REGISTER), _kind(kind)
    if not gathering.wants_documents(mailbox):
        messages.info(request, _("No documents are wanted for this mailbox just now."))
        return redirect(mailbox)
    form = PaperForm(which, request.POST, request.FILES)
    if form.is_valid() and _put(request, mailbox, which, form):
        return redirect(f"{reverse('mailboxes:documents', args=[pk])}#{kind}")
    return _page(request, mailbox, upload=(which, form))


@login_required
@require_POST
def take_paper_back(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Give a paper up that was not handed in yet."""
    mailbox, which = mailbox_of(request, pk, Power.REGISTER), _kind(kind)
    if gathering.take_back(mailbox, which, actor=person(request)):
        messages.success(request, _("The file was erased."))
    return redirect(f"{reverse('mailboxes:documents', args=[pk])}#{kind}")


@login_required
@require_POST
def use_paper_again(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Take a paper of the hand-in before for the next one, too."""
    mailbox, which = mailbox_of(request, pk, Power.REGISTER), _kind(kind)
    try:
        gathering.use_again(mailbox, which, actor=person(request))
    except Refusal as exc:
        messages.error(request, str(exc))
    return redirect(f"{reverse('mailboxes:documents', args=[pk])}#{kind}")


@login_required
@require_GET
def paper(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One paper as a file to keep, never shown within the page; each time is recorded."""
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    rows = Paper.objects.readable_by(person(request)).kept().select_related("mailbox__organisation")
    found = visible_or_404(rows, mailbox=mailbox, pk=number)
    papers.seen(found, by=person(request))
    return downloads.as_file(found)


@login_required
@require_GET
def page_picture(request: HttpRequest, pk: int, number: int, page: int) -> HttpResponse:
    """A small picture of a page of a signed form, shown within the page.

    Pictures are made of signed forms alone, which every keeper of the mailbox may see, and anew from the pixels: they
    carry no byte of the file. Of an identity document there is none, lest it stay on a screen, in a browser's memory
    or in a printed page: its facts are shown (pages, size, what is hard to read), and its file to few.
    """
    mailbox = mailbox_of(request, pk, Power.REGISTER)
    rows = PagePicture.objects.visible_to(person(request), Power.REGISTER)
    found = visible_or_404(rows, paper__mailbox=mailbox, paper__in=Paper.objects.kept(), paper=number, page=page)
    response = HttpResponse(papers.picture(found), content_type="image/jpeg")
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _kind(kind: str) -> PaperKind:
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def _handed_in(request: HttpRequest, mailbox: Mailbox, form: HandInForm) -> bool:
    try:
        activation.hand_in(mailbox, actor=person(request), knows_loss=form.cleaned_data.get("knows_loss", False))
    except Refusal as exc:
        show(form, exc)
        return False
    messages.success(request, _("The documents are kept and are being handed in to the provider."))
    return True


def _put(request: HttpRequest, mailbox: Mailbox, kind: PaperKind, form: PaperForm) -> bool:
    files = [(upload.name, examining.read(upload)) for upload in form.cleaned_data["file"]]
    try:
        gathering.put_files(mailbox, kind, files, actor=person(request))
    except Refusal as exc:
        form.add_error("file" if exc.field == kind else None, str(exc))
        return False
    return True


def _page(
    request: HttpRequest,
    mailbox: Mailbox,
    *,
    hand_in: HandInForm | None = None,
    upload: tuple[PaperKind, PaperForm] | None = None,
) -> HttpResponse:
    """The page, with what went wrong in one of its forms."""
    ready = gathering.gathered(mailbox)
    loses = ready.signed_form is not None and gathering.loses_signature(mailbox, ready.signed_form)
    forms = {kind: upload[1] if upload and upload[0] == kind else PaperForm(kind) for kind in GATHERED}
    failed = upload[1] if upload else hand_in
    context: dict[str, Any] = {
        "mailbox": mailbox,
        "paper": activation.form_of(mailbox),
        "slots": [
            showing.slot(mailbox, kind, name, forms[kind], ready, reader=person(request))
            for name, kind in KINDS.items()
        ],
        "is_complete": ready.is_complete,
        "bundles": showing.bundles(ready, reader=person(request)),
        "loses": loses,
        "hand_in_form": hand_in or HandInForm(loses_signature=loses),
        "form": failed,
        "is_merged": mailbox.kind in gathering.ONE_PDF,
        "is_second": mailbox.vendor_state == VendorState.DOCUMENTS_WRONG,
        "reason": following.documents_reason(mailbox),
        "hand_ins": showing.hand_ins(mailbox, reader=person(request)),
        "erase_days": showing.erase_days(),
        "letters": settings.OPENAPI_PEC_URL if settings.OPENAPI_ENV == "sandbox" else "",
    }
    status = status_of(failed) if failed is not None else 200
    return render(request, "mailboxes/documents.html", context, status=status)
