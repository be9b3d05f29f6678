"""What a clerk asks for."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CodesForm(forms.Form):
    """VAT numbers and tax codes."""

    codes = forms.CharField(
        label=_("VAT numbers or tax codes"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("One, or a list: one a line, or separated by commas or blanks."),
    )


class DomainForm(forms.Form):
    """A domain, or an address in it."""

    domain = forms.CharField(
        label=_("Domain or address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
