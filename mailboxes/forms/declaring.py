"""The last word before a registration is sent: that its data are true."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class DeclarationForm(forms.Form):
    """A word that somebody types, since a box is ticked without reading."""

    declaration = forms.CharField(
        label=gettext_lazy("Your declaration"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["declaration"].help_text = _("Write %(word)s to declare this.") % {"word": word()}
        self.fields["declaration"].error_messages["required"] = self._sentence()

    def clean_declaration(self) -> str:
        """The word itself, whatever its case and the blanks in it."""
        typed: str = " ".join(self.cleaned_data["declaration"].split()).casefold().strip(".")
        if typed != word().casefold():
            raise forms.ValidationError(self._sentence())
        return typed

    @staticmethod
    def _sentence() -> str:
        return _("Write %(word)s to declare that the data are true.") % {"word": word()}


def word() -> str:
    """What is to be typed, in the reader's language."""
    return _("I DECLARE")
