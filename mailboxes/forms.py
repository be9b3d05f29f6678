"""What a clerk enters, step by step. Forms parse and say what is wrong beside the field; rules live below."""

from datetime import date, datetime
from typing import Any

from codicefiscale import codicefiscale
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from localflavor.it.it_province import PROVINCE_CHOICES
from stdnum.it import codicefiscale as stdnum_codicefiscale
from stdnum.it import iva

from mailboxes.models import Application, Mailbox, Plan
from mailboxes.models.application import CustomerType
from mailboxes.papers import LIMIT
from mailboxes.sectors import SECTORS, SECTORS_OF
from mailboxes.states import Kind
from mailboxes.steps import FIELDS

PROVINCES = [("", "---"), *PROVINCE_CHOICES]
DOMAINS = {Kind.MASSIVE: "pecmassiva.com", Kind.DOMICILE: "domiciliodigitale.com"}
OLDEST = date(1900, 1, 1)


class AddressForm(forms.Form):
    """The address that is wanted."""

    address = forms.EmailField(
        label=_lazy("Address"),
        max_length=254,
        help_text=_lazy("For bulk sending: a name of your choice, followed by @pecmassiva.com."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_address(self) -> str:
        """In lower case, ASCII, with nothing that a mailbox cannot have."""
        address: str = self.cleaned_data["address"].strip().lower()
        if not address.isascii() or any(sign in address for sign in "+'\"/\\"):
            raise forms.ValidationError(_("Use only letters without accents, digits, dots, hyphens and underscores."))
        return address


class KindForm(forms.ModelForm[Mailbox]):
    """Which kind of mailbox, and under which plan it may send."""

    autorinnovo = forms.BooleanField(
        label=_lazy("Renew by itself when it expires"),
        required=False,
        help_text=_lazy("The provider then takes the price of the renewal from the account."),
    )

    class Meta:
        model = Mailbox
        fields = ("kind", "plan")
        labels = {"plan": _lazy("Plan"), "kind": _lazy("Kind of mailbox")}  # noqa: RUF012 (Django's way)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].required = False
        self.fields["plan"].queryset = Plan.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["plan"].help_text = _("How much your contract lets you send. The portal never sends more.")

    def clean(self) -> dict[str, Any]:
        """The kind fits the address, and one that sends has a plan."""
        found: dict[str, Any] = super().clean() or {}
        kind = found.get("kind")
        if kind == Kind.MASSIVE and not found.get("plan"):
            self.add_error("plan", _("A mailbox for bulk sending needs a plan: it says how much may be sent."))
        domain = self.instance.address.rpartition("@")[2]
        if kind == Kind.DOMICILE and domain != DOMAINS[Kind.DOMICILE] and not domain.endswith(".example"):
            self.add_error("kind", _("Mailboxes of this kind end in @domiciliodigitale.com: go back and change it."))
        return found


class _ItalianDates(forms.ModelForm[Application]):
    class Meta:
        model = Application
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField):
                field.widget = forms.DateInput(format="%d/%m/%Y", attrs={"placeholder": "gg/mm/aaaa"})
                field.input_formats = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"]
                field.help_text = _("Day/month/year")
            if name.startswith("provincia"):
                self.fields[name] = forms.ChoiceField(
                    label=field.label, choices=PROVINCES, required=False, initial=field.initial
                )


class ApplicantForm(_ItalianDates):
    """The person who asks for the mailbox and signs the form."""

    class Meta:
        model = Application
        fields = FIELDS["applicant"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        optional = {"cellulare", "comune_nascita_richiedente", "provincia_nascita_richiedente"}
        for name, field in self.fields.items():
            field.required = name not in optional
        self.fields["email"].help_text = _("The provider writes the mailbox's password to this address.")
        self.fields["nazione_nascita_richiedente"].help_text = _("Two letters, for instance IT.")

    def clean_codice_fiscale_richiedente(self) -> str:
        """Sixteen signs with a right check sign; letters in place of digits (omocodia) are fine."""
        code = "".join(str(self.cleaned_data["codice_fiscale_richiedente"]).split()).upper()
        if not codicefiscale.is_valid(code):
            raise forms.ValidationError(_("This is no valid tax code (codice fiscale): please check it sign by sign."))
        return code

    def clean_nazione_nascita_richiedente(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["nazione_nascita_richiedente"]).upper()

    def clean_data_nascita_richiedente(self) -> date:
        """A day in the past."""
        born: date = self.cleaned_data["data_nascita_richiedente"]
        if not OLDEST <= born < date.today():  # noqa: DTZ011 (a day of birth has no zone)
            raise forms.ValidationError(_("This date cannot be right."))
        return born

    def clean(self) -> dict[str, Any]:
        """The tax code agrees with sex and date of birth, and an Italian birth has its province."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("nazione_nascita_richiedente") == "IT" and not found.get("provincia_nascita_richiedente"):
            self.add_error("provincia_nascita_richiedente", _("Choose the province of birth."))
        code = found.get("codice_fiscale_richiedente")
        told = codicefiscale.decode(code) if code else None
        if told and found.get("sesso_richiedente") and told["gender"] != found["sesso_richiedente"]:
            self.add_error("sesso_richiedente", _("The tax code belongs to a person of the other sex."))
        born = found.get("data_nascita_richiedente")
        birthdate = told["birthdate"] if told else None
        if isinstance(birthdate, datetime) and born and (birthdate.day, birthdate.month) != (born.day, born.month):
            self.add_error("data_nascita_richiedente", _("The tax code holds another date of birth."))
        return found


class HolderForm(_ItalianDates):
    """To whom the mailbox belongs."""

    class Meta:
        model = Application
        fields = FIELDS["holder"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        required = {"tipo_cliente", "indirizzo_titolare", "cap_titolare", "comune_titolare", "nazione_titolare"}
        for name, field in self.fields.items():
            field.required = name in required
        self.fields["sottotipo_cliente"] = forms.ChoiceField(
            label=_("Sector"), choices=[("", "---"), *SECTORS], required=False
        )
        self.fields["sottotipo_cliente"].help_text = _("For companies, professionals and local public bodies.")
        self.fields["sottotipo_cliente_altro"].help_text = _("Only if the sector is “other”.")
        self.fields["denominazione_titolare"].help_text = _("Not needed for a private person.")
        self.fields["cf_piva_titolare"].help_text = _("Not needed for a private person.")
        self.fields["nazione_titolare"].help_text = _("Two letters, for instance IT.")

    def clean_nazione_titolare(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["nazione_titolare"]).upper()

    def clean_cf_piva_titolare(self) -> str:
        """A VAT number of 11 digits or a tax code, with a right check digit."""
        code = "".join(str(self.cleaned_data["cf_piva_titolare"]).split()).upper().removeprefix("IT")
        if code and not (iva.is_valid(code) or stdnum_codicefiscale.is_valid(code)):
            raise forms.ValidationError(_("This is neither a valid VAT number (11 digits) nor a valid tax code."))
        return code

    def clean(self) -> dict[str, Any]:
        """What each kind of holder needs is there."""
        found: dict[str, Any] = super().clean() or {}
        kind = found.get("tipo_cliente")
        if kind and kind != CustomerType.PRIVATE:
            for name in ("denominazione_titolare", "cf_piva_titolare"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("This kind of holder needs it."))
        allowed = SECTORS_OF.get(kind or "", frozenset())
        sector = found.get("sottotipo_cliente")
        if allowed and not sector:
            self.add_error("sottotipo_cliente", _("Choose the sector."))
        elif sector and sector not in allowed:
            self.add_error("sottotipo_cliente", _("This sector does not belong to this kind of holder."))
        if sector == "X" and not found.get("sottotipo_cliente_altro"):
            self.add_error("sottotipo_cliente_altro", _("Say which sector it is."))
        if found.get("nazione_titolare") == "IT":
            self._clean_italian(found)
        return found

    def _clean_italian(self, found: dict[str, Any]) -> None:
        if not found.get("provincia_titolare"):
            self.add_error("provincia_titolare", _("Choose the province."))
        cap = str(found.get("cap_titolare", ""))
        if cap and not (len(cap) == 5 and cap.isascii() and cap.isdecimal()):
            self.add_error("cap_titolare", _("An Italian postal code has five digits."))


class DocumentsForm(forms.Form):
    """The signed form and the identity document."""

    signed_form = forms.FileField(
        label=_lazy("Signed activation form"),
        help_text=_lazy(
            "A scan or photograph of all pages, signed by hand, or the PDF signed digitally: PDF, JPEG, PNG."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )
    identity = forms.FileField(
        label=_lazy("Identity document of the applicant"),
        help_text=_lazy("Front and back, legible and not expired: PDF, JPEG or PNG, up to 10 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )

    def clean_signed_form(self) -> UploadedFile[bytes]:
        """Small enough."""
        return self._sized("signed_form")

    def clean_identity(self) -> UploadedFile[bytes]:
        """Small enough."""
        return self._sized("identity")

    def _sized(self, name: str) -> UploadedFile[bytes]:
        upload: UploadedFile[bytes] = self.cleaned_data[name]
        if upload.size is None or upload.size > LIMIT:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return upload


class CredentialsForm(forms.Form):
    """The mailbox's own sign-in, as the provider's e-mail gives it."""

    username = forms.CharField(
        label=_lazy("User name"), max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=_lazy("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_lazy("It is kept encrypted and is never shown again."),
    )
