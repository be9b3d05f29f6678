"""The text put together with every row of the list, so that no letter leaves with a hole in it.

With a short list that is done as the text is saved; with a long one by a job, some rows in each transaction, and the
check before the start waits for it.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, QuerySet

from campaigns import text
from campaigns.models import Campaign, ListProblem, Merging, Recipient
from campaigns.preparing import drafts, judging
from campaigns.states import CampaignState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.queue import enqueue

# faults that depend on the text, not on the file alone: found anew whenever either changes
PREFIX: Final = "merge_"
BATCH: Final = 1000
SMALL: Final = 2_000  # rows that are merged at once
LOST: Final = timedelta(seconds=90)  # without a sign of life
TASK: Final = "campaigns.tasks.merge"


def columns(campaign: Campaign) -> list[tuple[str, str]]:
    """The merge fields that the campaign's list offers, each with its heading, in the order of the columns."""
    named = [(text.normalise(heading), heading) for heading in campaign.columns]
    return [(name, heading) for name, heading in named if name]


def fields(campaign: Campaign) -> list[str]:
    """The merge fields alone."""
    return [name for name, _heading in columns(campaign)]


def begin(draft: Campaign) -> None:
    """Find which rows the text cannot be merged with: at once where they are few, else by a job.

    In the caller's transaction, on a locked draft. A job that is at work for an earlier text or list ends.
    """
    Merging.objects.filter(campaign=draft).delete()
    if draft.recipients_total <= SMALL:
        _clear(draft, draft.recipients.all())
        _close(draft, _judge(draft, draft.recipients.order_by("line").iterator(chunk_size=BATCH)))
        return
    Merging.objects.create(campaign=draft)
    enqueue(TASK, draft.pk)


def run(campaign_id: int, *, alive: Callable[[], object] = lambda: None) -> None:
    """Go on with what `begin` left to a job, to its end; `alive` is called after each part.

    It may be killed anywhere, repeated, and run twice at a time: a part counts only for the text and the place for
    which it was found.
    """
    while (ours := Merging.objects.filter(campaign=campaign_id).first()) is not None:
        campaign = Campaign.objects.get(pk=campaign_id)
        if campaign.state != CampaignState.DRAFT:
            return
        rows = list(campaign.recipients.filter(line__gt=ours.line).order_by("line")[:BATCH])
        try:
            _keep(campaign, ours, rows, _judge(campaign, rows))
        except Refusal:  # started meanwhile
            return
        alive()


def resume_lost() -> None:
    """Nudge those whose job was not heard of for a while."""
    late = Merging.objects.filter(alive_at__lt=clock.real_now() - LOST, campaign__state=CampaignState.DRAFT)
    for pk in list(late.values_list("campaign_id", flat=True)):
        enqueue(TASK, pk)


def faulty_lines(campaign: Campaign) -> int:
    """How many lines of the list have a fault; warnings are none."""
    faults = campaign.problems.filter(is_warning=False).order_by()
    return faults.aggregate(n=Count("line", distinct=True))["n"] or 0


def letter_of(campaign: Campaign) -> text.Letter | None:
    """The campaign's letter; None while its text cannot be merged with anything."""
    try:
        return text.Letter.of(campaign.subject, campaign.body)
    except text.TextProblem:
        return None


def written(campaign: Campaign) -> tuple[str, str]:
    """What the faults of the merge depend on beside the rows."""
    return campaign.subject, campaign.body


@transaction.atomic
def _keep(campaign: Campaign, ours: Merging, rows: list[Recipient], found: list[ListProblem]) -> None:
    """Take the faults of some rows for the old ones, unless another text, list or job came in between."""
    draft = drafts.locked(campaign)
    mine = Merging.objects.filter(pk=ours.pk, line=ours.line)
    if not rows:
        if mine.delete()[0]:
            _close(draft, [], earlier=ours.found)
        return
    told = {"rows": ours.rows + len(rows), "found": ours.found + len(found), "alive_at": clock.real_now()}
    if rows[0].version != draft.list_version or not mine.update(line=rows[-1].line, **told):
        return
    _clear(draft, draft.recipients.filter(line__gt=ours.line, line__lte=rows[-1].line))
    present = set(draft.recipients.filter(line__in=[fault.line for fault in found]).values_list("line", flat=True))
    ListProblem.objects.bulk_create([fault for fault in found if fault.line in present], batch_size=BATCH)


def _clear(draft: Campaign, rows: QuerySet[Recipient]) -> None:
    """Forget the faults of earlier texts; those of rows that were left out already stay."""
    known = draft.problems.filter(code__startswith=PREFIX)
    if known.exists():
        known.filter(line__in=rows.values("line")).delete()


def _close(draft: Campaign, found: list[ListProblem], *, earlier: int = 0) -> None:
    """Count what is faulty now; a fault of this text asks for the clerk's choice again."""
    ListProblem.objects.bulk_create(found, batch_size=BATCH)
    draft.problems_total = faulty_lines(draft)
    if found or earlier or not draft.problems_total:
        draft.skip_problems = False
    draft.save(update_fields=["problems_total", "skip_problems"])


def _judge(campaign: Campaign, rows: Iterable[Recipient]) -> list[ListProblem]:
    """What is wrong with the letter to each row. Nothing is judged while the text itself is wrong: the check before
    the start names that."""
    letter = letter_of(campaign)
    if letter is None or letter.fields - set(fields(campaign)):
        return []
    found = []
    for row in rows:
        fault = judging.merge_fault(letter, row.line, row.values)
        if fault is not None:
            told = {"code": fault[0], "column": fault[1]}
            found.append(ListProblem(campaign_id=row.campaign_id, version=row.version, line=row.line, **told))
    return found
