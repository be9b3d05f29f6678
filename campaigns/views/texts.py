"""Pages of the texts that an organisation keeps for other campaigns."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.forms import TextForm
from campaigns.models import SavedText, TextVersion
from campaigns.preparing import paragraphs
from campaigns.preparing import texts as keeping
from campaigns.views import framed, scope
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.permissions import Power, may, visible_or_404


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All texts that are offered."""
    organisation = current.organisation(request)
    if organisation is None or not may(request.user, Power.PREPARE, organisation):
        raise Http404
    rows = SavedText.objects.visible_to(request.user, Power.PREPARE).filter(organisation=organisation, put_away=False)
    shown = [(row, row.versions.select_related("by").first()) for row in rows]
    return render(request, "campaigns/saved_texts.html", {"texts": shown})


@login_required
@require_GET
@framed.may_frame_own_pages
def saved(request: HttpRequest, text_pk: int) -> HttpResponse:
    """One text in all its versions."""
    row = _text(request, text_pk)
    return render(request, "campaigns/saved_text.html", {"text": row, "versions": row.versions.select_related("by")})


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, text_pk: int) -> HttpResponse:
    """A new version of one text, begun with its latest."""
    row = _text(request, text_pk)
    last = row.versions.first()
    initial = {"subject": last.subject, "body": paragraphs.to_typed(last.body)} if last else {}
    form = TextForm(scope.posted(request), initial=initial)
    if form.is_valid():
        try:
            version = keeping.write(row, **form.cleaned_data, actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            words = {"name": row.name, "n": version.n}
            messages.success(request, _("The text is kept as “%(name)s”, version %(n)s.") % words)
            return redirect(row)
    context = {"form": form, "text": row}
    return render(request, "campaigns/saved_text_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def body(request: HttpRequest, version_pk: int) -> HttpResponse:
    """What a version says, for the frame in which it is shown."""
    rows = TextVersion.objects.visible_to(request.user, Power.PREPARE)
    found: TextVersion = visible_or_404(rows, pk=version_pk)
    return framed.letter(keeping.shown(found))


@login_required
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a draft's text under a name."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        version = keeping.keep(campaign, name=request.POST.get("name", ""), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        words = {"name": version.saved_text.name, "n": version.n}
        messages.success(request, _("The text is kept as “%(name)s”, version %(n)s.") % words)
    return redirect("campaigns:text", campaign.pk)


@login_required
@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a draft a kept text."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    chosen = request.POST.get("version", "")
    number = int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 16 else 0
    rows = TextVersion.objects.visible_to(request.user, Power.PREPARE).select_related("saved_text")
    version = rows.filter(pk=number, saved_text__organisation=campaign.organisation_id).first()
    if version is None:
        messages.error(request, _("Choose one of the saved texts."))
        return redirect("campaigns:text", campaign.pk)
    try:
        keeping.use(campaign, version, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("“%(name)s” is in place: read it before you go on.") % {"name": version.saved_text})
    return redirect("campaigns:text", campaign.pk)


@login_required
@require_POST
def put_away(request: HttpRequest, text_pk: int) -> HttpResponse:
    """Offer a text no more."""
    keeping.put_away(_text(request, text_pk), actor=scope.person(request))
    return redirect("campaigns:saved_texts")


def _text(request: HttpRequest, pk: int) -> SavedText:
    rows = SavedText.objects.visible_to(request.user, Power.PREPARE).select_related("organisation")
    found: SavedText = visible_or_404(rows, pk=pk)
    return found
