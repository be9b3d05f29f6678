"""Where the applicant's tax code and data do not agree: a warning each, which a person may overrule with a reason."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mailboxes import places, taxcodes
from mailboxes.models import Application, Mailbox
from mailboxes.taxcodes import Difference, Person
from pecportal import clock
from pecportal.journal.record import record
from pecportal.organisations.models import User

SHORTEST = 5  # signs of a reason
FIELD_OF = {
    Difference.SURNAME: "cognome_richiedente",
    Difference.FIRST_NAME: "nome_richiedente",
    Difference.SEX: "sesso_richiedente",
    Difference.DATE: "data_nascita_richiedente",
}
Compared = tuple[str, Person | None]


def of(application: Application) -> list[Difference]:
    """All that differs, overruled or not; nothing while the data are not complete."""
    code, person = compared(application)
    return taxcodes.differences(code, person) if code and person else []


def unsettled(application: Application) -> list[Difference]:
    """What differs and was overruled by nobody."""
    return [difference for difference in of(application) if difference not in application.overruled]


def compared(application: Application) -> Compared:
    """The code and the data that are compared with it."""
    born = application.data_nascita_richiedente
    if born is None:
        return application.codice_fiscale_richiedente, None
    return application.codice_fiscale_richiedente, Person(
        application.nome_richiedente,
        application.cognome_richiedente,
        application.sesso_richiedente,
        born,
        application.nazione_nascita_richiedente,
        application.comune_nascita_richiedente,
        application.provincia_nascita_richiedente,
    )


def settle(mailbox: Mailbox, *, before: Compared, reason: str, actor: User | None) -> None:
    """Keep who says why the differences are right, in the caller's transaction and before the row is saved.

    Without differences nothing is kept. Other data than `before` need a reason of their own.
    """
    application = mailbox.application
    found = [str(difference) for difference in of(application)]
    is_known = compared(application) == before and application.overruled == found
    if found and is_known and reason in ("", application.overruled_reason):
        return
    application.overruled, application.overruled_reason = [], ""
    application.overruled_by = application.overruled_at = None
    if found and reason:
        application.overruled, application.overruled_reason = found, reason
        application.overruled_by, application.overruled_at = actor, clock.now()
        record(
            "mailbox.tax_code_overruled",
            actor=actor,
            organisation=mailbox.organisation,
            target=mailbox,
            differences=found,
            reason=reason,
        )


def sentence(difference: Difference, code: str, person: Person) -> str:
    """What differs, in words for the clerk."""
    if difference == Difference.PLACE:
        return _of_place(code, person)
    told = taxcodes.told_by(code)
    if difference == Difference.DATE and told:
        day = f"{told.day:02}/{told.month:02}/…{told.year_of_century:02}"
        return _("The tax code holds another date of birth: %(day)s.") % {"day": day}
    if difference == Difference.SEX:
        return _("The tax code belongs to a person of the other sex.")
    signs = code[:3] if difference == Difference.SURNAME else code[3:6]
    if difference == Difference.SURNAME:
        return _("The tax code was made from another surname: it begins with %(signs)s.") % {"signs": signs}
    return _("The tax code was made from another first name: its signs 4 to 6 are %(signs)s.") % {"signs": signs}


def _of_place(code: str, person: Person) -> str:
    belfiore = taxcodes.place_code(code)
    place = taxcodes.birthplace(code, person.born)
    if isos := places.countries_of(belfiore):
        language = get_language() or "it"
        place = ", ".join(sorted(places.countries()[iso].name(language) for iso in isos))
    if not place:
        return _("The place of birth in the tax code (%(code)s) is not one that the portal knows.") % {"code": belfiore}
    return _("The tax code names %(place)s as the place of birth.") % {"place": place}
