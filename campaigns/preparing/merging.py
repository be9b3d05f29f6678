"""The text put together with every row of the list, so that no letter leaves with a hole in it."""

from collections.abc import Iterator

from django.db.models import Count

from campaigns import text
from campaigns.models import Campaign, ListProblem
from campaigns.preparing import judging

# faults that depend on the text, not on the file alone: found anew whenever either changes
PREFIX = "merge_"
BATCH = 1000


def columns(campaign: Campaign) -> list[tuple[str, str]]:
    """The merge fields that the campaign's list offers, each with its heading, in the order of the columns."""
    named = [(text.normalise(heading), heading) for heading in campaign.columns]
    return [(name, heading) for name, heading in named if name]


def fields(campaign: Campaign) -> list[str]:
    """The merge fields alone."""
    return [name for name, _heading in columns(campaign)]


def check(campaign: Campaign) -> int:
    """Merge the text with every row, keep the faults found as rows, and return how many rows have one.

    Runs in the caller's transaction, on a locked draft. A new fault asks for the clerk's choice again. Faults of rows
    that were left out already stay. Nothing is judged while the text itself is wrong: the check before the start
    names that.
    """
    known = campaign.problems.filter(code__startswith=PREFIX)
    if known.exists():
        known.filter(line__in=campaign.recipients.values("line")).delete()
    found = list(_faults(campaign))
    ListProblem.objects.bulk_create(found, batch_size=BATCH)
    campaign.problems_total = faulty_lines(campaign)
    if found or not campaign.problems_total:
        campaign.skip_problems = False
    campaign.save(update_fields=["problems_total", "skip_problems"])
    return len(found)


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


def _faults(campaign: Campaign) -> Iterator[ListProblem]:
    letter = letter_of(campaign)
    if letter is None or letter.fields - set(fields(campaign)):
        return
    for row in campaign.recipients.order_by("line").iterator(chunk_size=BATCH):
        fault = judging.merge_fault(letter, row.line, row.values)
        if fault is not None:
            code, column = fault
            yield ListProblem(campaign_id=row.campaign_id, version=row.version, line=row.line, code=code, column=column)
