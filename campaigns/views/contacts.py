"""Pages of the address book: contacts, groups, their files, and what was changed by whom."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import sentences, spreadsheets, tables
from campaigns.contact_forms import ContactForm, ContactsFileForm, GroupForm, GroupsForm
from campaigns.models import Contact, ContactChange, ContactGroup, ContactRun, ReadingState, RunState
from campaigns.preparing import contact_runs
from campaigns.preparing import contacts as book
from campaigns.views import scope, uploads
from pecportal import downloads, exports, keyset
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation
from pecportal.permissions import Power, require, visible_or_404

A_PAGE = 50
CHANGES_SHOWN = 20


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The contacts, by group and by what is searched for."""
    organisation = _organisation(request)
    groups = _groups(request, organisation).annotate(count=Count("contacts"))
    rows = Contact.objects.visible_to(request.user, Power.PREPARE).filter(organisation=organisation)
    searched, group = request.GET.get("q", "").strip()[:254], request.GET.get("group", "")
    if searched:
        found = Q(address__icontains=searched) | Q(name__icontains=searched) | Q(code__icontains=searched)
        rows = rows.filter(found)
    if group.isascii() and group.isdecimal() and len(group) < 19:
        rows = rows.filter(groups=int(group))
    context = {
        "page": keyset.page(rows, by="pk", size=A_PAGE, **keyset.asked(request.GET)),
        "groups": groups,
        "group": group,
        "q": searched,
        "form": GroupForm(),
        "total": Contact.objects.filter(organisation=organisation).count(),
        "runs": _runs(request).filter(organisation=organisation, state=RunState.WAITING),
    }
    return render(request, "campaigns/contacts.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new contact."""
    return _edit(request, _organisation(request), None)


@login_required
@require_http_methods(["GET", "POST"])
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """One contact, and what was changed in it."""
    row = _contact(request, pk)
    return _edit(request, row.organisation, row)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a contact out of the book."""
    book.remove(_contact(request, pk), actor=scope.person(request))
    messages.success(request, _("The contact is removed."))
    return redirect("campaigns:contacts")


@login_required
@require_POST
def make_group(request: HttpRequest) -> HttpResponse:
    """A new group."""
    organisation = _organisation(request)
    try:
        group = book.make_group(organisation, request.POST.get("name", ""), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        messages.success(request, _("The group “%(name)s” is there.") % {"name": group.name})
    return redirect("campaigns:contacts")


@login_required
@require_POST
def remove_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a group away; its contacts stay."""
    group = visible_or_404(ContactGroup.objects.visible_to(request.user, Power.PREPARE), pk=pk)
    book.remove_group(group, actor=scope.person(request))
    messages.success(request, _("The group “%(name)s” is removed; its contacts stay.") % {"name": group.name})
    return redirect("campaigns:contacts")


@login_required
@uploads.to_disk(most=tables.LARGEST_FILE)
@require_http_methods(["GET", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Contacts out of a file."""
    organisation = _organisation(request)
    groups = _groups(request, organisation)
    form = ContactsFileForm(scope.posted(request), scope.posted_files(request), groups=groups)
    done = None
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if not uploads.is_whole(file):
                raise Refusal(sentences.TABLES["too_big"], field="file")
            path, group = uploads.path_of(file), form.cleaned_data["group"]
            done = book.take_in(organisation, path, name=file.name or "", group=group, actor=scope.person(request))
        except Refusal as refusal:
            scope.tell(form, refusal)
    if isinstance(done, ContactRun):
        return redirect(done)
    context = {"form": form, "done": done}
    return render(request, "campaigns/contacts_import.html", context, status=422 if form.errors else 200)


@login_required
@exports.limited
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All contacts, or a group's, as CSV."""
    organisation = _organisation(request)
    wanted = request.GET.get("group", "")
    groups = _groups(request, organisation)
    chosen = groups.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19 else []
    if wanted and not chosen:
        raise Http404
    rows = book.rows(organisation, chosen)
    return downloads.streamed(spreadsheets.as_csv(rows), name="contatti.csv", content_type="text/csv; charset=utf-8")


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Who changed what in the book, the latest first."""
    organisation = _organisation(request)
    rows = ContactChange.objects.visible_to(request.user, Power.PREPARE).filter(organisation=organisation)
    page = keyset.page(rows.select_related("by"), by="-pk", size=A_PAGE, **keyset.asked(request.GET))
    return render(request, "campaigns/contacts_history.html", {"page": page})


@login_required
@require_POST
def to_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Make groups the list of a campaign."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    form = GroupsForm(request.POST, groups=_groups(request, campaign.organisation))
    try:
        chosen = list(form.cleaned_data["groups"]) if form.is_valid() else []
        reading = book.list_of(campaign, chosen, actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        if isinstance(reading, ContactRun):
            return redirect(reading)
        if reading.state == ReadingState.DONE:
            messages.success(request, _("The list was made of the contacts."))
    return redirect("campaigns:recipients", campaign.pk)


@login_required
@require_POST
def from_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Save a campaign's list as a group."""
    campaign = scope.campaign_or_404(request, pk, Power.PREPARE)
    try:
        group = book.group_of(campaign, request.POST.get("group-name", ""), actor=scope.person(request))
    except Refusal as refusal:
        scope.shout(request, refusal)
    else:
        if isinstance(group, ContactRun):
            return redirect(group)
        messages.success(request, _("The list is saved as the group “%(name)s”.") % {"name": group.name})
    return redirect("campaigns:recipients", campaign.pk)


@login_required
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a job on many contacts is, or what became of it; htmx asks until it is over."""
    row = _run(request, pk)
    if getattr(request, "htmx", False) and not row.is_moving:
        return HttpResponse(headers={"HX-Refresh": "true"})
    template = "campaigns/_contact_run.html" if getattr(request, "htmx", False) else "campaigns/contact_run.html"
    return render(request, template, {"run": row})


@login_required
@require_POST
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a job on many contacts."""
    row = _run(request, pk)
    if contact_runs.cancel(row):
        messages.success(request, _("It is stopped. What was done so far stays."))
    return redirect(row)


def _run(request: HttpRequest, pk: int) -> ContactRun:
    return visible_or_404(_runs(request), pk=pk)


def _runs(request: HttpRequest) -> QuerySet[ContactRun]:
    return ContactRun.objects.visible_to(request.user, Power.PREPARE)


def _edit(request: HttpRequest, organisation: Organisation, row: Contact | None) -> HttpResponse:
    form = ContactForm(scope.posted(request), groups=_groups(request, organisation), contact=row)
    if form.is_valid():
        try:
            book.save(
                organisation,
                form.entry,
                groups=form.cleaned_data["groups"],
                actor=scope.person(request),
                contact=row,
            )
        except Refusal as refusal:
            scope.tell(form, refusal)
        else:
            messages.success(request, _("The contact is saved."))
            return redirect("campaigns:contacts")
    changes = row.changes.select_related("by")[:CHANGES_SHOWN] if row else []
    context = {"form": form, "contact": row, "changes": changes}
    return render(request, "campaigns/contact.html", context, status=422 if form.errors else 200)


def _organisation(request: HttpRequest) -> Organisation:
    """The organisation whose book it is; 404 for whoever may not prepare campaigns in it."""
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    require(request.user, Power.PREPARE, organisation)
    return organisation


def _contact(request: HttpRequest, pk: int) -> Contact:
    rows = Contact.objects.visible_to(request.user, Power.PREPARE).select_related("organisation")
    return visible_or_404(rows, pk=pk)


def _groups(request: HttpRequest, organisation: Organisation) -> QuerySet[ContactGroup]:
    return ContactGroup.objects.visible_to(request.user, Power.PREPARE).filter(organisation=organisation)
