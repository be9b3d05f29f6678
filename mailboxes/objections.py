"""Why the vendor did not do what was asked: a code that is stored with its words, and the sentence for a clerk."""

from enum import Enum

from django.utils.translation import gettext as _

from pecportal.upstream.errors import Rejected


class Objection(Enum):
    """What stood in the way. Stored by value, so that each reader gets the sentence in their own language."""

    ACCOUNT = "account"
    NOT_ENABLED = "not_enabled"
    CREDIT = "credit"
    BUSY = "busy"
    DOMAIN = "domain"
    TAKEN = "taken"
    VALUE = "value"
    MISSING = "missing"
    STATE = "state"
    NOT_PDF = "not_pdf"
    UNKNOWN_MAILBOX = "unknown_mailbox"
    UNREACHABLE = "unreachable"
    OTHER = "other"


_BY_STATUS = {
    401: Objection.ACCOUNT,
    402: Objection.CREDIT,
    403: Objection.NOT_ENABLED,
    429: Objection.BUSY,
}
_AT_REGISTRATION = {404: Objection.DOMAIN, 406: Objection.VALUE, 428: Objection.MISSING}
_AT_HAND_IN = {
    400: Objection.UNKNOWN_MAILBOX,
    404: Objection.UNKNOWN_MAILBOX,
    406: Objection.NOT_PDF,
    428: Objection.STATE,
}


def to_registration(error: Rejected) -> Objection:
    """What a refused POST /pec means (vendor.md: 402 wallet, 404/326 domain, 406 value, 428 missing)."""
    words = error.message.casefold()
    if error.status in (404, 406) and ("not available" in words or "non disponibile" in words):
        return Objection.TAKEN
    return (_BY_STATUS | _AT_REGISTRATION).get(error.status or 0, Objection.OTHER)


def to_hand_in(error: Rejected) -> Objection:
    """What a refused PATCH /pec/{id}/attivazione means (vendor.md: 428/267 state, 406/296 no PDF)."""
    return (_BY_STATUS | _AT_HAND_IN).get(error.status or 0, Objection.OTHER)


def to_question(error: Rejected) -> Objection:
    """What a refused read means."""
    return _BY_STATUS.get(error.status or 0, Objection.OTHER)


def words_of(error: Rejected) -> str:
    """The vendor's own words; "" where it gave none and the client spoke in its place."""
    return "" if error.message == f"The vendor answered with status {error.status}." else error.message


def sentence(code: str, words: str = "") -> str:
    """The sentence for a stored code, with the vendor's own words at the end; "" for no code."""
    if not code:
        return ""
    told = _sentences()[Objection(code)]
    return f"{told} {_('Its words: “%(words)s”') % {'words': words}}" if words else told


def _sentences() -> dict[Objection, str]:
    return {
        Objection.ACCOUNT: _(
            "The provider does not accept the portal's own account. Please tell whoever looks after the portal."
        ),
        Objection.NOT_ENABLED: _(
            "The portal's account may not do this at the provider. Please tell whoever looks after the portal."
        ),
        Objection.CREDIT: _(
            "The portal's account at the provider has not enough credit. Please tell whoever looks after the portal."
        ),
        Objection.BUSY: _("The provider takes no more requests just now. Please try again in some minutes."),
        Objection.DOMAIN: _("The provider does not know the domain of this address, or it belongs to somebody else."),
        Objection.TAKEN: _("This address is taken already. Please choose another one."),
        Objection.VALUE: _("The provider does not accept one of the values."),
        Objection.MISSING: _("The provider misses one of the values."),
        Objection.STATE: _("The provider does not expect documents for this mailbox just now."),
        Objection.NOT_PDF: _("The provider could not read the document. Please hand in new scans."),
        Objection.UNKNOWN_MAILBOX: _(
            "The provider does not know this mailbox any more. Please tell whoever looks after the portal."
        ),
        Objection.UNREACHABLE: _("The provider cannot be reached just now. The portal tries again every minute."),
        Objection.OTHER: _("The provider refused."),
    }
