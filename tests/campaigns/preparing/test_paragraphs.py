"""Plain paragraphs become HTML and can be typed on; HTML stays as it is."""

import pytest

from campaigns.preparing import paragraphs

TYPED = [
    "Gentile {{ nome }},\n\nla informiamo.\nCordiali saluti",
    "Un solo paragrafo",
    "a < b & c > d",
    "{% if nota %}Nota: {{ nota }}{% endif %}",
    "L'atto è «qui», pagina 3.",
]


@pytest.mark.parametrize("typed", TYPED)
def test_what_was_typed_comes_back_as_it_was_typed(typed: str) -> None:
    assert paragraphs.to_typed(paragraphs.to_html(typed)) == typed


def test_empty_lines_part_paragraphs_and_single_ones_break_lines() -> None:
    assert paragraphs.to_html("uno\ndue\r\n\r\n\r\ntre") == "<p>uno<br>\ndue</p>\n<p>tre</p>"


def test_signs_of_html_are_escaped_but_not_inside_merge_fields() -> None:
    assert paragraphs.to_html("5 < 6 & {{ nome }}") == "<p>5 &lt; 6 &amp; {{ nome }}</p>"


@pytest.mark.parametrize(
    "body", ["<p>uno</p><ul><li>due</li></ul>", "<b>uno</b>", "<p class='x'>uno</p>", "<p>a <b>b</b></p>"]
)
def test_html_is_left_as_it_is_both_ways(body: str) -> None:
    assert paragraphs.to_html(body) == body
    assert paragraphs.to_typed(body) == body


def test_nothing_stays_nothing() -> None:
    assert paragraphs.to_html(" \r\n ") == ""
    assert paragraphs.to_typed("") == ""
