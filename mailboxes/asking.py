"""Whether an address is free, in the vendor's word; one that it cannot give is no refusal."""

from dataclasses import dataclass
from typing import Literal

from mailboxes import objections
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.pec import Availability

Word = Literal["free", "taken", "unknown", "refused", "unreachable"]
_WORDS: dict[object, Word] = {Availability.FREE: "free", Availability.TAKEN: "taken"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an address; `words` are the vendor's, `reason` is why it would not say, as a sentence."""

    address: str
    word: Word
    words: str = ""
    reason: str = ""
    alternatives: tuple[str, ...] = ()


def ask(address: str, *, client: Upstream) -> Verdict:
    """Ask the vendor whether `address` is free; every failure is a verdict, too."""
    try:
        answer = client.pec.availability(address)
    except Rejected as exc:
        code = objections.to_question(exc).value
        return Verdict(address, "refused", reason=objections.sentence(code, objections.words_of(exc)))
    except UpstreamError:
        return Verdict(address, "unreachable")
    return Verdict(address, _WORDS.get(answer.answer, "unknown"), answer.message, "", answer.alternatives)
