"""What a program may do, from where, and how long its key is valid."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from pecportal.errors import Refusal
from pecportal.organisations.members import Reach
from pecportal.permissions import SCOPES, Role
from pecportal.programs import keys
from pecportal.programs.keys import Terms

_LASTS: Final = [("90", _("90 days")), ("365", _("One year")), ("730", _("Two years")), ("", _("Without end"))]


class NetworksField(forms.CharField):
    """Networks, one in a line; its value is their CIDR."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Networks from which the keys may be used"),
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
            help_text=_("One in each line, such as 192.0.2.0/24 or 192.0.2.7. Empty: from everywhere."),
            **kwargs,
        )

    def clean(self, value: Any) -> tuple[str, ...]:
        """The networks of the text."""
        try:
            return keys.networks_in(str(super().clean(value)))
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class KeyForm(forms.Form):
    """How long, and from where, a new key may be used."""

    lasts = forms.ChoiceField(
        label=_("The key is valid for"),
        choices=_LASTS,
        initial="365",
        required=False,
        help_text=_("Before that it can be replaced at any time, with both keys valid for a while."),
    )
    networks = NetworksField()

    @property
    def terms(self) -> Terms:
        """What was chosen; of a form that is valid."""
        return Terms(self.cleaned_data["networks"], _end(self.cleaned_data["lasts"]))


def _named(scope: Role) -> Any:
    """A scope in words, and as the API's manual calls it."""
    return lazy(format_html, SafeString)("{} <code>{}</code>", scope.label, scope.value)


class ScopesForm(forms.Form):
    """What a program may do, with which mailboxes, and from where."""

    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope.value, _named(scope)) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    extent = forms.ChoiceField(
        label=_("Mailboxes"),
        choices=[("all", _("All mailboxes")), ("some", _("Only the mailboxes chosen below"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    mailboxes = forms.MultipleChoiceField(
        label=_("Only these mailboxes"), widget=forms.CheckboxSelectMultiple, required=False
    )
    networks = NetworksField()

    def __init__(self, *args: Any, boxes: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(box.pk), str(box)) for box in boxes]
        self.fields["mailboxes"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["mailboxes"], self.fields["extent"]

    @property
    def reach(self) -> Reach:
        """The scopes and mailboxes that were chosen; of a form that is valid."""
        scopes = frozenset(Role(scope) for scope in self.cleaned_data["scopes"])
        if self.cleaned_data.get("extent", "all") == "all":
            return Reach(scopes)
        return Reach(scopes, frozenset(int(pk) for pk in self.cleaned_data["mailboxes"]))


class ProgramForm(ScopesForm, KeyForm):
    """A new program with its first key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("Such as the name of the software. It stands in the journal for all that the program does."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "scopes", "extent", "mailboxes", "lasts", "networks")


class RotateForm(forms.Form):
    """How long a key stays valid beside the one that replaces it."""

    overlap = forms.TypedChoiceField(
        label=_("The key before stays valid for"),
        choices=[("0", _("It ends at once")), ("1", _("1 day")), ("7", _("7 days")), ("30", _("30 days"))],
        initial="7",
        coerce=int,
    )


def _end(days: str) -> datetime | None:
    return timezone.now() + timedelta(days=int(days)) if days else None
