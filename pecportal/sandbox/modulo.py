"""The activation form: a PDF of one page, written by hand since it needs one font and some lines."""

from collections.abc import Mapping
from typing import Any, Final

_LINE: Final = 20
_TOP: Final = 780


def activation_form(address: str, fields: Mapping[str, Any], *, code: str) -> bytes:
    """The form to sign for this mailbox. It names address, holder and applicant; letters beyond cp1252 become `?`."""
    applicant = f"{fields['nome_richiedente']} {fields['cognome_richiedente']}"
    holder = fields.get("denominazione_titolare") or applicant
    place = f"{fields['cap_titolare']} {fields['comune_titolare']} ({fields['provincia_titolare']})"
    lines = [
        "MODULO DI ATTIVAZIONE - Posta Elettronica Certificata",
        "SIMULAZIONE: questo modulo non ha alcun valore",
        "",
        f"Casella richiesta: {address}",
        f"Tipo di casella: {fields['tipo_casella']}",
        f"Codice di attivazione: {code}",
        "",
        f"Titolare: {holder}",
        f"Codice fiscale o partita IVA: {fields.get('cf_piva_titolare') or fields['codice_fiscale_richiedente']}",
        f"Indirizzo: {fields['indirizzo_titolare']}, {place}",
        "",
        f"Richiedente: {applicant}",
        f"Codice fiscale: {fields['codice_fiscale_richiedente']}",
        f"Data di nascita: {fields['data_nascita_richiedente']}",
        "",
        "Il richiedente chiede l'attivazione della casella e accetta le condizioni del servizio.",
        "",
        "Data ____________________     Firma ________________________________",
    ]
    return _pdf(lines)


def _pdf(lines: list[str]) -> bytes:
    shown = b"\n".join(b"(" + _escaped(line) + b") Tj T*" for line in lines)
    content = b"BT /F1 11 Tf %d TL 60 %d Td\n%b\nET" % (_LINE, _TOP, shown)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """The objects, numbered from 1, with the table of where each begins (ISO 32000-1, 7.5)."""
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _escaped(text: str) -> bytes:
    octets = text.encode("cp1252", "replace")
    return octets.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
