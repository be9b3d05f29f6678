"""The person who asks for the mailbox and signs the form."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes import mismatches, taxcodes
from mailboxes.forms.personal import (
    OLDEST,
    WITH_BLANKS,
    PersonalData,
    is_unlisted,
    provinces,
    telephone,
    unlisted_field,
)
from mailboxes.models import Application
from mailboxes.places.nations import ITALY
from mailboxes.steps import FIELDS
from mailboxes.taxcodes import Difference, Person

_OPTIONAL = frozenset(
    {
        "cellulare",
        "comune_nascita_richiedente",
        "provincia_nascita_richiedente",
        "tipo_documento",
        "numero_documento",
        "documento_rilasciato_da",
        "data_rilascio_documento",
        "data_scadenza_documento",
    }
)
_DOCUMENT = [name for name in FIELDS["applicant"] if name.endswith(("_documento", "_da"))]
_BIRTHPLACE = ("comune_nascita_richiedente", "provincia_nascita_richiedente", "comune_nascita_unlisted")


class ApplicantForm(PersonalData):
    """Who the applicant is, how to reach them, and their identity document.

    Where the data contradict the tax code, `mismatches` says in what, and a reason for that is needed.
    """

    codice_fiscale_richiedente = forms.CharField(
        label=gettext_lazy("Tax code (codice fiscale)"),
        max_length=WITH_BLANKS,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    overruled_reason = forms.CharField(
        label=gettext_lazy("Why the data are right all the same"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "For instance: the surname was changed by marriage abroad. It goes into the journal with your name: write "
            "no data of the person."
        ),
    )
    differences = forms.CharField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Application
        fields = FIELDS["applicant"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mismatches: dict[Difference, str] = {}
        kept = self.instance
        for name in FIELDS["applicant"]:
            self.fields[name].required = name not in _OPTIONAL
        self.fields["provincia_nascita_richiedente"] = forms.ChoiceField(
            label=_("Province of birth"), choices=provinces(former=True), required=False
        )
        self.fields["comune_nascita_unlisted"] = unlisted_field(_("It is not in the list: keep it as it is written"))
        place, country = kept.comune_nascita_richiedente, kept.nazione_nascita_richiedente
        self.initial["comune_nascita_unlisted"] = is_unlisted(place, country, former=True)
        self.initial["overruled_reason"] = kept.overruled_reason
        self._label()
        if not self.is_bound and kept.overruled:
            self._tell(mismatches.of(kept), *mismatches.compared(kept))

    def _label(self) -> None:
        helps = {
            "nome_richiedente": _("All first names, as they stand on the identity document."),
            "comune_nascita_richiedente": _(
                "Write its beginning and choose it; also one that is no more. The province follows from it."
            ),
            "provincia_nascita_richiedente": _(
                "Only where several municipalities have the same name, and abroad none."
            ),
            "nazione_nascita_richiedente": _("Where a state is no more, the one to which the place belongs today."),
            "email": _(
                "An ordinary address that you read: the provider writes the mailbox's user name and password to it."
            ),
            "tipo_documento": _("The one whose copy will be handed in with the signed form."),
        }
        for name, text in helps.items():
            self.fields[name].help_text = text

    @property
    def asks_for_reason(self) -> bool:
        """Whether the page shows the differences and the field for a reason."""
        return bool(self.mismatches)

    @property
    def shown_differences(self) -> str:
        """What the hidden field tells the next time: the differences that the person has seen."""
        return ",".join(self.mismatches)

    def clean_codice_fiscale_richiedente(self) -> str:
        """Sixteen signs with a right check sign; letters in place of digits (omocodia) are fine."""
        code = taxcodes.normal(str(self.cleaned_data["codice_fiscale_richiedente"]))
        if not taxcodes.is_persons(code):
            raise forms.ValidationError(_("This is no valid tax code (codice fiscale): please check it sign by sign."))
        return code

    def clean_data_nascita_richiedente(self) -> date:
        """A day in the past."""
        born: date = self.cleaned_data["data_nascita_richiedente"]
        if not OLDEST <= born < timezone.localdate():
            raise forms.ValidationError(_("This date cannot be right."))
        return born

    def clean_telefono(self) -> str:
        """Digits, as a telephone takes them."""
        return telephone(str(self.cleaned_data["telefono"]))

    def clean_cellulare(self) -> str:
        """Digits, as a telephone takes them."""
        return telephone(str(self.cleaned_data["cellulare"]))

    def clean_overruled_reason(self) -> str:
        """On one line, whatever lines it was written in."""
        return " ".join(str(self.cleaned_data["overruled_reason"]).split())

    def clean_email(self) -> str:
        """Not the mailbox that is only being asked for."""
        address: str = self.cleaned_data["email"]
        mailbox = getattr(self.instance, "mailbox", None)
        if mailbox is not None and address.casefold() == mailbox.address.casefold():
            raise forms.ValidationError(
                _("This is the mailbox that is being asked for: the provider needs an address that works already.")
            )
        return address

    def clean(self) -> dict[str, Any]:
        """A name is one, the birthplace exists, the document is valid, and the tax code agrees or a reason is given."""
        found = super().clean()
        for name in ("nome_richiedente", "cognome_richiedente"):
            self.check_name(found, name)
        if found.get("nazione_nascita_richiedente") == ITALY:
            born = found.get("data_nascita_richiedente")
            self.check_italian_place(found, _BIRTHPLACE, born=born, former=True)
        else:
            found["provincia_nascita_richiedente"] = ""
        self._check_document(found)
        self._compare(found)
        return found

    def _check_document(self, found: dict[str, Any]) -> None:
        """All of it may be left out, but half a document is none."""
        today = timezone.localdate()
        issued, expires = found.get("data_rilascio_documento"), found.get("data_scadenza_documento")
        if any(found.get(name) for name in _DOCUMENT):
            for name in ("tipo_documento", "numero_documento"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill this in, too, or leave the whole document empty."))
        if issued and issued > today:
            self.add_error("data_rilascio_documento", _("This day is still to come."))
        if expires and expires < today:
            sentence = _("This document has expired: the provider takes only a valid one.")
            self.add_error("data_scadenza_documento", sentence)
        elif issued and expires and expires <= issued:
            self.add_error("data_scadenza_documento", _("The document would expire before it was issued."))

    def _compare(self, found: dict[str, Any]) -> None:
        needed = ("codice_fiscale_richiedente", "nome_richiedente", "cognome_richiedente", "sesso_richiedente")
        born = found.get("data_nascita_richiedente")
        if any(not found.get(name) or name in self.errors for name in needed) or born is None:
            return
        person = Person(
            found["nome_richiedente"],
            found["cognome_richiedente"],
            found["sesso_richiedente"],
            born,
            found.get("nazione_nascita_richiedente", ""),
            found.get("comune_nascita_richiedente", ""),
            found.get("provincia_nascita_richiedente", ""),
        )
        code = found["codice_fiscale_richiedente"]
        self._tell(taxcodes.differences(code, person), code, person)
        if not self.mismatches:
            found["overruled_reason"] = ""
        elif found.get("differences") != self.shown_differences:
            self.add_error(
                "overruled_reason",
                _("The data and the tax code do not agree: correct what is wrong, or say here why it is right."),
            )
        elif len(str(found.get("overruled_reason", ""))) < mismatches.SHORTEST:
            self.add_error("overruled_reason", _("Say in a few words why the data are right all the same."))

    def _tell(self, differences: list[Difference], code: str, person: Person | None) -> None:
        if person:
            self.mismatches = {each: mismatches.sentence(each, code, person) for each in differences}

    def warnings(self) -> list[tuple[str, str]]:
        """Each difference as the name of the field that it concerns and a sentence."""
        place = "comune_nascita_richiedente"
        return [(mismatches.FIELD_OF.get(each, place), sentence) for each, sentence in self.mismatches.items()]
