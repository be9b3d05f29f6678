"""Which column of a list holds the addresses, found by its heading and by what stands in it. Pure."""

from collections.abc import Sequence

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
