"""Letters merged with rows: what a template may say, and that values stay where they were put."""

import html
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import text
from campaigns.text import Letter, MissingValue, TextProblem

BODY = "<p>Gentile {{ nome }},</p>"
ROW = {"nome": "Anna Bianchi", "Ragione Sociale": "Rossi & Figli S.r.l.", "città": "Forlì"}


def body_of(template: str, values: dict[str, str] | None = None) -> str:
    return Letter.of("Avviso", template).render(ROW if values is None else values)[1]


def problem_of(subject: str = "Avviso", body: str = BODY) -> tuple[str, str]:
    with pytest.raises(TextProblem) as caught:
        Letter.of(subject, body)
    return caught.value.code, caught.value.place


def test_a_letter_is_merged_with_a_row() -> None:
    letter = Letter.of("Avviso per {{ nome }}", "<p>Gentile {{nome}} di {{ citta }}</p>")

    assert letter.fields == {"nome", "citta"}
    assert letter.render(ROW) == ("Avviso per Anna Bianchi", "<p>Gentile Anna Bianchi di Forlì</p>")


@pytest.mark.parametrize(
    "field",
    ["ragione_sociale", "Ragione Sociale", "RAGIONE-SOCIALE", " ragione  sociale ", "&nbsp;Ragione&nbsp;Sociale&nbsp;"],
)
def test_a_column_is_named_in_any_spelling(field: str) -> None:
    letter = Letter.of("Avviso", f"<p>{{{{{field}}}}}</p>")

    assert letter.fields == {"ragione_sociale"}
    assert letter.render(ROW)[1] == "<p>Rossi &amp; Figli S.r.l.</p>"


@pytest.mark.parametrize("column", ["if", "empty", "nil", "true", "2024", "for", "and", "Città", "n°"])
def test_no_column_name_is_reserved(column: str) -> None:
    assert body_of(f"<p>{{{{ {text.normalise(column)} }}}}</p>", {column: "x"}) == "<p>x</p>"


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Ragione Sociale", "ragione_sociale"),
        ("  P.IVA ", "p_iva"),
        ("Città", "citta"),
        ("E-mail", "e_mail"),
        ("n°", "n"),
        ("2024", "2024"),
        ("日本", ""),
        ("", ""),
        ("__a__", "a"),
    ],
)
def test_headings_become_fields(heading: str, field: str) -> None:
    assert text.normalise(heading) == field


@given(st.text())
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert text.normalise(text.normalise(name)) == text.normalise(name)


@pytest.mark.parametrize(
    ("template", "values", "shown"),
    [
        ("{% if x %}c'è {{ x }}{% endif %}.", {"x": "A"}, "c'è A."),
        ("{% if x %}c'è {{ x }}{% endif %}.", {"x": " "}, "."),
        ("{% if x %}c'è {{ x }}{% endif %}.", {}, "."),
        ("{% if x %}sì{% else %}no{% endif %}", {}, "no"),
        ("{% unless x %}no{% endunless %}.", {"x": "A"}, "."),
        ("{% unless x %}no{% else %}sì{% endunless %}", {"x": "A"}, "sì"),
        ("{%- if x -%} a {%- if y -%} b {%- endif -%} {%- endif -%}", {"x": "1", "y": "1"}, "ab"),
        ("{% if Ragione Sociale %}ditta{% endif %}", {"ragione sociale": "1"}, "ditta"),
    ],
)
def test_conditions_ask_whether_there_is_a_value(template: str, values: dict[str, str], shown: str) -> None:
    assert text.plain(body_of(template + "<br>", values)) == shown


@pytest.mark.parametrize("values", [{}, {"nome": ""}, {"nome": " \xa0\t"}])
def test_a_hole_is_never_sent(values: dict[str, str]) -> None:
    with pytest.raises(MissingValue, match=r"Line 17 has no value for \{\{ nome \}\}") as caught:
        Letter.of("Avviso", BODY).render(values, line=17)

    assert (caught.value.field, caught.value.line) == ("nome", 17)


def test_a_value_in_a_branch_that_is_shown_is_needed() -> None:
    letter = Letter.of("Avviso", "<p>{% if x %}{{ y }}{% endif %}.</p>")

    assert letter.fields == {"x", "y"}
    assert letter.render({})[1] == "<p>.</p>"
    with pytest.raises(MissingValue):
        letter.render({"x": "1"})


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ a.b }}", "filter"),
        ("{{ a['b'] }}", "filter"),
        ("{{ a[0] }}", "filter"),
        ("{{ x | map: 'y' }}", "filter"),
        ("{{ x|upcase }}", "filter"),
        ("{{ 'testo' }}", "filter"),
        ("{{ __class__.__mro__ }}", "filter"),
        ("{{ x() }}", "filter"),
        ("{{ }}", "filter"),
        ("{{ - }}", "filter"),
        ("{% for i in (1..1000000000) %}x{% endfor %}", "tag"),
        ("{% assign a = 1 %}", "tag"),
        ("{% capture a %}{% endcapture %}", "tag"),
        ("{% include 'settings' %}", "tag"),
        ("{% raw %}{{ x }}{% endraw %}", "tag"),
        ("{% comment %}x{% endcomment %}", "tag"),
        ("{% liquid echo x %}", "tag"),
        ("{% # x %}", "tag"),
        ("{% if a == b %}{% endif %}", "tag"),
        ("{% if a and b %}{% endif %}", "tag"),
        ("{% if not a %}{% endif %}", "tag"),
        ("{% if a.b %}{% endif %}", "tag"),
        ("{% if %}{% endif %}", "tag"),
        ("{% elsif a %}", "tag"),
        ("{% if a %}{% elsif b %}{% endif %}", "tag"),
        ("{% if a %}x", "syntax"),
        ("x{% endif %}", "syntax"),
        ("{% if a %}{% endunless %}", "syntax"),
        ("{% if a %}1{% else %}2{% else %}3{% endif %}", "syntax"),
        ("{% if a %}" * 9 + "x" + "{% endif %}" * 9, "syntax"),
        ("{{ nome", "syntax"),
        ("{ nome }}", "syntax"),
        ("{{ nome }", "syntax"),
        ("{{{ nome }}}", "syntax"),
        ("{% if a", "syntax"),
        ("{{ a {{ b }} }}", "syntax"),
        ("{{ <b>nome</b> }}", "split"),
        ("{{ " + "x" * 400 + " }}", "syntax"),
    ],
)
def test_templates_hold_fields_and_conditions_and_nothing_else(template: str, code: str) -> None:
    assert problem_of(body=template) == (code, "body")
    assert problem_of(subject=template) == (code, "subject")


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("", "{{", ""),
        ("", "{%", ""),
        ("", "{", ""),
        ("", "<", ""),
        ("", "<div>", ""),
        ("", "{{ x }}", "{{"),
        ("{{", " ", ""),
        ("{{", " ", "x }}"),
        ("", "{% raw %}", ""),
        ("", "{% if x %}", ""),
    ],
)
def test_hostile_templates_are_refused_at_once(start: str, piece: str, end: str) -> None:
    template, began = start + piece * (190_000 // len(piece)) + end, time.process_time()

    assert problem_of(body=template)[1] == "body"
    assert time.process_time() - began < 2


def test_an_output_of_200_megabytes_is_refused_before_it_is_made() -> None:
    letter = Letter.of("Avviso", "{{ x }}" * 20_000)
    tracemalloc.start()
    with pytest.raises(TextProblem) as caught:
        letter.render({"x": "a" * 10_000}, line=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (caught.value.code, caught.value.place, caught.value.line) == ("too_long", "body", 3)
    assert peak < 10 * 2**20


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("a\r\nBcc: b@x.example", "line_break"),
        ("a\nb", "line_break"),
        ("a\u2028b", "line_break"),
        ("a\x00b", "control"),
        ("a\tb", "control"),
        ("a\x1bb", "control"),
        ("a\ud800b", "control"),
        ("a\u202eb", "bidi"),
        ("a\u2066b", "bidi"),
        ("a" * 163, "subject_too_long"),
        ("a" * 200_001, "too_long"),
    ],
)
def test_subjects_that_no_mail_may_have(subject: str, code: str) -> None:
    assert problem_of(subject=subject) == (code, "subject")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<p> </p>", "empty"),
        ("<img src='https://x.example/a.png'><script>x</script>", "empty"),
        ("a\x00b", "control"),
        ("a\ud800b", "control"),
        ("a" * 200_001, "too_long"),
    ],
)
def test_bodies_that_no_mail_may_have(body: str, code: str) -> None:
    assert problem_of(body=body) == (code, "body")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a\r\nBcc: b@x.example", "line_break"),
        ("a\x00", "control"),
        ("a\u202e b", "bidi"),
        ("a" * 170, "subject_too_long"),
    ],
)
def test_values_cannot_break_the_subject(value: str, code: str) -> None:
    with pytest.raises(TextProblem) as caught:
        Letter.of("Avviso {{ x }}", "<p>-</p>").render({"x": value}, line=9)

    assert (caught.value.code, caught.value.place, caught.value.line) == (code, "subject", 9)


def test_a_subject_that_becomes_empty_is_not_sent() -> None:
    with pytest.raises(TextProblem) as caught:
        Letter.of("{% if x %}{{ x }}{% endif %}", "<p>-</p>").render({})

    assert caught.value.code == "empty"


def test_the_longest_subject_leaves_room_for_reference_and_code() -> None:
    subject, _body = Letter.of("a" * 159, "<p>-</p>").render({})

    assert len(f"{subject} Rif. XXXXXXXXXX-99999 {'1' * 18}") == 200


def test_a_subject_is_plain_text() -> None:
    assert Letter.of("A & B <{{ x }}>", "<p>-</p>").render({"x": "<b>&"})[0] == "A & B <<b>&>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a & b", "a &amp; b"),
        ("{{ nome }}", "{{ nome }}"),
        ("{% if x %}", "{% if x %}"),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_values_are_text_and_never_scanned_again(value: str, shown: str) -> None:
    assert body_of("<p>{{ x }}</p>", {"x": value, "nome": "NO"}) == f"<p>{shown}</p>"


VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


@given(first=VALUES, second=VALUES)
def test_whatever_a_value_holds_a_reader_sees_it_as_it_was(first: str, second: str) -> None:
    values = {"a": f"A{first}A", "b": f"B{second}{{{{ a }}}}B"}

    body = Letter.of("Avviso", "<p>{{ a }}|{{ b }}</p>").render(values)[1]

    assert html.unescape(body) == f"<p>{values['a']}|{values['b']}</p>"


def test_ten_thousand_pairs_of_rows_never_mix() -> None:
    letter = Letter.of("Avviso {{ a }}", "<p>{% if b %}{{ b }}{% else %}{{ a }}{% endif %}</p>")
    for number in range(10_000):
        mine, theirs = {"a": f"canary-a{number}.", "b": f"canary-b{number}."}, {"a": f"other-a{number}.", "b": ""}

        assert letter.render(mine) == (f"Avviso canary-a{number}.", f"<p>canary-b{number}.</p>")
        assert letter.render(theirs) == (f"Avviso other-a{number}.", f"<p>other-a{number}.</p>")


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ("<p>a<script>x</script></p>", "<p>a</p>"),
        ('<p>a<img src="https://x.example/a.png"></p>', "<p>a</p>"),
        ('<p>a<img src="data:image/png;base64,xx"></p>', "<p>a</p>"),
        ('<a href="javascript:x">a</a>', "<a>a</a>"),
        ('<a href="/interno">a</a>', "<a>a</a>"),
        ('<a href="https://x.example/?a=1">a</a>', '<a href="https://x.example/?a=1">a</a>'),
        ("<p>a</p><!-- b -->", "<p>a</p>"),
        ("<style>p{}</style><p>a</p>", "<p>a</p>"),
        ('<p style="background:url(https://x.example);color:red">a</p>', '<p style="color:red">a</p>'),
        ("<form action=x><input></form><p>a</p>", "<p>a</p>"),
        ("<iframe src=x></iframe><p>a</p>", "<p>a</p>"),
        ("<p>a <b>b", "<p>a <b>b</b></p>"),
    ],
)
def test_the_body_is_cleaned(dirty: str, clean: str) -> None:
    assert body_of(dirty) == clean


def test_a_value_cannot_make_a_link_that_runs() -> None:
    assert "javascript" not in body_of('<a href="{{ x }}">a</a>', {"x": "javascript:alert(1)"})
    assert "onclick" not in body_of("<p title={{ x }}>a</p>", {"x": 'b onclick=alert(1) "'})


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Gentile <b>Anna</b>,</p><p>a\nb<br>c</p>", "Gentile Anna,\n\na b\nc"),
        ("<ul><li>uno</li><li>due</li></ul>", "- uno\n\n- due"),
        ('<a href="https://x.example/">qui</a>', "qui (https://x.example/)"),
        ('<a href="https://x.example/">https://x.example/</a>', "https://x.example/"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("a &lt; b &amp; c", "a < b & c"),
        ("<script>x</script>", ""),
    ],
)
def test_a_reader_without_html_sees_the_words(markup: str, words: str) -> None:
    assert text.plain(markup) == words


def test_a_problem_says_what_it_is_in_words() -> None:
    with pytest.raises(TextProblem, match=r"Subject: Only if, unless and else .* \({% for x in y %}\)"):
        Letter.of("{% for x in y %}", BODY)


def test_a_thousand_letters_are_merged_in_a_second() -> None:
    letter = Letter.of("Avviso {{ nome }}", "<p>Gentile {{ nome }}</p><p>testo lungo</p>" * 20)
    began = time.process_time()

    for number in range(1000):
        letter.render({"nome": f"Anna {number}"} | {f"colonna {n}": "x" for n in range(20)}, line=number)

    assert time.process_time() - began < 3
