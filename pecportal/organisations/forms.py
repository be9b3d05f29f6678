"""Signing in, and an organisation's rules."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from pecportal.organisations import rules
from pecportal.organisations.models import Organisation


class LogInForm(AuthenticationForm):
    """Django's form, whose refusal says in plain words what to look at."""

    def get_invalid_login_error(self) -> ValidationError:
        """The same for an unknown address and for a wrong password."""
        sentence = _("The e-mail address or the password is wrong. Capital letters in the password matter.")
        return ValidationError(sentence, code="invalid_login")


class RulesForm(forms.ModelForm[Organisation]):
    """Which acts of the organisation take a second person."""

    class Meta:
        model = Organisation
        fields = rules.FIELDS
