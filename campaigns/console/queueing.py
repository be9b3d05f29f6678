"""The queue's page: what waits, what failed, what is due by the clock. It shows; only a repeatable job is run again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaigns.console import jobs
from campaigns.console.views import operator, page
from pecportal import queue
from pecportal.journal.record import record

LONGEST_REASON = 2000


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All three lists, one screen of each."""
    operator(request)
    context = {"waiting": queue.waiting(), "failed": queue.failed(), "scheduled": queue.scheduled()}
    return page(request, "console/queue.html", _("The queue"), context)


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Ask for a failed job once more, for a reason."""
    who, reason = operator(request), request.POST.get("reason", "").strip()[:LONGEST_REASON]
    if not reason:
        messages.warning(request, _("Write down why: the reason is kept in the journal."))
        return redirect("console:queue")
    job = queue.run_again(request.POST.get("job", "")[:32])
    if job is None:
        messages.info(request, _("That job was run again already, or may not be run by hand."))
    else:
        record(
            "queue.run_again", actor=who, task=job.task, arguments=[str(each) for each in job.arguments], reason=reason
        )
        messages.success(request, _("Asked for once more: %(task)s.") % {"task": jobs.words(job.task)})
    return redirect("console:queue")
