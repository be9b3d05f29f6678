"""A merge field that formatting went through is made whole, and the formatting stays around it."""

import pytest

from campaigns import healing, markup, text

CASES = {
    "formatting within": ("{{ <b>nome</b> }}", "<b>{{ nome }}</b>"),
    "formatting that ends in it": ("<b>Gentile {{ no</b>me }},", "<b>Gentile {{ nome }}</b>,"),
    "formatting that begins in it": ("{{ no<i>me }}, ciao</i>", "<i>{{ nome }}, ciao</i>"),
    "one ends, another begins": ("<b>a {{ no</b><i>me }} b</i>", "<b>a </b><i>{{ nome }} b</i>"),
    "two around each other": ("{{ <b><i>nome</i></b> }}", "<b><i>{{ nome }}</i></b>"),
    "between the braces": ("{<b>{ nome }</b>}", "<b>{{ nome }}</b>"),
    "a span with a style": ('{{<span style="color: red">nome</span>}}', '<span style="color: red">{{nome}}</span>'),
    "a condition": ("{% <b>if</b> nome %}sì{% endif<i></i> %}", "<b>{% if nome %}</b>sì<i>{% endif %}</i>"),
    "several": ("{{ <b>a</b> }} {{ <i>b</i> }}", "<b>{{ a }}</b> <i>{{ b }}</i>"),
    "nothing to do": ("<p>{{ nome }} {% if nota %}<b>x</b>{% endif %}</p>", None),
    "an address": ('<a href="https://x.example/{{ id }}">qui</a>', None),
    "the end of a paragraph": ("<p>{{ no</p><p>me }}</p>", None),
    "a line break": ("{{ no<br>me }}", None),
    "no field at all": ("<p>{ <b>x</b> }</p>", None),
}


@pytest.mark.parametrize("case", CASES)
def test_fields_are_made_whole(case: str) -> None:
    written, wanted = CASES[case]

    healed = healing.heal(written)

    assert healed == (written if wanted is None else wanted)
    assert healing.heal(healed) == healed


@pytest.mark.parametrize("case", [name for name, (_written, wanted) in CASES.items() if wanted])
def test_what_was_made_whole_is_a_text_that_cleaning_leaves_as_it_is(case: str) -> None:
    healed = healing.heal(CASES[case][0])

    text.Letter.of("Avviso", f"<p>{healed}</p>")
    assert markup.plain(markup.clean(healed)) == markup.plain(healed)


@pytest.mark.parametrize(
    "body", ["<p>{{ no</p><p>me }}</p>", "<p>{{ no<br>me }}</p>", "<p>{% if</p><p>x %}a{% endif %}"]
)
def test_a_field_that_is_cut_in_two_is_told_as_such(body: str) -> None:
    with pytest.raises(text.TextProblem) as caught:
        text.Letter.of("Avviso", healing.heal(body))

    assert caught.value.code == "split"
    assert "<" not in caught.value.detail


def test_a_hostile_text_is_read_in_no_time() -> None:
    assert healing.heal("{<b>" * 20_000) == "{<b>" * 20_000
    assert healing.heal("{{" + "<b>" * 50_000) == "{{" + "<b>" * 50_000
