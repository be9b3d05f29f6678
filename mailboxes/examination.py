"""What was found in one paper, as it is kept beside it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from mailboxes.signatures.facts import Signature


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its size in millimetres, or in pixels of a picture; what may make it hard to read (`legibility`)."""

    mm: Sequence[int] = ()
    pixels: Sequence[int] = ()
    remarks: Sequence[str] = ()

    @property
    def is_lying(self) -> bool:
        """Whether it is wider than high."""
        size = self.mm or self.pixels
        return len(size) == 2 and size[0] > size[1]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came back, beside the form that was given: its pages, whether it is the same file, or the same with
    something added after it as a signature is; `likeness` is the share of the form's words in it, None where it has
    none (a scan)."""

    pages: int
    is_same: bool = False
    begins_with_it: bool = False
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """`was_checked` is False where a signature seems to be there, but could not be looked at."""

    pages: Sequence[Page] = ()
    signatures: Sequence[Signature] = field(default_factory=list)
    was_checked: bool = True
    form: Comparison | None = None

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """From JSON; what is missing has its default, as in papers that were handed in before papers were examined."""
        form = found.get("form")
        return cls(
            pages=[Page(**page) for page in found.get("pages", [])],
            signatures=[Signature.from_json(each) for each in found.get("signatures", [])],
            was_checked=found.get("was_checked", True),
            form=Comparison(**form) if form else None,
        )

    def without_people(self) -> "Examination":
        """What stays when the paper's bytes are erased: pages and verdicts, no names."""
        return Examination(
            pages=[Page(mm=page.mm, pixels=page.pixels) for page in self.pages],
            signatures=[
                Signature(each.verdict, time=each.time, clock=each.clock, is_stamp=each.is_stamp)
                for each in self.signatures
            ],
            was_checked=self.was_checked,
        )
