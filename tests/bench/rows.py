"""One line of the benchmark's table."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured ratio (or a count), what it was measured against, and the number to hold."""

    what: str
    against: str
    value: float
    target: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the number is held."""
        return self.value <= self.target if self.at_most else self.value >= self.target

    def line(self) -> str:
        """The row as text."""
        sign = "≤" if self.at_most else "≥"
        verdict = "holds" if self.holds else "FALLS SHORT"
        return f"{self.value:8.3f}  (target {sign} {self.target:g}: {verdict})  {self.what}, against {self.against}"

    def tell(self) -> None:
        """Print it for the process that asked for it."""
        print(json.dumps(asdict(self)), flush=True)
