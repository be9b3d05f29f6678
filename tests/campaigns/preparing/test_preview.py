"""The preview is what the recipient of a row will get."""

import pytest

from campaigns.preparing import preview, writing
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def test_each_row_has_its_own_values_and_its_neighbours() -> None:
    campaign = build.ready()

    middle = preview.of(campaign, line=3)

    assert middle is not None
    assert (middle.line, middle.previous, middle.next, middle.number, middle.total) == (3, 2, 4, 2, 3)
    assert (middle.recipient, middle.subject) == ("bianchi@pec.example", "Avviso per Ditta Bianchi")
    assert "<p>Gentile Ditta Bianchi,</p>" in middle.html
    assert "Gentile Ditta Bianchi," in middle.text


def test_first_and_last_have_one_neighbour_and_a_line_that_is_not_there_shows_the_next() -> None:
    campaign = build.ready()

    first, last, beyond = (preview.of(campaign, line=line) for line in (None, 4, 999))

    assert first is not None
    assert last is not None
    assert beyond is not None
    assert (first.line, first.previous) == (2, None)
    assert last.next is None
    assert beyond.line == 4


def test_without_rows_there_is_no_preview() -> None:
    assert preview.of(build.draft()) is None


def test_a_row_with_a_hole_says_so_instead_of_showing_it() -> None:
    campaign = build.upload(build.draft(), "nome;pec\n;rossi@pec.example\n")
    campaign = writing.save(campaign, subject="Avviso", body="{{ nome }}", actor=campaign.created_by)

    shown = preview.of(campaign)

    assert shown is not None
    assert "Line 2" in shown.problem
    assert shown.html == ""


def test_values_are_text_and_never_html_nor_fields() -> None:
    campaign = build.upload(build.draft(), "nome;pec\n<script>x</script>{{ pec }};rossi@pec.example\n")
    campaign = writing.save(campaign, subject="Avviso", body="<p>{{ nome }}</p>", actor=campaign.created_by)

    shown = preview.of(campaign)

    assert shown is not None
    assert "<script>" not in shown.html
    assert "{{ pec }}" in shown.html
    assert "rossi@pec.example" not in shown.html
