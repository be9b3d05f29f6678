"""Pages on which a draft is prepared: its sender, its text, its preview."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import enclosures, readiness
from campaigns.forms import BasicsForm, TextForm
from campaigns.models import Campaign, TextVersion
from campaigns.preparing import drafts, merging, paragraphs, preview, writing
from campaigns.views import framed, scope, steps
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation
from pecportal.permissions import Power, require

_BASICS = ("name", "mailbox", "protocol", "reference", "further")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new draft: its name and sender."""
    organisation = current.organisation(request)
    if organisation is None:
        return redirect("home")
    require(request.user, Power.PREPARE, organisation)
    return _basics(request, organisation, None)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The name and sender of a draft."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    return _basics(request, campaign.organisation, campaign)


def _basics(request: HttpRequest, organisation: Organisation, campaign: Campaign | None) -> HttpResponse:
    rows = Mailbox.objects.visible_to(request.user, Power.PREPARE).kept()
    boxes = list(rows.filter(organisation=organisation).select_related("plan"))
    chosen = {box.pk for box in campaign.senders} if campaign else set()
    usable = [box for box in boxes if box.why_not() is None or box.pk in chosen]
    initial = {name: getattr(campaign, name) for name in _BASICS} if campaign else None
    if campaign and initial:
        initial["others"] = chosen - {campaign.mailbox_id}
    form = BasicsForm(scope.posted(request), mailboxes=usable, initial=initial)
    if form.is_valid():
        try:
            saved = _save_basics(request, organisation, campaign, form)
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            return redirect("campaigns:recipients", saved.pk)
    context = {
        "form": form,
        "campaign": campaign,
        "usable": usable,
        "unusable": [(box, box.why_not()) for box in boxes if box.why_not() is not None],
        "steps": steps.of(campaign, current="sender", findings=_findings(campaign)),
    }
    return render(request, "campaigns/sender.html", context, status=422 if form.errors else 200)


def _save_basics(
    request: HttpRequest, organisation: Organisation, campaign: Campaign | None, form: BasicsForm
) -> Campaign:
    actor, data = scope.person(request), form.cleaned_data
    if campaign is None:
        return drafts.create(organisation, **data, actor=actor)
    drafts.edit(campaign, **data, actor=actor)
    return campaign


@login_required
@require_http_methods(["GET", "POST"])
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The subject and text of a draft, with the merge fields that its list offers."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_draft:
        return redirect(campaign)
    initial = {"subject": campaign.subject, "body": paragraphs.to_typed(campaign.body)}
    form = TextForm(scope.posted(request), initial=initial)
    if form.is_valid():
        try:
            writing.save(campaign, **form.cleaned_data, actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The text is saved."))
            return _after_text(request, campaign)
    context = {
        "form": form,
        "campaign": campaign,
        "fields": merging.columns(campaign),
        "example": _example(campaign),
        "saved_texts": _saved_texts(request, campaign),
        "steps": steps.of(campaign, current="text", findings=_findings(campaign)),
    }
    return render(request, "campaigns/text.html", context, status=422 if form.errors else 200)


def _after_text(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """On to the attachments, or to the preview of the row that the clerk came from."""
    if request.POST.get("next") != "preview":
        return redirect("campaigns:attachments", campaign.pk)
    line = _line(request)
    return redirect(reverse("campaigns:preview", args=[campaign.pk]) + (f"?line={line}" if line else ""))


@login_required
@require_POST
def check_text(request: HttpRequest, pk: int) -> HttpResponse:
    """What is wrong with the text while it is typed; nothing is stored."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    form = TextForm(request.POST)
    faults = writing.faults(campaign, **form.cleaned_data) if form.is_valid() else {}
    return render(request, "campaigns/_text_faults.html", {"faults": faults, "form": form})


@login_required
@require_GET
@framed.may_frame_own_pages
def show_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as one recipient of the list will get it; `line` is the file's row."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    if not campaign.is_prepared:
        return redirect(campaign)
    shown = preview.of(campaign, line=_line(request))
    own_files = enclosures.own_of_row(campaign, shown.line) if shown else ()
    context = {
        "campaign": campaign,
        "preview": shown,
        "attachments": campaign.attachments.all(),
        "own_files": own_files,
        "steps": steps.of(campaign, current="preview", findings=_findings(campaign)),
    }
    return render(request, "campaigns/preview.html", context)


@login_required
@require_GET
def preview_body(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of that letter alone, for the frame in which it is shown."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    letter = preview.of(campaign, line=_line(request))
    return framed.letter(letter.html if letter else "")


def _saved_texts(request: HttpRequest, campaign: Campaign) -> list[TextVersion]:
    """The latest version of each text that is offered."""
    rows = TextVersion.objects.visible_to(request.user, Power.PREPARE).select_related("saved_text")
    offered = rows.filter(saved_text__organisation=campaign.organisation_id, saved_text__put_away=False)
    later = TextVersion.objects.filter(saved_text=OuterRef("saved_text"), n__gt=OuterRef("n"))
    return list(offered.filter(~Exists(later)).order_by("saved_text__name"))


def _example(campaign: Campaign) -> str:
    """How a condition is written, with a field of the list."""
    field = next(iter(merging.fields(campaign)), "nome")
    return f"{{% if {field} %}} … {{% endif %}}"


def _line(request: HttpRequest) -> int | None:
    line = request.GET.get("line", "")
    return int(line) if line.isascii() and line.isdecimal() and len(line) < 10 else None


def _findings(campaign: Campaign | None) -> list[readiness.Finding]:
    return readiness.check(campaign, quick=True) if campaign else []
