"""A registration in one request: its body, checked by the same forms as the wizard's pages, told at its own places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from rest_framework import serializers

from mailboxes import mismatches, steps
from mailboxes.forms import AddressForm, ApplicantForm, HolderForm, KindForm
from mailboxes.models import Application, Mailbox, Plan
from mailboxes.models.application import CustomerType, DocumentType
from mailboxes.sectors import LABELS
from mailboxes.states import Kind
from mailboxes.taxcodes import Difference
from pecportal.api.problems import Fault, Problem
from pecportal.api.serializers import Strict
from pecportal.organisations.models import Organisation

_ADDRESS: Final = {"address": "address", "name": "address", "domain": "address", "own_domain": "address"}
_KIND: Final = {"kind": "kind", "plan": "plan", "autorinnovo": "renews_itself"}
_APPLICANT: Final = {
    "nome_richiedente": "first_name",
    "cognome_richiedente": "surname",
    "codice_fiscale_richiedente": "tax_code",
    "sesso_richiedente": "sex",
    "data_nascita_richiedente": "born_on",
    "nazione_nascita_richiedente": "birth_country",
    "comune_nascita_richiedente": "birth_place",
    "comune_nascita_unlisted": "birth_place_is_unlisted",
    "provincia_nascita_richiedente": "birth_province",
    "email": "email",
    "telefono": "telephone",
    "cellulare": "mobile",
    "tipo_documento": "document_kind",
    "numero_documento": "document_number",
    "documento_rilasciato_da": "document_issued_by",
    "data_rilascio_documento": "document_issued_on",
    "data_scadenza_documento": "document_expires_on",
    "differences": "tax_code_differences",
    "overruled_reason": "tax_code_reason",
}
_HOLDER: Final = {
    "tipo_cliente": "kind",
    "sottotipo_cliente": "sector",
    "sottotipo_cliente_altro": "other_sector",
    "denominazione_titolare": "name",
    "cf_piva_titolare": "code",
    "indirizzo_titolare": "street",
    "cap_titolare": "postal_code",
    "comune_titolare": "municipality",
    "comune_titolare_unlisted": "municipality_is_unlisted",
    "provincia_titolare": "province",
    "nazione_titolare": "country",
}
# where in the body the fields of the registration are
POINTERS: Final[Mapping[str, str]] = {
    **{field: f"/{name}" for field, name in (_ADDRESS | _KIND).items()},
    **{field: f"/applicant/{name}" for field, name in _APPLICANT.items()},
    **{field: f"/holder/{name}" for field, name in _HOLDER.items()},
}
EXAMPLE: Final[dict[str, Any]] = {
    "address": "ufficio.tributi@pecmassiva.com",
    "kind": "PECMASSIVA",
    "plan": "PEC Massiva Standard",
    "yearly_price": "99.00",
    "renews_itself": False,
    "applicant": {
        "first_name": "Maria",
        "surname": "Rossi",
        "tax_code": "RSSMRA82D51H501H",
        "sex": "F",
        "born_on": "1982-04-11",
        "birth_country": "IT",
        "birth_place": "Roma",
        "email": "maria.rossi@portale.example",
        "telephone": "06 0000000",
    },
    "holder": {
        "kind": "PL",
        "sector": "LC",
        "name": "Comune di Prova",
        "code": "07973780013",
        "street": "Via di Esempio 20",
        "postal_code": "00100",
        "municipality": "Roma",
        "country": "IT",
    },
    "declares_true": True,
}


def _text(most: int, help_text: str = "", *, required: bool = False) -> serializers.CharField:
    """A text; one that may be left out may be empty, too."""
    return serializers.CharField(max_length=most, required=required, allow_blank=not required, help_text=help_text)


class ApplicantAsked(Strict):
    """The person who asks for the mailbox, and signs the form."""

    first_name = _text(100, "All first names, as on the identity document.", required=True)
    surname = _text(100, required=True)
    tax_code = _text(40, "Codice fiscale.", required=True)
    sex = serializers.ChoiceField(["F", "M"])
    born_on = serializers.DateField(help_text="As in 1982-04-11.")
    birth_country = _text(2, "ISO 3166-1, two letters: where the place belongs today.", required=True)
    birth_place = _text(100, "Municipality, needed in Italy.")
    birth_place_is_unlisted = serializers.BooleanField(
        required=False, help_text="It is right though the list of municipalities does not have it."
    )
    birth_province = _text(2, "Only where several municipalities have the same name.")
    email = _text(254, "An ordinary address: user name and password are sent to it.", required=True)
    telephone = _text(40, required=True)
    mobile = _text(40)
    document_kind = serializers.ChoiceField(DocumentType.choices, required=False, allow_blank=True)
    document_number = _text(30)
    document_issued_by = _text(100)
    document_issued_on = serializers.DateField(required=False, allow_null=True)
    document_expires_on = serializers.DateField(required=False, allow_null=True)
    tax_code_differences = serializers.ListField(
        child=serializers.ChoiceField([each.value for each in Difference]),
        required=False,
        help_text="In what the data and the tax code differ and a person says that both are right: the codes of the "
        "errors that told it.",
    )
    tax_code_reason = _text(300, "Why they are right; it goes into the journal. No personal data.")


class HolderAsked(Strict):
    """To whom the mailbox will belong."""

    kind = serializers.ChoiceField(CustomerType.choices)
    sector = serializers.ChoiceField(
        list(LABELS.items()), required=False, allow_blank=True, help_text="For IM, PS and PL, and each has its own."
    )
    other_sector = _text(100, "In words, where the sector is none of those with a code.")
    name = _text(200, "For all but PV.")
    code = _text(40, "VAT number or tax code, for all but PV.")
    street = _text(200, "With its number.", required=True)
    postal_code = _text(10, required=True)
    municipality = _text(100, required=True)
    municipality_is_unlisted = serializers.BooleanField(
        required=False, help_text="It is right though the list of municipalities does not have it."
    )
    province = _text(2, "Only where several municipalities have the same name.")
    country = _text(2, "ISO 3166-1, two letters.", required=True)


class MailboxAsked(Strict):
    """A mailbox to be registered, which costs what its plan says."""

    address = serializers.CharField(max_length=254)
    kind = serializers.ChoiceField(Kind.values)
    plan = _text(100, "By its name, which `availability` tells; PECMASSIVA needs one.")
    yearly_price = serializers.DecimalField(
        max_digits=9,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="What you know that a year costs (euros, without VAT). With another price than the plan's nothing is "
        "registered; left out where the plan has none.",
    )
    renews_itself = serializers.BooleanField(
        required=False, help_text="The provider then takes the price of each renewal from the account."
    )
    applicant = ApplicantAsked()
    holder = HolderAsked()
    declares_true = serializers.BooleanField(help_text="Somebody declares that the data are true: it must be true.")

    def validate_declares_true(self, value: bool) -> bool:
        """Nothing is sent undeclared."""
        if not value:
            raise serializers.ValidationError(_("It is registered only once somebody declares that the data are true."))
        return value


@dataclass(frozen=True, slots=True)
class Asked:
    """A registration as `registration.ask_at_once` takes it."""

    data: Mapping[str, Mapping[str, object]]
    price: Decimal | None
    reason: str


def checked(given: Mapping[str, Any], organisation: Organisation) -> Asked:
    """What `MailboxAsked` took, through the wizard's forms. Raises `Problem` with all that is wrong, at its place."""
    address = AddressForm({"address": given["address"]})
    found: dict[str, forms.BaseForm] = {"address": address}
    mailbox = Mailbox(organisation=organisation)
    if address.is_valid():
        mailbox.address = address.cleaned_data["address"]
        found["kind"] = KindForm(_data({**given, "plan": _plan(given.get("plan", ""))}, _KIND), instance=mailbox)
    application = Application(mailbox=mailbox)
    found["applicant"] = ApplicantForm(_data(given["applicant"], _APPLICANT), instance=application)
    found["holder"] = HolderForm(_data(given["holder"], _HOLDER), instance=application)
    faults = [fault for form in found.values() for fault in _faults(form)]
    faults += _useless(found["holder"], given["holder"])
    if faults:
        raise Problem("invalid", faults=tuple(faults))
    data = {step: steps.taken(step, form.cleaned_data) for step, form in found.items()}
    return Asked(data, given.get("yearly_price"), found["applicant"].cleaned_data["overruled_reason"])


def _plan(name: str) -> int | None:
    """The key of the plan with this name, by which the form knows it; one that no plan has for an unknown name."""
    if not name:
        return None
    found = Plan.objects.filter(name=name).first()
    return found.pk if found else -1


def _data(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """As a browser would send it; what was left out is left out."""
    told = {field: given[name] for field, name in names.items() if given.get(name) not in (None, False)}
    return {field: _written(value) for field, value in told.items()}


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(each for each in Difference if each in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _faults(form: forms.BaseForm) -> Iterator[Fault]:
    """What a form has against its data; where a tax code differs, in what."""
    for field, errors in form.errors.as_data().items():
        for error in errors:
            code = error.code or "invalid"
            yield from (Fault(words, code, pointer=POINTERS.get(field, "")) for words in error.messages)
    if isinstance(form, ApplicantForm) and "overruled_reason" in form.errors:
        for difference, words in form.mismatches.items():
            field = mismatches.FIELD_OF.get(difference, "comune_nascita_richiedente")
            yield Fault(words, difference.value, pointer=POINTERS[field])


def _useless(form: forms.BaseForm, given: Mapping[str, Any]) -> list[Fault]:
    """What was given though this kind of holder has no such thing: it would be lost unseen."""
    words = _("A holder of this kind has none: leave it out.")
    gone = [field for field, name in _HOLDER.items() if given.get(name) and field not in form.fields]
    return [Fault(words, "not_needed", pointer=POINTERS[field]) for field in gone]
