"""Which file belongs to which row of a list, told by the file's name and what stands in one column. Pure."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Row = tuple[int, str]  # its line in the list, and what stands in the column

_SEPARATORS: Final = (";", "|", "\n")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was found: files by line; lines without a file; files without a line; files that might be several rows'.

    A file is given to every row in which exactly the same stands. One whose name fits rows only roughly, and rows that
    differ among themselves, is given to none: `ambiguous` has their lines.
    """

    files: Mapping[int, tuple[str, ...]]
    lines_without: Sequence[int]
    files_without: Sequence[str]
    ambiguous: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def assign(names: Sequence[str], rows: Callable[[], Iterable[Row]]) -> Assignment:
    """Give each file to the rows that its name belongs to: exactly first, then without case, accents and signs.

    A file belongs to a row in whose cell its name stands, with or without its ending; a cell may name several,
    separated by semicolons, bars or line breaks. `rows` is asked twice, and none of them is held.
    """
    exact = _by(names, lambda name: {name, _stem(name)})
    found: dict[int, list[str]] = defaultdict(list)
    lines: list[int] = []
    for line, cell in rows():
        lines.append(line)
        for part in _parts(cell):
            _add(found[line], exact.get(part, ()))
    taken = {name for files in found.values() for name in files}
    rough = _by([name for name in names if name not in taken], lambda name: {plain(name), plain(_stem(name))})
    ambiguous = _roughly(rough, rows, found) if rough else {}
    files = {line: tuple(given) for line, given in found.items() if given}
    taken = {name for given in files.values() for name in given}
    return Assignment(
        files,
        lines_without=[line for line in lines if line not in files],
        files_without=[name for name in names if name not in taken and name not in ambiguous],
        ambiguous=ambiguous,
    )


def best_column(names: Sequence[str], columns: Sequence[str], sample: Iterable[Mapping[str, str]]) -> str:
    """The column whose cells name the most of the files; the first of equals, "" when none names any.

    Half of it must be right: a column of towns is not the key because one file is called Roma.
    """
    keys = {key for name in names for key in (plain(name), plain(_stem(name))) if key}
    hits: dict[str, set[str]] = {column: set() for column in columns}
    count = 0
    for values in sample:
        count += 1
        for column in columns:
            hits[column].update({plain(part) for part in _parts(values.get(column, ""))} & keys)
    best = max(columns, key=lambda column: len(hits[column]), default="")
    return best if best and 2 * len(hits[best]) >= min(count, len(names)) > 0 else ""


def plain(text: str) -> str:
    """A name without what people write differently: case, accents, spaces, and all signs."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in decomposed if sign.isalnum())


def _roughly(
    rough: Mapping[str, Sequence[str]], rows: Callable[[], Iterable[Row]], found: dict[int, list[str]]
) -> dict[str, tuple[int, ...]]:
    """Give the files that are left to rows they fit roughly, and return those that fit rows which differ."""
    fits: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, cell in rows():
        for part in _parts(cell):
            for name in rough.get(plain(part), ()):
                fits[name].append((line, part))
    ambiguous = {}
    for name, places in fits.items():
        if len({part for _line, part in places}) > 1:
            ambiguous[name] = tuple(dict.fromkeys(line for line, _part in places))
            continue
        for line, _part in places:
            _add(found[line], [name])
    return ambiguous


def _by(names: Iterable[str], keys: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for key in keys(name):
            if key:
                found[key].append(name)
    return found


def _add(files: list[str], names: Iterable[str]) -> None:
    files += [name for name in names if name not in files]


def _parts(cell: str) -> list[str]:
    for separator in _SEPARATORS[1:]:
        cell = cell.replace(separator, _SEPARATORS[0])
    return [part for written in cell.split(_SEPARATORS[0]) if (part := written.strip())]


def _stem(name: str) -> str:
    stem, dot, _ending = name.rpartition(".")
    return stem if dot and stem else name
