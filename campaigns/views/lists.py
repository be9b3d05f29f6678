"""Pages of a draft's recipients and attachments: what is uploaded, and what is wrong with it."""

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

from campaigns import files, readiness, sentences, tables
from campaigns.forms import AttachmentForm, ListForm
from campaigns.models import Campaign
from campaigns.preparing import attachments as attaching
from campaigns.preparing import merging
from campaigns.preparing import recipients as lists
from campaigns.views import framed, scope, steps, uploads
from pecportal.errors import Refusal
from pecportal.permissions import Power, visible_or_404

FAULTS_A_PAGE = 50
ROWS_SHOWN = 5


@login_required
@uploads.to_disk(most=tables.LARGEST_FILE)
@require_http_methods(["GET", "POST"])
def recipients(request: HttpRequest, pk: int) -> HttpResponse:
    """The list: uploaded here, with what is wrong in each line."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    form = ListForm(scope.posted(request), scope.posted_files(request))
    if form.is_valid():
        try:
            return redirect("campaigns:recipients", _upload(request, campaign, form).pk)
        except lists.NoAddressColumn as refusal:
            form = ListForm(request.POST, request.FILES, columns=refusal.columns)
            scope.tell(form, refusal)
        except Refusal as refusal:
            scope.tell(form, refusal)
    faults = campaign.problems.order_by("is_warning", "line", "pk")
    context = {
        "form": form,
        "campaign": campaign,
        "fields": merging.columns(campaign),
        "rows": campaign.recipients.order_by("line")[:ROWS_SHOWN],
        "page": Paginator(faults, FAULTS_A_PAGE).get_page(request.GET.get("page")),
        "faults_total": campaign.problems_total,
        "warnings_total": campaign.problems.filter(is_warning=True).count(),
        "steps": steps.of(campaign, current="list", findings=readiness.check(campaign, quick=True)),
    }
    return render(request, "campaigns/recipients.html", context, status=422 if form.errors else 200)


def _upload(request: HttpRequest, campaign: Campaign, form: ListForm) -> Campaign:
    file: UploadedFile[Any] = form.cleaned_data["file"]
    if not uploads.is_whole(file):
        raise Refusal(sentences.TABLES["too_big"], field="file")
    path, column = uploads.path_of(file), form.cleaned_data["column"]
    saved = lists.upload(campaign, path, name=file.name or "", column=column, actor=scope.person(request))
    sentence = ngettext("One recipient was read.", "%(count)s recipients were read.", saved.recipients_total)
    messages.success(request, sentence % {"count": saved.recipients_total})
    return saved


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
            form.add_error("upload", f"{name}: {refusal}")
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
