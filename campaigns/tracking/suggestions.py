"""Which messages an item that no rule could match may belong to: scored, with reasons that a person can check. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns import references

# What speaks for a message, and how strongly. Time alone suggests nothing: all messages of a campaign share it
WEIGHTS: Final[Mapping[str, int]] = {
    "same_code": 100,
    "near_reference": 60,
    "cut_reference": 45,
    "same_recipient_and_subject": 50,
    "same_recipient": 25,
    "same_subject": 15,
    "soon_after": 8,
    "same_day": 4,
}
LEAST: Final = 20
MOST: Final = 5
SHORTEST_CUT: Final = 4  # signs of a reference that was cut off: fewer are no sign at all
EARLY: Final = timedelta(minutes=5)  # so much may two clocks differ: a receipt never comes before its message
SOON: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=30)

_SIGNS: Final = references.ALPHABET
_WORD: Final = re.compile(rf"[{_SIGNS}]{{{references.LENGTH - 1},{references.LENGTH + 1}}}(?=-|\Z)", re.ASCII)
_CUT: Final = re.compile(r"Rif\. ?([0-9A-Z]{1,10})\Z", re.IGNORECASE | re.ASCII)
_REFERENCE: Final = re.compile(r" ?\bRif(?:\.|\Z).*\Z", re.IGNORECASE | re.ASCII)
_CODE: Final = re.compile(r" [0-9]{14,18}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of the item: its original subject, the vendor's code ("" without), its text, its time (aware)."""

    subject: str
    code: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An attempt that it may belong to; `codes` are the vendor's that are known of it, `subject` without reference."""

    attempt_id: int
    ref: str
    codes: frozenset[str]
    recipient: str
    subject: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate, how much speaks for it, and what: keys of WEIGHTS, the strongest first."""

    candidate: Candidate
    score: int
    reasons: tuple[str, ...]


def rank(item: Item, candidates: Iterable[Candidate], *, most: int = MOST) -> list[Suggestion]:
    """The candidates for which enough speaks, the likeliest first, at most `most`; the same whatever their order."""
    text = item.text.casefold()
    near = frozenset(near_references(item.subject))
    found = [_judge(item, text, near, candidate) for candidate in candidates]
    good = [suggestion for suggestion in found if suggestion.score >= LEAST]
    return sorted(good, key=lambda each: (-each.score, each.candidate.ref))[:most]


def near_references(subject: str) -> Iterator[str]:
    """Every reference that differs in one sign (another, one more, one less, two swapped) from a word of a subject."""
    for word in _words(subject):
        if len(word) == references.LENGTH + 1:
            yield from (word[:at] + word[at + 1 :] for at in range(len(word)))
        elif len(word) == references.LENGTH - 1:
            yield from (word[:at] + sign + word[at:] for at in range(len(word) + 1) for sign in _SIGNS)
        else:
            yield word
            yield from (word[:at] + sign + word[at + 1 :] for at in range(len(word)) for sign in _SIGNS)
            yield from (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))


def cut_reference(subject: str) -> str:
    """The beginning of a reference where a subject was cut off inside it; "" where it was not."""
    found = _CUT.search(subject.strip())
    is_cut = found is not None and SHORTEST_CUT <= len(found[1]) < references.LENGTH
    return found[1].upper() if found is not None and is_cut else ""


def without_reference(subject: str) -> str:
    """A subject without the reference and the code at its end, folded for comparison."""
    text = _REFERENCE.sub("", _CODE.sub("", " ".join(subject.split())))
    return text.casefold().strip(" .")


def _words(subject: str) -> list[str]:
    """The words that are about as long as a reference, without their attempt's number; the vendor's codes are longer.

    A sign that a reference cannot have, such as O or I, is read as the one that it is mistaken for. Words without any
    figure are left out, although one reference in fifty has none: they are Italian.
    """
    mistaken = str.maketrans("OILU", "011V")
    words = [word.strip(".,;:()[]\"'").upper() for word in subject.split() if re.search("[0-9]", word)]
    return [found[0] for word in words if (found := _WORD.match(word.translate(mistaken)))][:20]


def _judge(item: Item, text: str, near: Collection[str], candidate: Candidate) -> Suggestion:
    reasons = list(_reasons(item, text, near, candidate))
    if _is_before(item, candidate) and "same_code" not in reasons:
        reasons = []
    reasons.sort(key=lambda reason: -WEIGHTS[reason])
    return Suggestion(candidate, sum(WEIGHTS[reason] for reason in reasons), tuple(reasons))


def _reasons(item: Item, text: str, near: Collection[str], candidate: Candidate) -> Iterator[str]:
    if item.code and item.code in candidate.codes:
        yield "same_code"
    ref, _dash, _number = candidate.ref.partition("-")
    cut = cut_reference(item.subject)
    if ref in near:
        yield "near_reference"
    elif cut and ref.startswith(cut):
        yield "cut_reference"
    is_named = _names(text, candidate.recipient)
    is_alike = bool(candidate.subject) and without_reference(item.subject) == without_reference(candidate.subject)
    if is_named and is_alike:
        yield "same_recipient_and_subject"
    elif is_named:
        yield "same_recipient"
    elif is_alike:
        yield "same_subject"
    if item.at is not None and candidate.sent_at is not None:
        after = item.at - candidate.sent_at
        if -EARLY <= after <= SOON:
            yield "soon_after"
        elif SOON < after <= DAY:
            yield "same_day"


def _names(text: str, recipient: str) -> bool:
    """Whether a text names an address as a whole, not as the end of a longer one."""
    address = re.escape(recipient.casefold())
    return bool(recipient) and re.search(rf"(?<![\w.+-]){address}(?![\w-]|\.\w)", text) is not None


def _is_before(item: Item, candidate: Candidate) -> bool:
    return item.at is not None and candidate.sent_at is not None and item.at < candidate.sent_at - EARLY
