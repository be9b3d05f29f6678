"""How far the jobs are that requests about campaigns begin."""

from typing import Final

from django.utils.translation import gettext as _

from campaigns.models import Campaign, Intake, ListReading, Package, PackageState, ReadingState, Sheet
from campaigns.proving import packages
from campaigns.states import IntakeState, SheetState
from pecportal.api.jobs import JobState, Progress
from pecportal.api.resource import location

READINGS: Final = {
    ReadingState.CHOOSING: JobState.WAITING,
    ReadingState.WAITING: JobState.WAITING,
    ReadingState.READING: JobState.RUNNING,
    ReadingState.DONE: JobState.DONE,
}
ARCHIVES: Final = {
    IntakeState.WAITING: JobState.WAITING,
    IntakeState.READING: JobState.RUNNING,
    IntakeState.DONE: JobState.DONE,
}
SHEETS: Final = {SheetState.MAKING: JobState.RUNNING, SheetState.READY: JobState.DONE}
PACKAGES: Final = {
    PackageState.WAITING: JobState.WAITING,
    PackageState.MAKING: JobState.RUNNING,
    PackageState.MADE: JobState.DONE,
}


def of_reading(row: ListReading) -> Progress:
    """A list of recipients; once it is read, `words` tells its counts."""
    state = READINGS.get(ReadingState(row.state), JobState.FAILED)
    words = str(row.problem or row.get_state_display())
    if state != JobState.DONE:
        return Progress(state, row.rows, row.lines or None, words)
    campaign = Campaign.objects.get(pk=row.campaign_id)
    if campaign.list_version == row.version:
        counts = {"good": campaign.recipients_total, "faulty": campaign.problems_total}
        words = _("Recipients: %(good)s. Rows with a fault: %(faulty)s.") % counts
    result = location("campaign_recipients", public_id=campaign.public_id)
    return Progress(state, row.rows, row.rows, words, result)


def of_archive(row: Intake) -> Progress:
    """An archive of recipients' own files; `words` names those that could not be taken."""
    state = ARCHIVES.get(IntakeState(row.state), JobState.FAILED)
    refused = "; ".join(f"{name}: {why}" for name, why in row.refused)
    result = location("campaign_attachments", public_id=row.campaign.public_id)
    return Progress(state, row.taken, row.entries or None, row.problem or refused, f"{result}?kind=own")


def of_check(row: Sheet) -> Progress:
    """A check before sending."""
    state = SHEETS.get(SheetState(row.state), JobState.FAILED)
    result = location("campaign_check", public_id=row.campaign.public_id) if state == JobState.DONE else None
    return Progress(state, row.rows_done, row.rows_total, row.problem, result)


def of_package(row: Package) -> Progress:
    """A package of evidence."""
    state = PACKAGES.get(PackageState(row.state), JobState.FAILED)
    named = {"public_id": row.campaign.public_id, "package_id": row.public_id}
    result = location("campaign_package", **named) if state == JobState.DONE else None
    words = packages.why_none(row) if state == JobState.FAILED else ""
    return Progress(state, row.done, row.total, words, result)
