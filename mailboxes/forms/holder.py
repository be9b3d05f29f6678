"""To whom the mailbox will belong: what each kind of holder needs, and nothing else."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes import holders, taxcodes
from mailboxes.forms.personal import ABROAD, WITH_BLANKS, PersonalData, is_unlisted, provinces, unlisted_field
from mailboxes.models import Application
from mailboxes.models.application import CustomerType
from mailboxes.places.nations import ITALY
from mailboxes.sectors import LABELS, OTHER, SECTORS_OF
from mailboxes.steps import FIELDS

_SEAT = ("indirizzo_titolare", "cap_titolare", "comune_titolare", "nazione_titolare")
_PLACE = ("comune_titolare", "provincia_titolare", "comune_titolare_unlisted")


class HolderForm(PersonalData):
    """The holder. The fields follow from the kind, posted or stored; without a kind only that is asked for."""

    tipo_cliente = forms.ChoiceField(
        label=gettext_lazy("Kind of holder"),
        choices=CustomerType.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the kind of holder.")},
    )
    cf_piva_titolare = forms.CharField(
        label=gettext_lazy("VAT number or tax code"),
        max_length=WITH_BLANKS,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = Application
        fields = FIELDS["holder"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = self._chosen("tipo_cliente")
        self.needs = holders.NEEDS.get(self.kind)
        self.fields["provincia_titolare"] = forms.ChoiceField(
            label=_("Province"),
            choices=provinces(abroad=True),
            required=False,
            help_text=_("It follows from the municipality; choose it where several have the same name."),
        )
        self.fields["comune_titolare_unlisted"] = unlisted_field(_("It is not in the list: keep it as it is written"))
        stored = self.instance
        self.initial.setdefault(
            "comune_titolare_unlisted", is_unlisted(stored.comune_titolare, stored.nazione_titolare)
        )
        self._keep_what_is_needed()

    def _chosen(self, name: str) -> str:
        posted = self.data.get(name) if self.is_bound else None
        return str(posted or self.get_initial_for_field(self.fields[name], name) or "")

    def _keep_what_is_needed(self) -> None:
        if self.needs is None:
            self.fields = {"tipo_cliente": self.fields["tipo_cliente"]}
            return
        sectors = SECTORS_OF.get(self.kind, frozenset())
        gone = set() if sectors else {"sottotipo_cliente", "sottotipo_cliente_altro"}
        if not self.needs.has_name:
            gone |= {"denominazione_titolare", "cf_piva_titolare"}
        if sectors:
            labels = [(code, label) for code, label in LABELS.items() if code in sectors]
            self.fields["sottotipo_cliente"] = forms.ChoiceField(
                label=self.needs.sector_label,
                choices=[("", "---"), *labels],
                error_messages={"required": _("Choose the sector.")},
            )
            if self._chosen("sottotipo_cliente") != OTHER:
                gone.add("sottotipo_cliente_altro")
        self.fields = {name: field for name, field in self.fields.items() if name not in gone}
        for name in ("denominazione_titolare", "sottotipo_cliente_altro", *_SEAT):
            if name in self.fields:
                self.fields[name].required = True
        self._label(self.needs)

    def _label(self, needs: holders.Needs) -> None:
        texts = {
            "denominazione_titolare": (needs.name_label, needs.name_help),
            "cf_piva_titolare": (needs.code_label, needs.code_help),
            "sottotipo_cliente_altro": (_("Which sector"), ""),
            "indirizzo_titolare": (
                needs.address_label or _("Street and number of the seat"),
                _("Street and number, for instance Via Roma 12."),
            ),
            "comune_titolare": (_("Municipality"), _("Write its beginning and choose it.")),
        }
        for name, (label, help_text) in texts.items():
            if name in self.fields:
                self.fields[name].label, self.fields[name].help_text = label, help_text

    def clean_cf_piva_titolare(self) -> str:
        """A VAT number of 11 digits, or a tax code where the kind of holder may have one, with a right check digit."""
        code = taxcodes.normal(str(self.cleaned_data["cf_piva_titolare"]))
        if code.startswith(ITALY) and code[2:].isdecimal():
            code = code[2:]
        if taxcodes.lacks_zeros(code):
            raise forms.ValidationError(_("A VAT number has 11 digits: zeros are missing at its beginning."))
        if not taxcodes.is_holders(code):
            raise forms.ValidationError(_("This is neither a valid VAT number (11 digits) nor a valid tax code."))
        if self.needs and not self.needs.may_be_person and not taxcodes.is_number(code):
            raise forms.ValidationError(_("This is a person's tax code: what is meant is the holder's, of 11 digits."))
        return code

    def clean(self) -> dict[str, Any]:
        """The place exists; what this kind of holder does not have is emptied."""
        found = super().clean()
        if self.needs is None:
            return found
        self._check_place(found)
        for name in FIELDS["holder"]:
            if name not in self.fields:
                found[name] = ""
        name = str(found.get("denominazione_titolare", ""))
        if name and not any(sign.isalpha() for sign in name):
            self.add_error("denominazione_titolare", _("A name has letters."))
        street = str(found.get("indirizzo_titolare", ""))
        if street and not any(sign.isalpha() for sign in street):
            self.add_error("indirizzo_titolare", _("Write the street, too, not only a number."))
        return found

    def _check_place(self, found: dict[str, Any]) -> None:
        if found.get("nazione_titolare") != ITALY:
            found["provincia_titolare"] = ABROAD
            return
        if found.get("provincia_titolare") == ABROAD:
            found["provincia_titolare"] = ""
        self.check_italian_place(found, _PLACE)
        postal_code = str(found.get("cap_titolare", ""))
        if postal_code and not (len(postal_code) == 5 and postal_code.isascii() and postal_code.isdecimal()):
            self.add_error("cap_titolare", _("An Italian postal code has five digits."))
