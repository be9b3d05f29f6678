"""What the vendor took, for good and in its order: the judge of every promise to send once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pecportal.sandbox.clock import ROME


@dataclass(frozen=True, slots=True)
class Sent:
    """One message to one recipient, as taken.

    `code` is the vendor's message_id; `attachments` are (name, bytes, SHA-256 in hex); `at` is the sandbox's time when
    the request had come whole; `fate` the magic recipient's name, `planned` the status it will have in the end;
    `account` is the e-mail address of the account that sent it.
    """

    code: str
    sender: str
    recipient: str
    subject: str
    body_sha256: str
    attachments: tuple[tuple[str, int, str], ...]
    at: datetime
    fate: str
    planned: str
    account: str = ""

    def as_json(self) -> dict[str, object]:
        """The entry for other processes; `at` in ISO 8601."""
        return {
            "code": self.code,
            "sender": self.sender,
            "recipient": self.recipient,
            "subject": self.subject,
            "body_sha256": self.body_sha256,
            "attachments": [list(attachment) for attachment in self.attachments],
            "at": self.at.isoformat(),
            "fate": self.fate,
            "planned": self.planned,
            "account": self.account,
        }


# Each digit before the ten pairs that begin with it: codes of one second soon begin one another
_ENDINGS: Final = tuple(ending for n in range(10) for ending in (f"{n}", *(f"{n}{m}" for m in range(10))))
_STRIDE: Final = 37  # shares no divisor with their number, so that seconds begin with different endings


class Codes:
    """Gives message codes: Rome's time to the second and one or two digits more, none twice.

    A second has 110 of them. When it has no more, or the clock went back (in autumn), codes run ahead of time.
    """

    def __init__(self) -> None:
        self._second = datetime.min  # noqa: DTZ901 - naive, as the vendor's codes are
        self._used = 0

    def next(self, now: datetime) -> str:
        """A new code; the caller holds the lock."""
        second = now.astimezone(ROME).replace(tzinfo=None, microsecond=0)
        if second > self._second:
            self._second, self._used = second, 0
        elif self._used == len(_ENDINGS):
            self._second, self._used = self._second + timedelta(seconds=1), 0
        ending = _ENDINGS[(self._second.second * _STRIDE + self._used) % len(_ENDINGS)]
        self._used += 1
        return f"{self._second:%Y%m%d%H%M%S}{ending}"
