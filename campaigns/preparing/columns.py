"""Which column of a list holds the addresses, and which holds what else, found by headings and values. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stdnum.it import iva

from campaigns import text

# headings as merge fields, the likeliest first
NAMES = (
    "pec",
    "indirizzo_pec",
    "pec_indirizzo",
    "indirizzo_di_pec",
    "posta_elettronica_certificata",
    "posta_certificata",
    "casella_pec",
    "domicilio_digitale",
    "e_mail_pec",
    "email_pec",
    "mail_pec",
    "pec_email",
    "pec_mail",
    "email",
    "e_mail",
    "mail",
    "indirizzo_email",
    "indirizzo_e_mail",
    "indirizzo_mail",
    "indirizzo_di_posta_elettronica",
    "posta_elettronica",
    "destinatario",
    "recipient",
    "email_address",
    "e_mail_address",
)

# the other columns that mean something beyond a merge field, by their headings, the likeliest first
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "vat_number": ("partita_iva", "p_iva", "piva", "part_iva", "numero_partita_iva", "p_i", "vat_number", "vat"),
    "tax_code": ("codice_fiscale", "cod_fiscale", "cod_fisc", "cf", "c_f", "tax_code", "fiscal_code"),
    "protocol": (
        *("protocollo", "numero_protocollo", "n_protocollo", "nr_protocollo", "num_protocollo", "prot", "n_prot"),
        *("protocol", "protocol_number"),
    ),
    "reference": (
        *("riferimento", "rif", "pratica", "numero_pratica", "n_pratica", "codice_pratica", "codice_cliente"),
        *("codice", "matricola", "id", "reference", "ref"),
    ),
    "name": (
        *("ragione_sociale", "denominazione", "nominativo", "intestatario", "cognome_e_nome", "cognome_nome"),
        *("nome_e_cognome", "nome_cognome", "destinatario", "azienda", "ditta", "ente", "societa", "cliente"),
        *("denominazione_ente", "istituto", "scuola", "contribuente", "impresa", "fornitore"),
        *("nome", "name", "company", "cognome"),
    ),
}
_PERSON: Final = re.compile(r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{8,11}", re.ASCII)
_SURE: Final = 0.8  # of a column's values, above which they alone say what it is


def guess(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[str, int]:
    """The position of each role's column, as far as headings and values tell; `address` is one of the roles."""
    found: dict[str, int] = {}
    address = find(columns, sample)
    if address is not None:
        found["address"] = address
    names = [text.normalise(column) for column in columns]
    for role, known in ROLES.items():
        free = [position for position in range(len(columns)) if position not in found.values()]
        ranked = sorted((known.index(names[at]), at) for at in free if names[at] in known)
        told = ranked[0][1] if ranked else next((at for at in free if _holds(role, at, sample)), None)
        if told is not None:
            found[role] = told
    return found


def padded(code: str) -> str:
    """The number with the leading zeros that spreadsheets drop, where they make it valid; else as it is."""
    digits = code.strip()
    if not _DIGITS.fullmatch(digits) or len(digits) == 11:
        return code
    whole = digits.zfill(11)
    return whole if iva.is_valid(whole) else code


def _holds(role: str, position: int, sample: Sequence[Sequence[str]]) -> bool:
    """Whether nearly all values of a column are such numbers or codes; of other roles values say nothing."""
    judges: dict[str, Callable[[str], bool]] = {
        "vat_number": lambda value: bool(iva.is_valid(padded(value))),
        "tax_code": lambda value: bool(_PERSON.fullmatch(value.upper())),
    }
    values = [row[position].strip() for row in sample if position < len(row) and row[position].strip()]
    judge = judges.get(role)
    return judge is not None and bool(values) and sum(map(judge, values)) / len(values) >= _SURE


def find(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> int | None:
    """The position of the column of addresses, judged with some rows of values; None when no column looks like it.

    A heading that says so counts only if there is an address under it, unless no column has any.
    """
    shares = [_share(position, sample) for position in range(len(columns))]
    named = sorted(
        (NAMES.index(name), position)
        for position, name in enumerate(text.normalise(column) for column in columns)
        if name in NAMES
    )
    for _rank, position in named:
        if shares[position] > 0:
            return position
    best = max(range(len(columns)), key=lambda position: shares[position], default=None)
    if best is not None and shares[best] >= 0.5:
        return best
    return named[0][1] if named else None


def named(columns: Sequence[str], heading: str) -> int | None:
    """The position of the column with this heading, whatever its case and spacing; None when there is none."""
    wanted = text.normalise(heading)
    names = [text.normalise(column) for column in columns]
    return names.index(wanted) if wanted and wanted in names else None


def _share(position: int, sample: Sequence[Sequence[str]]) -> float:
    """How much of a column looks like addresses: 0 to 1, empty cells left out."""
    values = [row[position] for row in sample if position < len(row) and row[position].strip()]
    return sum("@" in value for value in values) / len(values) if values else 0.0
