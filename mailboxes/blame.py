"""Which field of ours a refused registration concerns."""

import re

from mailboxes.objections import Objection
from mailboxes.steps import TO_VENDOR
from pecportal.upstream.errors import Rejected

_OURS = {"casella_pec": "address", "tipo_casella": "kind"} | {name: name for name in TO_VENDOR}


def field_of(code: Objection, error: Rejected) -> str:
    """By its meaning the address, else the first of the vendor's fields that its words name; "" for none.

    The vendor has been seen to write `telefono required`; "codice fiscale richiedente" is understood as well.
    """
    if code in (Objection.DOMAIN, Objection.TAKEN):
        return "address"
    words = re.sub(r"\W+", "_", error.message.casefold())
    found: dict[int, str] = {}
    for name in sorted(_OURS, key=len):  # where two begin alike the longer one is meant
        if match := re.search(rf"(?<![a-z]){name}(?![a-z])", words):
            found[match.start()] = _OURS[name]
    return found[min(found)] if found else ""
