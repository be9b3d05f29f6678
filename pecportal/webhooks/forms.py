"""What a webhook is to be, and how its secret is changed."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import User
from pecportal.webhooks import keeping
from pecportal.webhooks.models import CHOSEN


class WebhookForm(forms.Form):
    """Name, address and events; on a new one also whose events they are."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("By which you know the program, for example “ERP”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Where the program takes the calls: https, on the public Internet."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(kind.value, kind.label) for kind in CHOSEN],
        widget=forms.CheckboxSelectMultiple,
        initial=[kind.value for kind in CHOSEN],
    )
    program = forms.ChoiceField(
        label=_("Whose events"),
        required=False,
        help_text=_("A program's own: what happens to the campaigns and messages that it made, and to the mailboxes."),
    )

    def __init__(self, *args: Any, programs: Iterable[User] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(row.pk), str(row)) for row in programs]
        if choices:
            self.fields["program"].choices = [("", _("All of the organisation")), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["program"]

    @property
    def wanted(self) -> keeping.Wanted:
        """What was entered; of a form that is valid."""
        data = self.cleaned_data
        return keeping.Wanted(data["name"], data["url"], data["types"])


class RotateForm(forms.Form):
    """How long the former secret goes on."""

    overlap = forms.TypedChoiceField(
        label=_("The former secret"),
        coerce=int,
        initial=keeping.USUAL_OVERLAP,
        choices=[
            (24, _("signs for another day beside the new one")),
            (168, _("signs for another week beside the new one")),
            (0, _("is void at once: others may know it")),
        ],
        widget=forms.RadioSelect,
    )
