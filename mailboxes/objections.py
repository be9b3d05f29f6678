"""Why the vendor did not do what was asked: a code that is stored with its words, and the sentence for a clerk."""

from collections.abc import Mapping
from enum import Enum

from django.utils.translation import gettext as _

from pecportal.upstream.errors import Rejected, Unusable


class Objection(Enum):
    """What stood in the way. Stored by value, so that each reader gets the sentence in their own language."""

    ACCOUNT = "account"
    NOT_HERE = "not_here"
    NOT_ENABLED = "not_enabled"
    CREDIT = "credit"
    BUSY = "busy"
    DOMAIN = "domain"
    TAKEN = "taken"
    VALUE = "value"
    MISSING = "missing"
    STATE = "state"
    NOT_PDF = "not_pdf"
    NOT_NOW = "not_now"
    CHANGED = "changed"
    UNKNOWN_MAILBOX = "unknown_mailbox"
    UNREACHABLE = "unreachable"
    NOT_REACHED = "not_reached"
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
_AT_FORM = {400: Objection.UNKNOWN_MAILBOX, 404: Objection.UNKNOWN_MAILBOX}
_TO_ORDER = {
    400: Objection.UNKNOWN_MAILBOX,
    404: Objection.UNKNOWN_MAILBOX,
    406: Objection.NOT_NOW,
    428: Objection.NOT_NOW,
}


def to_registration(error: Rejected) -> Objection:
    """What a refused POST /pec means (vendor.md: 402 wallet, 404/326 domain, 406 value, 428 missing)."""
    words = error.message.casefold()
    if error.status in (404, 406) and ("not available" in words or "non disponibile" in words):
        return Objection.TAKEN
    return _meaning(error, _AT_REGISTRATION)


def to_hand_in(error: Rejected) -> Objection:
    """What a refused PATCH /pec/{id}/attivazione means (vendor.md: 428/267 state, 406/296 no PDF)."""
    return _meaning(error, _AT_HAND_IN)


def to_form(error: Rejected) -> Objection:
    """What a refused GET /pec/{id}/modulo_attivazione means (pec.openapi.json: 400 and 404 the id, 406 its words)."""
    return _meaning(error, _AT_FORM)


def to_order(error: Rejected) -> Objection:
    """What a refused renewal (428/203 state, 402 wallet) or revocation (428/304, 406/303 state) means (vendor.md)."""
    return _meaning(error, _TO_ORDER)


def to_question(error: Rejected) -> Objection:
    """What a refused read means."""
    return _meaning(error, {})


def words_of(error: Rejected) -> str:
    """The vendor's own words; "" where it gave none and the client spoke in its place."""
    is_ours = isinstance(error, Unusable) or error.message == f"The vendor answered with status {error.status}."
    return "" if is_ours else error.message


def sentence(code: str, words: str = "") -> str:
    """The sentence for a stored code, with the vendor's own words at the end; "" for no code."""
    if not code:
        return ""
    told = _sentences()[Objection(code)]
    return f"{told} {_('Its words: “%(words)s”') % {'words': words}}" if words else told


def _meaning(error: Rejected, own: Mapping[int, Objection]) -> Objection:
    """By the status, whose meaning may be the operation's `own`; an account that is not used here has none."""
    if isinstance(error, Unusable):
        return Objection.NOT_HERE
    return (_BY_STATUS | {**own}).get(error.status or 0, Objection.OTHER)


def _sentences() -> dict[Objection, str]:
    return {
        Objection.ACCOUNT: _(
            "The provider does not accept the portal's own account. Please tell whoever looks after the portal."
        ),
        Objection.NOT_HERE: _(
            "The account at the provider that this belongs to cannot be used by this portal: nothing was asked for. "
            "Please tell whoever looks after the portal."
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
        Objection.NOT_NOW: _("The provider does not do this while the mailbox is in its present state."),
        Objection.CHANGED: _(
            "The mailbox is not as it was when this was ordered: nothing was asked for. Look at its expiry and state, "
            "and order again if it is still needed."
        ),
        Objection.NOT_REACHED: _("The provider could not be reached: nothing was asked for, and nothing was paid."),
        Objection.OTHER: _("The provider refused."),
    }
