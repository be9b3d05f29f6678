"""What is wrong with a list: how much of each kind, the rows themselves, and the file with a column that says it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.db.models import Count, Min
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns import sentences, tables, text
from campaigns.models import Campaign, ListProblem, ListReading
from campaigns.preparing import judging
from pecportal import stored

ROWS_A_PAGE: Final = 25
COLUMNS_SHOWN: Final = 5
CHUNK: Final = 1000
SEPARATOR: Final = " | "


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: in how many rows it is, and in which first."""

    title: str
    count: int
    first: int
    is_warning: bool

    @property
    def before(self) -> int:
        """The line behind which the first one stands."""
        return self.first - 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a faulty row, with what is wrong in it."""

    heading: str
    value: str
    problems: Sequence[ListProblem]


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A row of the file; `problems` are those of the row as a whole."""

    line: int
    problems: Sequence[ListProblem]
    cells: Sequence[Cell]
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some faulty rows in the order of the file; `before` and `after` as in `keyset.Page`."""

    columns: Sequence[str]
    rows: Sequence[FaultyRow]
    before: int | None
    after: int | None


def kinds(campaign: Campaign) -> list[Kind]:
    """What is wrong with the list, kind by kind: what keeps rows from being sent to first, the most frequent first."""
    rows = (
        campaign.problems.order_by().values("code").annotate(n=Count("*"), first=Min("line"))
    )  # an index holds it all
    found = [
        Kind(sentences.of_code(row["code"]), row["n"], row["first"], is_warning=row["code"] in judging.WARNINGS)
        for row in rows
    ]
    return sorted(found, key=lambda kind: (kind.is_warning, -kind.count))


def page(campaign: Campaign, *, after: int | None = None, before: int | None = None) -> Page:
    """The faulty rows behind a line of the file, or just before one; without either the first ones."""
    lines, has_more = _lines(campaign, after=after, before=before)
    problems: dict[int, list[ListProblem]] = defaultdict(list)
    for problem in campaign.problems.filter(line__in=lines).order_by("line", "pk"):
        problems[problem.line].append(problem)
    shown = _shown(campaign, [problem for found in problems.values() for problem in found])
    known = campaign.recipient_rows.filter(version=campaign.list_version, line__in=lines)  # PostgreSQL plans it better
    values = dict(known.values_list("line", "values"))
    rows = [_row(campaign, line, problems[line], shown, values.get(line)) for line in lines]
    has_before, has_after = (has_more, True) if before is not None else (after is not None, has_more)
    return Page(
        [campaign.columns[position] for position in shown],
        rows,
        lines[0] if lines and has_before else None,
        lines[-1] if lines and has_after else None,
    )


def corrected_with(campaign: Campaign, reading: ListReading) -> Iterator[list[str]]:
    """The rows of the file of `reading`, the campaign's list, with a column that says what is wrong with each.

    Words are in the language that is active now. Raises as `stored.local`, and TableProblem, while it is read.
    """
    path = stored.local(reading.stored_as, sha256=reading.sha256)
    language, title = translation.get_language(), _("What is wrong")

    def rows() -> Iterator[list[str]]:
        with tables.open_table(path, name=reading.name, sheet=reading.sheet, is_bare=reading.is_bare) as table:
            kept = [position for position, column in enumerate(table.columns) if column != title]  # of an earlier file
            yield [*(table.columns[position] for position in kept), title]
            while batch := list(islice(table.rows, CHUNK)):
                with translation.override(language):
                    told = _told(campaign, batch)
                for row in batch:
                    yield [*(row.values[position] for position in kept), told.get(row.line, "")]

    return rows()


def _lines(campaign: Campaign, *, after: int | None, before: int | None) -> tuple[list[int], bool]:
    rows = campaign.problems.order_by("line")
    if before is not None:
        rows = campaign.problems.filter(line__lt=before).order_by("-line")
    elif after is not None:
        rows = rows.filter(line__gt=after)
    found = list(rows.values_list("line", flat=True).distinct()[: ROWS_A_PAGE + 1])
    lines = found[:ROWS_A_PAGE]
    return sorted(lines), len(found) > ROWS_A_PAGE


def _shown(campaign: Campaign, problems: Sequence[ListProblem]) -> list[int]:
    """The positions of the columns in which something is wrong, of the addresses and the name, and of some others."""
    faulty = {text.normalise(problem.column) for problem in problems if problem.column}
    names = [text.normalise(column) for column in campaign.columns]
    wanted = faulty | {text.normalise(campaign.address_column), campaign.roles.get("name", "")}
    found = [position for position, name in enumerate(names) if name and name in wanted]
    others = [position for position in range(len(names)) if position not in found]
    return sorted([*found, *others[: max(0, COLUMNS_SHOWN - len(found))]])


def _row(
    campaign: Campaign,
    line: int,
    problems: Sequence[ListProblem],
    shown: Sequence[int],
    values: Mapping[str, str] | None,
) -> FaultyRow:
    kept = next((problem.cells for problem in problems if problem.cells), None) or []
    by_column: dict[str, list[ListProblem]] = defaultdict(list)
    for problem in problems:
        by_column[text.normalise(problem.column)].append(problem)
    cells = []
    for position in shown:
        name = text.normalise(campaign.columns[position])
        found = by_column.pop(name, []) if name else []
        value = found[0].value if found and found[0].value else ""
        cells.append(Cell(campaign.columns[position], value or _value(name, position, values, kept), found))
    rest = [problem for found in by_column.values() for problem in found]
    return FaultyRow(line, rest, cells, is_warning=all(problem.is_warning for problem in problems))


def _value(name: str, position: int, values: Mapping[str, str] | None, kept: Sequence[str]) -> str:
    if values is not None:
        return str(values.get(name, ""))
    return str(kept[position]) if position < len(kept) else ""


def _told(campaign: Campaign, batch: Sequence[tables.Row]) -> dict[int, str]:
    told: dict[int, list[str]] = defaultdict(list)
    problems = campaign.problems.filter(line__range=(batch[0].line, batch[-1].line))
    for problem in problems.order_by("line", "pk"):
        told[problem.line].append(sentences.of_row(problem))
    return {line: SEPARATOR.join(found) for line, found in told.items()}
