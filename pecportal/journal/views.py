"""The browser's door to the journal: who did what, for auditors and for whoever wants to see their own acts."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pecportal import downloads, exports, keyset
from pecportal.journal import checking, reading
from pecportal.journal.forms import FilterForm
from pecportal.journal.models import Check, Entry
from pecportal.journal.record import record
from pecportal.organisations import current
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, may, require

_EXPORTS = {
    "csv": ("text/csv; charset=utf-8", reading.as_csv),
    "jsonl": ("application/x-ndjson", reading.as_json_lines),
}


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The entries that are asked for, the latest first."""
    person, organisation = _scope(request)
    form, rows = _asked(request)
    page = reading.page(rows, **keyset.asked(request.GET))
    may_verify = organisation is not None and may(person, Power.VERIFY, organisation)
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    context = {
        "form": form,
        "page": page,
        "lines": reading.lines(page.rows),
        "sees_all": organisation is not None and may(person, Power.JOURNAL, organisation),
        "may_verify": may_verify,
        "check": Check.objects.exclude(ended_at=None).first() if may_verify else None,
        "is_being_checked": may_verify and Check.objects.filter(ended_at=None).exists(),
        "query": query.urlencode(),
    }
    return render(request, "journal/index.html", context)


@login_required
@exports.limited
@require_GET
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the page shows, as a whole file with all hashes: `csv` or `jsonl`."""
    person, organisation = _scope(request)
    if kind not in _EXPORTS:
        raise Http404
    _form, rows = _asked(request)
    content_type, write = _EXPORTS[kind]
    last = rows.values_list("number", flat=True).first() or 0
    record("journal.export", actor=person, organisation=organisation, kind=kind)
    pieces = write(rows.filter(number__lte=last))
    return downloads.streamed(pieces, name=f"journal.{kind}", content_type=content_type)


@login_required
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Have the whole chain verified."""
    person, organisation = _scope(request)
    if organisation is None:
        raise Http404
    require(person, Power.VERIFY, organisation)
    checking.ask(actor=person)
    messages.info(request, _("The journal is being verified. Load this page again in a moment to see what was found."))
    return redirect("journal:index")


def _scope(request: HttpRequest) -> tuple[User, Organisation | None]:
    if not isinstance(request.user, User):
        raise Http404
    return request.user, current.organisation(request)


def _asked(request: HttpRequest) -> tuple[FilterForm, QuerySet[Entry]]:
    form = FilterForm(request.GET or None)
    return form, reading.filtered(reading.visible(*_scope(request)), form.wanted())
