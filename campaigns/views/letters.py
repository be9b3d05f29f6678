"""Pages of the letter that each recipient gets as a PDF, and of the headed papers that it is printed on."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import readiness
from campaigns.letter_forms import LetterForm, LetterheadForm
from campaigns.models import Letter, Letterhead
from campaigns.preparing import letterheads as papers
from campaigns.preparing import letters as printing
from campaigns.preparing import merging, paragraphs
from campaigns.views import framed, scope, steps, uploads
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation
from pecportal.permissions import Power, may, visible_or_404


@login_required
@require_http_methods(["GET", "POST"])
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter's text; how far its making is."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    written = Letter.objects.select_related("letterhead").filter(campaign=campaign).first()
    heads = Letterhead.objects.visible_to(request.user).filter(organisation=campaign.organisation)
    form = LetterForm(scope.posted(request), letterheads=heads, initial=_initial(written))
    if form.is_valid():
        try:
            printing.save(campaign, printing.Written(**form.cleaned_data), actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The letter is saved. Look at it, then have it made for everybody."))
            return redirect("campaigns:letter", campaign.pk)
    context = {
        "campaign": campaign,
        "form": form,
        "letter": written,
        "fields": merging.columns(campaign),
        "steps": steps.of(campaign, current="attachments", findings=readiness.check(campaign, quick=True)),
    }
    template = "campaigns/_letters_made.html" if request.headers.get("HX-Request") else "campaigns/letter_text.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _initial(written: Letter | None) -> dict[str, Any]:
    if written is None:
        return {}
    names = ("letterhead", "file_name", "subject", "protocol", "place", "dated")
    return {name: getattr(written, name) for name in names} | {"body": paragraphs.to_typed(written.body)}


@login_required
@require_GET
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """One row's letter as it will be made."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    line = request.GET.get("line", "")
    try:
        pdf = printing.sample(campaign, int(line) if line.isascii() and line.isdecimal() and len(line) < 10 else None)
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect("campaigns:letter", campaign.pk)
    return framed.made(pdf, name="lettera.pdf")


@login_required
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the letters made."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        printing.make(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:letter", campaign.pk)


@login_required
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Make no more of them for now."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    printing.stop(campaign)
    return redirect("campaigns:letter", campaign.pk)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Send no letter after all."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        printing.remove(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:attachments", campaign.pk)


@login_required
@require_GET
def letterheads(request: HttpRequest) -> HttpResponse:
    """The organisation's headed papers."""
    organisation = _organisation(request)
    rows = Letterhead.objects.visible_to(request.user, Power.PREPARE).filter(organisation=organisation)
    return render(request, "campaigns/letterheads.html", {"letterheads": rows})


@login_required
@uploads.to_disk(most=papers.LARGEST)
@require_http_methods(["GET", "POST"])
def new_letterhead(request: HttpRequest) -> HttpResponse:
    """A new headed paper."""
    return _edit(request, _organisation(request), None)


@login_required
@uploads.to_disk(most=papers.LARGEST)
@require_http_methods(["GET", "POST"])
def letterhead(request: HttpRequest, letterhead_pk: int) -> HttpResponse:
    """Change a headed paper."""
    row = _letterhead(request, letterhead_pk)
    return _edit(request, row.organisation, row)


def _edit(request: HttpRequest, organisation: Organisation, row: Letterhead | None) -> HttpResponse:
    initial = {"name": row.name, "heading": row.heading, "footer": row.footer} if row else {}
    has_picture = row is not None and bool(row.picture_stored_as)
    posted, given = scope.posted(request), scope.posted_files(request)
    form = LetterheadForm(posted, given, has_picture=has_picture, initial=initial)
    if form.is_valid():
        try:
            _save(request, organisation, row, form.cleaned_data)
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The letterhead is saved."))
            return redirect("campaigns:letterheads")
    context = {"form": form, "letterhead": row}
    return render(request, "campaigns/letterhead.html", context, status=422 if form.errors else 200)


def _save(request: HttpRequest, organisation: Organisation, row: Letterhead | None, data: dict[str, Any]) -> None:
    upload: UploadedFile[Any] | None = data.pop("picture")
    if upload is not None and not uploads.is_whole(upload):
        raise Refusal(_("The picture is larger than 5 MB."), field="picture")
    if upload is not None:
        data |= {"picture": uploads.path_of(upload), "picture_name": upload.name or ""}
    papers.save(organisation, row, **data, actor=scope.person(request))


@login_required
@require_POST
def remove_letterhead(request: HttpRequest, letterhead_pk: int) -> HttpResponse:
    """Remove a headed paper."""
    try:
        papers.remove(_letterhead(request, letterhead_pk), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    return redirect("campaigns:letterheads")


def _organisation(request: HttpRequest) -> Organisation:
    organisation = current.organisation(request)
    if organisation is None or not may(request.user, Power.PREPARE, organisation):
        raise Http404
    return organisation


def _letterhead(request: HttpRequest, pk: int) -> Letterhead:
    rows = Letterhead.objects.visible_to(request.user, Power.PREPARE).select_related("organisation")
    found: Letterhead = visible_or_404(rows, pk=pk)
    return found
