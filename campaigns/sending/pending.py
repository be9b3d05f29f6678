"""What the pump's next transaction has to write."""

from dataclasses import dataclass, field
from datetime import datetime

from campaigns.sending.senders import Done, MarkAsked


@dataclass(slots=True)
class Pending:
    """What the next transaction has to write."""

    marks: list[MarkAsked] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    refused: dict[int, datetime | None] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)

    @property
    def is_waiting(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.marks or self.done or self.changed or self.refused or self.stopped)
