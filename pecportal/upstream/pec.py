"""PEC: the life of a certified mailbox, from the free address to revocation.

Registering, handing in documents, renewing and revoking pay or change: they are never repeated here, and
after OutcomeUnknown the list of mailboxes tells what was done. The mailbox's password is in no answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pecportal.upstream.answers import ACT_REFUSALS, READ_REFUSALS, Reply, clean, whole_number
from pecportal.upstream.calls import Api, composed
from pecportal.upstream.errors import RAW_LIMIT, Rejected, Unavailable
from pecportal.upstream.streaming import Base64File, Body

_NO_MAILBOXES: Final = 200  # the operation's number of "no pec linked to this account", not a status
_NO_ANSWER_STATUSES: Final = READ_REFUSALS - {401, 402, 403, 429} | {200, 201}


class Answered(Enum):
    """What the vendor says of an address."""

    FREE = "free"
    TAKEN = "taken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an address is free. UNKNOWN is an answer: not every domain can be checked; `message` says why.

    `alternatives` are other addresses, where the vendor offers any.
    """

    FREE = Answered.FREE
    TAKEN = Answered.TAKEN
    UNKNOWN = Answered.UNKNOWN

    answer: Answered
    message: str = ""
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Casella:
    """A mailbox as the vendor has it. `state` is its `stato`, an open word (registrata, evasa, …).

    `times` are Unix seconds by their names (registrazione, evasione, scadenza, …), present once reached;
    `fields` the whole record and `raw` the same as JSON. The domain may differ from the one that was asked
    for. Equal by `id`, address, state, domain, kind and `raw`.
    """

    id: str
    pec: str
    state: str
    domain: str
    kind: str
    times: Mapping[str, int] = field(compare=False, repr=False)
    fields: Mapping[str, Any] = field(compare=False, repr=False)
    raw: bytes = field(repr=False)


class Pec:
    """The PEC API of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def availability(self, address: str) -> Availability:
        """Whether `address` is free to register.

        Raises Rejected for what concerns the account (401, 402, 403, 429), else Unavailable. A taken name
        has been seen as `available: false` and as an error that says "not available".
        """
        reply = self._api.read("/verifica_pec/{}", address)
        if _says_taken(reply):
            return Availability(Answered.TAKEN, reply.message, _alternatives(reply.data))
        if reply.is_refusal(_NO_ANSWER_STATUSES):
            return Availability(Answered.UNKNOWN, reply.message, _alternatives(reply.data))
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        free = data.get("available") if isinstance(data, dict) else None
        answer = {True: Answered.FREE, False: Answered.TAKEN}.get(free) if isinstance(free, bool) else None
        return Availability(answer or Answered.UNKNOWN, reply.message, _alternatives(data))

    def register(self, fields: Mapping[str, object]) -> Casella:
        """Register a mailbox with the fields of the vendor's `BodyPostPec`. Pays.

        Raises Rejected with the operation's number in `.error`, e.g. 402 (wallet), 406/242 (date), 404/326
        (domain).
        """
        with Body([_json(fields)]) as body:
            reply = self._api.act("POST", "/pec", body=body)
        return _changed(reply)

    def list(self) -> tuple[Casella, ...]:
        """All mailboxes of the account: what tells whether an uncertain registration was done."""
        reply = self._api.read("/pec")
        if reply.is_refusal({404}) and (reply.error == _NO_MAILBOXES or reply.says("no pec linked")):
            return ()
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        records = [] if data in (None, {}) else data
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            reply.unreadable("it holds no list of mailboxes", safe=True)  # to skip one would be to deny it
        return tuple(map(_casella, records))

    def get(self, casella_id: str) -> Casella:
        """One mailbox. Rejected 400 for a malformed id, 404 for none (or somebody else's)."""
        reply = self._api.read("/pec/{}", casella_id)
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        if not isinstance(data, dict) or not data.get("id"):
            reply.unreadable("it holds no mailbox", safe=True)
        return _casella(data)

    def activation_form(self, casella_id: str) -> bytes:
        """The activation form to sign, a PDF. Its refusals (400, 404, 406) come as plain text: Rejected."""
        reply = self._api.read("/pec/{}/modulo_attivazione", casella_id)
        if reply.status == 200 and not reply.answer.flaw and reply.answer.body.startswith(b"%PDF"):
            return reply.answer.body
        words = _plain_refusal(reply)
        if words:
            raise reply.failure(Rejected, words)
        if reply.is_refusal(READ_REFUSALS):
            raise reply.failure(Rejected)
        raise reply.failure(Unavailable, f"The vendor gave no PDF (status {reply.status}).")

    def hand_in(self, casella_id: str, documents: Sequence[Path]) -> Casella:
        """Hand in the signed form and identity document: PDF files, merged into ONE for PECMASSIVA mailboxes.

        Raises Rejected 428/267 where the state does not allow it and 406/296 for what is no PDF.
        """
        with composed("pec PATCH /pec/{}/attivazione", lambda: _documents(documents)) as body:
            reply = self._api.act("PATCH", "/pec/{}/attivazione", casella_id, body=body)
        return _changed(reply)

    def renew(self, casella_id: str, years: int = 1) -> Casella:
        """Renew or re-activate: a GET, but one that pays. Rejected 428/203 unless `evasa` or `revocata`."""
        return _changed(self._api.act("GET", "/pec/{}/rinnovo", casella_id, query={"anni": str(years)}))

    def revoke(self, casella_id: str) -> Casella:
        """Revoke the mailbox. Rejected 428/304 if it is not active, 406/303 if it was revoked already."""
        return _changed(self._api.act("DELETE", "/pec/{}", casella_id))

    def certified_domain(self, domain: str) -> bool:
        """Whether `domain` is one of certified mail. May be billed. Rejected 406/401 if it is no domain."""
        reply = self._api.read("/domini_pec/{}", domain)
        if reply.status == 204:
            return False
        reply.success(safe=True, refusals=READ_REFUSALS)
        return True


def _says_taken(reply: Reply) -> bool:
    """Whether the error is about the *name*: "service not available" is not."""
    refused = reply.is_refusal(_NO_ANSWER_STATUSES)
    return refused and reply.says("not available", "non disponibile") and not reply.says("servi")


def _alternatives(data: object) -> tuple[str, ...]:
    """Every address in a list of `data`: the vendor's file names no field for them."""
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    return tuple(entry for entries in lists for entry in entries if isinstance(entry, str) and "@" in entry)


def _changed(reply: Reply) -> Casella:
    data = reply.success(safe=False, refusals=ACT_REFUSALS).get("data")
    if not isinstance(data, dict) or not data.get("id"):
        reply.unreadable("it holds no mailbox", safe=False)
    return _casella(data)


def _casella(record: dict[str, Any]) -> Casella:
    address = _text(record.get("casella_pec"))
    times = record.get("timestamp")
    moments = {name: whole_number(value) for name, value in times.items()} if isinstance(times, dict) else {}
    return Casella(
        id=_text(record.get("id")),
        pec=address,
        state=_text(record.get("stato")),
        domain=_text(record.get("dominio")) or address.rpartition("@")[2],
        kind=_text(record.get("tipo_casella")),
        times=MappingProxyType({name: moment for name, moment in moments.items() if moment is not None}),
        fields=MappingProxyType(record),
        raw=json.dumps(record).encode("ascii")[:RAW_LIMIT],
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return clean(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _plain_refusal(reply: Reply) -> str:
    """The vendor's own sentence in a text/plain refusal; "" for a proxy's page or anything long."""
    kind = reply.answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = reply.evidence.decode("utf-8", "replace").strip()
    is_plain = reply.status in (400, 404, 406) and kind == "text/plain" and not reply.answer.flaw
    is_sentence = reply.object is None and 0 < len(text) <= 200 and "<" not in text
    return clean(text) if is_plain and is_sentence else ""


def _documents(documents: Sequence[Path]) -> list[bytes | Base64File]:
    parts: list[bytes | Base64File] = [b'{"documenti":["']
    for number, path in enumerate(documents):
        parts += [b'","' if number else b"", Base64File(path, path.stat().st_size)]
    return [part for part in [*parts, b'"]}'] if part != b""]


def _json(fields: Mapping[str, object]) -> bytes:
    text = json.dumps(dict(fields), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()
