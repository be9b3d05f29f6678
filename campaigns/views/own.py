"""The page of files that only some recipients get: which row has which, and what is to be said of the others."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import enclosures, readiness, sentences
from campaigns.letter_forms import OwnColumnForm, OwnFilesForm, PlaceForm
from campaigns.models import Campaign, Intake, Origin
from campaigns.preparing import merging, own, unpacking
from campaigns.views import framed, scope, steps, uploads
from pecportal.errors import Refusal
from pecportal.permissions import Power, visible_or_404

SHOWN = 50


@login_required
@uploads.to_disk(most=unpacking.LARGEST)
@require_http_methods(["GET", "POST"])
def files(request: HttpRequest, pk: int) -> HttpResponse:
    """Own files: handed in here, and which rows they belong to."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    form = OwnFilesForm(scope.posted(request), scope.posted_files(request))
    if form.is_valid():
        _take_in(request, campaign, form)
        if not form.errors:
            return redirect("campaigns:own", campaign.pk)
    context = _standing(request, campaign) | {"form": form}
    template = "campaigns/_own.html" if request.headers.get("HX-Request") else "campaigns/own.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _take_in(request: HttpRequest, campaign: Campaign, form: OwnFilesForm) -> None:
    """Take each file that may be sent; the others are told by name."""
    given: list[UploadedFile[Any]] = form.cleaned_data["upload"]
    count = 0
    for upload in given:
        name = upload.name or ""
        try:
            if not uploads.is_whole(upload):
                raise Refusal(sentences.FILES["too_big"])
            count += _take(request, campaign, upload, name)
        except Refusal as refusal:
            form.add_error("upload", uploads.told(name, refusal))
    if count:
        own.match(campaign)
        sentence = ngettext("One file came in.", "%(count)s files came in.", count)
        messages.success(request, sentence % {"count": count})


def _take(request: HttpRequest, campaign: Campaign, upload: UploadedFile[Any], name: str) -> int:
    """Take one file; an archive comes in later, and counts nothing yet."""
    path, actor = uploads.path_of(upload), scope.person(request)
    if name.lower().endswith(".zip"):
        unpacking.receive(campaign, path, name=name, actor=actor)
        messages.info(request, _("“%(name)s” is being unpacked; this page shows how far it is.") % {"name": name})
        return 0
    own.add(campaign, path, name=name, actor=actor)
    return 1


def _standing(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    without, loose = enclosures.rows_without(campaign), enclosures.files_without(campaign)
    is_used = enclosures.uploads(campaign).exists()
    handed_in = campaign.own_links.filter(file__origin=Origin.UPLOAD)
    intakes = list(campaign.intakes.order_by("-pk")[:5])
    return {
        "campaign": campaign,
        "is_used": is_used,
        "column_form": OwnColumnForm(columns=merging.columns(campaign), initial={"column": campaign.own_column}),
        "files_total": enclosures.uploads(campaign).count(),
        "rows_with": handed_in.values("line").distinct().count(),
        "matched": handed_in.select_related("file").order_by("line", "pk")[:SHOWN],
        "without": Paginator(without, SHOWN).get_page(request.GET.get("page")) if is_used else None,
        "loose": loose[:SHOWN],
        "loose_total": loose.count(),
        "waived_rows": campaign.own_waivers.count(),
        "waived_files": enclosures.uploads(campaign).exclude(waived_by=None).count(),
        "intakes": intakes,
        "is_moving": any(intake.is_under_way for intake in intakes),
        "steps": steps.of(campaign, current="attachments", findings=readiness.check(campaign, quick=True)),
    }


@login_required
@require_POST
def column(request: HttpRequest, pk: int) -> HttpResponse:
    """By which column the files find their rows."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    form = OwnColumnForm(request.POST, columns=merging.columns(campaign))
    if form.is_valid():
        _try(request, lambda: own.match(campaign, column=form.cleaned_data["column"]))
    else:
        messages.error(request, _("Choose one of the list's columns."))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_POST
def place(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """Give a file to a row by hand."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    form = PlaceForm(request.POST)
    if form.is_valid():
        line = form.cleaned_data["line"]
        _try(request, lambda: own.place(campaign, file_pk, line=line, actor=scope.person(request)))
    else:
        messages.error(request, _("Write the number of the row, as your file counts it."))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take chosen files off the draft."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    chosen = _numbers(request, "file")
    _try(request, lambda: own.remove(campaign, chosen, actor=scope.person(request)))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_POST
def leave_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Say of chosen files that nobody gets them."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    chosen = _numbers(request, "file")
    _try(request, lambda: own.leave_out(campaign, chosen, actor=scope.person(request)))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_POST
def go_without(request: HttpRequest, pk: int) -> HttpResponse:
    """Say of chosen rows, or of all that were counted on the page, that they go without a file of their own."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    lines, everybody = _numbers(request, "line"), _numbers(request, "all")
    if everybody:
        _try(request, lambda: own.all_go_without(campaign, seen=everybody[0], actor=scope.person(request)))
    else:
        _try(request, lambda: own.go_without(campaign, lines, actor=scope.person(request)))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int, intake_pk: int) -> HttpResponse:
    """Take in no more of an archive."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    intake: Intake = visible_or_404(campaign.intakes.select_related("campaign__organisation"), pk=intake_pk)
    _try(request, lambda: unpacking.cancel(intake, actor=scope.person(request)))
    return redirect("campaigns:own", campaign.pk)


@login_required
@require_GET
def download(request: HttpRequest, pk: int, file_pk: int) -> FileResponse:
    """One recipient's file, as it is sent."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    return framed.download(visible_or_404(campaign.own_files.all(), pk=file_pk))


def _numbers(request: HttpRequest, name: str) -> list[int]:
    """The ticked boxes; what is no number is none of ours."""
    given = request.POST.getlist(name)[:SHOWN]
    return [int(value) for value in given if value.isascii() and value.isdecimal() and len(value) < 16]


def _try(request: HttpRequest, work: Callable[[], object]) -> None:
    try:
        work()
    except Refusal as refusal:
        scope.shout(request, refusal)
