"""Who asks for the mailbox, and whose it will be."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from localflavor.it.it_province import PROVINCE_CHOICES

from mailboxes import taxcodes
from mailboxes.models import Application
from mailboxes.models.application import CustomerType
from mailboxes.sectors import OTHER, SECTORS, SECTORS_OF
from mailboxes.steps import FIELDS

ITALY = "IT"
ABROAD = "EE"  # in the place of a province, as Italian registers write it
OLDEST = date(1900, 1, 1)
COUNTRY = re.compile("[A-Z]{2}", re.ASCII)
TELEPHONE = re.compile(r"\+?[0-9][0-9 ./-]{4,18}", re.ASCII)
_WITH_BLANKS = 40  # signs of a code as it is copied from a letter
DAYS = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"]


class _PersonalData(forms.ModelForm[Application]):
    """Fields of the application, as Italians write them."""

    class Meta:
        model = Application
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField):
                field.widget = forms.DateInput(format=DAYS[0], attrs={"placeholder": _("dd/mm/yyyy")})
                field.input_formats = DAYS
                field.error_messages["invalid"] = _("Write the day like this: 31/12/1980.")
            if name.startswith("nazione"):
                field.help_text = _("Two letters: IT for Italy, FR for France, and so on.")
                field.widget.attrs["autocapitalize"] = "characters"

    def clean(self) -> dict[str, Any]:
        """No text holds what cannot be written by hand; countries are two letters."""
        found: dict[str, Any] = super().clean() or {}
        for name, value in list(found.items()):
            if isinstance(value, str) and not all(sign.isprintable() for sign in value):
                self.add_error(name, _("This holds invisible characters, such as a line break: please type it anew."))
            elif name.startswith("nazione"):
                found[name] = value.upper()
                if not COUNTRY.fullmatch(found[name]):
                    self.add_error(name, _("A country is two letters, for instance IT."))
        return found


class ApplicantForm(_PersonalData):
    """The person who asks for the mailbox and signs the form."""

    codice_fiscale_richiedente = forms.CharField(
        label=gettext_lazy("Tax code (codice fiscale)"),
        max_length=_WITH_BLANKS,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )
    provincia_nascita_richiedente = forms.ChoiceField(
        label=gettext_lazy("Province of birth"),
        choices=[("", "---"), *PROVINCE_CHOICES],
        required=False,
        help_text=gettext_lazy("Leave it empty for somebody who was born abroad."),
    )

    class Meta:
        model = Application
        fields = FIELDS["applicant"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        optional = {"cellulare", "comune_nascita_richiedente", "provincia_nascita_richiedente"}
        for name, field in self.fields.items():
            field.required = name not in optional
        self.fields["email"].help_text = _(
            "An ordinary address that you read: the provider writes the mailbox's user name and password to it."
        )

    def clean_codice_fiscale_richiedente(self) -> str:
        """Sixteen signs with a right check sign; letters in place of digits (omocodia) are fine."""
        code = taxcodes.normal(str(self.cleaned_data["codice_fiscale_richiedente"]))
        if not taxcodes.is_persons(code):
            raise forms.ValidationError(_("This is no valid tax code (codice fiscale): please check it sign by sign."))
        return code

    def clean_data_nascita_richiedente(self) -> date:
        """A day in the past."""
        born: date = self.cleaned_data["data_nascita_richiedente"]
        if not OLDEST <= born < date.today():  # noqa: DTZ011 (a day of birth has no zone)
            raise forms.ValidationError(_("This date cannot be right."))
        return born

    def clean_telefono(self) -> str:
        """Digits, as a telephone takes them."""
        return _telephone(str(self.cleaned_data["telefono"]))

    def clean_cellulare(self) -> str:
        """Digits, as a telephone takes them."""
        return _telephone(str(self.cleaned_data["cellulare"]))

    def clean(self) -> dict[str, Any]:
        """The tax code agrees with sex and date of birth, and an Italian birth has its province."""
        found = super().clean()
        if found.get("nazione_nascita_richiedente") == ITALY and not found.get("provincia_nascita_richiedente"):
            self.add_error("provincia_nascita_richiedente", _("Choose the province of birth."))
        if found.get("nazione_nascita_richiedente") != ITALY:
            found["provincia_nascita_richiedente"] = ""
        told = taxcodes.told_by(found.get("codice_fiscale_richiedente", ""))
        born, sex = found.get("data_nascita_richiedente"), found.get("sesso_richiedente")
        if told and sex and told.sex != sex:
            self.add_error("sesso_richiedente", _("The tax code belongs to a person of the other sex."))
        if told and born and (told.day, told.month, told.year_of_century) != (born.day, born.month, born.year % 100):
            self.add_error("data_nascita_richiedente", _("The tax code holds another date of birth."))
        return found


class HolderForm(_PersonalData):
    """To whom the mailbox belongs."""

    cf_piva_titolare = forms.CharField(
        label=gettext_lazy("VAT number or tax code"), max_length=_WITH_BLANKS, required=False
    )
    sottotipo_cliente = forms.ChoiceField(label=gettext_lazy("Sector"), choices=[("", "---"), *SECTORS], required=False)
    provincia_titolare = forms.ChoiceField(
        label=gettext_lazy("Province"),
        choices=[("", "---"), *PROVINCE_CHOICES, (ABROAD, gettext_lazy("Abroad"))],
        required=False,
        help_text=gettext_lazy("Needed in Italy."),
    )

    class Meta:
        model = Application
        fields = FIELDS["holder"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        required = {"tipo_cliente", "indirizzo_titolare", "cap_titolare", "comune_titolare", "nazione_titolare"}
        for name, field in self.fields.items():
            field.required = name in required
        self.fields["sottotipo_cliente"].help_text = _("Of a company, a professional or a local public body.")
        self.fields["sottotipo_cliente_altro"].help_text = _("Only if none of the listed sectors fits.")
        self.fields["denominazione_titolare"].help_text = _("Not needed for a private person: it is the applicant.")
        self.fields["cf_piva_titolare"].help_text = _("Not needed for a private person.")

    def clean_cf_piva_titolare(self) -> str:
        """A VAT number of 11 digits or a tax code, with a right check digit."""
        code = taxcodes.normal(str(self.cleaned_data["cf_piva_titolare"]))
        if code.startswith(ITALY) and code[2:].isdecimal():
            code = code[2:]
        if taxcodes.lacks_zeros(code):
            raise forms.ValidationError(_("A VAT number has 11 digits: zeros are missing at its beginning."))
        if code and not taxcodes.is_holders(code):
            raise forms.ValidationError(_("This is neither a valid VAT number (11 digits) nor a valid tax code."))
        return code

    def clean(self) -> dict[str, Any]:
        """What each kind of holder needs is there, and what it does not have is not."""
        found = super().clean()
        kind = str(found.get("tipo_cliente") or "")
        if kind and kind != CustomerType.PRIVATE:
            for name in ("denominazione_titolare", "cf_piva_titolare"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("This kind of holder needs it."))
        self._clean_sector(found, SECTORS_OF.get(kind, frozenset()))
        self._clean_place(found)
        return found

    def _clean_sector(self, found: dict[str, Any], allowed: frozenset[str]) -> None:
        sector = found.get("sottotipo_cliente", "")
        if not allowed:
            found["sottotipo_cliente"] = sector = ""
        elif not sector and "sottotipo_cliente" not in self.errors:
            self.add_error("sottotipo_cliente", _("Choose the sector."))
        elif sector and sector not in allowed:
            self.add_error("sottotipo_cliente", _("This sector does not belong to this kind of holder."))
        if sector != OTHER:
            found["sottotipo_cliente_altro"] = ""
        elif not found.get("sottotipo_cliente_altro"):
            self.add_error("sottotipo_cliente_altro", _("Say which sector it is."))

    def _clean_place(self, found: dict[str, Any]) -> None:
        if found.get("nazione_titolare") != ITALY:
            found["provincia_titolare"] = ABROAD
            return
        if found.get("provincia_titolare", "") in ("", ABROAD):
            self.add_error("provincia_titolare", _("Choose the province."))
        postal_code = str(found.get("cap_titolare", ""))
        if postal_code and not (len(postal_code) == 5 and postal_code.isascii() and postal_code.isdecimal()):
            self.add_error("cap_titolare", _("An Italian postal code has five digits."))


def _telephone(text: str) -> str:
    if text and not TELEPHONE.fullmatch(text):
        raise forms.ValidationError(_("This is no telephone number: write digits, with a + before the country."))
    return text
