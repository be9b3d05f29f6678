"""What looks wrong in a complete registration but may be right: a warning each, which keeps nobody from going on."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailboxes import domains, mismatches, places
from mailboxes.models import Application, Mailbox
from mailboxes.places.nations import ITALY
from mailboxes.states import Kind

SOON = timedelta(days=30)  # a document that expires within them may have expired when the provider looks at it


@dataclass(frozen=True, slots=True)
class Caution:
    """A sentence, the step where it can be put right, and whether sending must wait for it."""

    sentence: str
    step: str
    stops: bool = False


def of(mailbox: Mailbox) -> list[Caution]:
    """All of them, in the order of the steps."""
    application = mailbox.application
    return [
        *_about_domain(mailbox),
        *_about_kind(mailbox),
        *_about_code(application),
        *_about_document(application),
        *_about_seat(application),
    ]


def _about_domain(mailbox: Mailbox) -> list[Caution]:
    domain = mailbox.address.rpartition("@")[2]
    if domains.theirs(domain):
        return []
    sentence = _("The provider must have certified the domain %(domain)s for you, or it refuses the registration.")
    return [Caution(sentence % {"domain": domain}, "address")]


def _about_kind(mailbox: Mailbox) -> list[Caution]:
    if mailbox.kind == Kind.MASSIVE:
        return []
    return [Caution(_("No campaign can be sent from a mailbox of this kind: its contract forbids it."), "kind")]


def _about_code(application: Application) -> list[Caution]:
    code, person = mismatches.compared(application)
    if person is None:
        return []
    return [
        Caution(mismatches.sentence(each, code, person), "applicant", stops=True)
        for each in mismatches.unsettled(application)
    ]


def _about_document(application: Application) -> list[Caution]:
    expires, today = application.data_scadenza_documento, timezone.localdate()
    if expires is None or expires > today + SOON:
        return []
    day = date_format(expires, "SHORT_DATE_FORMAT")
    if expires < today:
        sentence = _("The identity document expired on %(day)s: the provider takes only a valid one.")
    else:
        sentence = _("The identity document expires on %(day)s: hand the documents in before.")
    return [Caution(sentence % {"day": day}, "applicant")]


def _about_seat(application: Application) -> list[Caution]:
    postal_code, province = application.cap_titolare, application.provincia_titolare
    if application.nazione_titolare != ITALY or places.belongs_to(postal_code, province) is not False:
        return []
    theirs = ", ".join(sorted(places.provinces_with(postal_code)))
    if not theirs:
        return [Caution(_("No postal code begins like %(code)s: please compare it.") % {"code": postal_code}, "holder")]
    sentence = _(
        "The postal code %(code)s lies in the province %(theirs)s, the address in %(province)s: please compare."
    )
    return [Caution(sentence % {"code": postal_code, "theirs": theirs, "province": province}, "holder")]
