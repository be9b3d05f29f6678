"""The list of recipients as a whole: taken in at once where its columns are plain, and left without its faulty rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Campaign, ListReading, ReadingState, Role
from campaigns.preparing import columns, drafts, judging, readings
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User


class NoAddressColumn(Refusal):
    """No column of the list looks like addresses, or none has the heading that was named; `columns` are those found."""

    def __init__(self, sentence: str, *, columns: Sequence[str]) -> None:
        super().__init__(sentence, field="column")
        self.columns = tuple(columns)


def upload(campaign: Campaign, path: Path, *, name: str, actor: User, column: str = "") -> Campaign:
    """Replace a draft's list by the file at `path`, called `name` by its owner, and return the campaign anew.

    `column` is the heading of the addresses; without it the column is found. Rows with a fault are not recipients:
    each is stored as a problem with its line. Raises `Refusal`, and keeps the list that was there, when the file as a
    whole cannot be used (`NoAddressColumn` when only the addresses were not found). For programs: a person confirms
    the columns first, and a long list is then read in the background (see `readings`).
    """
    reading = readings.take(campaign, path, name=name, actor=actor)
    roles = confirmed(reading, {Role.ADDRESS.value: column} if column else {})
    reading = readings.choose(reading, roles, at_once=True)
    if reading.state != ReadingState.DONE:
        raise Refusal(reading.problem or _("The list could not be read."), field="file")
    return Campaign.objects.get(pk=campaign.pk)


def confirmed(reading: ListReading, named: Mapping[str, str]) -> dict[str, int]:
    """What the columns of a list are: as it was guessed, but for the roles whose heading is `named`.

    Cancels the reading, and raises `Refusal` at the role (`NoAddressColumn` for the addresses), when there is none.
    """
    try:
        return _roles(reading.columns, reading.roles, named)
    except Refusal:
        readings.cancel(reading)
        raise


@transaction.atomic
def go_on_without_faulty(campaign: Campaign, *, actor: User) -> int:
    """Leave out every row that has a fault, at the clerk's explicit wish, and return how many those are.

    They come back with the next upload only. Again it changes nothing. Raises `Refusal` when no row would be left.
    """
    draft = drafts.locked(campaign)
    if draft.skip_problems:
        return draft.problems_total
    faulty = draft.problems.filter(is_warning=False).values("line")
    removed = draft.recipients.filter(line__in=faulty).delete()[0]
    draft.recipients_total = draft.recipients.count()
    if not draft.recipients_total:
        raise Refusal(_("Every row of the list has a fault: without them nobody would be left."))
    if removed:
        addresses = draft.recipients.order_by().values_list("address", flat=True)
        draft.recipients_sha256 = judging.fingerprint(address.lower() for address in addresses.iterator())
    draft.skip_problems = True
    draft.save(update_fields=["recipients_total", "recipients_sha256", "skip_problems"])
    facts = {"left_out": draft.problems_total, "recipients": draft.recipients_total}
    record("campaign.skip_faulty_rows", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return draft.problems_total


def _roles(headings: Sequence[str], guessed: Mapping[str, int], named: Mapping[str, str]) -> dict[str, int]:
    positions = {role: columns.named(headings, heading) for role, heading in named.items()}
    found = {role: at for role, at in positions.items() if at is not None}
    listed = ", ".join(heading for heading in headings if heading)
    for role, heading in named.items():
        if role not in found:
            words = {"column": heading, "columns": listed}
            sentence = _("The list has no column “%(column)s”. Its columns are: %(columns)s.") % words
            raise NoAddressColumn(sentence, columns=headings) if role == Role.ADDRESS else Refusal(sentence, field=role)
    roles = {role: at for role, at in guessed.items() if role not in found and at not in found.values()} | found
    if Role.ADDRESS not in roles:
        sentence = _(
            "No column of addresses was found. The list's columns are: %(columns)s. "
            "Choose the one that holds the addresses, and upload the file again."
        )
        raise NoAddressColumn(sentence % {"columns": listed}, columns=headings)
    return roles
