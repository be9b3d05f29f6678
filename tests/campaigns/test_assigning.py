"""Files find their rows by name: exactly first, then roughly, and never by a guess between two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import assigning
from campaigns.assigning import Assignment


def assign(names: list[str], cells: list[str]) -> Assignment:
    return assigning.assign(names, lambda: list(enumerate(cells, 2)))


def test_a_file_goes_to_the_row_that_names_it_with_its_ending_or_without() -> None:
    found = assign(["00123450001.pdf", "contratto.pdf"], ["00123450001", "contratto.pdf"])

    assert found == Assignment({2: ("00123450001.pdf",), 3: ("contratto.pdf",)}, [], [], {})


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("ROSSI MARIO.pdf", "Rossi Mario"),
        ("rossi_mario.pdf", "Rossi Mario"),
        ("Niccolò.pdf", "Niccolo"),
        ("dell'Acqua.pdf", "DELL ACQUA"),
        ("IT-00123450001.pdf", "it 00123450001"),
    ],
)
def test_what_people_write_differently_is_the_same(name: str, cell: str) -> None:
    assert assign([name], [cell]).files == {2: (name,)}


def test_an_exact_name_wins_over_a_rough_one() -> None:
    found = assign(["a1.pdf", "A-1.pdf"], ["a1", "A-1"])

    assert found.files == {2: ("a1.pdf",), 3: ("A-1.pdf",)}


def test_rows_without_a_file_and_files_without_a_row_are_told() -> None:
    found = assign(["1.pdf", "9.pdf"], ["1", "2", ""])

    assert (found.lines_without, found.files_without) == ([3, 4], ["9.pdf"])


def test_a_file_that_roughly_fits_two_different_rows_goes_to_neither() -> None:
    found = assign(["rossi mario.pdf"], ["Rossi Mario", "ROSSI-MARIO"])

    assert found.files == {}
    assert found.ambiguous == {"rossi mario.pdf": (2, 3)}
    assert found.lines_without == [2, 3]
    assert found.files_without == []


def test_rows_in_which_exactly_the_same_stands_all_get_the_file() -> None:
    assert assign(["x.pdf"], ["x", "x"]).files == {2: ("x.pdf",), 3: ("x.pdf",)}


def test_one_row_may_have_several_files() -> None:
    assert assign(["x.pdf", "x.xml"], ["x"]).files == {2: ("x.pdf", "x.xml")}
    assert assign(["a.pdf", "b.pdf"], ["a.pdf; b.pdf"]).files == {2: ("a.pdf", "b.pdf")}
    assert assign(["a.pdf", "b.pdf"], ["a|b"]).files == {2: ("a.pdf", "b.pdf")}


def test_a_name_of_signs_alone_fits_nothing() -> None:
    assert assign(["--.pdf"], ["", "..", "-"]).files == {}


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8), st.lists(st.text(max_size=8), max_size=8))
def test_every_file_and_every_row_is_in_exactly_one_place(names: list[str], cells: list[str]) -> None:
    names = list(dict.fromkeys(names))
    found = assign(names, cells)

    given_away = {name for files in found.files.values() for name in files}
    places = [given_away, set(found.files_without), set(found.ambiguous)]
    assert set().union(*places) == set(names)
    assert sum(map(len, places)) == len(names)
    assert sorted([*found.files, *found.lines_without]) == [line for line, _cell in enumerate(cells, 2)]


def test_the_column_that_names_the_files_is_found() -> None:
    rows = [{"comune": "Roma", "codice": f"{number:011d}"} for number in range(10)]
    names = [f"{number:011d}.pdf" for number in range(8)]

    assert assigning.best_column(names, ["comune", "codice"], rows) == "codice"
    assert assigning.best_column(["roma.pdf", *names], ["comune"], rows) == ""
    assert assigning.best_column([], ["comune"], rows) == ""
