"""Which files each row's message carries: the one place that the check, the start and the audit ask."""

from dataclasses import dataclass, field
from typing import Final

from campaigns import enclosures, files
from campaigns.enclosures import Enclosure

WINDOW: Final = 1_000  # lines whose own files are looked up at once: rows are asked for in their order


@dataclass(slots=True)
class Carried:
    """A campaign's files, asked row by row: the common ones, then the row's own."""

    campaign_id: int
    common: tuple[Enclosure, ...]
    _known: range = range(0)
    _own: dict[int, list[Enclosure]] = field(default_factory=dict)

    def of(self, line: int) -> list[Enclosure]:
        """The files of the message to the row at `line`, in their order."""
        if line not in self._known:
            self._known = range(line, line + WINDOW)
            self._own = enclosures.own(self.campaign_id, self._known)
        return [*self.common, *self._own.get(line, ())]

    def hashes(self, line: int) -> list[str]:
        """Their SHA-256 (hex)."""
        return enclosures.hashes(self.of(line))

    def weight(self, line: int) -> int:
        """Their bytes in the message, as base64."""
        return sum(files.encoded_size(file.size) for file in self.of(line))


def of(campaign_id: int) -> Carried:
    """The files of a campaign as they are now."""
    return Carried(campaign_id, tuple(enclosures.common(campaign_id)))
