"""Digital signatures: found, checked, and told as no more than what was checked."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from mailboxes import examining
from mailboxes.examination import Examination
from mailboxes.models.papers import Format, PaperKind
from mailboxes.remarks import of_signature
from mailboxes.signatures import envelopes
from mailboxes.signatures.facts import Clock, Signature, Verdict
from pecportal.errors import Refusal
from tests.mailboxes import build, signing


def found(data: bytes) -> list[Signature]:
    """The signatures of a signed form."""
    return list(examining.examined(PaperKind.SIGNED_FORM, data).facts.signatures)


def verdict(data: bytes) -> Verdict:
    (signature,) = found(data)
    return signature.verdict


# --- in a PDF


def test_a_signed_pdf_tells_who_signed_when_and_by_what_clock() -> None:
    (signature,) = found(signing.pades(build.pdf(), signing.person()))

    assert (signature.signer, signature.tax_code) == ("Maria Rossi", signing.APPLICANT)
    assert signature.issuer == "Autorità di prova"
    assert signature.clock == Clock.CLAIMED
    assert signature.time


def test_without_authorities_of_the_operator_no_signature_is_called_valid() -> None:
    (signature,) = found(signing.pades(build.pdf(), signing.person()))

    words = of_signature(signature)
    assert signature.verdict == Verdict.INTACT
    assert "who issued the certificate was not checked" in words.text
    assert "valid" not in f"{words.title} {words.text}".casefold()


def test_a_signature_is_valid_when_an_authority_that_the_operator_trusts_issued_its_certificate(
    settings: Settings, tmp_path: Path
) -> None:
    signed = signing.pades(build.pdf(), signing.person())

    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "own", signing.authority()))
    assert verdict(signed) == Verdict.VALID

    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "other", signing.authority("Un'altra")))
    assert verdict(signed) == Verdict.UNKNOWN_ISSUER

    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "empty"))
    assert verdict(signed) == Verdict.UNKNOWN_ISSUER


def test_a_time_stamp_is_told_from_a_claim_and_one_of_a_trusted_authority_from_any(
    settings: Settings, tmp_path: Path
) -> None:
    signed = signing.pades(build.pdf(), signing.person(), stamper=signing.stamping())
    (signature,) = found(signed)
    assert (signature.clock, signature.stamped_by) == (Clock.STAMPED, "Marche di prova")

    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "own", signing.authority()))
    (signature,) = found(signed)
    assert signature.clock == Clock.TRUSTED


@pytest.mark.parametrize("ends", [timedelta(days=-1), timedelta(days=-400)])
def test_a_certificate_that_has_expired_is_told(ends: timedelta) -> None:
    assert verdict(signing.pades(build.pdf(), signing.person(ends=ends))) == Verdict.EXPIRED


def test_a_certificate_for_another_use_is_told() -> None:
    signed = signing.pades(build.pdf(), signing.person(usage="key_agreement"))

    assert verdict(signed) == Verdict.NOT_FOR_SIGNING


def test_two_signatures_are_both_told_and_the_second_does_not_spoil_the_first() -> None:
    once = signing.pades(build.pdf(), signing.person())
    twice = signing.pades(once, signing.person(name=("Ugo", "Bianchi"), tax_code=""), field="Firma2")

    first, second = found(twice)

    assert (first.signer, first.verdict, first.was_added_to) == ("Maria Rossi", Verdict.INTACT, True)
    assert (second.signer, second.verdict, second.tax_code) == ("Ugo Bianchi", Verdict.INTACT, "")


def test_a_page_that_was_added_after_the_signature_is_told() -> None:
    assert verdict(signing.changed_after(signing.pades(build.pdf(), signing.person()))) == Verdict.CHANGED


def test_one_byte_that_was_changed_is_told() -> None:
    signed = bytearray(signing.pades(build.pdf(), signing.person()))
    place = signed.index(b"842")
    signed[place] ^= 1

    assert verdict(bytes(signed)) == Verdict.ALTERED


def test_a_pdf_without_a_signature_has_none() -> None:
    assert found(build.pdf()) == []


def test_a_signature_that_cannot_be_checked_does_not_keep_the_paper_from_being_taken() -> None:
    marked = build.pdf().replace(b"1 0 obj", b"% /ByteRange\n1 0 obj", 1)
    broken = re.sub(rb"startxref\n\d+", b"startxref\n100", marked)  # pypdf finds its way, pyHanko does not

    facts = examining.examined(PaperKind.SIGNED_FORM, broken).facts

    assert not facts.was_checked
    assert len(facts.pages) == 1


# --- around a file


@pytest.mark.parametrize("armoured", [False, True])
def test_what_was_signed_is_taken_out_of_its_envelope(armoured: bool) -> None:
    form = build.pdf(2)
    envelope = signing.p7m(form, signing.person())

    looked = examining.examined(PaperKind.SIGNED_FORM, signing.armoured(envelope) if armoured else envelope)

    assert (looked.format, looked.content, len(looked.facts.pages)) == (Format.P7M, form, 2)
    assert [each.verdict for each in looked.facts.signatures] == [Verdict.INTACT]


def test_envelopes_within_envelopes_and_signatures_within_them_are_all_told() -> None:
    inner = signing.pades(build.pdf(), signing.person(name=("Ugo", "Bianchi")))
    envelope = signing.p7m(signing.p7m(inner, signing.person()), signing.person(name=("Ada", "Neri")))

    assert [each.signer for each in found(envelope)] == ["Ada Neri", "Maria Rossi", "Ugo Bianchi"]


def test_two_who_signed_one_envelope_are_both_told() -> None:
    envelope = signing.p7m(build.pdf(), signing.person(), signing.person(name=("Ugo", "Bianchi")))

    told = sorted((each.signer, each.is_sound) for each in found(envelope))  # DER orders a set by its bytes
    assert told == [("Maria Rossi", True), ("Ugo Bianchi", True)]


def test_content_that_was_changed_in_its_envelope_is_told() -> None:
    envelope = signing.p7m(build.pdf(), signing.person()).replace(b"%PDF-1", b"%PDF-2")

    assert verdict(envelope) == Verdict.ALTERED


BAD_ENVELOPES = {
    "the signature alone": (signing.p7m(build.pdf(), signing.person(), detached=True), "holds the signature alone"),
    "a text": (signing.p7m(b"Gentile ufficio", signing.person()), "no PDF"),
    "a picture": (signing.p7m(build.picture(), signing.person()), "no PDF"),
    "cut off": (signing.p7m(build.pdf(), signing.person())[:-200], "was cut off"),
    "a protected PDF": (signing.p7m(build.pdf(password="segreto"), signing.person()), "protected by a password"),
}


@pytest.mark.parametrize("case", BAD_ENVELOPES)
def test_an_envelope_that_holds_no_form_is_refused_in_one_sentence(case: str) -> None:
    data, sentence = BAD_ENVELOPES[case]

    with pytest.raises(Refusal, match=sentence) as caught:
        examining.examined(PaperKind.SIGNED_FORM, data)

    assert caught.value.field == PaperKind.SIGNED_FORM


def test_an_identity_document_in_an_envelope_is_refused() -> None:
    with pytest.raises(Refusal, match="upload the identity document itself"):
        examining.examined(PaperKind.IDENTITY, signing.p7m(build.pdf(), signing.person()))


@pytest.mark.parametrize("data", [b"", b"\x30", b"0\x82", b"-----BEGIN PKCS7-----", b"Gentile ufficio", b"JVBERi0x"])
def test_other_files_are_no_envelopes(data: bytes) -> None:
    assert not envelopes.is_one(data)


# --- revoked?


SIGN: dict[str, Callable[[bytes, signing.Identity], bytes]] = {"in a PDF": signing.pades, "around a file": signing.p7m}
sign = pytest.mark.parametrize("where", SIGN)


@pytest.fixture
def trusted(settings: Settings, tmp_path: Path) -> None:
    """The operator trusts the authority of the tests."""
    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "trusted", signing.authority()))


def revocation(signature: Signature) -> str:
    """What the page says of it."""
    return dict(of_signature(signature).facts).get("Revocation", "")


@sign
@pytest.mark.usefixtures("trusted")
def test_without_a_list_in_the_file_it_is_said_that_a_revocation_was_not_checked(where: str) -> None:
    (signature,) = found(SIGN[where](build.pdf(), signing.person()))

    assert (signature.verdict, signature.not_revoked_on) == (Verdict.VALID, "")
    assert revocation(signature).startswith("not checked")


@sign
@pytest.mark.usefixtures("trusted")
def test_a_list_in_the_file_says_until_when_a_certificate_was_not_revoked_and_no_more(where: str) -> None:
    signed = SIGN[where](build.pdf(), signing.person())
    lists = signing.revocation_list(), signing.revocation_list(made=-timedelta(days=50))

    (signature,) = found(signing.with_lists(signed, *lists))

    assert signature.verdict == Verdict.VALID
    told = datetime.now(UTC) - datetime.fromisoformat(signature.not_revoked_on)
    assert timedelta(days=49) < told < timedelta(days=51)
    assert revocation(signature).startswith("not until")
    assert "later was not checked" in revocation(signature)


@sign
@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_a_list_in_the_file_names_is_revoked_however_old_the_list_is(where: str) -> None:
    signer = signing.person()
    signed = signing.with_lists(SIGN[where](build.pdf(), signer), signing.revocation_list(signer))

    (signature,) = found(signed)

    assert signature.verdict == Verdict.REVOKED
    assert not signature.is_sound
    words = of_signature(signature)
    assert words.tone == "danger"
    assert "was revoked" in words.text


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("names_it", "wanted"), [(True, Verdict.REVOKED), (False, Verdict.VALID)])
def test_a_list_in_the_signers_own_block_counts_as_well(names_it: bool, wanted: Verdict) -> None:
    signer = signing.person()
    made = signing.revocation_list(*[signer] * names_it)

    (signature,) = found(signing.with_list_of_signer(signing.p7m(build.pdf(), signer), made))

    assert signature.verdict == wanted
    assert bool(signature.not_revoked_on) != names_it


@sign
@pytest.mark.usefixtures("trusted")
def test_a_list_of_another_authority_says_nothing(where: str) -> None:
    signer, other = signing.person(), signing.authority("Un'altra")
    signed = signing.with_lists(SIGN[where](build.pdf(), signer), signing.revocation_list(signer, by=other))

    (signature,) = found(signed)

    assert (signature.verdict, signature.not_revoked_on) == (Verdict.VALID, "")


@sign
def test_where_no_authority_is_trusted_no_list_is_believed(where: str) -> None:
    signed = signing.with_lists(SIGN[where](build.pdf(), signing.person()), signing.revocation_list())

    (signature,) = found(signed)

    assert (signature.verdict, signature.not_revoked_on) == (Verdict.INTACT, "")
    assert revocation(signature).startswith("not checked")


@pytest.mark.usefixtures("trusted")
def test_a_store_of_lists_that_makes_no_sense_does_no_harm_to_the_signature() -> None:
    signed = signing.with_lists(signing.pades(build.pdf(), signing.person()), signing.revocation_list())
    broken = re.sub(rb"/CRLs \[", b"/CRLs (", signed)
    assert broken != signed

    assert verdict(broken) in (Verdict.VALID, Verdict.CHANGED)


# --- what is kept


def test_facts_survive_being_kept_and_lose_all_names_when_the_paper_is_erased() -> None:
    facts = examining.examined(PaperKind.SIGNED_FORM, signing.pades(build.pdf(), signing.person())).facts

    assert Examination.from_json(facts.as_json()) == facts
    left = facts.without_people().as_json()
    assert "Rossi" not in str(left)
    assert signing.APPLICANT not in str(left)
    assert left["signatures"][0]["verdict"] == Verdict.INTACT
    assert len(left["pages"]) == 1
