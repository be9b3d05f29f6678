"""Fields of the application as Italians write them: names, days, telephones, places, countries."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from localflavor.it.it_province import PROVINCE_CHOICES

from mailboxes import places
from mailboxes.models import Application
from mailboxes.places.municipalities import Municipality
from mailboxes.places.nations import ITALY, ordered

ABROAD = "EE"  # in the place of a province, as Italian registers write it
OLDEST = date(1900, 1, 1)
TELEPHONE = re.compile(r"\+?[0-9]{5,15}", re.ASCII)
WITH_BLANKS = 40  # signs of a code as it is copied from a letter
DAYS = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"]
_BETWEEN = " '’`´.-"
_PROPOSED = 5


class PersonalData(forms.ModelForm[Application]):
    """The step of the registration that asks for some of the application's fields."""

    class Meta:
        model = Application
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField):
                field.widget = forms.DateInput(
                    format=DAYS[0], attrs={"placeholder": _("dd/mm/yyyy"), "inputmode": "numeric"}
                )
                field.input_formats = DAYS
                field.error_messages["invalid"] = _("Write the day like this: 31/12/1980.")
            if name.startswith("nazione"):
                self.fields[name] = CountryField(label=field.label)
            if name.startswith("comune"):
                field.widget.attrs |= _suggesting(name, former="nascita" in name)

    def clean(self) -> dict[str, Any]:
        """No text holds what cannot be written by hand; blanks are single, accents one sign with their letter."""
        found: dict[str, Any] = super().clean() or {}
        for name, value in list(found.items()):
            if not isinstance(value, str):
                continue
            found[name] = re.sub(" {2,}", " ", unicodedata.normalize("NFC", value))
            if not all(sign.isprintable() for sign in value):
                self.add_error(name, _("This holds invisible characters, such as a line break: please type it anew."))
        return found

    def check_name(self, found: dict[str, Any], name: str) -> None:
        """A person's name: Latin letters, and blanks, apostrophes, hyphens or dots between them."""
        text = str(found.get(name, ""))
        if not text or name in self.errors:
            return
        if any(sign.isdecimal() for sign in text):
            self.add_error(name, _("A name has no digits."))
        elif any(sign.isalpha() and not unicodedata.name(sign, "").startswith("LATIN") for sign in text):
            self.add_error(name, _("Write it in Latin letters, as it stands on the identity document."))
        elif not text[0].isalpha() or any(not (sign.isalpha() or sign in _BETWEEN) for sign in text):
            self.add_error(name, _("A name has letters, and blanks, apostrophes, hyphens or dots between them."))

    def check_italian_place(
        self, found: dict[str, Any], names: tuple[str, str, str], *, born: date | None = None, former: bool = False
    ) -> None:
        """A municipality of the list and its province; `names` are their fields, and that of "not in the list".

        The province follows from the municipality where that is one alone; where it was given, it must be one in which
        the municipality is, or was.
        """
        place, province, unlisted = names
        text, given = str(found.get(place, "")), str(found.get(province, ""))
        named = places.find(text, born=born, former=former) if text else []
        fitting = places.find(text, province=given, born=born, former=former) if named and given else named
        if not text or (not named and found.get(unlisted)):
            self._check_province_given(place if not text else province, given, known={place, province})
        elif not named:
            self.add_error(place, _not_found(text, former=former))
        elif not fitting:
            self.add_error(province, _elsewhere(named))
        elif len(fitting) > 1:
            self.add_error(province, _several(fitting))
        else:
            found[place], found[province] = fitting[0].name, given or _today(fitting[0])

    def _check_province_given(self, name: str, given: str, *, known: set[str]) -> None:
        """Ask once, at the field `name`, where neither the municipality tells the province nor it was chosen."""
        if given or known & set(self.errors):
            return
        told = name.startswith("provincia")
        self.add_error(name, _("Choose the province.") if told else _("Write the municipality: its province follows."))


class CountryField(forms.ChoiceField):
    """A country, chosen by its name; its value is the ISO code that the vendor takes."""

    def __init__(self, **kwargs: Any) -> None:
        language = get_language() or "it"
        choices = [(each.iso, each.name(language)) for each in ordered(language)]
        super().__init__(choices=choices, error_messages={"required": _("Choose a country.")}, **kwargs)

    def to_python(self, value: Any) -> str:
        """In capitals."""
        return str(super().to_python(value)).upper()


def provinces(*, former: bool = False, abroad: bool = False) -> list[tuple[str, Any]]:
    """What can be chosen as a province: today's; for a birth also those that are no more."""
    choices = [(code, f"{name} ({code})") for code, name in sorted(PROVINCE_CHOICES, key=lambda each: str(each[1]))]
    if former:
        gone = sorted(places.provinces() - {code for code, _name in choices})
        choices += [(code, _("%(code)s (former province)") % {"code": code}) for code in gone]
    if abroad:
        choices.append((ABROAD, _("Abroad")))
    return [("", "---"), *choices]


def telephone(text: str) -> str:
    """Digits with a + before the country, without what people write between them; "" for nothing."""
    digits = re.sub(r"[\s./()-]", "", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if text and not TELEPHONE.fullmatch(digits):
        raise forms.ValidationError(_("This is no telephone number: write digits, with a + before the country."))
    return digits


def _suggesting(name: str, *, former: bool) -> dict[str, str]:
    """What makes a text field propose municipalities in its list while somebody types."""
    return {
        "list": f"places-{name}",
        "autocomplete": "off",
        "hx-get": reverse("mailboxes:places"),
        "hx-trigger": "input changed delay:250ms",
        "hx-target": f"#places-{name}",
        "hx-vals": '{"former": "1"}' if former else "{}",
        "hx-sync": "this:replace",
    }


def unlisted_field(label: str) -> forms.BooleanField:
    """A tick for a municipality that is so new that the list does not have it, or a place that is none."""
    return forms.BooleanField(label=label, required=False)


def is_unlisted(text: str, country: str, *, former: bool = False) -> bool:
    """Whether a stored place is an Italian one that the list does not have: somebody had ticked that it is right."""
    return bool(text) and country == ITALY and not places.find(text, former=former)


def _today(place: Municipality) -> str:
    """The province in which it is today, else that of its time."""
    now = places.of_code(place.code)
    return now.province if now else place.province


def _names(rows: Iterable[Municipality]) -> str:
    return ", ".join(map(str, rows))


def _not_found(text: str, *, former: bool) -> str:
    proposed = places.suggest(text, most=_PROPOSED, former=former)
    if not proposed:
        return _("There is no municipality of this name in the list: check how it is written.")
    sentence = _("There is no municipality of this name in the list. Do you mean: %(names)s?")
    return sentence % {"names": _names(proposed)}


def _elsewhere(named: Iterable[Municipality]) -> str:
    return _("It is in another province: %(names)s.") % {"names": _names(named)}


def _several(fitting: Iterable[Municipality]) -> str:
    return _("There are several of this name, choose the province: %(names)s.") % {"names": _names(fitting)}
