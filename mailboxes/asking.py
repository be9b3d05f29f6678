"""Whether an address is free, in the vendor's word; one that it cannot give is no refusal."""

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.core.cache import cache

from mailboxes import domains, naming, objections
from pecportal import frequency
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.pec import Availability

Word = Literal["free", "taken", "unknown", "refused", "unreachable", "later"]
Certified = Literal["yes", "no", "unknown", ""]
_WORDS: dict[object, Word] = {Availability.FREE: "free", Availability.TAKEN: "taken"}
REMEMBERED = 60  # seconds that an answer is not asked for again while somebody types: each question may cost
A_MINUTE = 20  # questions of one person while typing


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an address; `words` are the vendor's, `reason` is why it would not say, as a sentence.

    `alternatives` are the vendor's, `proposals` ours: of neither is it known whether they are free. `certified` tells
    of an own domain whether the vendor knows it as one of certified mail, "" where it was not asked.
    """

    address: str
    word: Word
    words: str = ""
    reason: str = ""
    alternatives: tuple[str, ...] = ()
    proposals: tuple[str, ...] = ()
    certified: Certified = ""

    @property
    def domain(self) -> str:
        """What follows the @."""
        return self.address.rpartition("@")[2]


def ask(address: str, *, client: Upstream, organisation: str = "") -> Verdict:
    """Ask the vendor whether `address` is free, and of an own domain whether it is certified; failures are verdicts.

    May cost twice. `organisation` is the name from which other addresses are proposed when this one is taken.
    """
    verdict = _ask(address, client, organisation)
    cache.set(_key(address), verdict, REMEMBERED)
    if domains.theirs(verdict.domain) or verdict.word == "taken":
        return verdict
    return _with_domain(verdict, client)


def ask_while_typing(address: str, *, client: Upstream, organisation: str = "", person: int) -> Verdict:
    """The same for somebody who is still typing: an answer of the last minute serves again, and questions are few."""
    known: Verdict | None = cache.get(_key(address))
    if known is not None:
        return known
    if not _may_ask(person):
        return Verdict(address, "later")
    verdict = _ask(address, client, organisation)
    if verdict.word != "unreachable":
        cache.set(_key(address), verdict, REMEMBERED)
    return verdict


def _ask(address: str, client: Upstream, organisation: str) -> Verdict:
    try:
        answer = client.pec.availability(address)
    except Rejected as exc:
        code = objections.to_question(exc).value
        return Verdict(address, "refused", reason=objections.sentence(code, objections.words_of(exc)))
    except UpstreamError:
        return Verdict(address, "unreachable")
    word = _WORDS.get(answer.answer, "unknown")
    ours = naming.proposals(address, organisation) if word == "taken" and not answer.alternatives else []
    return Verdict(address, word, answer.message, "", answer.alternatives, tuple(ours))


def _with_domain(verdict: Verdict, client: Upstream) -> Verdict:
    certified: Certified
    try:
        certified = "yes" if client.pec.certified_domain(verdict.domain) else "no"
    except UpstreamError:
        certified = "unknown"
    return Verdict(
        verdict.address,
        verdict.word,
        verdict.words,
        verdict.reason,
        verdict.alternatives,
        verdict.proposals,
        certified,
    )


def _key(address: str) -> str:
    return f"availability:{settings.OPENAPI_PEC_URL}:{address}"


def _may_ask(person: int) -> bool:
    return frequency.is_within(f"availability-questions:{person}", most=A_MINUTE, seconds=60)
