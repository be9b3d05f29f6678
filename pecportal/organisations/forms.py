"""Inviting, joining, what a member is, and an organisation's rules."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pecportal.organisations import rules
from pecportal.organisations.members import Reach
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import PEOPLES, Role

_NEW_PASSWORD = {"autocomplete": "new-password"}


class ReachForm(forms.Form):
    """The roles of a member, and whether they are for all mailboxes."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"),
        choices=[(role.value, role.label) for role in PEOPLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    extent = forms.ChoiceField(
        label=gettext_lazy("Mailboxes"),
        choices=[("all", gettext_lazy("All mailboxes")), ("some", gettext_lazy("Only the mailboxes chosen below"))],
        widget=forms.RadioSelect,
        initial="all",
        help_text=gettext_lazy("Administrators always administer all of them."),
    )
    mailboxes = forms.MultipleChoiceField(
        label=gettext_lazy("Only these mailboxes"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, boxes: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(box.pk), str(box)) for box in boxes]
        self.fields["mailboxes"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["mailboxes"], self.fields["extent"]

    @property
    def reach(self) -> Reach:
        """What was chosen; of a form that is valid."""
        roles = frozenset(Role(role) for role in self.cleaned_data["roles"])
        if self.cleaned_data.get("extent", "all") == "all":
            return Reach(roles)
        return Reach(roles, frozenset(int(pk) for pk in self.cleaned_data["mailboxes"]))


class InviteForm(ReachForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ("email", "roles", "extent", "mailboxes")


class JoinForm(forms.Form):
    """The account of somebody who was invited."""

    first_name = forms.CharField(
        label=gettext_lazy("First name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs=_NEW_PASSWORD),
        help_text=gettext_lazy("At least 12 characters. Several words in a row are easy to remember."),
    )
    repeated = forms.CharField(
        label=gettext_lazy("The password once more"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs=_NEW_PASSWORD),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> None:
        """The two are alike, and nobody guesses it."""
        password = self.cleaned_data.get("password")
        if password is None:
            return
        if self.cleaned_data.get("repeated") not in (None, password):
            self.add_error("repeated", _("The two passwords are not alike."))
        names = {name: self.cleaned_data.get(name, "") for name in ("first_name", "last_name")}
        try:
            password_validation.validate_password(password, User(email=self.email, **names))
        except ValidationError as exc:
            self.add_error("password", exc)


class RulesForm(forms.ModelForm[Organisation]):
    """Which acts of the organisation take a second person, and whether its members need a second factor."""

    class Meta:
        model = Organisation
        fields = rules.FIELDS
