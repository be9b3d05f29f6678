"""What comes back into the sender's inbox for a message that was taken, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Final

from pecportal.sandbox import texts
from pecportal.sandbox.clock import ROME
from pecportal.sandbox.fates import FATES, Kind, Step, delay, fate_of
from pecportal.sandbox.inboxes import Mail
from pecportal.sandbox.texts import Notice

_LETTER_SIZE: Final = 8 * 1024
_BY_SENDERS_PROVIDER: Final = frozenset(
    {Kind.ACCEPTANCE, Kind.ACCEPTANCE_ORDINARY, Kind.NON_ACCEPTANCE, Kind.NON_ACCEPTANCE_VIRUS}
)
_WRITTEN_BY_RECIPIENT: Final = frozenset({Kind.REPLY, Kind.ANOMALY})
_WITH_WHOLE_MESSAGE: Final = frozenset({Kind.DELIVERY, Kind.ENVELOPE})


@dataclass(frozen=True, slots=True)
class Shipment:
    """One POST /send that was taken: one code for all its recipients; `size` its bytes, `at` when it was taken."""

    code: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    size: int
    at: datetime


def planned(shipment: Shipment) -> Iterator[Mail]:
    """All mail that the sender will get; the sender's provider writes once per message, the others per recipient."""
    told = False
    for recipient in shipment.recipients:
        for step in FATES[fate_of(recipient)].steps:
            if step.kind in _BY_SENDERS_PROVIDER:
                if told and len(shipment.recipients) > 1:
                    continue
                told = True
            yield _mail(shipment, recipient, step)


def envelope(shipment: Shipment, recipient: str) -> Mail | None:
    """The mail that a recipient whose mailbox is here gets; None when the message will not be delivered."""
    steps = [step for step in FATES[fate_of(recipient)].steps if step.kind is Kind.DELIVERY]
    if not steps:
        return None
    after = delay(steps[0], seed=f"{shipment.code} {recipient}")
    return _mail(shipment, recipient, Step(Kind.ENVELOPE, after))


def written(at: datetime) -> str:
    """A header's date: RFC 5322, in Rome's time."""
    return format_datetime(at.astimezone(ROME).replace(microsecond=0))


def _mail(shipment: Shipment, recipient: str, step: Step) -> Mail:
    at = shipment.at + timedelta(seconds=delay(step, seed=f"{shipment.code} {recipient}"))
    notice = _notice(shipment, recipient, step, at)
    return Mail(
        at=at,
        date=written(at),
        sender=_author(shipment, recipient, step.kind),
        recipient=recipient if step.kind is Kind.ENVELOPE else shipment.sender,
        subject=notice.headline,
        code=shipment.code,
        size=_LETTER_SIZE + (shipment.size * 4 // 3 if step.kind in _WITH_WHOLE_MESSAGE else 0),
        text=partial(texts.body, notice),
    )


def _notice(shipment: Shipment, recipient: str, step: Step, at: datetime) -> Notice:
    answers = step.kind in _WRITTEN_BY_RECIPIENT
    ordinary = {who for who in shipment.recipients if fate_of(who) == "posta-ordinaria"}
    return Notice(
        kind=step.kind,
        subject=f"{shipment.subject} {shipment.code}",
        sender=recipient if answers else shipment.sender,
        recipients=(shipment.sender,) if answers else shipment.recipients,
        recipient=recipient,
        at=at,
        identifier=f"sandbox.{shipment.at:%Y%m%d%H%M%S}.{shipment.code[14:]}.1@{_domain(shipment.sender)}",
        cause=step.cause,
        ordinary=frozenset(ordinary),
    )


def _author(shipment: Shipment, recipient: str, kind: Kind) -> str:
    if kind in (Kind.ENVELOPE, Kind.REPLY):
        # the vendor loses the address behind the name
        return f'"Per conto di: {recipient if kind is Kind.REPLY else shipment.sender}" '
    writer = shipment.sender if kind in _BY_SENDERS_PROVIDER or kind is Kind.ANOMALY else recipient
    return f"posta-certificata@{_domain(writer)}"


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
