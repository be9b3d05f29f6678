"""What each kind of holder needs, in words; and the data with which a registration may start.

They start from the organisation's name and from its earlier registrations. Data of the company register would be a
third start: another function beside `earlier` that gives fields of `steps.FIELDS["holder"]`.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from mailboxes.models import Application, Mailbox
from mailboxes.models.application import CustomerType
from mailboxes.states import MailboxState
from mailboxes.steps import FIELDS
from pecportal.organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one kind of holder: who that is, and how its fields are called. Without a name the applicant is the holder."""

    who: StrOrPromise
    has_name: bool = True
    may_be_person: bool = False
    name_label: StrOrPromise = ""
    name_help: StrOrPromise = ""
    code_label: StrOrPromise = ""
    code_help: StrOrPromise = ""
    sector_label: StrOrPromise = ""
    address_label: StrOrPromise = ""


_ELEVEN = _("11 digits.")
NEEDS: dict[str, Needs] = {
    CustomerType.COMPANY.value: Needs(
        _("A company in the business register, also a sole trader. Needs its sector, name, VAT number and seat."),
        may_be_person=True,
        name_label=_("Name of the company"),
        name_help=_("As in the business register, with its legal form."),
        code_label=_("VAT number (partita IVA)"),
        code_help=_("11 digits, or a sole trader's tax code."),
        sector_label=_("Sector"),
    ),
    CustomerType.PROFESSIONAL.value: Needs(
        _("A lawyer, notary, accountant or another professional. Needs the profession, name, VAT number and office."),
        may_be_person=True,
        name_label=_("Name of the professional or the practice"),
        code_label=_("VAT number or tax code"),
        code_help=_("11 digits, or the 16 signs of the professional's tax code."),
        sector_label=_("Profession"),
        address_label=_("Street and number of the office"),
    ),
    CustomerType.LOCAL_BODY.value: Needs(
        _("A region, province, municipality, health authority or chamber of commerce. Needs its tax code and seat."),
        name_label=_("Name of the public body"),
        name_help=_("In full, for instance Comune di Esempio."),
        code_label=_("Tax code (codice fiscale) of the public body"),
        code_help=_ELEVEN,
        sector_label=_("Kind of public body"),
    ),
    CustomerType.CENTRAL_BODY.value: Needs(
        _("A ministry, an agency or another body of the State. Needs its tax code and seat."),
        name_label=_("Name of the public body"),
        name_help=_("In full."),
        code_label=_("Tax code (codice fiscale) of the public body"),
        code_help=_ELEVEN,
    ),
    CustomerType.ASSOCIATION.value: Needs(
        _("An association, foundation or committee. Needs its name, tax code and seat."),
        name_label=_("Name of the association"),
        name_help=_("As in its statute."),
        code_label=_("Tax code (codice fiscale) of the association"),
        code_help=_ELEVEN,
    ),
    CustomerType.PRIVATE.value: Needs(
        _("The applicant in person. Needs only where they live: name and tax code are those of the applicant."),
        has_name=False,
        address_label=_("Street and number of the residence"),
    ),
    CustomerType.OTHER.value: Needs(
        _("Whoever is none of these, for instance a condominium. Needs its name, tax code and seat."),
        may_be_person=True,
        name_label=_("Name of the holder"),
        code_label=_("Tax code or VAT number of the holder"),
        code_help=_("11 digits, or the 16 signs of a person."),
    ),
}


def earlier(mailbox: Mailbox) -> list[Application]:
    """The holders that the organisation registered before, the newest first, each once."""
    rows = Application.objects.filter(
        mailbox__organisation=mailbox.organisation_id, mailbox__state=MailboxState.REGISTERED
    ).select_related("mailbox")
    found: dict[tuple[str, str, str], Application] = {}
    for row in rows.order_by("-pk"):
        key = (row.tipo_cliente, row.cf_piva_titolare, row.denominazione_titolare)
        if row.tipo_cliente != CustomerType.PRIVATE:  # that holder was another applicant
            found.setdefault(key, row)
    return list(found.values())


def data_of(application: Application) -> dict[str, object]:
    """The holder's data of a registration."""
    return {name: getattr(application, name) for name in FIELDS["holder"]}


def first(organisation: Organisation) -> dict[str, object]:
    """With what a registration starts when nothing else is known: the organisation's name."""
    return {"denominazione_titolare": organisation.name}
