"""Lists that programs write: a JSON object on each line."""

import json
from pathlib import Path

import pytest

from campaigns.tables import MOST_COLUMNS, TableProblem, jsonlines
from tests.campaigns.lists import opened, problem_of, written

NAME = "elenco.jsonl"


def test_names_of_all_lines_are_headings_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    path = written(tmp_path, '\ufeff{"pec": "a@b.it", "n": 1}\r\n\n{"nome": "È", "n": 2.50}\n{}', name=NAME)

    columns, rows = opened(path)

    assert columns == ("pec", "n", "nome")
    assert [(row.line, row.values) for row in rows] == [(1, ("a@b.it", "1", "")), (3, ("", "2.50", "È"))]


def test_what_is_a_text_stays_as_it_is(tmp_path: Path) -> None:
    told = {"pec": "a@b.it", "text": 'Uno; "due",\ntre\t=4', "no": False, "none": None, "big": "007"}
    path = written(tmp_path, json.dumps(told), name=NAME)

    [row] = opened(path)[1]

    assert row.values == ("a@b.it", 'Uno; "due",\ntre\t=4', "false", "", "007")


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        '"a"',
        "nome;pec",
        '{"pec": {"a": 1}}',
        '{"pec": ["a"]}',
        '{"pec": NaN}',
        '{"pec": 1, "pec": 2}',
        '{"pec": "\\ud800"}',
        '{"pec": "a@b.it"',
        "[" * 100_000,
        '{"pec": "' + "x" * jsonlines.LONGEST_LINE + '"}',
    ],
)
def test_a_line_that_is_no_plain_object_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f'{{"pec": "a@b.it"}}\n{line}\n', name=NAME)

    with pytest.raises(TableProblem) as caught:
        opened(path)

    assert (caught.value.code, caught.value.detail) == ("no_object", "2")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("\n\n", "empty"),
        ("{}\n{}\n", "empty"),
        ('{"pec": "a\\u0000"}', "nul"),
        ('{"PEC": "a", "pec ": "b"}', "duplicate_header"),
        ('{"a@b.it": "pec"}', "no_header"),
        (json.dumps({f"c{n}": "" for n in range(MOST_COLUMNS + 1)}), "too_many_columns"),
    ],
)
def test_what_is_wrong_with_the_whole_is_told_as_of_other_lists(tmp_path: Path, content: str, code: str) -> None:
    assert problem_of(written(tmp_path, content, name=NAME)) == code
