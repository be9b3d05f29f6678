"""What somebody looks for in the journal."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pecportal.journal import reading, words
from pecportal.journal.reading import Filter


class FilterForm(forms.Form):
    """All may stay empty."""

    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("Up to"), required=False, widget=forms.DateInput({"type": "date"}))
    person = forms.CharField(label=_("Person (how their address begins)"), required=False, max_length=254)
    act = forms.ChoiceField(label=_("What was done"), required=False)
    kind = forms.ChoiceField(label=_("To what"), required=False)
    which = forms.IntegerField(label=_("Its number"), required=False, min_value=0, max_value=2**62)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acts = sorted(((act, words.title(act)) for act in words.SENTENCES if ":" not in act), key=lambda pair: pair[1])
        self.fields["act"].choices = [("", _("Anything")), *acts]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("Anything")), *reading.kinds()]  # type: ignore[attr-defined]

    def wanted(self) -> Filter:
        """What is asked for; fields that are wrong are passed over, and the form shows them."""
        if not self.is_bound:
            return Filter()
        self.is_valid()
        return Filter(**{name: value for name, value in self.cleaned_data.items() if value not in (None, "")})
