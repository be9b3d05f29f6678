"""Receipts given to the attempt whose reference and code end their subject, and to no other."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns import references
from campaigns.tracking import matching
from campaigns.tracking.matching import Match

REF = "7KQ2M9ABCD"
CODE = "2020082610003492"
REFS = st.text(references.ALPHABET, min_size=10, max_size=10)
CODES = st.from_regex(r"[0-9]{14,18}", fullmatch=True)
PREFIXES = st.sampled_from(["ACCETTAZIONE", "CONSEGNA", "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO"])


@pytest.mark.parametrize(
    ("subject", "match"),
    [
        (f"ACCETTAZIONE: Avviso Rif. {REF} {CODE}", Match(REF, 1, CODE)),
        (f"CONSEGNA: Avviso Rif. {REF}-2 {CODE}", Match(REF, 2, CODE)),
        (f"CONSEGNA: Avviso Rif. {REF}", Match(REF, 1, "")),
        (f"CONSEGNA: Avviso Rif. {REF}-17", Match(REF, 17, "")),
        (f"CONSEGNA: Rif. {REF} {CODE}", Match(REF, 1, CODE)),
        (f"consegna:avviso  rif.  {REF.lower()}\r\n {CODE} ", Match(REF, 1, CODE)),
        (f"=?utf-8?Q?CONSEGNA:_Citt=C3=A0_Rif._{REF}?= {CODE}", Match(REF, 1, CODE)),
        (f"CONSEGNA: Rif. 0000000000 Rif. {REF} {CODE}", Match(REF, 1, CODE)),
        (f"CONSEGNA: Avviso Rif. {REF} {'1' * 14}", Match(REF, 1, "1" * 14)),
        (f"CONSEGNA: Avviso Rif. {REF} {'1' * 18}", Match(REF, 1, "1" * 18)),
    ],
)
def test_the_end_of_a_receipt_s_subject_names_the_attempt(subject: str, match: Match) -> None:
    assert matching.reference_in(subject) == match


@pytest.mark.parametrize(
    "subject",
    [
        f"Avviso Rif. {REF} {CODE}",
        f"Re: CONSEGNA: Avviso Rif. {REF} {CODE}",
        f"POSTA CERTIFICATA: CONSEGNA: Avviso Rif. {REF} {CODE}",
        f"POSTA CERTIFICATA: Re: Avviso Rif. {REF} {CODE}",
        f"ANOMALIA MESSAGGIO: Avviso Rif. {REF} {CODE}",
        f"CONSEGNA: Avviso Rif. {REF} {CODE} e altro",
        f"CONSEGNA: Avviso Rif. {REF} {CODE}x",
        f"CONSEGNA: Avviso Rif. {REF} x{CODE}",
        f"CONSEGNA: Avviso Rif. {REF} {CODE} {CODE}",
        f"CONSEGNA: Avviso Rif. {REF} {'1' * 13}",
        f"CONSEGNA: Avviso Rif. {REF} {'1' * 19}",
        f"CONSEGNA: Avviso Rif. {REF} ٢٠٢٠٠٨٢٦١٠٠٠٣٤٩٢",
        f"CONSEGNA: Avviso Rif. {REF}{CODE}",
        f"CONSEGNA: Avviso Rif. {REF}E {CODE}",
        f"CONSEGNA: Avviso Rif. {REF[:9]} {CODE}",
        f"CONSEGNA: Avviso Rif. {REF[:9]}U {CODE}",
        f"CONSEGNA: Avviso Rif. {REF.replace('K', chr(0x212A))} {CODE}",
        f"CONSEGNA: Avviso xRif. {REF} {CODE}",
        f"CONSEGNA: Avviso Rif. {REF}-1 {CODE}",
        f"CONSEGNA: Avviso Rif. {REF}-02 {CODE}",
        f"CONSEGNA: Avviso Rif. {REF}-100000 {CODE}",
        f"CONSEGNA: Avviso Rif. {REF}- {CODE}",
        f"CONSEGNA: Avviso {CODE}",
        "",
    ],
)
def test_anything_else_names_none(subject: str) -> None:
    assert matching.reference_in(subject) is None


@given(ref=REFS, n=st.integers(1, 99), code=CODES | st.just(""), prefix=PREFIXES, title=st.text(max_size=80))
def test_every_subject_that_we_send_comes_back(ref: str, n: int, code: str, prefix: str, title: str) -> None:
    assume("=?" not in title)
    subject = f"{prefix}: {title} Rif. {references.of_attempt(ref, n)} {code}".rstrip()

    match = matching.reference_in(subject)

    assert match == Match(ref, n, code)
    assert matching.attempt_ref(match) == references.of_attempt(ref, n)
    assert matching.agrees(match, attempt_ref=references.of_attempt(ref, n), code=code)


@given(ref=REFS, code=st.from_regex(r"[0-9]{15,18}", fullmatch=True), cut=st.integers(1, 4))
def test_a_code_that_begins_or_ends_another_is_never_credited(ref: str, code: str, cut: int) -> None:
    match = matching.reference_in(f"CONSEGNA: Avviso Rif. {ref} {code}")

    assert match is not None
    assert match.code == code
    for other in (code[:-cut], code[cut:], f"{code}0", f"0{code}"):
        assert not matching.agrees(match, attempt_ref=ref, code=other)


@given(ref=REFS, other=REFS, n=st.integers(1, 99), m=st.integers(1, 99))
def test_only_the_same_attempt_agrees(ref: str, other: str, n: int, m: int) -> None:
    assume((ref, n) != (other, m))

    assert not matching.agrees(Match(ref, n, CODE), attempt_ref=references.of_attempt(other, m), code=CODE)


@pytest.mark.parametrize(
    ("told", "known", "same"),
    [(CODE, CODE, True), (CODE, None, True), (CODE, "", True), ("", CODE, True), (CODE, CODE[:-1], False)],
)
def test_codes_are_compared_where_both_are_known(told: str, known: str | None, same: bool) -> None:
    assert matching.agrees(Match(REF, 1, told), attempt_ref=REF, code=known) is same


@given(st.text())
def test_no_subject_stops_the_matching(subject: str) -> None:
    matching.reference_in(f"CONSEGNA: {subject}")
