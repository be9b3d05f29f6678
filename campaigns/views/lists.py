"""Pages of a draft's recipients and attachments: what is uploaded, and what is wrong with it."""

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import enclosures, files, readiness, repeats, sentences, spreadsheets, tables
from campaigns.contact_forms import GroupForm, GroupsForm
from campaigns.forms import AttachmentForm, ListForm, PasteForm
from campaigns.models import Campaign, ContactGroup, Letter, ListReading
from campaigns.preparing import attachments as attaching
from campaigns.preparing import faults, merging, readings
from campaigns.preparing import recipients as lists
from campaigns.views import framed, scope, steps, uploads
from pecportal import downloads, exports, keyset, stored
from pecportal.errors import Refusal
from pecportal.permissions import Power, visible_or_404

ROWS_SHOWN = 5
ROWS_A_PAGE = 50
MOST_IN_WORKBOOK = 50_000  # rows
PASTED = "righe.csv"  # what pasted rows are called from then on
KIND = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@login_required
@uploads.to_disk(most=tables.LARGEST_FILE)
@require_http_methods(["GET", "POST"])
def recipients(request: HttpRequest, pk: int) -> HttpResponse:
    """The list: handed in here as a file or as pasted rows, with what is wrong in each line."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    pasted = "rows" in request.POST
    form = ListForm(None if pasted else scope.posted(request), None if pasted else scope.posted_files(request))
    paste = PasteForm(scope.posted(request) if pasted else None)
    given = paste if pasted else form
    if given.is_valid():
        try:
            reading = _pasted(request, campaign, paste) if pasted else _uploaded(request, campaign, form)
            return redirect("campaigns:columns", reading.campaign_id)
        except Refusal as refusal:
            scope.tell(given, refusal)
    return _page(request, campaign, form, paste)


def _page(request: HttpRequest, campaign: Campaign, form: ListForm, paste: PasteForm) -> HttpResponse:
    file = readings.file_of(campaign)
    repeat, kinds = repeats.earlier(campaign), faults.kinds(campaign)
    groups = ContactGroup.objects.visible_to(request.user, Power.PREPARE).filter(organisation=campaign.organisation)
    context = {
        "form": form,
        "paste": paste,
        "wrong": paste if paste.errors else form,
        "groups": GroupsForm(groups=groups) if groups.exists() else None,
        "group": GroupForm(prefix="group"),
        "campaign": campaign,
        "fields": merging.columns(campaign),
        "rows": campaign.recipients.order_by("line")[:ROWS_SHOWN],
        "page": faults.page(campaign, **keyset.asked(request.GET)),
        "kinds": kinds,
        "faults_total": campaign.problems_total,
        "warnings_total": sum(kind.count for kind in kinds if kind.is_warning),
        "repeat": repeat,
        "repeated": sentences.of_repeat(repeat) if repeat else "",
        "reading": readings.of(campaign),
        "has_file": file is not None,
        "has_workbook": file is not None and _fits(file),
        "steps": steps.of(campaign, current="list", findings=readiness.check(campaign, quick=True)),
    }
    status = 422 if form.errors or paste.errors else 200
    return render(request, "campaigns/recipients.html", context, status=status)


def _uploaded(request: HttpRequest, campaign: Campaign, form: ListForm) -> ListReading:
    file: UploadedFile[Any] = form.cleaned_data["file"]
    if not uploads.is_whole(file):
        raise Refusal(sentences.TABLES["too_big"], field="file")
    return readings.take(campaign, uploads.path_of(file), name=file.name or "", actor=scope.person(request))


def _pasted(request: HttpRequest, campaign: Campaign, form: PasteForm) -> ListReading:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(form.cleaned_data["rows"].encode("utf-8", "replace"))
        file.flush()
        return readings.take(campaign, Path(file.name), name=PASTED, actor=scope.person(request), is_bare=True)


def _fits(reading: ListReading) -> bool:
    """Whether its rows make a workbook while a browser waits."""
    return reading.rows <= MOST_IN_WORKBOOK


@login_required
@require_GET
def rows(request: HttpRequest, pk: int) -> HttpResponse:
    """All recipients of the list, a page at a time, or those whose address begins as asked."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    searched = request.GET.get("q", "").strip()[:254]
    found = campaign.recipients.filter(address__startswith=searched) if searched else campaign.recipients
    context = {
        "campaign": campaign,
        "fields": merging.columns(campaign),
        "page": keyset.page(found, by="line", size=ROWS_A_PAGE, **keyset.asked(request.GET)),
        "q": searched,
    }
    return render(request, "campaigns/rows.html", context)


@login_required
@exports.limited
@require_GET
def faulty_file(request: HttpRequest, pk: int, kind: str) -> StreamingHttpResponse | FileResponse:
    """The file as it was handed in, with a column that says what is wrong with each row."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    reading = readings.file_of(campaign)
    if kind not in KIND or reading is None or (kind == "xlsx" and not _fits(reading)):
        raise Http404
    try:
        rows = faults.corrected_with(campaign, reading)
    except (FileNotFoundError, stored.Changed) as exc:
        raise Http404 from exc
    name = f"{slugify(reading.name.rpartition('.')[0]) or 'elenco'}-errori.{kind}"
    if kind == "csv":
        return downloads.streamed(spreadsheets.as_csv(rows), name=name, content_type=KIND[kind])
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    spreadsheets.write_xlsx(file, rows)
    file.seek(0)
    return downloads.opened(file, name=name, content_type=KIND[kind])


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on without the faulty rows."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        count = lists.go_on_without_faulty(campaign, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect("campaigns:recipients", campaign.pk)
    sentence = ngettext("One row is left out.", "%(count)s rows are left out.", count)
    messages.success(request, sentence % {"count": count})
    return redirect("campaigns:text", campaign.pk)


@login_required
@uploads.to_disk(most=files.ATTACHMENT_LIMIT)
@require_http_methods(["GET", "POST"])
def attachments(request: HttpRequest, pk: int) -> HttpResponse:
    """The files that go with every message."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    form = AttachmentForm(scope.posted(request), scope.posted_files(request))
    if form.is_valid():
        _attach(request, campaign, form)
        if not form.errors:
            return redirect("campaigns:attachments", campaign.pk)
    context = {
        "form": form,
        "campaign": campaign,
        "attachments": campaign.attachments.all(),
        "own_total": enclosures.uploads(campaign).count(),
        "letter": Letter.objects.filter(campaign=campaign).first(),
        "weight": readiness.weight(campaign),
        "is_heavy": readiness.weight(campaign) > readiness.HEAVY,
        "steps": steps.of(campaign, current="attachments", findings=readiness.check(campaign, quick=True)),
    }
    return render(request, "campaigns/attachments.html", context, status=422 if form.errors else 200)


def _attach(request: HttpRequest, campaign: Campaign, form: AttachmentForm) -> None:
    """Take each file that may be sent; the others are told by name."""
    given: list[UploadedFile[Any]] = form.cleaned_data["upload"]
    for upload in given:
        name = upload.name or ""
        try:
            if not uploads.is_whole(upload):
                raise Refusal(sentences.FILES["too_big"])
            attaching.add(campaign, uploads.path_of(upload), name=name, actor=scope.person(request))
        except Refusal as refusal:
            form.add_error("upload", uploads.told(name, refusal))
        else:
            messages.success(request, _("“%(name)s” is attached.") % {"name": name})


@login_required
@require_POST
def detach(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """Remove a file from a draft."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        attaching.remove(campaign, attachment_pk, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
        return redirect(campaign)
    return redirect("campaigns:attachments", campaign.pk)


@login_required
@require_GET
def attachment(request: HttpRequest, pk: int, attachment_pk: int) -> FileResponse:
    """One of the campaign's files, as it is sent."""
    campaign = scope.campaign_or_404(request, pk, Power.READ)
    return framed.download(visible_or_404(campaign.attachments.all(), pk=attachment_pk))
