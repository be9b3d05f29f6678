"""What is to be said of an examined paper: sentences for a clerk, each with how grave it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailboxes.examination import Comparison, Examination, Page
from mailboxes.models import Paper
from mailboxes.models.papers import PaperKind
from mailboxes.signatures.facts import Clock, Signature, Verdict

# where a signature stands so, what the file shows need not be what was signed
_ABOUT_ANOTHER = frozenset({Verdict.UNREADABLE, Verdict.ALTERED, Verdict.WRONG, Verdict.PARTIAL, Verdict.CHANGED})
LIKE = 0.5  # share of the form's words below which a text is another one


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence and its tone: success, info, warning, danger."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class SignatureWords:
    """One signature in words: the verdict, what it rests on, and what is known of it as (name, value)."""

    tone: str
    title: str
    text: str
    facts: Sequence[tuple[str, str]]


def of(paper: Paper, *, applicant: str = "") -> list[Remark]:
    """What is to be said of a gathered paper, gravest first; `applicant` is the applicant's tax code."""
    facts = Examination.from_json(paper.facts)
    found = [*_of_pages(facts.pages)]
    if paper.kind == PaperKind.SIGNED_FORM:
        found += [*_of_signing(facts), *_of_signers(facts.signatures, applicant), *_of_form(facts)]
    elif len(facts.pages) == 1:
        found.append(Remark("info", _("The file has one page: look that front and back are both on it.")))
    order = ["danger", "warning", "info", "success"]
    return sorted(found, key=lambda remark: order.index(remark.tone))


def signatures(paper: Paper) -> list[SignatureWords]:
    """The paper's digital signatures in words."""
    return [of_signature(each) for each in Examination.from_json(paper.facts).signatures]


def of_signature(found: Signature) -> SignatureWords:
    """One signature in words. Never "valid" where nobody checked who issued the certificate."""
    tone = "success" if found.verdict == Verdict.VALID else "info" if found.is_sound else "danger"
    if found.verdict in (Verdict.EXPIRED, Verdict.UNKNOWN_ISSUER, Verdict.WEAK, Verdict.NOT_FOR_SIGNING):
        tone = "warning"
    return SignatureWords(tone, _title(found), _explanation(found), list(_known(found)))


def _title(found: Signature) -> str:
    if found.is_stamp:
        return _("Time stamp: intact") if found.is_sound else _("Time stamp: not good")
    titles = {
        Verdict.VALID: _("Digital signature: valid"),
        Verdict.INTACT: _("Digital signature: intact"),
        Verdict.UNKNOWN_ISSUER: _("Digital signature: intact, of an unknown issuer"),
        Verdict.REVOKED: _("Digital signature: intact, but the certificate was revoked"),
        Verdict.EXPIRED: _("Digital signature: intact, the certificate is not in force"),
        Verdict.WEAK: _("Digital signature: made in a way that can be forged today"),
        Verdict.NOT_FOR_SIGNING: _("Digital signature: intact, with a certificate that is not for signing"),
        Verdict.UNREADABLE: _("Digital signature: it cannot be read"),
    }
    return titles.get(found.verdict, _("Digital signature: not good"))


def _explanation(found: Signature) -> str:
    sentences = {
        Verdict.VALID: _(
            "The file is as it was signed, and an authority that this portal trusts issued the certificate."
        ),
        Verdict.INTACT: _("The signature is intact; who issued the certificate was not checked."),
        Verdict.UNKNOWN_ISSUER: _(
            "The signature is intact, but no authority that this portal trusts issued the certificate."
        ),
        Verdict.EXPIRED: _(
            "The certificate is not in force, or is no longer so, and no trusted time stamp shows that the signature "
            "was made while it was."
        ),
        Verdict.REVOKED: _(
            "A list in the file says that the certificate, or that of its issuer, was revoked: the signature does not "
            "count. Ask for one with another certificate, or for one by hand."
        ),
        Verdict.NOT_FOR_SIGNING: _("The certificate was issued for another use, such as signing in."),
        Verdict.WEAK: _("Its algorithms are no longer thought safe: it proves little."),
        Verdict.CHANGED: _("The file was changed after it was signed. Ask for the file as it was signed."),
        Verdict.PARTIAL: _("It covers only a part of the file. Ask for the file as it was signed."),
        Verdict.ALTERED: _("What the file holds is not what was signed: it was changed, or was damaged on its way."),
        Verdict.WRONG: _("It was not made with the certificate that it names."),
        Verdict.UNREADABLE: _("It is damaged, or the signer's certificate is not in the file."),
    }
    return sentences[found.verdict]


def _known(found: Signature) -> Iterator[tuple[str, str]]:
    if found.signer and not found.is_stamp:
        yield _("Signed by"), f"{found.signer} ({found.tax_code})" if found.tax_code else found.signer
    if found.issuer:
        yield _("Certificate issued by"), found.issuer
    if found.not_after:
        yield _("Certificate in force until"), _when(found.not_after)
    if found.issuer and found.verdict != Verdict.REVOKED:
        yield _("Revocation"), _revocation(found)
    if found.time:
        yield _("Time"), _("%(when)s, %(clock)s") % {"when": _when(found.time), "clock": _clock(found)}
    if found.was_added_to:
        yield _("After it"), _("only fields were filled in or further signatures added, which it allows")


def _revocation(found: Signature) -> str:
    if not found.not_revoked_on:
        return _("not checked: the portal does not ask the issuer whether the certificate was revoked meanwhile")
    text = _("not until %(when)s, by the issuer's lists in the file; whether it was later was not checked")
    return text % {"when": _when(found.not_revoked_on)}


def _clock(found: Signature) -> str:
    words = {
        Clock.CLAIMED: _("by the signer's own computer"),
        Clock.STAMPED: _("attested by the time stamp of %(name)s, whose issuer was not checked"),
        Clock.TRUSTED: _("attested by the time stamp of %(name)s"),
        Clock.NONE: "",
    }
    text = words[found.clock]
    return text % {"name": found.stamped_by} if "%(name)s" in text else text


def _when(text: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(text)), "SHORT_DATETIME_FORMAT")


def _of_pages(pages: Sequence[Page]) -> Iterator[Remark]:
    for code in ("blank", "dark", "blurred", "coarse"):
        numbers = [number for number, page in enumerate(pages, 1) if code in page.remarks]
        if numbers:
            yield Remark("warning", _page_sentence(code, numbers))


def _page_sentence(code: str, numbers: Sequence[int]) -> str:
    count = len(numbers)
    sentences = {
        "blank": ngettext("Page %(pages)s seems blank.", "Pages %(pages)s seem blank.", count),
        "dark": ngettext(
            "Page %(pages)s is very dark: can everything be read?",
            "Pages %(pages)s are very dark: can everything be read?",
            count,
        ),
        "blurred": ngettext(
            "Page %(pages)s seems blurred: can everything be read?",
            "Pages %(pages)s seem blurred: can everything be read?",
            count,
        ),
        "coarse": ngettext(
            "Page %(pages)s has few pixels: can the small print be read?",
            "Pages %(pages)s have few pixels: can the small print be read?",
            count,
        ),
    }
    return sentences[code] % {"pages": ", ".join(map(str, numbers))}


def _of_signing(facts: Examination) -> Iterator[Remark]:
    if not facts.was_checked:
        yield Remark(
            "warning",
            _("There seems to be a digital signature in the file, but it cannot be checked. Look that it is signed."),
        )
    elif not any(not each.is_stamp for each in facts.signatures) and not (facts.form and facts.form.is_same):
        yield Remark(
            "info",
            _("There is no digital signature in the file, so it counts as signed by hand. Look that it is signed."),
        )


def _of_signers(found: Sequence[Signature], applicant: str) -> Iterator[Remark]:
    signers = [each for each in found if not each.is_stamp]
    if not signers or not applicant:
        return
    codes = {each.tax_code for each in signers} - {""}
    if not codes:
        text = _("The certificate holds no tax code: look whether the signer is the applicant (%(code)s).")
        yield Remark("info", text % {"code": applicant})
    elif applicant.upper() not in codes:
        names = ", ".join(f"{each.signer} ({each.tax_code})" for each in signers if each.tax_code)
        text = _("The form was signed by %(names)s, but the applicant's tax code is %(code)s.")
        yield Remark("warning", text % {"names": names, "code": applicant})


def _of_form(facts: Examination) -> Iterator[Remark]:
    form = facts.form
    if form is None:
        return
    if form.is_same and not facts.signatures:
        yield Remark("danger", _("This is the form just as the provider made it: nobody has signed it."))
    elif form.is_same or form.begins_with_it:
        if facts.signatures and not any(each.verdict in _ABOUT_ANOTHER for each in facts.signatures):
            yield Remark("success", _("What was signed is this mailbox's form, unchanged."))
    else:
        yield from _unlike(form, len(facts.pages))


def _unlike(form: Comparison, pages: int) -> Iterator[Remark]:
    if pages < form.pages:
        text = _("The provider's form has %(form)d pages, this file only %(pages)d: is one missing?")
        yield Remark("warning", text % {"form": form.pages, "pages": pages})
    if form.likeness is not None and form.likeness < LIKE:
        yield Remark("warning", _("The text in this file is not that of this mailbox's form: is it the right one?"))
